//! Schedules on wire answers: which are read one by one, and what becomes of the others.

use super::*;
use crate::scripted::{Memory, caller};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const MODIFIED: f64 = 1_763_000_000.5;

/// As ListSchedules answers.
fn listed(name: &str) -> Value {
    json!({
        "Arn": format!("arn:aws:scheduler:eu-west-1:111122223333:schedule/default/{name}"), "GroupName": "default", "Name": name,
        "State": "ENABLED", "CreationDate": 1_700_000_000.0, "LastModificationDate": MODIFIED,
        "Target": {"Arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/batch"}
    })
}

/// As GetSchedule answers.
fn whole(name: &str) -> Value {
    let mut doc = listed(name);
    doc["ScheduleExpression"] = json!("rate(1 hour)");
    doc["FlexibleTimeWindow"] = json!({"Mode": "OFF"});
    let definition = "arn:aws:ecs:eu-west-1:111122223333:task-definition/etl:3";
    doc["Target"]["RoleArn"] = json!("arn:aws:iam::111122223333:role/run");
    doc["Target"]["EcsParameters"] = json!({"TaskDefinitionArn": definition});
    doc
}

/// Two pages of schedules `a` to `d`; `denied` may not be read, and `c` is deleted before it is.
fn scheduler(denied: &'static str, read: &Arc<Mutex<Vec<String>>>) -> Caller {
    let read = read.clone();
    caller(move |operation, _| {
        let Some((_, rest)) = operation.split_once("/schedules/") else {
            let second = operation.contains("NextToken=two");
            let (names, next) = if second { (["c", "d"], None) } else { (["a", "b"], Some("two")) };
            return (200, json!({"Schedules": names.map(listed), "NextToken": next}));
        };
        let name = rest.split('?').next().unwrap();
        read.lock().unwrap().push(name.to_owned());
        match name {
            "c" => (404, json!({"__type": "ResourceNotFoundException", "Message": "Schedule c does not exist."})),
            name if name == denied => (403, json!({"__type": "AccessDeniedException", "Message": "no"})),
            name => (200, whole(name)),
        }
    })
}

/// What a store says that has these schedules: whether they were read alone, and when they had been modified then.
fn memory(known: &[(&str, bool, &str)]) -> Memory {
    let mut memory = Memory::default();
    for (name, read, modified) in known {
        let id = format!("default/{name}");
        memory.known.insert(id.clone());
        if *read {
            memory.said.push(("Target.RoleArn", id.clone(), "arn:aws:iam::111122223333:role/run".into()));
        }
        memory.said.push(("LastModificationDate", id, (*modified).to_owned()));
    }
    memory
}

const SINCE: &str = "2025-11-13T02:13:20.500Z";
const EARLIER: &str = "2025-11-13T02:13:19.500Z";

fn sorted(read: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    let mut read = std::mem::take(&mut *read.lock().unwrap());
    read.sort();
    read
}

#[tokio::test]
async fn only_schedules_that_are_new_or_modified_are_read_one_by_one() {
    let read = Arc::default();
    // `a` is as it was, `b` was modified since; of `d` a list of before told.
    let feed = memory(&[("a", true, SINCE), ("b", true, EARLIER), ("d", false, SINCE)]);
    collect_schedules(&scheduler("", &read), &feed).await.unwrap();
    assert_eq!(sorted(&read), ["b", "c", "d"]);
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["default/b", "default/d"]);
    assert!(docs.values().all(|doc| doc["Target"]["EcsParameters"]["TaskDefinitionArn"].is_string()), "{docs:?}");
    assert_eq!(docs["default/b"]["LastModificationDate"], SINCE);
    assert_eq!(*feed.still.lock().unwrap(), ["default/a"]);
    assert_eq!(feed.complete(), ["*"]);
}

#[tokio::test]
async fn more_than_one_collect_may_read_are_said_to_wait_and_read_by_the_next() {
    let read = Arc::default();
    let feed = memory(&[("b", true, EARLIER)]);
    let problem = collect(&scheduler("", &read), &feed, 1).await.unwrap_err();
    assert!(problem.message.contains("Of 4 schedules 3 are new or were modified and were not read yet"), "{problem}");
    assert_eq!(sorted(&read), ["a"]);
    let docs = feed.docs();
    // Of `b` more is known than the list says; the others are there, and are read by the next collect.
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["default/a", "default/c", "default/d"]);
    assert_eq!(*feed.still.lock().unwrap(), ["default/b"]);
    assert_eq!(
        (&docs["default/d"]["State"], &docs["default/d"]["Target"]["RoleArn"]),
        (&json!("ENABLED"), &Value::Null)
    );
    assert_eq!(feed.complete(), ["*"], "all were listed");
}

#[tokio::test]
async fn a_schedule_that_may_not_be_read_keeps_what_is_known_of_it() {
    let read = Arc::default();
    let feed = memory(&[("a", true, EARLIER), ("b", true, SINCE), ("d", true, SINCE)]);
    let problem = collect_schedules(&scheduler("a", &read), &feed).await.unwrap_err();
    assert_eq!((problem.code, problem.iam_action.as_deref()), (Code::AwsDenied, Some("scheduler:GetSchedule")));
    assert_eq!((sorted(&read), feed.docs().len()), (vec!["a".to_owned(), "c".to_owned()], 0));
    let mut still = feed.still.lock().unwrap().clone();
    still.sort();
    assert_eq!(still, ["default/a", "default/b", "default/d"]);
}

#[tokio::test]
async fn a_schedule_that_somebody_wants_read_again_and_that_may_not_be_read_keeps_what_is_known_of_it() {
    let read = Arc::default();
    let mut feed = memory(&[("a", true, SINCE)]);
    // As a store leaves out what is to be read again.
    feed.known.remove("default/a");
    collect_schedules(&scheduler("a", &read), &feed).await.unwrap_err();
    assert!(sorted(&read).contains(&"a".to_owned()));
    assert!(!feed.docs().contains_key("default/a"));
    assert_eq!(*feed.still.lock().unwrap(), ["default/a"]);
}

#[test]
fn moments_are_compared_as_exactly_as_they_are_told() {
    assert!(same(Millis(1_500), Millis(1_500)) && same(Millis(1_000), Millis(1_500)));
    assert!(!same(Millis(1_400), Millis(1_500)) && !same(Millis(1_000), Millis(2_000)));
}
