//! The HTTP API over a real store.

use crate::world::World;
use domain::policy::Role;
use domain::services::Team;
use domain::{Kind, Millis};
use gantry::clock::now;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lists_are_paged_to_their_end_by_the_cursor() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    for name in ["alpha", "beta", "gamma", "delta", "epsilon"] {
        world.function(name, json!({ "Runtime": "python3.13" })).await;
    }
    let (mut names, mut cursor) = (vec![], String::new());
    loop {
        let page =
            world.get(&format!("/api/v1/resources?kind=functions&sort=name&limit=2{cursor}"), &cookie).await.json();
        assert_eq!((page["total"].as_u64(), page["matched"].as_u64()), (Some(5), Some(5)));
        names.extend(page["resources"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["alpha", "beta", "delta", "epsilon", "gamma"]);
    // Of another order; a number, as cursors once were.
    for refused in [format!("sort=-name{cursor}"), "sort=name&cursor=2".to_owned()] {
        let refused = world.get(&format!("/api/v1/resources?kind=functions&{refused}"), &cookie).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some("cursor")));
    }
    let nonsense = world.get("/api/v1/resources?kind=functions&shoe=1", &cookie).await;
    assert_eq!((nonsense.status, nonsense.json()["field"].as_str()), (400, Some("filters")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_resource_its_history_and_a_search_that_forgives() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let key = world.function("thumbnailer", json!({ "MemorySize": 128 })).await;
    let one = world.get(&format!("/api/v1/resources/{key}"), &cookie).await.json();
    assert_eq!(
        (one["row"]["key"].as_str(), one["doc"]["MemorySize"].as_u64()),
        (Some(key.to_string().as_str()), Some(128))
    );
    let history = world.get(&format!("/api/v1/history/{key}"), &cookie).await.json();
    assert_eq!(history.as_array().unwrap().len(), 1);
    let fleet = async |query: &str| world.get(&format!("/api/v1/history?{query}"), &cookie).await;
    assert_eq!(fleet("q=THUMB&from=1h").await.json().as_array().unwrap().len(), 1);
    assert_eq!(fleet("q=other").await.json().as_array().unwrap().len(), 0);
    assert_eq!(fleet("to=2020-01-01").await.json().as_array().unwrap().len(), 0);
    for (query, field) in [("from=yesterday", "from"), ("to=7", "to"), ("limit=201", "limit"), ("kind=shoes", "kind")] {
        let refused = fleet(query).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)), "{query}");
    }
    let page = world.page("/changes?from=yesterday&q=thumb", &cookie).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("“yesterday” is no moment") && page.body.contains(" value=\"yesterday\""),
        "{}",
        page.body
    );
    assert!(!page.body.contains("thumbnailer"), "not silently everything");
    assert!(world.page("/changes?from=1h&q=thumb", &cookie).await.body.contains("thumbnailer"));
    let page = world.page("/changes?account=999988887777", &cookie).await;
    assert!(page.body.contains("No connection leads to account 999988887777"), "{}", page.body);
    for typed in ["thumbnialer", "fucntion%20thumb", "function:thumbnialer"] {
        let hits = world.get(&format!("/api/v1/search?q={typed}"), &cookie).await.json();
        assert_eq!(hits[0]["key"].as_str(), Some(key.to_string().as_str()), "{typed}");
    }
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:thumbnailer";
    assert_eq!(
        world.get(&format!("/api/v1/resolve?ref={arn}"), &cookie).await.json()["key"].as_str(),
        Some(key.to_string().as_str())
    );
    assert_eq!(world.get("/api/v1/resolve?ref=nothing", &cookie).await.json()["code"], "not_found");
    // What is stored is shown; of everything else this server cannot know: it has no connection.
    for path in [
        "resolve?ref=arn:aws:lambda:eu-west-1:111122223333:function:x",
        "resources/lambda.function/111122223333/eu-west-1/x",
    ] {
        let missing = world.get(&format!("/api/v1/{path}"), &cookie).await;
        assert_eq!((missing.status, missing.json()["code"].as_str()), (404, Some("not_connected")), "{path}");
    }
    for path in ["/functions/999988887777/eu-west-1/x", "/resolve?ref=arn:aws:sqs:eu-west-1:999988887777:x"] {
        let page = world.page(path, &cookie).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("This account is not connected") && page.body.contains("999988887777"), "{path}");
        assert!(
            page.body.contains("href=\"/settings/connections\"") && !page.body.contains("made a moment ago"),
            "{path}"
        );
    }
    let compare = world.get(&format!("/api/v1/compare/{key}?from=1"), &cookie).await;
    assert_eq!((compare.status, compare.json()["field"].as_str()), (400, Some("to")));
    let log = world.get(&format!("/api/v1/log/{key}"), &cookie).await;
    assert_eq!(log.status, 404, "no connection leads there: {}", log.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_reads_everything_and_the_document_says_how() {
    let world = World::new().await;
    let ada = world.person("Ada", Role::Viewer).await;
    let actor = world.actor(ada, "Ada", Role::Viewer).await;
    let bearer = format!("Bearer {}", world.auth.create_token(&actor, "ci", Role::Viewer, 1).await.unwrap());
    let document = world.send("GET", "/api/v1/openapi.json", &[("authorization", &bearer)], "").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["components"]["schemas"]["ResourceKey"]["description"].is_string());
    // What a run's steps say of themselves is described by name only.
    for (schema, field) in [("Transfer", "layers"), ("LayerProgress", "done")] {
        assert!(document["components"]["schemas"][schema]["properties"][field].is_object(), "{schema}");
    }
    assert!(document["components"]["securitySchemes"]["token"].is_object());
    // A token is no person: it makes no further tokens.
    let mine = world
        .auth
        .of(&[("authorization".parse().unwrap(), bearer.parse().unwrap())].into_iter().collect())
        .await
        .unwrap()
        .unwrap();
    assert!(world.auth.create_token(&mine, "more", Role::Viewer, 1).await.is_err());
    let body = r#"{"kind":"lambda.function"}"#;
    let refresh = world.send("POST", "/api/v1/refresh", &[("authorization", &bearer)], body).await;
    assert_eq!(refresh.status, 404, "no connection collects anything: {}", refresh.body);
    let nonsense = world.send("POST", "/api/v1/refresh", &[("authorization", &bearer)], "{").await;
    assert_eq!((nonsense.status, nonsense.json()["field"].as_str()), (400, Some("body")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_complete_list_lacks_does_not_exist() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let key = world.function("thumbnailer", json!({})).await;
    let logs = async || {
        let one = world.get(&format!("/api/v1/resources/{key}"), &cookie).await.json();
        let connected = one["connected"].as_array().unwrap().clone();
        connected.into_iter().find(|c| c["relation"] == "logs").unwrap()
    };
    let open = logs().await;
    assert_eq!((open["key"].as_str(), open["missing"].as_bool()), (None, Some(false)), "nothing is said to be read");

    let (store, scope) = (&world.test.store, &key.scope);
    store.configure(&[(scope.clone(), Kind::LogGroup)]).await.unwrap();
    let lease = store.claim("a", &[], now(), Millis(now().0 + 30_000)).await.unwrap().expect("due");
    store.complete(lease.fence, scope, Kind::LogGroup, None, lease.started, now()).await.unwrap();
    store.finish(&lease, now(), Millis(now().0 + 60_000)).await.unwrap();
    // Noticed by looking: memory hears of a collection a moment later.
    while logs().await["missing"] != true {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
