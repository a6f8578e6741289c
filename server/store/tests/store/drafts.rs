//! Drafts are their person's own, and gone with them.

use domain::policy::Role;
use domain::{Code, Millis};
use gantry_store::testing::{TestStore, entry};
use serde_json::json;

#[tokio::test]
async fn a_draft_is_kept_for_its_person_until_it_is_forgotten() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let ada = store.create_person("ada", "hash", Role::Administrator, Millis(1), &entry()).await.unwrap();
    let bob = store.create_person("bob", "hash", Role::Viewer, Millis(1), &entry()).await.unwrap();
    assert_eq!(store.draft(ada, "create").await.unwrap(), None);
    assert_eq!(store.keep_draft(ada, "create", &json!({ "name": "a" }), Millis(10)).await.unwrap(), Millis(10));
    // Even in the same millisecond a later one carries a later moment.
    assert_eq!(store.keep_draft(ada, "create", &json!({ "name": "b" }), Millis(10)).await.unwrap(), Millis(11));
    let kept = store.draft(ada, "create").await.unwrap().unwrap();
    assert_eq!((kept.body, kept.saved), (json!({ "name": "b" }), Millis(11)));
    assert_eq!(store.draft(bob, "create").await.unwrap(), None, "another's is not one's own");
    store.forget_draft(bob, "create").await.unwrap();
    assert!(store.draft(ada, "create").await.unwrap().is_some());
    store.forget_draft(ada, "create").await.unwrap();
    assert_eq!(store.draft(ada, "create").await.unwrap(), None);
    store.keep_draft(bob, "create", &json!({}), Millis(10)).await.unwrap();
    store.remove_person(bob, &entry()).await.unwrap();
    assert_eq!(store.draft(bob, "create").await.unwrap(), None, "gone with the person");
}

#[tokio::test]
async fn nobody_fills_the_database_with_drafts() {
    let test = TestStore::fresh().await;
    let ada = test.store.create_person("ada", "hash", Role::Viewer, Millis(1), &entry()).await.unwrap();
    for n in 0..100 {
        test.store.keep_draft(ada, &format!("wizard-{n}"), &json!({}), Millis(1)).await.unwrap();
    }
    let one_more = test.store.keep_draft(ada, "one-more", &json!({}), Millis(1)).await.unwrap_err();
    assert_eq!(one_more.code, Code::TooLarge);
    test.store.keep_draft(ada, "wizard-7", &json!({ "name": "a" }), Millis(2)).await.unwrap();
}
