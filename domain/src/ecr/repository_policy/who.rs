//! Principals in words: "Account 111122223333", "AWS Lambda", "Role deploy of this account".

use crate::iam::policy_document::{Principal, PrincipalSort};
use crate::identity::AccountId;

/// Services that pull images, what they are called and for whose sake they do it.
const SERVICES: &[(&str, &str, &str)] = &[
    ("batch", "AWS Batch", "jobs"),
    ("build.apprunner", "AWS App Runner", "services"),
    ("codebuild", "AWS CodeBuild", "projects"),
    ("ecs", "Amazon ECS", "services"),
    ("ecs-tasks", "Amazon ECS tasks", "tasks"),
    ("inspector2", "Amazon Inspector", "scans"),
    ("lambda", "AWS Lambda", "functions"),
    ("omics", "AWS HealthOmics", "workflows"),
    ("sagemaker", "Amazon SageMaker AI", "resources"),
];

fn service(name: &str) -> Option<&(&'static str, &'static str, &'static str)> {
    let short = name.strip_suffix(".cn").unwrap_or(name).strip_suffix(".amazonaws.com")?;
    SERVICES.iter().find(|(known, _, _)| *known == short)
}

/// What a service acts for: "functions" of Lambda, "resources" of one that is not known.
pub(super) fn noun(principal: &Principal) -> &'static str {
    service(&principal.name).map_or("resources", |(_, _, noun)| noun)
}

/// "account 111122223333", or "this account".
pub(super) fn account(id: &str, own: &AccountId) -> String {
    if id == own.as_str() { "this account".to_owned() } else { format!("account {id}") }
}

/// Who it is, as in the middle of a sentence.
pub(in crate::ecr) fn named(principal: &Principal, own: &AccountId) -> String {
    let name = &principal.name;
    match principal.sort {
        PrincipalSort::Service => match service(name) {
            Some((_, said, _)) => (*said).to_owned(),
            None => format!("the service {name}"),
        },
        PrincipalSort::Federated => format!("people signed in through {name}"),
        PrincipalSort::CanonicalUser => format!("the account with the canonical id {name}"),
        PrincipalSort::Aws => match principal.in_account() {
            Some(id) if principal.is_account() => account(id, own),
            Some(id) => format!("{} of {}", member(name.splitn(6, ':').nth(5).unwrap_or_default()), account(id, own)),
            None if principal.is_everyone() => "everybody".to_owned(),
            None => format!("a deleted user or role ({name})"),
        },
    }
}

/// Somebody in an account, by the last field of the ARN: `role/ci` → "role ci".
fn member(resource: &str) -> String {
    let (sort, name) = resource.split_once('/').unwrap_or(("", resource));
    match (sort, name.split_once('/')) {
        ("assumed-role", Some((role, session))) => format!("session {session} of role {role}"),
        ("federated-user", _) => format!("federated user {name}"),
        _ => format!("{sort} {name}"),
    }
}

/// The same at the start of a sentence.
pub(in crate::ecr) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
