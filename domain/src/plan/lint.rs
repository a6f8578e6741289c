//! Notes about a plan that a careful colleague would make: what it opens, what it will cost later, what was forgotten.

use serde::{Deserialize, Serialize};

use super::{Call, Plan};
use crate::{ecr, ecr_public, ecs, kms, lambda};

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It opens something to strangers or can lose something.
    Danger,
    /// It will be regretted later.
    Warning,
    /// Good to know.
    Hint,
}

/// A note on a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// The id of the step it is about.
    pub step: String,
    /// What it is.
    pub says: String,
    /// What to do about it.
    pub mend: String,
}

/// The notes on a plan, what matters most first.
pub fn lint(plan: &Plan) -> Vec<Note> {
    let mut notes: Vec<Note> = plan
        .steps
        .iter()
        .flat_map(|step| {
            let notes = match &step.call {
                Call::Ecr(call) => ecr::wizards::lint(call, plan),
                Call::EcrPublic(call) => ecr_public::wizards::lint(call, &step.scope),
                Call::Lambda(call) => lambda::wizards::lint(call),
                Call::Ecs(call) => ecs::wizards::lint(call, plan),
                Call::Kms(call) => kms::lint(call),
            };
            notes.into_iter().map(|(severity, says, mend)| Note { severity, step: step.id.clone(), says, mend })
        })
        .collect();
    notes.sort_by_key(|note| note.severity);
    notes
}
