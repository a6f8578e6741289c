//! What taking a run back would do to what starts tasks of a revision that it registered: ECS starts none of one that is deregistered.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html>

use super::calls::Call;
use super::last;
use crate::ecr::known::some;
use crate::identity::ResourceKey;
use crate::plan::run::Run;
use crate::plan::{self, Undo};

/// A revision that taking a run back deregisters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Its ARN.
    pub arn: String,
    /// The services that the run gave it, and that get back what they had before.
    pub given_back: Vec<ResourceKey>,
}

/// The revisions that taking a run back, or what is left to take back of it, deregisters.
pub fn losses(run: &Run) -> Vec<Loss> {
    let services = run.plan.steps.iter().filter_map(|step| match (&step.call, &step.undo) {
        (plan::Call::Ecs(call @ Call::UpdateService(_)), Undo::Call(_)) => call.subject().key(&step.scope),
        _ => None,
    });
    let given_back: Vec<ResourceKey> = services.collect();
    let registered = run
        .plan
        .steps
        .iter()
        .zip(&run.steps)
        .filter(|(step, progress)| step.call.is_revision() && !progress.state.is_behind());
    let arns = registered.filter_map(|(step, progress)| {
        let named = progress.after.as_ref()?.get(step.call.named_at()?)?;
        named.as_str().map(str::to_owned)
    });
    arns.map(|arn| Loss { arn, given_back: given_back.clone() }).collect()
}

impl Loss {
    /// What speaks against it, where these start its tasks by now.
    pub fn against(&self, users: &[String]) -> Option<String> {
        let (revision, users) = (last(&self.arn), (!users.is_empty()).then(|| some(users))?);
        Some(format!(
            "Undo would deregister {revision}, and ECS would start no task of it any more: it is used by {users}. Give them another revision first."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::three_steps;
    use serde_json::{Value, json};

    #[test]
    fn the_revision_is_told_with_the_services_that_get_back_what_they_had() {
        let ecs = |operation: &str, input: Value| -> plan::Call {
            serde_json::from_value(json!({ "service": "ecs", "operation": operation, "input": input })).unwrap()
        };
        let mut run = Run::new("r".into(), three_steps());
        assert!(losses(&run).is_empty());
        run.plan.steps[0].call = ecs("RegisterTaskDefinition", json!({ "family": "web", "gantry:like": "web:12" }));
        for (step, service) in run.plan.steps[1..].iter_mut().zip(["web", "api"]) {
            step.call = ecs("UpdateService", json!({ "cluster": "prod", "service": service }));
        }
        run.plan.steps[2].undo = Undo::Never("why".into());
        assert!(losses(&run).is_empty(), "which one it is, is not known");
        let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:13";
        run.steps[0].after = Some(json!({ "taskDefinitionArn": arn }));
        let found = losses(&run);
        let given_back: Vec<String> = found[0].given_back.iter().map(ToString::to_string).collect();
        assert_eq!((found.len(), found[0].arn.as_str()), (1, arn));
        assert_eq!(given_back, ["ecs.service/111122223333/eu-west-1/prod/web"]);
        assert_eq!(found[0].against(&[]), None);
        let told = found[0].against(&["schedule default/hourly".into()]).unwrap();
        assert!(told.contains("deregister web:13") && told.contains("used by schedule default/hourly"), "{told}");
    }
}
