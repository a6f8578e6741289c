//! `gantry connections check` against an endpoint that refuses.

use crate::world::connected;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gantry_aws::Connections;
use serde_json::json;

/// Lists a log group, and allows nothing else.
async fn answer(request: Request) -> Response {
    let operation = request.headers().get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (status, body) = match operation.rsplit('.').next() {
        Some("DescribeLogGroups") => {
            (StatusCode::OK, json!({ "logGroups": [{ "logGroupName": "/aws/lambda/resize" }] }))
        }
        _ => (StatusCode::FORBIDDEN, json!({ "__type": "AccessDeniedException", "message": "no" })),
    };
    (status, [("content-type", "application/x-amz-json-1.1")], body.to_string()).into_response()
}

#[tokio::test]
async fn each_missing_permission_is_named_not_only_the_first() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, axum::Router::new().fallback(answer)).await });
    let connections = Connections::new(vec![connected(endpoint)], &[7; 32]).unwrap();
    let mut lines = vec![];
    let well = gantry::check::connections(&connections, &mut |line| lines.push(line)).await.unwrap();
    let text = lines.join("\n");
    assert!(!well, "{text}");
    assert!(text.contains("\n  eu-west-1: 1 of "), "the log groups are read: {text}");
    for action in [
        "lambda:ListFunctions",
        // Beside the list that is refused, too.
        "lambda:GetFunction",
        "dynamodb:ListTables",
        "dynamodb:DescribeTable",
        // Of one document of many parts, each.
        "ecr:GetAccountSetting",
        "ecr:GetRegistryPolicy",
        "ecr:DescribePullThroughCacheRules",
        // Without which a collect goes on.
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        // What nobody collects.
        "ecs:ListServiceDeployments",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "logs:FilterLogEvents",
        "cloudwatch:GetMetricData",
    ] {
        assert!(lines.iter().any(|line| line.ends_with(&format!(": the permission {action} is missing"))), "{text}");
    }
    assert!(!text.contains("logs:DescribeLogGroups"), "{text}");
}
