//! Layers through ECR's own API, as a client without the registry's protocol moves them.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::blobs::{Incomplete, Place};
use super::{bad, broken, host, now, repository, repository_of, required, token};
use crate::gateway::Gateway;
use crate::gateway::upstream::Scope;

/// The part size that InitiateLayerUpload asks for, in bytes.
const PART: u64 = 10 * 1024 * 1024;

async fn place(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Place, Response> {
    let name = repository_of(request)?;
    repository(gateway, scope, &name).await?;
    Ok(Place { scope: scope.clone(), repository: name })
}

/// The size of a layer, wherever it is: the emulator still has what earlier versions of the sandbox gave it.
async fn size(gateway: &Gateway, place: &Place, digest: &str) -> Option<u64> {
    if let Some(size) = gateway.blobs.size(place, digest).await {
        return Some(size);
    }
    let path = format!("/v2/{}/blobs/{digest}", place.repository);
    let answer = gateway
        .upstream
        .to_registry(&Method::HEAD, &host(&place.scope), &path, &HeaderMap::new(), reqwest::Body::default())
        .await;
    let length = answer.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    length.filter(|_| answer.status().is_success())
}

/// GetDownloadUrlForLayer. The address has AWS's form; what it names is at the sandbox's endpoint under the same path.
pub async fn download_url(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let place = place(gateway, scope, request).await?;
    let digest = required(request, "layerDigest")?;
    if size(gateway, &place, digest).await.is_none() {
        let message =
            format!("The layer with digest '{digest}' does not exist in the repository '{}'", place.repository);
        return Err(bad("LayersNotFoundException", &message));
    }
    let password = token::password(scope, now()).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let url = format!("https://{}/v2/{}/blobs/{digest}?X-Sandbox-Token={password}", host(scope), place.repository);
    Ok(json!({ "downloadUrl": url, "layerDigest": digest }))
}

/// BatchCheckLayerAvailability.
pub async fn availability(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let place = place(gateway, scope, request).await?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for digest in request["layerDigests"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !digest.starts_with("sha256:") {
            failures.push(json!({ "layerDigest": digest, "failureCode": "InvalidLayerDigest", "failureReason": "The layer's digest is none." }));
            continue;
        }
        layers.push(match size(gateway, &place, digest).await {
            Some(size) => json!({ "layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": size }),
            None => json!({ "layerDigest": digest, "layerAvailability": "UNAVAILABLE" }),
        });
    }
    Ok(json!({ "layers": layers, "failures": failures }))
}

/// InitiateLayerUpload.
pub async fn initiate(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let place = place(gateway, scope, request).await?;
    let id = gateway.blobs.begin(place).await.map_err(|error| broken(&error))?;
    Ok(json!({ "uploadId": id, "partSize": PART }))
}

fn unknown(id: &str) -> Response {
    bad("UploadNotFoundException", &format!("The upload '{id}' does not exist."))
}

/// UploadLayerPart.
pub async fn upload_part(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let place = place(gateway, scope, request).await?;
    let id = required(request, "uploadId")?;
    let upload = gateway.blobs.upload(&place, id).await.ok_or_else(|| unknown(id))?;
    let mut upload = upload.lock().await;
    let part = STANDARD.decode(required(request, "layerPartBlob")?);
    let part = part.map_err(|_| bad("InvalidParameterException", "layerPartBlob is not base64."))?;
    let (first, last) = (request["partFirstByte"].as_u64(), request["partLastByte"].as_u64());
    let end = upload.size + part.len() as u64;
    if first != Some(upload.size) || last.map(|last| last + 1) != Some(end) {
        let message = format!("The part does not follow the last byte received, {}.", upload.size.saturating_sub(1));
        return Err(bad("InvalidLayerPartException", &message));
    }
    let pieces = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(part))]);
    upload.add(pieces).await.map_err(|error| broken(&error))?;
    Ok(json!({
        "registryId": scope.account,
        "repositoryName": place.repository,
        "uploadId": id,
        "lastByteReceived": upload.size.saturating_sub(1),
    }))
}

/// CompleteLayerUpload.
pub async fn complete(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let place = place(gateway, scope, request).await?;
    let id = required(request, "uploadId")?;
    let Some(digest) = request["layerDigests"][0].as_str() else {
        return Err(bad("InvalidParameterException", "layerDigests needs a digest."));
    };
    let upload = gateway.blobs.upload(&place, id).await.ok_or_else(|| unknown(id))?;
    let mut upload = upload.lock().await;
    if upload.size == 0 {
        return Err(bad("EmptyUploadException", "The upload has no parts."));
    }
    if size(gateway, &place, digest).await.is_some() {
        gateway.blobs.cancel(id, &upload).await.map_err(|error| broken(&error))?;
        return Err(bad("LayerAlreadyExistsException", &format!("The layer with digest '{digest}' already exists.")));
    }
    match gateway.blobs.complete(id, &mut upload, digest).await {
        Ok(()) => Ok(json!({
            "registryId": scope.account,
            "repositoryName": place.repository,
            "uploadId": id,
            "layerDigest": digest,
        })),
        Err(Incomplete::Digest(actual)) => {
            Err(bad("InvalidLayerException", &format!("The layer's digest is {actual}, not {digest}.")))
        }
        Err(Incomplete::Disk(error)) => Err(broken(&error)),
    }
}
