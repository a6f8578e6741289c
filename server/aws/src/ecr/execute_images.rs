//! ECR's calls of plans that are about images, and the state of images, tags and scans.

use aws_sdk_ecr::operation::RequestId;
use aws_sdk_ecr::types::{ImageDetail, ImageFailureCode, ImageIdentifier};
use domain::ecr::calls::{BatchDeleteImage, ImageIdentifier as IdDocument};
use domain::ecr::configuration::hide;
use domain::{Code, Problem};
use serde_json::{Map, Value, json};

use super::config;
use super::execute::once;
use super::images::{MANIFESTS_A_CALL, describe};
use super::manifest::MEDIA_TYPES;
use crate::gather::{deleted, found};
use crate::{Bucket, Caller, absent};

/// How an image is named.
pub(super) enum Id<'a> {
    Digest(&'a str),
    Tag(&'a str),
}

pub(super) fn identifier(id: &IdDocument) -> ImageIdentifier {
    ImageIdentifier::builder().set_image_digest(id.image_digest.clone()).set_image_tag(id.image_tag.clone()).build()
}

/// Deletes images, or a tag. AWS answers with success and names in it what it did not delete.
pub(super) async fn delete(caller: &Caller, input: &BatchDeleteImage) -> Result<Option<String>, Problem> {
    const ACTION: &str = "ecr:BatchDeleteImage";
    let ids = input.image_ids.iter().map(identifier).collect();
    let request = caller.clients().ecr().batch_delete_image();
    let request = request.repository_name(&input.repository_name).set_image_ids(Some(ids));
    let answer = caller
        .call(Bucket::Ecr, ACTION, Some(&input.repository_name), request.customize().config_override(once()).send())
        .await?;
    // What is not there any more is what was asked for.
    let failures = answer.failures().iter().filter(|f| f.failure_code() != Some(&ImageFailureCode::ImageNotFound));
    let said: Vec<String> = failures
        .map(|failure| {
            let id = failure.image_id().and_then(|id| id.image_digest().or(id.image_tag())).unwrap_or("an image");
            let code = failure.failure_code().map_or("no code", ImageFailureCode::as_str);
            format!("{id}: {} ({code})", failure.failure_reason().unwrap_or("AWS gave no reason"))
        })
        .collect();
    deleted(said, answer.request_id().map(str::to_owned))
}

/// The tags of each of these images that exists; `None` when none does.
pub(super) async fn tags(caller: &Caller, repository: &str, digests: &[String]) -> Result<Option<Value>, Problem> {
    let describe = |digests: Vec<String>| described(caller, repository, digests);
    let images = match describe(digests.to_vec()).await? {
        Some(images) => images,
        None if digests.len() < 2 => vec![],
        // The usual case of a copy: none is there, or some are.
        None => match present(caller, repository, digests).await {
            Ok(there) if there.is_empty() => vec![],
            Ok(there) => found(&there, describe).await?,
            Err(problem) if matches!(problem.code, Code::AwsDenied | Code::NotImplemented) => {
                found(digests, describe).await?
            }
            Err(problem) => return Err(problem),
        },
    };
    let entries = images.into_iter().filter_map(|image| {
        let mut tags = image.image_tags.unwrap_or_default();
        tags.sort();
        Some((image.image_digest?, json!(tags)))
    });
    let found: Map<String, Value> = entries.collect();
    Ok((!found.is_empty()).then_some(Value::Object(found)))
}

/// Which of these there are: unlike [`described`] this call names those that are missing.
async fn present(caller: &Caller, repository: &str, digests: &[String]) -> Result<Vec<String>, Problem> {
    let mut there = vec![];
    for digests in digests.chunks(MANIFESTS_A_CALL) {
        let ids = digests.iter().map(|digest| ImageIdentifier::builder().image_digest(digest).build()).collect();
        let request = caller.clients().ecr().batch_get_image().repository_name(repository).set_image_ids(Some(ids));
        let request = request.set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec()));
        let answer = caller.call(Bucket::EcrManifests, "ecr:BatchGetImage", Some(repository), request.send()).await;
        let Some(answer) = absent(answer)? else { return Ok(vec![]) };
        // One that is there and not handed out: archived, or of a key that nobody may use.
        let withheld = answer.failures.into_iter().flatten();
        let withheld = withheld.filter(|failure| failure.failure_code != Some(ImageFailureCode::ImageNotFound));
        let given = answer.images.into_iter().flatten().filter_map(|image| image.image_id);
        there.extend(given.chain(withheld.filter_map(|failure| failure.image_id)).filter_map(|id| id.image_digest));
    }
    Ok(there)
}

/// These images, `None` when one of them does not exist.
async fn described(
    caller: &Caller,
    repository: &str,
    digests: Vec<String>,
) -> Result<Option<Vec<ImageDetail>>, Problem> {
    let ids = digests.into_iter().map(|digest| ImageIdentifier::builder().image_digest(digest).build()).collect();
    let answer = describe(caller, repository, Some(ids), None).await;
    Ok(absent(answer)?.map(|answer| answer.image_details.unwrap_or_default()))
}

/// The manifest of an image with its digest; `None` when there is no such image.
pub(super) async fn manifest(caller: &Caller, repository: &str, id: Id<'_>) -> Result<Option<Value>, Problem> {
    let builder = ImageIdentifier::builder();
    let id = match id {
        Id::Digest(digest) => builder.image_digest(digest),
        Id::Tag(tag) => builder.image_tag(tag),
    };
    let request = caller.clients().ecr().batch_get_image().repository_name(repository).image_ids(id.build());
    let request = request.set_accepted_media_types(Some(MEDIA_TYPES.iter().map(|t| (*t).to_owned()).collect()));
    let answer = caller.call(Bucket::EcrManifests, "ecr:BatchGetImage", Some(repository), request.send()).await;
    let Some(answer) = absent(answer)? else { return Ok(None) };
    if let Some(failure) = answer.failures().iter().find(|f| f.failure_code() != Some(&ImageFailureCode::ImageNotFound))
    {
        let reason = failure.failure_reason().unwrap_or("AWS gave no reason");
        return Err(Problem::new(Code::AwsRejected, "AWS does not give the image", reason.to_owned()));
    }
    let Some(image) = answer.images.unwrap_or_default().into_iter().next() else { return Ok(None) };
    let digest = image.image_id.and_then(|id| id.image_digest);
    let text = image.image_manifest.unwrap_or_default();
    // Emulators leave it away; the manifest says it itself.
    let own = || serde_json::from_str::<Value>(&text).ok()?.get("mediaType")?.as_str().map(str::to_owned);
    let kind = image.image_manifest_media_type.clone().or_else(own);
    Ok(Some(json!({ "imageDigest": digest, "imageManifest": text, "imageManifestMediaType": kind })))
}

/// How far the scan of an image is; `None` when it was never scanned.
pub(super) async fn scan(caller: &Caller, repository: &str, digest: &str) -> Result<Option<Value>, Problem> {
    let images = described(caller, repository, vec![digest.to_owned()]).await?;
    let Some(image) = images.into_iter().flatten().next() else { return Ok(None) };
    let Some(status) = image.image_scan_status.and_then(|scan| scan.status) else { return Ok(None) };
    let complete = image.image_scan_findings_summary.and_then(|s| s.image_scan_completed_at).map(|at| at.secs());
    Ok(Some(json!({ "status": status.as_str(), "completedAt": complete })))
}

/// The configuration of an image, without values whose names say that they are secrets. The manifest names it; `None` for what has none: an index, an artifact, an image that is gone.
pub(super) async fn configuration(caller: &Caller, repository: &str, digest: &str) -> Result<Option<Value>, Problem> {
    let Some(found) = manifest(caller, repository, Id::Digest(digest)).await? else { return Ok(None) };
    let text = found["imageManifest"].as_str().unwrap_or_default();
    let manifest = serde_json::from_str::<Value>(text).unwrap_or_default();
    match manifest["config"]["digest"].as_str() {
        Some(config) => Ok(config::document(caller, repository, config).await?.map(|mut document| {
            hide(&mut document, |value| caller.seal(value).digest);
            document
        })),
        None => Ok(None),
    }
}
