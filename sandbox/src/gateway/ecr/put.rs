//! Images that come: by PutImage, or from a container client as a manifest.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::blobs::{Place, digest};
use super::registry::refusal;
use super::{TARGET, bad, host, repositories, repository, repository_of, required};
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, Read};

/// PutImage (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html>).
pub async fn put_image(gateway: &Gateway, scope: &Scope, read: &Read<'_>, request: &Value) -> Result<Value, Response> {
    let place = Place { scope: scope.clone(), repository: repository_of(request)? };
    let manifest = required(request, "imageManifest")?;
    let actual = digest(manifest.as_bytes());
    if request["imageDigest"].as_str().is_some_and(|wanted| wanted != actual) {
        return Err(bad("ImageDigestDoesNotMatchException", &format!("The manifest's digest is {actual}.")));
    }
    let told = repository(gateway, scope, &place.repository).await?;
    if let Some(tag) = request["imageTag"].as_str() {
        let at = tagged(gateway, &place, tag).await?;
        if at.as_deref() == Some(&actual) {
            let message = format!(
                "Image with digest '{actual}' and tag '{tag}' already exists in the repository with name '{}' in registry with id '{}'",
                place.repository, scope.account
            );
            return Err(bad("ImageAlreadyExistsException", &message));
        }
        if at.is_some() && stays(gateway, &place, &told, tag) {
            return Err(bad("ImageTagAlreadyExistsException", &taken(&place, tag)));
        }
    }
    let answer = gateway.upstream.pass_json(read).await?;
    arrived(gateway, &place, &told, &actual, &serde_json::from_str(manifest).unwrap_or_default()).await;
    Ok(answer)
}

/// A manifest that a container client gives to a tag or a digest.
pub async fn put_manifest(
    gateway: &Gateway,
    place: &Place,
    told: &Value,
    reference: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let manifest: Option<Value> = serde_json::from_slice(&body).ok();
    let Some(manifest) = manifest.filter(|manifest| manifest["schemaVersion"] == 2) else {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "MANIFEST_INVALID",
            "The manifest is not one of schema version 2.",
        ));
    };
    let actual = digest(&body);
    if reference.contains(':') {
        if reference != actual {
            return Err(refusal(
                StatusCode::BAD_REQUEST,
                "DIGEST_INVALID",
                &format!("The manifest's digest is {actual}."),
            ));
        }
    } else if stays(gateway, place, told, reference)
        && tagged(gateway, place, reference).await?.is_some_and(|at| at != actual)
    {
        return Err(refusal(StatusCode::BAD_REQUEST, "TAG_INVALID", &taken(place, reference)));
    }
    for part in manifest["manifests"].as_array().into_iter().flatten().filter_map(|part| part["digest"].as_str()) {
        if manifest_of(gateway, place, part).await?.is_none() {
            let message = format!("The image {part} of the index is not in the repository.");
            return Err(refusal(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", &message));
        }
    }
    let mut headers = headers.clone();
    if !headers.contains_key("content-type")
        && let Some(kind) = manifest["mediaType"].as_str().and_then(|kind| kind.parse().ok())
    {
        headers.insert("content-type", kind);
    }
    let path = format!("/v2/{}/manifests/{reference}", place.repository);
    let answer =
        gateway.upstream.to_registry(&Method::PUT, &host(&place.scope), &path, &headers, body.clone().into()).await;
    if answer.status().is_success() {
        arrived(gateway, place, told, &actual, &manifest).await;
    }
    Ok(answer)
}

/// What follows from a push.
async fn arrived(gateway: &Gateway, place: &Place, told: &Value, digest: &str, manifest: &Value) {
    super::scan::pushed(gateway, place, told, digest, manifest);
    super::replicate::pushed(gateway, place, digest).await;
}

/// The digest of the image that has a tag.
async fn tagged(gateway: &Gateway, place: &Place, tag: &str) -> Result<Option<String>, Response> {
    let ids = json!([{ "imageTag": tag }]);
    let found = super::images::told(gateway, &place.scope, &place.repository, Some(&ids)).await?;
    Ok(found.first().and_then(|image| image["imageDigest"].as_str()).map(str::to_owned))
}

fn stays(gateway: &Gateway, place: &Place, told: &Value, tag: &str) -> bool {
    let kept = gateway.kept.read();
    let exclusions = kept.repository(&place.scope, &place.repository).map(|kept| &kept.exclusions);
    repositories::is_immutable(told["imageTagMutability"].as_str().unwrap_or_default(), exclusions, tag)
}

fn taken(place: &Place, tag: &str) -> String {
    format!(
        "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
        place.repository
    )
}

/// An image of a repository with its manifest, by tag or digest, as BatchGetImage tells of it.
pub async fn manifest_of(gateway: &Gateway, place: &Place, reference: &str) -> Result<Option<Value>, Response> {
    let by = if reference.contains(':') { "imageDigest" } else { "imageTag" };
    let request = json!({ "repositoryName": place.repository, "imageIds": [{ by: reference }] });
    let mut answer = gateway.upstream.ask(&place.scope, "ecr", &format!("{TARGET}.BatchGetImage"), &request).await?;
    Ok(answer["images"].get_mut(0).map(Value::take))
}

/// The manifests of images, by digest.
pub async fn manifests_of(
    gateway: &Gateway,
    place: &Place,
    digests: &[Value],
) -> Result<BTreeMap<String, Value>, Response> {
    let mut manifests = BTreeMap::new();
    for batch in digests.chunks(100) {
        let ids: Vec<Value> = batch.iter().map(|digest| json!({ "imageDigest": digest })).collect();
        let request = json!({ "repositoryName": place.repository, "imageIds": ids });
        let answer = gateway.upstream.ask(&place.scope, "ecr", &format!("{TARGET}.BatchGetImage"), &request).await?;
        for image in answer["images"].as_array().into_iter().flatten() {
            let text = image["imageManifest"].as_str().unwrap_or_default();
            let digest = image["imageId"]["imageDigest"].as_str().unwrap_or_default();
            manifests.insert(digest.to_owned(), serde_json::from_str(text).unwrap_or_default());
        }
    }
    Ok(manifests)
}
