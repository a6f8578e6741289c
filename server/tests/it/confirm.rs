//! What is dangerous wants the password again once the last proof of it is old; and nothing happens before.

use crate::world::{Answer, PASSWORD, World, connected};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::Millis;
use domain::policy::{PROOF_MS, Role};
use gantry::auth::forms::encoded;
use gantry::auth::throttle::{self, Turn};
use gantry::clock::now;
use serde_json::{Value, json};

/// A session whose person signed in a quarter of an hour ago.
async fn old(world: &World, person: i64) -> String {
    world.session_at(person, Millis(now().0 - PROOF_MS)).await
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

/// What a form of the settings sends once scripts run.
async fn form(world: &World, function: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let headers = [
        ("cookie", cookie),
        ("accept", "application/json"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", &world.url),
    ];
    let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", encoded(v))).collect();
    world.send("POST", &format!("/api/fn/{function}"), &headers, &body.join("&")).await
}

async fn confirm(world: &World, cookie: &str, password: &str) -> Answer {
    post(world, "/api/v1/confirm", cookie, &json!({ "password": password })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_manages_people_or_makes_a_token_proves_first_that_it_is_them() {
    let world = World::new().await;
    let (ada, bob) = (world.person("Ada", Role::Administrator).await, world.person("Bob", Role::Viewer).await);
    let (here, elsewhere, bobs) = (old(&world, ada).await, old(&world, ada).await, world.session(bob).await);
    let page = world.page("/settings/people", &here).await;
    assert!(page.status == 200 && page.body.contains("Bob") && page.body.contains("Add a person"), "{}", page.body);
    let number = bob.to_string();
    let bob = number.as_str();
    let dangerous: [(&str, Vec<(&str, &str)>); 5] = [
        ("create-token", vec![("name", "ci"), ("role", "viewer"), ("days", "1")]),
        ("create-person", vec![("name", "Eve"), ("password", PASSWORD), ("role", "viewer")]),
        ("set-role", vec![("person", bob), ("role", "operator")]),
        ("set-password", vec![("person", bob), ("password", "gravel pillow atlas")]),
        ("remove-person", vec![("person", bob)]),
    ];
    for (function, fields) in &dangerous {
        let refused = form(&world, function, &here, fields).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("confirm_password")), "{function}");
    }
    assert_eq!(world.get("/api/v1/me", &bobs).await.json()["role"], "viewer", "nothing was done");
    assert_eq!(world.test.store.people().await.unwrap().len(), 2);
    let wrong = confirm(&world, &here, "not the password").await;
    assert_eq!((wrong.status, wrong.json()["field"].as_str()), (400, Some("password")), "{}", wrong.body);
    let (function, fields) = &dangerous[1];
    assert_eq!(form(&world, function, &here, fields).await.status, 403);
    let right = confirm(&world, &here, PASSWORD).await;
    assert_eq!((right.status, right.body.as_str()), (204, ""));
    for (function, fields) in &dangerous {
        let refused = form(&world, function, &elsewhere, fields).await;
        assert_eq!(refused.status, 403, "{function}: another session of theirs");
    }
    for (function, fields) in &dangerous {
        let done = form(&world, function, &here, fields).await;
        assert_eq!(done.status, 200, "{function}: {}", done.body);
    }
    let trail = world.test.store.audit_latest(50).await.unwrap();
    let own: Vec<&str> = trail.iter().rev().filter(|e| e.actor == "Ada").map(|e| e.action.as_str()).collect();
    let done = ["token.create", "people.create", "people.set-role", "people.set-password", "people.remove"];
    assert_eq!(own, [&["session.confirm"][..], &done[..]].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_confirmation_counts_as_a_failed_sign_in() {
    let world = World::new().await;
    let ada = world.person("Ada", Role::Viewer).await;
    let cookie = old(&world, ada).await;
    let store = &world.test.store;
    let from = "203.0.113.9";
    // What others guess at sign-in keeps nobody from confirming.
    for _ in 0..9 {
        store.login_failed("name:ada", now()).await.unwrap();
    }
    assert_eq!(confirm(&world, &cookie, "not the password").await.status, 400);
    assert_eq!(store.login_failures("name:ada", Millis(0)).await.unwrap().0, 10);
    assert!(matches!(throttle::sign_in(store, "Ada", from, now()).await.unwrap(), Turn::Wait(_)));
    assert_eq!(confirm(&world, &cookie, PASSWORD).await.status, 204);
    assert!(matches!(throttle::sign_in(store, "Ada", from, now()).await.unwrap(), Turn::Try(_)), "it is them");
    for _ in 0..9 {
        store.login_failed(&throttle::by_person(ada), now()).await.unwrap();
    }
    let wait = confirm(&world, &cookie, PASSWORD).await;
    assert_eq!((wait.status, wait.json()["field"].as_str()), (429, Some("password")), "{}", wait.body);
    // What cannot be read is not repeated: it may be the password.
    let nonsense = post(&world, "/api/v1/confirm", &cookie, &json!({ "pasword": "lumpy otter" })).await;
    assert!(nonsense.status == 400 && !nonsense.body.contains("otter"), "{}", nonsense.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn changing_ones_password_is_a_proof() {
    let world = World::new().await;
    let cookie = old(&world, world.person("Ada", Role::Viewer).await).await;
    let token = [("name", "ci"), ("role", "viewer"), ("days", "1")];
    assert_eq!(form(&world, "create-token", &cookie, &token).await.status, 403);
    let fields = [("current", PASSWORD), ("password", "gravel pillow atlas")];
    assert_eq!(form(&world, "change-password", &cookie, &fields).await.status, 200);
    let made = form(&world, "create-token", &cookie, &token).await;
    assert_eq!(made.status, 200, "{}", made.body);
}

/// An ECR with one cache rule, `quay`, and one repository without a policy.
async fn answer(headers: HeaderMap, body: String) -> Response {
    let target = headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let json = |status: StatusCode, value: Value| {
        (status, [("content-type", "application/x-amz-json-1.1")], value.to_string()).into_response()
    };
    if target.ends_with(".DescribePullThroughCacheRules") {
        if body.contains("kubernetes") {
            let missing = json!({ "__type": "PullThroughCacheRuleNotFoundException", "message": "none" });
            return json(StatusCode::BAD_REQUEST, missing);
        }
        let rule =
            json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "upstreamRegistry": "quay" });
        return json(StatusCode::OK, json!({ "pullThroughCacheRules": [rule] }));
    }
    if target.ends_with(".DescribeRepositories") {
        let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/web";
        return json(
            StatusCode::OK,
            json!({ "repositories": [{ "repositoryName": "shop/web", "repositoryArn": arn }] }),
        );
    }
    if target.ends_with(".GetRepositoryPolicy") {
        let missing = json!({ "__type": "RepositoryPolicyNotFoundException", "message": "none" });
        return json(StatusCode::BAD_REQUEST, missing);
    }
    json(StatusCode::BAD_REQUEST, json!({ "__type": "UnknownOperationException", "message": "none" }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_plan_that_deletes_a_thing_or_lets_others_in_wants_a_proof_of_people_and_none_of_tokens() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, axum::Router::new().fallback(answer)).await });
    let world = World::connected(500, false, vec![connected(endpoint)]).await;
    let ada = world.person("Ada", Role::Operator).await;
    let cookie = old(&world, ada).await;
    let answers = |wizard: &str, answers: Value| json!({ "scope": { "account": "111122223333", "region": "eu-west-1" }, "wizard": wizard, "answers": answers });
    let reviewed = async |answers: Value| {
        let review = post(&world, "/api/v1/plans", &cookie, &answers).await;
        let hash = review.json()["plan"]["hash"].as_str().unwrap_or_else(|| panic!("{}", review.body)).to_owned();
        json!({ "answers": answers, "hash": hash })
    };
    let create = json!({ "new": true, "prefix": "kubernetes", "upstream": "k8s" });
    let begin = reviewed(answers("registry-cache-rule", create)).await;
    let begun = post(&world, "/api/v1/runs", &cookie, &begin).await;
    assert_eq!(begun.status, 201, "nothing is deleted: {}", begun.body);
    let of = |principal: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": principal },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] }] })
    };
    let opens = |principal: &str| {
        answers("repository-policy", json!({ "repository": "shop/web", "policy": of(principal).to_string() }))
    };
    let begin = reviewed(opens("444455556666")).await;
    let refused = post(&world, "/api/v1/runs", &cookie, &begin).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("confirm_password")), "{}", refused.body);
    let begin = reviewed(opens("111122223333")).await;
    let begun = post(&world, "/api/v1/runs", &cookie, &begin).await;
    assert_eq!(begun.status, 201, "nobody else is let in: {}", begun.body);
    let begin = reviewed(answers("delete-registry-cache-rule", json!({ "prefix": "quay" }))).await;
    let refused = post(&world, "/api/v1/runs", &cookie, &begin).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("confirm_password")), "{}", refused.body);
    let runs = async || world.get("/api/v1/runs", &cookie).await.json().as_array().map(Vec::len);
    assert_eq!(runs().await, Some(2), "nothing has begun");
    // A token has no password: its role is what limits it.
    let owner = world.actor(ada, "Ada", Role::Operator).await;
    let text = gantry::auth::team::create_token(&world.auth, &owner, "ci", Role::Operator, 1).await.unwrap();
    let bearer = format!("Bearer {text}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let begun = world.send("POST", "/api/v1/runs", &headers, &begin.to_string()).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    let proof = json!({ "password": PASSWORD }).to_string();
    let refused = world.send("POST", "/api/v1/confirm", &headers, &proof).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("forbidden")), "{}", refused.body);
    assert_eq!(confirm(&world, &cookie, PASSWORD).await.status, 204);
    let begun = post(&world, "/api/v1/runs", &cookie, &begin).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    assert_eq!(runs().await, Some(4));
}
