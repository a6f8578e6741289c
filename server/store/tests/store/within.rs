//! What AWS tells only resource by resource: when it is to be read again.

use domain::{Kind, Millis, ResourceKey};
use gantry_store::Store;
use gantry_store::collections::Lease;
use gantry_store::testing::TestStore;
use serde_json::json;

use crate::resources::{function, list, scope};

const URLS: Kind = Kind::FunctionUrl;

/// The lease of a kind's list, and that of its single reads.
async fn both(store: &Store, kind: Kind, now: i64) -> (Lease, Lease) {
    let (mut listed, mut alone) = (None, None);
    while let Some(lease) = store.claim("a", &[], Millis(now), Millis(now + 900_000)).await.unwrap() {
        listed = listed.or(Some(lease).filter(|lease| lease.kind == kind));
    }
    while let Some(lease) = singles(store, now).await {
        alone = alone.or(Some(lease).filter(|lease| lease.kind == kind));
    }
    (listed.expect("due"), alone.expect("due"))
}

async fn singles(store: &Store, now: i64) -> Option<Lease> {
    store.claim_singles("a", &[], Millis(now), Millis(now + 900_000)).await.unwrap()
}

async fn due(store: &Store) -> Vec<String> {
    store.within_due(&scope(), URLS).await.unwrap().into_iter().map(|key| key.id).collect()
}

async fn complete(store: &Store, lease: &Lease, of: &ResourceKey, now: i64) {
    store.complete(lease.fence, &scope(), URLS, Some(of), lease.started, Millis(now)).await.unwrap();
}

#[tokio::test]
async fn what_is_within_a_function_is_due_when_that_changed_since_it_was_read() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), URLS)]).await.unwrap();
    let (urls, alone) = both(store, URLS, 1000).await;
    let functions = crate::resources::lease(store, Kind::Function, 1000).await;
    let (a, b) = (function("a", json!({})), function("b", json!({})));
    let see = async |all: &[domain::resource::Observed], at: i64| {
        store.seen(list(&functions), all, Millis(at)).await.unwrap();
    };
    see(&[a.clone(), b.clone()], 1001).await;
    assert!(due(store).await.is_empty(), "its first list comes to all of them");

    complete(store, &urls, &a.key, 1010).await;
    store.finish(&urls, Millis(1020), Millis(900_000)).await.unwrap();
    assert_eq!(due(store).await, ["b"], "newer than the list, and not read in it");
    complete(store, &alone, &b.key, 1030).await;
    assert!(due(store).await.is_empty());
    see(&[a.clone(), b.clone()], 1900).await;
    assert!(due(store).await.is_empty(), "nothing changed");

    see(&[function("a", json!({"MemorySize": 256}))], 2000).await;
    assert_eq!(due(store).await, ["a"]);
    complete(store, &alone, &a.key, 2001).await;
    // No entry of its history, but something was changed: a permission was added, say.
    see(&[function("b", json!({"RevisionId": "2"}))], 3000).await;
    assert_eq!(due(store).await, ["b"]);
    // AWS refuses to tell.
    store.asked_within(alone.fence, URLS, &[b.key.clone()], Millis(3001)).await.unwrap();
    assert!(due(store).await.is_empty(), "not again and again");

    let c = function("c", json!({}));
    see(&[c.clone()], 4000).await;
    assert_eq!(due(store).await, ["c"], "a new one");
    assert!(store.absent(functions.fence, &c.key, Millis(4001), Millis(4002)).await.unwrap());
    assert!(due(store).await.is_empty(), "nothing is within what is gone");
    assert!(store.within_due(&scope(), Kind::Role).await.unwrap().is_empty());
}

#[tokio::test]
async fn it_is_read_when_the_list_of_functions_has_ended_and_at_once_where_somebody_asks() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function), (scope(), URLS)]).await.unwrap();
    let (urls, alone) = both(store, URLS, 1000).await;
    let a = function("a", json!({}));
    store.seen(list(&urls), &[a.clone()], Millis(1001)).await.unwrap();
    complete(store, &urls, &a.key, 1010).await;
    store.finish(&urls, Millis(1020), Millis(900_000)).await.unwrap();
    store.finish(&alone, Millis(1030), Millis(900_000)).await.unwrap();
    let again = singles(store, 1040).await.expect("its own list has ended since they began");
    store.finish(&again, Millis(1050), Millis(900_000)).await.unwrap();
    assert_eq!(singles(store, 2000).await, None);

    store.reread_within(&[a.key.clone()], Millis(3000)).await.unwrap();
    assert_eq!(due(store).await, ["a"]);
    let asked = singles(store, 3000).await.expect("somebody asks");
    assert_eq!(asked.kind, URLS);
    complete(store, &asked, &a.key, 3010).await;
    store.finish(&asked, Millis(3020), Millis(900_000)).await.unwrap();
    assert!(due(store).await.is_empty());
    store.reread_within(&[ResourceKey::new(Kind::Role, scope().global(), "r").unwrap()], Millis(3030)).await.unwrap();
    assert_eq!(singles(store, 3040).await, None, "nothing is told so of a role");

    assert!(store.request(Kind::Function, &[], &[], Millis(4000)).await.unwrap() > 0);
    store.release("a").await.unwrap();
    let functions = store.claim("b", &[], Millis(4001), Millis(9000)).await.unwrap().expect("asked for");
    assert_eq!(functions.kind, Kind::Function);
    store.finish(&functions, Millis(4500), Millis(900_000)).await.unwrap();
    let mut after = vec![];
    while let Some(lease) = singles(store, 5000).await {
        after.push(lease.kind);
    }
    assert!(after.contains(&URLS), "what changed in that list may have changed them: {after:?}");
}
