//! Copy an image from another registry into a repository.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::super::calls::{BatchDeleteImage, Call, CopyImage, ImageIdentifier};
use super::super::inventory::{Inventory, short};
use super::super::lifecycle::evaluate::matches_pattern;
use super::super::rules;
use super::super::storage::Stored;
use super::super::subject::Subject;
use super::images::one;
use super::tags::{put, untag};
use super::{plan_of, state, step, undo};
use crate::identity::Scope;
use crate::plan::{self, Facts, FieldErrors, Plan, Step, Undo};
use crate::wording::bytes;

/// How the ids of steps begin that copy what an index leads to.
const PART: &str = "part-";
/// The id of the step that copies the image itself.
const IMAGE: &str = "image";

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// The image, as people write it: `nginx:1.27`, `ghcr.io/owner/app@sha256:…`.
    pub source: String,
    /// One platform of it, such as `linux/arm64`; empty for all.
    pub platform: String,
    /// The repository that it comes to.
    pub repository: String,
    /// The tag that it gets there.
    pub tag: String,
    /// The name of the credentials that the source wants, as [`crate::plan::service::Plans::lend`] gave it; empty for a public image.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credentials: String,
}

/// What the registry's client would refuse without asking anybody is said at once; the rest when it is looked up.
fn check(answers: &Answers) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let source = answers.source.trim();
    let wrong = match source {
        "" => Some("Name an image, such as nginx:1.27 or ghcr.io/owner/app:v1."),
        _ if source.contains("://") => Some("An image is named without http:// or https://."),
        _ if source.contains(char::is_whitespace) => Some("An image's name has no spaces."),
        _ => None,
    };
    if let Some(message) = wrong {
        errors.insert("source".into(), message.into());
    }
    let platform = answers.platform.trim();
    let parts = platform.split('/').collect::<Vec<_>>();
    if !platform.is_empty() && (!(2..=3).contains(&parts.len()) || parts.iter().any(|part| part.is_empty())) {
        errors.insert("platform".into(), "A platform is written linux/amd64 or linux/arm64/v8.".into());
    }
    if let Err(message) = rules::image_tag(answers.tag.trim()) {
        errors.insert("tag".into(), message);
    }
    errors
}

/// Whether a repository with these settings lets a tag that exists be moved.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>
pub(super) fn movable(settings: &Value, tag: &str) -> bool {
    let mutability = settings["imageTagMutability"].as_str().unwrap_or("MUTABLE");
    let mutable = !mutability.starts_with("IMMUTABLE");
    let filters = settings["imageTagMutabilityExclusionFilters"].as_array();
    let excepted = filters.into_iter().flatten().any(|f| f["filter"].as_str().is_some_and(|f| matches_pattern(f, tag)));
    mutable != (mutability.ends_with("_EXCLUSION") && excepted)
}

/// What an image that was found costs a month. `None` until it is known what of it the repository has.
fn monthly(found: &Value) -> Option<i64> {
    // The very image: only a tag is new.
    if found["tags"].is_array() {
        return Some(0);
    }
    let blobs = BTreeMap::<String, i64>::deserialize(&found["blobs"]).ok()?;
    let stored = Stored::deserialize(&found["stored"]).ok()?;
    Some(stored.added(&blobs))
}

impl Answers {
    fn source(&self) -> Subject {
        Subject::Source {
            reference: self.source.trim().to_owned(),
            platform: self.platform.trim().to_owned(),
            repository: self.repository.clone(),
            credentials: self.credentials.clone(),
        }
    }
    fn image_tag(&self) -> Subject {
        Subject::ImageTag { repository: self.repository.clone(), tag: self.tag.trim().to_owned() }
    }
    fn settings(&self) -> Subject {
        Subject::Settings { repository: self.repository.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        if !check(self).is_empty() {
            return vec![];
        }
        let all = [self.settings(), self.image_tag(), self.source()].map(plan::Subject::Ecr);
        all.into_iter().chain([Inventory::subject(&self.repository)]).collect()
    }

    /// The plan. The source's tag becomes a digest in it: what is copied is what was reviewed.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when the tag leads to this image already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let errors = check(self);
        if !errors.is_empty() {
            return Err(errors);
        }
        let (repository, tag) = (&self.repository, self.tag.trim());
        let settings = state(facts, &self.settings());
        if settings == Some(None) {
            return Err(one("repository", format!("There is no repository named {repository} here.")));
        }
        let found = state(facts, &self.source());
        if found == Some(None) {
            return Err(one("source", "Nobody could find this image.".into()));
        }
        let found = found.flatten().unwrap_or_default();
        if let Some(message) = found["wrong"]["message"].as_str() {
            let field = found["wrong"]["field"].as_str().unwrap_or("source");
            return Err(one(field, message.to_owned()));
        }
        let digest = found["digest"].as_str().unwrap_or_default();
        let before = state(facts, &self.image_tag()).flatten();
        if let Some(old) = &before {
            if !digest.is_empty() && old["imageDigest"] == digest {
                return Err(one("nothing", format!("{tag} of {repository} is this very image already.")));
            }
            if !movable(&settings.flatten().unwrap_or_default(), tag) {
                let message = format!("{repository} has {tag} already, and its tags stay. Choose another tag.");
                return Err(one("tag", message));
            }
        }
        let image = Found { answers: self, scope, state: &found };
        let mut steps = image.parts();
        // What is there is adopted: taking back does not delete it.
        if found["tags"].is_null() {
            steps.push(image.top(digest));
        }
        steps.push(image.tag(digest, before));
        // The layers of its parts are counted with the image, each once; a tag costs nothing.
        for step in &mut steps {
            step.monthly = if step.id == IMAGE { monthly(&found) } else { Some(0) };
        }
        let ids: Vec<String> = steps.iter().map(|step| step.id.clone()).collect();
        for (n, step) in steps.iter_mut().enumerate().filter(|(_, step)| !step.id.starts_with(PART)) {
            step.depends_on = ids[..n].to_vec();
        }
        let title = format!("Copy {} to {repository}:{tag}", self.source.trim());
        Ok(plan_of(title, scope, steps))
    }
}

/// An image that was found, to be copied manifest by manifest: what an index leads to before it, so that there is nothing half-made that no step
/// takes back, and the tag last.
struct Found<'p> {
    answers: &'p Answers,
    scope: &'p Scope,
    /// That of [`Subject::Source`]; null where nothing was looked up.
    state: &'p Value,
}

impl Found<'_> {
    fn call(&self, digest: &str, tag: &str) -> CopyImage {
        let source = self.state["source"].as_str().unwrap_or_default();
        let place = source.rsplit_once('@').map_or(source, |(place, _)| place);
        CopyImage {
            source: if digest.is_empty() { source.to_owned() } else { format!("{place}@{digest}") },
            platform: None,
            repository_name: self.answers.repository.clone(),
            image_tag: tag.to_owned(),
            image_digest: digest.to_owned(),
            alone: Some(true),
            source_credentials: Some(self.answers.credentials.clone()).filter(|name| !name.is_empty()),
        }
    }

    /// With the one platform that was chosen, which the image itself does not say.
    fn chosen(&self, call: CopyImage) -> CopyImage {
        let platform = self.answers.platform.trim();
        CopyImage { platform: (!platform.is_empty()).then(|| platform.to_owned()), ..call }
    }

    /// A manifest by its digest.
    fn by_digest(&self, id: &str, says: String, call: CopyImage) -> Step {
        let image_ids = vec![ImageIdentifier { image_digest: Some(call.image_digest.clone()), image_tag: None }];
        let back = BatchDeleteImage { repository_name: self.answers.repository.clone(), image_ids };
        step(id, says, self.scope, Call::CopyImage(call), undo(Call::BatchDeleteImage(back)), None)
    }

    /// Of an index what it leads to and is not there.
    fn parts(&self) -> Vec<Step> {
        let (source, repository) = (self.answers.source.trim(), &self.answers.repository);
        let parts = self.state["parts"].as_array().into_iter().flatten();
        let new: Vec<&Value> = parts.filter(|part| part["held"] != true).collect();
        // An index in the index leads to some of those before it.
        let below = |n: usize| {
            let own = new[n]["parts"].as_array().into_iter().flatten();
            let at = |digest: &Value| new[..n].iter().position(|part| part["digest"] == *digest);
            own.filter_map(at).map(|at| format!("{PART}{}", at + 1)).collect::<Vec<_>>()
        };
        new.iter()
            .enumerate()
            .map(|(n, part)| {
                let digest = part["digest"].as_str().unwrap_or_default();
                let platform = part["platform"].as_str().map(str::to_owned);
                let size = part["size"].as_i64().map(bytes);
                let about: Vec<String> =
                    [Some(short(digest).to_owned()), platform, size].into_iter().flatten().collect();
                let says = format!("Copy a part of {source} ({}) to {repository}", about.join(", "));
                let step = self.by_digest(&format!("{PART}{}", n + 1), says, self.call(digest, ""));
                Step { depends_on: below(n), ..step }
            })
            .collect()
    }

    fn top(&self, digest: &str) -> Step {
        let (source, repository) = (self.answers.source.trim(), &self.answers.repository);
        let mut about: Vec<String> = vec![];
        if !digest.is_empty() {
            let platforms = self.state["platforms"].as_array().into_iter().flatten().filter_map(Value::as_str);
            about.push(short(digest).to_owned());
            about.extend(platforms.map(str::to_owned));
            about.extend(self.state["size"].as_i64().map(bytes));
        }
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        self.by_digest(IMAGE, format!("Copy {source}{about} to {repository}"), self.chosen(self.call(digest, "")))
    }

    fn tag(&self, digest: &str, before: Option<Value>) -> Step {
        let (repository, tag) = (&self.answers.repository, self.answers.tag.trim());
        let back = match &before {
            Some(old) => undo(put(repository, tag, old)),
            // ECR deletes an image with its last tag.
            None if self.state["tags"].as_array().is_some_and(Vec::is_empty) => Undo::Never(
                "the repository has this image without a tag, and ECR deletes an image with its last tag.".into(),
            ),
            None => undo(untag(repository, tag)),
        };
        let image = if digest.is_empty() { self.answers.source.trim() } else { short(digest) };
        let says = match &before {
            Some(_) => format!("Move the tag {tag} of {repository} to {image}"),
            None => format!("Tag {image} of {repository} with {tag}"),
        };
        let call = Call::CopyImage(self.chosen(self.call(digest, tag)));
        step("tag", says, self.scope, call, back, before)
    }
}

#[cfg(test)]
mod tests;
