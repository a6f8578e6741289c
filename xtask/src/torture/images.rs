//! Images of the torture: an index with one image, as an archive would bring it, and what there is of them after a run.

use serde_json::{Value, json};

use super::oracle::Sandbox;
use crate::assets::digest_of;
use anyhow::Result;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The answers of the wizard `put-images`: an index, the image it leads to, and two tags. The sandbox's registry takes manifests whose layers it
/// does not have.
pub fn put(repository: &str, number: u64) -> Value {
    let config =
        json!({ "mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": digest_of("{}") });
    let notes = json!({ "number": number.to_string() });
    let part = named(
        IMAGE,
        &json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [], "annotations": notes }),
    );
    let size = part["text"].as_str().unwrap_or_default().len();
    let entry = json!({ "mediaType": IMAGE, "digest": part["digest"], "size": size,
        "platform": { "os": "linux", "architecture": "amd64" } });
    let index = named(INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }));
    json!({ "repository": repository, "images": [{ "manifest": index, "parts": [part], "tags": ["1", "1.0"] }] })
}

fn named(kind: &str, manifest: &Value) -> Value {
    let text = manifest.to_string();
    json!({ "digest": digest_of(&text), "media_type": kind, "text": text })
}

/// The images of a repository, those without a tag as well.
pub fn of(sandbox: &Sandbox, repository: &str) -> Result<Value> {
    let described = sandbox.ecr("DescribeImages", &json!({ "repositoryName": repository }))?.unwrap_or_default();
    let images = described["imageDetails"].as_array().into_iter().flatten();
    let told = |image: &Value| {
        let tags = image["imageTags"].as_array().into_iter().flatten().filter_map(Value::as_str);
        (image["imageDigest"].as_str().unwrap_or_default().to_owned(), tags.map(str::to_owned).collect())
    };
    Ok(listed(images.map(told).collect()))
}

fn listed(mut images: Vec<(String, Vec<String>)>) -> Value {
    images.sort();
    let image = |(digest, mut tags): (String, Vec<String>)| {
        tags.sort();
        json!({ "digest": digest, "tags": tags })
    };
    images.into_iter().map(image).collect()
}

/// What there is after `PutImage`.
pub fn after_put(there: &Value, input: &Value) -> Value {
    let mut images: Vec<(String, Vec<String>)> = there
        .as_array()
        .into_iter()
        .flatten()
        .map(|image| {
            let tags = image["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
            (image["digest"].as_str().unwrap_or_default().to_owned(), tags.map(str::to_owned).collect())
        })
        .collect();
    let digest = input["imageDigest"].as_str().unwrap_or_default().to_owned();
    if !images.iter().any(|(other, _)| *other == digest) {
        images.push((digest.clone(), vec![]));
    }
    if let Some(tag) = input["imageTag"].as_str() {
        for (other, tags) in &mut images {
            tags.retain(|own| own != tag);
            if *other == digest {
                tags.push(tag.to_owned());
            }
        }
    }
    listed(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_its_part_and_tags_move() {
        let answers = put("torture/a", 7);
        let image = &answers["images"][0];
        let index: Value =
            serde_json::from_str(image["manifest"]["text"].as_str().unwrap_or_default()).unwrap_or_default();
        assert_eq!(index["manifests"][0]["digest"], image["parts"][0]["digest"]);
        assert_ne!(image["parts"][0]["digest"], put("torture/a", 8)["images"][0]["parts"][0]["digest"]);
        let one = after_put(&json!([]), &json!({ "imageDigest": "sha256:b" }));
        let two = after_put(&one, &json!({ "imageDigest": "sha256:a", "imageTag": "1" }));
        assert_eq!(two, json!([{ "digest": "sha256:a", "tags": ["1"] }, { "digest": "sha256:b", "tags": [] }]));
        let moved = after_put(&two, &json!({ "imageDigest": "sha256:b", "imageTag": "1" }));
        assert_eq!(moved, json!([{ "digest": "sha256:a", "tags": [] }, { "digest": "sha256:b", "tags": ["1"] }]));
    }
}
