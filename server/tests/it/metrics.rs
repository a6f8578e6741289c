//! What Prometheus reads, on a listener of its own.

use crate::world::connected;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::{Code, Kind, Millis, Problem, ResourceKey};
use gantry::clock::now;
use gantry::inventory::Memory;
use gantry::{servers, telemetry};
use gantry_aws::Connections;
use gantry_store::Store;
use gantry_store::collections::Lease;
use gantry_store::testing::TestStore;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An ECR without repositories; everything else is refused.
async fn ecr(request: Request) -> Response {
    let target = request.headers().get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
    match target.ends_with(".DescribeRepositories") {
        true => ([("content-type", "application/x-amz-json-1.1")], r#"{"repositories":[]}"#).into_response(),
        false => (StatusCode::FORBIDDEN, "").into_response(),
    }
}

/// A list of this kind, claimed because somebody asked for it.
async fn claimed(store: &Store, kind: Kind) -> Lease {
    store.request(kind, &[], &[], now()).await.unwrap();
    let lease = store.claim("here", &[], now(), Millis(now().0 + 30_000)).await.unwrap().unwrap();
    assert_eq!(lease.kind, kind);
    lease
}

/// The value of the one line that begins so; none without one.
fn value(text: &str, begin: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(begin))?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

#[tokio::test]
async fn collecting_is_measured_per_account_region_and_kind_that_this_server_wants() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, axum::Router::new().fallback(ecr)).await });
    let here = Connections::new(vec![connected(endpoint.clone())], &[7; 32]).unwrap();
    let mut elsewhere = connected(endpoint);
    elsewhere.account = "444455556666".parse().unwrap();
    let there = Connections::new(vec![elsewhere], &[7; 32]).unwrap();
    let test = TestStore::fresh().await;
    servers::join(&test.store, "here", &here).await.unwrap();
    servers::join(&test.store, "there", &there).await.unwrap();

    let queues = claimed(&test.store, Kind::Queue).await;
    test.store.finish(&queues, Millis(now().0 - 90_000), now()).await.unwrap();
    for _ in 0..2 {
        let functions = claimed(&test.store, Kind::Function).await;
        let denied = Problem::new(Code::AwsDenied, "Not allowed", "lambda:ListFunctions");
        test.store.fail(&functions, &denied, false, now(), now()).await.unwrap();
    }
    let key = ResourceKey::parse("ecr.repository/111122223333/eu-west-1/shop/web").unwrap();
    assert_eq!(gantry_aws::fetch(&here.caller(&key.scope).await.unwrap(), &key).await, Ok(None));

    let memory = Memory::new(test.store.clone());
    tokio::spawn(memory.clone().follow());
    // Noticed by looking: nobody is told of the first load.
    while !memory.loaded().load(Ordering::Acquire) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let handle = telemetry::count().unwrap();
    let at = telemetry::listen("127.0.0.1:0".parse().unwrap(), handle, here, memory).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = client.get(format!("http://{at}/metrics")).send().await.unwrap().text().await.unwrap();

    let place = r#"account="111122223333",region="eu-west-1""#;
    let age = value(&text, &format!("gantry_collect_age_seconds{{{place},kind=\"sqs.queue\"}} ")).unwrap();
    assert!((90.0..150.0).contains(&age), "{age}");
    let failures = |kind: &str| value(&text, &format!("gantry_collect_failures{{{place},kind=\"{kind}\"}} "));
    assert_eq!([failures("sqs.queue"), failures("lambda.function")], [Some(0.0), Some(2.0)]);
    // Nothing was read to its end yet.
    assert_eq!(value(&text, &format!("gantry_collect_age_seconds{{{place},kind=\"lambda.function\"}} ")), None);
    let rate = value(&text, &format!("gantry_aws_rate{{{place},bucket=\"ecr\"}} ")).unwrap();
    assert!((5.0..6.0).contains(&rate), "{rate}");
    // What another server collects is that one's to tell.
    assert!(!text.contains("444455556666"), "{text}");
}
