//! Lists of images: sizes, one list entry a tag, and pages.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::blobs::Place;
use super::{TARGET, bad, put, repository_of, scan};
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, Read, paging};

const PAGE: u64 = 100;

/// The tag status that a request filters by.
pub fn tag_status(request: &Value) -> &str {
    request["filter"]["tagStatus"].as_str().unwrap_or("ANY")
}

/// Whether an image has a tag status.
pub fn fits(status: &str, image: &Value) -> bool {
    let tagged = image["imageTags"].as_array().is_some_and(|tags| !tags.is_empty());
    match status {
        "TAGGED" => tagged,
        "UNTAGGED" => !tagged,
        _ => true,
    }
}

/// Whether a request asks for images of this status: for active ones when it does not say. The emulator has no archive.
fn of_status(request: &Value, image: &Value) -> bool {
    let wanted = request["filter"]["imageStatus"].as_str().unwrap_or("ACTIVE");
    wanted == "ANY" || wanted == image["imageStatus"].as_str().unwrap_or("ACTIVE")
}

/// The images of a repository as the emulator tells of them; with ids, those that exist.
pub async fn told(
    gateway: &Gateway,
    scope: &Scope,
    repository: &str,
    ids: Option<&Value>,
) -> Result<Vec<Value>, Response> {
    let mut request = json!({ "repositoryName": repository });
    if let Some(ids) = ids {
        request["imageIds"] = ids.clone();
    }
    let mut answer = gateway.upstream.ask(scope, "ecr", &format!("{TARGET}.DescribeImages"), &request).await?;
    Ok(answer["imageDetails"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// One image as the emulator tells of it.
pub async fn one(gateway: &Gateway, scope: &Scope, repository: &str, id: &Value) -> Result<Value, Response> {
    if id["imageDigest"].is_null() && id["imageTag"].is_null() {
        return Err(bad("InvalidParameterException", "The image needs an imageDigest or an imageTag."));
    }
    let found = told(gateway, scope, repository, Some(&json!([id]))).await?.into_iter().next();
    let fits = |image: &Value| {
        let tag = id["imageTag"].as_str();
        let digest = &id["imageDigest"];
        (digest.is_null() || *digest == image["imageDigest"])
            && tag.is_none_or(|tag| image["imageTags"].as_array().into_iter().flatten().any(|other| other == tag))
    };
    found.filter(fits).ok_or_else(|| missing(scope, repository, id))
}

fn missing(scope: &Scope, repository: &str, id: &Value) -> Response {
    let part = |name: &str| id[name].as_str().unwrap_or("null").to_owned();
    let message = format!(
        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{repository}' in the registry with id '{}'",
        part("imageDigest"),
        part("imageTag"),
        scope.account
    );
    bad("ImageNotFoundException", &message)
}

/// DescribeImages: the emulator gives the manifest's length as the image's size.
pub async fn describe(gateway: &Gateway, scope: &Scope, read: &Read<'_>, request: &Value) -> Result<Value, Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    let status = tag_status(request).to_owned();
    if let Some(images) = answer["imageDetails"].as_array_mut() {
        images.retain(|image| fits(&status, image) && of_status(request, image));
        if let Some(wanted) = request["imageIds"].as_array()
            && images.is_empty()
            && !wanted.is_empty()
        {
            return Err(missing(scope, &repository_of(request)?, &wanted[0]));
        }
    }
    paging::cut(&mut answer, "imageDetails", request, PAGE);
    let Some(images) = answer["imageDetails"].as_array_mut() else { return Ok(answer) };
    let repository = repository_of(request)?;
    let digests: Vec<Value> = images.iter().map(|image| image["imageDigest"].clone()).collect();
    let place = Place { scope: scope.clone(), repository };
    let manifests = put::manifests_of(gateway, &place, &digests).await?;
    for image in images {
        let manifest = image["imageDigest"].as_str().and_then(|digest| manifests.get(digest)).cloned();
        if let Some(image) = image.as_object_mut() {
            complete(image, &manifest.unwrap_or_default());
            scan::tell(gateway, scope, &place.repository, image);
        }
    }
    Ok(answer)
}

/// The size is that of the configuration and the layers; an index has none of its own. An image without tags has no
/// list of them (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>).
fn complete(image: &mut Map<String, Value>, manifest: &Value) {
    if image.get("imageTags").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        image.remove("imageTags");
    }
    if manifest["manifests"].is_array() {
        image.remove("imageSizeInBytes");
        image.remove("artifactMediaType");
        return;
    }
    let layers: u64 =
        manifest["layers"].as_array().into_iter().flatten().filter_map(|layer| layer["size"].as_u64()).sum();
    let size = layers + manifest["config"]["size"].as_u64().unwrap_or(0);
    if size > 0 {
        image.insert("imageSizeInBytes".into(), size.into());
    }
    if let Some(kind) = super::referrers::artifact_type(manifest) {
        image.insert("artifactMediaType".into(), kind.into());
    }
    if let Some(subject) = manifest["subject"]["digest"].as_str() {
        image.insert("subjectManifestDigest".into(), subject.into());
    }
}

/// BatchGetImage: the emulator names the image by its newest tag, whatever tag was asked for.
pub async fn batch_get(gateway: &Gateway, read: &Read<'_>, request: &Value) -> Result<Value, Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    let failed: Vec<Value> =
        answer["failures"].as_array().into_iter().flatten().map(|failure| failure["imageId"].clone()).collect();
    let wanted = request["imageIds"].as_array().into_iter().flatten().filter(|id| !failed.contains(id));
    for (image, wanted) in answer["images"].as_array_mut().into_iter().flatten().zip(wanted) {
        if let (Some(id), Some(tag)) = (image["imageId"].as_object_mut(), wanted.get("imageTag")) {
            id.insert("imageTag".into(), tag.clone());
        }
    }
    Ok(answer)
}

/// ListImages: one entry for each tag, and one for an image without.
pub async fn list(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let mut all = told(gateway, scope, &repository_of(request)?, None).await?;
    all.retain(|image| of_status(request, image));
    let mut answer = json!({ "imageIds": ids(&all, tag_status(request)) });
    paging::cut(&mut answer, "imageIds", request, PAGE);
    Ok(answer)
}

fn ids(images: &[Value], status: &str) -> Vec<Value> {
    images
        .iter()
        .filter(|image| fits(status, image))
        .flat_map(|image| {
            let digest = &image["imageDigest"];
            let tags = image["imageTags"].as_array().map(Vec::as_slice).unwrap_or_default();
            if tags.is_empty() {
                vec![json!({ "imageDigest": digest })]
            } else {
                tags.iter().map(|tag| json!({ "imageDigest": digest, "imageTag": tag })).collect()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_every_tag() {
        let images = [
            json!({ "imageDigest": "d1", "imageTags": ["1.0", "latest"] }),
            json!({ "imageDigest": "d2", "imageTags": [] }),
        ];
        assert_eq!(ids(&images, "ANY").len(), 3);
        assert_eq!(ids(&images, "TAGGED").len(), 2);
        assert_eq!(ids(&images, "UNTAGGED"), vec![json!({ "imageDigest": "d2" })]);
    }

    #[test]
    fn gives_active_images_unless_others_are_asked_for() {
        let (active, archived) = (json!({ "imageDigest": "d1" }), json!({ "imageStatus": "ARCHIVED" }));
        for (filter, expected) in [
            (json!({}), (true, false)),
            (json!({ "imageStatus": "ACTIVE" }), (true, false)),
            (json!({ "imageStatus": "ARCHIVED" }), (false, true)),
            (json!({ "imageStatus": "ANY" }), (true, true)),
        ] {
            let request = json!({ "filter": filter });
            assert_eq!((of_status(&request, &active), of_status(&request, &archived)), expected, "{request}");
        }
    }

    #[test]
    fn adds_up_sizes() {
        let mut image = json!({ "imageSizeInBytes": 900, "imageTags": [] });
        let manifest =
            json!({ "config": { "size": 10, "mediaType": "c" }, "layers": [{ "size": 100 }, { "size": 200 }] });
        complete(image.as_object_mut().unwrap(), &manifest);
        assert_eq!(image, json!({ "imageSizeInBytes": 310, "artifactMediaType": "c" }));
        let mut signature = json!({});
        let manifest = json!({ "artifactType": "s", "config": { "mediaType": "c" }, "subject": { "digest": "d1" } });
        complete(signature.as_object_mut().unwrap(), &manifest);
        assert_eq!(signature, json!({ "artifactMediaType": "s", "subjectManifestDigest": "d1" }));
        let mut index = json!({ "imageSizeInBytes": 900, "imageTags": ["a"] });
        complete(index.as_object_mut().unwrap(), &json!({ "manifests": [] }));
        assert_eq!(index, json!({ "imageTags": ["a"] }));
    }
}
