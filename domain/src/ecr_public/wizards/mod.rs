//! The plans people make with ECR Public: a repository ([`create_repository`]), changes of one ([`repository`]), its images ([`images`]), its policy ([`permissions`]);
//! and the notes on their calls.

pub mod create_repository;
pub mod images;
pub mod permissions;
pub mod repository;

#[cfg(test)]
mod tests;

use super::calls::Call;
use super::subject::Subject;
use super::uses::Uses;
use super::{REGION, policy, rules};
use crate::ecr;
use crate::ecr::known::some;
use crate::ecr::wizards::unknown;
use crate::identity::Scope;
use crate::plan::lint::Severity;
use crate::plan::{self, Effect, FORMAT, Facts, FieldErrors, Plan, Step, Undo};
use serde_json::Value;

/// Whether the API is there.
fn is_here(scope: &Scope) -> bool {
    scope.region.as_str() == REGION
}

/// Says that it is only in one region.
fn place(scope: &Scope, errors: &mut FieldErrors) {
    if !is_here(scope) {
        errors.insert("region".into(), format!("Public repositories are made in {REGION}, wherever they are pulled."));
    }
}

/// What has to be looked up; nothing where there is no API that could say it.
fn subjects<const N: usize>(scope: &Scope, subjects: [Subject; N]) -> Vec<plan::Subject> {
    if is_here(scope) { subjects.map(plan::Subject::EcrPublic).into() } else { vec![] }
}

/// The state of something: `None` when it was not looked up, `Some(None)` when it does not exist.
fn state(facts: &Facts, subject: &Subject) -> Option<Option<Value>> {
    facts.of(&plan::Subject::EcrPublic(subject.clone())).map(|state| state.cloned())
}

/// What uses the images of a repository: `None` when it was not looked up, `Some(None)` while it is not known.
fn uses(facts: &Facts, repository: &str) -> Option<Option<Uses>> {
    let state = facts.of(&Uses::subject(repository))?;
    Some(state.and_then(|state| serde_json::from_value(state.clone()).ok()))
}

/// What speaks against it that these images go: what uses them, where that is known, after these words; and what is not known of it.
fn against(uses: Option<Option<Uses>>, words: &str, named: impl Fn(&Uses) -> Vec<String>) -> Vec<String> {
    let Some(uses) = uses else { return vec![] };
    let Some(uses) = uses else {
        return vec!["What uses its images is not known, for Gantry has not collected the repository yet.".to_owned()];
    };
    let used = named(&uses);
    let used = (!used.is_empty()).then(|| format!("{words}: {}.", some(&used)));
    used.into_iter().chain(unknown(&uses.unknown())).collect()
}

fn step(id: &str, says: String, scope: &Scope, call: Call, undo: Undo, before: Option<Value>) -> Step {
    Step {
        id: id.into(),
        says,
        scope: scope.clone(),
        call: plan::Call::EcrPublic(call),
        effect: if before.is_none() { Effect::Create } else { Effect::Update },
        before,
        depends_on: vec![],
        undo,
        // What is billed is storage and traffic beyond what is free, which the steps that delete images change:
        // https://aws.amazon.com/ecr/pricing/
        monthly: Some(0),
    }
}

/// A plan of steps that are made one after the other.
fn in_order(title: String, scope: &Scope, mut steps: Vec<Step>) -> Plan {
    for n in 1..steps.len() {
        steps[n].depends_on = vec![steps[n - 1].id.clone()];
    }
    Plan { format: FORMAT, title, scope: scope.clone(), steps }
}

fn undo(call: Call) -> Undo {
    Undo::Call(plan::Call::EcrPublic(call))
}

fn gone(repository: &str) -> String {
    format!("There is no public repository named {repository} here.")
}

/// What people may write about a repository, by the names of its fields in the answers.
struct Words<'a> {
    description: &'a str,
    about: &'a str,
    usage: &'a str,
    architectures: &'a [String],
    operating_systems: &'a [String],
}

impl Words<'_> {
    fn check(&self, errors: &mut FieldErrors) {
        let told = [
            ("description", rules::text(self.description, rules::DESCRIPTION)),
            ("about", rules::text(self.about, rules::TEXT)),
            ("usage", rules::text(self.usage, rules::TEXT)),
            ("architectures", rules::labels(self.architectures)),
            ("operating_systems", rules::labels(self.operating_systems)),
        ];
        for (field, told) in told {
            if let Err(message) = told {
                errors.insert(field.to_owned(), message);
            }
        }
    }
}

/// Tags as they were entered. `marks` are put beside them.
fn check_tags(tags: &[(String, String)], marks: &[(String, String)], errors: &mut FieldErrors) {
    let entered = tags.iter().enumerate().filter(|(_, (key, value))| !key.is_empty() || !value.is_empty());
    for (n, (key, value)) in entered {
        let (key, value) = (key.trim(), value.trim());
        if let Err(message) = ecr::rules::tag_key(key).and_then(|()| ecr::rules::tag_value(value)) {
            errors.insert(format!("tags.{n}"), message);
        } else if key.starts_with("gantry:") {
            errors.insert(format!("tags.{n}"), "Tags that begin with gantry: lead to the run that made it.".into());
        }
    }
    let keys = tags.iter().map(|(key, _)| key.trim()).filter(|key| !key.is_empty());
    if let Err(message) = ecr::rules::tags(keys.chain(marks.iter().map(|(key, _)| key.as_str()))) {
        errors.insert("tags".into(), message);
    }
}

/// Notes on a call: severity, what it is, what to do about it.
pub fn lint(call: &Call, scope: &Scope) -> Vec<(Severity, String, String)> {
    let mut notes = vec![];
    let mut note = |severity, says: &str, mend: &str| notes.push((severity, says.to_owned(), mend.to_owned()));
    match call {
        Call::CreateRepository(input) => {
            note(
                Severity::Warning,
                "Whatever is pushed to it can be pulled by anybody on the internet, at once and without signing in.",
                "Keep secrets and private code out of its images, or make it a private repository.",
            );
            let catalog = input.catalog_data.as_ref();
            if catalog.and_then(|c| c.description.as_ref().or(c.about_text.as_ref())).is_none() {
                note(
                    Severity::Hint,
                    "The Public Gallery will show it without a word of what it is.",
                    "Write a short description.",
                );
            }
            if catalog.is_some_and(|c| c.logo_image_blob.is_some()) {
                note(
                    Severity::Hint,
                    "The Public Gallery shows logos of verified accounts only.",
                    "Ask AWS to verify the account, if it is not.",
                );
            }
        }
        Call::SetRepositoryPolicy(input) if input.force == Some(true) => note(
            Severity::Danger,
            "This policy keeps its author from changing it again.",
            "Leave out the denial that does so, or make sure that somebody else can take it back.",
        ),
        Call::DeleteRepository(input) if input.force == Some(true) => note(
            Severity::Danger,
            "All images of the repository are deleted with it, and nobody can pull them any more, wherever they are used.",
            "Who uses public images elsewhere is not known: announce it first.",
        ),
        Call::BatchDeleteImage(_) => note(
            Severity::Danger,
            "Nobody can pull these images any more, wherever they are used.",
            "Who uses public images elsewhere is not known: announce it first, or give their tags to newer images.",
        ),
        Call::PutRepositoryCatalogData(input) if input.catalog_data.logo_image_blob.is_some() => note(
            Severity::Hint,
            "The Public Gallery shows logos of verified accounts only.",
            "Ask AWS to verify the account, if it is not.",
        ),
        Call::DeleteRepository(_)
        | Call::PutRepositoryCatalogData(_)
        | Call::SetRepositoryPolicy(_)
        | Call::DeleteRepositoryPolicy(_)
        | Call::TagResource(_)
        | Call::UntagResource(_) => {}
    }
    if let Call::SetRepositoryPolicy(input) = call {
        notes.extend(ecr::wizards::notes::opened(&input.policy_text, |document| policy::explain(document, scope)));
    }
    notes
}
