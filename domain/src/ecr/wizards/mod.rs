//! The plans people make with ECR, one module per wizard; and the notes on ECR's calls.

pub mod create_repository;

use super::calls::Call;
use crate::plan::Plan;
use crate::plan::lint::Severity;

/// Notes on a call: severity, what it is, what to do about it.
pub fn lint(call: &Call, plan: &Plan) -> Vec<(Severity, String, String)> {
    let has = |wanted: fn(&Call) -> bool| {
        plan.steps.iter().any(|step| match &step.call {
            crate::plan::Call::Ecr(call) => wanted(call),
        })
    };
    let mut notes = vec![];
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
