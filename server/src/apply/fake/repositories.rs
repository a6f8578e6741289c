//! Repositories with their documents, tags, images and scans, as ECR treats them.

use domain::ecr::calls::Call;
use domain::ecr::inventory::{Held, Inventory};
use domain::ecr::lifecycle::{ImageFacts, StorageClass};
use domain::ecr::storage::Stored;
use domain::ecr::subject::Subject;
use domain::kms::way_back::leads_to;
use domain::{Millis, Problem};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::{manifest, policy, rejected};

/// What there is of an account's private registry, but for what holds for all of it.
#[derive(Default)]
pub(super) struct Repositories {
    /// Repositories by name, then what belongs to them.
    pub(super) all: BTreeMap<String, Repository>,
    /// Digests by repository and tag.
    tags: BTreeMap<(String, String), String>,
    /// Manifests by repository and digest.
    images: BTreeMap<(String, String), String>,
    /// The days of the last scans, by repository and digest.
    scans: BTreeMap<(String, String), u32>,
    /// What day it is.
    pub(super) day: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repository {
    pub(super) state: Value,
    lifecycle: Option<Value>,
    pub(super) policy: Option<Value>,
}

/// The ARN of a repository.
pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}")
}

impl Repositories {
    /// All of it, as text.
    pub(super) fn listing(&self) -> String {
        let images: Vec<_> = self.images.keys().collect();
        format!("{:#?} {:#?} {images:#?} {:#?}", self.all, self.tags, self.scans)
    }

    fn repository(&mut self, name: &str) -> Result<&mut Repository, Problem> {
        self.all.get_mut(name).ok_or_else(|| Problem::not_found(format!("The repository {name} does not exist.")))
    }

    fn tagged(&mut self, arn: &str) -> Result<&mut Value, Problem> {
        let name = arn.rsplit_once("repository/").map_or("", |(_, name)| name).to_owned();
        Ok(&mut self.repository(&name)?.state["tags"])
    }

    pub(super) fn make(&mut self, call: &Call) -> Result<(), Problem> {
        match call {
            Call::CreateRepository(input) => {
                if self.all.contains_key(&input.repository_name) {
                    return Err(rejected("It exists already."));
                }
                let tags: BTreeMap<_, _> = input.tags.iter().map(|t| (t.key.clone(), t.value.clone())).collect();
                let mut state = json!({
                    "repositoryName": input.repository_name,
                    "repositoryArn": arn(&input.repository_name),
                    "imageTagMutability": input.image_tag_mutability.as_deref().unwrap_or("MUTABLE"),
                    "imageTagMutabilityExclusionFilters": input.image_tag_mutability_exclusion_filters,
                    "tags": tags,
                });
                if let Some(encryption) = &input.encryption_configuration {
                    state["encryptionConfiguration"] = json!(encryption);
                }
                let repository = Repository { state, lifecycle: None, policy: None };
                self.all.insert(input.repository_name.clone(), repository);
            }
            Call::DeleteRepository(input) => {
                let name = &input.repository_name;
                self.repository(name)?;
                if self.images.keys().any(|(of, _)| of == name) && input.force != Some(true) {
                    return Err(rejected("It is not empty."));
                }
                self.all.remove(name);
                self.tags.retain(|(of, _), _| of != name);
                self.images.retain(|(of, _), _| of != name);
            }
            Call::PutLifecyclePolicy(input) => {
                let document = serde_json::from_str(&input.lifecycle_policy_text).unwrap();
                self.repository(&input.repository_name)?.lifecycle = Some(document);
            }
            Call::DeleteLifecyclePolicy(input) => {
                let policy = self.repository(&input.repository_name)?.lifecycle.take();
                policy.ok_or_else(|| Problem::not_found("There is no lifecycle policy."))?;
            }
            Call::SetRepositoryPolicy(input) => {
                self.repository(&input.repository_name)?.policy = Some(policy(&input.policy_text));
            }
            Call::DeleteRepositoryPolicy(input) => {
                let policy = self.repository(&input.repository_name)?.policy.take();
                policy.ok_or_else(|| Problem::not_found("There is no repository policy."))?;
            }
            Call::PutImageTagMutability(input) => {
                let state = &mut self.repository(&input.repository_name)?.state;
                state["imageTagMutability"] = json!(input.image_tag_mutability);
                state["imageTagMutabilityExclusionFilters"] = json!(input.image_tag_mutability_exclusion_filters);
            }
            Call::PutImageScanningConfiguration(input) => {
                self.repository(&input.repository_name)?.state["imageScanningConfiguration"] =
                    json!(input.image_scanning_configuration);
            }
            Call::TagResource(input) => {
                for tag in &input.tags {
                    self.tagged(&input.resource_arn)?[tag.key.as_str()] = json!(tag.value);
                }
            }
            Call::UntagResource(input) => {
                let tags = self.tagged(&input.resource_arn)?.as_object_mut().unwrap();
                tags.retain(|key, _| !input.tag_keys.contains(key));
            }
            other => self.change_images(other)?,
        }
        Ok(())
    }

    fn change_images(&mut self, call: &Call) -> Result<(), Problem> {
        match call {
            Call::CopyImage(input) => {
                let place = |of: &String| (input.repository_name.clone(), of.clone());
                if !input.image_tag.is_empty() {
                    self.tags.insert(place(&input.image_tag), input.image_digest.clone());
                }
                self.images.entry(place(&input.image_digest)).or_insert_with(|| manifest(&input.image_digest));
            }
            Call::PutImage(input) => {
                let place = |of: &String| (input.repository_name.clone(), of.clone());
                let digest = input.image_digest.as_ref().unwrap();
                let there = match &input.image_tag {
                    Some(tag) => self.tags.get(&place(tag)) == Some(digest),
                    None => self.images.contains_key(&place(digest)),
                };
                if there {
                    return Err(rejected("ImageAlreadyExistsException"));
                }
                self.images.insert(place(digest), input.image_manifest.clone());
                if let Some(tag) = &input.image_tag {
                    self.tags.insert(place(tag), digest.clone());
                }
            }
            Call::BatchDeleteImage(input) => {
                for id in &input.image_ids {
                    let tag = id.image_tag.as_ref().map(|tag| (input.repository_name.clone(), tag.clone()));
                    let digest = match &tag {
                        Some(place) => self.tags.remove(place),
                        None => id.image_digest.clone(),
                    };
                    let Some(image) = digest.map(|digest| (input.repository_name.clone(), digest)) else { continue };
                    // An image goes with its last tag, and its tags go with it.
                    if tag.is_none() || self.tags_of(&image).is_empty() {
                        self.images.remove(&image);
                        self.tags.retain(|(of, _), digest| (of, &*digest) != (&image.0, &image.1));
                    }
                }
            }
            Call::StartImageScan(input) => {
                let image = (input.repository_name.clone(), input.image_id.image_digest.clone().unwrap());
                if !self.images.contains_key(&image) {
                    return Err(Problem::not_found("There is no such image."));
                }
                if self.scans.insert(image, self.day) == Some(self.day) {
                    return Err(rejected("It was scanned today."));
                }
            }
            other => return Err(rejected(&format!("{} is about the whole registry.", other.operation()))),
        }
        Ok(())
    }

    fn tags_of(&self, (repository, digest): &(String, String)) -> Vec<String> {
        let own = self.tags.iter().filter(|((of, _), to)| of == repository && *to == digest);
        own.map(|((_, tag), _)| tag.clone()).collect()
    }

    fn manifest_of(&self, repository: &str, digest: &str) -> Option<Value> {
        let text = self.images.get(&(repository.to_owned(), digest.to_owned()))?;
        Some(json!({ "imageDigest": digest, "imageManifest": text, "imageManifestMediaType": "m" }))
    }

    /// What was collected of a repository's images; nothing uses them.
    fn inventory(&self, repository: &str) -> Inventory {
        let held = |image: &(String, String)| Held {
            facts: ImageFacts {
                digest: image.1.clone(),
                tags: self.tags_of(image),
                pushed_at: Millis(0),
                pulled_at: None,
                archived_at: None,
                activated_at: None,
                storage_class: StorageClass::Standard,
                children: vec![],
                subject: None,
                size: Some(1),
            },
            used_by: vec![],
            artifact: false,
            platforms: vec!["linux/amd64".into()],
            layers: None,
        };
        let images = self.images.keys().filter(|(of, _)| of == repository).map(held).collect();
        Inventory { images, ..Inventory::default() }
    }

    /// The names of the repositories that are encrypted with one of these keys.
    pub(super) fn encrypted_with(&self, keys: &[String]) -> Vec<&str> {
        let key =
            |repository: &Repository| repository.state["encryptionConfiguration"]["kmsKey"].as_str().map(str::to_owned);
        let is = |repository: &Repository| key(repository).is_some_and(|named| leads_to(&named, keys));
        self.all.iter().filter(|(_, repository)| is(repository)).map(|(name, _)| name.as_str()).collect()
    }

    pub(super) fn read(&self, subject: &Subject) -> Result<Option<Value>, Problem> {
        let repository = |name: &String| self.all.get(name);
        Ok(match subject {
            Subject::Repository { repository: name } => repository(name).map(|r| r.state.clone()),
            Subject::Settings { repository: name } => repository(name).map(|r| {
                let mut state = r.state.clone();
                state.as_object_mut().unwrap().remove("tags");
                state
            }),
            Subject::LifecyclePolicy { repository: name } => repository(name).and_then(|r| r.lifecycle.clone()),
            Subject::RepositoryPolicy { repository: name } => repository(name).and_then(|r| r.policy.clone()),
            Subject::Tags { .. } => {
                subject.repository().and_then(|name| self.all.get(name)).map(|r| r.state["tags"].clone())
            }
            Subject::ImageTag { repository, tag } => {
                let digest = self.tags.get(&(repository.clone(), tag.clone()));
                digest.and_then(|digest| self.manifest_of(repository, digest))
            }
            Subject::Manifest { repository, digest } => self.manifest_of(repository, digest),
            Subject::Images { repository, digests } => {
                let images = digests.iter().map(|digest| (repository.clone(), digest.clone()));
                let there = images.filter(|image| self.images.contains_key(image));
                let found: serde_json::Map<_, _> =
                    there.map(|image| (image.1.clone(), json!(self.tags_of(&image)))).collect();
                (!found.is_empty()).then_some(Value::Object(found))
            }
            Subject::Scan { repository, digest } => {
                let scanned = self.scans.get(&(repository.clone(), digest.clone()));
                scanned.map(|day| json!({ "status": "COMPLETE", "completedAt": day }))
            }
            // An index of one image.
            Subject::Source { reference, repository, .. } => {
                let (digest, part) = (reference.split_once('@').unwrap().1, format!("sha256:{}", "9".repeat(64)));
                let image = |digest: &str| (repository.clone(), digest.to_owned());
                let held = |digest: &str| self.images.contains_key(&image(digest));
                let tags = held(digest).then(|| self.tags_of(&image(digest)));
                let part = json!({ "digest": part, "platform": "linux/amd64", "size": 1, "held": held(&part) });
                Some(json!({ "source": reference, "digest": digest, "tags": tags, "parts": [part] }))
            }
            Subject::Inventory { repository } => Some(json!(self.inventory(repository))),
            Subject::Stored { .. } => Some(json!(Stored::default())),
            other => return Err(rejected(&format!("No test reads {other:?}."))),
        })
    }
}
