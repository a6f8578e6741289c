//! Paging and failures of rules and their targets.

use domain::Code;
use serde_json::{Value, json};

use super::*;
use crate::scripted::{Memory, caller};

/// Two buses over two pages; the second has a rule with two pages of targets.
fn events(operation: &str, input: &Value) -> (u16, Value) {
    let bus = input["EventBusName"].as_str();
    let token = input["NextToken"].as_str();
    match (operation, bus, token) {
        ("ListEventBuses", _, None) => (200, json!({"EventBuses": [{"Name": "default"}], "NextToken": "b"})),
        ("ListEventBuses", _, Some("b")) => (200, json!({"EventBuses": [{"Name": "shop"}]})),
        ("ListRules", Some("default"), None) => (
            200,
            json!({"Rules": [{"Name": "nightly", "ScheduleExpression": "rate(1 day)", "State": "ENABLED"}], "NextToken": "r"}),
        ),
        ("ListRules", Some("default"), Some("r")) => (200, json!({"Rules": [{"Name": "broken", "State": "ENABLED"}]})),
        ("ListRules", Some("shop"), None) => {
            (200, json!({"Rules": [{"Name": "orders", "State": "DISABLED", "EventBusName": "shop"}]}))
        }
        ("ListTargetsByRule", _, _) if input["Rule"] == "broken" => (
            400,
            json!({"__type": "AccessDeniedException", "message": "User: x is not authorized to perform: events:ListTargetsByRule on resource: arn:r because no"}),
        ),
        ("ListTargetsByRule", _, None) => (
            200,
            json!({"Targets": [{"Id": "2", "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:f", "Input": "{\"password\":\"hunter2\"}"}], "NextToken": "t"}),
        ),
        ("ListTargetsByRule", _, Some("t")) => {
            (200, json!({"Targets": [{"Id": "1", "Arn": "arn:aws:sqs:eu-west-1:111122223333:q"}]}))
        }
        other => panic!("not expected: {other:?}"),
    }
}

#[tokio::test]
async fn rules_of_all_buses_come_with_all_their_targets_and_no_secret() {
    let feed = Memory::default();
    let problem = collect_rules(&caller(events), &feed).await.unwrap_err();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["default/broken", "default/nightly", "shop/orders"]);
    let targets = docs["default/nightly"]["gantry:targets"].as_array().unwrap();
    assert_eq!(targets.iter().map(|t| &t["Id"]).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(targets[1]["Input"]["gantry:length"], 22);
    assert!(!format!("{docs:?}").contains("hunter2"));
    // All rules were listed: none of them is gone only because the targets of one may not be read.
    assert_eq!(feed.complete(), ["*"]);
    assert_eq!((problem.code, problem.iam_action.as_deref()), (Code::AwsDenied, Some("events:ListTargetsByRule")));
    assert_eq!(docs["default/broken"].get("gantry:targets"), None);
}

#[tokio::test]
async fn a_bus_that_cannot_be_read_keeps_its_rules_and_the_others_go_on() {
    // The last is of a partner's bus that is no longer there.
    let known = ["default/nightly", "shop/orders", "shop/deleted", "aws.partner/acme/events/deleted"];
    let said = known.map(|id| ("Name", id.to_owned(), id.rsplit('/').next().unwrap().to_owned())).into();
    let feed = Memory { said, ..Memory::default() };
    let denied = |operation: &str, input: &Value| match (operation, input["EventBusName"].as_str()) {
        ("ListRules", Some("default")) => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        _ => events(operation, input),
    };
    let problem = collect_rules(&caller(denied), &feed).await.unwrap_err();
    assert_eq!((problem.code, problem.iam_action.as_deref()), (Code::AwsDenied, Some("events:ListRules")));
    assert_eq!(feed.docs().keys().collect::<Vec<_>>(), ["shop/orders"]);
    assert!(feed.complete().is_empty());
    // All that is known of the others, so that what was not delivered goes; nothing of the one that could not be read.
    assert_eq!(feed.complete_of(), ["aws.partner/acme/events/deleted", "shop/deleted", "shop/orders"]);
}

#[tokio::test]
async fn a_bus_whose_list_breaks_off_halfway_keeps_its_rules_too() {
    let said = ["default/nightly", "default/second"].map(|id| ("Name", id.to_owned(), "n".to_owned())).into();
    let feed = Memory { said, ..Memory::default() };
    let broken = |operation: &str, input: &Value| match (operation, input["NextToken"].as_str()) {
        ("ListRules", Some("r")) => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        _ => events(operation, input),
    };
    collect_rules(&caller(broken), &feed).await.unwrap_err();
    assert_eq!(feed.docs().keys().collect::<Vec<_>>(), ["default/nightly", "shop/orders"]);
    assert_eq!((feed.complete(), feed.complete_of()), (vec![], vec![]));
}
