//! What the emulator's ECR answers differently from AWS: image sizes, one list entry a tag, and pages.

use serde_json::{Map, Value, json};

use super::upstream::Scope;
use super::{Answer, Gateway, Read, json as answer_json, paging};

/// The operations that are answered here.
pub const OPERATIONS: &[&str] = &["DescribeImages", "DescribeRepositories", "ListImages"];

const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921";
const PAGE: u64 = 100;

/// Answers one of [`OPERATIONS`].
pub async fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    let request = read.json()?;
    let answer = match read.call.operation.as_str() {
        "DescribeRepositories" => {
            let mut answer = gateway.upstream.pass_json(read).await?;
            paging::cut(&mut answer, "repositories", &request, PAGE);
            answer
        }
        "DescribeImages" => describe(gateway, read, &request).await?,
        _ => list(gateway, read, &request).await?,
    };
    Ok(answer_json(&answer))
}

fn tag_status(request: &Value) -> &str {
    request["filter"]["tagStatus"].as_str().unwrap_or("ANY")
}

fn fits(status: &str, image: &Value) -> bool {
    let tagged = image["imageTags"].as_array().is_some_and(|tags| !tags.is_empty());
    match status {
        "TAGGED" => tagged,
        "UNTAGGED" => !tagged,
        _ => true,
    }
}

/// DescribeImages: the emulator gives the manifest's length as the image's size.
async fn describe(gateway: &Gateway, read: &Read<'_>, request: &Value) -> Result<Value, axum::response::Response> {
    let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
    let mut answer = gateway.upstream.pass_json(read).await?;
    let status = tag_status(request).to_owned();
    if let Some(images) = answer["imageDetails"].as_array_mut() {
        images.retain(|image| fits(&status, image));
        if let Some(wanted) = request["imageIds"].as_array()
            && images.is_empty()
            && !wanted.is_empty()
        {
            let message = format!(
                "The image with imageId {} does not exist within the repository with name '{}' in the registry with id '{}'",
                wanted[0],
                request["repositoryName"].as_str().unwrap_or_default(),
                scope.account
            );
            return Err(super::call::json_error(
                axum::http::StatusCode::BAD_REQUEST,
                "ImageNotFoundException",
                &message,
            ));
        }
    }
    paging::cut(&mut answer, "imageDetails", request, PAGE);
    let Some(images) = answer["imageDetails"].as_array_mut() else { return Ok(answer) };
    for batch in images.chunks_mut(100) {
        let ids: Vec<Value> = batch.iter().map(|image| json!({ "imageDigest": image["imageDigest"] })).collect();
        let request = json!({ "repositoryName": request["repositoryName"], "imageIds": ids });
        let manifests = gateway.upstream.ask(&scope, "ecr", &format!("{TARGET}.BatchGetImage"), &request).await?;
        for image in batch {
            let found = manifests["images"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|found| found["imageId"]["imageDigest"] == image["imageDigest"]);
            let manifest = found
                .and_then(|found| found["imageManifest"].as_str())
                .and_then(|text| serde_json::from_str::<Value>(text).ok())
                .unwrap_or_default();
            if let Some(image) = image.as_object_mut() {
                complete(image, &manifest);
            }
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
    if let Some(kind) = manifest["config"]["mediaType"].as_str() {
        image.insert("artifactMediaType".into(), kind.into());
    }
}

/// ListImages: one entry for each tag, and one for an image without.
async fn list(gateway: &Gateway, read: &Read<'_>, request: &Value) -> Result<Value, axum::response::Response> {
    let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
    let all = gateway
        .upstream
        .ask(
            &scope,
            "ecr",
            &format!("{TARGET}.DescribeImages"),
            &json!({ "repositoryName": request["repositoryName"] }),
        )
        .await?;
    let mut answer = json!({ "imageIds": ids(&all["imageDetails"], tag_status(request)) });
    paging::cut(&mut answer, "imageIds", request, PAGE);
    Ok(answer)
}

fn ids(images: &Value, status: &str) -> Vec<Value> {
    let images = images.as_array().into_iter().flatten().filter(|image| fits(status, image));
    images
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
        let images =
            json!([{ "imageDigest": "d1", "imageTags": ["1.0", "latest"] }, { "imageDigest": "d2", "imageTags": [] }]);
        assert_eq!(ids(&images, "ANY").len(), 3);
        assert_eq!(ids(&images, "TAGGED").len(), 2);
        assert_eq!(ids(&images, "UNTAGGED"), vec![json!({ "imageDigest": "d2" })]);
    }

    #[test]
    fn adds_up_sizes() {
        let mut image = json!({ "imageSizeInBytes": 900, "imageTags": [] });
        let manifest =
            json!({ "config": { "size": 10, "mediaType": "c" }, "layers": [{ "size": 100 }, { "size": 200 }] });
        complete(image.as_object_mut().unwrap(), &manifest);
        assert_eq!(image, json!({ "imageSizeInBytes": 310, "artifactMediaType": "c" }));
        let mut index = json!({ "imageSizeInBytes": 900, "imageTags": ["a"] });
        complete(index.as_object_mut().unwrap(), &json!({ "manifests": [] }));
        assert_eq!(index, json!({ "imageTags": ["a"] }));
    }
}
