//! What the names in a policy look like: operators, actions, principals. Each rule answers with the message beside the name.

use super::fits;
use crate::identity::{AccountId, clip};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

pub(super) fn known_operator(operator: &str) -> Result<(), String> {
    let lower = operator.to_ascii_lowercase();
    let alone = lower.strip_prefix("forallvalues:").or_else(|| lower.strip_prefix("foranyvalue:")).unwrap_or(&lower);
    let base = alone.strip_suffix("ifexists").filter(|base| *base != "null").unwrap_or(alone);
    if OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(base)) {
        return Ok(());
    }
    Err(format!(
        "“{}” is not a condition operator that is known here: they look like StringEquals, ArnLike or IpAddress.",
        clip(operator)
    ))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
pub(super) fn action(text: &str) -> Result<(), String> {
    let shaped = text.split_once(':').is_some_and(|(service, name)| {
        !service.is_empty()
            && service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"*?".contains(&b))
    });
    if shaped || text == "*" {
        return Ok(());
    }
    Err(format!("“{}” is not an action: they look like ecr:BatchGetImage or ecr:Describe*.", clip(text)))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
pub(super) fn aws(text: &str) -> Result<(), String> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let named = |rest: &str, sorts: &[&str]| {
        rest.split_once('/').is_some_and(|(sort, name)| sorts.contains(&sort) && !name.is_empty())
    };
    let right = match fields.as_slice() {
        ["*"] => true,
        // What AWS leaves of a user or role that was deleted:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
        [id] if fits("AIDA?*", id) || fits("AROA?*", id) => id.bytes().all(|b| b.is_ascii_alphanumeric()),
        [account] => AccountId::parse(account).is_ok(),
        ["arn", _, "iam" | "sts", _, _, rest] if rest.contains(['*', '?']) => {
            return Err(
                "AWS takes no wildcards in a principal: name the account, and narrow it by a Condition on aws:PrincipalArn."
                    .to_owned(),
            );
        }
        ["arn", _, "iam", _, _, rest] if rest.starts_with("group/") => {
            return Err("A group cannot be a principal: name its users, or a role.".to_owned());
        }
        ["arn", partition, "iam", "", account, rest] => {
            !partition.is_empty()
                && AccountId::parse(account).is_ok()
                && (*rest == "root" || named(rest, &["user", "role"]))
        }
        ["arn", partition, "sts", "", account, rest] => {
            !partition.is_empty()
                && AccountId::parse(account).is_ok()
                && named(rest, &["assumed-role", "federated-user"])
        }
        _ => false,
    };
    if right {
        return Ok(());
    }
    Err(format!(
        "“{}” is no account, user or role: write 111122223333 or arn:aws:iam::111122223333:role/deploy.",
        clip(text)
    ))
}

pub(super) fn service(text: &str) -> Result<(), String> {
    let shaped = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        && text.split('.').count() > 1
        && text.split('.').all(|part| !part.is_empty());
    if shaped {
        return Ok(());
    }
    Err(format!("“{}” is no service: they look like lambda.amazonaws.com.", clip(text)))
}

pub(super) fn federated(text: &str) -> Result<(), String> {
    let provider = text.splitn(6, ':').nth(5).is_some_and(|rest| {
        text.starts_with("arn:") && (rest.starts_with("saml-provider/") || rest.starts_with("oidc-provider/"))
    });
    if provider || service(text).is_ok() {
        return Ok(());
    }
    Err(format!(
        "“{}” is no identity provider: write arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com.",
        clip(text)
    ))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/finding-canonical-user-id.html>
pub(super) fn canonical(text: &str) -> Result<(), String> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(format!("“{}” is no canonical user id: it has 64 hexadecimal digits.", clip(text)))
}
