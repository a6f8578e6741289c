//! Pulling through: what a repository under a cache rule does not have is fetched from the rule's upstream. That is another registry of the
//! sandbox, or a registry on this machine that was said to stand in for the upstream; nothing is ever asked of anybody else.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::blobs::{Incomplete, Place, digest};
use super::registry::refusal;
use super::{TARGET, bad, broken, put, repository, templates};
use crate::gateway::Gateway;
use crate::gateway::upstream::Scope;

/// Every form of a manifest.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// The path under which it is said what stands in for whom.
pub const STAND_INS: &str = "/_sandbox/upstreams/";

/// The ports on this machine of registries that stand in for others, by the name of those: `quay.io`.
#[derive(Debug, Default)]
pub struct StandIns(Mutex<BTreeMap<String, u16>>);

impl StandIns {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `PUT` with a port has a registry on this machine stand in for an upstream, `DELETE` ends that.
pub async fn stand_in(gateway: &Gateway, upstream: &str, request: Request) -> Response {
    let method = request.method().clone();
    let body = axum::body::to_bytes(request.into_body(), 100).await.unwrap_or_default();
    let port = std::str::from_utf8(&body).ok().and_then(|text| text.trim().parse::<u16>().ok());
    match (method, port) {
        (Method::PUT, Some(port)) => gateway.stand_ins.all().insert(upstream.to_owned(), port),
        (Method::DELETE, _) => gateway.stand_ins.all().remove(upstream),
        _ => {
            let message = "PUT the port on this machine of the registry that stands in for it, or DELETE that.";
            return bad("InvalidParameterException", message);
        }
    };
    StatusCode::NO_CONTENT.into_response()
}

/// Where what a cache rule is for comes from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// A repository of the sandbox.
    Ecr(Place),
    /// A repository of the registry at a port of this machine.
    StandIn(u16, String),
}

/// The upstream's name, and that of the repository there, by the rule whose prefix says most; `ROOT` is for all that no other is for.
fn asked_of(rules: &BTreeMap<String, Value>, repository: &str) -> Option<(String, String)> {
    let within = |prefix: &str| match prefix {
        "ROOT" => Some(repository),
        _ => repository.strip_prefix(prefix)?.strip_prefix('/'),
    };
    let fitting = rules.iter().filter_map(|(prefix, rule)| Some((prefix, rule, within(prefix)?)));
    let (_, rule, rest) = fitting.max_by_key(|(prefix, ..)| if *prefix == "ROOT" { 0 } else { prefix.len() })?;
    let upstream = rule["upstreamRegistryUrl"].as_str()?.trim_start_matches("https://").trim_end_matches('/');
    let name = match rule["upstreamRepositoryPrefix"].as_str() {
        None | Some("ROOT") => rest.to_owned(),
        Some(prefix) => format!("{prefix}/{rest}"),
    };
    Some((upstream.to_owned(), name))
}

fn source(gateway: &Gateway, place: &Place) -> Option<Source> {
    let (upstream, name) = {
        let kept = gateway.kept.read();
        asked_of(&kept.registry(&place.scope)?.cache_rules, &place.repository)?
    };
    if let Some((account, rest)) = upstream.split_once(".dkr.ecr.") {
        let region = rest.split_once(".amazonaws.com")?.0;
        let scope = Scope { account: account.to_owned(), region: region.to_owned() };
        return Some(Source::Ecr(Place { scope, repository: name }));
    }
    let port = gateway.stand_ins.all().get(&upstream).copied()?;
    Some(Source::StandIn(port, name))
}

/// Fetches an image, by tag or digest, into a repository that does not have it. An image comes with its layers; what an index leads to, once it is
/// asked for. Whether the upstream has it.
pub async fn image(gateway: &Gateway, place: &Place, reference: &str) -> Result<bool, Response> {
    let Some(source) = source(gateway, place) else { return Ok(false) };
    let Some((text, kind)) = manifest(gateway, &source, reference).await? else { return Ok(false) };
    if reference.contains(':') && digest(text.as_bytes()) != reference {
        return Err(failed("The upstream has something else under this digest."));
    }
    if repository(gateway, &place.scope, &place.repository).await.is_err() {
        templates::make(gateway, place, templates::CACHE).await?;
    }
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    let layers = manifest["layers"].as_array().into_iter().flatten();
    for part in layers.chain([&manifest["config"]]).filter_map(|part| part["digest"].as_str()) {
        fetch(gateway, place, &source, part).await?;
    }
    let mut request =
        json!({ "repositoryName": place.repository, "imageManifest": text, "imageManifestMediaType": kind });
    if !reference.contains(':') {
        request["imageTag"] = reference.into();
    }
    if let Err(refusal) = gateway.upstream.ask(&place.scope, "ecr", &format!("{TARGET}.PutImage"), &request).await {
        // Somebody else may have asked for it at the same moment.
        let there = put::manifest_of(gateway, place, reference).await?.is_some();
        return if there { Ok(true) } else { Err(refusal) };
    }
    Ok(true)
}

/// Fetches a blob into a repository that does not have it. Whether the upstream has it.
pub async fn blob(gateway: &Gateway, place: &Place, digest: &str) -> Result<bool, Response> {
    match source(gateway, place) {
        Some(source) => fetch(gateway, place, &source, digest).await,
        None => Ok(false),
    }
}

async fn fetch(gateway: &Gateway, place: &Place, source: &Source, digest: &str) -> Result<bool, Response> {
    if gateway.blobs.size(place, digest).await.is_some() {
        return Ok(true);
    }
    let (port, name) = match source {
        Source::Ecr(from) => return gateway.blobs.link(from, place, digest).await.map_err(|error| broken(&error)),
        Source::StandIn(port, name) => (*port, name),
    };
    let Some(answer) = get(gateway, port, name, &format!("blobs/{digest}")).await? else { return Ok(false) };
    let id = gateway.blobs.begin(place.clone()).await.map_err(|error| broken(&error))?;
    let Some(upload) = gateway.blobs.upload(place, &id).await else { return Ok(false) };
    let mut upload = upload.lock().await;
    if let Err(error) = upload.add(Box::pin(answer.bytes_stream())).await {
        gateway.blobs.cancel(&id, &upload).await.map_err(|error| broken(&error))?;
        return Err(failed(&format!("The upstream broke off: {error}")));
    }
    match gateway.blobs.complete(&id, &mut upload, digest).await {
        Ok(()) => Ok(true),
        Err(Incomplete::Digest(actual)) => Err(failed(&format!("The upstream has {actual} where {digest} belongs."))),
        Err(Incomplete::Disk(error)) => Err(broken(&error)),
    }
}

/// A manifest to the letter, and its media type.
async fn manifest(gateway: &Gateway, source: &Source, reference: &str) -> Result<Option<(String, String)>, Response> {
    match source {
        Source::Ecr(from) => {
            let found = match put::manifest_of(gateway, from, reference).await {
                // There is no such repository.
                Err(refusal) if refusal.status() == StatusCode::BAD_REQUEST => None,
                other => other?,
            };
            let text = |image: &Value, name: &str| image[name].as_str().unwrap_or_default().to_owned();
            Ok(found.map(|image| (text(&image, "imageManifest"), text(&image, "imageManifestMediaType"))))
        }
        Source::StandIn(port, name) => {
            let Some(answer) = get(gateway, *port, name, &format!("manifests/{reference}")).await? else {
                return Ok(None);
            };
            let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().to_owned();
            let bytes = answer.bytes().await.map_err(|error| silent(&error))?;
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| failed("The upstream's manifest is no text."))?;
            Ok(Some((text, kind)))
        }
    }
}

/// Asks a registry on this machine, with the token that it hands out where it wants one. `None` is what it does not have.
async fn get(gateway: &Gateway, port: u16, name: &str, what: &str) -> Result<Option<reqwest::Response>, Response> {
    let base = format!("http://127.0.0.1:{port}");
    let client = gateway.upstream.client();
    let ask = || client.get(format!("{base}/v2/{name}/{what}")).header("accept", ACCEPTED);
    let mut answer = ask().send().await.map_err(|error| silent(&error))?;
    if answer.status() == StatusCode::UNAUTHORIZED {
        let challenge = answer.headers().get("www-authenticate").and_then(|challenge| challenge.to_str().ok());
        let challenge = challenge.unwrap_or_default().to_owned();
        // Whoever it names beside itself is not asked.
        let own = |realm: &&str| realm.starts_with(&format!("{base}/"));
        let Some(realm) = parameter(&challenge, "realm").filter(own) else {
            return Err(failed("The upstream wants a password."));
        };
        let service = parameter(&challenge, "service").unwrap_or_default();
        let address = format!("{realm}?service={service}&scope=repository:{name}:pull");
        let told = client.get(address).send().await.map_err(|error| silent(&error))?;
        let told: Value =
            serde_json::from_slice(&told.bytes().await.map_err(|error| silent(&error))?).unwrap_or_default();
        let token = told["token"].as_str().or(told["access_token"].as_str()).unwrap_or_default();
        answer = ask().bearer_auth(token).send().await.map_err(|error| silent(&error))?;
    }
    match answer.status() {
        status if status.is_success() => Ok(Some(answer)),
        StatusCode::NOT_FOUND => Ok(None),
        status => Err(failed(&format!("The upstream answers with {status}."))),
    }
}

/// `realm` of `Bearer realm="http://127.0.0.1:5000/token",service="x"`.
fn parameter<'c>(challenge: &'c str, name: &str) -> Option<&'c str> {
    Some(challenge.split_once(&format!("{name}=\""))?.1.split_once('"')?.0)
}

fn silent(error: &reqwest::Error) -> Response {
    failed(&format!("The upstream does not answer: {error}"))
}

fn failed(message: &str) -> Response {
    tracing::warn!("pulling through: {message}");
    refusal(StatusCode::BAD_GATEWAY, "UNKNOWN", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_with_the_longest_prefix_says_whom_to_ask_for_what() {
        let rule = |url: &str, prefix: &str| json!({ "upstreamRegistryUrl": url, "upstreamRepositoryPrefix": prefix });
        let rules = BTreeMap::from([
            ("ROOT".to_owned(), rule("public.ecr.aws", "ROOT")),
            ("hub".to_owned(), rule("registry-1.docker.io", "ROOT")),
            ("hub/team".to_owned(), rule("https://quay.io/", "ours")),
        ]);
        let asked = |repository: &str| asked_of(&rules, repository).unwrap();
        let of = |upstream: &str, name: &str| (upstream.to_owned(), name.to_owned());
        assert_eq!(asked("hub/library/nginx"), of("registry-1.docker.io", "library/nginx"));
        assert_eq!(asked("hub/team/web"), of("quay.io", "ours/web"));
        assert_eq!(asked("hubs/web"), of("public.ecr.aws", "hubs/web"));
        assert_eq!(asked_of(&BTreeMap::from([("hub".to_owned(), rule("quay.io", "ROOT"))]), "hub"), None);
    }

    #[test]
    fn a_challenge_names_where_tokens_are() {
        let challenge = "Bearer realm=\"http://127.0.0.1:5000/token\",service=\"x\"";
        let told = ["realm", "service", "scope"].map(|name| parameter(challenge, name));
        assert_eq!(told, [Some("http://127.0.0.1:5000/token"), Some("x"), None]);
    }
}
