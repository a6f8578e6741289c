//! Makes the calls of plans, reads what they write, and asks IAM about them beforehand. A service's own are in its module.

use domain::ecr_public::REGION;
use domain::ecs::calls::Call as Ecs;
use domain::kms::calls::Call as Kms;
use domain::plan::permissions::{Need, Verdict};
use domain::plan::sweep::{Marked, Origin};
use domain::plan::{Call, Subject};
use domain::{Code, Millis, Problem};
use serde_json::Value;
use std::ops::RangeInclusive;

use crate::{Caller, ecr, ecr_public, ecs, iam, kms, lambda};

/// Makes a call; answers AWS's id of the request.
///
/// # Errors
/// What AWS said. After [`domain::Code::AwsUnreachable`] nobody knows whether the call was made.
pub async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    match call {
        Call::Ecr(call) => ecr::make(caller, call).await,
        Call::EcrPublic(call) => ecr_public::make(caller, call).await,
        Call::Lambda(call) => lambda::make(caller, call).await,
        Call::Ecs(call) => ecs::make(caller, call).await,
        Call::Kms(call) => kms::make(caller, call).await,
    }
}

/// The state of what a call writes, read live; `None` when it does not exist.
pub async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    match subject {
        Subject::Ecr(subject) => ecr::read(caller, subject).await,
        Subject::EcrPublic(subject) => ecr_public::read(caller, subject).await,
        Subject::Lambda(subject) => lambda::read(caller, subject).await,
        Subject::Ecs(subject) => ecs::read(caller, subject).await,
        Subject::Kms(subject) => kms::read(caller, subject).await,
    }
}

/// The states of everything that a call created whose outcome AWS names ([`Call::named_at`]): all that carries its tags of run and step and was
/// created between these moments. Somebody may copy the tags later.
///
/// # Errors
/// What AWS said; nothing is left out without an error.
pub async fn all_made(caller: &Caller, call: &Call, between: &RangeInclusive<Millis>) -> Result<Vec<Value>, Problem> {
    let unmarked =
        || Problem::new(Code::Internal, "It cannot be looked for", format!("{} leaves no tags.", call.name()));
    match call {
        Call::Kms(Kms::CreateKey(input)) => {
            let tag = |name: &str| input.tags.iter().find(|tag| tag.tag_key == name).map(|tag| tag.tag_value.clone());
            kms::all_created(caller, &Origin::of(tag).ok_or_else(unmarked)?, between).await
        }
        Call::Ecs(Ecs::RegisterTaskDefinition(input)) => {
            let tag = |name: &str| input.tags.iter().find(|tag| tag.key == name).map(|tag| tag.value.clone());
            ecs::all_registered(caller, input, &Origin::of(tag).ok_or_else(unmarked)?, between).await
        }
        Call::Ecr(_) | Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => Err(unmarked()),
    }
}

/// What IAM says to each of these for whoever this caller is: as many verdicts as needs, in their order.
///
/// # Errors
/// Why IAM could not be asked.
pub async fn permitted(caller: &Caller, needs: &[Need]) -> Result<Vec<Verdict>, Problem> {
    iam::simulate::permitted(caller, needs).await
}

/// What there is in the caller's scope that carries the tags of a run, read live.
///
/// # Errors
/// What AWS said; nothing is left out without an error.
pub async fn marked(caller: &Caller) -> Result<Vec<Marked>, Problem> {
    let mut found = ecr::marked(caller).await?;
    found.extend(ecs::marked(caller).await?);
    found.extend(kms::marked(caller).await?);
    if caller.scope().region.as_str() == REGION {
        found.extend(ecr_public::marked(caller).await?);
    }
    Ok(found)
}
