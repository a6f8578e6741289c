//! What servers want to be collected, and which of them live.

use domain::{Kind, Millis, Scope};
use gantry_store::Store;
use gantry_store::testing::TestStore;
use std::collections::HashMap;

use crate::resources::scope;

fn other() -> Scope {
    Scope::new("444455556666".parse().unwrap(), scope().region)
}

async fn collected(store: &Store) -> Vec<Scope> {
    store.collections(Millis(0)).await.unwrap().into_iter().map(|c| c.freshness.scope).collect()
}

async fn claimed(store: &Store, server: &str, now: i64) -> Option<Scope> {
    store.claim(server, &[], Millis(now), Millis(now + 30_000)).await.unwrap().map(|lease| lease.scope)
}

#[tokio::test]
async fn a_collection_rests_only_when_no_live_server_wants_it() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.want("a", &[], &[(scope(), Kind::Task)], Millis(1000)).await.unwrap();
    // Another file, or none at all.
    store.want("b", &[], &[(other(), Kind::Task)], Millis(1000)).await.unwrap();
    store.want("c", &[], &[], Millis(1000)).await.unwrap();
    assert_eq!(collected(store).await, [scope(), other()]);
    // Each collects where it has a connection, however long something else is due.
    assert_eq!([claimed(store, "b", 1000).await, claimed(store, "b", 1000).await], [Some(other()), None]);
    assert_eq!([claimed(store, "c", 1000).await, claimed(store, "nobody", 1000).await], [None, None]);
    assert_eq!(claimed(store, "a", 1000).await, Some(scope()));

    // a has died, and b goes on.
    let beat = async |server: &str, now: i64| store.beat(server, Millis(now), Millis(now - 30_000)).await.unwrap();
    assert!(beat("b", 31_000).await.is_some());
    assert_eq!(collected(store).await, [scope(), other()], "a may only be late");
    assert!(beat("b", 31_001).await.is_some());
    assert_eq!(collected(store).await, [other()]);
    assert_eq!(claimed(store, "a", 90_000).await, None);
    // It was stopped only.
    assert_eq!(beat("a", 31_002).await, None);
    store.want("a", &[], &[(scope(), Kind::Task)], Millis(31_002)).await.unwrap();
    assert_eq!(collected(store).await, [scope(), other()]);
}

#[tokio::test]
async fn a_server_with_a_new_file_wants_something_else_and_one_that_ends_wants_nothing() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.want("a", &[], &[(scope(), Kind::Task), (other(), Kind::Task)], Millis(1000)).await.unwrap();
    store.want("a", &[], &[(other(), Kind::Task)], Millis(1000)).await.unwrap();
    assert_eq!(collected(store).await, [other()]);
    store.sign_off("a").await.unwrap();
    assert_eq!(collected(store).await, [other()], "to go on there when one starts");
    store.want("b", &[], &[(scope(), Kind::Task)], Millis(2000)).await.unwrap();
    assert_eq!(collected(store).await, [scope()]);
}

#[tokio::test]
async fn servers_are_counted_where_they_want_something() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let both = [(scope(), Kind::Task), (scope(), Kind::Function), (other(), Kind::Task)];
    store.want("a", &[], &both, Millis(1000)).await.unwrap();
    store.want("b", &[], &both[..2], Millis(1000)).await.unwrap();
    store.want("c", &[], &[], Millis(1000)).await.unwrap();
    let counted = store.beat("a", Millis(2000), Millis(0)).await.unwrap();
    assert_eq!(counted, Some(HashMap::from([(scope(), 2), (other(), 1)])));
    assert_eq!(store.beat("nobody", Millis(2000), Millis(0)).await.unwrap(), None);
    // b says nothing for long.
    store.beat("a", Millis(30_000), Millis(0)).await.unwrap();
    let counted = store.beat("a", Millis(40_000), Millis(10_000)).await.unwrap();
    assert_eq!(counted, Some(HashMap::from([(scope(), 1), (other(), 1)])));
}

#[tokio::test]
async fn after_the_database_was_away_the_first_to_come_back_does_not_forget_the_others() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.want("a", &[], &[(scope(), Kind::Task)], Millis(1000)).await.unwrap();
    store.want("b", &[], &[(other(), Kind::Task)], Millis(1000)).await.unwrap();
    let beat = async |server: &str, now: i64| store.beat(server, Millis(now), Millis(now - 30_000)).await.unwrap();
    assert_eq!(beat("a", 100_000).await.map(|counted| counted.len()), Some(2));
    assert!(beat("b", 101_000).await.is_some(), "nothing of it rested in between");
    assert!(beat("a", 105_000).await.is_some());
    assert_eq!(collected(store).await, [scope(), other()]);
    // b has not come back since.
    assert!(beat("a", 131_001).await.is_some());
    assert_eq!(collected(store).await, [scope()]);
}
