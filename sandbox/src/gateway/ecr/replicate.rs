//! Replication: what is pushed to a repository comes to the same repository of other registries of the sandbox.

use axum::response::Response;
use serde_json::{Value, json};

use super::blobs::Place;
use super::{TARGET, broken, settings, templates};
use crate::gateway::Gateway;

/// Copies an image to where the registry's rules want it. What fails is logged: nobody waits for it.
pub async fn pushed(gateway: &Gateway, place: &Place, digest: &str) {
    let configuration = settings::replication(gateway, &place.scope);
    for scope in settings::destinations(&configuration, &place.repository) {
        let to = Place { scope, repository: place.repository.clone() };
        if to != *place
            && let Err(refusal) = copy(gateway, place, &to, digest).await
        {
            tracing::warn!("cannot replicate {} to {to:?}: {}", place.repository, refusal.status());
        }
    }
}

async fn copy(gateway: &Gateway, from: &Place, to: &Place, digest: &str) -> Result<(), Response> {
    let own =
        super::images::told(gateway, &from.scope, &from.repository, Some(&json!([{ "imageDigest": digest }]))).await?;
    let Some(image) = super::put::manifest_of(gateway, from, digest).await? else { return Ok(()) };
    if super::repository(gateway, &to.scope, &to.repository).await.is_err() {
        templates::make(gateway, to, templates::REPLICATION).await?;
    }
    let text = image["imageManifest"].as_str().unwrap_or_default();
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    let layers = manifest["layers"].as_array().into_iter().flatten();
    for blob in layers.chain([&manifest["config"]]).filter_map(|part| part["digest"].as_str()) {
        gateway.blobs.link(from, to, blob).await.map_err(|error| broken(&error))?;
    }
    let tags = own.first().and_then(|image| image["imageTags"].as_array()).cloned().unwrap_or_default();
    let mut request = json!({
        "repositoryName": to.repository,
        "imageManifest": text,
        "imageManifestMediaType": image["imageManifestMediaType"],
    });
    let put = format!("{TARGET}.PutImage");
    if tags.is_empty() {
        gateway.upstream.ask(&to.scope, "ecr", &put, &request).await?;
    }
    for tag in tags {
        request["imageTag"] = tag;
        gateway.upstream.ask(&to.scope, "ecr", &put, &request).await?;
    }
    Ok(())
}
