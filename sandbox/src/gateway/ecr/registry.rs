//! The registry that container clients talk to: the OCI distribution protocol under `/v2/`
//! (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md>).
//!
//! On AWS each account and region has a host of its own. Here all share one address, and the password says which
//! registry is meant; a `Host` header that names a registry of AWS does so too, and needs no password.

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::blobs::{Incomplete, Place};
use super::{host, images, put, templates, through, token};
use crate::gateway::ecs::now;
use crate::gateway::upstream::Scope;
use crate::gateway::{Answer, Gateway, query};

/// ECR's limit.
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// Whether a path is the registry's: API Gateway and SES have paths under `/v2/` too.
pub fn is_registry(path: &str) -> bool {
    matches!(path, "/v2" | "/v2/") || asked(path).is_some()
}

/// What a path names in a repository.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    Begin,
    Upload(&'a str),
    Blob(&'a str),
    Manifest(&'a str),
    Tags,
    Referrers(&'a str),
}

fn asked(path: &str) -> Option<(&str, Asked<'_>)> {
    let rest = path.strip_prefix("/v2/")?;
    let (name, what) = if let Some(name) = rest.strip_suffix("/tags/list") {
        (name, Asked::Tags)
    } else if let Some((name, upload)) = rest.rsplit_once("/blobs/uploads") {
        (name, upload.strip_prefix('/').filter(|id| !id.is_empty()).map_or(Asked::Begin, Asked::Upload))
    } else if let Some((name, digest)) = rest.rsplit_once("/blobs/") {
        (name, Asked::Blob(digest))
    } else if let Some((name, reference)) = rest.rsplit_once("/manifests/") {
        (name, Asked::Manifest(reference))
    } else {
        let (name, digest) = rest.rsplit_once("/referrers/")?;
        (name, Asked::Referrers(digest))
    };
    (!name.is_empty()).then_some((name, what))
}

/// An error in the registry's form.
pub fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    (status, [("content-type", "application/json"), API], body).into_response()
}

const API: (&str, &str) = ("docker-distribution-api-version", "registry/2.0");

fn broken(error: &std::io::Error) -> Response {
    tracing::error!("the registry's files: {error}");
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", &format!("The sandbox's registry failed: {error}"))
}

/// Answers a container client.
pub async fn answer(gateway: &Gateway, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    route(gateway, &parts, body).await.unwrap_or_else(|refusal| refusal)
}

async fn route(gateway: &Gateway, parts: &Parts, body: Body) -> Answer {
    let scope = registry_of(parts)?;
    let Some((name, what)) = asked(parts.uri.path()) else {
        return Ok((StatusCode::OK, [("content-type", "application/json"), API], "{}").into_response());
    };
    let place = Place { scope, repository: name.to_owned() };
    let told = found(gateway, &place, &parts.method, &what).await?;
    match (&parts.method, what) {
        (&Method::POST, Asked::Begin) => begin(gateway, &place, parts, body).await,
        (method, Asked::Upload(id)) => upload(gateway, &place, method, id, parts, body).await,
        (&Method::GET | &Method::HEAD | &Method::DELETE, Asked::Blob(digest)) => {
            blob(gateway, &place, parts, digest).await
        }
        (&Method::PUT, Asked::Manifest(reference)) => {
            let body = axum::body::to_bytes(body, LARGEST_MANIFEST)
                .await
                .map_err(|error| refusal(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", &error.to_string()))?;
            put::put_manifest(gateway, &place, &told, reference, &parts.headers, body).await
        }
        (method @ (&Method::GET | &Method::HEAD), Asked::Manifest(reference)) => {
            manifest(gateway, &place, method, reference).await
        }
        (&Method::GET, Asked::Tags) => tags(gateway, &place, parts).await,
        (&Method::GET, Asked::Referrers(digest)) => referrers(gateway, &place, digest).await,
        // ECR deletes by its own API only.
        _ => Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "The operation is unsupported.")),
    }
}

/// The registry that a request is for.
fn registry_of(parts: &Parts) -> Result<Scope, Response> {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let called = text(header::HOST).or(parts.uri.host()).unwrap_or_default();
    let named = called.split_once(".dkr.ecr.").and_then(|(account, rest)| {
        let region = rest.split_once(".amazonaws.com")?.0;
        Some(Scope { account: account.to_owned(), region: region.to_owned() })
    });
    let password = query(&parts.uri, "X-Sandbox-Token");
    let known = match (text(header::AUTHORIZATION), password) {
        (Some(header), _) => token::registry_of_header(header, now()).map(Some),
        (None, Some(password)) => token::registry_of(&password, now()).map(Some),
        (None, None) => Ok(None),
    };
    match (known, named) {
        // As on AWS, one's own password opens what other accounts allow, in its region.
        (Ok(Some(own)), Some(named)) if own.region == named.region => Ok(named),
        (Ok(Some(own)), None) => Ok(own),
        (Ok(None), Some(named)) => Ok(named),
        (Err(token::Refused::Expired), _) => Err(refusal(
            StatusCode::FORBIDDEN,
            "DENIED",
            "Your authorization token has expired. Reauthenticate and try again.",
        )),
        (Ok(Some(_)), Some(_)) => {
            Err(refusal(StatusCode::FORBIDDEN, "DENIED", "Your authorization token is of another region."))
        }
        _ => {
            let challenge = format!("Basic realm=\"http://{called}/\",service=\"ecr.amazonaws.com\"");
            let mut answer = refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Not Authorized");
            if let Ok(challenge) = challenge.parse() {
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Err(answer)
        }
    }
}

/// The repository, or the registry's word for one that is not there.
async fn known(gateway: &Gateway, place: &Place) -> Answer<Value> {
    super::repository(gateway, &place.scope, &place.repository).await.map_err(|answer| {
        if answer.status() != StatusCode::BAD_REQUEST {
            return answer;
        }
        let message = format!(
            "The repository with name '{}' does not exist in the registry with id '{}'",
            place.repository, place.scope.account
        );
        refusal(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &message)
    })
}

/// The same; one that is not there yet may be made by what is asked of it: a pull under a cache rule, a push under a template.
async fn found(gateway: &Gateway, place: &Place, method: &Method, what: &Asked<'_>) -> Answer<Value> {
    let unknown = match known(gateway, place).await {
        Err(answer) if answer.status() == StatusCode::NOT_FOUND => answer,
        other => return other,
    };
    let made = match (method, what) {
        (&Method::GET | &Method::HEAD, Asked::Manifest(reference)) => through::image(gateway, place, reference).await?,
        (&Method::POST, Asked::Begin) | (&Method::PUT, Asked::Manifest(_)) => {
            templates::make_for_push(gateway, place).await?
        }
        _ => false,
    };
    if made { known(gateway, place).await } else { Err(unknown) }
}

/// Begins an upload, or takes a blob over from another repository, or a whole one at once.
async fn begin(gateway: &Gateway, place: &Place, parts: &Parts, body: Body) -> Answer {
    if let (Some(digest), Some(from)) = (query(&parts.uri, "mount"), query(&parts.uri, "from")) {
        let from = Place { scope: place.scope.clone(), repository: from };
        if gateway.blobs.link(&from, place, &digest).await.map_err(|error| broken(&error))? {
            return Ok(made(place, &digest));
        }
    }
    let id = gateway.blobs.begin(place.clone()).await.map_err(|error| broken(&error))?;
    match query(&parts.uri, "digest") {
        Some(_) => upload(gateway, place, &Method::PUT, &id, parts, body).await,
        None => Ok(progress(StatusCode::ACCEPTED, place, &id, 0)),
    }
}

fn made(place: &Place, digest: &str) -> Response {
    let location = format!("/v2/{}/blobs/{digest}", place.repository);
    let headers = [("location", location.as_str()), ("docker-content-digest", digest), API];
    (StatusCode::CREATED, headers).into_response()
}

fn progress(status: StatusCode, place: &Place, id: &str, size: u64) -> Response {
    let location = format!("/v2/{}/blobs/uploads/{id}", place.repository);
    let range = format!("0-{}", size.saturating_sub(1));
    (status, [("location", location.as_str()), ("range", &range), ("docker-upload-uuid", id), API]).into_response()
}

async fn upload(gateway: &Gateway, place: &Place, method: &Method, id: &str, parts: &Parts, body: Body) -> Answer {
    let unknown = || refusal(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "The upload does not exist.");
    let upload = gateway.blobs.upload(place, id).await.ok_or_else(unknown)?;
    let mut upload = upload.lock().await;
    match *method {
        // ECR knows no upload by GET; where one stands, it says to a piece that does not follow.
        Method::GET => Err(unknown()),
        Method::DELETE => {
            gateway.blobs.cancel(id, &upload).await.map_err(|error| broken(&error))?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::PATCH | Method::PUT => {
            let range = parts.headers.get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
            let start =
                range.and_then(|range| range.trim_start_matches("bytes ").split('-').next()?.parse::<u64>().ok());
            if let Some(start) = start.filter(|start| *start != upload.size) {
                let message = format!("First byte of the layer part is {start} instead of {}", upload.size);
                return Err(refusal(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", &message));
            }
            upload.add(body.into_data_stream()).await.map_err(|error| broken(&error))?;
            if *method == Method::PATCH {
                return Ok(progress(StatusCode::ACCEPTED, place, id, upload.size));
            }
            let digest = query(&parts.uri, "digest").unwrap_or_default();
            match gateway.blobs.complete(id, &mut upload, &digest).await {
                Ok(()) => Ok(made(place, &digest)),
                Err(Incomplete::Digest(actual)) => {
                    let message = format!("The upload's digest is {actual}, not {digest}.");
                    Err(refusal(StatusCode::BAD_REQUEST, "DIGEST_INVALID", &message))
                }
                Err(Incomplete::Disk(error)) => Err(broken(&error)),
            }
        }
        _ => Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "The operation is unsupported.")),
    }
}

async fn blob(gateway: &Gateway, place: &Place, parts: &Parts, digest: &str) -> Answer {
    let mut size = gateway.blobs.size(place, digest).await;
    if size.is_none() && parts.method != Method::DELETE && through::blob(gateway, place, digest).await? {
        size = gateway.blobs.size(place, digest).await;
    }
    let Some(size) = size else {
        // The emulator still has what earlier versions of the sandbox gave it.
        let path = parts.uri.path();
        let empty = reqwest::Body::default();
        return Ok(gateway
            .upstream
            .to_registry(&parts.method, &host(&place.scope), path, &HeaderMap::new(), empty)
            .await);
    };
    let length = size.to_string();
    let headers = [
        ("content-type", "application/octet-stream"),
        ("content-length", length.as_str()),
        ("docker-content-digest", digest),
        API,
    ];
    match parts.method {
        Method::DELETE => {
            gateway.blobs.remove(place, digest).await.map_err(|error| broken(&error))?;
            Ok(StatusCode::ACCEPTED.into_response())
        }
        Method::HEAD => Ok((headers, Body::empty()).into_response()),
        _ => Ok((headers, gateway.blobs.read(place, digest).await.map_err(|error| broken(&error))?).into_response()),
    }
}

async fn manifest(gateway: &Gateway, place: &Place, method: &Method, reference: &str) -> Answer {
    let mut image = put::manifest_of(gateway, place, reference).await?;
    if image.is_none() && through::image(gateway, place, reference).await? {
        image = put::manifest_of(gateway, place, reference).await?;
    }
    let Some(image) = image else {
        let message = format!("Requested image not found: {reference}");
        return Err(refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", &message));
    };
    let manifest = image["imageManifest"].as_str().unwrap_or_default().to_owned();
    let length = manifest.len().to_string();
    let headers = [
        ("content-type", image["imageManifestMediaType"].as_str().unwrap_or_default()),
        ("content-length", length.as_str()),
        ("docker-content-digest", image["imageId"]["imageDigest"].as_str().unwrap_or_default()),
        API,
    ];
    let body = if method == Method::HEAD { Body::empty() } else { Body::from(manifest.clone()) };
    Ok((headers, body).into_response())
}

async fn tags(gateway: &Gateway, place: &Place, parts: &Parts) -> Answer {
    let images = images::told(gateway, &place.scope, &place.repository, None).await?;
    let tags = images.iter().flat_map(|image| image["imageTags"].as_array().into_iter().flatten());
    let mut tags: Vec<&str> = tags.filter_map(Value::as_str).collect();
    tags.sort_unstable();
    let last = query(&parts.uri, "last").unwrap_or_default();
    let most = query(&parts.uri, "n").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let page: Vec<&str> = tags.iter().copied().filter(|tag| *tag > last.as_str()).take(most).collect();
    let next = page.last().filter(|end| **end < tags.last().copied().unwrap_or_default());
    let next = next.map(|end| format!("</v2/{}/tags/list?last={end}&n={most}>; rel=\"next\"", place.repository));
    let mut answer =
        ([API, ("content-type", "application/json")], json!({ "name": place.repository, "tags": page }).to_string())
            .into_response();
    if let Some(next) = next.and_then(|next| next.parse().ok()) {
        answer.headers_mut().insert(header::LINK, next);
    }
    Ok(answer)
}

/// What is attached to an image: manifests that name it as their subject.
async fn referrers(gateway: &Gateway, place: &Place, digest: &str) -> Answer {
    let images = images::told(gateway, &place.scope, &place.repository, None).await?;
    let mut found = Vec::new();
    for other in images.iter().filter_map(|image| image["imageDigest"].as_str()) {
        let Some(image) = put::manifest_of(gateway, place, other).await? else { continue };
        let text = image["imageManifest"].as_str().unwrap_or_default();
        let manifest: Value = serde_json::from_str(text).unwrap_or_default();
        if manifest["subject"]["digest"] == digest {
            let kind = if manifest["artifactType"].is_string() {
                &manifest["artifactType"]
            } else {
                &manifest["config"]["mediaType"]
            };
            let mut entry = json!({ "mediaType": image["imageManifestMediaType"], "digest": other, "size": text.len(), "artifactType": kind });
            if manifest["annotations"].is_object() {
                entry["annotations"] = manifest["annotations"].clone();
            }
            found.push(entry);
        }
    }
    let index = "application/vnd.oci.image.index.v1+json";
    let body = json!({ "schemaVersion": 2, "mediaType": index, "manifests": found });
    Ok(([API, ("content-type", index)], body.to_string()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths() {
        assert_eq!(asked("/v2/a/b/manifests/1.0"), Some(("a/b", Asked::Manifest("1.0"))));
        assert_eq!(asked("/v2/blobs/manifests/blobs/sha256:0"), Some(("blobs/manifests", Asked::Blob("sha256:0"))));
        assert_eq!(asked("/v2/a/blobs/uploads/"), Some(("a", Asked::Begin)));
        assert_eq!(asked("/v2/a/blobs/uploads/7"), Some(("a", Asked::Upload("7"))));
        assert_eq!(asked("/v2/a/tags/list"), Some(("a", Asked::Tags)));
        for other in ["/v2/apis/x", "/v2/email/identities", "/v2/tags/arn", "/clusters"] {
            assert!(!is_registry(other), "{other}");
        }
    }

    #[test]
    fn name_or_password_tell_the_registry() {
        let own = Scope { account: "111122223333".into(), region: "eu-west-1".into() };
        let header = format!("Basic {}", token::authorization(&own, now()));
        let ask = |host: &str, header: Option<&str>| {
            let mut request = Request::builder().uri("/v2/").header("host", host);
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            registry_of(&request.body(Body::empty()).unwrap().into_parts().0).map_err(|answer| answer.status().as_u16())
        };
        let other = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(ask("127.0.0.1:1", Some(&header)), Ok(own));
        assert_eq!(ask(other, Some(&header)).map(|scope| scope.account), Ok("444455556666".to_owned()));
        assert_eq!(ask(other, None).map(|scope| scope.account), Ok("444455556666".to_owned()));
        assert_eq!(ask("444455556666.dkr.ecr.us-east-1.amazonaws.com", Some(&header)), Err(403));
        assert_eq!(ask("127.0.0.1:1", None), Err(401));
        assert_eq!(ask("127.0.0.1:1", Some("Basic QVdTOng=")), Err(401));
    }
}
