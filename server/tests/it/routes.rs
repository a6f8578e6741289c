//! Every route there is, asked by those who may not, in ways nobody should.

use crate::world::World;
use domain::policy::Role;
use std::collections::BTreeSet;

/// (method, path as in the table) of all routes besides pages and files. New ones are added here on purpose.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/compare"),
    ("GET", "/api/v1/compare/{key}"),
    ("POST", "/api/v1/confirm"),
    ("GET", "/api/v1/connections"),
    ("GET", "/api/v1/history"),
    ("GET", "/api/v1/history/{key}"),
    ("GET", "/api/v1/log/{key}"),
    ("GET", "/api/v1/me"),
    ("GET", "/api/v1/metrics"),
    ("GET", "/api/v1/metrics/{key}"),
    ("GET", "/api/v1/openapi.json"),
    ("POST", "/api/v1/plans"),
    ("POST", "/api/v1/refresh"),
    ("GET", "/api/v1/resolve"),
    ("GET", "/api/v1/resources"),
    ("GET", "/api/v1/resources/{key}"),
    ("GET", "/api/v1/runs"),
    ("POST", "/api/v1/runs"),
    ("GET", "/api/v1/runs/{id}"),
    ("POST", "/api/v1/runs/{id}/cancel"),
    ("POST", "/api/v1/runs/{id}/steps/{step}"),
    ("GET", "/api/v1/search"),
    ("POST", "/api/v1/source-credentials"),
    ("POST", "/api/v1/uploads"),
    ("GET", "/api/v1/uploads/{id}"),
    ("POST", "/api/v1/uploads/{id}/cancel"),
    ("GET", "/live"),
];

#[test]
fn the_document_and_this_table_name_the_same_routes() {
    let document = serde_json::to_value(gantry::api::document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut documented: Vec<(String, String)> = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.push((method.to_uppercase(), path.clone()));
        }
    }
    documented.sort_by(|a, b| a.1.cmp(&b.1));
    let undocumented = ["/api/v1/openapi.json", "/live"];
    let table: Vec<_> = ROUTES
        .iter()
        .filter(|(_, p)| !undocumented.contains(p))
        .map(|(m, p)| ((*m).to_owned(), (*p).to_owned()))
        .collect();
    assert_eq!(documented, table);
}

#[test]
fn clients_can_be_made_from_the_document() {
    let document = serde_json::to_value(gantry::api::document()).unwrap();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let named: BTreeSet<&str> = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} is the name of two");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let declared: BTreeSet<&str> =
                parameters.filter(|p| p["in"] == "path").filter_map(|p| p["name"].as_str()).collect();
            assert_eq!(declared, named, "{method} {path}");
        }
    }
    let body = &document["paths"]["/api/v1/uploads"]["post"]["requestBody"]["content"]["application/x-tar"]["schema"];
    let archive = document.pointer(body["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap();
    assert_eq!((archive["type"].as_str(), archive["format"].as_str()), (Some("string"), Some("binary")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nobody_gets_anything_without_signing_in() {
    let world = World::new().await;
    for (method, path) in ROUTES {
        for path in [path.replace("{key}", "lambda.function/111122223333/eu-west-1/a"), (*path).to_owned()] {
            let answer = world.send(method, &path, &[("content-type", "application/json")], "{}").await;
            assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("signed_out")), "{method} {path}");
            assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_methods_are_refused_by_name() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Administrator).await).await;
    for (method, known) in ROUTES {
        let path = known.replace("{key}", "lambda.function/111122223333/eu-west-1/a");
        for other in ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().filter(|m| !ROUTES.contains(&(**m, *known))) {
            let answer = world.send(other, &path, &[("cookie", &cookie), ("origin", &world.url)], "").await;
            assert_eq!((answer.status, answer.json()["code"].as_str()), (405, Some("invalid")), "{other} {path}");
            assert!(answer.header("allow").contains(method), "{other} {path}");
        }
    }
    let post = world.form("/functions", &cookie, &[]).await;
    assert_eq!(post.status, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_literal_parameter_is_no_key() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Administrator).await).await;
    for (method, path) in ROUTES.iter().filter(|(_, p)| p.contains("{key}")) {
        for literal in ["{key}", "{*key}", "*", "%7Bkey%7D", "..", "lambda.function/111122223333/eu-west-1/", "%00"] {
            let path = path.replace("{key}", literal);
            let answer = world.send(method, &path, &[("cookie", &cookie)], "").await;
            assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        }
    }
    let unknown = world.get("/api/v1/shoes", &cookie).await;
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (404, Some("not_found")));
    let unknown = world.get("/api/fn/shoes", &cookie).await;
    assert!(matches!(unknown.status, 400 | 404), "{}", unknown.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn clients_that_encode_the_slashes_of_a_key_find_it() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let key = world.function("thumbnailer", serde_json::json!({})).await.to_string();
    for path in [key.clone(), key.replace('/', "%2F")] {
        let one = world.get(&format!("/api/v1/resources/{path}"), &cookie).await;
        assert_eq!(one.status, 200, "{path}: {}", one.body);
    }
}
