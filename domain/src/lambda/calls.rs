//! The Lambda calls a plan can hold: each struct's serde form is the input document of the API reference.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>

use serde_json::Value;

use super::subject::Subject;
use crate::document::{calls, document};
use crate::plan::Made;

document! { "PascalCase";
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html>
    pub struct UpdateFunctionCode {
        pub function_name: String,
        /// With a digest: a tag would be resolved once, and say another image later.
        pub image_uri: String,
    }
}

calls!(
    /// A call to Lambda.
    UpdateFunctionCode
);

/// Whether the state of a function says that AWS is still at an update of it, or at creating it.
pub(super) fn is_under_way(state: &Value) -> bool {
    state["LastUpdateStatus"] == "InProgress" || state["State"] == "Pending"
}

impl Call {
    /// The IAM actions it needs. Lambda adds itself to the repository's policy, if it is not there, with the permissions of who calls.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions>
    pub fn actions(&self) -> Vec<&'static str> {
        match self {
            Call::UpdateFunctionCode(_) => vec![
                "lambda:UpdateFunctionCode",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetRepositoryPolicy",
                "ecr:SetRepositoryPolicy",
            ],
        }
    }

    /// What it writes.
    pub fn subject(&self) -> Subject {
        match self {
            Call::UpdateFunctionCode(input) => Subject::FunctionImage { function: input.function_name.clone() },
        }
    }

    /// Why AWS, which had taken the call, refused it afterwards.
    pub fn refused<'s>(&self, state: Option<&'s Value>) -> Option<&'s str> {
        match self {
            // The function goes on with what it had: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
            Call::UpdateFunctionCode(_) => state?.get("LastUpdateStatusReason")?.as_str(),
        }
    }

    /// Whether AWS is still at an update, this one or another: what comes of it is not known, and until then it refuses one more.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>
    pub fn is_under_way(&self, state: Option<&Value>) -> bool {
        match self {
            Call::UpdateFunctionCode(_) => state.is_some_and(is_under_way),
        }
    }

    /// What the state of its subject says about whether it was made.
    pub fn made(&self, state: Option<&Value>) -> Made {
        match self {
            Call::UpdateFunctionCode(input) => {
                let taken = |state: &Value| {
                    state["ImageUri"] == input.image_uri.as_str()
                        && state.get("LastUpdateStatusReason").is_none()
                        && !is_under_way(state)
                };
                if state.is_some_and(taken) { Made::Yes } else { Made::No }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_image_is_taken_once_lambda_runs_it() {
        let call = Call::UpdateFunctionCode(UpdateFunctionCode {
            function_name: "resize".into(),
            image_uri: "r/a@sha256:1".into(),
        });
        assert_eq!(call.input(), json!({ "FunctionName": "resize", "ImageUri": "r/a@sha256:1" }));
        let made = |state: Value| call.made(Some(&state));
        assert_eq!(made(json!({ "ImageUri": "r/a@sha256:1" })), Made::Yes);
        assert_eq!(made(json!({ "ImageUri": "r/a@sha256:0" })), Made::No);
        assert_eq!(made(json!({ "ImageUri": "r/a@sha256:1", "LastUpdateStatusReason": "denied" })), Made::No);
        assert_eq!(call.made(None), Made::No);
        for at_it in [
            json!({ "LastUpdateStatus": "InProgress" }),
            json!({ "LastUpdateStatus": "Successful", "State": "Pending" }),
        ] {
            let mut state = at_it;
            state["ImageUri"] = "r/a@sha256:1".into();
            assert_eq!((call.made(Some(&state)), call.is_under_way(Some(&state))), (Made::No, true), "{state}");
        }
        assert!(!call.is_under_way(Some(&json!({ "ImageUri": "r/a@sha256:1" }))) && !call.is_under_way(None));
        assert_eq!(call.refused(Some(&json!({ "LastUpdateStatusReason": "denied" }))), Some("denied"));
        assert_eq!(call.refused(Some(&json!({ "ImageUri": "r/a@sha256:1" }))), None);
    }
}
