//! Images of the torture: an index with one image, as an archive would bring it; those that are copied; and what there is of them after a run.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};

use super::oracle::Sandbox;
use super::runs::steps;
use super::source;
use crate::assets::digest_of;

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

/// What there is after a copy with these answers, by what its source has and not by its plan: every manifest, and the tag on the image itself.
/// Nothing where they are no copy's.
pub fn after_copy(there: &Value, answers: &Value) -> Option<Value> {
    let copied = &answers["answers"];
    let manifests = source::manifests(copied["source"].as_str().filter(|_| answers["wizard"] == "copy-image")?);
    let put = |there: Value, digest: &String| after_put(&there, &json!({ "imageDigest": digest }));
    let there = manifests.iter().fold(there.clone(), put);
    Some(after_put(&there, &json!({ "imageDigest": manifests.last()?, "imageTag": copied["tag"] })))
}

/// The digests of images in a list.
pub fn digests(images: &Value) -> Vec<&str> {
    images.as_array().into_iter().flatten().filter_map(|image| image["digest"].as_str()).collect()
}

/// The images that are neither among those planned nor named as left by a run that is stuck: nobody would find them.
pub fn orphans<'v>(there: &'v Value, planned: &Value, stuck: &[&Value]) -> Vec<&'v str> {
    let named = stuck.iter().flat_map(|view| steps(view)).filter(|(_, progress)| progress["state"] != "undone");
    let named = named.filter_map(|(step, _)| step["call"]["input"]["imageDigest"].as_str());
    let known: BTreeSet<&str> = digests(planned).into_iter().chain(named).collect();
    digests(there).into_iter().filter(|digest| !known.contains(digest)).collect()
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

    #[test]
    fn a_copy_leaves_what_its_source_has() {
        let answers = |tag: &str| {
            let answers = json!({ "source": source::reference(5000, tag), "repository": "torture/a", "tag": "v1" });
            json!({ "wizard": "copy-image", "answers": answers })
        };
        let there = after_copy(&json!([]), &answers(source::ALL)).unwrap_or_default();
        let manifests = source::manifests(&source::reference(5000, source::ALL));
        let (found, wanted) = (digests(&there), manifests.iter().map(String::as_str));
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted.collect::<BTreeSet<_>>());
        let tagged: Vec<&Value> =
            there.as_array().into_iter().flatten().filter(|image| image["tags"] == json!(["v1"])).collect();
        assert_eq!(tagged.len(), 1);
        assert_eq!(tagged[0]["digest"].as_str(), manifests.last().map(String::as_str));
        assert_eq!(after_copy(&json!([]), &json!({ "wizard": "put-images", "answers": {} })), None);

        // What a run took back and is there all the same is nobody's, also while the rest of it is stuck.
        let step = |digest: &String| json!({ "call": { "input": { "imageDigest": digest } } });
        let plan: Vec<Value> = manifests.iter().map(step).collect();
        let states = json!([{ "state": "undone" }, { "state": "stuck" }, { "state": "undone" }]);
        let stuck = json!({ "run": { "plan": { "steps": plan }, "steps": states } });
        assert_eq!(orphans(&there, &json!([]), &[&stuck]).len(), 2);
        assert_eq!(orphans(&there, &there, &[]), Vec::<&str>::new());
    }
}
