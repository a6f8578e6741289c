//! Under whose session what people look up is asked.

use super::*;
use crate::config;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;

/// Who asked what: the operation and the key.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// STS, whose sessions have keys of their names, and an ECR without anything.
fn answer(asked: &Asked, headers: &HeaderMap, body: &str) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fields: HashMap<&str, &str> = body.split('&').filter_map(|pair| pair.split_once('=')).collect();
    if let Some(action) = fields.get("Action") {
        let name = fields.get("RoleSessionName").unwrap_or(&"");
        let inside = match *action {
            "AssumeRole" => format!(
                "<Credentials><AccessKeyId>{name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                 <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
            ),
            _ => "<Account>111122223333</Account>".to_owned(),
        };
        let xml = format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{inside}</{action}Result></{action}Response>"
        );
        return ([("content-type", "text/xml")], xml).into_response();
    }
    let operation = header("x-amz-target").rsplit('.').next().unwrap_or_default().to_owned();
    let key = header("authorization").split("Credential=").nth(1).and_then(|rest| rest.split('/').next());
    asked.lock().unwrap().push((operation, key.unwrap_or_default().to_owned()));
    let missing = json!({ "__type": "RepositoryNotFoundException", "message": "none" });
    (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.1")], missing.to_string()).into_response()
}

/// Both at an address.
async fn aws(asked: Asked) -> String {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    let all = move |headers: HeaderMap, body: String| std::future::ready(answer(&asked, &headers, &body));
    tokio::spawn(async move { axum::serve(socket, Router::new().fallback(all)).await });
    endpoint
}

#[tokio::test]
async fn what_aws_does_to_tell_something_goes_under_the_session_of_whoever_asks() {
    let asked = Asked::default();
    let config = json!({ "name": "shop", "account": "111122223333", "regions": ["eu-west-1"], "access_key": "base",
        "secret_key": "s", "role_arn": "arn:aws:iam::111122223333:role/gantry", "endpoint_url": aws(Arc::clone(&asked)).await });
    let connections = Connections::new(vec![serde_json::from_value(config).unwrap()], &[7; 32]).unwrap();
    let cloud = Aws::new(connections, copy::Registries::new(&config::Registries::default()).unwrap());
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let ada = Person { id: Some(1), name: "ada".into(), role: None };
    let repository = || "shop/web".to_owned();
    for subject in [
        EcrSubject::LifecyclePreview { repository: repository(), policy: "{}".into() },
        EcrSubject::CacheValidation { prefix: "hub".into() },
        EcrSubject::Settings { repository: repository() },
    ] {
        let _ = cloud.look_up(&ada, &scope, &Subject::Ecr(subject)).await;
    }
    let asked: Vec<_> = asked.lock().unwrap().drain(..).collect();
    let expected = [
        ("StartLifecyclePolicyPreview", "gantry-ada"),
        ("ValidatePullThroughCacheRule", "gantry-ada"),
        ("DescribeRepositories", "gantry"),
    ];
    assert_eq!(asked, expected.map(|(operation, key)| (operation.to_owned(), key.to_owned())));
}
