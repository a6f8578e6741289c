//! What goes, and what stays although a list lacks it or failed.

use domain::history::ChangeKind;
use domain::resource::Observed;
use domain::services::HistoryQuery;
use domain::{Code, Kind, Millis, ResourceKey};
use gantry_store::batch::Source;
use gantry_store::collections::Fence;
use gantry_store::testing::TestStore;
use serde_json::{Value, json};
use std::collections::HashSet;

use crate::collections::locks_in_order;
use crate::resources::{function, kinds_of_history, lease, list, list_of, scope};

#[tokio::test]
async fn a_failed_page_never_makes_a_row_gone_and_a_complete_list_does() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let first = lease(store, Kind::Function, 1000).await;
    let (a, b) = (function("a", json!({})), function("b", json!({})));
    store.seen(list(&first), &[a.clone(), b.clone()], Millis(1001)).await.unwrap();
    store.complete(first.fence, &scope(), Kind::Function, None, first.started, Millis(1002)).await.unwrap();
    store.finish(&first, Millis(1002), Millis(2000)).await.unwrap();

    // the second collect reads one page, then fails: nobody says `complete`
    let second = lease(store, Kind::Function, 2000).await;
    store.seen(list(&second), std::slice::from_ref(&a), Millis(2001)).await.unwrap();
    let failed = domain::Problem::new(Code::AwsThrottled, "Throttled", "…");
    store.fail(&second, &failed, false, Millis(2002), Millis(3000)).await.unwrap();
    let row = store.get(&b.key).await.unwrap().unwrap();
    assert_eq!((row.gone, row.seen), (None, Millis(1001)));

    let third = lease(store, Kind::Function, 3000).await;
    store.seen(list(&third), std::slice::from_ref(&a), Millis(3001)).await.unwrap();
    let gone = store.complete(third.fence, &scope(), Kind::Function, None, third.started, Millis(3002)).await.unwrap();
    assert_eq!(gone, 1);
    assert_eq!(store.get(&b.key).await.unwrap().unwrap().gone, Some(Millis(3002)));
    assert_eq!(kinds_of_history(store, &b.key).await, [ChangeKind::Gone, ChangeKind::Appeared]);
    assert_eq!(store.known(&scope(), Kind::Function).await.unwrap(), HashSet::from(["a".to_owned()]));

    store.seen(list(&third), std::slice::from_ref(&b), Millis(3003)).await.unwrap();
    let back = store.get(&b.key).await.unwrap().unwrap();
    assert_eq!((back.gone, back.first_seen, back.changed), (None, Millis(1001), Millis(3003)));
    assert_eq!(kinds_of_history(store, &b.key).await[0], ChangeKind::Returned);
}

#[tokio::test]
async fn a_resource_that_is_made_anew_has_nothing_of_the_one_before() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let place = scope().global();
    let role = |id: &str, tags: Value| Observed {
        key: ResourceKey::new(Kind::Role, place.clone(), "deploy").unwrap(),
        doc: json!({"RoleName": "deploy", "RoleId": id, "Tags": tags}),
    };
    let listed = |id: &str| {
        let mut role = role(id, Value::Null);
        role.doc.as_object_mut().unwrap().remove("Tags");
        role
    };
    let tagged = |id: &str, team: &str| role(id, json!([{"Key": "team", "Value": team}]));
    let (first, second) = (listed("AROA1"), listed("AROA2"));
    let doc = async || store.get(&first.key).await.unwrap().unwrap().doc;
    let open = async || store.unfetched(&place, Kind::Role, Millis(0), Millis(9000)).await.unwrap().len();
    let alone = |began: i64| Source::Single { began: Millis(began), fence: None };
    let last = async || {
        let query = HistoryQuery { key: Some(first.key.clone()), limit: 1, ..HistoryQuery::default() };
        let entry = store.history(&query, Millis(0)).await.unwrap().remove(0);
        (entry.kind, entry.fields.into_iter().map(|field| field.path).collect::<Vec<_>>())
    };
    store.seen(list(&held), std::slice::from_ref(&first), Millis(1001)).await.unwrap();
    store.seen(alone(1100), &[tagged("AROA1", "a")], Millis(1101)).await.unwrap();
    store.seen(list(&held), std::slice::from_ref(&first), Millis(1150)).await.unwrap();
    assert_eq!((doc().await, open().await), (tagged("AROA1", "a").doc, 0));

    // Between two lists somebody made another one of its name.
    store.seen(list(&held), std::slice::from_ref(&second), Millis(1200)).await.unwrap();
    assert_eq!((doc().await, open().await), (second.doc.clone(), 1));
    assert_eq!(last().await, (ChangeKind::Changed, vec!["RoleId".to_owned()]), "what a list does not say is no change");

    // It was gone in between.
    store.seen(alone(1300), &[tagged("AROA2", "b")], Millis(1301)).await.unwrap();
    assert_eq!(open().await, 0);
    assert_eq!(store.complete(held.fence, &place, Kind::Role, None, Millis(2000), Millis(2001)).await.unwrap(), 1);
    store.seen(list(&held), std::slice::from_ref(&second), Millis(2100)).await.unwrap();
    assert_eq!((doc().await, open().await), (second.doc.clone(), 1));
    assert_eq!(last().await, (ChangeKind::Returned, vec![]));
    let read = store.seen(alone(2200), &[tagged("AROA2", "c")], Millis(2201)).await.unwrap();
    assert_eq!((read.changed, open().await), (0, 0), "first known is no news");
}

#[tokio::test]
async fn an_image_that_comes_back_is_known_as_what_its_digest_names() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Image, 1000).await;
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = Observed {
        key: ResourceKey::new(Kind::Image, scope(), format!("web@{digest}")).unwrap(),
        doc: json!({"registryId": "111122223333", "repositoryName": "web", "imageDigest": digest}),
    };
    let field = domain::ecr::Image::FROM_MANIFEST[0];
    let mut read = image.clone();
    read.doc[field] = json!([]);
    store.seen(list(&held), &[read], Millis(1001)).await.unwrap();
    store.complete(held.fence, &scope(), Kind::Image, None, Millis(2000), Millis(2001)).await.unwrap();
    store.seen(list(&held), std::slice::from_ref(&image), Millis(2100)).await.unwrap();
    let row = store.get(&image.key).await.unwrap().unwrap();
    assert_eq!((row.gone, &row.doc[field]), (None, &json!([])));
}

#[tokio::test]
async fn what_a_run_finds_deleted_is_gone_without_a_lease_and_an_older_page_does_not_bring_it_back() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let (deleted, newer) = (function("deleted", json!({})), function("newer", json!({})));
    store.seen(list_of(&held, 1000), std::slice::from_ref(&deleted), Millis(1001)).await.unwrap();
    store.seen(list_of(&held, 1000), std::slice::from_ref(&newer), Millis(3000)).await.unwrap();
    let never = function("never", json!({})).key;
    let keys = [deleted.key.clone(), newer.key.clone(), never];
    assert_eq!(store.absent_to_run(&keys, Millis(2000), Millis(2001)).await.unwrap(), 1);
    let gone = async |key: &ResourceKey| store.get(key).await.unwrap().unwrap().gone;
    assert_eq!((gone(&deleted.key).await, gone(&newer.key).await), (Some(Millis(2001)), None));
    assert_eq!(kinds_of_history(store, &deleted.key).await[0], ChangeKind::Gone);
    // a list that was under way has it on a page that is older
    store.seen(list_of(&held, 1000), std::slice::from_ref(&deleted), Millis(3001)).await.unwrap();
    assert_eq!(gone(&deleted.key).await, Some(Millis(2001)));
    // one that began later says that it is there again
    store.seen(list_of(&held, 4000), std::slice::from_ref(&deleted), Millis(4001)).await.unwrap();
    assert_eq!(gone(&deleted.key).await, None);
}

#[tokio::test]
async fn a_page_that_is_older_than_a_single_read_changes_nothing_and_makes_nothing_gone() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let (old, new) = (function("f", json!({"MemorySize": 128})), function("f", json!({"MemorySize": 256})));
    let deleted = function("deleted", json!({}));
    store.seen(list_of(&held, 1000), &[old.clone(), deleted.clone()], Millis(1001)).await.unwrap();
    store
        .seen(Source::Single { began: Millis(2000), fence: None }, std::slice::from_ref(&new), Millis(2001))
        .await
        .unwrap();
    assert!(store.absent(held.fence, &deleted.key, Millis(2000), Millis(2001)).await.unwrap());

    // read before those, delivered after them
    let page = [old.clone(), deleted.clone()];
    assert_eq!(store.seen(list_of(&held, 1900), &page, Millis(2100)).await.unwrap().changed, 0);
    assert_eq!(
        store.complete(held.fence, &scope(), Kind::Function, None, Millis(1900), Millis(2101)).await.unwrap(),
        0
    );
    let row = store.get(&old.key).await.unwrap().unwrap();
    assert_eq!((&row.doc, row.gone), (&new.doc, None));
    assert_eq!(store.get(&deleted.key).await.unwrap().unwrap().gone, Some(Millis(2001)));
    assert_eq!(kinds_of_history(store, &old.key).await, [ChangeKind::Changed, ChangeKind::Appeared]);

    // the list after it
    store.seen(list_of(&held, 2200), &page, Millis(2201)).await.unwrap();
    assert_eq!(store.get(&old.key).await.unwrap().unwrap().doc["MemorySize"], 128);
    assert_eq!(kinds_of_history(store, &deleted.key).await[0], ChangeKind::Returned);
}

#[tokio::test]
async fn a_task_aws_forgot_stays_without_an_entry_and_children_go_with_their_parents() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Repository, 1000).await;
    let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web";
    let repository = Observed {
        key: ResourceKey::new(Kind::Repository, scope(), "web").unwrap(),
        doc: json!({"repositoryName": "web", "repositoryUri": uri, "registryId": "111122223333",
            "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/web"}),
    };
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = Observed {
        key: ResourceKey::new(Kind::Image, scope(), format!("web@{digest}")).unwrap(),
        doc: json!({"registryId": "111122223333", "repositoryName": "web", "imageDigest": digest, "imageTags": ["v1"]}),
    };
    let task = Observed {
        key: ResourceKey::new(Kind::Task, scope(), "prod/0123456789abcdef").unwrap(),
        doc: json!({"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef", "lastStatus": "STOPPED",
            "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"}),
    };
    store.seen(list(&held), &[repository.clone(), image.clone(), task.clone()], Millis(1001)).await.unwrap();
    let image_row = store.get(&image.key).await.unwrap().unwrap();
    let parent = ResourceKey::new(Kind::Repository, scope(), "web").unwrap();
    // a complete list of the images of another repository says nothing about this one's
    let other = ResourceKey::new(Kind::Repository, scope(), "other").unwrap();
    assert_eq!(
        store.complete(held.fence, &scope(), Kind::Image, Some(&other), Millis(2000), Millis(2001)).await.unwrap(),
        0
    );
    assert_eq!(
        store.complete(held.fence, &scope(), Kind::Repository, None, Millis(2000), Millis(2002)).await.unwrap(),
        2
    );
    assert_eq!(store.get(&parent).await.unwrap().unwrap().gone, Some(Millis(2002)));
    assert_eq!(store.get(&image_row.key).await.unwrap().unwrap().gone, Some(Millis(2002)));
    assert_eq!(kinds_of_history(store, &image.key).await[0], ChangeKind::Gone);

    assert_eq!(store.complete(held.fence, &scope(), Kind::Task, None, Millis(2000), Millis(2003)).await.unwrap(), 1);
    let row = store.get(&task.key).await.unwrap().unwrap();
    assert_eq!((row.gone, row.changed), (Some(Millis(2003)), Millis(1001)));
    assert_eq!(kinds_of_history(store, &task.key).await, [ChangeKind::Appeared]);
}

#[tokio::test]
async fn of_a_part_of_a_list_what_was_not_delivered_is_gone_and_the_rest_keeps_its_age() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let rule = |bus: &str, name: &str| Observed {
        key: ResourceKey::new(Kind::Rule, scope(), format!("{bus}/{name}")).unwrap(),
        doc: json!({"Name": name, "EventBusName": bus, "State": "ENABLED"}),
    };
    let [kept, deleted, unread] = [rule("shop", "kept"), rule("shop", "deleted"), rule("default", "unread")];
    let first = lease(store, Kind::Rule, 1000).await;
    store.seen(list(&first), &[kept.clone(), deleted.clone(), unread.clone()], Millis(1001)).await.unwrap();
    store.finish(&first, Millis(1002), Millis(2000)).await.unwrap();
    let second = lease(store, Kind::Rule, 2000).await;
    // in the very moment of the claim
    store.seen(list(&second), std::slice::from_ref(&kept), second.started).await.unwrap();
    let of_shop = [&kept, &deleted].map(|observed| observed.key.id.clone());
    let complete = async |fence: Fence, ids: Vec<String>| {
        store.complete_of(fence, &scope(), Kind::Rule, &ids, second.started, Millis(2002)).await
    };
    assert_eq!(complete(second.fence, vec![]).await.unwrap(), 0);
    assert!(complete(first.fence, of_shop.to_vec()).await.is_err(), "its lease is over");
    assert_eq!(complete(second.fence, of_shop.to_vec()).await.unwrap(), 1);
    let row = async |of: &Observed| store.get(&of.key).await.unwrap().unwrap();
    assert_eq!((row(&kept).await.gone, row(&deleted).await.gone), (None, Some(Millis(2002))));
    assert_eq!((row(&unread).await.gone, row(&unread).await.seen), (None, Millis(1001)));
}

#[tokio::test]
async fn known_ones_that_are_still_listed_do_not_go() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    let (a, b) = (function("a", json!({})), function("b", json!({})));
    store.seen(list(&held), &[a.clone(), b.clone()], Millis(1001)).await.unwrap();
    store.still(held.fence, &scope(), Kind::Function, &["a".to_owned()], Millis(2001)).await.unwrap();
    store.complete(held.fence, &scope(), Kind::Function, None, Millis(2000), Millis(2002)).await.unwrap();
    assert_eq!(store.get(&a.key).await.unwrap().unwrap().gone, None);
    assert!(store.get(&b.key).await.unwrap().unwrap().gone.is_some());
}

#[tokio::test]
async fn whoever_writes_several_resources_locks_them_in_one_order() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let held = lease(store, Kind::Function, 1000).await;
    // By their keys the second comes first.
    let both = [function("b", json!({})), function("a", json!({}))];
    for one in &both {
        store.seen(list(&held), std::slice::from_ref(one), Millis(1001)).await.unwrap();
    }
    let keys = [both[0].key.clone(), both[1].key.clone()];
    // Its indexes change, too: whatever reads the table as it lies meets it last.
    let moves = "version = version - 1";
    let (writer, source, batch) = (store.clone(), list(&held), both.clone());
    locks_in_order(&test, "resources", moves, async move {
        assert_eq!(writer.seen(source, &batch, Millis(1002)).await.unwrap().changed, 0);
    })
    .await;
    let (writer, fence) = (store.clone(), held.fence);
    locks_in_order(&test, "resources", moves, async move {
        let ids = ["b".to_owned(), "a".to_owned()];
        writer.still(fence, &scope(), Kind::Function, &ids, Millis(1003)).await.unwrap();
    })
    .await;
    let (writer, asked) = (store.clone(), keys.clone());
    locks_in_order(&test, "resources", moves, async move { writer.reread(&asked).await.unwrap() }).await;
    let row = store.get(&keys[0]).await.unwrap().unwrap();
    assert_eq!((row.gone, row.seen), (None, Millis(1003)));
    let (writer, lost) = (store.clone(), keys.clone());
    locks_in_order(&test, "resources", moves, async move {
        assert_eq!(writer.absent_to_run(&lost, Millis(2000), Millis(2001)).await.unwrap(), 2);
    })
    .await;
}
