//! People and what they prove who they are with.

use domain::audit::AuditQuery;
use domain::history::Since;
use domain::policy::Role;
use domain::{Code, Millis};
use gantry_store::Store;
use gantry_store::audit::Entry;
use gantry_store::people::Proven;
use gantry_store::sessions::{IDLE_MS, LIFE_MS, MOST_SESSIONS, NewSession};
use gantry_store::testing::{TestStore, entry};
use gantry_store::tokens::{MOST_TOKENS, NewToken};
use serde_json::json;
use sqlx::{ConnectOptions, Connection};
use std::str::FromStr;

/// Begins a session of somebody whose password had this hash when it was looked at.
async fn with_hash(store: &Store, person: i64, password: &str, secret: &str, at: Millis) -> Option<i64> {
    store.create_session(NewSession { person, password, secret, agent: "Firefox" }, at, &entry()).await.unwrap()
}

/// The same for the hash that these people are made with.
async fn begin(store: &Store, person: i64, secret: &str, at: Millis) -> i64 {
    with_hash(store, person, "hash", secret, at).await.unwrap()
}

#[tokio::test]
async fn the_welcome_link_works_once_and_only_while_there_is_no_administrator() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.create_welcome("old", Millis(1000)).await.unwrap();
    store.create_welcome("link", Millis(1000)).await.unwrap();
    assert!(!store.welcome_is_good("old", Millis(1)).await.unwrap());
    assert!(!store.welcome_is_good("link", Millis(1000)).await.unwrap(), "expired");
    assert!(store.welcome_is_good("link", Millis(999)).await.unwrap());
    assert_eq!(store.welcome("link", "ada", "hash", Millis(1000), &entry()).await.unwrap(), None);
    let by = entry();
    let (one, two) = tokio::join!(
        store.welcome("link", "ada", "hash", Millis(2), &by),
        store.welcome("link", "eve", "hash", Millis(2), &by)
    );
    assert_eq!([one.unwrap(), two.unwrap()].iter().flatten().count(), 1);
    assert!(store.has_administrator().await.unwrap());
    store.create_welcome("again", Millis(1000)).await.unwrap();
    assert!(!store.welcome_is_good("again", Millis(1)).await.unwrap());
}

#[tokio::test]
async fn names_are_unique_whatever_their_case_and_one_administrator_stays() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let ada = store.create_person("Ada", "hash", Role::Administrator, Millis(1), &entry()).await.unwrap();
    let taken = store.create_person("ADA", "hash", Role::Viewer, Millis(1), &entry()).await.unwrap_err();
    assert_eq!((taken.code, taken.field.as_deref()), (Code::Conflict, Some("name")));
    assert_eq!(store.set_role(ada, Role::Viewer, &entry()).await.unwrap_err().code, Code::Conflict);
    assert_eq!(store.remove_person(ada, &entry()).await.unwrap_err().code, Code::Conflict);
    assert_eq!(store.remove_person(ada + 100, &entry()).await.unwrap_err().code, Code::NotFound);
    assert_eq!(store.set_role(ada + 100, Role::Viewer, &entry()).await.unwrap_err().code, Code::NotFound);
    let bob = store.create_person("bob", "hash", Role::Viewer, Millis(2), &entry()).await.unwrap();
    begin(store, bob, "s", Millis(2)).await;
    store.set_role(bob, Role::Administrator, &entry()).await.unwrap();
    assert_eq!(store.session("s", Millis(3)).await.unwrap(), None, "a new role needs a new session");
    store.set_role(ada, Role::Operator, &entry()).await.unwrap();
    let kept = begin(store, ada, "kept", Millis(3)).await;
    begin(store, ada, "other", Millis(3)).await;
    assert_eq!(store.proven(ada, kept).await.unwrap(), Some(Millis(3)), "signing in is a proof");
    let proven = Proven { password: "hash", session: kept, at: Millis(4) };
    store.set_password(ada, "other", Some(proven), &entry()).await.unwrap();
    assert_eq!(store.proven(ada, kept).await.unwrap(), Some(Millis(4)), "so is changing the password");
    assert!(store.session("kept", Millis(3)).await.unwrap().is_some(), "the one in use stays");
    assert_eq!(store.session("other", Millis(3)).await.unwrap(), None, "the others end");
    store.set_password(ada, "other", None, &entry()).await.unwrap();
    assert_eq!(store.session("kept", Millis(3)).await.unwrap(), None);
    assert_eq!(store.set_password(ada + 100, "x", None, &entry()).await.unwrap_err().code, Code::NotFound);
    let found = store.credentials("aDa").await.unwrap().unwrap();
    assert_eq!((found.person.role, found.password.as_str()), (Role::Operator, "other"));
    store.remove_person(ada, &entry()).await.unwrap();
    assert_eq!(store.people().await.unwrap().iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["bob"]);
}

#[tokio::test]
async fn sessions_end_unused_overaged_or_by_hand_and_are_never_stored_in_clear() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let ada = store.create_person("ada", "hash", Role::Viewer, Millis(0), &entry()).await.unwrap();
    let id = begin(store, ada, "cookie", Millis(0)).await;
    assert_eq!(store.people().await.unwrap()[0].seen, Some(Millis(0)), "who signs in is here");
    let mut now = 0;
    while now + IDLE_MS <= LIFE_MS {
        now += IDLE_MS;
        assert_eq!(store.session("cookie", Millis(now)).await.unwrap().unwrap().actor.session, id);
    }
    assert_eq!(store.session("cookie", Millis(LIFE_MS + 1)).await.unwrap(), None);
    begin(store, ada, "second", Millis(0)).await;
    assert_eq!(store.session("second", Millis(IDLE_MS + 1)).await.unwrap(), None);
    assert_eq!(store.session("unknown", Millis(1)).await.unwrap(), None);
    let third = begin(store, ada, "third", Millis(now)).await;
    assert!(!store.confirm_session(ada + 1, third, Millis(now + 5), &entry()).await.unwrap(), "somebody else's");
    assert_eq!(store.proven(ada, third).await.unwrap(), Some(Millis(now)));
    assert!(store.confirm_session(ada, third, Millis(now + 5), &entry()).await.unwrap());
    assert_eq!(store.proven(ada, third).await.unwrap(), Some(Millis(now + 5)));
    assert_eq!(store.proven(ada + 1, third).await.unwrap(), None);
    let mine = store.sessions(ada, third, Millis(now)).await.unwrap();
    assert!(mine.iter().any(|s| s.current && s.id == third));
    assert!(!store.end_session(ada + 1, third, &entry()).await.unwrap(), "somebody else's");
    assert!(store.end_session(ada, third, &entry()).await.unwrap());
    assert_eq!(store.session("third", Millis(now)).await.unwrap(), None);
    assert_eq!(store.people().await.unwrap()[0].seen, Some(Millis(now)));

    let mut raw = sqlx::postgres::PgConnectOptions::from_str(&test.url).unwrap().connect().await.unwrap();
    let clear: i64 = sqlx::query_scalar(
        "select count(*) from sessions where hash::text like '%cookie%' or position('cookie'::bytea in hash) > 0",
    )
    .fetch_one(&mut raw)
    .await
    .unwrap();
    assert_eq!(clear, 0);
    raw.close().await.unwrap();
}

#[tokio::test]
async fn a_password_that_was_changed_while_it_was_looked_at_begins_nothing_and_changes_nothing() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let ada = store.create_person("ada", "hash", Role::Viewer, Millis(0), &entry()).await.unwrap();
    let here = begin(store, ada, "here", Millis(1)).await;
    store.set_password(ada, "new", None, &entry()).await.unwrap();
    let entries = store.audit_latest(100).await.unwrap().len();
    assert_eq!(with_hash(store, ada, "hash", "late", Millis(2)).await, None);
    assert_eq!(store.session("late", Millis(2)).await.unwrap(), None);
    let proven = Proven { password: "hash", session: here, at: Millis(2) };
    let late = store.set_password(ada, "theirs", Some(proven), &entry()).await.unwrap_err();
    assert_eq!(late.code, Code::Conflict);
    assert_eq!(store.credentials("ada").await.unwrap().unwrap().password, "new");
    assert_eq!(store.audit_latest(100).await.unwrap().len(), entries, "no entry of what did not happen");
    assert!(with_hash(store, ada, "new", "again", Millis(3)).await.is_some());
}

#[tokio::test]
async fn of_too_many_sessions_the_one_unused_for_longest_ends() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let ada = store.create_person("ada", "hash", Role::Viewer, Millis(0), &entry()).await.unwrap();
    let bob = store.create_person("bob", "hash", Role::Viewer, Millis(0), &entry()).await.unwrap();
    begin(store, bob, "bob's", Millis(0)).await;
    for n in 0..MOST_SESSIONS {
        begin(store, ada, &format!("s{n}"), Millis(n)).await;
    }
    let later = Millis(100_000);
    assert!(store.session("s0", later).await.unwrap().is_some(), "used again");
    begin(store, ada, "one more", later).await;
    assert_eq!(store.sessions(ada, 0, later).await.unwrap().len(), usize::try_from(MOST_SESSIONS).unwrap());
    for (secret, there) in [("s0", true), ("s1", false), ("s2", true), ("one more", true), ("bob's", true)] {
        assert_eq!(store.session(secret, later).await.unwrap().is_some(), there, "{secret}");
    }
}

#[tokio::test]
async fn a_token_never_does_more_than_its_owner() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.create_person("root", "hash", Role::Administrator, Millis(0), &entry()).await.unwrap();
    let ada = store.create_person("ada", "hash", Role::Operator, Millis(0), &entry()).await.unwrap();
    let ci = NewToken { person: ada, name: "ci", secret: "secret", role: Role::Operator, until: Millis(100) };
    let id = store.create_token(ci, Millis(0), &entry()).await.unwrap();
    let again = NewToken { secret: "other", role: Role::Viewer, ..ci };
    let again = store.create_token(again, Millis(0), &entry()).await.unwrap_err();
    assert_eq!((again.code, again.field.as_deref()), (Code::Conflict, Some("name")));
    assert_eq!(store.token("secret", Millis(1)).await.unwrap().unwrap().role, Role::Operator);
    store.set_role(ada, Role::Viewer, &entry()).await.unwrap();
    let actor = store.token("secret", Millis(2)).await.unwrap().unwrap();
    assert_eq!((actor.role, actor.session, actor.person), (Role::Viewer, -id, ada));
    assert_eq!(store.tokens(ada).await.unwrap()[0].used, Some(Millis(1)));
    assert_eq!(store.token("secret", Millis(100)).await.unwrap(), None, "ended");
    assert!(!store.revoke_token(ada + 1, id, &entry()).await.unwrap());
    assert!(store.revoke_token(ada, id, &entry()).await.unwrap());
    assert_eq!(store.token("secret", Millis(3)).await.unwrap(), None);
}

#[tokio::test]
async fn a_person_has_so_many_tokens_and_ended_ones_do_not_count() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let ada = store.create_person("ada", "hash", Role::Viewer, Millis(0), &entry()).await.unwrap();
    let bob = store.create_person("bob", "hash", Role::Viewer, Millis(0), &entry()).await.unwrap();
    let make = async |person: i64, name: &str, now: i64, until: i64| {
        let token =
            NewToken { person, name, secret: &format!("{person} {name}"), role: Role::Viewer, until: Millis(until) };
        store.create_token(token, Millis(now), &entry()).await
    };
    make(ada, "short", 0, 10).await.unwrap();
    let mut last = 0;
    for n in 1..MOST_TOKENS {
        last = make(ada, &format!("t{n}"), 0, 100).await.unwrap();
    }
    let refused = make(ada, "more", 9, 100).await.unwrap_err();
    assert_eq!((refused.code, refused.title.as_str(), refused.field), (Code::Conflict, "Too many tokens", None));
    make(bob, "his", 9, 100).await.unwrap();
    make(ada, "more", 10, 100).await.unwrap();
    assert!(make(ada, "another", 10, 100).await.is_err());
    store.revoke_token(ada, last, &entry()).await.unwrap();
    let (one, two) = tokio::join!(make(ada, "one", 11, 100), make(ada, "two", 11, 100));
    assert_eq!([one, two].iter().filter(|made| made.is_ok()).count(), 1, "of two at once");
}

#[tokio::test]
async fn failed_sign_ins_are_counted_per_subject_and_forgotten() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    for at in [1000, 2000, 3000] {
        store.login_failed("name:ada", Millis(at)).await.unwrap();
    }
    assert_eq!(store.login_failures("name:ada", Millis(1500)).await.unwrap(), (2, Some(Millis(3000))));
    assert_eq!(store.login_failures("name:bob", Millis(0)).await.unwrap(), (0, None));
    store.login_succeeded("name:ada").await.unwrap();
    assert_eq!(store.login_failures("name:ada", Millis(0)).await.unwrap(), (0, None));
}

#[tokio::test]
async fn the_audit_log_only_grows_and_shows_when_it_was_tampered_with() {
    let test = TestStore::fresh().await;
    let entry = |n: i64| Entry {
        id: 0,
        at: Millis(n),
        person: Some(1),
        actor: "ada".into(),
        action: "people.create".into(),
        subject: format!("person {n}"),
        detail: json!({"b": n, "a": {"d": 1, "c": 2}}),
    };
    let (first, second) = (entry(1), entry(2));
    let (one, two) = tokio::join!(
        test.store.create_person("ada", "hash", Role::Viewer, Millis(1), &first),
        test.store.create_person("bob", "hash", Role::Viewer, Millis(2), &second)
    );
    let ada = one.unwrap();
    two.unwrap();
    assert_eq!(test.store.audit_broken_at().await.unwrap(), None);
    let mut raw = sqlx::postgres::PgConnectOptions::from_str(&test.url).unwrap().connect().await.unwrap();
    // Nothing without its entry, and no entry of what did not happen.
    sqlx::raw_sql("alter table audit add constraint no_third check (id < 3)").execute(&mut raw).await.unwrap();
    assert!(test.store.create_person("eve", "hash", Role::Viewer, Millis(3), &entry(3)).await.is_err());
    assert!(test.store.remove_person(ada, &entry(3)).await.is_err());
    assert_eq!(test.store.people().await.unwrap().len(), 2);
    sqlx::raw_sql("alter table audit drop constraint no_third").execute(&mut raw).await.unwrap();
    assert!(test.store.create_person("ADA", "hash", Role::Viewer, Millis(3), &entry(3)).await.is_err());
    assert!(!test.store.end_session(ada, 1, &entry(3)).await.unwrap());
    let entries: i64 = sqlx::query_scalar("select count(*) from audit").fetch_one(&mut raw).await.unwrap();
    assert_eq!(entries, 2);
    for sql in ["update audit set actor = 'eve'", "delete from audit", "truncate audit"] {
        assert!(sqlx::query(sql).execute(&mut raw).await.is_err(), "{sql}");
    }
    sqlx::raw_sql("alter table audit disable trigger all; update audit set actor = 'eve' where id = 2")
        .execute(&mut raw)
        .await
        .unwrap();
    assert_eq!(test.store.audit_broken_at().await.unwrap(), Some(2));
    raw.close().await.unwrap();
}

#[tokio::test]
async fn the_audit_trail_is_chosen_by_who_what_on_what_and_when() {
    let test = TestStore::fresh().await;
    for (n, (actor, action, subject)) in [
        ("ada", "people.create", "bob"),
        ("Ada", "run.begin", "0a1b"),
        ("bob", "run.step", "0a1b/repository"),
        ("bob", "runner", "100%"),
    ]
    .into_iter()
    .enumerate()
    {
        let entry = Entry {
            id: 0,
            at: Millis(1000 * (n as i64 + 1)),
            person: Some(1),
            actor: actor.into(),
            action: action.into(),
            subject: subject.into(),
            detail: json!({ "call": "ecr:CreateRepository" }),
        };
        test.store.create_person(&format!("p{n}"), "hash", Role::Viewer, Millis(1), &entry).await.unwrap();
    }
    let subjects = async |query: AuditQuery| {
        let found = test.store.audit(&AuditQuery { limit: 10, ..query }, Millis(5000)).await.unwrap();
        found.into_iter().map(|e| e.subject).collect::<Vec<_>>()
    };
    let any = AuditQuery::default;
    assert_eq!(subjects(any()).await, ["100%", "0a1b/repository", "0a1b", "bob"]);
    assert_eq!(subjects(AuditQuery { actor: "ADA".into(), ..any() }).await, ["0a1b", "bob"]);
    assert_eq!(subjects(AuditQuery { action: "run.".into(), ..any() }).await, ["0a1b/repository", "0a1b"]);
    assert_eq!(subjects(AuditQuery { text: "0A1B/".into(), ..any() }).await, ["0a1b/repository"]);
    assert_eq!(subjects(AuditQuery { text: "%".into(), ..any() }).await, ["100%"], "a percent sign is one");
    assert_eq!(subjects(AuditQuery { text: "createrepo".into(), ..any() }).await.len(), 4, "in the facts beside it");
    let range = AuditQuery { from: Some(Since::Ago(3000)), to: Some(Millis(3000)), ..any() };
    assert_eq!(subjects(range).await, ["0a1b"]);
    let first = test.store.audit(&AuditQuery { limit: 2, ..any() }, Millis(0)).await.unwrap();
    assert_eq!(subjects(AuditQuery { before: first.last().map(|e| e.id), ..any() }).await, ["0a1b", "bob"]);
}
