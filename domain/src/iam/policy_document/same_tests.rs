//! What AWS makes of a policy is the same policy; whatever says something else is another.

use super::*;
use crate::iam::policy_document::as_kept;
use serde_json::json;

/// A policy of one statement with these elements in place of a right one's; null takes one away.
fn with(elements: Value) -> Value {
    let mut statement = json!({ "Sid": "pull", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::444455556666:root" },
        "Action": "ecr:BatchGetImage" });
    for (name, value) in elements.as_object().unwrap() {
        match value {
            Value::Null => statement.as_object_mut().unwrap().remove(name),
            value => statement.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn are_same(a: &Value, b: &Value) -> bool {
    let (there, back) = (same(Some(a), Some(b)), same(Some(b), Some(a)));
    assert_eq!(there, back, "{a} {b}");
    there
}

#[test]
fn what_aws_rewrites_says_the_same() {
    let condition = |condition: Value| with(json!({ "Condition": condition }));
    let principal = |who: Value| with(json!({ "Principal": who }));
    let root = "arn:aws:iam::444455556666:root";
    for (a, b) in [
        (principal(json!({ "AWS": "444455556666" })), with(json!({}))),
        (principal(json!({ "AWS": ["444455556666"] })), with(json!({}))),
        (principal(json!({ "AWS": ["444455556666", root] })), with(json!({}))),
        (principal(json!({ "AWS": ["111122223333", root] })), principal(json!({ "AWS": [root, "111122223333"] }))),
        (principal(json!({ "AWS": "444455556666" })), principal(json!({ "AWS": "arn:aws-cn:iam::444455556666:root" }))),
        (principal(json!("*")), principal(json!({ "AWS": "*" }))),
        (principal(json!("*")), principal(json!({ "AWS": ["*"] }))),
        (
            with(json!({ "Principal": null, "NotPrincipal": { "AWS": "444455556666" } })),
            with(json!({ "Principal": null, "NotPrincipal": { "AWS": [root] } })),
        ),
        (
            principal(json!({ "Service": ["lambda.amazonaws.com"] })),
            principal(json!({ "Service": "lambda.amazonaws.com" })),
        ),
        (with(json!({ "Action": ["ecr:BatchGetImage"] })), with(json!({}))),
        (with(json!({ "Action": ["ecr:batchgetimage", "ECR:BatchGetImage"] })), with(json!({}))),
        (with(json!({ "Action": ["ecr:a", "ecr:b"] })), with(json!({ "Action": ["ecr:b", "ecr:a"] }))),
        (
            with(json!({ "Action": null, "NotAction": ["ecr:a"] })),
            with(json!({ "Action": null, "NotAction": "ecr:A" })),
        ),
        (with(json!({ "Resource": ["a", "b"] })), with(json!({ "Resource": ["b", "a", "b"] }))),
        (with(json!({ "NotResource": ["a"] })), with(json!({ "NotResource": "a" }))),
        (with(json!({ "Sid": "" })), with(json!({ "Sid": null }))),
        (condition(json!({})), with(json!({}))),
        (condition(json!({ "Bool": { "a:b": true } })), condition(json!({ "Bool": { "A:B": ["true"] } }))),
        (
            condition(json!({ "NumericLessThan": { "a:b": [1, "2"] } })),
            condition(json!({ "numericlessthan": { "a:b": ["2", 1] } })),
        ),
    ] {
        assert!(are_same(&a, &b), "{a} {b}");
    }
    let statement = with(json!({}))["Statement"][0].clone();
    let other = with(json!({ "Sid": "other" }))["Statement"][0].clone();
    let of = |statements: Value| json!({ "Version": "2012-10-17", "Statement": statements });
    assert!(are_same(&of(statement.clone()), &of(json!([statement]))));
    assert!(are_same(&of(json!([statement, other])), &of(json!([other, statement]))));
    let old = |version: Value| json!({ "Version": version, "Statement": statement });
    assert!(are_same(&old(json!("2008-10-17")), &json!({ "Statement": statement })));
    assert!(!are_same(&old(json!("2012-10-17")), &json!({ "Statement": statement })));
}

/// Policies that all say something else, without what would not change them: lists that are in another order, and the like.
fn different() -> Vec<Value> {
    let condition = |condition: Value| with(json!({ "Condition": condition }));
    let principal = |who: Value| with(json!({ "Principal": who }));
    let one = with(json!({}))["Statement"][0].clone();
    let deny = with(json!({ "Effect": "Deny" }))["Statement"][0].clone();
    vec![
        with(json!({})),
        with(json!({ "Sid": "Pull" })),
        with(json!({ "Sid": null })),
        with(json!({ "Effect": "Deny" })),
        with(json!({ "Effect": "allow" })),
        principal(json!("*")),
        principal(json!("444455556666")),
        principal(json!({})),
        principal(json!({ "AWS": [] })),
        principal(json!({ "AWS": "111122223333" })),
        principal(json!({ "AWS": ["*", "444455556666"] })),
        principal(json!({ "AWS": "44445555666" })),
        principal(json!({ "AWS": "arn:aws:iam::444455556666:role/root" })),
        principal(json!({ "AWS": "arn:aws:iam::444455556666:role/Root" })),
        principal(json!({ "AWS": "AROAEXAMPLEID12345678" })),
        principal(json!({ "AWS": 444_455_556_666_i64 })),
        principal(json!({ "Service": "444455556666" })),
        principal(json!({ "Service": "*" })),
        principal(json!({ "Federated": "444455556666" })),
        principal(json!({ "AWS": "444455556666", "Service": "lambda.amazonaws.com" })),
        with(json!({ "Principal": null, "NotPrincipal": { "AWS": "444455556666" } })),
        with(json!({ "Action": ["ecr:BatchGetImage", "ecr:PutImage"] })),
        with(json!({ "Action": "ecr:*" })),
        with(json!({ "Action": [] })),
        with(json!({ "Action": null, "NotAction": "ecr:BatchGetImage" })),
        with(json!({ "Resource": "a" })),
        with(json!({ "Resource": "A" })),
        with(json!({ "NotResource": "a" })),
        condition(json!({ "StringEquals": { "aws:a": "1" } })),
        condition(json!({ "StringEquals": { "aws:a": "2" } })),
        condition(json!({ "StringEquals": { "aws:a": ["1", "2"] } })),
        condition(json!({ "StringEquals": { "aws:b": "1" } })),
        condition(json!({ "StringEquals": { "aws:a": "1", "AWS:a": "2" } })),
        condition(json!({ "StringLike": { "aws:a": "1" } })),
        condition(json!({ "StringEqualsIfExists": { "aws:a": "1" } })),
        condition(json!({ "StringEquals": { "aws:a": "x" } })),
        condition(json!({ "StringEquals": { "aws:a": "X" } })),
        condition(json!({ "StringEquals": { "aws:ResourceTag/team": "x" } })),
        condition(json!({ "StringEquals": { "aws:ResourceTag/Team": "x" } })),
        condition(json!({ "StringEquals": { "aws:a": "1" }, "Bool": { "aws:b": true } })),
        json!({ "Version": "2012-10-17", "Id": "x", "Statement": one }),
        json!({ "Version": "2008-10-17", "Statement": one }),
        json!({ "Version": "2012-10-17", "Statement": [one, deny] }),
        json!({ "Version": "2012-10-17", "Statement": [] }),
        json!({ "Version": "2012-10-17" }),
        with(json!({ "Unknown": ["a", "b"] })),
        with(json!({ "Unknown": ["b", "a"] })),
        json!("no policy"),
        json!(null),
    ]
}

/// The same sequence for each seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, many: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % many
    }
    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// The same value in another way: with brackets or without, an entry twice, in another order.
fn listed(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Array(list) if list.len() == 1 && dice.one_in(2) => *value = list.remove(0),
        Value::Array(list) => {
            if !list.is_empty() && dice.one_in(3) {
                list.push(list[dice.below(list.len())].clone());
            }
            for n in (1..list.len()).rev() {
                list.swap(n, dice.below(n + 1));
            }
        }
        one if dice.one_in(2) => *one = json!([one.clone()]),
        _ => {}
    }
}

/// The same policy, written in another way.
fn rewritten(policy: &Value, dice: &mut Dice) -> Value {
    let mut policy = policy.clone();
    let Some(elements) = policy.as_object_mut() else { return policy };
    if dice.one_in(2) && elements.get("Version").is_some_and(|version| version == "2008-10-17") {
        elements.remove("Version");
    }
    let Some(statements) = elements.get_mut("Statement") else { return policy };
    let all = match &mut *statements {
        Value::Array(list) => list.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for statement in all {
        for name in ["Action", "NotAction", "Resource", "NotResource"] {
            if let Some(list) = statement.get_mut(name) {
                listed(list, dice);
            }
        }
        for name in ["Principal", "NotPrincipal"] {
            let Some(Value::Object(sorts)) = statement.get_mut(name) else { continue };
            for (sort, names) in sorts.iter_mut() {
                if sort == "AWS" && *names == "444455556666" && dice.one_in(2) {
                    *names = json!("arn:aws:iam::444455556666:root");
                }
                listed(names, dice);
            }
        }
        if let Some(Value::Object(operators)) = statement.get_mut("Condition") {
            for keys in operators.values_mut().filter_map(Value::as_object_mut) {
                keys.values_mut().for_each(|values| listed(values, dice));
            }
        }
    }
    listed(statements, dice);
    policy
}

#[test]
fn however_they_are_written_only_what_says_the_same_is_the_same() {
    let all = different();
    for seed in 1..=12_u64 {
        let dice = &mut Dice(seed);
        for (n, a) in all.iter().enumerate() {
            let other = rewritten(a, dice);
            assert!(are_same(a, &other) && are_same(a, &as_kept(&other)), "{seed}: {a} {other}");
            for b in &all[n + 1..] {
                let b = rewritten(b, dice);
                assert!(!are_same(&other, &b) && !are_same(&as_kept(&other), &b), "{seed}: {other} {b}");
            }
        }
    }
}

#[test]
fn accounts_of_other_partitions_are_others() {
    let of =
        |partition: &str| with(json!({ "Principal": { "AWS": format!("arn:{partition}:iam::444455556666:root") } }));
    assert!(!are_same(&of("aws"), &of("aws-cn")));
    let both = with(json!({ "Principal": { "AWS": ["444455556666", "arn:aws-cn:iam::111122223333:root"] } }));
    let other = with(json!({ "Principal": { "AWS": ["arn:aws:iam::444455556666:root", "111122223333"] } }));
    assert!(!are_same(&both, &other));
}

#[test]
fn no_policy_is_the_same_as_none_only() {
    let policy = with(json!({}));
    assert!(same(None, None) && !same(Some(&policy), None) && !same(None, Some(&policy)));
}
