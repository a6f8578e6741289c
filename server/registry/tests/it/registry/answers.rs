//! What the registry answers: upload sessions, digests checked, token or Basic access, storage elsewhere.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use gantry_registry::{Credentials, Digest};
use std::collections::HashMap;

use super::{Access, Registry, What};

fn respond(status: u16) -> axum::http::response::Builder {
    Response::builder().status(status)
}

fn error(status: u16, code: &str) -> Response<Body> {
    respond(status)
        .body(Body::from(format!(r#"{{"errors":[{{"code":"{code}","message":"as the test wants"}}]}}"#)))
        .unwrap()
}

pub(super) async fn answer(State(registry): State<Registry>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query: HashMap<String, String> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let authorization = parts.headers.get("authorization").map(|v| v.to_str().unwrap().to_owned());
    registry.with(|i| {
        let who = if authorization.is_some() { "with" } else { "without" };
        let range = parts.headers.get("range").map(|r| r.to_str().unwrap()).unwrap_or_default();
        i.log.push(format!("{} {path} {who} {range}", parts.method));
    });
    let fault = registry.with(|i| {
        let found =
            i.faults.iter_mut().find(|f| f.times > 0 && f.method == parts.method.as_str() && path.contains(&f.path))?;
        found.times -= 1;
        Some(found.what.clone())
    });
    if matches!(fault, Some(What::Hang)) {
        registry.requests.send_modify(|n| *n += 1);
        std::future::pending::<()>().await;
    }
    let response = if let Some(What::Answer(status, headers, text)) = &fault {
        let mut response = respond(*status);
        for (name, value) in headers {
            response = response.header(*name, value);
        }
        response.body(Body::from(*text)).unwrap()
    } else if path == "/token" {
        token(&registry, &query, authorization.as_deref())
    } else if let Some(digest) = path.strip_prefix("/storage/") {
        match authorization {
            Some(_) => error(400, "AUTHORIZATION_LEAKED"),
            None => blob(&registry, digest, &parts.headers, fault),
        }
    } else if let Some(refused) = refuse(&registry, authorization.as_deref()) {
        refused
    } else {
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        serve(&registry, &parts.method, &path, &query, &parts.headers, body, fault)
    };
    registry.requests.send_modify(|n| *n += 1);
    response
}

/// Whether this is Basic with that user and password.
fn is_basic(authorization: Option<&str>, user: &str, password: &str) -> bool {
    let given = authorization.and_then(|a| a.strip_prefix("Basic "));
    let given = given.and_then(|t| Credentials::from_ecr_token(t).ok());
    given.is_some_and(|g| g.user == user && g.password == password)
}

fn token(registry: &Registry, query: &HashMap<String, String>, authorization: Option<&str>) -> Response<Body> {
    registry.with(|i| {
        if let Access::Private(user, password, status) = i.access
            && !is_basic(authorization, user, password)
        {
            return error(status, "DENIED");
        }
        i.next += 1;
        let name = format!("token-{}", i.next);
        let uses = match i.access {
            Access::Bearer(uses) => uses,
            Access::Private(..) => usize::MAX,
            Access::Open | Access::Basic(..) | Access::Header(_) => 0,
        };
        i.tokens.insert(name.clone(), uses);
        i.log.push(format!("scope {}", query.get("scope").cloned().unwrap_or_default()));
        Response::new(Body::from(format!(r#"{{"access_token":"{name}","token":"","expires_in":300}}"#)))
    })
}

fn refuse(registry: &Registry, authorization: Option<&str>) -> Option<Response<Body>> {
    let challenge = registry.with(|i| match &i.access {
        Access::Open => None,
        Access::Basic(user, password) => {
            let fits = is_basic(authorization, user, password);
            (!fits).then(|| r#"Basic realm="test""#.to_owned())
        }
        Access::Bearer(_) | Access::Private(..) => {
            let uses = authorization.and_then(|a| a.strip_prefix("Bearer ")).and_then(|t| i.tokens.get_mut(t));
            let fits = uses.is_some_and(|uses| {
                let good = *uses > 0;
                *uses = uses.saturating_sub(1);
                good
            });
            let realm = i.realm.clone().unwrap_or_else(|| format!("http://{}/token", registry.address));
            (!fits).then(|| format!(r#"Bearer realm="{realm}",service="test""#))
        }
        Access::Header(text) => Some((*text).to_owned()),
    })?;
    Some(respond(401).header("www-authenticate", challenge).body(Body::empty()).unwrap())
}

fn blob(registry: &Registry, digest: &str, headers: &HeaderMap, fault: Option<What>) -> Response<Body> {
    let found = registry.with(|i| i.blobs.get(digest).cloned());
    let Some(bytes) = found else { return error(404, "BLOB_UNKNOWN") };
    let range =
        headers.get("range").and_then(|r| r.to_str().ok()?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let range: Option<usize> = range.filter(|_| registry.with(|i| i.ranges));
    let total = bytes.len();
    let rest = bytes.slice(range.unwrap_or(0)..);
    let mut response = respond(if range.is_some() { 206 } else { 200 });
    if let Some(start) = range {
        response = response.header("content-range", format!("bytes {start}-{}/{total}", total - 1));
    }
    let length = rest.len();
    // Pending once, so that what came before leaves the house.
    let broken = || {
        futures::stream::once(async {
            tokio::task::yield_now().await;
            Err(std::io::Error::other("cut"))
        })
    };
    let body = match fault {
        Some(What::Cut(n)) => {
            let start = futures::stream::iter([Ok(rest.slice(..n.min(length)))]);
            Body::from_stream(futures::StreamExt::chain(start, broken()))
        }
        Some(What::Stall(n)) => Body::from_stream(futures::StreamExt::chain(
            futures::stream::iter([Ok::<_, std::io::Error>(rest.slice(..n))]),
            futures::stream::pending(),
        )),
        Some(What::Endless) => {
            let piece = Bytes::from(vec![0; 16 << 10]);
            return response
                .body(Body::from_stream(futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()))))
                .unwrap();
        }
        Some(What::Swap(other)) => Body::from(other),
        _ => Body::from(rest),
    };
    response.header("content-length", length).body(body).unwrap()
}

fn serve(
    registry: &Registry,
    method: &Method,
    path: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    body: Bytes,
    fault: Option<What>,
) -> Response<Body> {
    let path = path.strip_prefix("/v2/").unwrap_or_default();
    if let Some((repository, name)) = path.split_once("/manifests/") {
        return manifest(registry, method, repository, name, headers, body, fault);
    }
    if let Some((repository, rest)) = path.split_once("/blobs/uploads/") {
        return upload(registry, method, repository, rest, query, headers, body, fault);
    }
    let Some((_, digest)) = path.split_once("/blobs/") else { return error(404, "NAME_UNKNOWN") };
    let storage = registry.with(|i| i.storage.clone());
    match storage {
        Some(storage) if method == Method::GET => {
            respond(307).header("location", format!("{storage}{digest}")).body(Body::empty()).unwrap()
        }
        _ => blob(registry, digest, headers, fault),
    }
}

fn manifest(
    registry: &Registry,
    method: &Method,
    repository: &str,
    name: &str,
    headers: &HeaderMap,
    body: Bytes,
    fault: Option<What>,
) -> Response<Body> {
    let key = (repository.to_owned(), name.to_owned());
    if method == Method::PUT {
        let digest = Digest::of(&body);
        if name.contains(':') && name != digest.to_string() {
            return error(400, "DIGEST_INVALID");
        }
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let parts = |key: &str| value[key].as_array().cloned().unwrap_or_default();
        let missing = registry.with(|i| {
            let blob = |d: &serde_json::Value| !i.blobs.contains_key(d["digest"].as_str().unwrap());
            let child = |d: &serde_json::Value| {
                !i.manifests.contains_key(&(repository.to_owned(), d["digest"].as_str().unwrap().to_owned()))
            };
            parts("layers").iter().any(blob)
                || value.get("config").is_some_and(blob)
                || parts("manifests").iter().any(child)
        });
        if missing {
            return error(400, "MANIFEST_BLOB_UNKNOWN");
        }
        let kind = headers["content-type"].to_str().unwrap().to_owned();
        registry.put_manifest(repository, name, &kind, body);
        return respond(201).header("docker-content-digest", digest.to_string()).body(Body::empty()).unwrap();
    }
    let Some((kind, bytes)) = registry.with(|i| i.manifests.get(&key).cloned()) else {
        return error(404, "MANIFEST_UNKNOWN");
    };
    let digest = Digest::of(&bytes).to_string();
    let response = respond(200).header("content-type", kind);
    match fault {
        Some(What::Swap(other)) => response.body(Body::from(other)).unwrap(),
        Some(What::Endless) => {
            let piece = Bytes::from(vec![b' '; 64 << 10]);
            let stream = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
            response.body(Body::from_stream(stream)).unwrap()
        }
        _ => response.header("docker-content-digest", digest).body(Body::from(bytes)).unwrap(),
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one request")]
fn upload(
    registry: &Registry,
    method: &Method,
    repository: &str,
    id: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    body: Bytes,
    fault: Option<What>,
) -> Response<Body> {
    registry.with(|i| {
        if *method == Method::POST {
            if let Some(digest) = query.get("mount").filter(|d| i.mounts && i.blobs.contains_key(*d)) {
                return respond(201).header("docker-content-digest", digest).body(Body::empty()).unwrap();
            }
            i.next += 1;
            let id = format!("session-{}", i.next);
            i.uploads.insert(id.clone(), Vec::new());
            return respond(202)
                .header("location", format!("/v2/{repository}/blobs/uploads/{id}?state=0"))
                .body(Body::empty())
                .unwrap();
        }
        let as_ecr = i.as_ecr;
        let Some(held) = i.uploads.get_mut(id) else { return error(404, "BLOB_UPLOAD_UNKNOWN") };
        let stands = |held: &[u8], status: u16| {
            // Absolute this time.
            let location =
                format!("http://{}/v2/{repository}/blobs/uploads/{id}?state={}", registry.address, held.len());
            let range = format!("0-{}", held.len().saturating_sub(1));
            respond(status).header("location", location).header("range", range).body(Body::empty()).unwrap()
        };
        match method.as_str() {
            "GET" if as_ecr => error(404, "NOT_FOUND"),
            "GET" => stands(held, 204),
            "PATCH" => {
                let range = headers["content-range"].to_str().unwrap().split_once('-').unwrap();
                let (start, end): (usize, usize) = (range.0.parse().unwrap(), range.1.parse().unwrap());
                if as_ecr && start != held.len() {
                    let message = format!("First byte of the layer part is {start} instead of {}", held.len());
                    let body = serde_json::json!({"errors": [{"code": "BLOB_UPLOAD_INVALID", "message": message}]});
                    return respond(416).body(Body::from(body.to_string())).unwrap();
                }
                if start != held.len() || end + 1 - start != body.len() {
                    return stands(held, 416);
                }
                if let Some(What::TakeThenFail(n)) = fault {
                    held.extend_from_slice(&body[..n.min(body.len())]);
                    return error(500, "UNKNOWN");
                }
                held.extend_from_slice(&body);
                stands(held, 202)
            }
            "PUT" => {
                let digest = Digest::of(held).to_string();
                if query.get("digest") != Some(&digest) {
                    return error(400, "DIGEST_INVALID");
                }
                let bytes = i.uploads.remove(id).unwrap();
                i.blobs.insert(digest.clone(), bytes.into());
                respond(201).header("docker-content-digest", digest).body(Body::empty()).unwrap()
            }
            "DELETE" => {
                i.uploads.remove(id);
                respond(StatusCode::NO_CONTENT.as_u16()).body(Body::empty()).unwrap()
            }
            _ => error(405, "UNSUPPORTED"),
        }
    })
}
