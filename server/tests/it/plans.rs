//! Plans and runs over the HTTP API and as pages, in a server that no connection leads out of.

use crate::world::{Answer, World};
use domain::plan::answers::Form;
use domain::plan::run::{Found, Progress, Run, State, StepState};
use domain::plan::{Answers, FORMAT, Facts};
use domain::policy::{PROOF_MS, Role};
use domain::resource::Observed;
use domain::stream::ToPage;
use domain::{Code, Kind, Millis, Problem, ResourceKey, Scope};
use gantry::clock::now;
use gantry_store::audit::Entry;
use gantry_store::batch::Source;
use gantry_store::runs::Stored;
use gantry_store::testing::entry;
use serde_json::{Value, json};
use std::time::Duration;

fn answers(name: &str) -> Value {
    let scope = json!({ "account": "111122223333", "region": "eu-west-1" });
    json!({ "scope": scope, "wizard": "create-repository", "answers": { "name": name } })
}

/// What a program with a cookie would send.
async fn post(world: &World, path: &str, cookie: &str, body: &Value) -> Answer {
    let headers = [
        ("cookie", cookie),
        ("content-type", "application/json"),
        ("origin", &world.url),
        ("sec-fetch-site", "same-origin"),
    ];
    world.send("POST", path, &headers, &body.to_string()).await
}

/// A run as it is when it begins; nobody drives it.
async fn begin(world: &World, id: &str, made: Millis) {
    let form = Form::CreateRepository(domain::ecr::wizards::create_repository::Answers {
        name: format!("shop/{id}"),
        ..Default::default()
    });
    let answers = Answers { scope: Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap()), form };
    let run = Run::new(id.into(), answers.plan(&Facts::default()).unwrap());
    let stored = Stored { run, answers, person: None, by: "Grace".into(), role: None, made, ended: None };
    world.test.store.begin_run(&stored, &entry()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_review_says_what_is_wrong_by_field_and_what_keeps_it_from_looking() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Operator).await).await;
    let wrong = post(&world, "/api/v1/plans", &cookie, &answers("")).await;
    assert_eq!(wrong.status, 200, "{}", wrong.body);
    assert!(wrong.json()["wrong"]["name"].is_string(), "{}", wrong.body);
    let nowhere = post(&world, "/api/v1/plans", &cookie, &answers("shop/api")).await;
    assert_eq!((nowhere.status, nowhere.header("content-type")), (404, "application/problem+json"), "{}", nowhere.body);
    assert!(nowhere.json()["message"].as_str().unwrap().starts_with("No connection leads to"), "{}", nowhere.body);
    let nonsense = post(&world, "/api/v1/plans", &cookie, &json!({ "wizard": "shoes" })).await;
    assert_eq!((nonsense.status, nonsense.json()["field"].as_str()), (400, Some("body")));
    assert_eq!(post(&world, "/api/v1/plans", "", &answers("shop/api")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn viewers_see_runs_and_change_nothing() {
    let world = World::new().await;
    begin(&world, "0a1b", now()).await;
    let viewer = world.session(world.person("Vic", Role::Viewer).await).await;
    let begin = json!({ "answers": answers("shop/api"), "hash": "x" });
    for (path, body) in [
        ("/api/v1/plans", &answers("shop/api")),
        ("/api/v1/runs", &begin),
        ("/api/v1/runs/0a1b/cancel", &json!({})),
        ("/api/v1/runs/0a1b/steps/repository", &json!({ "decision": "skip" })),
    ] {
        let refused = post(&world, path, &viewer, body).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("forbidden")), "{path}");
    }
    let one = world.get("/api/v1/runs/0a1b", &viewer).await.json();
    assert_eq!((one["run"]["state"].as_str(), one["run"]["cancelled"].as_bool()), (Some("checking"), Some(false)));
    let page = world.page("/runs/0a1b", &viewer).await;
    assert_eq!(page.status, 200);
    for words in ["Create the repository shop/0a1b", "Checking", "ecr:CreateRepository", "Grace", "aria-disabled"] {
        assert!(page.body.contains(words), "{words} is missing");
    }
    assert_eq!(world.page("/runs/nothing", &viewer).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn runs_are_listed_page_by_page_and_nonsense_is_refused() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Operator).await).await;
    assert!(world.page("/runs", &cookie).await.body.contains("No run yet"));
    for (id, at) in [("a", 1000), ("b", 2000), ("c", 3000)] {
        begin(&world, id, Millis(at)).await;
    }
    let ids = async |query: &str| {
        let list = world.get(&format!("/api/v1/runs{query}"), &cookie).await.json();
        list.as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("?limit=2").await, ["c", "b"]);
    assert_eq!(ids("?before=2000,b").await, ["a"]);
    for (query, field) in [("before=b", "before"), ("before=x,b", "before"), ("limit=0", "limit"), ("limit=x", "limit")]
    {
        let refused = world.get(&format!("/api/v1/runs?{query}"), &cookie).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{query}");
    }
    assert_eq!(world.get("/api/v1/runs/nothing", &cookie).await.status, 404);
    for path in ["/api/v1/runs/%00", "/api/v1/runs?q=%00"] {
        let refused = world.get(path, &cookie).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("invalid")), "{path}");
    }
    assert_eq!(post(&world, "/api/v1/runs/nothing/cancel", &cookie, &json!({})).await.status, 404);
    assert_eq!(ids("?q=shop/b&state=checking").await, ["b"]);
    // Runs of 1970; of today there is none.
    assert_eq!(ids("?from=24h").await, Vec::<String>::new());
    assert_eq!(ids("?to=2026-11-23&limit=2").await, ["c", "b"]);
    for (query, field) in [("from=yesterday", "from"), ("to=24h", "to")] {
        let refused = world.get(&format!("/api/v1/runs?{query}"), &cookie).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{query}");
    }
    let csv = world.get("/api/v1/runs?format=csv&limit=100000&region=eu-west-1&q=shop/", &cookie).await;
    assert!(csv.header("content-type").starts_with("text/csv"), "{}", csv.header("content-type"));
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"runs.csv\"");
    let lines: Vec<&str> = csv.body.lines().collect();
    assert!(lines.len() == 4 && lines[0].starts_with("id,title,account"), "{}", csv.body);
    assert!(lines[3].starts_with("\"a\",\"Create the repository shop/a\",\"111122223333\""), "{}", csv.body);
    let json = world.get("/api/v1/runs?format=json&state=checking", &cookie).await;
    assert_eq!(json.header("content-disposition"), "attachment; filename=\"runs.json\"");
    assert_eq!(json.json().as_array().map(Vec::len), Some(3));
    for (query, field) in [("limit=100001", "limit"), ("format=xml", "format")] {
        let refused = world.get(&format!("/api/v1/runs?{query}"), &cookie).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{query}");
    }
    assert_eq!(world.get("/api/v1/runs?state=lost", &cookie).await.json()["field"].as_str(), Some("state"));
    let page = world.page("/runs?before=2000,b", &cookie).await.body;
    assert!(page.contains("shop/a") && !page.contains("shop/c"));
    assert!(page.contains("/api/v1/runs?format=csv"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn open_pages_are_told_of_a_run_and_it_is_cancelled_once() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Operator).await).await;
    begin(&world, "a", now()).await;
    let mut news = world.memory.subscribe();
    assert_eq!(post(&world, "/api/v1/runs/a/cancel", &cookie, &json!({})).await.status, 202);
    let told = async { while news.recv().await.unwrap() != (ToPage::Run { id: "a".into() }) {} };
    tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
    let again = post(&world, "/api/v1/runs/a/cancel", &cookie, &json!({})).await;
    assert_eq!((again.status, again.json()["title"].as_str()), (409, Some("Nothing to take back")));
    let decided = json!({ "decision": "retry" });
    assert_eq!(post(&world, "/api/v1/runs/a/steps/repository", &cookie, &decided).await.status, 409);
    assert_eq!(post(&world, "/api/v1/runs/a/steps/shoe", &cookie, &decided).await.status, 404);
}

/// A run whose only step could not be taken back.
async fn stuck(world: &World, id: &str) {
    begin(world, id, now()).await;
    let store = &world.test.store;
    let lease = store.lease_run("test", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    assert_eq!(lease.run, id);
    let denied = Problem::new(Code::AwsDenied, "Access denied", "ecr:DeleteRepository is not allowed.");
    let after = Some(json!({ "repositoryName": format!("shop/{id}") }));
    let progress =
        Progress { state: StepState::Stuck, attempts: 1, after, problem: Some(denied), ..Progress::default() };
    store.journal(&lease, 0, &progress, None).await.unwrap();
    store.run_becomes(&lease, State::Stuck, None, now(), None).await.unwrap();
    store.release_run(&lease).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_person_decides_once_about_a_step_that_is_stuck() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Operator).await).await;
    for (id, decision, state, note) in [
        ("a", "retry", "undoing", None),
        ("b", "skip", "left", Some("Left by Ada: taken care of elsewhere.")),
        ("c", "adopt", "left", Some("Kept by Ada: it is wanted after all.")),
    ] {
        stuck(&world, id).await;
        let path = format!("/api/v1/runs/{id}");
        let page = world.page(&format!("/runs/{id}"), &cookie).await.body;
        for words in ["1 step could not be taken back", "Try again", "Leave it", "Keep it"] {
            assert!(page.contains(words), "{words} is missing");
        }
        // What is stuck is not cancelled: each step is decided about.
        assert_eq!(post(&world, &format!("{path}/cancel"), &cookie, &json!({})).await.status, 409);
        let mut news = world.memory.subscribe();
        let decide = async |body: Value| post(&world, &format!("{path}/steps/repository"), &cookie, &body).await;
        assert_eq!(decide(json!({ "decision": "shoe" })).await.status, 400);
        let decided = decide(json!({ "decision": decision })).await;
        assert_eq!((decided.status, decided.body.as_str()), (202, ""), "{decision}");
        let told = async { while news.recv().await.unwrap() != (ToPage::Run { id: id.into() }) {} };
        tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
        // Servers go on with it from here.
        let run = world.get(&path, &cookie).await.json()["run"].clone();
        let step = &run["steps"][0];
        assert_eq!((&run["state"], &step["state"], step["note"].as_str()), (&json!("undoing"), &json!(state), note));
        let again = decide(json!({ "decision": decision })).await;
        assert_eq!((again.status, again.json()["title"].as_str()), (409, Some("Nothing to decide")), "{decision}");
        let trail = world.test.store.audit_latest(1).await.unwrap();
        assert_eq!((trail[0].action.as_str(), trail[0].subject.as_str()), ("run.decide", &*format!("{id}/repository")));
        assert_eq!((&trail[0].detail["decision"], trail[0].actor.as_str()), (&json!(decision), "Ada"));
        // Nobody drives it: out of the way of the next lease.
        let store = &world.test.store;
        let lease = store.lease_run("test", Duration::from_secs(60), &[]).await.unwrap().unwrap();
        store.run_becomes(&lease, State::Undone, None, now(), None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_run_is_asked_to_stop_and_one_that_was_applied_is_taken_back() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Operator).await).await;
    let store = &world.test.store;
    for (id, before, after) in [("a", State::Applying, "applying"), ("b", State::Applied, "undoing")] {
        begin(&world, id, now()).await;
        let lease = store.lease_run("test", Duration::from_secs(60), &[]).await.unwrap().unwrap();
        let state = if before == State::Applied { StepState::Made } else { StepState::Waiting };
        store.journal(&lease, 0, &Progress { state, ..Progress::default() }, None).await.unwrap();
        store.run_becomes(&lease, before, None, now(), None).await.unwrap();
        let cancelled = post(&world, &format!("/api/v1/runs/{id}/cancel"), &cookie, &json!({})).await;
        assert_eq!((cancelled.status, cancelled.body.as_str()), (202, ""), "{id}");
        let view = world.get(&format!("/api/v1/runs/{id}"), &cookie).await.json();
        let run = &view["run"];
        assert_eq!((&run["state"], &run["cancelled"]), (&json!(after), &json!(true)), "{run}");
        assert_eq!(view["cancelled_by"], "Ada");
        let trail = store.audit_latest(1).await.unwrap();
        assert_eq!((trail[0].action.as_str(), trail[0].subject.as_str()), ("run.cancel", id));
        store.run_becomes(&lease, State::Undone, None, now(), None).await.unwrap();
    }
}

/// A run that was applied: it put the image `sha256:a` into `web` and tagged it with `1`.
async fn copied(world: &World, id: &str) {
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let step = |id: &str, tag: Value, ids: Value| {
        let put = json!({ "repositoryName": "web", "imageManifest": "{}", "imageDigest": "sha256:a", "imageTag": tag });
        let back = json!({ "repositoryName": "web", "imageIds": [ids] });
        json!({ "id": id, "says": "Put it", "scope": scope, "effect": "create", "before": null, "depends_on": [], "monthly": null,
            "call": { "service": "ecr", "operation": "PutImage", "input": put },
            "undo": { "call": { "service": "ecr", "operation": "BatchDeleteImage", "input": back } } })
    };
    let image = step("image", Value::Null, json!({ "imageDigest": "sha256:a" }));
    let tag = step("tag", json!("1"), json!({ "imageTag": "1" }));
    let plan = json!({ "format": FORMAT, "title": "Put 1 into web", "scope": scope, "steps": [image, tag] });
    let run = Run::new(id.into(), serde_json::from_value(plan).unwrap());
    let form = Form::CreateRepository(domain::ecr::wizards::create_repository::Answers::default());
    let answers = Answers { scope, form };
    let stored = Stored { run, answers, person: None, by: "Grace".into(), role: None, made: now(), ended: None };
    let store = &world.test.store;
    store.begin_run(&stored, &entry()).await.unwrap();
    let lease = store.lease_run("test", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    let made = Progress { state: StepState::Made, attempts: 1, ..Progress::default() };
    for n in [0, 1] {
        store.journal(&lease, n, &made, None).await.unwrap();
    }
    store.run_becomes(&lease, State::Applied, None, now(), None).await.unwrap();
    store.release_run(&lease).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_something_runs_by_now_is_not_taken_back_and_an_undo_that_deletes_wants_a_proof() {
    let world = World::new().await;
    let ada = world.person("Ada", Role::Operator).await;
    let (fresh, old) = (world.session(ada).await, world.session_at(ada, Millis(now().0 - PROOF_MS)).await);
    copied(&world, "c").await;
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let doc = json!({ "registryId": "111122223333", "repositoryName": "web", "imageDigest": "sha256:a", "imageTags": ["1"],
        "imagePushedAt": "2026-11-01T10:00:00Z" });
    let key = ResourceKey::new(Kind::Image, scope, "web@sha256:a").unwrap();
    let image = Observed { key: key.clone(), doc: doc.clone() };
    world.test.store.seen(Source::Single { began: now(), fence: None }, &[image], now()).await.unwrap();
    let runs = |digest: &str| {
        let uri = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:{digest}");
        json!({ "PackageType": "Image", "Code": { "ImageUri": uri, "ResolvedImageUri": uri } })
    };
    let cancel = async |cookie: &str| post(&world, "/api/v1/runs/c/cancel", cookie, &json!({})).await;
    world.function("resize", runs("a")).await;
    let refused = cancel(&fresh).await;
    assert_eq!(
        (refused.status, refused.json()["title"].as_str()),
        (409, Some("Something uses it")),
        "{}",
        refused.body
    );
    assert!(refused.body.contains("web:1 (used by function resize)"), "{}", refused.body);
    world.function("resize", runs("b")).await;
    let refused = cancel(&old).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("confirm_password")), "{}", refused.body);
    let run = world.get("/api/v1/runs/c", &fresh).await.json()["run"].clone();
    assert_eq!((&run["state"], &run["cancelled"]), (&json!("applied"), &json!(false)), "nothing was done");
    let taken = cancel(&fresh).await;
    assert_eq!(taken.status, 202, "{}", taken.body);

    // It is stuck on the way; by the time that somebody has it tried again, the image is in use once more.
    let store = &world.test.store;
    let lease = store.lease_run("test", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    let is = |state| Progress { state, attempts: 1, ..Progress::default() };
    store.journal(&lease, 0, &is(StepState::Stuck), None).await.unwrap();
    store.journal(&lease, 1, &is(StepState::Undone), None).await.unwrap();
    store.run_becomes(&lease, State::Stuck, None, now(), None).await.unwrap();
    store.release_run(&lease).await.unwrap();
    let retry = async || post(&world, "/api/v1/runs/c/steps/image", &fresh, &json!({ "decision": "retry" })).await;
    let image = |tags: Value| {
        let mut doc = doc.clone();
        doc["imageTags"] = tags;
        Observed { key: key.clone(), doc }
    };
    store.seen(Source::Single { began: now(), fence: None }, &[image(json!([]))], now()).await.unwrap();
    world.function("resize", runs("a")).await;
    let refused = retry().await;
    assert_eq!((refused.status, refused.json()["title"].as_str()), (409, Some("Something uses it")));
    let told = |words: &str| assert!(refused.body.contains(words), "{}", refused.body);
    told("used by function resize");
    told("It was not tried again.");
    world.function("resize", runs("b")).await;
    let again = retry().await;
    assert_eq!(again.status, 202, "{}", again.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_audit_trail_is_filtered_exported_and_not_for_viewers() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Operator).await).await;
    begin(&world, "0a1b", now()).await;
    assert_eq!(post(&world, "/api/v1/runs/0a1b/cancel", &cookie, &json!({})).await.status, 202);
    let entries = world.get("/api/v1/audit?actor=ada&action=run.&q=0a1b&from=1h", &cookie).await.json();
    let actions: Vec<_> = entries.as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["run.cancel"]);
    let csv = world.get("/api/v1/audit?format=csv&limit=100000&action=run.", &cookie).await;
    assert!(csv.header("content-type").starts_with("text/csv"), "{}", csv.header("content-type"));
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    assert!(
        csv.body.starts_with("id,at,person") && csv.body.contains("\"run.cancel\",\"0a1b\",\"done\""),
        "{}",
        csv.body
    );
    let store = &world.test.store;
    let lease = store.lease_run("test", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    let intent = Entry { action: "run.step".into(), subject: "0a1b/repository".into(), ..entry() };
    let denied = Problem::new(Code::AwsDenied, "Access denied", "No.");
    let failed = Progress { state: StepState::Failed, problem: Some(denied), ..Progress::default() };
    store.journal(&lease, 0, &failed, Some(&intent)).await.unwrap();
    let entries = world.get("/api/v1/audit?action=run.step", &cookie).await.json();
    assert_eq!(entries[0]["result"].as_str(), Some("refused: Access denied"), "{entries}");
    let refused = "result=refused&account=111122223333&region=eu-west-1";
    let csv = world.get(&format!("/api/v1/audit?format=csv&{refused}"), &cookie).await.body;
    assert!(csv.lines().count() == 2 && csv.contains("\"run.step\",\"0a1b/repository\""), "{csv}");
    for query in ["result=stuck", "action=run.&account=444455556666", "action=run.step&result=made"] {
        let none = world.get(&format!("/api/v1/audit?{query}"), &cookie).await;
        assert_eq!(none.json(), json!([]), "{query}");
    }
    let accepted = world.send("GET", "/api/v1/audit", &[("cookie", &cookie), ("accept", "text/csv")], "").await;
    assert!(accepted.body.starts_with("id,at,person"));
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=100001", "limit"),
        ("format=xml", "format"),
        ("from=x", "from"),
        ("result=x", "result"),
    ] {
        let refused = world.get(&format!("/api/v1/audit?{query}"), &cookie).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{query}");
    }
    let page = world.page("/runs?tab=audit&action=run.&q=0a1b", &cookie).await.body;
    assert!(page.contains("run.cancel") && page.contains("format=csv") && page.contains("action=run."), "{page}");
    assert!(page.contains("refused: Access denied"), "{page}");
    let page = world.page("/runs?tab=audit&result=made&region=eu-west-1", &cookie).await.body;
    assert!(page.contains("Nothing in this choice") && !page.contains("refused: Access denied"), "{page}");
    let viewer = world.session(world.person("Vic", Role::Viewer).await).await;
    assert_eq!(world.get("/api/v1/audit", &viewer).await.status, 403);
    let page = world.page("/runs?tab=audit", &viewer).await.body;
    assert!(page.contains("This needs the role operator") && !page.contains("run.cancel"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_run_that_found_something_else_shows_the_difference_and_one_of_another_version_says_so() {
    let world = World::new().await;
    let store = &world.test.store;
    begin(&world, "0a1b", now()).await;
    let lease = store.lease_run("test", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    let found = Found { state: Some(json!({ "repositoryName": "shop/0a1b", "imageTagMutability": "IMMUTABLE" })) };
    let progress = Progress { found: Some(found), ..Progress::default() };
    store.journal(&lease, 0, &progress, None).await.unwrap();
    let why = Problem::new(Code::Conflict, "Changed since you reviewed", "It exists now.");
    store.run_becomes(&lease, State::Undone, Some(&why), now(), None).await.unwrap();
    let mut later = store.run("0a1b").await.unwrap().unwrap();
    (later.run.id, later.run.plan.format, later.run.state) = ("0c2d".into(), FORMAT + 1, State::Applying);
    store.begin_run(&later, &entry()).await.unwrap();
    let viewer = world.session(world.person("Vic", Role::Viewer).await).await;
    let page = world.page("/runs/0a1b", &viewer).await;
    for words in ["It did not exist when you reviewed", "IMMUTABLE", "Plan again", "Nothing was made."] {
        assert!(page.body.contains(words), "{words} is missing");
    }
    let page = world.page("/runs/0c2d", &viewer).await;
    assert!(page.body.contains("A run of another version"), "{}", page.body);
    let list = world.page("/runs", &viewer).await;
    assert!(list.body.contains("Another version’s") && list.body.contains("Undone"), "{}", list.body);
    let refused = world.get("/api/v1/runs/0c2d", &viewer).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("conflict")));
    let lines = world.get("/api/v1/runs", &viewer).await.json();
    let formats: Vec<_> = lines.as_array().unwrap().iter().map(|line| line["format"].as_u64()).collect();
    assert_eq!(formats, [Some(u64::from(FORMAT) + 1), Some(u64::from(FORMAT))]);
}
