//! What is deleted when, and what never is.

use domain::resource::Observed;
use domain::services::HistoryQuery;
use domain::{Kind, Millis, ResourceKey};
use gantry_store::Store;
use gantry_store::batch::Source;
use gantry_store::changes::Notice;
use gantry_store::prune::{Keep, Pruned};
use gantry_store::testing::TestStore;
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use std::time::Duration;

use crate::resources::{function, lease, scope};

const DAY: i64 = 86_400_000;

#[tokio::test]
async fn what_is_gone_for_long_is_deleted_and_the_rest_stays() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let key = |kind, id: &str| ResourceKey::new(kind, scope(), id).unwrap();
    let function = |memory: i64| Observed {
        key: key(Kind::Function, "f"),
        doc: json!({"FunctionName": "f", "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f", "MemorySize": memory}),
    };
    let task = |id: &str| Observed {
        key: key(Kind::Task, &format!("main/{id}")),
        doc: json!({"taskArn": format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{id}"), "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/main"}),
    };
    // day 1: both tasks and the function; day 2: one task is no longer listed
    for memory in [128, 256, 512] {
        let at = Millis(DAY + memory);
        store.seen(Source::Single { began: at, fence: None }, &[function(memory)], at).await.unwrap();
    }
    let first = lease(store, Kind::Task, DAY).await;
    let list = Source::List { fence: first.fence, initial: true, began: first.started };
    store.seen(list, &[task("old"), task("new")], Millis(DAY)).await.unwrap();
    store.finish(&first, Millis(DAY), Millis(DAY)).await.unwrap();
    let second = lease(store, Kind::Task, 2 * DAY).await;
    let list = Source::List { fence: second.fence, initial: false, began: second.started };
    store.seen(list, &[task("new")], Millis(2 * DAY)).await.unwrap();
    let gone = store.complete(second.fence, &scope(), Kind::Task, None, second.started, Millis(2 * DAY)).await.unwrap();
    assert_eq!(gone, 1);

    let keep = Keep { tasks: 30, history: 400 };
    let mut changes = store.changes().await.unwrap();
    assert_eq!(store.prune(keep, Millis(31 * DAY)).await.unwrap(), Pruned::default(), "not yet");
    assert_eq!(store.prune(keep, Millis(33 * DAY)).await.unwrap(), Pruned { resources: 1, history: 0 });
    assert_eq!(changes.next().await.unwrap(), Notice::Pruned);
    assert!(store.get(&task("old").key).await.unwrap().is_none());
    assert!(store.get(&task("new").key).await.unwrap().is_some());

    // a year later the function is still there, with the latest entry of its history
    let pruned = store.prune(keep, Millis(500 * DAY)).await.unwrap();
    assert_eq!((pruned.resources, pruned.history), (0, 2));
    let query = HistoryQuery { key: Some(key(Kind::Function, "f")), limit: 10, ..HistoryQuery::default() };
    assert_eq!(store.history(&query, Millis(0)).await.unwrap().len(), 1);
    assert_eq!(store.get(&function(0).key).await.unwrap().unwrap().doc["MemorySize"], 512);
}

#[tokio::test]
async fn pruning_that_takes_longer_than_a_transaction_may_lie_still_ends_and_is_heard_of() {
    let test = TestStore::fresh().await;
    // As a server connects: a transaction may lie still for two seconds.
    let store = &Store::connect(&test.url).await.unwrap();
    let old = function("old", json!({}));
    let single = Source::Single { began: Millis(DAY), fence: None };
    store.seen(single, std::slice::from_ref(&old), Millis(DAY)).await.unwrap();
    let gone = store.absent_to_run(std::slice::from_ref(&old.key), Millis(2 * DAY), Millis(2 * DAY)).await.unwrap();
    assert_eq!(gone, 1);
    let mut changes = store.changes().await.unwrap();
    let connect = async || PgConnectOptions::from_str(&test.url).unwrap().connect().await.unwrap();
    let (mut holds, mut looks) = (connect().await, connect().await);
    sqlx::raw_sql("begin; select id from resources for update").execute(&mut holds).await.unwrap();
    let pruner = store.clone();
    let keep = Keep { tasks: 30, history: 400 };
    let pruning = tokio::spawn(async move { pruner.prune(keep, Millis(500 * DAY)).await });
    let waits =
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut looks).await.unwrap() {
        assert!(!pruning.is_finished(), "it has to delete the row");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sqlx::raw_sql("select pg_sleep(2.5); rollback").execute(&mut holds).await.unwrap();
    assert_eq!(pruning.await.unwrap().unwrap(), Pruned { resources: 1, history: 0 });
    assert_eq!(changes.next().await.unwrap(), Notice::Pruned);
}
