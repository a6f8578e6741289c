//! What is asked of AWS while somebody looks.

use crate::world::connected;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ecs::load::MOST_ASKED;
use domain::policy::{Actor, Role};
use domain::resource::Observed;
use domain::services::Telemetry;
use domain::{AccountId, Code, Region, ResourceKey};
use gantry::clock::now;
use gantry::live::follow::Source as _;
use gantry::live::telemetry::AwsTelemetry;
use gantry_aws::{Connections, LogEvents};
use gantry_store::batch::Source;
use gantry_store::testing::TestStore;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Until when events were asked for.
type Ends = Arc<Mutex<Vec<i64>>>;

/// A log with more events than one answer of Gantry's takes.
async fn answer(State(ends): State<Ends>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !target.ends_with(".FilterLogEvents") {
        return (StatusCode::FORBIDDEN, "").into_response();
    }
    let input: Value = serde_json::from_slice(&axum::body::to_bytes(body, usize::MAX).await.unwrap()).unwrap();
    let end = input["endTime"].as_i64().unwrap();
    ends.lock().unwrap().push(end);
    let event =
        |n: i64| json!({ "eventId": n.to_string(), "timestamp": end - n, "message": "m", "logStreamName": "s" });
    let events: Vec<Value> = (0..300).map(event).collect();
    ([("content-type", "application/x-amz-json-1.1")], json!({ "events": events }).to_string()).into_response()
}

#[tokio::test]
async fn pages_that_open_a_log_at_once_ask_for_it_once() {
    let ends = Ends::default();
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    let router = axum::Router::new().fallback(answer).with_state(ends.clone());
    tokio::spawn(async move { axum::serve(socket, router).await });
    let connections = Connections::new(vec![connected(endpoint)], &[7; 32]).unwrap();
    let test = TestStore::fresh().await;
    let telemetry = AwsTelemetry::new(connections, test.store.clone());
    let actor = Actor { person: 1, name: "Ada".into(), role: Role::Viewer, session: 1 };
    let key = ResourceKey::parse("logs.log-group/111122223333/eu-west-1//shop").unwrap();
    let page = async || telemetry.log(&actor, &key, "", None).await.unwrap().events.len();
    // Whose credentials these are is asked once, before everything else.
    assert_eq!(page().await, 200);
    // All ten are asked for before the first answer can be heard: the test runs in one thread.
    let pages = futures::future::join_all((0..10).map(|_| page())).await;
    assert_eq!(pages, [200; 10]);
    let ends = ends.lock().unwrap().clone();
    // One more when a second ended among them.
    assert!(ends.len() <= 3, "{ends:?}");
    assert!(ends.iter().all(|end| end % 1000 == 0), "{ends:?}");
}

/// Where no log group is.
async fn no_group() -> Response {
    let refused =
        json!({ "__type": "ResourceNotFoundException", "message": "The specified log group does not exist." });
    (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.1")], refused.to_string()).into_response()
}

#[tokio::test]
async fn a_log_group_that_is_not_there_yet_is_no_error_and_is_waited_for() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, axum::Router::new().fallback(no_group)).await });
    let connections = Connections::new(vec![connected(endpoint)], &[7; 32]).unwrap();
    let test = TestStore::fresh().await;
    let telemetry = AwsTelemetry::new(connections, test.store.clone());
    let actor = Actor { person: 1, name: "Ada".into(), role: Role::Viewer, session: 1 };
    let key = ResourceKey::parse("logs.log-group/111122223333/eu-west-1//aws/lambda/never-ran").unwrap();
    let page = telemetry.log(&actor, &key, "", None).await.unwrap();
    assert!(page.absent && page.events.is_empty());
    assert_eq!(page.group, "/aws/lambda/never-ran");
    assert_eq!(telemetry.since(&key, now()).await, Ok(LogEvents::default()));
    // That Gantry does not know it, or cannot get there, is.
    for elsewhere in ["lambda.function/111122223333/eu-west-1/unknown", "logs.log-group/111122223333/us-east-1//shop"] {
        let key = ResourceKey::parse(elsewhere).unwrap();
        assert_eq!(telemetry.log(&actor, &key, "", None).await.unwrap_err().code, Code::NotFound, "{elsewhere}");
        assert!(telemetry.since(&key, now()).await.is_err(), "{elsewhere}");
    }
}

/// Stores so many services of the account connected.
async fn services(test: &TestStore, count: usize) {
    let service = |n: usize| Observed {
        key: ResourceKey::parse(&format!("ecs.service/111122223333/eu-west-1/main/web-{n}")).unwrap(),
        doc: json!({ "serviceName": format!("web-{n}") }),
    };
    let all: Vec<Observed> = (0..count).map(service).collect();
    test.store.seen(Source::Single { began: now(), fence: None }, &all, now()).await.unwrap();
}

#[tokio::test]
async fn services_that_may_not_be_charted_are_named_by_place_and_so_are_too_many() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    // Refuses all but logs.
    let router = axum::Router::new().fallback(answer).with_state(Ends::default());
    tokio::spawn(async move { axum::serve(socket, router).await });
    let connections = Connections::new(vec![connected(endpoint)], &[7; 32]).unwrap();
    let test = TestStore::fresh().await;
    let telemetry = AwsTelemetry::new(connections, test.store.clone());
    let actor = Actor { person: 1, name: "Ada".into(), role: Role::Viewer, session: 1 };
    let fleet = async |accounts: &[AccountId], regions: &[Region]| {
        telemetry.fleet_metrics(&actor, accounts, regions, 60).await.unwrap()
    };
    let nothing = fleet(&[], &[]).await;
    assert_eq!((nothing.services.asked, nothing.missing.len()), (0, 0));

    services(&test, 1).await;
    let refused = fleet(&[], &[]).await;
    let missing: Vec<String> = refused.missing.iter().map(|(scope, _)| scope.to_string()).collect();
    assert_eq!(missing, ["111122223333/eu-west-1"]);
    assert_eq!(refused.services.asked, 0);
    // Outside of what is looked at nobody is asked.
    let elsewhere = fleet(&[], &["us-east-1".parse().unwrap()]).await;
    assert!(elsewhere.missing.is_empty());

    services(&test, MOST_ASKED + 1).await;
    let many = fleet(&[], &[]).await;
    let too_many: Vec<String> = many.services.too_many.iter().map(ToString::to_string).collect();
    assert_eq!(too_many, ["111122223333/eu-west-1"]);
    assert!(many.missing.is_empty(), "{:?}", many.missing);
}
