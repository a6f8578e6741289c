//! Words that name regions and accounts, among names that have them as well.

use domain::resource::Observed;
use serde_json::json;

use super::*;
use crate::inventory::tests::{function, scopes, table};

/// 111122223333 is prod, 444455556666 staging.
fn accounts() -> Vec<(AccountId, String)> {
    vec![(scopes()[0].account.clone(), "prod".to_owned()), (scopes()[2].account.clone(), "Staging".to_owned())]
}

fn queue(scope: usize, name: &str) -> Observed {
    let Scope { account, region } = &scopes()[scope];
    let doc = json!({"QueueUrl": format!("https://sqs.{region}.amazonaws.com/{account}/{name}"),
        "QueueArn": format!("arn:aws:sqs:{region}:{account}:{name}")});
    Observed { key: ResourceKey::new(Kind::Queue, scopes()[scope].clone(), name).unwrap(), doc }
}

/// Each hit as kind, name and number of its scope, and what is said of where it matched.
fn found(text: &str) -> Vec<(String, Option<String>)> {
    let functions = vec![
        function(0, "orders", json!({})),
        function(1, "orders", json!({})),
        function(1, "orders-api", json!({})),
        function(2, "orders", json!({})),
        function(2, "orders-prod", json!({})),
        function(2, "copy", json!({"Tags": {"from": "prod", "team": "orders"}})),
        function(0, "thumbnailer", json!({})),
    ];
    let functions = table(Kind::Function, functions);
    let queues = table(Kind::Queue, vec![queue(1, "orders"), queue(2, "mails")]);
    let hits = search(&[&queues, &functions], &scopes(), &accounts(), text, 20);
    let spoken = |hit: Hit| {
        let scope = scopes().iter().position(|s| *s == hit.key.scope).unwrap();
        (format!("{} {} {scope}", hit.key.kind.singular(), hit.name), hit.matched)
    };
    hits.into_iter().map(spoken).collect()
}

fn names(text: &str) -> Vec<String> {
    found(text).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_region_narrows_every_kind_and_the_exact_name_comes_first() {
    let there =
        ["function orders 1", "queue orders 1", "function orders-api 1"].map(|hit| (hit.to_owned(), None::<String>));
    for typed in ["orders us-east-1", "us-east-1 orders", "ORDERS us-e"] {
        assert_eq!(found(typed), there, "{typed}");
    }
    assert_eq!(names("oders-api us-east-1"), ["function orders-api 1"], "with a typo beside it");
    assert_eq!(names("queue us-east-1"), ["queue orders 1"]);
    assert_eq!(names("fucntion us-east-1"), ["function orders 1", "function orders-api 1"]);
    assert_eq!(names("thumbnailer us-east-1"), [""; 0]);
}

#[test]
fn an_account_narrows_by_name_or_id_together_with_a_region() {
    assert_eq!(names("orders staging"), ["function orders 2", "function orders-prod 2", "function copy 2"]);
    assert_eq!(names("orders 444455556666")[0], "function orders 2");
    assert_eq!(names("orders prod eu-west-1")[0], "function orders 0");
    assert_eq!(names("orders staging us-east-1"), [""; 0]);
    assert_eq!(names("orders us"), [""; 0], "too short to say where");
    let staging = ["function copy 2", "function orders 2", "function orders-prod 2", "queue mails 2"];
    assert_eq!(names("staging"), staging, "all that is there");
}

#[test]
fn what_has_the_name_of_an_account_is_found_by_it_elsewhere_too() {
    let hits = found("orders prod");
    let place = |name: &str| hits.iter().position(|(hit, _)| hit == name);
    assert_eq!(place("function orders 0"), Some(0));
    assert!(place("function orders-prod 2").is_some(), "{hits:?}");
    let tagged = hits.iter().find(|(hit, _)| hit == "function copy 2").unwrap();
    assert!(tagged.1.is_some(), "said where");
    assert_eq!(place("function orders 2"), None);
    assert_eq!(names("prod")[..2], ["function orders-prod 2", "function copy 2"], "alone it is a name first");
    assert_eq!(names("prod eu-west-1")[..2], ["function orders-prod 2", "function copy 2"]);
    assert_eq!(names("pro"), ["function orders-prod 2", "function copy 2"], "its beginning lists nothing more");
}
