//! What every answer carries, and what is answered to what should not be asked.

use crate::world::World;
use domain::policy::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signed_out_visitors_are_sent_to_sign_in_and_back() {
    let world = World::new().await;
    let page = world.page("/functions?q=a&sort=-name", "").await;
    assert_eq!((page.status, page.header("location")), (303, "/sign-in?next=%2Ffunctions%3Fq%3Da%26sort%3D%2Dname"));
    assert_eq!(world.page("/", "").await.header("location"), "/sign-in");
    let sign_in = world.page("/sign-in", "").await;
    assert_eq!(sign_in.status, 200);
    let function = world.send("POST", "/api/fn/list", &[("content-type", "application/json")], "{}").await;
    assert_eq!((function.status, function.json()["code"].as_str().unwrap().to_owned()), (401, "signed_out".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn security_headers_are_on_every_answer_and_the_policy_has_the_pages_nonce() {
    let world = World::new().await;
    for path in ["/sign-in", "/healthz", "/api/v1/me", "/nothing", "/pkg/main.1.css"] {
        let answer = world.page(path, "").await;
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin"), ("x-frame-options", "DENY")]
        {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!answer.header("x-request-id").is_empty() || path.starts_with("/pkg"), "{path}");
        assert_eq!(answer.header("cache-control") == "no-store", !path.starts_with("/pkg"), "{path}");
    }
    let page = world.page("/sign-in", "").await;
    let policy = page.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.body.contains(&format!("nonce=\"{nonce}\"")), "{policy}");
    assert_ne!(policy, world.page("/sign-in", "").await.header("content-security-policy"));
    for part in
        ["'wasm-unsafe-eval'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn files_are_kept_for_good_compressed_and_open_to_all() {
    let world = World::new().await;
    let css = world.send("GET", "/pkg/main.1.css", &[("accept-encoding", "gzip, br")], "").await;
    assert_eq!((css.status, css.header("content-encoding"), css.body.as_str()), (200, "br", "brotli"));
    assert!(css.header("cache-control").contains("immutable") && css.header("content-type").starts_with("text/css"));
    let plain = world.send("GET", "/pkg/main.1.css", &[], "").await;
    assert_eq!((plain.header("content-encoding"), plain.body.as_str()), ("", "main { color: red }"));
    let icon = world.send("GET", "/favicon.svg", &[], "").await;
    assert_eq!(icon.header("cache-control"), "public, no-cache");
    assert_eq!(world.send("GET", "/favicon.svg", &[("if-none-match", icon.header("etag"))], "").await.status, 304);
    assert_ne!(world.send("GET", "/pkg/../assets.json", &[], "").await.status, 200);
    assert_ne!(world.send("GET", "/assets.json", &[], "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn another_sites_page_can_neither_post_nor_listen() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Administrator).await).await;
    for extra in [
        vec![("origin", "https://evil.example")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site"), ("origin", "http://other.localhost")],
        vec![("origin", "null")],
        vec![],
    ] {
        for path in ["/sign-out", "/sign-in", "/welcome", "/api/v1/refresh", "/api/fn/list"] {
            let mut headers = vec![("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
            headers.extend(extra.clone());
            let answer = world.send("POST", path, &headers, "").await;
            assert_eq!(
                (answer.status, answer.json()["code"].as_str().unwrap().to_owned()),
                (403, "forbidden".to_owned()),
                "{path} {extra:?}"
            );
        }
    }
    assert_eq!(world.get("/api/v1/me", &cookie).await.status, 200, "nobody was signed out");
    let foreign = world.send("GET", "/sign-in", &[("host", "evil.example")], "").await;
    assert_eq!(foreign.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_too_long_or_too_large_is_refused_cleanly() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let long = world.get(&format!("/api/v1/search?q={}", "a".repeat(9_000)), &cookie).await;
    assert_eq!((long.status, long.json()["code"].as_str().unwrap().to_owned()), (414, "too_large".to_owned()));
    for length in [20_000, 1_000_000] {
        let mut socket = tokio::net::TcpStream::connect(world.url.trim_start_matches("http://")).await.unwrap();
        let head = format!("GET /functions?q={} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(length));
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 414 ") && answer.contains("too long"), "{length}: {answer}");
    }
    let headers = [("cookie", cookie.as_str()), ("origin", &world.url), ("content-type", "application/json")];
    let large = world.send("POST", "/api/v1/refresh", &headers, &"x".repeat(1_100_000)).await;
    assert_eq!((large.status, large.json()["code"].as_str().unwrap().to_owned()), (413, "too_large".to_owned()));
    let large = world.form("/sign-in", "", &[("name", "ada"), ("password", &"b".repeat(300_000))]).await;
    assert_eq!(large.status, 413);
    let name = world.form("/sign-in", "", &[("name", &"a".repeat(10_000)), ("password", &"b".repeat(10_000))]).await;
    assert!(name.header("location").ends_with("problem=wrong"));
    let key = world
        .get(&format!("/api/v1/resources/lambda.function/111122223333/eu-west-1/{}", "a".repeat(4_000)), &cookie)
        .await;
    assert_eq!(key.status, 400);
    assert!(key.body.len() < 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn markup_in_names_tags_and_addresses_stays_text() {
    let world = World::new().await;
    let cookie = world.session(world.person("<img src=x onerror=alert(1)>", Role::Viewer).await).await;
    let evil = "</script><script>alert(1)</script>";
    world.function("plain", json!({ "Description": evil, "Tags": { "team": evil } })).await;
    for path in [
        "/functions",
        "/functions/111122223333/eu-west-1/plain",
        "/functions?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ] {
        let page = world.page(path, &cookie).await;
        assert!(!page.body.contains("<script>alert(1)") && !page.body.contains("<img src=x"), "{path}");
    }
    // Lambda allows no such name; tags called `Name`, and other endpoints, do.
    world.function("<img src=x onerror=alert(1)></title><script>alert(1)</script>", json!({})).await;
    for path in [
        "/functions",
        "/functions?q=onerror",
        "/functions/111122223333/eu-west-1/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%3C/title%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/search?q=onerror",
    ] {
        let page = world.page(path, &cookie).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("&lt;img src=x"), "{path}: it is there");
        assert!(!page.body.contains("<script>alert(1)") && !page.body.contains("<img src=x"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_and_tags_of_any_length_do_no_harm() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    world.function("neighbour", json!({})).await;
    // As long as a key allows, and a tag far longer than AWS does.
    let name = "long-name-".repeat(205)[..2_048].to_owned();
    let value = "wide-value ".repeat(1_000)[..10_000].to_owned();
    world.function(&name, json!({ "Tags": { "team": value } })).await;
    let detail = format!("/functions/111122223333/eu-west-1/{name}");
    for path in ["/functions", "/functions?q=wide-value", detail.as_str(), "/search?q=wide-value"] {
        let page = world.page(path, &cookie).await;
        assert_eq!(page.status, 200, "{}", &path[..20.min(path.len())]);
        assert!(page.body.contains(&name) && page.body.len() < 500_000, "{} bytes", page.body.len());
    }
    assert!(world.page("/functions", &cookie).await.body.contains("neighbour"));
    let shown = world.page(&detail, &cookie).await;
    assert!(shown.body.contains(value.trim_end()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_person_who_asks_too_often_is_asked_to_wait() {
    // Two at once, and another one after a second each.
    let world = World::with(1, false).await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let mut refused = None;
    for _ in 0..40 {
        let answer = world.get("/api/v1/me", &cookie).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("refused at last");
    assert_eq!((refused.header("retry-after"), refused.json()["code"].as_str()), ("1", Some("busy")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_process_says_how_it_is() {
    let world = World::new().await;
    assert_eq!(world.get("/healthz", "").await.json()["status"], "ok");
    assert_eq!(world.get("/readyz", "").await.json()["status"], "ready");
}
