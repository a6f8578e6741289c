//! Archives on their way in: what is refused, what is left behind, and how the sender hears of it.

use crate::world::{Answer, LARGEST, World, connected};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::ecr::upload::UploadState;
use domain::policy::Role;
use domain::services::Team;
use gantry::auth::team::create_token;
use gantry::http::{LARGEST_BODY, LARGEST_DOCUMENT};
use gantry::uploads::WAITS;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An endpoint with a token and a registry: blobs by digest, and the requests that made images.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Held>>);

/// Blobs by digest, and what was asked for.
type Held = (BTreeMap<String, Bytes>, Vec<String>);

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut held = fake.0.lock().unwrap();
    if !path.starts_with("/v2/") {
        let token = r#"{"authorizationData":[{"authorizationToken":"QVdTOnNlY3JldA=="}]}"#;
        return ([("content-type", "application/x-amz-json-1.1")], token).into_response();
    }
    let sha = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let at = "/v2/shop/web/blobs/uploads/1";
    match parts.method {
        Method::HEAD => {
            let known = held.0.contains_key(path.rsplit_once(':').unwrap().1);
            if known { StatusCode::OK } else { StatusCode::NOT_FOUND }.into_response()
        }
        Method::POST => (StatusCode::ACCEPTED, [("location", at)]).into_response(),
        Method::PATCH => {
            held.0.insert("open".into(), body);
            (StatusCode::ACCEPTED, [("location", at)]).into_response()
        }
        Method::PUT if path.contains("/blobs/") => {
            let bytes = held.0.remove("open").unwrap();
            held.0.insert(sha(&bytes), bytes);
            StatusCode::CREATED.into_response()
        }
        other => {
            held.1.push(format!("{other} {path}"));
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

impl Fake {
    async fn world() -> (Self, World, String) {
        let fake = Self::default();
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        let config = connected(url);
        let world = World::connected(500, false, vec![config]).await;
        let person = world.person("Ada", Role::Operator).await;
        let cookie = world.session(person).await;
        (fake, world, cookie)
    }
    fn blobs(&self) -> usize {
        self.0.lock().unwrap().0.keys().filter(|name| *name != "open").count()
    }
    fn made(&self) -> Vec<String> {
        self.0.lock().unwrap().1.iter().filter(|line| !line.starts_with("DELETE")).cloned().collect()
    }
}

fn file(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut all = [&header, bytes].concat();
    all.resize(all.len().next_multiple_of(512), 0);
    all
}

/// What `docker save` wrote before it wrote OCI layouts, with these layers.
fn archive(layers: &[Vec<u8>]) -> Vec<u8> {
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let ids: Vec<String> = layers.iter().map(|layer| format!("\"sha256:{}\"", hex(layer))).collect();
    let names: Vec<String> = (0..layers.len()).map(|n| format!("{n}/layer.tar")).collect();
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
        ids.join(",")
    );
    let manifest =
        format!(r#"[{{"Config":"c.json","RepoTags":["shop/web:v1"],"Layers":["{}"]}}]"#, names.join("\",\""));
    let mut all: Vec<u8> = names.iter().zip(layers).flat_map(|(name, layer)| file(name, layer)).collect();
    all.extend(file("c.json", config.as_bytes()));
    all.extend(file("manifest.json", manifest.as_bytes()));
    all.extend([0_u8; 1024]);
    all
}

/// A layer with one file.
fn layer(name: &str, bytes: &[u8]) -> Vec<u8> {
    [file(name, bytes), vec![0; 1024]].concat()
}

/// One that cannot be compressed, and larger than any other request may be.
fn noise() -> Vec<u8> {
    let noise: Vec<u8> = (0_u64..40_000).flat_map(|n| Sha256::digest(n.to_le_bytes()).to_vec()).collect();
    layer("etc/noise", &noise)
}

/// An archive of that layer.
fn saved() -> Vec<u8> {
    archive(&[noise()])
}

const TO: &str = "account=111122223333&region=eu-west-1&repository=shop/web";

async fn send(world: &World, cookie: &str, query: &str, body: impl Into<reqwest::Body>) -> Answer {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/api/v1/uploads?{query}", world.url));
    let request = request.header("cookie", cookie).header("origin", &world.url).body(body);
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

/// An upload whose connection breaks once all of this has arrived: what is told of it then.
async fn broken(world: &World, cookie: &str, id: &str, bytes: &[u8]) -> serde_json::Value {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/api/v1/uploads?{TO}&id={id}", world.url));
    let request = tokio::spawn(request.header("cookie", cookie).header("origin", &world.url).body(body).send());
    sender.send(Ok(Bytes::copy_from_slice(bytes))).await.unwrap();
    let told = || async { world.get(&format!("/api/v1/uploads/{id}"), cookie).await.json() };
    while told().await["received"] != bytes.len() {}
    request.abort();
    drop(sender);
    while told().await["state"] == "receiving" {}
    told().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_archive_streams_in_leaves_nothing_that_can_be_pulled_and_is_not_sent_twice() {
    let (fake, world, cookie) = Fake::world().await;
    let tar = saved();
    assert!(tar.len() > LARGEST_DOCUMENT);
    let first = send(&world, &cookie, &format!("{TO}&id=firstone"), tar.clone()).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let told = first.json();
    assert_eq!((&told["state"], &told["received"]), (&"received".into(), &tar.len().into()));
    let image = &told["images"][0];
    assert_eq!((&image["tags"][0], &image["platforms"][0]), (&"v1".into(), &"linux/amd64".into()));
    let text = image["manifest"]["text"].as_str().unwrap();
    let digest = Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(image["manifest"]["digest"], format!("sha256:{digest}"));
    assert_eq!((fake.blobs(), fake.made().len()), (2, 0), "{:?}", fake.made());
    let second = send(&world, &cookie, &format!("{TO}&id=secondone"), tar).await.json();
    assert!(second["layers"].as_array().unwrap().iter().all(|layer| layer["state"] == "existed"), "{second}");
    let trail = world.test.store.audit_latest(20).await.unwrap();
    assert_eq!(trail.iter().filter(|entry| entry.action == "upload.begin").count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_no_usable_archive_is_refused_and_can_be_asked_for() {
    let (fake, world, cookie) = Fake::world().await;
    let tar = saved();
    let mut damaged = tar.clone();
    damaged[5000] ^= 1;
    let mut bomb = tar[..512].to_vec();
    bomb[124..136].copy_from_slice(b"77777777777\0");
    bomb[148..156].fill(b' ');
    let sum: u32 = bomb.iter().map(|b| u32::from(*b)).sum();
    bomb[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    for (id, body, words) in [
        ("truncated1", tar[..tar.len() / 2].to_vec(), "truncated"),
        ("noimage111", [file("readme", b"hello"), vec![0; 1024]].concat(), "not an image"),
        ("notar11111", b"#!/bin/sh\n".repeat(100), "not a tar"),
        ("damaged111", damaged, "damaged"),
        ("outside111", file("../../etc/passwd", b"x"), "leads out"),
        ("bomb111111", bomb, "allowed"),
        ("empty11111", vec![], "empty"),
    ] {
        let answer = send(&world, &cookie, &format!("{TO}&id={id}"), body).await;
        let told = world.get(&format!("/api/v1/uploads/{id}"), &cookie).await.json();
        let problem = answer.json();
        assert!(problem["message"].as_str().unwrap().contains(words), "{id}: {problem}");
        assert_eq!((answer.status / 100, &told["state"], &told["problem"]), (4, &"failed".into(), &problem), "{id}");
    }
    assert_eq!(fake.made(), [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn too_much_too_many_and_not_allowed() {
    let (_, world, cookie) = Fake::world().await;
    let answer = send(&world, &cookie, &format!("{TO}&id=declared1"), vec![0; LARGEST as usize + 1]).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("too_large")), "{}", answer.body);
    // Without a length: noticed when it is too much.
    let pieces = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![0x1f; 100_000])));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let endless = client.post(format!("{}/api/v1/uploads?{TO}&id=endless11", world.url)).header("cookie", &cookie);
    // The answer may be lost: the sender is not done.
    let _ = endless.header("origin", &world.url).body(reqwest::Body::wrap_stream(pieces)).send().await;
    assert_eq!(world.get("/api/v1/uploads/endless11", &cookie).await.json()["state"], "failed");
    for (query, status) in [
        ("account=111122223333&region=eu-west-1&repository=shop/web", 400),
        ("account=1&region=eu-west-1&repository=shop/web&id=abcdefgh", 400),
        (&format!("{TO}&id=../../etc"), 400),
        ("account=999988887777&region=eu-west-1&repository=shop/web&id=elsewhere", 404),
    ] {
        assert_eq!(send(&world, &cookie, query, "x").await.status, status, "{query}");
    }
    let viewer = world.session(world.person("Vi", Role::Viewer).await).await;
    assert_eq!(send(&world, &viewer, &format!("{TO}&id=viewer111"), "x").await.status, 403);
    let other = world.session(world.person("Bob", Role::Operator).await).await;
    assert_eq!(world.get("/api/v1/uploads/endless11", &other).await.status, 404, "only one's own");
    // Three that wait for their second half; the fourth has to wait. Somebody else need not.
    let mut waiting = vec![];
    for n in 0..3 {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
        sender.send(Ok(Bytes::from(saved()[..1000].to_vec()))).await.unwrap();
        let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
        let request = client.post(format!("{}/api/v1/uploads?{TO}&id=waiting0{n}", world.url));
        let request = request.header("cookie", &cookie).header("origin", &world.url).body(body);
        waiting.push((sender, tokio::spawn(request.send())));
        while world.get(&format!("/api/v1/uploads/waiting0{n}"), &cookie).await.json()["received"] != 1000 {}
    }
    let fourth = send(&world, &cookie, &format!("{TO}&id=thefourth"), saved()).await;
    assert_eq!((fourth.status, fourth.json()["title"].as_str()), (429, Some("Too many uploads at once")));
    assert_eq!(send(&world, &other, &format!("{TO}&id=somebody"), saved()).await.status, 200);
    // Connections that break make room, and are an end when nobody comes back.
    for (sender, request) in waiting {
        request.abort();
        drop(sender);
    }
    for n in 0..3 {
        while world.get(&format!("/api/v1/uploads/waiting0{n}"), &cookie).await.json()["state"] != "waiting" {}
    }
    assert_eq!(send(&world, &cookie, &format!("{TO}&id=thefifth1"), saved()).await.status, 200);
    world.uploads.give_up(Instant::now() + WAITS);
    for n in 0..3 {
        let told = world.get(&format!("/api/v1/uploads/waiting0{n}"), &cookie).await.json();
        assert_eq!((&told["state"], &told["problem"]["title"]), (&"failed".into(), &"The upload broke off".into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_arrived_before_the_connection_broke_is_not_sent_again() {
    let (fake, world, cookie) = Fake::world().await;
    let first = noise();
    let tar = archive(&[first.clone(), layer("etc/motd", &[b'x'; 3000])]);
    // The first layer, and the second to its middle.
    let arrives = file("0/layer.tar", &first).len() + 2000;
    broken(&world, &cookie, "breaksoff", &tar[..arrives]).await;
    let told = || async { world.get("/api/v1/uploads/breaksoff", &cookie).await.json() };
    while told().await["layers"][0]["state"] != "done" {}
    world.uploads.give_up(Instant::now() + WAITS);
    assert_eq!(told().await["problem"]["title"], "The upload broke off");
    assert_eq!((fake.blobs(), fake.made().len()), (1, 0), "{:?}", fake.made());
    // The same file again: the first layer is only read and checked.
    let again = send(&world, &cookie, &format!("{TO}&id=onceagain"), tar).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let layers = again.json()["layers"].clone();
    let states: Vec<_> = layers.as_array().unwrap().iter().map(|layer| layer["state"].as_str().unwrap()).collect();
    assert_eq!(states[..2], ["existed", "done"], "{layers}");
    assert_eq!((fake.blobs(), fake.made().len()), (3, 0), "{:?}", fake.made());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upload_goes_on_where_its_connection_broke() {
    let (fake, world, cookie) = Fake::world().await;
    let tar = archive(&[noise(), layer("etc/motd", &[b'x'; 3000])]);
    // In the middle of the first layer.
    let arrives = 500_000;
    let told = broken(&world, &cookie, "goeson111", &tar[..arrives]).await;
    assert_eq!((&told["state"], &told["received"]), (&"waiting".into(), &arrives.into()), "{told}");
    assert_eq!((&told["problem"], &told["layers"][0]["state"]), (&serde_json::Value::Null, &"moving".into()), "{told}");
    let rest = tar[arrives..].to_vec();
    let query = |offset: usize| format!("{TO}&id=goeson111&offset={offset}");
    // Without an offset it would be another upload of this name.
    assert_eq!(send(&world, &cookie, &format!("{TO}&id=goeson111"), rest.clone()).await.status, 409);
    let gap = send(&world, &cookie, &query(arrives + 1), rest[1..].to_vec()).await;
    assert_eq!(gap.status, 409, "{}", gap.body);
    assert!(gap.json()["message"].as_str().unwrap().ends_with("Go on from 500000."), "{}", gap.body);
    let elsewhere = send(&world, &cookie, &query(arrives).replace("shop/web", "shop/other"), rest.clone()).await;
    assert_eq!(elsewhere.json()["title"], "Not the same upload", "{}", elsewhere.body);
    assert_eq!(send(&world, &cookie, &format!("{TO}&id=goeson111&offset=x"), "x").await.status, 400);
    let other = world.session(world.person("Bob", Role::Operator).await).await;
    assert_eq!(send(&world, &other, &query(arrives), rest.clone()).await.status, 404, "only one's own");
    assert_eq!(told["received"], world.get("/api/v1/uploads/goeson111", &cookie).await.json()["received"]);
    // Only the rest is sent; all of the archive has been read.
    let whole = send(&world, &cookie, &query(arrives), rest).await;
    assert_eq!(whole.status, 200, "{}", whole.body);
    let whole = whole.json();
    assert_eq!((&whole["state"], &whole["received"]), (&"received".into(), &tar.len().into()));
    assert_eq!((whole["images"].as_array().unwrap().len(), fake.blobs(), fake.made().len()), (1, 3, 0));
    // Whose answer was lost hears it again.
    assert_eq!(send(&world, &cookie, &query(tar.len()), "").await.json(), whole);
    // The trail tells of the two requests that brought something, and of none that was refused.
    let trail = world.test.store.audit_latest(20).await.unwrap();
    let sent = trail.iter().filter(|entry| entry.action.starts_with("upload.")).map(|entry| {
        let told = |fact: &str| entry.detail[fact].as_u64();
        (entry.action.as_str(), entry.subject.as_str(), told("offset"), told("bytes"))
    });
    let rest = (tar.len() - arrives) as u64;
    assert_eq!(
        sent.collect::<Vec<_>>(),
        [("upload.resume", "goeson111", Some(arrives as u64), Some(rest)), ("upload.begin", "goeson111", None, None),]
    );
    assert_eq!(send(&world, &cookie, &format!("{TO}&id=unheardof&offset=5"), "x").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_cancelled_does_not_go_on() {
    let (fake, world, cookie) = Fake::world().await;
    let tar = saved();
    broken(&world, &cookie, "cancelled", &tar[..500_000]).await;
    let other = world.session(world.person("Bob", Role::Operator).await).await;
    let cancel = async |cookie: &str| {
        let headers = [("cookie", cookie), ("origin", world.url.as_str())];
        world.send("POST", "/api/v1/uploads/cancelled/cancel", &headers, "").await
    };
    assert_eq!(cancel(&other).await.status, 404, "only one's own");
    assert_eq!(cancel(&cookie).await.json()["problem"]["title"], "The upload was cancelled");
    let rest = send(&world, &cookie, &format!("{TO}&id=cancelled&offset=500000"), tar[500_000..].to_vec()).await;
    assert_eq!((rest.status, rest.json()["title"].as_str()), (409, Some("The upload was cancelled")));
    assert_eq!((fake.blobs(), fake.made().len()), (0, 0), "{:?}", fake.made());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_loses_access_in_the_middle_sends_no_more() {
    let (fake, world, _) = Fake::world().await;
    let root = world.person("Root", Role::Administrator).await;
    let root = world.actor(root, "Root", Role::Administrator).await;
    let removed = world.person("Removed", Role::Operator).await;
    let demoted = world.person("Demoted", Role::Operator).await;
    let revoked = world.person("Revoked", Role::Operator).await;
    let mut under_way = vec![];
    for (name, person) in [("removed", removed), ("demoted", demoted), ("revoked", revoked)] {
        let actor = world.actor(person, name, Role::Operator).await;
        let (header, value) = if person == removed {
            ("cookie", world.session(person).await)
        } else {
            let token = create_token(&world.auth, &actor, "ci", Role::Operator, 1).await.unwrap();
            ("authorization", format!("Bearer {token}"))
        };
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
        sender.send(Ok(Bytes::from(saved()[..1000].to_vec()))).await.unwrap();
        let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{}/api/v1/uploads?{TO}&id={name}1", world.url));
        let request = request.header(header, value).header("origin", &world.url).body(body);
        let answer = tokio::spawn(request.send());
        // Noticed by looking.
        while !world.uploads.told(&actor, &format!("{name}1")).is_ok_and(|told| told.received == 1000) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        under_way.push((name, actor, sender, answer));
    }
    world.auth.remove_person(&root, removed).await.unwrap();
    world.auth.set_role(&root, demoted, Role::Viewer).await.unwrap();
    let token = world.auth.tokens(&under_way[2].1).await.unwrap()[0].id;
    world.auth.revoke_token(&under_way[2].1, token).await.unwrap();
    for ((name, actor, sender, answer), status) in under_way.into_iter().zip([401, 403, 401]) {
        let answer = tokio::time::timeout(Duration::from_secs(60), answer).await.expect(name).unwrap().unwrap();
        assert_eq!(answer.status().as_u16(), status, "{name}");
        drop(sender);
        let told = world.uploads.told(&actor, &format!("{name}1")).unwrap();
        assert_eq!(told.state, UploadState::Failed, "{name}");
    }
    assert_eq!((fake.blobs(), fake.made().len()), (0, 0), "{:?}", fake.made());
}

/// Sends a body without its length; the answer as it was written.
async fn chunked(world: &World, cookie: &str, path: &str, body: &str) -> String {
    let authority = world.url.trim_start_matches("http://");
    let mut socket = tokio::net::TcpStream::connect(authority).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {authority}\r\norigin: {}\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        world.url,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![];
    // Whoever refuses a body may close before it is read to its end.
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_requests_stay_small() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Administrator).await).await;
    let (body, document) = (LARGEST_BODY, LARGEST_DOCUMENT);
    let headers = [("cookie", cookie.as_str()), ("origin", &world.url), ("content-type", "application/json")];
    for (path, most) in [
        ("/api/v1/plans", document),
        ("/api/v1/runs", document),
        ("/api/fn/review", document),
        ("/api/fn/apply", document),
        ("/api/fn/keep_draft", document),
        ("/api/v1/source-credentials", body),
        ("/api/v1/refresh", body),
        ("/api/v1/confirm", body),
        ("/api/fn/list", body),
        ("/api/fn/change-password", body),
    ] {
        // It is read to its end, and no more than that is wrong with it.
        let largest = world.send("POST", path, &headers, &"x".repeat(most)).await;
        assert_ne!(largest.status, 413, "{path}: {}", largest.body);
        let body = "x".repeat(most + 1);
        let declared = world.send("POST", path, &headers, &body).await;
        assert_eq!((declared.status, declared.json()["code"].as_str()), (413, Some("too_large")), "{path}");
        assert!(declared.body.contains("at most 256 KiB, one with a plan 1024."), "{path}: {}", declared.body);
        // The same of a body that does not say beforehand how large it is.
        let streamed = chunked(&world, &cookie, path, &body).await;
        let told = streamed.contains("\"too_large\"") && streamed.contains("at most 256 KiB");
        assert!(streamed.starts_with("HTTP/1.1 413 ") && told, "{path}: {streamed}");
    }
    // From a page of another site nothing is taken.
    let headers = [("cookie", cookie.as_str()), ("origin", "https://elsewhere.example")];
    assert_eq!(world.send("POST", &format!("/api/v1/uploads?{TO}&id=foreign11"), &headers, "x").await.status, 403);
}
