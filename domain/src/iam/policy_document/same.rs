//! Whether two policies say the same. AWS gives none back as it was typed: an account's id becomes the ARN of its root user, a list of one
//! its only entry, lists and keys change their order. What is not known here to mean the same counts as different.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use serde_json::Value;
use std::collections::BTreeSet;

use super::Version;
use crate::identity::AccountId;

/// A part of a policy in the one form that all ways to write it share.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Null, a boolean or a number, as JSON writes it.
    Plain(String),
    Text(String),
    /// Its order counts.
    List(Vec<Form>),
    /// Neither order nor repetition counts.
    Set(BTreeSet<Form>),
    /// Keys with their values. Keys that AWS takes for the same may stand side by side, and none of them is dropped.
    Pairs(BTreeSet<(String, Form)>),
}

/// Whether two policies of a resource, as documents, say the same. No policy is the same as no policy.
pub fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            let partition = partition([a, b]);
            document(a, partition) == document(b, partition)
        }
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// One, or those of a list.
fn entries(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    }
}

/// The partition of accounts that are named by their id alone: that of those named in full, because a policy is of one partition.
fn partition(policies: [&Value; 2]) -> &str {
    let mut found = BTreeSet::new();
    for statement in policies.into_iter().flat_map(|policy| entries(&policy["Statement"])) {
        for element in ["Principal", "NotPrincipal"] {
            let names = entries(&statement[element]["AWS"]).iter().filter_map(Value::as_str);
            let in_full = names.filter_map(|name| name.strip_suffix(":root")?.strip_prefix("arn:"));
            found.extend(in_full.filter_map(|rest| rest.split(':').next()));
        }
    }
    found.first().copied().filter(|_| found.len() == 1).unwrap_or("aws")
}

/// What is there, to the letter.
fn exact(value: &Value) -> Form {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Form::Plain(value.to_string()),
        Value::String(text) => Form::Text(text.clone()),
        Value::Array(list) => Form::List(list.iter().map(exact).collect()),
        Value::Object(fields) => Form::Pairs(fields.iter().map(|(key, value)| (key.clone(), exact(value))).collect()),
    }
}

/// One text, or a list of them.
fn texts(value: &Value, spelled: impl Fn(&str) -> String) -> Form {
    let entry = |entry: &Value| match entry {
        Value::String(text) => Form::Text(spelled(text)),
        other => exact(other),
    };
    Form::Set(entries(value).iter().map(entry).collect())
}

fn document(policy: &Value, partition: &str) -> Form {
    let Value::Object(elements) = policy else { return exact(policy) };
    let element = |(name, value): (&String, &Value)| {
        let form = match name.as_str() {
            "Statement" => Form::Set(entries(value).iter().map(|s| statement(s, partition)).collect()),
            _ => exact(value),
        };
        (name.clone(), form)
    };
    let mut pairs: BTreeSet<(String, Form)> = elements.iter().map(element).collect();
    if !elements.contains_key("Version") {
        pairs.insert(("Version".to_owned(), Form::Text(Version::Y2008.as_str().to_owned())));
    }
    Form::Pairs(pairs)
}

fn statement(statement: &Value, partition: &str) -> Form {
    let Value::Object(elements) = statement else { return exact(statement) };
    let mut pairs = BTreeSet::new();
    for (name, value) in elements {
        let form = match name.as_str() {
            // Without a name or a condition is also what has an empty one.
            "Sid" if value == "" => continue,
            "Condition" if value.as_object().is_some_and(|operators| operators.is_empty()) => continue,
            "Principal" | "NotPrincipal" => principals(value, partition),
            // AWS does not mind the case of actions.
            "Action" | "NotAction" => texts(value, str::to_ascii_lowercase),
            "Resource" | "NotResource" => texts(value, str::to_owned),
            "Condition" => conditions(value),
            _ => exact(value),
        };
        pairs.insert((name.clone(), form));
    }
    Form::Pairs(pairs)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn principals(value: &Value, partition: &str) -> Form {
    let account = |name: &str| match AccountId::parse(name) {
        Ok(id) => format!("arn:{partition}:iam::{id}:root"),
        Err(_) => name.to_owned(),
    };
    match value {
        Value::String(text) if text == "*" => Form::Pairs([("AWS".to_owned(), texts(value, str::to_owned))].into()),
        Value::Object(sorts) => {
            let sort = |(sort, names): (&String, &Value)| {
                let names = if sort == "AWS" { texts(names, account) } else { texts(names, str::to_owned) };
                (sort.clone(), names)
            };
            Form::Pairs(sorts.iter().map(sort).collect())
        }
        other => exact(other),
    }
}

fn conditions(value: &Value) -> Form {
    let Value::Object(operators) = value else { return exact(value) };
    let operator = |(operator, keys): (&String, &Value)| {
        let keys = match keys {
            Value::Object(keys) => {
                Form::Pairs(keys.iter().map(|(key, values)| (known_as(key), values_of(values))).collect())
            }
            other => exact(other),
        };
        (operator.to_ascii_lowercase(), keys)
    };
    Form::Pairs(operators.iter().map(operator).collect())
}

/// AWS does not mind the case of a key. What follows a slash is a name that people chose, and is left as it is.
fn known_as(key: &str) -> String {
    match key.split_once('/') {
        Some((key, name)) => format!("{}/{name}", key.to_ascii_lowercase()),
        None => key.to_ascii_lowercase(),
    }
}

/// AWS takes numbers and booleans with and without quotes.
fn values_of(values: &Value) -> Form {
    let value = |value: &Value| match value {
        Value::Bool(_) | Value::Number(_) => Form::Text(value.to_string()),
        other => exact(other),
    };
    Form::Set(entries(values).iter().map(value).collect())
}

#[cfg(test)]
#[path = "same_tests.rs"]
mod tests;
