//! Lifecycle previews: what a policy would do, from the repository's images by the rules that the console knows too.

use std::collections::BTreeMap;

use axum::response::Response;
use domain::ecr::lifecycle::{self, Fate, ImageFacts, StorageClass};
use domain::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::blobs::Place;
use super::{TARGET, bad, images, now, put, repository, repository_of};
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, paging};

/// How long a preview takes.
const SECONDS: f64 = 2.0;
/// GetLifecyclePolicyPreview gives so many when the request does not say.
const PAGE: u64 = 100;

/// The last preview of a repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Preview {
    /// When it began, in seconds since 1970.
    pub began: f64,
    /// The policy it applies.
    pub policy: String,
    /// The images that are acted on, when it began.
    pub results: Vec<Value>,
}

impl Preview {
    fn status(&self) -> &'static str {
        if now() - self.began >= SECONDS { "COMPLETE" } else { "IN_PROGRESS" }
    }
}

/// StartLifecyclePolicyPreview.
pub async fn start(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let name = repository_of(request)?;
    repository(gateway, scope, &name).await?;
    let running = gateway.kept.read().repository(scope, &name).and_then(|kept| kept.preview.clone());
    if running.is_some_and(|preview| preview.status() == "IN_PROGRESS") {
        let message = format!("A lifecycle policy preview is in progress for the repository with name '{name}'");
        return Err(bad("LifecyclePolicyPreviewInProgressException", &message));
    }
    let policy = match request["lifecyclePolicyText"].as_str() {
        Some(text) => text.to_owned(),
        None => {
            let request = json!({ "repositoryName": name });
            let own = gateway.upstream.ask(scope, "ecr", &format!("{TARGET}.GetLifecyclePolicy"), &request).await?;
            own["lifecyclePolicyText"].as_str().unwrap_or_default().to_owned()
        }
    };
    let parsed = lifecycle::parse(&policy).map_err(|errors| {
        let said: Vec<String> = errors.iter().map(|(path, message)| format!("{path}: {message}")).collect();
        let message =
            format!("Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: '{}'", said.join(" "));
        bad("InvalidParameterException", &message)
    })?;
    let place = Place { scope: scope.clone(), repository: name };
    let images = images::told(gateway, scope, &place.repository, None).await?;
    let facts = facts(gateway, &place, &images).await?;
    // Only now: to read the manifests of many images takes a while.
    let began = now();
    let results = results(&parsed, &images, &facts, began);
    let preview = Preview { began, policy, results };
    let answer = head(&place, &preview);
    gateway.kept.change(|kept| kept.repository_mut(scope, &place.repository).preview = Some(preview));
    Ok(answer)
}

fn head(place: &Place, preview: &Preview) -> Value {
    json!({
        "registryId": place.scope.account,
        "repositoryName": place.repository,
        "lifecyclePolicyText": preview.policy,
        "status": preview.status(),
    })
}

/// The images as the rules look at them.
async fn facts(gateway: &Gateway, place: &Place, images: &[Value]) -> Result<Vec<ImageFacts>, Response> {
    let digests: Vec<Value> = images.iter().map(|image| image["imageDigest"].clone()).collect();
    let manifests = put::manifests_of(gateway, place, &digests).await?;
    let texts = |value: &Value, name: &str| -> Vec<String> {
        let parts = value.as_array().into_iter().flatten();
        parts
            .filter_map(|part| if name.is_empty() { part.as_str() } else { part[name].as_str() })
            .map(str::to_owned)
            .collect()
    };
    Ok(images
        .iter()
        .map(|image| {
            let digest = image["imageDigest"].as_str().unwrap_or_default();
            let manifest = manifests.get(digest).cloned().unwrap_or_default();
            #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
            let pushed_at = Millis((image["imagePushedAt"].as_f64().unwrap_or_default() * 1000.0) as i64);
            ImageFacts {
                digest: digest.to_owned(),
                tags: texts(&image["imageTags"], ""),
                pushed_at,
                pulled_at: None,
                archived_at: None,
                activated_at: None,
                storage_class: StorageClass::Standard,
                children: texts(&manifest["manifests"], "digest"),
                subject: manifest["subject"]["digest"].as_str().map(str::to_owned),
                size: None,
            }
        })
        .collect())
}

fn results(policy: &lifecycle::Policy, images: &[Value], facts: &[ImageFacts], now: f64) -> Vec<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
    let verdicts = lifecycle::evaluate(policy, facts, Millis((now * 1000.0) as i64));
    let by_digest: BTreeMap<_, _> = images.iter().map(|image| (image["imageDigest"].as_str(), image)).collect();
    let mut results: Vec<Value> = verdicts
        .into_iter()
        .filter_map(|verdict| {
            let action = match verdict.fate {
                Fate::Expired { .. } => json!({ "type": "EXPIRE" }),
                Fate::Archived { .. } => json!({ "type": "TRANSITION", "targetStorageClass": "ARCHIVE" }),
                _ => return None,
            };
            let image = by_digest.get(&Some(verdict.digest.as_str()))?;
            let tags = if image["imageTags"].is_array() { image["imageTags"].clone() } else { json!([]) };
            Some(json!({
                "imageTags": tags,
                "imageDigest": verdict.digest,
                "imagePushedAt": image["imagePushedAt"],
                "action": action,
                "appliedRulePriority": verdict.fate.rule(),
                "storageClass": "STANDARD",
            }))
        })
        .collect();
    // The latest pushed first.
    results.sort_by(|a, b| {
        b["imagePushedAt"].as_f64().unwrap_or_default().total_cmp(&a["imagePushedAt"].as_f64().unwrap_or_default())
    });
    results
}

/// GetLifecyclePolicyPreview.
pub async fn get(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let place = Place { scope: scope.clone(), repository: repository_of(request)? };
    if request["maxResults"].as_u64().is_some_and(|most| !(1..=PAGE).contains(&most)) {
        return Err(bad(
            "InvalidParameterException",
            "Invalid parameter at 'maxResults' failed to satisfy constraint: 1 to 100",
        ));
    }
    repository(gateway, scope, &place.repository).await?;
    let preview = gateway.kept.read().repository(scope, &place.repository).and_then(|kept| kept.preview.clone());
    let Some(preview) = preview else {
        let message = format!(
            "Lifecycle policy preview does not exist for the repository with name '{}' in the registry with id '{}'",
            place.repository, scope.account
        );
        return Err(bad("LifecyclePolicyPreviewNotFoundException", &message));
    };
    let mut answer = head(&place, &preview);
    if preview.status() == "COMPLETE" {
        let of = |kind: &str| preview.results.iter().filter(|result| result["action"]["type"] == kind).count();
        let mut summary = json!({ "expiringImageTotalCount": of("EXPIRE") });
        if of("TRANSITION") > 0 {
            let moved = json!({ "targetStorageClass": "ARCHIVE", "imageTotalCount": of("TRANSITION") });
            summary["transitioningImageTotalCounts"] = json!([moved]);
        }
        answer["summary"] = summary;
        answer["previewResults"] = asked_for(&preview.results, request).into();
        paging::cut(&mut answer, "previewResults", request, PAGE);
    } else {
        answer["previewResults"] = json!([]);
    }
    Ok(answer)
}

fn asked_for(results: &[Value], request: &Value) -> Vec<Value> {
    let ids = request["imageIds"].as_array();
    let wanted = |result: &&Value| {
        let named = |id: &Value| {
            (id["imageDigest"].is_null() || id["imageDigest"] == result["imageDigest"])
                && (id["imageTag"].is_null()
                    || result["imageTags"].as_array().into_iter().flatten().any(|tag| *tag == id["imageTag"]))
        };
        images::fits(images::tag_status(request), result) && ids.is_none_or(|ids| ids.iter().any(named))
    };
    results.iter().filter(wanted).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_images_that_were_asked_for() {
        let results =
            [json!({ "imageDigest": "d1", "imageTags": ["a"] }), json!({ "imageDigest": "d2", "imageTags": [] })];
        let count = |request: Value| asked_for(&results, &request).len();
        assert_eq!(count(json!({})), 2);
        assert_eq!(count(json!({ "filter": { "tagStatus": "TAGGED" } })), 1);
        assert_eq!(count(json!({ "imageIds": [{ "imageTag": "a" }] })), 1);
        assert_eq!(count(json!({ "imageIds": [{ "imageDigest": "d2" }], "filter": { "tagStatus": "TAGGED" } })), 0);
    }
}
