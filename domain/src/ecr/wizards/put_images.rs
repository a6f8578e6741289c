//! Put images whose layers are in a repository already: what an uploaded archive held. Only now can they be pulled.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::super::calls::{BatchDeleteImage, Call, ImageIdentifier, PutImage};
use super::super::inventory::{Inventory, short};
use super::super::rules;
use super::super::storage::{Stored, blobs};
use super::super::subject::{IMAGES_A_CALL, Subject};
use super::copy_image::movable;
use super::images::one;
use super::tags::{put as put_back, untag};
use super::{plan_of, state, step, undo};
use crate::identity::Scope;
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Step, Undo};
use crate::wording::bytes;

/// The most tags of one plan.
pub const MOST_TAGS: usize = 20;
/// The most manifests of one plan.
pub const MOST_MANIFESTS: usize = IMAGES_A_CALL;
/// The most bytes that the manifests of one plan have together: answers come in one request, and a run keeps them.
pub const MOST_BYTES: usize = 160 * 1024;

/// A manifest and its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Its digest, which AWS compares.
    pub digest: String,
    /// `application/vnd.oci.image.manifest.v1+json` and others.
    pub media_type: String,
    /// Its text, byte for byte.
    pub text: String,
}

/// An image to put.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// Its manifest, or its index.
    pub manifest: Manifest,
    /// Of an index: those below it, each after those that it names itself.
    pub parts: Vec<Manifest>,
    /// The tags that it gets.
    pub tags: Vec<String>,
    /// What it runs on, to be shown.
    pub platforms: Vec<String>,
    /// Bytes of its layers, to be shown.
    pub size: u64,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// The repository's name.
    pub repository: String,
    /// The images, by what an upload said of them.
    pub images: Vec<Image>,
}

/// The field of an image's tags.
pub fn tags_field(n: usize) -> String {
    format!("tags-{n}")
}

fn check(answers: &Answers) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let images = &answers.images;
    if images.is_empty() {
        errors.insert("images".into(), "There is no image to put.".into());
    }
    let mut seen: Vec<&str> = vec![];
    for (n, image) in images.iter().enumerate() {
        let mut wrong = image.tags.iter().find_map(|tag| rules::image_tag(tag).err());
        if image.tags.is_empty() {
            wrong = Some("Give the image a tag, such as v1.2.0.".into());
        }
        for tag in &image.tags {
            if seen.contains(&tag.as_str()) {
                wrong.get_or_insert(format!("{tag} is named twice; a tag leads to one image."));
            }
            seen.push(tag);
        }
        if let Some(message) = wrong {
            errors.insert(tags_field(n), message);
        }
    }
    let manifests = || images.iter().flat_map(|image| image.parts.iter().chain([&image.manifest]));
    let wrong = if seen.len() > MOST_TAGS {
        Some(format!("At most {MOST_TAGS} tags at once."))
    } else if manifests().count() > MOST_MANIFESTS {
        Some(format!("At most {MOST_MANIFESTS} manifests at once."))
    } else if manifests().map(|m| m.text.len()).sum::<usize>() > MOST_BYTES {
        Some(format!("Their manifests have more than {} kB: put fewer images at once.", MOST_BYTES / 1024))
    } else {
        manifests().find_map(|m| rules::image_digest(&m.digest).err())
    };
    if let Some(message) = wrong {
        errors.entry("images".into()).or_insert(message);
    }
    errors
}

/// The tags in what a person typed: separated by spaces or commas, each once.
pub fn tags(typed: &str) -> Vec<String> {
    let mut tags: Vec<String> = vec![];
    for tag in typed.split([',', ' ', '\t', '\n']).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

impl Image {
    /// What it is in a few words: `4f53cda1…, linux/amd64, 12 MiB`.
    pub fn about(&self) -> String {
        let mut about = vec![short(&self.manifest.digest).to_owned()];
        about.extend(self.platforms.iter().cloned());
        if self.size > 0 {
            about.push(bytes(i64::try_from(self.size).unwrap_or(i64::MAX)));
        }
        about.join(", ")
    }
}

fn call(repository: &str, manifest: &Manifest, tag: Option<&str>) -> Call {
    Call::PutImage(PutImage {
        repository_name: repository.to_owned(),
        image_manifest: manifest.text.clone(),
        image_manifest_media_type: Some(manifest.media_type.clone()).filter(|kind| !kind.is_empty()),
        image_tag: tag.map(str::to_owned),
        image_digest: Some(manifest.digest.clone()),
    })
}

fn delete(repository: &str, digest: &str) -> Call {
    let id = ImageIdentifier { image_digest: Some(digest.to_owned()), image_tag: None };
    Call::BatchDeleteImage(BatchDeleteImage { repository_name: repository.to_owned(), image_ids: vec![id] })
}

/// The digests that an index leads to; none of an image.
fn leads_to(manifest: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Index {
        #[serde(default)]
        manifests: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        digest: String,
    }
    let entries = serde_json::from_str::<Index>(manifest).map(|index| index.manifests).unwrap_or_default();
    entries.into_iter().map(|entry| entry.digest).collect()
}

impl Answers {
    fn settings(&self) -> Subject {
        Subject::Settings { repository: self.repository.clone() }
    }
    fn tag(&self, tag: &str) -> Subject {
        Subject::ImageTag { repository: self.repository.clone(), tag: tag.to_owned() }
    }
    fn held(&self) -> Subject {
        let mut digests: Vec<String> = vec![];
        for manifest in self.images.iter().flat_map(|image| image.parts.iter().chain([&image.manifest])) {
            if !digests.contains(&manifest.digest) {
                digests.push(manifest.digest.clone());
            }
        }
        Subject::Images { repository: self.repository.clone(), digests }
    }
    fn stored(&self) -> Subject {
        let manifests = self.images.iter().flat_map(|image| image.parts.iter().chain([&image.manifest]));
        let layers: BTreeSet<String> =
            manifests.filter_map(|manifest| blobs(&manifest.text)).flat_map(BTreeMap::into_keys).collect();
        Subject::Stored { repository: self.repository.clone(), layers: layers.into_iter().collect() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        if !check(self).is_empty() {
            return vec![];
        }
        let tags = self.images.iter().flat_map(|image| &image.tags).map(|tag| self.tag(tag));
        let all = [self.settings(), self.held()].into_iter().chain(tags).chain([self.stored()]);
        all.map(plan::Subject::Ecr).chain([Inventory::subject(&self.repository)]).collect()
    }

    /// The plan: manifests by digest first, an index after what it leads to, then the tags. Each is a step of its own, so that taking
    /// it back leaves neither.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when all of it is there already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let errors = check(self);
        if !errors.is_empty() {
            return Err(errors);
        }
        let repository = &self.repository;
        let settings = state(facts, &self.settings());
        if settings == Some(None) {
            return Err(one("images", format!("There is no repository named {repository} here.")));
        }
        let settings = settings.flatten().unwrap_or_default();
        let held = state(facts, &self.held()).flatten().unwrap_or_default();
        let stored = state(facts, &self.stored()).flatten();
        let mut stored: Option<Stored> = stored.and_then(|stored| serde_json::from_value(stored).ok());
        // By digest the id of the step that puts it.
        let (mut steps, mut put): (Vec<Step>, BTreeMap<&str, String>) = (vec![], BTreeMap::new());
        let mut names: Vec<&str> = vec![];
        for (n, image) in self.images.iter().enumerate() {
            let mut parts: Vec<String> = vec![];
            for manifest in image.parts.iter().chain([&image.manifest]) {
                let digest = manifest.digest.as_str();
                if let Some(id) = put.get(digest) {
                    parts.push(id.clone());
                    continue;
                }
                // What is there is adopted: taking back does not delete it.
                if held.get(digest).is_some() {
                    continue;
                }
                let id = format!("image-{}", put.len() + 1);
                // Those that an index in the index leads to.
                let below = leads_to(&manifest.text);
                let below: Vec<String> = below.iter().filter_map(|part| put.get(part.as_str()).cloned()).collect();
                put.insert(digest, id.clone());
                let says = if digest == image.manifest.digest {
                    format!("Put the image ({}) into {repository}", image.about())
                } else {
                    format!("Put {}, a part of {}, into {repository}", short(digest), short(&image.manifest.digest))
                };
                let back = undo(delete(repository, digest));
                let mut step = step(&id, says, scope, call(repository, manifest, None), back, None);
                step.monthly = stored.as_mut().zip(blobs(&manifest.text)).map(|(stored, blobs)| {
                    let added = stored.added(&blobs);
                    stored.held.extend(blobs.into_keys());
                    added
                });
                step.depends_on = if digest == image.manifest.digest { parts.clone() } else { below };
                steps.push(step);
                parts.push(id);
            }
            let digest = image.manifest.digest.as_str();
            // ECR deletes an image with its last tag.
            let mut bare = held[digest].as_array().is_some_and(Vec::is_empty);
            for tag in &image.tags {
                names.push(tag);
                let before = state(facts, &self.tag(tag)).flatten();
                let leads = before.as_ref().map(|old| old["imageDigest"].clone());
                if leads == Some(Value::from(digest)) {
                    continue;
                }
                if leads.is_some() && !movable(&settings, tag) {
                    let message = format!("{repository} has {tag} already, and its tags stay. Choose another tag.");
                    return Err(one(&tags_field(n), message));
                }
                let back = match &before {
                    Some(old) => undo(put_back(repository, tag, old)),
                    None if bare => Undo::Never(
                        "the repository has this image without a tag, and ECR deletes an image with its last tag."
                            .into(),
                    ),
                    None => undo(untag(repository, tag)),
                };
                bare = false;
                let says = match &before {
                    Some(_) => format!("Move the tag {tag} of {repository} to {}", short(digest)),
                    None => format!("Tag {} of {repository} with {tag}", short(digest)),
                };
                let id = format!("tag-{}", names.len());
                let made = if before.is_some() { Effect::Update } else { Effect::Create };
                let mut step = step(&id, says, scope, call(repository, &image.manifest, Some(tag)), back, before);
                step.effect = made;
                step.depends_on.clone_from(&parts);
                steps.push(step);
            }
        }
        if steps.is_empty() {
            return Err(one("nothing", format!("{repository} has all of this under these tags already.")));
        }
        let title = format!("Put {} into {repository}", names.join(", "));
        Ok(plan_of(title, scope, steps))
    }
}

#[cfg(test)]
mod tests;
