//! What batches do to rows, histories and versions.

use domain::history::ChangeKind;
use domain::resource::Observed;
use domain::services::HistoryQuery;
use domain::{Code, Kind, Millis, ResourceKey, Scope};
use gantry_store::Store;
use gantry_store::batch::Source;
use gantry_store::collections::{Fence, Lease};
use gantry_store::testing::TestStore;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection};
use std::collections::HashSet;
use std::str::FromStr;

pub fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

pub async fn lease(store: &Store, kind: Kind, now: i64) -> Lease {
    store.configure(&[(scope(), kind)]).await.unwrap();
    store.claim("a", &[], Millis(now), Millis(now + 30_000)).await.unwrap().expect("due")
}

pub fn function(name: &str, more: Value) -> Observed {
    let arn = format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}");
    let mut doc = json!({"FunctionName": name, "FunctionArn": arn, "RevisionId": "1"});
    doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Observed { key: ResourceKey::new(Kind::Function, scope(), name).unwrap(), doc }
}

/// A list that is just being read.
pub fn list(lease: &Lease) -> Source {
    list_of(lease, i64::MAX)
}

pub fn list_of(lease: &Lease, began: i64) -> Source {
    Source::List { fence: lease.fence, initial: lease.initial, began: Millis(began) }
}

pub async fn kinds_of_history(store: &Store, key: &ResourceKey) -> Vec<ChangeKind> {
    let query = HistoryQuery { key: Some(key.clone()), limit: 50, ..HistoryQuery::default() };
    store.history(&query, Millis(0)).await.unwrap().into_iter().map(|c| c.kind).collect()
}

#[tokio::test]
async fn a_document_that_did_not_change_only_gets_younger() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let f = function("f", json!({"MemorySize": 128}));
    let first = store.seen(list(&held), std::slice::from_ref(&f), Millis(1001)).await.unwrap();
    let again = store.seen(list(&held), std::slice::from_ref(&f), Millis(1500)).await.unwrap();
    assert_eq!((again.version, again.changed), (None, 0));
    let row = store.get(&f.key).await.unwrap().unwrap();
    assert_eq!((row.seen, row.changed, Some(row.version)), (Millis(1500), Millis(1001), first.version));

    let bigger = function("f", json!({"MemorySize": 256, "Description": "nul \0 inside"}));
    assert_eq!(store.seen(list(&held), &[bigger], Millis(1600)).await.unwrap().changed, 1);
    let query = HistoryQuery { key: Some(f.key.clone()), limit: 50, ..HistoryQuery::default() };
    let history = store.history(&query, Millis(0)).await.unwrap();
    assert_eq!(history.len(), 2);
    let memory = history[0].fields.iter().find(|c| c.path == "MemorySize").unwrap();
    assert_eq!((memory.before.clone(), memory.after.clone()), (Some(json!(128)), Some(json!(256))));
    let before = store.document_after(&f.key, history[1].id).await.unwrap().unwrap();
    assert_eq!(before["MemorySize"], 128);
    assert_eq!(store.history_length(&row.key).await.unwrap(), 2);
    // the first collect of a scope is no news to the fleet, the change is
    let fleet = HistoryQuery { limit: 50, kind: Some(Kind::Function), ..HistoryQuery::default() };
    assert_eq!(
        store.history(&fleet, Millis(0)).await.unwrap().iter().map(|c| c.id).collect::<Vec<_>>(),
        [history[0].id]
    );
    let elsewhere = HistoryQuery { regions: vec!["us-east-1".parse().unwrap()], ..fleet };
    assert!(store.history(&elsewhere, Millis(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_only_the_single_read_gives_survives_the_next_list() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let listed = function("f", json!({}));
    store.seen(list(&held), std::slice::from_ref(&listed), Millis(1001)).await.unwrap();
    assert_eq!(store.unfetched(&scope(), Kind::Function, Millis(0), Millis(2000)).await.unwrap(), [listed.key.clone()]);

    let fetched = function("f", json!({"State": "Active"}));
    store.seen(Source::Single { began: Millis(1100), fence: None }, &[fetched], Millis(1101)).await.unwrap();
    assert!(store.unfetched(&scope(), Kind::Function, Millis(0), Millis(2000)).await.unwrap().is_empty());
    assert_eq!(store.unfetched(&scope(), Kind::Function, Millis(1200), Millis(2000)).await.unwrap().len(), 1);
    let again = store.seen(list(&held), std::slice::from_ref(&listed), Millis(1200)).await.unwrap();
    assert_eq!((again.changed, again.version), (0, None), "nothing new: no page has to be told");
    assert_eq!(store.get(&listed.key).await.unwrap().unwrap().doc["State"], "Active");

    // what a single read no longer says is no longer so
    let untagged = function("f", json!({"State": "Active"}));
    let tagged = function("f", json!({"State": "Active", "Tags": {"team": "web"}}));
    store.seen(Source::Single { began: Millis(1210), fence: None }, &[tagged], Millis(1211)).await.unwrap();
    store.seen(list(&held), std::slice::from_ref(&listed), Millis(1220)).await.unwrap();
    assert_eq!(store.get(&listed.key).await.unwrap().unwrap().doc["Tags"]["team"], "web");
    store.seen(Source::Single { began: Millis(1230), fence: None }, &[untagged], Millis(1231)).await.unwrap();
    assert_eq!(store.get(&listed.key).await.unwrap().unwrap().doc.get("Tags"), None);

    // asked for by a person: no list answers that, the next single read does
    store.reread(std::slice::from_ref(&listed.key)).await.unwrap();
    let described = function("f", json!({"Description": "new"}));
    for list_again in [listed.clone(), described] {
        store.seen(list(&held), &[list_again], Millis(1240)).await.unwrap();
        assert_eq!(
            store.unfetched(&scope(), Kind::Function, Millis(0), Millis(2000)).await.unwrap(),
            [listed.key.clone()]
        );
    }
    assert!(store.known(&scope(), Kind::Function).await.unwrap().contains("f"), "its list knows it all the same");
    let read = function("f", json!({"State": "Active", "Description": "new"}));
    store.seen(Source::Single { began: Millis(1245), fence: None }, &[read], Millis(1246)).await.unwrap();
    assert!(store.unfetched(&scope(), Kind::Function, Millis(0), Millis(2000)).await.unwrap().is_empty());

    let revised = function("f", json!({"RevisionId": "2"}));
    store.seen(list(&held), &[revised], Millis(1300)).await.unwrap();
    // as it was last known, until the single read that is now due
    assert_eq!(store.get(&listed.key).await.unwrap().unwrap().doc["State"], "Active");
    assert_eq!(store.unfetched(&scope(), Kind::Function, Millis(0), Millis(2000)).await.unwrap().len(), 1);

    // a single read that began before the list was read is older than it
    let late = function("f", json!({"State": "Pending"}));
    store.seen(Source::Single { began: Millis(1250), fence: None }, &[late], Millis(1400)).await.unwrap();
    assert_eq!(store.get(&listed.key).await.unwrap().unwrap().doc["RevisionId"], "2");
    assert!(!store.absent(held.fence, &listed.key, Millis(1250), Millis(1400)).await.unwrap());
    assert!(store.absent(held.fence, &listed.key, Millis(1500), Millis(1501)).await.unwrap());
}

/// As if a version of Gantry that reads documents in another way had stored them.
async fn read_otherwise(test: &TestStore) {
    let mut raw = sqlx::postgres::PgConnectOptions::from_str(&test.url).unwrap().connect().await.unwrap();
    sqlx::raw_sql("update resources set reading = 0").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
}

#[tokio::test]
async fn a_document_that_is_read_in_another_way_is_renewed_without_an_entry() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::EksCluster, 1000).await;
    let cluster = |more: Value| {
        let arn = "arn:aws:eks:eu-west-1:111122223333:cluster/c";
        let mut doc = json!({"name": "c", "arn": arn, "version": "1.33", "status": "ACTIVE"});
        doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Observed { key: ResourceKey::new(Kind::EksCluster, scope(), "c").unwrap(), doc }
    };
    let key = cluster(json!({})).key;
    store.seen(list(&held), &[cluster(json!({}))], Millis(1001)).await.unwrap();
    read_otherwise(&test).await;
    let known = async || store.known_as_read_now(&scope(), Kind::EksCluster).await.unwrap();
    assert!(known().await.is_empty(), "what is read once is read once more");
    let more = cluster(json!({"zonalShiftConfig": {"enabled": false}}));
    let renewed = store.seen(list(&held), std::slice::from_ref(&more), Millis(1100)).await.unwrap();
    assert!(renewed.version.is_some() && renewed.changed == 0, "pages are told, the history is not");
    assert!(known().await.contains("c"));
    let row = store.get(&key).await.unwrap().unwrap();
    assert_eq!((&row.doc, row.changed), (&more.doc, Millis(1001)));
    assert_eq!(kinds_of_history(store, &key).await, [ChangeKind::Appeared]);
    store.seen(list(&held), &[cluster(json!({"version": "1.34"}))], Millis(1200)).await.unwrap();
    assert_eq!(kinds_of_history(store, &key).await, [ChangeKind::Changed, ChangeKind::Appeared]);

    // A document that is the same in both ways is known to be read in the new one.
    let same = cluster(json!({"version": "1.34"}));
    read_otherwise(&test).await;
    store.seen(list(&held), &[same], Millis(1300)).await.unwrap();
    store.seen(list(&held), &[cluster(json!({"version": "1.35"}))], Millis(1400)).await.unwrap();
    assert_eq!(kinds_of_history(store, &key).await.len(), 3);
}

#[tokio::test]
async fn what_single_reads_give_is_read_anew_before_changes_are_told_again() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let key = function("f", json!({})).key;
    let read = async |at: i64, more: Value| {
        let source = Source::Single { began: Millis(at), fence: None };
        store.seen(source, &[function("f", more)], Millis(at)).await.unwrap();
    };
    let open = async || store.unfetched(&scope(), Kind::Function, Millis(0), Millis(2000)).await.unwrap();
    store.seen(list(&held), &[function("f", json!({}))], Millis(1001)).await.unwrap();
    read(1100, json!({"State": "Active"})).await;
    read_otherwise(&test).await;
    assert_eq!(open().await, std::slice::from_ref(&key));
    store.seen(list(&held), &[function("f", json!({"MemorySize": 128}))], Millis(1200)).await.unwrap();
    assert_eq!(open().await, std::slice::from_ref(&key), "the list does not give the state in the new way");
    read(1300, json!({"MemorySize": 128, "State": "ACTIVE"})).await;
    assert!(open().await.is_empty());
    assert_eq!(kinds_of_history(store, &key).await, [ChangeKind::Appeared]);
    store.seen(list(&held), &[function("f", json!({"MemorySize": 256}))], Millis(1400)).await.unwrap();
    assert_eq!(kinds_of_history(store, &key).await, [ChangeKind::Changed, ChangeKind::Appeared]);
}

#[tokio::test]
async fn a_stale_fencing_number_is_refused() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let old = lease(store, Kind::Function, 1000).await;
    // the owner stopped renewing; another takes over
    let new = store.claim("b", &[], Millis(40_000), Millis(70_000)).await.unwrap().unwrap();
    assert!(new.fence.fencing > old.fence.fencing);
    let f = function("f", json!({}));
    let refused = store.seen(list(&old), std::slice::from_ref(&f), Millis(40_001)).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    let stale = Fence { ..old.fence };
    assert!(store.complete(stale, &scope(), Kind::Function, None, old.started, Millis(40_002)).await.is_err());
    assert!(store.still(stale, &scope(), Kind::Function, &[], Millis(40_002)).await.is_err());
    assert!(store.finish(&old, Millis(40_003), Millis(50_000)).await.is_err());
    assert!(!store.renew(old.fence, Millis(90_000)).await.unwrap());
    assert_eq!(store.get(&f.key).await.unwrap(), None);
    store.seen(list(&new), &[f], Millis(40_004)).await.unwrap();
}

#[tokio::test]
async fn catching_up_by_version_misses_nothing_while_others_commit() {
    let test = TestStore::fresh().await;
    let held = lease(&test.store, Kind::Function, 1000).await;
    let mut writers = vec![];
    for writer in 0..6 {
        let (store, source) = (test.store.clone(), list(&held));
        writers.push(tokio::spawn(async move {
            for n in 0..20 {
                let batch: Vec<_> = (0..3).map(|i| function(&format!("f{writer}-{n}-{i}"), json!({}))).collect();
                store.seen(source, &batch, Millis(1001)).await.unwrap();
            }
        }));
    }
    let (mut position, mut seen) = ((0, 0), HashSet::new());
    loop {
        let done = writers.iter().all(|w| w.is_finished());
        // a small page, so that pages end inside a batch
        let page = test.store.after(position, 7).await.unwrap();
        let Some(last) = page.last() else {
            if done {
                break;
            }
            tokio::task::yield_now().await;
            continue;
        };
        position = (last.version, last.id);
        seen.extend(page.into_iter().map(|r| r.key.id));
    }
    assert_eq!(seen.len(), 6 * 20 * 3);
}
