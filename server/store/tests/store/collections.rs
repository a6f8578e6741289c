//! Schedules and leases.

use domain::history::HistoryQuery;
use domain::{Code, Kind, Millis, Problem, Scope};
use gantry_store::batch::Source;
use gantry_store::changes::Notice;
use gantry_store::testing::TestStore;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

use crate::resources::{function, lease, scope};

#[tokio::test]
async fn two_owners_never_hold_the_same_lease() {
    let test = TestStore::fresh().await;
    let kinds = &Kind::ALL[..20];
    test.store.configure(&kinds.iter().map(|k| (scope(), *k)).collect::<Vec<_>>()).await.unwrap();
    let mut owners = vec![];
    for owner in ["a", "b", "c", "d"] {
        let store = test.store.clone();
        owners.push(tokio::spawn(async move {
            let mut mine = vec![];
            while let Some(lease) = store.claim(owner, &[], Millis(1000), Millis(31_000)).await.unwrap() {
                mine.push(lease.kind);
            }
            mine
        }));
    }
    let mut claimed = vec![];
    for owner in owners {
        claimed.extend(owner.await.unwrap());
    }
    // An owner may have found only rows that others were just claiming; nobody got one twice, and the rest can still be had
    while let Some(lease) = test.store.claim("a", &[], Millis(1000), Millis(31_000)).await.unwrap() {
        claimed.push(lease.kind);
    }
    assert_eq!(claimed.len(), kinds.len());
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>().len(), kinds.len());
}

#[tokio::test]
async fn a_collection_is_due_when_its_schedule_a_request_or_a_dead_owner_says_so() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let first = lease(store, Kind::Task, 1000).await;
    assert!(first.initial);
    assert!(store.renew(first.fence, Millis(60_000)).await.unwrap());
    assert_eq!(store.claim("b", &[], Millis(50_000), Millis(80_000)).await.unwrap(), None);
    // asked for while it runs: due again at once
    assert_eq!(store.request(Kind::Task, &[], &[], Millis(1500)).await.unwrap(), 1);
    store.finish(&first, Millis(2000), Millis(20_000)).await.unwrap();
    let second = store.claim("b", &[], Millis(2000), Millis(32_000)).await.unwrap().expect("requested");
    assert!(!second.initial);
    store.finish(&second, Millis(3000), Millis(20_000)).await.unwrap();
    assert_eq!(store.claim("b", &[], Millis(19_999), Millis(32_000)).await.unwrap(), None);
    assert_eq!(store.claim("b", &[scope()], Millis(20_000), Millis(50_000)).await.unwrap(), None, "busy scope");
    let third = store.claim("b", &[], Millis(20_000), Millis(50_000)).await.unwrap().expect("due");
    // killed without a word: its lease ends by itself
    let taken = store.claim("a", &[], Millis(50_000), Millis(80_000)).await.unwrap().expect("lease ended");
    assert_eq!(taken.fence.fencing, third.fence.fencing + 1);
    // going away in good order: at once
    store.release("a").await.unwrap();
    assert!(store.claim("b", &[], Millis(50_001), Millis(80_000)).await.unwrap().is_some());
    // no longer configured
    store.release("b").await.unwrap();
    store.configure(&[(scope(), Kind::Role)]).await.unwrap();
    let rest: Vec<Kind> = store.collections(Millis(0)).await.unwrap().into_iter().map(|c| c.freshness.kind).collect();
    assert_eq!(rest, [Kind::Role]);
    assert_eq!(store.claim("b", &[], Millis(90_000), Millis(99_000)).await.unwrap().unwrap().kind, Kind::Role);
}

#[tokio::test]
async fn failures_keep_the_first_moment_and_the_last_reason_until_it_works_again() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let mut denied = Problem::new(Code::AwsDenied, "Access denied", "…");
    denied.iam_action = Some("ecs:ListTasks".into());
    for at in [1000, 2000] {
        let held = lease(store, Kind::Task, at).await;
        store.fail(&held, &denied, false, Millis(at + 10), Millis(at + 1000)).await.unwrap();
    }
    let failing = store.collections(Millis(2500)).await.unwrap().remove(0);
    assert_eq!(failing.freshness.failing, Some((Millis(1000), denied)));
    assert_eq!((failing.failures, failing.freshness.complete, failing.freshness.running), (2, None, false));
    let held = lease(store, Kind::Task, 3000).await;
    assert_eq!(held.failures, 2);
    assert!(store.collections(Millis(3001)).await.unwrap()[0].freshness.running);
    store.finish(&held, Millis(3010), Millis(4000)).await.unwrap();
    let fine = store.collections(Millis(3020)).await.unwrap().remove(0);
    assert_eq!(
        (fine.freshness.failing, fine.freshness.complete, fine.covers),
        (None, Some(Millis(3010)), Some(Millis(3000)))
    );
    // Everything was listed, one of them could not be read to its end: that is said, and the list is still as new.
    let held = lease(store, Kind::Task, 5000).await;
    store.fail(&held, &Problem::not_found("…"), true, Millis(5010), Millis(6000)).await.unwrap();
    let partly = store.collections(Millis(5020)).await.unwrap().remove(0);
    assert!(partly.freshness.failing.is_some());
    assert_eq!((partly.freshness.complete, partly.covers), (Some(Millis(5010)), Some(Millis(5000))));
    // Then the list itself is refused: that began later than it was whole, and stays so.
    let refused = Problem::new(Code::AwsDenied, "Access denied", "…");
    for at in [7000, 8000] {
        let held = lease(store, Kind::Task, at).await;
        store.fail(&held, &refused, false, Millis(at + 10), Millis(at + 1000)).await.unwrap();
        let failing = store.collections(Millis(at + 20)).await.unwrap().remove(0).freshness;
        assert_eq!((failing.failing, failing.complete), (Some((Millis(7000), refused.clone())), Some(Millis(5010))));
    }
}

#[tokio::test]
async fn where_a_collect_ended_is_kept_for_the_next_one() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let first = lease(store, Kind::FunctionAlias, 1000).await;
    assert!(store.left(first.fence).await.unwrap().is_null());
    let place = serde_json::json!({"after": "resize", "around": false});
    store.leave(first.fence, &place).await.unwrap();
    store.finish(&first, Millis(1010), Millis(2000)).await.unwrap();
    let second = lease(store, Kind::FunctionAlias, 2000).await;
    assert_eq!(store.left(second.fence).await.unwrap(), place);
    assert_eq!(store.leave(first.fence, &place).await.unwrap_err().code, Code::Conflict, "it was taken over");
}

#[tokio::test]
async fn a_list_in_turns_is_as_old_as_its_last_whole_round() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let covers = async || store.collections(Millis(0)).await.unwrap().remove(0).covers;
    for (at, since, covered) in [(1000, None, None), (2000, Some(Millis(1000)), Some(1000)), (3000, None, Some(1000))] {
        let held = lease(store, Kind::FunctionUrl, at).await;
        store.finish_covering(&held, since, Millis(at + 10), Millis(at + 1000)).await.unwrap();
        assert_eq!(covers().await, covered.map(Millis), "{at}");
    }
    // One that fails says nothing of it, and one that asked for all at once covers all.
    let held = lease(store, Kind::FunctionUrl, 4000).await;
    store.fail(&held, &Problem::not_found("…"), false, Millis(4010), Millis(5000)).await.unwrap();
    assert_eq!(covers().await, Some(Millis(1000)));
    let held = lease(store, Kind::FunctionUrl, 5000).await;
    store.finish(&held, Millis(5010), Millis(6000)).await.unwrap();
    assert_eq!(covers().await, Some(Millis(5000)));
}

#[tokio::test]
async fn notices_reach_other_servers() {
    let test = TestStore::fresh().await;
    let other = gantry_store::Store::connect(&test.url).await.unwrap();
    let mut changes = other.changes().await.unwrap();
    let held = lease(&test.store, Kind::Task, 1000).await;
    assert_eq!(changes.next().await.unwrap(), Notice::Collection("ecs.task".into()));
    let task = domain::resource::Observed {
        key: domain::ResourceKey::new(Kind::Task, scope(), "prod/1").unwrap(),
        doc: serde_json::json!({"taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/prod/1"}),
    };
    let source = Source::List { fence: held.fence, initial: true, began: held.started };
    let written = test.store.seen(source, &[task], Millis(1001)).await.unwrap();
    assert_eq!(changes.next().await.unwrap(), Notice::Version(written.version.unwrap()));
    other.close().await;
}

#[tokio::test]
async fn scopes_of_other_accounts_are_not_requested() {
    let test = TestStore::fresh().await;
    let other = Scope::new("999988887777".parse().unwrap(), scope().region);
    test.store.configure(&[(scope(), Kind::Task), (other.clone(), Kind::Task)]).await.unwrap();
    assert_eq!(test.store.request(Kind::Task, &[other.account], &[], Millis(1)).await.unwrap(), 1);
}

/// Has a write that is about the first and the last row of a table wait for the last, and sees that it holds the first by then. `moves` is what
/// changes in the first.
pub async fn locks_in_order(
    test: &TestStore,
    table: &str,
    moves: &str,
    write: impl Future<Output = ()> + Send + 'static,
) {
    let connect = async || PgConnectOptions::from_str(&test.url).unwrap().connect().await.unwrap();
    let (mut holds, mut looks) = (connect().await, connect().await);
    // Its newest version lies behind the others: whoever reads the table as it lies meets it last.
    let moved = format!("update {table} set {moves} where id = (select min(id) from {table})");
    sqlx::raw_sql(AssertSqlSafe(moved)).execute(&mut looks).await.unwrap();
    let last = format!("begin; select id from {table} where id = (select max(id) from {table}) for update");
    sqlx::raw_sql(AssertSqlSafe(last)).execute(&mut holds).await.unwrap();
    let writes = tokio::spawn(write);
    let waits =
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut looks).await.unwrap() {
        assert!(!writes.is_finished(), "it is about the last row, too");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let first = format!("select id from {table} where id = (select min(id) from {table}) for update skip locked");
    let free: Option<i64> = sqlx::query_scalar(AssertSqlSafe(first)).fetch_optional(&mut looks).await.unwrap();
    assert_eq!(free, None, "it waits for the last row before it has the first");
    sqlx::raw_sql("rollback").execute(&mut holds).await.unwrap();
    writes.await.unwrap();
}

#[tokio::test]
async fn whoever_writes_several_rows_locks_them_in_one_order() {
    let test = TestStore::fresh().await;
    let other = Scope::new("444455556666".parse().unwrap(), scope().region);
    test.store.configure(&[(scope(), Kind::Task), (other, Kind::Task)]).await.unwrap();
    let store = test.store.clone();
    locks_in_order(&test, "collections", "due_at = due_at", async move {
        assert_eq!(store.request(Kind::Task, &[], &[], Millis(1)).await.unwrap(), 2);
    })
    .await;
    for _ in 0..2 {
        test.store.claim("a", &[], Millis(1000), Millis(31_000)).await.unwrap().expect("due");
    }
    let store = test.store.clone();
    locks_in_order(&test, "collections", "due_at = due_at", async move { store.release("a").await.unwrap() }).await;
    assert!(test.store.claim("b", &[], Millis(1001), Millis(31_000)).await.unwrap().is_some());
    // Nobody wants any of them any more, but one server has not said so yet.
    for server in ["a", "b", "c"] {
        test.store.want(server, &[], &[], Millis(0)).await.unwrap();
    }
    assert_eq!(test.store.collections(Millis(0)).await.unwrap().len(), 2);
    let store = test.store.clone();
    locks_in_order(&test, "collections", "due_at = due_at", async move {
        store.want("d", &[], &[], Millis(0)).await.unwrap()
    })
    .await;
    assert!(test.store.collections(Millis(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_newer_server_keeps_of_kinds_unknown_here_is_left_out() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Layer), (scope(), Kind::Function)]).await.unwrap();
    for name in ["one", "two"] {
        let lease = store.claim("a", &[], Millis(1000), Millis(31_000)).await.unwrap().unwrap();
        let list = Source::List { fence: lease.fence, initial: false, began: Millis(i64::MAX) };
        store.seen(list, &[function(name, json!({}))], Millis(1001)).await.unwrap();
    }
    let mut raw = PgConnectOptions::from_str(&test.url).unwrap().connect().await.unwrap();
    let renamed = "update collections set kind = 'lambda.hologram' where kind = 'lambda.layer';
        update resources set kind = 'lambda.hologram', key = replace(key, 'lambda.function', 'lambda.hologram') where key like '%/one'";
    sqlx::raw_sql(renamed).execute(&mut raw).await.unwrap();
    let lists = store.collections(Millis(2000)).await.unwrap();
    assert_eq!(lists.iter().map(|list| list.freshness.kind).collect::<Vec<_>>(), [Kind::Function]);
    let rows = store.after((0, 0), 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.key.id.as_str()).collect::<Vec<_>>(), ["two"]);
    let told = store.history(&HistoryQuery { limit: 10, ..HistoryQuery::default() }, Millis(2000)).await.unwrap();
    assert_eq!(told.iter().map(|change| change.key.id.as_str()).collect::<Vec<_>>(), ["two"]);
}
