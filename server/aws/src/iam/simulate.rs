//! Asks IAM what it would say to an action, for whoever the caller's credentials belong to.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType as Decision};
use domain::plan::permissions::{Need, Verdict};
use domain::{Code, Problem};
use std::collections::BTreeMap;

use crate::{Bucket, Caller, Pages};

const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// Whose policies IAM can be asked about.
#[derive(Debug, PartialEq)]
enum Principal<'a> {
    /// A user, by ARN.
    User(&'a str),
    /// A role, by name: the ARN of its session leaves out the path.
    Role(&'a str),
    /// Nobody it simulates for, and why.
    Other(&'static str),
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
fn principal(arn: &str) -> Principal<'_> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match (service, resource.split_once('/')) {
        ("sts", Some(("assumed-role", rest))) => Principal::Role(rest.split('/').next().unwrap_or(rest)),
        ("iam", Some(("user", _))) => Principal::User(arn),
        ("iam", None) if resource == "root" => {
            Principal::Other("These are credentials of the account's root user, for whom IAM does not simulate.")
        }
        _ => Principal::Other("These are neither a user's nor a role's credentials, and IAM simulates for no others."),
    }
}

/// The verdict on each of these, in their order.
pub(crate) async fn permitted(caller: &Caller, needs: &[Need]) -> Result<Vec<Verdict>, Problem> {
    let request = caller.clients().sts().get_caller_identity().send();
    let identity = caller.call(Bucket::Sts, "sts:GetCallerIdentity", None, request).await?;
    let arn = identity.arn().unwrap_or_default();
    let source = match principal(arn) {
        Principal::User(arn) => arn.to_owned(),
        Principal::Role(name) => role(caller, name).await?,
        Principal::Other(why) => return Ok(vec![Verdict::Unknown(why.to_owned()); needs.len()]),
    };
    let mut verdicts = vec![Verdict::Unknown("IAM said nothing about it.".to_owned()); needs.len()];
    // Of several resources in one question only the least common denominator would be told.
    let mut by_resource: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (n, need) in needs.iter().enumerate() {
        by_resource.entry(need.resource.as_deref()).or_default().push(n);
    }
    for (resource, places) in by_resource {
        let actions: Vec<String> = places.iter().map(|n| needs[*n].action.clone()).collect();
        for result in simulate(caller, &source, resource, actions).await? {
            let asked = places.iter().filter(|n| needs[**n].action.eq_ignore_ascii_case(&result.eval_action_name));
            for n in asked {
                verdicts[*n] = verdict(&result, resource.is_some());
            }
        }
    }
    Ok(verdicts)
}

/// A role's ARN with its path.
async fn role(caller: &Caller, name: &str) -> Result<String, Problem> {
    let request = caller.clients().iam().get_role().role_name(name);
    let answer = caller.call(Bucket::Iam, "iam:GetRole", Some(name), request.send()).await?;
    let arn = answer.role.map(|role| role.arn).filter(|arn| !arn.is_empty());
    arn.ok_or_else(|| Problem::new(Code::AwsRejected, "No such role", format!("IAM told nothing of the role {name}.")))
}

async fn simulate(
    caller: &Caller,
    source: &str,
    resource: Option<&str>,
    actions: Vec<String>,
) -> Result<Vec<EvaluationResult>, Problem> {
    let mut all = vec![];
    let mut pages = Pages::new(SIMULATE);
    while let Some(marker) = pages.next() {
        let request = caller
            .clients()
            .iam()
            .simulate_principal_policy()
            .policy_source_arn(source)
            .set_action_names(Some(actions.clone()))
            .set_resource_arns(resource.map(|arn| vec![arn.to_owned()]))
            .set_marker(marker);
        let page = caller.call(Bucket::Iam, SIMULATE, Some(source), request.send()).await?;
        all.extend(page.evaluation_results.unwrap_or_default());
        pages.then(page.marker.filter(|_| page.is_truncated))?;
    }
    Ok(all)
}

/// `known`: asked on what it will be done to, not on everything.
fn verdict(result: &EvaluationResult, known: bool) -> Verdict {
    let missing = result.missing_context_values();
    match &result.eval_decision {
        Decision::Allowed => Verdict::Allowed,
        Decision::ExplicitDeny | Decision::ImplicitDeny if !missing.is_empty() => {
            Verdict::Unknown(format!("It depends on what only the call itself tells: {}.", missing.join(", ")))
        }
        Decision::ImplicitDeny if !known => Verdict::Unknown(
            "It is not allowed on everything; whether it is on this resource can only be asked once that is known."
                .to_owned(),
        ),
        Decision::ExplicitDeny | Decision::ImplicitDeny => Verdict::Denied,
        other => Verdict::Unknown(format!("IAM answered “{}”, which Gantry does not know.", other.as_str())),
    }
}

#[cfg(test)]
#[path = "simulate_tests.rs"]
mod tests;
