//! What of a plan a person proves anew that they mean: what is lost by it, and whom it lets in.

use serde_json::Value;

use super::{Call, Facts, Plan, Step, Undo};
use crate::ecr::repository_policy::lets_in_more;
use crate::ecr::wizards::{notes, policies};
use crate::policy::Permission;
use crate::{ecr, ecr_public};

impl Plan {
    /// What applying it needs besides [`Permission::ChangeAws`], by what was known when it was made.
    pub fn needs(&self, facts: &Facts) -> Vec<Permission> {
        let loses = self.typed().is_some() || policies::expires(self, facts);
        let opens = self.steps.iter().any(|step| opens(step, policy_before(step).as_deref(), &step.call));
        of(loses, opens)
    }

    /// What taking it back needs besides [`Permission::ChangeAws`]. What becomes of images by rules that are put back is not known beforehand.
    pub fn undo_needs(&self) -> Vec<Permission> {
        let undone = || self.steps.iter().filter_map(undone);
        let expires = undone().any(|(_, undo)| undo.operation() == "PutLifecyclePolicy");
        let opens = undone().any(|(step, undo)| opens(step, policy(&step.call), undo));
        of(self.undo_deletes() || expires, opens)
    }
}

fn of(loses: bool, opens: bool) -> Vec<Permission> {
    let needed = [(loses, Permission::DeleteFromAws), (opens, Permission::OpenAws)];
    needed.into_iter().filter(|(needed, _)| *needed).map(|(_, permission)| permission).collect()
}

/// A step with the call that takes it back.
fn undone(step: &Step) -> Option<(&Step, &Call)> {
    match &step.undo {
        Undo::Call(undo) => Some((step, undo)),
        Undo::Never(_) => None,
    }
}

/// Whether a call of this step lets in others than the policy before it did.
fn opens(step: &Step, before: Option<&str>, call: &Call) -> bool {
    policy(call).is_some_and(|after| lets_in_more(before, after, &step.scope.account))
}

/// The policy that a call sets.
fn policy(call: &Call) -> Option<&str> {
    match call {
        Call::Ecr(ecr::calls::Call::PutRegistryPolicy(input)) => Some(&input.policy_text),
        Call::Ecr(call) => notes::repository_policy(call),
        Call::EcrPublic(ecr_public::calls::Call::SetRepositoryPolicy(input)) => Some(&input.policy_text),
        Call::EcrPublic(_) | Call::Lambda(_) | Call::Ecs(_) | Call::Kms(_) => None,
    }
}

/// The policy that there is where this step sets one: the state itself, or in that of a template.
fn policy_before(step: &Step) -> Option<String> {
    let state = step.before.as_ref()?;
    match state.get("repositoryPolicy") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => None,
        None => Some(state.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::known::never;
    use crate::ecr::subject::Subject as Ecr;
    use crate::identity::Scope;
    use crate::kind::Kind;
    use crate::plan::tests::three_steps;
    use crate::plan::{Answers, FORMAT, Subject};
    use serde_json::json;

    const OTHERS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"ecr:BatchGetImage"}]}"#;
    const OWN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ecr:BatchGetImage"}]}"#;

    fn plan(service: &str, operation: &str, input: Value, before: Value, undo: (&str, Value)) -> Plan {
        let scope = json!({ "account": "111122223333", "region": "us-east-1" });
        let call =
            |operation: &str, input: &Value| json!({ "service": service, "operation": operation, "input": input });
        let step = json!({ "id": "a", "says": "It", "scope": scope, "effect": "update", "before": before, "depends_on": [],
            "monthly": null, "call": call(operation, &input), "undo": { "call": call(undo.0, &undo.1) } });
        serde_json::from_value(json!({ "format": FORMAT, "title": "It", "scope": scope, "steps": [step] })).unwrap()
    }

    #[test]
    fn a_policy_that_lets_in_others_is_proved_wherever_it_is_set_and_put_back() {
        let of = |text: &str| json!({ "repositoryName": "shop/web", "policyText": text });
        let name = json!({ "repositoryName": "shop/web" });
        let none = (vec![], vec![]);
        let needs = |plan: Plan| (plan.needs(&Facts::default()), plan.undo_needs());
        for (service, set, delete) in [
            ("ecr", "SetRepositoryPolicy", "DeleteRepositoryPolicy"),
            ("ecr-public", "SetRepositoryPolicy", "DeleteRepositoryPolicy"),
            ("ecr", "PutRegistryPolicy", "DeleteRegistryPolicy"),
        ] {
            let new = |text: &str| needs(plan(service, set, of(text), Value::Null, (delete, name.clone())));
            assert_eq!(new(OTHERS), (vec![Permission::OpenAws], vec![]), "{service}");
            assert_eq!(new(OWN), none, "{service}");
            let others: Value = serde_json::from_str(OTHERS).unwrap();
            let kept = plan(service, set, of(OTHERS), others.clone(), (set, of(OTHERS)));
            assert_eq!(needs(kept), none, "{service}: they are in already");
            let gone = plan(service, delete, name.clone(), others, (set, of(OTHERS)));
            assert_eq!(needs(gone), (vec![], vec![Permission::OpenAws]), "{service}");
        }
        let template = |text: &str| json!({ "prefix": "shop", "appliedFor": [], "repositoryPolicy": text });
        let update = "UpdateRepositoryCreationTemplate";
        let changed = |after| plan("ecr", update, template(after), template(OTHERS), (update, template(OTHERS)));
        assert_eq!(needs(changed(OTHERS)), none);
        assert_eq!(needs(changed(OWN)), (vec![], vec![Permission::OpenAws]));
        let opened = plan("ecr", update, template(OTHERS), template(OWN), (update, template(OWN)));
        assert_eq!(needs(opened), (vec![Permission::OpenAws], vec![]));
    }

    /// The plan that sets rules by which images are kept for so many days, of a repository with images of 95 to 99 days.
    fn rules(days: u32, list: Value) -> Vec<Permission> {
        let rule = json!({ "rulePriority": 1, "action": { "type": "expire" }, "selection":
            { "tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days } });
        let answers: Answers = serde_json::from_value(json!({ "wizard": "lifecycle-policy",
            "scope": { "account": "111122223333", "region": "eu-west-1" },
            "answers": { "repository": "shop/web", "insist": "shop/web", "policy": json!({ "rules": [rule] }).to_string() } }))
        .unwrap();
        let mut inventory = json!(ecr::inventory::tests::inventory());
        inventory["lists"] = list;
        let state = |subject: Subject| {
            let state = match &subject {
                Subject::Ecr(Ecr::Inventory { .. }) => Some(inventory.clone()),
                Subject::Ecr(Ecr::Settings { .. }) => Some(json!({})),
                _ => None,
            };
            (subject, state)
        };
        let facts = Facts::new(answers.subjects().into_iter().map(state).collect());
        answers.plan(&facts).unwrap().needs(&facts)
    }

    #[test]
    fn rules_by_which_images_go_are_proved_and_so_are_those_of_which_it_is_not_known() {
        assert_eq!(rules(30, json!([])), [Permission::DeleteFromAws]);
        assert_eq!(rules(1_000, json!([])), []);
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        assert_eq!(rules(1_000, json!([never(&scope, Kind::Image)])), [Permission::DeleteFromAws]);
        assert_eq!(three_steps().needs(&Facts::default()), [], "a repository that is made has no images");
        let put = |text: &str| json!({ "repositoryName": "shop/web", "lifecyclePolicyText": text });
        let gone = plan(
            "ecr",
            "DeleteLifecyclePolicy",
            json!({ "repositoryName": "shop/web" }),
            json!({ "rules": [] }),
            ("PutLifecyclePolicy", put("{\"rules\":[]}")),
        );
        assert_eq!((gone.needs(&Facts::default()), gone.undo_needs()), (vec![], vec![Permission::DeleteFromAws]));
    }
}
