//! The ECS calls a plan can hold: each struct's serde form is the input document of the API reference.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html>

use serde_json::Value;

use super::subject::Subject;
use super::{Tag, last};
use crate::document::{calls, document};
use crate::plan::Made;

document! { "camelCase";
    /// What a revision has otherwise than the one it is like. The rest, such as the values of environment variables, goes from AWS to AWS when
    /// the call is made: it is never in a plan.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>
    pub struct RegisterTaskDefinition {
        pub family: String,
        /// As in the revision it is like: whoever registers one has to be allowed to pass its roles.
        pub task_role_arn: Option<String>,
        pub execution_role_arn: Option<String>,
        /// Those that get another image.
        pub container_definitions: Vec<ContainerImage>,
        /// Beside those of the revision it is like.
        pub tags: Vec<Tag>,
        /// The revision, as `family:revision`, that all else is taken from. No field of AWS's.
        #[serde(rename = "gantry:like")]
        pub like: String,
    }
    /// A container and the image it starts from.
    pub struct ContainerImage {
        pub name: String,
        pub image: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html>
    pub struct DeregisterTaskDefinition {
        pub task_definition: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>
    pub struct UpdateService {
        pub cluster: String,
        pub service: String,
        pub task_definition: String,
    }
}

calls!(
    /// A call to ECS.
    RegisterTaskDefinition,
    DeregisterTaskDefinition,
    UpdateService,
);

/// Family and number of a revision, from `family:revision` or its ARN.
pub fn revision(of: &str) -> Option<(&str, u32)> {
    let (family, number) = last(of).rsplit_once(':')?;
    Some((family, number.parse().ok()?))
}

impl Call {
    /// The IAM actions it needs.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html>
    pub fn actions(&self) -> Vec<&'static str> {
        match self {
            Call::RegisterTaskDefinition(input) => {
                let mut actions = vec!["ecs:RegisterTaskDefinition", "ecs:TagResource"];
                if input.task_role_arn.is_some() || input.execution_role_arn.is_some() {
                    actions.push("iam:PassRole");
                }
                actions
            }
            Call::DeregisterTaskDefinition(_) => vec!["ecs:DeregisterTaskDefinition"],
            Call::UpdateService(_) => vec!["ecs:UpdateService"],
        }
    }

    /// Where in its answer the state of its subject is.
    pub fn answers_at(&self) -> &'static str {
        match self {
            Call::RegisterTaskDefinition(_) | Call::DeregisterTaskDefinition(_) => "taskDefinition.",
            Call::UpdateService(_) => "service.",
        }
    }

    /// The field of its subject's state that holds the ARN, where AWS names what the call creates.
    pub fn named_at(&self) -> Option<&'static str> {
        match self {
            Call::RegisterTaskDefinition(_) => Some("taskDefinitionArn"),
            Call::DeregisterTaskDefinition(_) | Call::UpdateService(_) => None,
        }
    }

    /// What it writes.
    pub fn subject(&self) -> Subject {
        match self {
            Call::RegisterTaskDefinition(input) => {
                let run = input.tags.iter().find(|tag| tag.key == "gantry:run");
                Subject::NextRevision {
                    family: input.family.clone(),
                    after: revision(&input.like).map_or(0, |(_, number)| number),
                    run: run.map(|tag| tag.value.clone()).unwrap_or_default(),
                }
            }
            Call::DeregisterTaskDefinition(input) => {
                Subject::Revision { task_definition: input.task_definition.clone() }
            }
            Call::UpdateService(input) => {
                Subject::Service { cluster: input.cluster.clone(), service: input.service.clone() }
            }
        }
    }

    /// What the state of its subject says about whether it was made.
    pub fn made(&self, state: Option<&Value>) -> Made {
        let yes = |yes: bool| if yes { Made::Yes } else { Made::No };
        match self {
            Call::RegisterTaskDefinition(input) => {
                let own = |tag: &Tag| tag.key == "gantry:run" && state.is_some_and(|s| s["run"] == tag.value.as_str());
                yes(input.tags.iter().any(own))
            }
            // Deregistered, it can still be read for a while: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html>
            Call::DeregisterTaskDefinition(_) => yes(state.is_none_or(|state| state["status"] != "ACTIVE")),
            Call::UpdateService(input) => {
                yes(state.is_some_and(|state| state["taskDefinition"] == input.task_definition.as_str()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_revision_is_found_by_the_run_that_registered_it() {
        let tags = ["gantry:run", "gantry:step"].map(|key| Tag { key: key.into(), value: "r1".into() }).to_vec();
        let input = RegisterTaskDefinition { family: "web".into(), like: "web:12".into(), tags, ..Default::default() };
        let call = Call::RegisterTaskDefinition(input);
        let subject = Subject::NextRevision { family: "web".into(), after: 12, run: "r1".into() };
        assert_eq!((call.subject(), call.actions().len()), (subject, 2));
        assert_eq!(call.made(Some(&json!({ "run": "r1" }))), Made::Yes);
        assert_eq!(call.made(Some(&json!({ "run": "r2" }))), Made::No);
        assert_eq!((call.made(Some(&json!({}))), call.made(None)), (Made::No, Made::No));
        assert_eq!(revision("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:12"), Some(("web", 12)));
    }

    #[test]
    fn what_is_deregistered_can_still_be_read() {
        let input = DeregisterTaskDefinition { task_definition: "web:13".into() };
        let call = Call::DeregisterTaskDefinition(input);
        let made = |status: &str| call.made(Some(&json!({ "status": status })));
        assert_eq!((made("ACTIVE"), made("INACTIVE"), call.made(None)), (Made::No, Made::Yes, Made::Yes));
    }
}
