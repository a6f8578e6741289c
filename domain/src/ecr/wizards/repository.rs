//! Change the settings and tags of a repository, and delete one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

use super::super::calls::{
    Call, DeleteRepository, PutImageScanningConfiguration, PutImageTagMutability, TagResource, UntagResource,
};
use super::super::subject::Subject;
use super::super::{Scanning, TagMutabilityExclusion, arn, rules};
use super::{doubts, guard, in_order, inventory, saved, some, state, step, undo};
use crate::document::Tag;
use crate::identity::Scope;
use crate::plan::tagging::{self, keys};
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Undo};

/// What is entered to change a repository: how it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Its name.
    pub repository: String,
    /// Whether a tag stays with the image it was first given to.
    pub immutable: bool,
    /// Patterns of tags for which the opposite holds.
    pub exclusions: Vec<String>,
    /// Whether each image is scanned as it is pushed.
    pub scan_on_push: bool,
    /// Tags, in the order they were entered; those of AWS and of Gantry's runs stay whatever is entered.
    pub tags: Vec<(String, String)>,
}

/// What is entered to delete a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delete {
    /// Its name.
    pub repository: String,
    /// With the images in it.
    pub force: bool,
    /// The name once more, if images in use are to go.
    pub insist: String,
}

/// What is said beside the name of one that is not there.
pub(super) fn gone(repository: &str) -> String {
    format!("There is no repository named {repository} here.")
}

impl Change {
    fn settings(&self) -> Subject {
        Subject::Settings { repository: self.repository.clone() }
    }
    fn tags(&self, scope: &Scope) -> Subject {
        Subject::Tags { arn: arn::repository(scope, &self.repository) }
    }
    /// What has to be known.
    pub fn subjects(&self, scope: &Scope) -> Vec<plan::Subject> {
        [self.settings(), self.tags(scope)].map(plan::Subject::Ecr).into()
    }

    fn filters(&self) -> Vec<TagMutabilityExclusion> {
        let filters = self.exclusions.iter().map(|e| e.trim()).filter(|e| !e.is_empty());
        filters.map(|f| TagMutabilityExclusion { filter_type: "WILDCARD".into(), filter: f.into() }).collect()
    }

    fn check(&self, errors: &mut FieldErrors) {
        let filters = self.filters();
        let each = filters.iter().find_map(|f| rules::mutability_filter(&f.filter).err());
        let all = || rules::mutability_filters(filters.iter().map(|f| f.filter.as_str())).err();
        if let Some(message) = each.or_else(|| if filters.is_empty() { None } else { all() }) {
            errors.insert("exclusions".into(), message);
        }
        let entered = self.tags.iter().enumerate().filter(|(_, (key, value))| !key.is_empty() || !value.is_empty());
        for (n, (key, value)) in entered {
            let own = key.trim().starts_with("gantry:");
            if let Err(message) = rules::tag_key(key.trim()).and_then(|()| rules::tag_value(value.trim())) {
                errors.insert(format!("tags.{n}"), message);
            } else if own {
                errors.insert(format!("tags.{n}"), "Tags that begin with gantry: lead to the run that made it.".into());
            }
        }
        let keys = self.tags.iter().map(|(key, _)| key.trim()).filter(|key| !key.is_empty());
        if let Err(message) = rules::tags(keys) {
            errors.insert("tags".into(), message);
        }
    }

    /// The plan: a step for each thing that is not as it shall be.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when it is so already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = FieldErrors::new();
        self.check(&mut errors);
        let (settings, tags) = (state(facts, &self.settings()), state(facts, &self.tags(scope)));
        if settings == Some(None) || tags == Some(None) {
            errors.insert("repository".into(), gone(&self.repository));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let known = settings.is_some();
        let (settings, tags) = (settings.flatten(), tags.flatten());
        let mut steps = vec![];
        let repository = &self.repository;
        let filters = self.filters();
        let mutability = match (self.immutable, filters.is_empty()) {
            (false, true) => "MUTABLE",
            (false, false) => "MUTABLE_WITH_EXCLUSION",
            (true, true) => "IMMUTABLE",
            (true, false) => "IMMUTABLE_WITH_EXCLUSION",
        };
        let put = |mutability: &str, filters: Vec<TagMutabilityExclusion>| {
            Call::PutImageTagMutability(PutImageTagMutability {
                repository_name: repository.clone(),
                image_tag_mutability: mutability.into(),
                image_tag_mutability_exclusion_filters: filters,
            })
        };
        let wanted = put(mutability, filters);
        if wanted.made(settings.as_ref()) != plan::Made::Yes {
            let before = settings.clone().unwrap_or_default();
            let old = serde_json::from_value(before["imageTagMutabilityExclusionFilters"].clone()).unwrap_or_default();
            let back = put(before["imageTagMutability"].as_str().unwrap_or("MUTABLE"), old);
            let says = match self.immutable {
                true => format!("Make tags of {repository} immutable"),
                false => format!("Make tags of {repository} mutable"),
            };
            steps.push(step("mutability", says, scope, wanted, undo(back), settings.clone()));
        }
        let scan = |on: bool| {
            Call::PutImageScanningConfiguration(PutImageScanningConfiguration {
                repository_name: repository.clone(),
                image_scanning_configuration: Scanning { scan_on_push: Some(on) },
            })
        };
        if scan(self.scan_on_push).made(settings.as_ref()) != plan::Made::Yes {
            let says = match self.scan_on_push {
                true => format!("Scan images of {repository} as they are pushed"),
                false => format!("Scan images of {repository} only when asked to"),
            };
            let (call, back) = (scan(self.scan_on_push), undo(scan(!self.scan_on_push)));
            steps.push(step("scanning", says, scope, call, back, settings));
        }
        self.tag_steps(scope, tags.as_ref(), &mut steps);
        for step in &mut steps {
            step.effect = Effect::Update;
        }
        if steps.is_empty() && known {
            return Err([("nothing".to_owned(), "This is how it is already.".to_owned())].into());
        }
        Ok(in_order(format!("Change the repository {repository}"), scope, steps))
    }

    fn tag_steps(&self, scope: &Scope, before: Option<&Value>, steps: &mut Vec<plan::Step>) {
        let changes = tagging::changes(before, &self.tags);
        let arn = arn::repository(scope, &self.repository);
        let put = |tags: Vec<(&str, &str)>| {
            let tags = tags.into_iter().map(|(key, value)| Tag { key: key.into(), value: value.into() }).collect();
            Call::TagResource(TagResource { resource_arn: arn.clone(), tags })
        };
        let remove = |keys: Vec<&str>| {
            let tag_keys = keys.into_iter().map(str::to_owned).collect();
            Call::UntagResource(UntagResource { resource_arn: arn.clone(), tag_keys })
        };
        let (added, changed, removed) = (&changes.added, &changes.changed, &changes.removed);
        let repository = &self.repository;
        if !added.is_empty() {
            let says = format!("Tag {repository} with {}", keys(added).join(", "));
            let back = undo(remove(keys(added)));
            steps.push(step("tags-added", says, scope, put(added.clone()), back, before.cloned()));
        }
        if !changed.is_empty() {
            let says = format!("Change the {} of {repository}", tagging::named(&keys(changed)));
            let back = undo(put(changes.was(&keys(changed))));
            steps.push(step("tags-changed", says, scope, put(changed.clone()), back, before.cloned()));
        }
        if !removed.is_empty() {
            let says = format!("Take the {} off {repository}", tagging::named(removed));
            let back = undo(put(changes.was(removed)));
            steps.push(step("tags-removed", says, scope, remove(removed.clone()), back, before.cloned()));
        }
    }
}

impl Delete {
    fn subject(&self) -> Subject {
        Subject::Repository { repository: self.repository.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let inventory = Subject::Inventory { repository: self.repository.clone() };
        [self.subject(), inventory].map(plan::Subject::Ecr).into()
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field: images it would take with it, images in use, what is not known of their use.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = FieldErrors::new();
        let repository = &self.repository;
        let before = state(facts, &self.subject());
        if before == Some(None) {
            errors.insert("repository".into(), gone(repository));
        }
        let inventory = inventory(facts, repository);
        if let Some(inventory) = &inventory {
            let count = inventory.images.len();
            if count > 0 && !self.force {
                let images = if count == 1 { "1 image".to_owned() } else { format!("{count} images") };
                errors.insert("force".into(), format!("It holds {images}. Say that they are to go with it."));
            }
            let all: BTreeSet<&str> = inventory.images.iter().map(|held| held.facts.digest.as_str()).collect();
            let used: Vec<String> = inventory
                .needed(&all)
                .iter()
                .filter(|danger| danger.through.is_none())
                .map(|danger| inventory.explain(repository, danger))
                .collect();
            let used =
                (!used.is_empty()).then(|| format!("What runs these could not be started again: {}.", some(&used)));
            // Without images none goes: AWS refuses to delete a repository with some unless that is said.
            let doubts = if count > 0 || self.force { doubts(inventory) } else { None };
            let against: Vec<String> = used.into_iter().chain(doubts).collect();
            errors.extend(guard(&against, &self.insist, repository).err().into_iter().flatten());
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let says = match self.force {
            true => format!("Delete the repository {repository} with its images"),
            false => format!("Delete the repository {repository}"),
        };
        let input = DeleteRepository { repository_name: repository.clone(), force: self.force.then_some(true) };
        let never =
            Undo::Never("a repository that was deleted does not come back with its images and policies.".into());
        let mut step = step("delete", says.clone(), scope, Call::DeleteRepository(input), never, before.flatten());
        step.effect = Effect::Delete;
        // Without its images only an empty one is deleted.
        if self.force {
            let images = inventory.iter().flat_map(|inventory| &inventory.images);
            step.monthly = saved(inventory.as_ref(), images.map(|held| held.facts.digest.as_str()));
        }
        Ok(in_order(says, scope, vec![step]))
    }
}
