//! KMS's calls of plans on wire answers.

use super::*;
use crate::scripted::caller;
use domain::Millis;
use domain::kms::calls::Call;
use domain::kms::subject::Subject;
use domain::plan::sweep::Origin;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-west-1:111122223333:key/{id}")
}

/// A place with a key that has an alias and two that have none, of which the second is this run's.
fn place(operation: &str, input: &Value) -> (u16, Value) {
    match operation {
        "ListAliases" => {
            let alias = |name: &str, key: &str| json!({ "AliasName": name, "TargetKeyId": key });
            (200, json!({ "Aliases": [alias("alias/shop", "named"), alias("alias/aws/ecr", "managed")] }))
        }
        "ListKeys" => {
            let keys = ["named", "managed", "other", "own"];
            (200, json!({ "Keys": keys.map(|id| json!({ "KeyId": id, "KeyArn": arn(id) })) }))
        }
        "ListResourceTags" => {
            let run = match input["KeyId"].as_str().unwrap() {
                "own" => "r1",
                "other" => "r0",
                other => panic!("{other} was asked for its tags"),
            };
            (200, json!({ "Tags": [{ "TagKey": "gantry:run", "TagValue": run }], "Truncated": false }))
        }
        "DescribeKey" => {
            let id = input["KeyId"].as_str().unwrap();
            let metadata = json!({ "KeyId": id, "Arn": arn(id), "Description": "d", "KeyState": "Enabled" });
            (200, json!({ "KeyMetadata": metadata }))
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_key_of_a_run_is_found_by_its_tag_among_those_without_an_alias_first() {
    let caller = caller(place);
    let own = read(&caller, &Subject::NewKey { run: "r1".into() }).await.unwrap();
    let state = json!({ "KeyId": "own", "Arn": arn("own"), "Description": "d", "KeyState": "Enabled" });
    assert_eq!(own, Some(state));
    // Its undo reads the same.
    assert_eq!(read(&caller, &Subject::Key { key: "own".into() }).await.unwrap(), own);
    let alias = |alias: &str| Subject::Alias { alias: alias.into() };
    let there = json!({ "AliasName": "alias/shop", "TargetKeyId": "named" });
    assert_eq!(read(&caller, &alias("alias/shop")).await.unwrap(), Some(there));
    assert_eq!(read(&caller, &alias("alias/other")).await.unwrap(), None);
}

#[tokio::test]
async fn before_there_is_a_run_no_key_is_asked_for() {
    let caller = caller(|operation, _| panic!("{operation}"));
    assert_eq!(read(&caller, &Subject::NewKey { run: "${run.id}".into() }).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_that_nobody_may_look_at_is_not_taken_for_absent() {
    let caller = caller(|operation, input| match (operation, input["KeyId"].as_str()) {
        ("ListResourceTags", Some("other")) => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
        ("ListResourceTags", _) => (200, json!({ "Tags": [], "Truncated": false })),
        _ => place(operation, input),
    });
    let problem = read(&caller, &Subject::NewKey { run: "r1".into() }).await.unwrap_err();
    assert_eq!(problem.code, Code::AwsDenied);
}

/// Seven keys: two of a run's step, one of them on its way out; one of the step of another plan, one that got the tags later, one of nobody, one
/// that AWS manages and one whose policy lets nobody look.
fn keys(operation: &str, input: &Value) -> (u16, Value) {
    let id = input["KeyId"].as_str().unwrap_or_default();
    match operation {
        "ListAliases" => {
            let alias = |name: &str, key: &str| json!({ "AliasName": name, "TargetKeyId": key });
            (200, json!({ "Aliases": [alias("alias/shop", "first"), alias("alias/aws/ecr", "managed")] }))
        }
        "ListKeys" if input["Marker"] == "more" => {
            let keys = ["copied", "nobody", "locked", "managed"];
            (200, json!({ "Keys": keys.map(|id| json!({ "KeyId": id, "KeyArn": arn(id) })) }))
        }
        "ListKeys" => {
            let keys = ["first", "second", "other"].map(|id| json!({ "KeyId": id, "KeyArn": arn(id) }));
            (200, json!({ "Keys": keys, "Truncated": true, "NextMarker": "more" }))
        }
        "ListResourceTags" if id == "locked" => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
        "ListResourceTags" => {
            let (run, step) = match id {
                "first" | "second" | "copied" => ("r1", "key"),
                "other" => ("r1", "another"),
                "nobody" => return (200, json!({ "Tags": [], "Truncated": false })),
                other => panic!("{other} was asked for its tags"),
            };
            let tag = |key: &str, value: &str| json!({ "TagKey": key, "TagValue": value });
            (200, json!({ "Tags": [tag("gantry:run", run), tag("gantry:step", step)], "Truncated": false }))
        }
        "DescribeKey" => {
            let state = if id == "second" { "PendingDeletion" } else { "Enabled" };
            let created = if id == "copied" { 9_000.0 } else { 100.0 };
            (200, json!({ "KeyMetadata": { "KeyId": id, "Arn": arn(id), "KeyState": state, "CreationDate": created } }))
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn all_keys_that_a_step_created_are_found_on_every_page() {
    let tag = |name: &str| Some(if name == "gantry:run" { "r1" } else { "key" }.to_owned());
    let (origin, window) = (Origin::of(tag).unwrap(), Millis(50_000)..=Millis(400_000));
    let found = all_created(&caller(keys), &origin, &window).await.unwrap();
    let mut found: Vec<_> =
        found.iter().map(|key| (key["KeyId"].as_str().unwrap(), key["KeyState"].as_str().unwrap())).collect();
    found.sort_unstable();
    assert_eq!(found, [("first", "Enabled"), ("second", "PendingDeletion")]);
    // Where none of them is known, the one that cannot be looked at may be it.
    let strange = Origin::of(|_| Some("r9".to_owned())).unwrap();
    assert_eq!(all_created(&caller(keys), &strange, &window).await.unwrap_err().code, Code::AwsDenied);
}

#[tokio::test]
async fn a_sweep_finds_the_keys_of_runs_that_are_not_on_their_way_out() {
    let found = marked(&caller(keys)).await.unwrap();
    let mut found: Vec<_> = found.iter().map(|m| (m.arn.clone(), m.run.as_str(), m.step.as_str())).collect();
    found.sort_unstable();
    let wanted = [("copied", "key"), ("first", "key"), ("other", "another")];
    assert_eq!(found, wanted.map(|(id, step)| (arn(id), "r1", step)));
    // Whoever may look at none knows nothing.
    let denied = caller(|operation, input| match operation {
        "ListResourceTags" => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
        _ => keys(operation, input),
    });
    assert_eq!(marked(&denied).await.unwrap_err().code, Code::AwsDenied);
}

#[tokio::test]
async fn calls_are_sent_once_as_they_were_reviewed() {
    let calls = [
        json!({ "operation": "CreateKey", "input": { "Description": "d", "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT", "Tags": [{ "TagKey": "gantry:run", "TagValue": "r1" }] } }),
        json!({ "operation": "CreateAlias", "input": { "AliasName": "alias/a", "TargetKeyId": "1a" } }),
        json!({ "operation": "DeleteAlias", "input": { "AliasName": "alias/a" } }),
        json!({ "operation": "ScheduleKeyDeletion", "input": { "KeyId": "1a", "PendingWindowInDays": 7 } }),
    ];
    let sent = Arc::new(Mutex::new(vec![]));
    let seen = sent.clone();
    let caller = caller(move |operation, input| {
        seen.lock().unwrap().push(json!({ "operation": operation, "input": input }));
        (500, json!({ "__type": "KMSInternalException" }))
    });
    for call in &calls {
        let call: Call = serde_json::from_value(call.clone()).unwrap();
        assert_eq!(make(&caller, &call).await.unwrap_err().code, Code::AwsUnreachable);
    }
    assert_eq!(*sent.lock().unwrap(), calls);
}
