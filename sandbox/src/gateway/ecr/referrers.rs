//! What refers to an image: signatures, bills of materials and the like, which name it as their subject.

use axum::response::Response;
use serde_json::{Value, json};

use super::blobs::Place;
use super::{bad, images, put, repository, repository_of};
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, paging};

const PAGE: u64 = 50;

/// What an artifact is, as a media type: as its manifest says, else as its configuration does.
pub fn artifact_type(manifest: &Value) -> Option<&str> {
    let own = manifest["artifactType"].as_str().filter(|kind| !kind.is_empty());
    own.or_else(|| manifest["config"]["mediaType"].as_str())
}

/// ListImageReferrers (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImageReferrers.html>). The image itself
/// need not be there.
pub async fn list(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let place = Place { scope: scope.clone(), repository: repository_of(request)? };
    repository(gateway, scope, &place.repository).await?;
    let subject = request["subjectId"]["imageDigest"].as_str().filter(|digest| digest.starts_with("sha256:"));
    let Some(subject) = subject else {
        return Err(bad("InvalidParameterException", "The subjectId needs an imageDigest."));
    };
    let all = images::told(gateway, scope, &place.repository, None).await?;
    let digests: Vec<Value> = all.iter().map(|image| image["imageDigest"].clone()).collect();
    let manifests = put::manifests_of(gateway, &place, &digests).await?;
    let found = manifests.iter().filter(|(_, manifest)| manifest["subject"]["digest"] == subject);
    let told: Vec<Value> = found.map(|(digest, manifest)| told(digest, manifest)).collect();
    let mut answer = json!({ "referrers": told.into_iter().filter(|one| fits(one, request)).collect::<Vec<_>>() });
    paging::cut(&mut answer, "referrers", request, PAGE);
    Ok(answer)
}

fn told(digest: &str, manifest: &Value) -> Value {
    let parts = manifest["layers"].as_array().into_iter().flatten().chain([&manifest["config"]]);
    let size: u64 = parts.filter_map(|part| part["size"].as_u64()).sum();
    let mut told = json!({
        "digest": digest,
        "mediaType": manifest["mediaType"].as_str().unwrap_or("application/vnd.oci.image.manifest.v1+json"),
        "size": size,
        "artifactStatus": "ACTIVE",
    });
    if let Some(kind) = artifact_type(manifest) {
        told["artifactType"] = kind.into();
    }
    if manifest["annotations"].is_object() {
        told["annotations"] = manifest["annotations"].clone();
    }
    told
}

/// Whether an artifact is asked for. Nothing is archived here.
fn fits(told: &Value, request: &Value) -> bool {
    let filter = &request["filter"];
    let types = filter["artifactTypes"].as_array().filter(|types| !types.is_empty());
    matches!(filter["artifactStatus"].as_str(), None | Some("ACTIVE" | "ANY"))
        && types.is_none_or(|types| types.contains(&told["artifactType"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_is_told_as_its_manifest_says() {
        let manifest = json!({
            "mediaType": "m", "artifactType": "application/spdx+json", "config": { "mediaType": "empty", "size": 2 },
            "layers": [{ "size": 40 }], "annotations": { "a": "b" }, "subject": { "digest": "sha256:1" },
        });
        let one = told("sha256:2", &manifest);
        assert_eq!(one["size"], 42);
        assert_eq!((&one["artifactType"], &one["annotations"]["a"]), (&json!("application/spdx+json"), &json!("b")));
        assert!(fits(&one, &json!({})));
        assert!(fits(
            &one,
            &json!({ "filter": { "artifactStatus": "ANY", "artifactTypes": ["application/spdx+json"] } })
        ));
        assert!(!fits(&one, &json!({ "filter": { "artifactTypes": ["other"] } })));
        assert!(!fits(&one, &json!({ "filter": { "artifactStatus": "ARCHIVED" } })));
        assert_eq!(artifact_type(&json!({ "config": { "mediaType": "c" } })), Some("c"));
    }
}
