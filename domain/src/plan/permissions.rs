//! What a plan needs to be allowed to do, on what; and what IAM says to that before anything is sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reference::{Piece, pieces};
use super::{Call, Plan, Subject, Undo};
use crate::ecr;
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
fn own_arn(call: &Call, scope: &Scope) -> String {
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

/// What a plan needs in one account and region, each once; then what taking it back needs besides.
pub fn needs(plan: &Plan, scope: &Scope) -> Vec<Need> {
    let mut all: Vec<Need> = vec![];
    let mut add = |call: &Call, before: Option<&Value>, undo: bool| {
        for action in call.actions().into_iter().chain(call.actions_from(before)) {
            // Of another service, such as the key's, nothing is known but the name.
            let own = action.split_once(':').is_some_and(|(service, _)| service == call.service());
            let resource = if own { arn(call, scope, plan) } else { None };
            let need = Need { action: action.to_owned(), resource, undo };
            if !all.iter().any(|known| known.action == need.action && known.resource == need.resource) {
                all.push(need);
            }
        }
    };
    let steps = || plan.steps.iter().filter(|step| step.scope == *scope);
    steps().for_each(|step| add(&step.call, step.before.as_ref(), false));
    for step in steps() {
        if let Undo::Call(call) = &step.undo {
            // What the step leaves is mostly what it was told to.
            add(call, Some(&step.call.input()), true);
        }
    }
    all
}

/// The accounts and regions a plan calls, in the order it comes to them.
pub fn scopes(plan: &Plan) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = vec![];
    for step in &plan.steps {
        if !scopes.contains(&step.scope) {
            scopes.push(step.scope.clone());
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

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
