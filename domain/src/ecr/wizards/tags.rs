//! Give an image a tag, or take one away.

use serde::{Deserialize, Serialize};

use super::super::calls::{BatchDeleteImage, Call, ImageIdentifier, PutImage};
use super::super::inventory::{Inventory, short};
use super::super::rules;
use super::super::subject::Subject;
use super::copy_image::movable;
use super::images::one;
use super::{doubts, guard, in_order, inventory, some, state, step, undo};
use crate::identity::Scope;
use crate::plan::lint::{Note, Severity};
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Step, Undo};

/// A tag for an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// The repository's name.
    pub repository: String,
    /// The image's digest.
    pub digest: String,
    /// The tag; another image that has it loses it.
    pub tag: String,
}

/// A tag to take away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Untag {
    /// The repository's name.
    pub repository: String,
    /// The image's digest.
    pub digest: String,
    /// The tag.
    pub tag: String,
    /// The repository's name, if a tag is to go that something starts by.
    pub insist: String,
}

/// The call that leads a tag to an image, and where its manifest is.
pub(super) fn put(repository: &str, tag: &str, state: &serde_json::Value) -> Call {
    let text = |name: &str| state[name].as_str().map(str::to_owned);
    Call::PutImage(PutImage {
        repository_name: repository.to_owned(),
        image_manifest: text("imageManifest").unwrap_or_default(),
        image_manifest_media_type: text("imageManifestMediaType"),
        image_tag: Some(tag.to_owned()),
        image_digest: text("imageDigest"),
    })
}

pub(super) fn untag(repository: &str, tag: &str) -> Call {
    let id = ImageIdentifier { image_digest: None, image_tag: Some(tag.to_owned()) };
    Call::BatchDeleteImage(BatchDeleteImage { repository_name: repository.to_owned(), image_ids: vec![id] })
}

/// How many tags an image has, if it was looked up.
fn tags_of(facts: &Facts, repository: &str, digest: &str) -> Option<usize> {
    let images = Subject::Images { repository: repository.to_owned(), digests: vec![digest.to_owned()] };
    state(facts, &images)??.get(digest)?.as_array().map(Vec::len)
}

impl Tag {
    fn subject(&self) -> Subject {
        Subject::ImageTag { repository: self.repository.clone(), tag: self.tag.trim().to_owned() }
    }
    fn settings(&self) -> Subject {
        Subject::Settings { repository: self.repository.clone() }
    }
    fn manifest(&self) -> Subject {
        Subject::Manifest { repository: self.repository.clone(), digest: self.digest.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        if rules::image_tag(self.tag.trim()).is_err() {
            return vec![];
        }
        let images = Subject::Images { repository: self.repository.clone(), digests: vec![self.digest.clone()] };
        let all = [self.subject(), self.manifest(), images, self.settings()].map(plan::Subject::Ecr);
        all.into_iter().chain([Inventory::subject(&self.repository)]).collect()
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field: under `tag` also that the repository's tags stay; `nothing` when the tag leads there already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let (repository, tag) = (&self.repository, self.tag.trim());
        rules::image_tag(tag).map_err(|message| one("tag", message))?;
        let manifest = state(facts, &self.manifest());
        if manifest == Some(None) {
            return Err(one("tag", format!("There is no image {} in {repository} any more.", short(&self.digest))));
        }
        let known = manifest.is_some();
        let manifest = manifest.flatten().unwrap_or_default();
        let before = state(facts, &self.subject()).flatten();
        if before.as_ref().is_some_and(|state| state["imageDigest"] == self.digest.as_str()) {
            return Err(one("nothing", format!("{tag} leads to this image already.")));
        }
        if before.is_some() && !movable(&state(facts, &self.settings()).flatten().unwrap_or_default(), tag) {
            let message = format!("{repository} has {tag} already, and its tags stay. Choose another tag.");
            return Err(one("tag", message));
        }
        let call = put(repository, tag, &manifest);
        let back = match &before {
            Some(old) => undo(put(repository, tag, old)),
            // ECR deletes an image with its last tag.
            None if known && tags_of(facts, repository, &self.digest) == Some(0) => {
                Undo::Never("ECR deletes an image with its last tag, and this one has no other.".into())
            }
            None => undo(untag(repository, tag)),
        };
        let says = match &before {
            Some(_) => format!("Move the tag {tag} of {repository} to {}", short(&self.digest)),
            None => format!("Tag {} of {repository} with {tag}", short(&self.digest)),
        };
        Ok(in_order(says.clone(), scope, vec![step("tag", says, scope, call, back, before)]))
    }
}

/// Notes on the tags that a plan moves, whatever it is for: who pulls by them at its next start, and what is not known of that. Beside those of
/// [`lint`](crate::plan::lint::lint), which sees no more than the plan.
pub fn notes(plan: &Plan, facts: &Facts) -> Vec<Note> {
    let (mut notes, mut doubted) = (vec![], false);
    for step in &plan.steps {
        let Some((repository, tag, digest)) = moved(step) else { continue };
        let Some(inventory) = inventory(facts, repository) else { continue };
        let mut note = |severity: Severity, says: String, mend: String| {
            notes.push(Note { severity, step: step.id.clone(), says, mend });
        };
        if let Some(who) = started_by(&inventory, tag) {
            let says = format!("What starts by {tag} runs {} from its next start on: {who}.", short(digest));
            note(Severity::Warning, says, "Move the tag only if all of them are to change.".to_owned());
        }
        if let Some(doubts) = doubts(&inventory).filter(|_| !doubted) {
            doubted = true;
            let mend = format!("Something else may start by {tag}, too: let those lists be read first.");
            note(Severity::Hint, doubts, mend);
        }
    }
    notes
}

/// Repository, tag and digest of a step that leads a tag to another image than before.
fn moved(step: &Step) -> Option<(&str, &str, &str)> {
    let (repository, tag, digest) = match &step.call {
        plan::Call::Ecr(Call::PutImage(input)) => {
            (&input.repository_name, input.image_tag.as_deref()?, input.image_digest.as_deref()?)
        }
        plan::Call::Ecr(Call::CopyImage(input)) => {
            (&input.repository_name, input.image_tag.as_str(), input.image_digest.as_str())
        }
        _ => return None,
    };
    let old = step.before.as_ref()?["imageDigest"].as_str()?;
    (!tag.is_empty() && old != digest).then_some((repository.as_str(), tag, digest))
}

/// What starts by a tag, as people call it, if anything does.
pub(super) fn started_by(inventory: &Inventory, tag: &str) -> Option<String> {
    let who: Vec<String> = inventory.started_by.get(tag)?.iter().cloned().collect();
    (!who.is_empty()).then(|| some(&who))
}

impl Untag {
    fn subject(&self) -> Subject {
        Subject::ImageTag { repository: self.repository.clone(), tag: self.tag.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let images = Subject::Images { repository: self.repository.clone(), digests: vec![self.digest.clone()] };
        let all = [self.subject(), images].map(plan::Subject::Ecr);
        all.into_iter().chain([Inventory::subject(&self.repository)]).collect()
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; under [`super::INSIST`] what starts by the tag, and what is not known of that.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let (repository, tag) = (&self.repository, &self.tag);
        let before = state(facts, &self.subject());
        let leads_here = |state: &Option<serde_json::Value>| {
            state.as_ref().is_some_and(|state| state["imageDigest"] == self.digest.as_str())
        };
        if before.as_ref().is_some_and(|state| !leads_here(state)) {
            return Err(one("tag", format!("{tag} does not lead to this image any more.")));
        }
        if tags_of(facts, repository, &self.digest) == Some(1) {
            return Err(one("tag", "ECR deletes an image with its last tag. Give it another first.".into()));
        }
        if let Some(inventory) = inventory(facts, repository) {
            let started = started_by(&inventory, tag)
                .map(|who| format!("What starts by {tag} would find no image at its next start: {who}."));
            let against: Vec<String> = started.into_iter().chain(doubts(&inventory)).collect();
            guard(&against, &self.insist, repository)?;
        }
        let before = before.flatten();
        let back = undo(put(repository, tag, &before.clone().unwrap_or_default()));
        let says = format!("Take the tag {tag} off {} of {repository}", short(&self.digest));
        let mut step = step("untag", says.clone(), scope, untag(repository, tag), back, before);
        step.effect = Effect::Delete;
        Ok(in_order(says, scope, vec![step]))
    }
}
