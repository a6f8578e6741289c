//! A policy as AWS gives it back, for whatever stands in for AWS: the sandbox, and the cloud in memory that runs are tested against.

use serde_json::Value;

use crate::identity::AccountId;

/// The policy with accounts as the ARNs of their root users (in the partition `aws`), principals in the order of the alphabet, and each list of
/// one as its only entry.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts>
pub fn as_kept(policy: &Value) -> Value {
    let mut policy = policy.clone();
    if let Some(statements) = policy.get_mut("Statement") {
        each(statements, statement);
    }
    policy
}

/// Changes one, or those of a list.
fn each(value: &mut Value, change: fn(&mut Value)) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(change),
        one => change(one),
    }
}

/// A list of one without its brackets.
fn alone(value: &mut Value) {
    if let Value::Array(list) = value
        && list.len() == 1
    {
        *value = list.remove(0);
    }
}

fn account(name: &mut Value) {
    let arn = name.as_str().and_then(|name| AccountId::parse(name).ok()).map(|id| format!("arn:aws:iam::{id}:root"));
    if let Some(arn) = arn {
        *name = Value::String(arn);
    }
}

fn statement(statement: &mut Value) {
    for element in ["Principal", "NotPrincipal"] {
        let Some(Value::Object(sorts)) = statement.get_mut(element) else { continue };
        for (sort, names) in sorts {
            if sort == "AWS" {
                each(names, account);
            }
            if let Value::Array(list) = names {
                list.sort_by_cached_key(Value::to_string);
                list.dedup();
            }
            alone(names);
        }
    }
    for element in ["Action", "NotAction", "Resource", "NotResource"] {
        if let Some(list) = statement.get_mut(element) {
            alone(list);
        }
    }
    if let Some(Value::Object(operators)) = statement.get_mut("Condition") {
        for keys in operators.values_mut().filter_map(Value::as_object_mut) {
            keys.values_mut().for_each(alone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_is_given_back_as_aws_would_and_then_stays_so() {
        let typed = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "pull", "Effect": "Allow",
            "Principal": { "AWS": ["444455556666", "arn:aws:iam::111122223333:role/ci"], "Service": ["lambda.amazonaws.com"] },
            "Action": ["ecr:BatchGetImage"], "Condition": { "StringEquals": { "aws:SourceAccount": ["444455556666"] } } }] });
        let kept = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "pull", "Effect": "Allow",
            "Principal": { "AWS": ["arn:aws:iam::111122223333:role/ci", "arn:aws:iam::444455556666:root"],
                "Service": "lambda.amazonaws.com" },
            "Action": "ecr:BatchGetImage", "Condition": { "StringEquals": { "aws:SourceAccount": "444455556666" } } }] });
        assert_eq!(as_kept(&typed), kept);
        assert_eq!(as_kept(&kept), kept);
        for other in [json!("no policy"), json!({ "Statement": [] }), json!({ "Statement": { "Principal": "*" } })] {
            assert_eq!(as_kept(&other), other);
        }
    }
}
