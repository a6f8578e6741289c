//! The plans people make with ECR, one module per wizard; and the notes on ECR's calls.

pub mod copy_image;
pub mod create_repository;
pub mod images;
mod new_key;
pub mod notes;
pub mod policies;
pub mod put_images;
pub mod registry;
pub mod repository;
pub mod tags;
pub mod way_back;

#[cfg(test)]
mod tests;

use super::calls::Call;
use super::inventory::{Inventory, short};
use super::known::some;
use super::repository_policy::explain;
use super::rules;
use super::storage;
use super::subject::Subject;
use crate::document::registry;
use crate::identity::Scope;
use crate::plan::lint::Severity;
use crate::plan::{self, Effect, FORMAT, Facts, FieldErrors, Plan, Step, Undo};
use serde_json::Value;

/// The field under which a plan is refused that would take away what is in use, or may be; [`insisted`] lets it pass.
pub const INSIST: &str = "insist";

/// Whether a person typed the repository's name to say that it is meant nevertheless.
pub(crate) fn insisted(typed: &str, repository: &str) -> bool {
    typed.trim() == repository
}

/// What to do to have it nevertheless.
pub(crate) fn unless(repository: &str) -> String {
    format!("Who means it nevertheless insists with the name {repository}.")
}

/// Refuses what these sentences say of images, if they say anything, unless the repository's name was typed.
pub(crate) fn guard(sentences: &[String], typed: &str, repository: &str) -> Result<(), FieldErrors> {
    if sentences.is_empty() || insisted(typed, repository) {
        return Ok(());
    }
    Err([(INSIST.to_owned(), format!("{} {}", sentences.join(" "), unless(repository)))].into())
}

/// What is not known of the use of images, as a sentence: where a list could not be read, that nothing uses an image says nothing.
fn doubts(inventory: &Inventory) -> Option<String> {
    unknown(&inventory.unknown())
}

/// What is not known of the use of images, as a sentence, if anything is.
pub(crate) fn unknown(unknown: &[String]) -> Option<String> {
    (!unknown.is_empty()).then(|| format!("It is not known what else uses images: {}.", some(unknown)))
}

/// The images of a repository and what uses them, as far as they were looked up.
fn inventory(facts: &Facts, repository: &str) -> Option<Inventory> {
    let state = facts.of(&Inventory::subject(repository))??;
    serde_json::from_value(state.clone()).ok()
}

/// What the bill is less by a month once these images are gone, as a step's `monthly`: below zero. `None` where it is not known.
fn saved<'a>(inventory: Option<&Inventory>, digests: impl Iterator<Item = &'a str>) -> Option<i64> {
    inventory?.freed(&digests.collect()).map(|bytes| -storage::monthly(bytes))
}

/// An image that something is to run.
pub(crate) struct ChosenImage {
    /// Its address by digest: a tag may say another image later.
    pub uri: String,
    /// What it is for, as far as it is known.
    pub platforms: Vec<String>,
    /// Whether it leads to the images of several platforms.
    pub is_index: bool,
}

/// An image of the same account and region, for a function or a container. Where nothing was looked up, nothing is known of it. What is wrong
/// with it is said beside `repository` or `digest`.
pub(crate) fn chosen_image(
    scope: &Scope,
    repository: &str,
    digest: &str,
    facts: &Facts,
    errors: &mut FieldErrors,
) -> Option<ChosenImage> {
    let chosen = image_of(scope, repository, digest, facts);
    chosen.map_err(|(field, message)| errors.insert(field.to_owned(), message)).ok()
}

fn image_of(
    scope: &Scope,
    repository: &str,
    digest: &str,
    facts: &Facts,
) -> Result<ChosenImage, (&'static str, String)> {
    rules::repository_name(repository).map_err(|message| ("repository", message))?;
    rules::image_digest(digest).map_err(|message| ("digest", message))?;
    let uri = format!("{}/{repository}@{digest}", registry(scope));
    let Some(inventory) = inventory(facts, repository) else {
        return Ok(ChosenImage { uri, platforms: vec![], is_index: false });
    };
    match inventory.get(digest) {
        None => {
            Err(("digest", format!("{repository} has no image {} here, or Gantry has not seen it yet.", short(digest))))
        }
        Some(held) if held.artifact => Err(("digest", "This is a signature or the like: nothing runs it.".into())),
        Some(held) => Ok(ChosenImage {
            uri,
            platforms: held.platforms.clone(),
            is_index: !held.facts.children.is_empty() || held.platforms.len() > 1,
        }),
    }
}

/// The state of something: `None` when it was not looked up, `Some(None)` when it does not exist.
fn state(facts: &Facts, subject: &Subject) -> Option<Option<Value>> {
    facts.of(&plan::Subject::Ecr(subject.clone())).map(|state| state.cloned())
}

/// A step that depends on the one before it. It costs nothing, unless its plan says otherwise.
fn step(id: &str, says: String, scope: &Scope, call: Call, undo: Undo, before: Option<Value>) -> Step {
    let effect = if before.is_none() { Effect::Create } else { Effect::Update };
    let call = plan::Call::Ecr(call);
    Step { id: id.into(), says, scope: scope.clone(), call, effect, before, depends_on: vec![], undo, monthly: Some(0) }
}

/// A plan of steps that are made one after the other.
fn in_order(title: String, scope: &Scope, mut steps: Vec<Step>) -> Plan {
    for n in 1..steps.len() {
        steps[n].depends_on = vec![steps[n - 1].id.clone()];
    }
    plan_of(title, scope, steps)
}

/// A plan of steps that say themselves what they come after.
fn plan_of(title: String, scope: &Scope, steps: Vec<Step>) -> Plan {
    Plan { format: FORMAT, title, scope: scope.clone(), steps }
}

fn undo(call: Call) -> Undo {
    Undo::Call(plan::Call::Ecr(call))
}

/// Notes on a call: severity, what it is, what to do about it.
pub fn lint(call: &Call, plan: &Plan) -> Vec<(Severity, String, String)> {
    let has = |wanted: fn(&Call) -> bool| {
        plan.steps.iter().any(|step| match &step.call {
            plan::Call::Ecr(call) => wanted(call),
            plan::Call::EcrPublic(_) | plan::Call::Lambda(_) | plan::Call::Ecs(_) | plan::Call::Kms(_) => false,
        })
    };
    let mut notes = registry::lint(call, &plan.scope);
    notes.extend(notes::nearly_full(call));
    notes.extend(notes::elsewhere(call, plan));
    if let Some(policy) = notes::repository_policy(call) {
        notes.extend(notes::opened(policy, |document| explain(document, &plan.scope)));
        notes.extend(notes::lambda_elsewhere(policy, &plan.scope));
    }
    if let Call::CreateRepository(input) = call {
        if !has(|call| matches!(call, Call::PutLifecyclePolicy(_))) {
            notes.push((
                Severity::Hint,
                "Nothing ever expires here: every image that is pushed is stored and billed until somebody deletes it."
                    .to_owned(),
                "Add a lifecycle rule, for example one that expires untagged images after 14 days.".to_owned(),
            ));
        }
        if input.image_tag_mutability.as_deref() == Some("MUTABLE") {
            notes.push((
                Severity::Hint,
                "A tag can be moved to another image: what a service starts tomorrow may differ from what it runs today.".to_owned(),
                "Make tags immutable, with exceptions for those that are meant to move, such as latest.".to_owned(),
            ));
        }
    }
    if let Call::SetRepositoryPolicy(input) = call
        && input.force == Some(true)
    {
        notes.push((
            Severity::Danger,
            "This policy keeps its author from changing it again.".to_owned(),
            "Leave out the denial that does so, or make sure that somebody else can take it back.".to_owned(),
        ));
    }
    if let Call::DeleteRepository(input) = call
        && input.force == Some(true)
    {
        notes.push((
            Severity::Danger,
            "All images of the repository are deleted with it, and cannot be brought back.".to_owned(),
            "Look at what is in use first.".to_owned(),
        ));
    }
    notes
}
