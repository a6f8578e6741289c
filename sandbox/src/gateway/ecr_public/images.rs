//! Images of public repositories: manifests that PutImage brought. Layers are not kept, and nobody can pull.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::ecr::{bad, required};
use super::super::ecs::now;
use super::super::{Gateway, paging};
use super::{Repository, change, find};

const PAGE: u64 = 100;
/// What a manifest is that does not say it.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// An image.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    manifest: String,
    media_type: String,
    pushed_at: f64,
    tags: BTreeMap<String, f64>,
}

/// By digest.
pub type Images = BTreeMap<String, Image>;

/// Answers a call that is about images.
pub fn answer(gateway: &Gateway, account: &str, operation: &str, request: &Value) -> Result<Value, Response> {
    let (name, repository) = find(gateway, account, request)?;
    match operation {
        "PutImage" => put(gateway, account, &name, &repository, request),
        "BatchDeleteImage" => Ok(delete(gateway, account, &name, request)),
        "DescribeImageTags" => {
            let details = repository.images.iter().flat_map(|(digest, image)| {
                let detail = detail(digest, image);
                image
                    .tags
                    .iter()
                    .map(move |(tag, at)| json!({ "imageTag": tag, "createdAt": at, "imageDetail": detail }))
            });
            let mut answer = json!({ "imageTagDetails": details.collect::<Vec<_>>() });
            paging::cut(&mut answer, "imageTagDetails", request, PAGE);
            Ok(answer)
        }
        _ => describe(account, &name, &repository, request),
    }
}

/// What DescribeImages and DescribeImageTags both say:
/// <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_ReferencedImageDetail.html>
fn detail(digest: &str, image: &Image) -> Map<String, Value> {
    let manifest: Value = serde_json::from_str(&image.manifest).unwrap_or_default();
    let mut told = Map::new();
    told.insert("imageDigest".into(), digest.into());
    told.insert("imagePushedAt".into(), image.pushed_at.into());
    told.insert("imageManifestMediaType".into(), image.media_type.clone().into());
    let layers = manifest["layers"].as_array().into_iter().flatten().chain([&manifest["config"]]);
    let size: u64 = layers.filter_map(|layer| layer["size"].as_u64()).sum();
    if size > 0 {
        told.insert("imageSizeInBytes".into(), size.into());
    }
    let kind = manifest["artifactType"].as_str().or_else(|| manifest["config"]["mediaType"].as_str());
    if let Some(kind) = kind {
        told.insert("artifactMediaType".into(), kind.into());
    }
    told
}

/// The image that an identifier means, by digest or tag.
fn meant<'a>(images: &'a Images, id: &Value) -> Option<(&'a String, &'a Image)> {
    match id["imageDigest"].as_str() {
        Some(digest) => images.get_key_value(digest),
        None => images.iter().find(|(_, image)| image.tags.contains_key(id["imageTag"].as_str().unwrap_or_default())),
    }
}

fn describe(account: &str, name: &str, repository: &Repository, request: &Value) -> Result<Value, Response> {
    let told = |(digest, image): (&String, &Image)| {
        let mut told = detail(digest, image);
        told.insert("registryId".into(), account.into());
        told.insert("repositoryName".into(), name.into());
        if !image.tags.is_empty() {
            told.insert("imageTags".into(), image.tags.keys().cloned().collect());
        }
        Value::Object(told)
    };
    let details: Vec<Value> = match request["imageIds"].as_array().filter(|ids| !ids.is_empty()) {
        None => repository.images.iter().map(told).collect(),
        Some(ids) => {
            let one = |id: &Value| {
                let text = |part: &str| id[part].as_str().unwrap_or("null").to_owned();
                meant(&repository.images, id).map(told).ok_or_else(|| {
                    let message = format!(
                        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{name}' in the registry with id '{account}'",
                        text("imageDigest"),
                        text("imageTag"),
                    );
                    bad("ImageNotFoundException", &message)
                })
            };
            ids.iter().map(one).collect::<Result<_, _>>()?
        }
    };
    let mut answer = json!({ "imageDetails": details });
    paging::cut(&mut answer, "imageDetails", request, PAGE);
    Ok(answer)
}

fn put(
    gateway: &Gateway,
    account: &str,
    name: &str,
    repository: &Repository,
    request: &Value,
) -> Result<Value, Response> {
    let text = required(request, "imageManifest")?;
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    if manifest["schemaVersion"] != 2 {
        return Err(bad("InvalidParameterException", "Invalid image manifest provided"));
    }
    let digest = super::super::ecr::blobs::digest(text.as_bytes());
    if request["imageDigest"].as_str().is_some_and(|wanted| wanted != digest) {
        return Err(bad("ImageDigestDoesNotMatchException", &format!("The manifest's digest is {digest}.")));
    }
    let tag = request["imageTag"].as_str();
    let there = repository.images.get(&digest);
    if there.is_some_and(|image| tag.is_none_or(|tag| image.tags.contains_key(tag))) {
        let message = format!(
            "Image with digest '{digest}' already exists in the repository with name '{name}' in the registry with id '{account}'"
        );
        return Err(bad("ImageAlreadyExistsException", &message));
    }
    let said = request["imageManifestMediaType"].as_str().or_else(|| manifest["mediaType"].as_str());
    let media_type = said.unwrap_or(MANIFEST);
    change(gateway, account, name, |repository| {
        if let Some(tag) = tag {
            for image in repository.images.values_mut() {
                image.tags.remove(tag);
            }
        }
        let image = repository.images.entry(digest.clone()).or_insert_with(|| Image {
            manifest: text.to_owned(),
            media_type: media_type.to_owned(),
            pushed_at: now(),
            tags: BTreeMap::new(),
        });
        image.tags.extend(tag.map(|tag| (tag.to_owned(), now())));
    });
    let mut id = json!({ "imageDigest": digest });
    if let Some(tag) = tag {
        id["imageTag"] = tag.into();
    }
    Ok(json!({ "image": {
        "registryId": account, "repositoryName": name, "imageId": id, "imageManifest": text, "imageManifestMediaType": media_type,
    } }))
}

/// Deletes images by digest, and tags; with its last tag an image goes.
fn delete(gateway: &Gateway, account: &str, name: &str, request: &Value) -> Value {
    let (mut deleted, mut failures) = (vec![], vec![]);
    change(gateway, account, name, |repository| {
        for id in request["imageIds"].as_array().into_iter().flatten() {
            match take(&mut repository.images, id) {
                Ok(ids) => deleted.extend(ids),
                Err((code, reason)) => {
                    failures.push(json!({ "imageId": id, "failureCode": code, "failureReason": reason }));
                }
            }
        }
    });
    json!({ "imageIds": deleted, "failures": failures })
}

fn take(images: &mut Images, id: &Value) -> Result<Vec<Value>, (&'static str, &'static str)> {
    let Some(digest) = meant(images, id).map(|(digest, _)| digest.clone()) else {
        return Err(("ImageNotFound", "Requested image not found"));
    };
    let listed = |image: &Image| {
        let manifest: Value = serde_json::from_str(&image.manifest).unwrap_or_default();
        manifest["manifests"].as_array().is_some_and(|parts| parts.iter().any(|part| part["digest"] == digest.as_str()))
    };
    let last = |image: &Image| image.tags.len() < 2;
    let whole = id["imageDigest"].is_string() || images.get(&digest).is_some_and(last);
    if whole && images.values().any(listed) {
        return Err(("ImageReferencedByManifestList", "Requested image referenced by manifest list"));
    }
    if whole {
        let tags = images.remove(&digest).map(|image| image.tags).unwrap_or_default();
        let ids: Vec<Value> = tags.keys().map(|tag| json!({ "imageDigest": digest, "imageTag": tag })).collect();
        return Ok(if ids.is_empty() { vec![json!({ "imageDigest": digest })] } else { ids });
    }
    let tag = id["imageTag"].as_str().unwrap_or_default();
    if let Some(image) = images.get_mut(&digest) {
        image.tags.remove(tag);
    }
    Ok(vec![json!({ "imageDigest": digest, "imageTag": tag })])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(manifest: &Value, tags: &[&str]) -> Image {
        let tags = tags.iter().map(|tag| ((*tag).to_owned(), 1.0)).collect();
        Image { manifest: manifest.to_string(), media_type: MANIFEST.into(), pushed_at: 1.0, tags }
    }

    #[test]
    fn what_an_index_leads_to_stays_and_the_last_tag_takes_the_image_along() {
        let layers = json!({ "config": { "size": 2, "mediaType": "c" }, "layers": [{ "size": 40 }] });
        let mut images = Images::from([
            ("d1".to_owned(), image(&layers, &[])),
            ("d2".to_owned(), image(&json!({ "manifests": [{ "digest": "d1" }] }), &["1", "latest"])),
        ]);
        let told = detail("d1", &images["d1"]);
        assert_eq!((&told["imageSizeInBytes"], &told["artifactMediaType"]), (&json!(42), &json!("c")));
        assert_eq!(take(&mut images, &json!({ "imageDigest": "d1" })).unwrap_err().0, "ImageReferencedByManifestList");
        assert_eq!(take(&mut images, &json!({ "imageTag": "1" })).unwrap().len(), 1);
        assert_eq!(take(&mut images, &json!({ "imageTag": "1" })).unwrap_err().0, "ImageNotFound");
        take(&mut images, &json!({ "imageTag": "latest" })).unwrap();
        take(&mut images, &json!({ "imageDigest": "d1" })).unwrap();
        assert!(images.is_empty());
    }
}
