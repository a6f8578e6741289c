//! How people and programs come in, and how they are kept out.

use crate::world::{PASSWORD, World};
use domain::Millis;
use domain::policy::{Actor, Role};
use domain::services::Team;
use futures::future::join_all;
use gantry::auth::throttle::{self, Turn};
use gantry::clock::now;
use gantry_store::sessions::{IDLE_MS, LIFE_MS};
use gantry_store::testing::TestStore;
use std::time::Duration;

async fn me(world: &World, cookie: &str) -> u16 {
    world.get("/api/v1/me", cookie).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_first_administrator_comes_in_by_a_link_that_works_once() {
    let world = World::new().await;
    let token = world.auth.new_welcome().await.unwrap().unwrap();
    assert_eq!(world.page(&format!("/welcome?token={token}"), "").await.status, 200);
    let bad = world.form("/welcome", "", &[("token", &token), ("name", "Ada"), ("password", "short")]).await;
    assert_eq!((bad.status, bad.header("location")), (303, &*format!("/welcome?token={token}&problem=password-short")));
    let fields = [("token", token.as_str()), ("name", "Ada"), ("password", PASSWORD)];
    let done = world.form("/welcome", "", &fields).await;
    assert_eq!((done.status, done.header("location")), (303, "/"));
    let me = world.get("/api/v1/me", &done.cookie()).await.json();
    assert_eq!((me["name"].as_str(), me["role"].as_str()), (Some("Ada"), Some("administrator")));
    let again = world.form("/welcome", "", &[("token", &token), ("name", "Eve"), ("password", PASSWORD)]).await;
    assert!(again.header("location").ends_with("problem=expired"));
    assert_eq!(world.auth.new_welcome().await.unwrap(), None, "no second first administrator");
    let unknown = world.form("/welcome", "", &[("token", "x"), ("name", "Eve"), ("password", PASSWORD)]).await;
    assert!(unknown.header("location").ends_with("problem=expired"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_restart_without_an_administrator_makes_the_earlier_link_useless() {
    let world = World::new().await;
    let first = world.auth.new_welcome().await.unwrap().unwrap();
    let second = world.auth.new_welcome().await.unwrap().unwrap();
    assert!(world.auth.welcome(&first).await.is_err() && world.auth.welcome(&second).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_session_begins_with_the_password_and_ends_with_sign_out() {
    let world = World::new().await;
    world.person("Ada", Role::Viewer).await;
    let wrong = world.sign_in("Ada", "lumpy otter quilT").await;
    assert_eq!(wrong.header("location"), "/sign-in?next=%2Ffunctions%3Fq%3Da&problem=wrong");
    assert_eq!(
        world.sign_in("Nobody", PASSWORD).await.header("location"),
        wrong.header("location"),
        "names are not told apart"
    );
    // What was typed as the name is in the field again, and not in the address.
    let page = world.page("/sign-in?problem=wrong", &wrong.cookie()).await;
    assert!(page.body.contains(" value=\"Ada\""), "{}", page.body);
    assert!(!world.page("/sign-in", &wrong.cookie()).await.body.contains(" value=\"Ada\""), "only with a problem");
    let evil = world.sign_in("\"><script>alert(1)</script>;", PASSWORD).await;
    let page = world.page("/sign-in?problem=wrong", &evil.cookie()).await;
    assert!(!page.body.contains("<script>alert(1)"), "{}", page.body);
    let signed = world.sign_in("ada", PASSWORD).await;
    assert_eq!((signed.status, signed.header("location")), (303, "/functions?q=a"));
    let attributes = signed.header("set-cookie");
    assert!(
        attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax") && !attributes.contains("Secure"),
        "{attributes}"
    );
    let cookie = signed.cookie();
    assert_eq!(me(&world, &cookie).await, 200);
    // Signing in again gives a new id and ends the old one.
    let again = world.form("/sign-in", &cookie, &[("name", "Ada"), ("password", PASSWORD)]).await;
    assert_ne!(again.cookie(), cookie);
    assert_eq!(me(&world, &cookie).await, 401);
    let cookie = again.cookie();
    let out = world.form("/sign-out", &cookie, &[]).await;
    assert_eq!((out.status, out.header("location")), (303, "/sign-in"));
    assert_eq!(me(&world, &cookie).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn behind_a_proxy_the_cookie_is_pinned_to_the_host() {
    let world = World::with(50, true).await;
    world.person("Ada", Role::Viewer).await;
    let signed = world.sign_in("Ada", PASSWORD).await;
    let attributes = signed.header("set-cookie");
    assert!(
        attributes.starts_with("__Host-gantry=") && attributes.contains("; Secure") && attributes.contains("Path=/;"),
        "{attributes}"
    );
    assert_eq!(me(&world, &signed.cookie()).await, 200);
    assert_eq!(me(&world, &signed.cookie().replace("__Host-", "")).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sessions_end_by_resting_and_by_age() {
    let world = World::new().await;
    let ada = world.person("Ada", Role::Viewer).await;
    for (age, status) in [(IDLE_MS - 60_000, 200), (IDLE_MS + 1000, 401), (LIFE_MS + 1000, 401)] {
        let cookie = world.session_at(ada, Millis(now().0 - age)).await;
        assert_eq!(me(&world, &cookie).await, status, "{age}");
    }
    let unknown = world.get("/api/v1/me", "gantry=0").await;
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (401, Some("signed_out")));
    assert!(unknown.body.contains("Authorization: Bearer"), "a program is told what to send: {}", unknown.body);
}

#[tokio::test]
async fn what_a_page_asks_while_nobody_is_at_it_is_no_use_of_the_session() {
    let world = World::new().await;
    let ada = world.person("Ada", Role::Viewer).await;
    let old = Millis(now().0 - 600_000);
    let cookie = world.session_at(ada, old).await;
    let used = async || world.test.store.sessions(ada, 0, now()).await.unwrap()[0].used;
    assert_eq!(world.get("/api/v1/me?resting", &cookie).await.status, 200);
    assert_eq!(used().await, old);
    assert_eq!(me(&world, &cookie).await, 200);
    assert!(used().await > old);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_fifth_failure_makes_the_account_wait_and_no_other() {
    let world = World::new().await;
    world.person("Ada", Role::Viewer).await;
    world.person("Bob", Role::Viewer).await;
    for _ in 0..5 {
        assert!(world.sign_in("Ada", "not the password").await.header("location").ends_with("problem=wrong"));
    }
    // By the fifth failure's own clock: a second may have passed since.
    let store = &world.test.store;
    let (failed, last) = store.login_failures("name:ada", Millis(0)).await.unwrap();
    let turn = throttle::sign_in(store, "ADA", "127.0.0.1", last.unwrap()).await.unwrap();
    assert!(failed == 5 && matches!(turn, Turn::Wait(1)), "{failed}: {turn:?}");
    // After nine it is sixteen seconds: no request takes so long.
    for _ in 0..4 {
        store.login_failed("name:ada", now()).await.unwrap();
    }
    let wait = world.sign_in("ADA", PASSWORD).await;
    assert!(wait.header("location").contains("problem=wait&seconds="), "{}", wait.header("location"));
    assert_eq!(world.sign_in("Bob", PASSWORD).await.header("location"), "/functions?q=a");
    // Once the second has passed it is one's turn again, and then all is forgotten.
    world.person("Cleo", Role::Viewer).await;
    for _ in 0..5 {
        world.test.store.login_failed("name:cleo", Millis(now().0 - 1500)).await.unwrap();
    }
    assert_eq!(world.sign_in("Cleo", PASSWORD).await.header("location"), "/functions?q=a");
    assert!(world.sign_in("Cleo", "not the password").await.header("location").ends_with("problem=wrong"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_way_to_write_a_name_that_signs_in_waits_with_it() {
    let world = World::new().await;
    let (store, at) = (&world.test.store, now());
    // How far `lower` goes is up to the database's locale; Rust goes to the end of Unicode.
    for (name, others) in [("admin", ["ADMIN", "adm\u{130}n"]), ("Ärzte", ["ärzte", "ÄRZTE"])] {
        world.person(name, Role::Viewer).await;
        for _ in 0..9 {
            store.login_failed(&throttle::by_name(name), at).await.unwrap();
        }
        for other in others {
            let signs_in = store.credentials(other).await.unwrap().is_some();
            let waits = !through(&throttle::sign_in(store, other, "203.0.113.9", at).await.unwrap());
            assert_eq!(waits, signs_in, "{other}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_address_that_guesses_waits_for_a_minute() {
    let world = World::new().await;
    for _ in 0..30 {
        world.test.store.login_failed("address:127.0.0.1", now()).await.unwrap();
    }
    assert!(world.sign_in("Ada", PASSWORD).await.header("location").contains("problem=wait"));
}

/// Whether a try was let through.
fn through(turn: &Turn) -> bool {
    matches!(turn, Turn::Try(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_guesses_sent_at_once_no_more_pass_than_one_after_the_other() {
    let test = TestStore::fresh().await;
    let (store, at) = (&test.store, now());
    let turns = join_all((0..12).map(|_| throttle::sign_in(store, "Ada", "203.0.113.9", at))).await;
    assert_eq!(turns.iter().filter(|turn| through(turn.as_ref().unwrap())).count(), 5);
    let turns = join_all((0..12).map(|_| throttle::proof(store, 7, "Ada", at))).await;
    assert_eq!(turns.iter().filter(|turn| through(turn.as_ref().unwrap())).count(), 5);
    // Of one address, by many names.
    let names: Vec<String> = (0..34).map(|n| format!("name {n}")).collect();
    let turns = join_all(names.iter().map(|name| throttle::sign_in(store, name, "203.0.113.10", at))).await;
    assert_eq!(turns.iter().filter(|turn| through(turn.as_ref().unwrap())).count(), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_goes_on_guessing_locks_nobody_out() {
    let test = TestStore::fresh().await;
    let (store, began) = (&test.store, now());
    let (guesser, elsewhere) = ("203.0.113.9", "198.51.100.7");
    let mut at = began;
    let mut guesses = 0;
    // A guess whenever one is let through, for half a day.
    while at.0 < began.0 + 12 * 3_600_000 {
        match throttle::sign_in(store, "Ada", guesser, at).await.unwrap() {
            Turn::Try(_) => guesses += 1,
            Turn::Wait(seconds) => at = Millis(at.0 + seconds * 1000),
        }
    }
    assert!((50..70).contains(&guesses), "{guesses}");
    assert!(!through(&throttle::sign_in(store, "Ada", guesser, Millis(at.0 - 1000)).await.unwrap()));
    // Who is signed in does not notice; who is not waits for a minute after the last guess at most.
    let Turn::Try(proof) = throttle::proof(store, 7, "Ada", at).await.unwrap() else { panic!("has to wait") };
    proof.take_back(store).await;
    let last = at.0 - 900_000;
    let early = throttle::sign_in(store, "Ada", elsewhere, Millis(last + 1000)).await.unwrap();
    assert!(matches!(early, Turn::Wait(1..=60)), "{early:?}");
    let Turn::Try(own) = throttle::sign_in(store, "Ada", elsewhere, Millis(last + 60_000)).await.unwrap() else {
        panic!("has to wait")
    };
    own.succeeded(store).await.unwrap();
    assert!(through(&throttle::sign_in(store, "Ada", guesser, at).await.unwrap()), "a right password forgets");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_nobody_looked_at_is_no_guess() {
    let test = TestStore::fresh().await;
    let (store, at) = (&test.store, now());
    for _ in 0..40 {
        let Turn::Try(busy) = throttle::sign_in(store, "Ada", "203.0.113.9", at).await.unwrap() else {
            panic!("has to wait")
        };
        busy.take_back(store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tokens_speak_for_their_owner_until_they_are_revoked() {
    let world = World::new().await;
    let ada = world.person("Ada", Role::Operator).await;
    let actor = world.actor(ada, "Ada", Role::Operator).await;
    assert!(world.auth.create_token(&actor, "ci", Role::Administrator, 30).await.is_err(), "not above one's own role");
    assert!(world.auth.create_token(&actor, "ci", Role::Viewer, 366).await.is_err());
    let text = world.auth.create_token(&actor, "ci", Role::Viewer, 30).await.unwrap();
    let bearer = format!("Bearer {text}");
    let ask = async || world.send("GET", "/api/v1/me", &[("authorization", &bearer)], "").await;
    assert_eq!(ask().await.json()["role"], "viewer");
    assert_eq!(world.send("GET", "/api/v1/me", &[("authorization", "Bearer gantry_0")], "").await.status, 401);
    assert_eq!(world.send("GET", "/api/v1/me", &[("authorization", "Basic QTpC")], "").await.status, 401);
    let id = world.auth.tokens(&actor).await.unwrap()[0].id;
    world.auth.revoke_token(&actor, id).await.unwrap();
    assert_eq!(ask().await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_is_removed_is_out_at_once_and_one_administrator_stays() {
    let world = World::new().await;
    let (ada, bob) = (world.person("Ada", Role::Administrator).await, world.person("Bob", Role::Administrator).await);
    let (cookie, admin) = (world.session(bob).await, world.actor(ada, "Ada", Role::Administrator).await);
    assert_eq!(me(&world, &cookie).await, 200);
    world.auth.remove_person(&admin, bob).await.unwrap();
    assert_eq!(me(&world, &cookie).await, 401);
    assert!(world.auth.remove_person(&admin, ada).await.is_err());
    assert!(world.auth.set_role(&admin, ada, Role::Viewer).await.is_err());
    let viewer = Actor { role: Role::Viewer, ..admin };
    assert!(world.auth.people(&viewer).await.is_err());
    assert_eq!(world.test.store.audit_broken_at().await.unwrap(), None);
    let entry = world.test.store.audit_latest(1).await.unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.subject.as_str()), ("people.remove", "Bob"), "by name, not by number");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_password_of_somebody_there_is_stands_in_the_trail() {
    let world = World::new().await;
    world.person("Ada", Role::Viewer).await;
    world.sign_in("Nobody", "not the password").await;
    world.sign_in("ada", "not the password").await;
    // Written beside the answer: noticed by looking.
    let refused = loop {
        let latest = world.test.store.audit_latest(10).await.unwrap();
        let refused: Vec<_> = latest.into_iter().filter(|e| e.action == "session.refuse").collect();
        if !refused.is_empty() {
            break refused;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let told: Vec<_> = refused.iter().map(|e| (e.actor.as_str(), e.subject.as_str())).collect();
    assert_eq!(told, [("gantry", "Ada")]);
    assert_eq!(refused[0].detail["address"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_changes_their_password_stays_here_and_is_out_elsewhere() {
    const NEW: &str = "gravel pillow atlas";
    let world = World::new().await;
    let ada = world.person("Ada", Role::Viewer).await;
    let (here, elsewhere) = (world.session(ada).await, world.session(ada).await);
    let change = async |current: &str, password: &str| {
        let fields = [("current", current), ("password", password)];
        let headers = [
            ("cookie", here.as_str()),
            ("accept", "application/json"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", world.url.as_str()),
        ];
        let body: Vec<String> =
            fields.iter().map(|(k, v)| format!("{k}={}", gantry::auth::forms::encoded(v))).collect();
        world.send("POST", "/api/fn/change-password", &headers, &body.join("&")).await
    };
    let short = change(PASSWORD, "short").await;
    assert_eq!((short.status, short.json()["field"].as_str()), (400, Some("password")), "{}", short.body);
    let wrong = change("not the password", NEW).await;
    assert_eq!((wrong.status, wrong.json()["field"].as_str()), (400, Some("current")), "{}", wrong.body);
    assert_eq!(me(&world, &elsewhere).await, 200, "nothing has happened yet");
    let done = change(PASSWORD, NEW).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!((me(&world, &here).await, me(&world, &elsewhere).await), (200, 401));
    assert!(world.sign_in("Ada", PASSWORD).await.header("location").ends_with("problem=wrong"));
    assert_eq!(world.sign_in("Ada", NEW).await.header("location"), "/functions?q=a");
    // Guessing the current one is as slow as at sign-in.
    for _ in 0..9 {
        world.test.store.login_failed(&throttle::by_person(ada), now()).await.unwrap();
    }
    let wait = change(NEW, PASSWORD).await;
    assert_eq!((wait.status, wait.json()["field"].as_str()), (429, Some("current")), "{}", wait.body);
    let trail = world.test.store.audit_latest(50).await.unwrap();
    assert_eq!(trail.iter().filter(|e| e.action == "people.change-password").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_administrator_gives_somebody_a_new_password_and_nobody_else_does() {
    const NEW: &str = "gravel pillow atlas";
    let world = World::new().await;
    let (ada, bob) = (world.person("Ada", Role::Administrator).await, world.person("Bob", Role::Viewer).await);
    let actor = |person, role, session| Actor { person, name: "Ada".into(), role, session };
    let (admin, cookie) = (world.actor(ada, "Ada", Role::Administrator).await, world.session(bob).await);
    for _ in 0..9 {
        world.test.store.login_failed("name:bob", now()).await.unwrap();
    }
    assert!(world.auth.set_password(&actor(ada, Role::Operator, 1), bob, NEW).await.is_err());
    assert!(world.auth.set_password(&actor(ada, Role::Administrator, -1), bob, NEW).await.is_err(), "a token");
    assert!(world.auth.set_password(&admin, bob, "short").await.is_err());
    assert!(world.auth.set_password(&admin, ada, NEW).await.is_err(), "one's own takes the current one");
    assert_eq!(me(&world, &cookie).await, 200);
    world.auth.set_password(&admin, bob, NEW).await.unwrap();
    assert_eq!(me(&world, &cookie).await, 401);
    assert_eq!(world.sign_in("Bob", NEW).await.header("location"), "/functions?q=a", "without waiting");
    let trail = world.test.store.audit_latest(50).await.unwrap();
    let told: Vec<_> = trail.iter().filter(|e| e.action == "people.set-password").map(|e| &*e.subject).collect();
    assert_eq!(told, ["Bob"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_persons_sessions_and_tokens_are_not_anothers() {
    let world = World::new().await;
    let (ada, bob) = (world.person("Ada", Role::Administrator).await, world.person("Bob", Role::Viewer).await);
    let actor = |person, session| Actor { person, name: String::new(), role: Role::Viewer, session };
    let cookie = world.session(ada).await;
    let hers = world.auth.sessions(&actor(ada, 1)).await.unwrap()[0].id;
    world.auth.create_token(&actor(ada, hers), "hers", Role::Viewer, 1).await.unwrap();
    let token = world.auth.tokens(&actor(ada, 1)).await.unwrap()[0].id;
    assert!(world.auth.sessions(&actor(bob, 2)).await.unwrap().is_empty());
    assert!(world.auth.tokens(&actor(bob, 2)).await.unwrap().is_empty());
    assert!(world.auth.end_session(&actor(bob, 2), hers).await.is_err());
    assert!(world.auth.revoke_token(&actor(bob, 2), token).await.is_err());
    assert_eq!(me(&world, &cookie).await, 200);
}
