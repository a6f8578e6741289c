//! The key of digests, and what another one does to what is stored.

use domain::resource::Observed;
use domain::services::HistoryQuery;
use domain::{Code, Kind, Millis, Problem, ResourceKey};
use gantry_store::Store;
use gantry_store::collections::Lease;
use gantry_store::settings::{DigestKey, Digests};
use gantry_store::testing::TestStore;
use serde_json::{Value, json};

use crate::resources::{function, list, scope};

/// A key's fingerprint for tests: no two of theirs have the same.
fn fingerprint(key: &[u8; 32]) -> [u8; 32] {
    key.map(|byte| byte ^ 0xff)
}

async fn keep(store: &Store, fresh: [u8; 32]) -> Digests {
    store.use_digest_key(DigestKey::Database { fresh: &fresh }, fingerprint, Millis(0)).await.unwrap()
}

/// With nobody alive at this moment who has not said so since.
async fn from_file(store: &Store, key: [u8; 32], dead: i64) -> Result<Digests, Problem> {
    store.use_digest_key(DigestKey::File(&key), fingerprint, Millis(dead)).await
}

async fn entries(store: &Store, key: &ResourceKey) -> usize {
    let query = HistoryQuery { key: Some(key.clone()), limit: 50, ..HistoryQuery::default() };
    store.history(&query, Millis(0)).await.unwrap().len()
}

fn sealed(digest: &str) -> Value {
    json!({"gantry:length": 7, "gantry:digest": digest})
}

#[tokio::test]
async fn servers_that_start_together_get_the_same_key_and_it_stays() {
    let test = TestStore::fresh().await;
    let (one, two) = tokio::join!(keep(&test.store, [1; 32]), keep(&test.store, [2; 32]));
    assert_eq!((one.key, one.renewed), (two.key, two.renewed));
    assert!(one.key == [1; 32] || one.key == [2; 32]);
    test.store.migrate().await.unwrap();
    assert_eq!(keep(&test.store, [3; 32]).await, one);
    assert!(!format!("{one:?}").contains("1, 1") && !format!("{one:?}").contains("2, 2"));
}

#[tokio::test]
async fn documents_with_digests_are_renewed_without_an_entry_by_another_key() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    keep(store, [1; 32]).await;
    let held = lease_with(store, &fingerprint(&[1; 32]), 1000).await;
    let definition = |family: &str, container: Value, cpu: &str| {
        let arn = format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{family}:1");
        let doc = json!({"taskDefinitionArn": arn, "family": family, "revision": 1, "status": "ACTIVE", "cpu": cpu,
            "containerDefinitions": [container]});
        Observed { key: ResourceKey::new(Kind::TaskDefinition, scope(), format!("{family}:1")).unwrap(), doc }
    };
    let secret = |digest: &str, cpu: &str| {
        let environment = json!([{"name": "PASSWORD", "value": sealed(digest)}]);
        definition("secret", json!({"name": "web", "image": "web", "environment": environment}), cpu)
    };
    let plain = |cpu: &str| definition("plain", json!({"name": "web", "image": "gantry:digest"}), cpu);
    store.seen(list(&held), &[secret("aa", "256"), plain("256")], Millis(1001)).await.unwrap();
    let known = async || {
        let mut ids: Vec<_> =
            store.known_as_read_now(&scope(), Kind::TaskDefinition).await.unwrap().into_iter().collect();
        ids.sort();
        ids
    };
    assert_eq!(known().await, ["plain:1", "secret:1"]);

    // Ended, and begun again with a file.
    store.finish(&held, Millis(1002), Millis(1002)).await.unwrap();
    assert_eq!(from_file(store, [2; 32], 1001).await.unwrap(), Digests { key: [2; 32], renewed: 1 });
    assert_eq!(known().await, ["plain:1"], "what never changes is read once more where it holds a digest");
    let held = lease_with(store, &fingerprint(&[2; 32]), 2000).await;
    let seen = async |batch: &[Observed], at: i64| store.seen(list(&held), batch, Millis(at)).await.unwrap();
    let renewed = seen(&[secret("bb", "256"), plain("512")], 2001).await;
    assert!(renewed.version.is_some() && renewed.changed == 1, "only what has no digest tells of its change");
    assert_eq!(store.get(&secret("bb", "256").key).await.unwrap().unwrap().doc, secret("bb", "256").doc);
    assert_eq!([entries(store, &secret("", "").key).await, entries(store, &plain("").key).await], [1, 2]);
    assert_eq!(known().await, ["plain:1", "secret:1"]);

    // The same key: all goes on as before.
    assert_eq!(from_file(store, [2; 32], 1001).await.unwrap().renewed, 0);
    seen(&[secret("cc", "256")], 2002).await;
    assert_eq!(entries(store, &secret("", "").key).await, 2);
}

/// A lease of a server with this fingerprint.
async fn lease_with(store: &Store, fingerprint: &[u8], now: i64) -> Lease {
    store.want("new", fingerprint, &[(scope(), Kind::TaskDefinition)], Millis(now)).await.unwrap();
    store.claim("new", &[], Millis(now), Millis(now + 30_000)).await.unwrap().expect("due")
}

#[tokio::test]
async fn another_key_is_refused_while_a_server_lives_and_takes_everything_from_one_that_is_late() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let one = keep(store, [1; 32]).await;
    let wanted = [(scope(), Kind::Function)];
    store.want("late", &fingerprint(&one.key), &wanted, Millis(1000)).await.unwrap();
    let held = store.claim("late", &[], Millis(1000), Millis(31_000)).await.unwrap().expect("due");
    let f = function("f", json!({"Environment": {"Variables": {"PASSWORD": sealed("aa")}}}));
    store.seen(list(&held), std::slice::from_ref(&f), Millis(1001)).await.unwrap();

    assert_eq!(from_file(store, [2; 32], 1000).await.unwrap_err().code, Code::Conflict);
    assert_eq!(keep(store, [3; 32]).await, one, "nothing was moved");
    assert!(store.renew(held.fence, Millis(40_000)).await.unwrap());

    assert_eq!(from_file(store, [2; 32], 1001).await.unwrap(), Digests { key: [2; 32], renewed: 1 });
    let late = store.seen(list(&held), &[f], Millis(1002)).await.unwrap_err();
    assert_eq!(late.code, Code::Conflict);
    assert!(store.claim("late", &[], Millis(50_000), Millis(80_000)).await.unwrap().is_none());
    assert_eq!(store.beat("late", Millis(50_000), Millis(20_000)).await.unwrap(), None);
    let refused = store.want("late", &fingerprint(&one.key), &wanted, Millis(50_000)).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert!(refused.message.contains("GANTRY_DIGEST_KEY_FILE"), "{refused}");
    store.want("new", &fingerprint(&[2; 32]), &wanted, Millis(50_000)).await.unwrap();
    assert!(store.claim("new", &[], Millis(50_000), Millis(80_000)).await.unwrap().is_some());
}
