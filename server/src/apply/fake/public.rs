//! Public repositories, as ECR Public treats them.

use domain::Problem;
use domain::ecr_public::Catalog;
use domain::ecr_public::calls::{Call, CatalogInput};
use domain::ecr_public::subject::Subject;
use domain::ecr_public::uses::Uses;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use super::{policy, rejected};

/// Public repositories by name.
#[derive(Debug, Default)]
pub(super) struct Public(BTreeMap<String, Repository>);

#[derive(Debug, Default)]
struct Repository {
    catalog: Catalog,
    tags: BTreeMap<String, String>,
    policy: Option<Value>,
    /// By digest.
    images: BTreeMap<String, Image>,
}

#[derive(Debug)]
struct Image {
    tag: String,
    media_type: String,
}

fn arn(name: &str) -> String {
    format!("arn:aws:ecr-public::111122223333:repository/{name}")
}

/// What the gallery says once this was put: what is left out is taken away, but for the logo.
fn said(input: &CatalogInput, old: &Catalog) -> Catalog {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let logo = input.logo_image_blob.as_ref().map(|_| "https://example.com/logo.png".to_owned());
    Catalog {
        description: text(&input.description),
        architectures: input.architectures.clone().unwrap_or_default(),
        operating_systems: input.operating_systems.clone().unwrap_or_default(),
        logo_url: logo.or_else(|| old.logo_url.clone()),
        about_text: text(&input.about_text),
        usage_text: text(&input.usage_text),
        marketplace_certified: None,
    }
}

impl Public {
    /// Somebody pushes an image: no plan does.
    pub(super) fn pushed(&mut self, repository: &str, digest: &str, media_type: &str, tag: &str) {
        let image = Image { tag: tag.to_owned(), media_type: media_type.to_owned() };
        self.repository(repository).unwrap().images.insert(digest.to_owned(), image);
    }

    fn repository(&mut self, name: &str) -> Result<&mut Repository, Problem> {
        self.0.get_mut(name).ok_or_else(|| Problem::not_found(format!("The repository {name} does not exist.")))
    }

    fn tagged(&mut self, arn: &str) -> Result<&mut BTreeMap<String, String>, Problem> {
        let name = arn.split_once(":repository/").map_or("", |(_, name)| name);
        Ok(&mut self.repository(name)?.tags)
    }

    pub(super) fn make(&mut self, call: &Call) -> Result<(), Problem> {
        match call {
            Call::CreateRepository(input) => {
                if self.0.contains_key(&input.repository_name) {
                    return Err(rejected("RepositoryAlreadyExistsException"));
                }
                let catalog = input.catalog_data.as_ref().map(|catalog| said(catalog, &Catalog::default()));
                let repository = Repository {
                    catalog: catalog.unwrap_or_default(),
                    tags: input.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
                    ..Repository::default()
                };
                self.0.insert(input.repository_name.clone(), repository);
            }
            Call::DeleteRepository(input) => {
                let name = &input.repository_name;
                if !self.repository(name)?.images.is_empty() && input.force != Some(true) {
                    return Err(rejected("RepositoryNotEmptyException"));
                }
                self.0.remove(name);
            }
            Call::PutRepositoryCatalogData(input) => {
                let repository = self.repository(&input.repository_name)?;
                repository.catalog = said(&input.catalog_data, &repository.catalog);
            }
            Call::SetRepositoryPolicy(input) => {
                self.repository(&input.repository_name)?.policy = Some(policy(&input.policy_text));
            }
            Call::DeleteRepositoryPolicy(input) => {
                let policy = self.repository(&input.repository_name)?.policy.take();
                policy.ok_or_else(|| Problem::not_found("There is no repository policy."))?;
            }
            Call::TagResource(input) => {
                let tags = input.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
                self.tagged(&input.resource_arn)?.extend(tags);
            }
            Call::UntagResource(input) => {
                self.tagged(&input.resource_arn)?.retain(|key, _| !input.tag_keys.contains(key));
            }
            Call::BatchDeleteImage(input) => {
                let gone = |digest: &str| input.image_ids.iter().any(|id| id.image_digest.as_deref() == Some(digest));
                self.repository(&input.repository_name)?.images.retain(|digest, _| !gone(digest));
            }
        }
        Ok(())
    }

    pub(super) fn read(&self, subject: &Subject) -> Result<Option<Value>, Problem> {
        let Some((name, found)) = subject.repository().and_then(|name| Some((name, self.0.get(name)?))) else {
            return Ok(None);
        };
        Ok(match subject {
            Subject::Repository { .. } => Some(json!({
                "repositoryName": name,
                "repositoryArn": arn(name),
                "repositoryUri": format!("public.ecr.aws/a1b2c3d4/{name}"),
                "catalogData": found.catalog,
                "tags": found.tags,
            })),
            Subject::Catalog { .. } => Some(json!(found.catalog)),
            Subject::RepositoryPolicy { .. } => found.policy.clone(),
            Subject::Tags { .. } => Some(json!(found.tags)),
            Subject::Images { .. } => Some(json!({ "count": found.images.len(), "more": false })),
            Subject::ImagesOf { digests, .. } => {
                let there = digests.iter().filter_map(|digest| Some((digest.clone(), found.images.get(digest)?)));
                let told: Map<String, Value> = there
                    .map(|(digest, image)| (digest, json!({ "tags": [image.tag], "mediaType": image.media_type })))
                    .collect();
                (!told.is_empty()).then_some(Value::Object(told))
            }
            Subject::Uses { .. } => Some(json!(Uses::default())),
            Subject::ImageList { .. } => return Err(rejected("No plan reads it.")),
        })
    }
}
