//! Makes the calls of plans and reads what they write. A service's own are in its module.

use domain::Problem;
use domain::plan::{Call, Subject};
use serde_json::Value;

use crate::{Caller, ecr};

/// Makes a call; answers AWS's id of the request.
///
/// # Errors
/// What AWS said. After [`domain::Code::AwsUnreachable`] nobody knows whether the call was made.
pub async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    match call {
        Call::Ecr(call) => ecr::make(caller, call).await,
    }
}

/// The state of what a call writes, read live; `None` when it does not exist.
pub async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    match subject {
        Subject::Ecr(subject) => ecr::read(caller, subject).await,
    }
}
