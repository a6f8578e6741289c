//! Single reads: their leases, what is to be read, and what AWS refuses.

use domain::resource::Observed;
use domain::{AccountId, Code, Kind, Millis, Problem, ResourceKey, Scope};
use gantry_store::Store;
use gantry_store::batch::Source;
use gantry_store::collections::{Lease, Part};
use gantry_store::testing::TestStore;
use serde_json::{Value, json};
use std::collections::HashSet;

use crate::resources::{lease, scope};

fn observed(kind: Kind, id: &str, doc: Value) -> Observed {
    Observed { key: ResourceKey::new(kind, scope(), id).unwrap(), doc }
}

fn function(name: &str) -> Observed {
    let arn = format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}");
    observed(Kind::Function, name, json!({"FunctionName": name, "FunctionArn": arn, "RevisionId": "1"}))
}

async fn singles(store: &Store, owner: &str, now: i64) -> Option<Lease> {
    store.claim_singles(owner, &[], Millis(now), Millis(now + 30_000)).await.unwrap()
}

/// Reads these alone, under the lease.
async fn read(store: &Store, lease: &Lease, began: i64, all: &[Observed]) {
    let source = Source::Single { began: Millis(began), fence: Some(lease.fence) };
    store.seen(source, all, Millis(began + 1)).await.unwrap();
}

/// Stores what a list says, under a lease of its own that has ended since.
async fn listed(store: &Store, kind: Kind, at: i64, all: &[Observed]) {
    let held = lease(store, kind, at).await;
    store
        .seen(Source::List { fence: held.fence, initial: true, began: Millis(at) }, all, Millis(at + 1))
        .await
        .unwrap();
    store.finish(&held, Millis(at + 2), Millis(at + 1_000_000)).await.unwrap();
}

/// Ids that are to be read by themselves.
async fn open(store: &Store, kind: Kind, before: i64, now: i64) -> Vec<String> {
    let keys = store.unfetched(&scope(), kind, Millis(before), Millis(now)).await.unwrap();
    keys.into_iter().map(|key| key.id).collect()
}

fn denied() -> Problem {
    let mut denied = Problem::new(Code::AwsDenied, "Access denied", "…");
    denied.iam_action = Some("lambda:GetFunction".into());
    denied
}

/// Since when the single reads of functions fail, and why.
async fn details(store: &Store) -> Option<(Millis, Problem)> {
    let all = store.collections(Millis(0)).await.unwrap();
    assert_eq!(all.len(), 1, "single reads are no list");
    assert_eq!(all[0].freshness.failing, None, "the list works");
    all[0].freshness.details.clone()
}

#[tokio::test]
async fn two_owners_never_make_the_same_single_reads() {
    let test = TestStore::fresh().await;
    let place = |n: u32| Scope::new(format!("{n:012}").parse().unwrap(), scope().region);
    let wanted: Vec<(Scope, Kind)> =
        (1..=20).flat_map(|n| [Kind::Function, Kind::Task].map(|k| (place(n), k))).collect();
    test.store.configure(&wanted).await.unwrap();
    let mut owners = vec![];
    for owner in ["a", "b", "c", "d"] {
        let store = test.store.clone();
        owners.push(tokio::spawn(async move {
            let mut mine = vec![];
            while let Some(lease) = singles(&store, owner, 1000).await {
                mine.push(lease);
            }
            mine
        }));
    }
    let mut claimed = vec![];
    for owner in owners {
        claimed.extend(owner.await.unwrap());
    }
    // An owner may have found only rows that others were just claiming
    while let Some(lease) = singles(&test.store, "a", 1000).await {
        claimed.push(lease);
    }
    assert!(
        claimed.iter().all(|l| (l.kind, l.part) == (Kind::Function, Part::Singles)),
        "lists of tasks say everything"
    );
    assert_eq!(claimed.len(), 20);
    assert_eq!(claimed.into_iter().map(|l| l.scope).collect::<HashSet<_>>().len(), 20);
    let list = test.store.claim("a", &[], Millis(1000), Millis(31_000)).await.unwrap().expect("a lease of its own");
    assert_eq!(list.part, Part::List);
}

#[tokio::test]
async fn the_single_reads_of_a_dead_owner_pass_on_and_what_it_still_says_is_refused() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let f = function("f");
    listed(store, Kind::Function, 500, &[f.clone()]).await;
    let first = singles(store, "a", 1000).await.expect("due");
    assert!(store.renew(first.fence, Millis(40_000)).await.unwrap());
    assert_eq!(singles(store, "b", 39_999).await, None);
    // killed without a word
    let second = singles(store, "b", 40_000).await.expect("the lease ended");
    assert_eq!(second.fence.fencing, first.fence.fencing + 1);
    let stale = Source::Single { began: Millis(40_001), fence: Some(first.fence) };
    let answers = [
        store.seen(stale, &[f.clone()], Millis(40_002)).await.map(|_| ()),
        store.absent(first.fence, &f.key, Millis(40_001), Millis(40_002)).await.map(|_| ()),
        store.refused(first.fence, &f.key, &denied(), |_| Millis(99_000)).await,
        store.finish(&first, Millis(40_002), Millis(50_000)).await,
    ];
    assert!(answers.iter().all(|a| a.as_ref().is_err_and(|p| p.code == Code::Conflict)), "{answers:?}");
    assert_eq!(open(store, Kind::Function, 0, 40_003).await, ["f"], "it is still to be read");
    read(store, &second, 40_004, &[f]).await;
    assert!(open(store, Kind::Function, 0, 40_006).await.is_empty());
    // going away in good order: at once
    store.release("b").await.unwrap();
    assert!(singles(store, "a", 40_007).await.is_some());
}

#[tokio::test]
async fn single_reads_are_due_when_their_list_has_ended_unless_they_fail() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function)]).await.unwrap();
    let first = singles(store, "a", 1000).await.expect("due");
    store.finish(&first, Millis(1010), Millis(90_000)).await.unwrap();
    assert_eq!(singles(store, "a", 2000).await, None);
    // it ends while they are made: they are made again, for they may have missed something
    let list = store.claim("b", &[], Millis(3000), Millis(33_000)).await.unwrap().expect("due");
    store.finish(&list, Millis(3500), Millis(3800)).await.unwrap();
    let second = singles(store, "a", 3600).await.expect("its list has ended");
    let list = store.claim("b", &[], Millis(3800), Millis(33_800)).await.unwrap().expect("due");
    store.finish(&list, Millis(3900), Millis(3950)).await.unwrap();
    store.finish(&second, Millis(4000), Millis(90_000)).await.unwrap();
    let third = singles(store, "a", 4100).await.expect("its list has ended since they began");

    let throttled = Problem::new(Code::AwsThrottled, "Throttled", "…");
    store.fail(&third, &throttled, false, Millis(4200), Millis(60_000)).await.unwrap();
    assert_eq!(details(store).await, Some((Millis(4100), throttled)));
    let list = store.claim("b", &[], Millis(5000), Millis(35_000)).await.unwrap().expect("due");
    store.finish(&list, Millis(5500), Millis(900_000)).await.unwrap();
    assert_eq!(singles(store, "a", 59_999).await, None, "a list takes nothing from their pause");
    let fourth = singles(store, "a", 60_000).await.expect("due");
    assert_eq!(fourth.failures, 1);
    store.finish(&fourth, Millis(60_001), Millis(900_000)).await.unwrap();
    assert_eq!(details(store).await, None);
    // somebody asks
    assert!(store.request(Kind::Function, &[], &[], Millis(61_000)).await.unwrap() > 0);
    assert!(singles(store, "a", 61_000).await.is_some());
}

#[tokio::test]
async fn a_refused_read_waits_ever_longer_and_its_reason_stays_until_it_is_answered() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let (a, b, c) = (function("a"), function("b"), function("c"));
    listed(store, Kind::Function, 1000, &[a.clone(), b.clone(), c.clone()]).await;
    let first = singles(store, "a", 1100).await.expect("due");
    let rejected = Problem::new(Code::AwsRejected, "ServiceException", "…");
    let retry = |times: u32| Millis(1000 + i64::from(times) * 10_000);
    store.refused(first.fence, &b.key, &rejected, retry).await.unwrap();
    store.refused(first.fence, &a.key, &denied(), retry).await.unwrap();
    read(store, &first, 1150, &[c]).await;
    assert!(open(store, Kind::Function, 0, 1200).await.is_empty(), "nobody asks again at once");
    store.finish(&first, Millis(1200), Millis(2000)).await.unwrap();
    // The one that somebody can mend is said.
    assert_eq!(details(store).await, Some((Millis(1100), denied())));

    // a round without them, and one with them
    let second = singles(store, "a", 2000).await.expect("due");
    assert_eq!(second.failures, 0, "the others keep their pace");
    store.finish(&second, Millis(2001), Millis(11_000)).await.unwrap();
    assert_eq!(details(store).await, Some((Millis(1100), denied())));
    assert!(open(store, Kind::Function, 0, 10_999).await.is_empty());
    let third = singles(store, "a", 11_000).await.expect("due");
    assert_eq!(open(store, Kind::Function, 0, 11_000).await, ["a", "b"]);
    for (key, refusal) in [(&a.key, denied()), (&b.key, rejected.clone())] {
        store.refused(third.fence, key, &refusal, retry).await.unwrap();
    }
    assert!(open(store, Kind::Function, 0, 20_999).await.is_empty(), "twice refused, they wait twice as long");
    // somebody asks for this one, and it is refused once more
    store.reread(&[a.key.clone()]).await.unwrap();
    assert_eq!(open(store, Kind::Function, 0, 12_000).await, ["a"]);
    store.refused(third.fence, &a.key, &denied(), retry).await.unwrap();
    assert!(open(store, Kind::Function, 0, 12_001).await.is_empty());

    // the permission is there: where one is answered, the others are asked
    store.reread(&[a.key.clone()]).await.unwrap();
    read(store, &third, 12_100, &[a]).await;
    assert_eq!(open(store, Kind::Function, 0, 12_101).await, ["b"]);
    store.finish(&third, Millis(12_200), Millis(12_200)).await.unwrap();
    assert_eq!(details(store).await, Some((Millis(1100), rejected)));
    let fourth = singles(store, "a", 12_300).await.expect("due");
    read(store, &fourth, 12_301, &[b]).await;
    store.finish(&fourth, Millis(12_400), Millis(90_000)).await.unwrap();
    assert_eq!(details(store).await, None);
}

#[tokio::test]
async fn tags_that_are_refused_stay_as_they_were_and_the_read_keeps_its_pace() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let tagged = |name: &str, team: &str| {
        let mut function = function(name);
        function.doc["Tags"] = json!({ "team": team });
        function
    };
    let untold = |name: &str| {
        let mut function = function(name);
        function.doc["TagsError"] = json!({"ErrorCode": "AccessDeniedException"});
        function
    };
    let tags = async |name: &str| store.get(&function(name).key).await.unwrap().unwrap().doc["Tags"].clone();
    listed(store, Kind::Function, 1000, &[function("a"), function("b")]).await;
    let first = singles(store, "a", 1100).await.expect("due");
    read(store, &first, 1150, &[tagged("a", "x")]).await;
    read(store, &first, 1160, &[untold("b")]).await;
    store.withheld(first.fence, &function("b").key, &denied()).await.unwrap();
    let source = Source::Single { began: Millis(1170), fence: Some(first.fence) };
    assert_eq!(store.seen(source, &[untold("a")], Millis(1171)).await.unwrap().changed, 0, "the tags are still there");
    store.withheld(first.fence, &function("a").key, &denied()).await.unwrap();
    assert_eq!((tags("a").await, tags("b").await), (json!({"team": "x"}), Value::Null));
    store.finish(&first, Millis(1200), Millis(2000)).await.unwrap();
    assert_eq!(details(store).await, Some((Millis(1100), denied())));
    // Neither sooner nor later than others.
    assert!(open(store, Kind::Function, 1160, 900_000).await.is_empty());
    assert_eq!(open(store, Kind::Function, 1161, 1300).await, ["b"]);
    let second = singles(store, "a", 2000).await.expect("due");
    read(store, &second, 2001, &[untold("b")]).await;
    store.withheld(second.fence, &function("b").key, &denied()).await.unwrap();
    assert!(open(store, Kind::Function, 0, 900_000).await.is_empty(), "what is refused again has no other asked");

    // The permission is there: where one is answered, the others are asked.
    let source = Source::Single { began: Millis(2010), fence: Some(second.fence) };
    assert_eq!(
        store.seen(source, &[tagged("b", "y")], Millis(2011)).await.unwrap().changed,
        0,
        "first known is no news"
    );
    assert_eq!(open(store, Kind::Function, 0, 2012).await, ["a"]);
    read(store, &second, 2020, &[function("a")]).await;
    assert_eq!((tags("a").await, tags("b").await), (Value::Null, json!({"team": "y"})));
    store.finish(&second, Millis(2030), Millis(90_000)).await.unwrap();
    assert_eq!(details(store).await, None);
}

#[tokio::test]
async fn a_read_that_a_list_overtook_answers_nobody_and_is_made_again() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let f = function("f");
    let mut tagged = f.clone();
    tagged.doc["Tags"] = json!({"team": "x"});
    let mut untold = f.clone();
    untold.doc["TagsError"] = json!({"ErrorCode": "AccessDeniedException"});
    listed(store, Kind::Function, 1000, &[f.clone()]).await;
    let lease = singles(store, "a", 1100).await.expect("due");
    read(store, &lease, 1150, &[untold]).await;
    store.withheld(lease.fence, &f.key, &denied()).await.unwrap();
    // The permission is there, and somebody asks again: the list is read while the single read is under way.
    store.request(Kind::Function, &[], &[], Millis(2000)).await.unwrap();
    listed(store, Kind::Function, 2020, &[f.clone()]).await;
    let answer = |began: i64| {
        let source = Source::Single { began: Millis(began), fence: Some(lease.fence) };
        store.seen(source, std::slice::from_ref(&tagged), Millis(2030))
    };
    answer(2010).await.unwrap();
    assert_eq!(store.get(&f.key).await.unwrap().unwrap().doc["Tags"], Value::Null, "the list was later");
    assert_eq!(open(store, Kind::Function, 0, 2030).await, ["f"]);
    answer(2025).await.unwrap();
    assert_eq!(store.get(&f.key).await.unwrap().unwrap().doc["Tags"], json!({"team": "x"}));
    assert!(open(store, Kind::Function, 0, 2030).await.is_empty());
}

#[tokio::test]
async fn who_asks_for_a_kind_has_what_was_refused_asked_again() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let f = function("f");
    listed(store, Kind::Function, 1000, &[f.clone()]).await;
    let held = singles(store, "a", 1100).await.expect("due");
    store.refused(held.fence, &f.key, &denied(), |_| Millis(900_000)).await.unwrap();
    store.finish(&held, Millis(1200), Millis(90_000)).await.unwrap();
    let elsewhere: AccountId = "999988887777".parse().unwrap();
    store.request(Kind::Function, &[elsewhere], &[], Millis(2000)).await.unwrap();
    assert!(open(store, Kind::Function, 0, 2000).await.is_empty());
    store.request(Kind::Function, &[scope().account], &[], Millis(2000)).await.unwrap();
    assert_eq!(open(store, Kind::Function, 0, 2000).await, ["f"]);
    // what is gone is refused no more
    let held = singles(store, "a", 2000).await.expect("asked for");
    assert!(store.absent(held.fence, &f.key, Millis(2001), Millis(2002)).await.unwrap());
    store.finish(&held, Millis(2003), Millis(90_000)).await.unwrap();
    assert_eq!(details(store).await, None);
}

#[tokio::test]
async fn of_published_versions_only_those_of_images_are_read_and_once() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let version = |id: &str, package: &str| {
        let (name, number) = id.split_once(':').unwrap();
        let doc = json!({"FunctionName": name, "Version": number, "PackageType": package});
        observed(Kind::FunctionVersion, id, doc)
    };
    let mut image = version("f:2", "Image");
    listed(store, Kind::FunctionVersion, 1000, &[version("f:1", "Zip"), image.clone()]).await;
    assert_eq!(open(store, Kind::FunctionVersion, 0, 1100).await, ["f:2"]);
    let held = singles(store, "a", 1100).await.expect("due");
    image.doc["Code"] = json!({"ResolvedImageUri": "r/f@sha256:2"});
    read(store, &held, 1200, &[image]).await;
    assert!(open(store, Kind::FunctionVersion, 1_000_000, 1300).await.is_empty(), "it never changes");
}

#[tokio::test]
async fn which_image_runs_is_not_known_from_a_new_revision_on_until_it_is_read() {
    for (kind, id, version) in [
        (Kind::Function, "f", "$LATEST"),
        (Kind::FunctionVersion, "f:$LATEST.PUBLISHED", "$LATEST.PUBLISHED"),
        (Kind::FunctionVersion, "f:1", "1"),
    ] {
        let test = TestStore::fresh().await;
        let store = &test.store;
        let changes = id != "f:1";
        let revision = |revision: &str| {
            let doc = json!({"FunctionName": "f", "Version": version, "PackageType": "Image", "RevisionId": revision});
            observed(kind, id, doc)
        };
        let of_image = |revision: Observed, image: &str| {
            let mut read = revision;
            read.doc["Code"] = json!({"ResolvedImageUri": image});
            read
        };
        let unread =
            async || -> Vec<String> { store.images_unread().await.unwrap().into_iter().map(|key| key.id).collect() };
        listed(store, kind, 1000, &[revision("1")]).await;
        assert_eq!(unread().await, [id]);
        let held = singles(store, "a", 1100).await.expect("due");
        read(store, &held, 1200, &[of_image(revision("1"), "r/f@sha256:1")]).await;
        assert!(unread().await.is_empty(), "{id}");
        // what was read stays in its document
        let list = store.claim("b", &[], Millis(2_000_000), Millis(2_030_000)).await.unwrap().expect("due");
        let source = Source::List { fence: list.fence, initial: false, began: list.started };
        store.seen(source, &[revision("2")], Millis(2_000_001)).await.unwrap();
        let expected = if changes { vec![id.to_owned()] } else { vec![] };
        assert_eq!(unread().await, expected);
        assert_eq!(open(store, kind, 0, 2_000_002).await, expected);
        store.refused(held.fence, &revision("2").key, &denied(), |_| Millis(9_000_000)).await.unwrap();
        assert_eq!(unread().await, expected, "for as long as it is refused");
        read(store, &held, 2_000_003, &[of_image(revision("2"), "r/f@sha256:2")]).await;
        assert!(unread().await.is_empty(), "{id}");
    }
}

#[tokio::test]
async fn tags_of_a_repository_stay_through_its_lists_and_are_read_again_in_time() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let plain = observed(Kind::Repository, "web", json!({"repositoryName": "web", "imageTagMutability": "MUTABLE"}));
    listed(store, Kind::Repository, 1000, &[plain.clone()]).await;
    assert_eq!(open(store, Kind::Repository, 0, 1050).await, ["web"]);
    let held = singles(store, "a", 1100).await.expect("due");
    let mut tagged = plain.clone();
    tagged.doc["tags"] = json!([{"Key": "team", "Value": "web"}]);
    read(store, &held, 1200, &[tagged]).await;
    let list = store.claim("b", &[], Millis(2_000_000), Millis(2_030_000)).await.unwrap().expect("due");
    let source = Source::List { fence: list.fence, initial: false, began: list.started };
    assert_eq!(store.seen(source, &[plain.clone()], Millis(2_000_001)).await.unwrap().changed, 0);
    assert_eq!(store.get(&plain.key).await.unwrap().unwrap().doc["tags"][0]["Value"], "web");
    assert!(open(store, Kind::Repository, 1200, 2_000_002).await.is_empty());
    assert_eq!(
        open(store, Kind::Repository, 1201, 2_000_002).await,
        ["web"],
        "somebody may have changed them elsewhere"
    );
}
