//! What a plan needs to be allowed to do, on what; and what IAM says to that before anything is sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reference::{Piece, pieces};
use super::{Call, Plan, Subject, Undo};
use crate::ecr;
use crate::ecr::calls::Source;
use crate::identity::Scope;

/// An action on something, which a plan needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Need {
    /// `ecr:CreateRepository`
    pub action: String,
    /// The ARN it is asked on; `None` where it is not known beforehand.
    pub resource: Option<String>,
    /// Only needed to take the plan back.
    pub undo: bool,
}

/// What IAM says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The policies allow it.
    Allowed,
    /// No policy allows it, or one denies it.
    Denied,
    /// Nobody could say, for this reason.
    Unknown(String),
}

/// An action of a plan with what IAM says to it. As far as IAM can tell: the simulation knows neither the policies of resources nor all that an
/// organization forbids. <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Permitted {
    /// `ecr:CreateRepository`
    pub action: String,
    /// The ARN it was asked on, where it is known beforehand.
    pub resource: Option<String>,
    /// Only needed to take the plan back.
    pub undo: bool,
    /// What IAM says.
    pub verdict: Verdict,
}

impl Permitted {
    /// What is needed, with a verdict.
    pub fn new(need: Need, verdict: Verdict) -> Self {
        Self { action: need.action, resource: need.resource, undo: need.undo, verdict }
    }
}

/// The ARN of what a call writes, when it does not come from an earlier step's answer.
pub(super) fn own_arn(call: &Call, scope: &Scope) -> String {
    match call.subject() {
        Subject::Ecr(subject) => ecr::arn::of(&subject, scope),
        Subject::EcrPublic(subject) => subject.arn(scope),
        Subject::Lambda(subject) => subject.arn(scope),
        Subject::Ecs(subject) => subject.arn(scope),
        Subject::Kms(subject) => subject.arn(scope),
    }
}

/// The same; one that an earlier step will give is that of what the earlier step writes.
fn arn(call: &Call, scope: &Scope, plan: &Plan) -> Option<String> {
    let arn = own_arn(call, scope);
    let earlier = pieces(&arn).into_iter().find_map(|piece| match piece {
        Piece::Reference { step, .. } => Some(step.to_owned()),
        Piece::Text(_) => None,
    });
    let Some(earlier) = earlier else { return Some(arn) };
    let step = plan.steps.iter().find(|step| step.id == earlier)?;
    let arn = own_arn(&step.call, &step.scope);
    (!arn.contains("${")).then_some(arn)
}

/// An action on something; one that is about the registry as a whole is on everything.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
fn need(action: &str, resource: Option<String>, undo: bool) -> Need {
    let resource = if action == "ecr:GetAuthorizationToken" { Some("*".to_owned()) } else { resource };
    Need { action: action.to_owned(), resource, undo }
}

/// What a call needs on what it writes.
fn of_call(plan: &Plan, scope: &Scope, call: &Call, before: Option<&Value>, undo: bool) -> Vec<Need> {
    let on = |action: &str| {
        // Of another service, such as the key's, nothing is known but the name.
        let own = action.split_once(':').is_some_and(|(service, _)| service == call.service());
        need(action, if own { arn(call, scope, plan) } else { None }, undo)
    };
    call.actions().into_iter().chain(call.actions_from(before)).map(on).collect()
}

/// What a plan needs in one account and region, each once; then what taking it back needs besides.
pub fn needs(plan: &Plan, scope: &Scope) -> Vec<Need> {
    let mut found: Vec<Need> = vec![];
    for step in &plan.steps {
        if step.scope == *scope {
            found.extend(of_call(plan, scope, &step.call, step.before.as_ref(), false));
        }
        if let Some(source) = step.call.source().filter(|source| source.scope == *scope) {
            found.extend(Source::ACTIONS.map(|action| need(action, Some(source.arn()), false)));
        }
    }
    for step in plan.steps.iter().filter(|step| step.scope == *scope) {
        if let Undo::Call(call) = &step.undo {
            // What the step leaves is mostly what it was told to.
            found.extend(of_call(plan, scope, call, Some(&step.call.input()), true));
        }
    }
    let mut all: Vec<Need> = vec![];
    for need in found {
        if !all.iter().any(|known| known.action == need.action && known.resource == need.resource) {
            all.push(need);
        }
    }
    all
}

/// The accounts and regions a plan calls, or reads from, in the order it comes to them.
pub fn scopes(plan: &Plan) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = vec![];
    for step in &plan.steps {
        for scope in [Some(step.scope.clone()), step.call.source().map(|source| source.scope)].into_iter().flatten() {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plan_needs_each_action_on_what_it_writes_once_and_the_undo_what_is_left() {
        let plan = crate::plan::tests::three_steps();
        let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/its";
        let found = needs(&plan, &plan.scope);
        assert!(found.iter().all(|need| need.resource.as_deref() == Some(arn)), "{found:?}");
        let names = |undo| found.iter().filter(|n| n.undo == undo).map(|n| n.action.as_str()).collect::<Vec<_>>();
        // TagResource is needed twice: with the repository, and for what refers to its ARN.
        assert_eq!(names(false), ["ecr:CreateRepository", "ecr:TagResource", "ecr:PutLifecyclePolicy"]);
        assert_eq!(names(true), ["ecr:DeleteRepository", "ecr:DeleteLifecyclePolicy", "ecr:UntagResource"]);
        let elsewhere = Scope::new("444455556666".parse().unwrap(), "eu-west-1".parse().unwrap());
        assert_eq!((needs(&plan, &elsewhere), scopes(&plan)), (vec![], vec![plan.scope.clone()]));
    }

    /// A copy of this image to the repository `its`.
    fn copy(source: &str, credentials: Option<&str>) -> Plan {
        let mut plan = crate::plan::tests::three_steps();
        plan.steps.truncate(1);
        let input = json!({ "source": source, "repositoryName": "its", "imageTag": "1", "imageDigest": "sha256:a",
            "sourceCredentials": credentials });
        let call = json!({ "service": "ecr", "operation": "CopyImage", "input": input });
        plan.steps[0].call = serde_json::from_value(call).unwrap();
        plan.steps[0].undo = Undo::Never("a test".into());
        plan
    }

    #[test]
    fn a_copy_out_of_ecr_needs_to_pull_where_its_image_is() {
        let its = "arn:aws:ecr:eu-west-1:111122223333:repository/its";
        let asked = |plan: &Plan, scope: &Scope| -> Vec<(String, String)> {
            needs(plan, scope).into_iter().map(|need| (need.action, need.resource.unwrap_or_default())).collect()
        };
        let image = "444455556666.dkr.ecr.us-east-1.amazonaws.com/base/web@sha256:a";
        let elsewhere = Scope::new("444455556666".parse().unwrap(), "us-east-1".parse().unwrap());
        let plan = copy(image, None);
        assert_eq!(scopes(&plan), [plan.scope.clone(), elsewhere.clone()]);
        let base = "arn:aws:ecr:us-east-1:444455556666:repository/base/web";
        let pull =
            [("ecr:GetAuthorizationToken", "*"), ("ecr:BatchGetImage", base), ("ecr:GetDownloadUrlForLayer", base)];
        assert_eq!(asked(&plan, &elsewhere), pull.map(|(action, on)| (action.to_owned(), on.to_owned())));
        let push = asked(&plan, &plan.scope);
        let on = |(action, on): &(String, String)| on == if action == "ecr:GetAuthorizationToken" { "*" } else { its };
        assert!(push.len() == 7 && push.iter().all(on), "{push:?}");
        let actions = plan.steps[0].actions();
        assert_eq!((actions.len(), actions.last()), (8, Some(&"ecr:GetDownloadUrlForLayer")));
        // From a repository beside it: the one token opens both.
        let beside = copy("111122223333.dkr.ecr.eu-west-1.amazonaws.com/base/web@sha256:a", None);
        assert_eq!((scopes(&beside), asked(&beside, &beside.scope).len()), (vec![beside.scope.clone()], 9));
        // Other registries do not ask IAM, and lent credentials are not Gantry's.
        for other in [copy("docker.io/library/nginx@sha256:a", None), copy(image, Some("0a1b"))] {
            assert_eq!((scopes(&other), asked(&other, &elsewhere)), (vec![other.scope.clone()], vec![]));
            assert_eq!((asked(&other, &other.scope).len(), other.steps[0].actions().len()), (7, 7));
        }
    }

    #[test]
    fn other_partitions_and_other_services_are_told_apart() {
        let mut plan = crate::plan::tests::three_steps();
        let china = Scope::new("111122223333".parse().unwrap(), "cn-north-1".parse().unwrap());
        plan.steps.truncate(1);
        plan.steps[0].scope = china.clone();
        let Call::Ecr(ecr::calls::Call::CreateRepository(create)) = &mut plan.steps[0].call else { panic!() };
        create.encryption_configuration =
            Some(ecr::Encryption { encryption_type: Some("KMS".into()), ..Default::default() });
        let found = needs(&plan, &china);
        assert_eq!(found[0].resource.as_deref(), Some("arn:aws-cn:ecr:cn-north-1:111122223333:repository/its"));
        assert!(found.iter().any(|n| n.action == "kms:CreateGrant" && n.resource.is_none()), "{found:?}");
    }
}
