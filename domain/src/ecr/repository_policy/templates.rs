//! Ready-made statements, to be put into a policy of their own ([`Document::of`]) or added to one.
//!
//! [`Document::of`]: crate::iam::policy_document::Document::of

use super::PULL;
use crate::document::partition;
use crate::iam::policy_document::{Condition, Effect, Matches, Principal, PrincipalSort, Principals, Statement};
use crate::identity::{AccountId, Scope, clip};

/// What the statement of [`pull_for_accounts`] is called.
pub const ACCOUNTS: &str = "AllowPullFromAccounts";
/// What Lambda's statement of [`pull_for_lambda`] is called.
pub const LAMBDA: &str = "LambdaECRImageRetrievalPolicy";
/// What the statement is called that [`pull_for_lambda`] needs besides for other accounts.
pub const LAMBDA_ACCOUNTS: &str = "CrossAccountPermission";
/// What the statement of [`pull_for_organization`] is called.
pub const ORGANIZATION: &str = "AllowPullFromOrganization";

/// Other accounts may pull; each decides by IAM who in it may.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>
pub fn pull_for_accounts(scope: &Scope, accounts: &[AccountId]) -> Result<Vec<Statement>, String> {
    Ok(vec![pull(ACCOUNTS, whole(scope, accounts)?, None)])
}

/// Lambda may pull for functions of these accounts in the repository's region. What is not the repository's own account also needs the
/// right to pull itself, to create the function.
/// <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html>
pub fn pull_for_lambda(scope: &Scope, accounts: &[AccountId]) -> Result<Vec<Statement>, String> {
    whole(scope, accounts)?;
    let partition = partition(&scope.region);
    let functions =
        accounts.iter().map(|id| format!("arn:{partition}:lambda:{}:{id}:function:*", scope.region)).collect();
    let lambda = Principal { sort: PrincipalSort::Service, name: "lambda.amazonaws.com".to_owned() };
    let of_these = condition("StringLike", "aws:SourceArn", functions);
    let mut statements = vec![pull(LAMBDA, Principals::These(vec![lambda]), Some(of_these))];
    let others: Vec<AccountId> = accounts.iter().filter(|id| **id != scope.account).cloned().collect();
    if !others.is_empty() {
        statements.insert(0, pull(LAMBDA_ACCOUNTS, whole(scope, &others)?, None));
    }
    Ok(statements)
}

/// Everybody in an organization may pull, as far as IAM in their account lets them. Services such as Lambda are not in an
/// organization: they need [`pull_for_lambda`].
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid>
pub fn pull_for_organization(id: &str) -> Result<Vec<Statement>, String> {
    organization(id)?;
    let members = condition("StringEquals", "aws:PrincipalOrgID", vec![id.to_owned()]);
    Ok(vec![pull(ORGANIZATION, Principals::Everyone, Some(members))])
}

/// These roles of other accounts may pull: for ECS, the tasks' execution roles. Their own policies need `ecr:GetAuthorizationToken`
/// and the same actions.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>
pub fn pull_for_roles(arns: &[&str]) -> Result<Vec<Statement>, String> {
    if arns.is_empty() {
        return Err(format!("Name at least one role, such as {ROLE}."));
    }
    if let Some(wrong) = arns.iter().find(|arn| !is_role(arn)) {
        return Err(format!("“{}” is not the ARN of a role: it looks like {ROLE}.", clip(wrong)));
    }
    let roles = arns.iter().map(|arn| Principal { sort: PrincipalSort::Aws, name: (*arn).to_owned() });
    Ok(vec![pull("AllowPullFromTasks", Principals::These(roles.collect()), None)])
}

/// The id of an organization: `o-` and 10 to 32 small letters and digits.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>
pub fn organization(id: &str) -> Result<(), String> {
    let right = id.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    if right {
        return Ok(());
    }
    Err(format!("“{}” is not the id of an organization: it looks like o-exampleorgid.", clip(id)))
}

const ROLE: &str = "arn:aws:iam::111122223333:role/ecsTaskExecutionRole";

fn is_role(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(fields.as_slice(), ["arn", partition, "iam", "", account, rest]
        if !partition.is_empty()
            && AccountId::parse(account).is_ok()
            && rest.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.contains(['*', '?', ' '])))
}

fn whole(scope: &Scope, accounts: &[AccountId]) -> Result<Principals, String> {
    if accounts.is_empty() {
        return Err("Name at least one account, such as 111122223333.".to_owned());
    }
    let partition = partition(&scope.region);
    Ok(Principals::These(accounts.iter().map(|id| Principal::account(partition, id)).collect()))
}

fn condition(operator: &str, key: &str, values: Vec<String>) -> Condition {
    Condition { operator: operator.to_owned(), key: key.to_owned(), values }
}

fn pull(sid: &str, principals: Principals, condition: Option<Condition>) -> Statement {
    Statement {
        sid: Some(sid.to_owned()),
        effect: Effect::Allow,
        principals: Matches::Only(principals),
        actions: Matches::Only(PULL.iter().map(|action| format!("ecr:{action}")).collect()),
        resources: None,
        conditions: condition.into_iter().collect(),
    }
}
