//! Repositories that ECR makes by itself: as the creation template that applies says, or as ECR makes them without one
//! (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html>).

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::{Value, json};

use super::blobs::Place;
use super::{TARGET, policies, repository};
use crate::gateway::Gateway;

/// Made for what replication brings.
pub const REPLICATION: &str = "REPLICATION";
/// Made for what a cache rule brings.
pub const CACHE: &str = "PULL_THROUGH_CACHE";
/// Made for what somebody pushes.
const PUSH: &str = "CREATE_ON_PUSH";

/// Of those for this use the one whose prefix says most; `ROOT` is for all that no other is for.
fn matching<'t>(templates: &'t BTreeMap<String, Value>, used_for: &str, repository: &str) -> Option<&'t Value> {
    let fits = |prefix: &str| {
        let within = repository.strip_prefix(prefix.trim_end_matches('/'));
        prefix == "ROOT" || within.is_some_and(|rest| rest.starts_with('/'))
    };
    let is_used =
        |template: &Value| template["appliedFor"].as_array().into_iter().flatten().any(|use_| use_ == used_for);
    templates
        .iter()
        .filter(|(prefix, template)| fits(prefix) && is_used(template))
        .max_by_key(|(prefix, _)| if *prefix == "ROOT" { 0 } else { prefix.len() })
        .map(|(_, template)| template)
}

fn of(gateway: &Gateway, place: &Place, used_for: &str) -> Option<Value> {
    let kept = gateway.kept.read();
    matching(&kept.registry(&place.scope)?.templates, used_for, &place.repository).cloned()
}

/// Makes a repository that is needed for this.
pub async fn make(gateway: &Gateway, place: &Place, used_for: &str) -> Result<(), Response> {
    let template = of(gateway, place, used_for).unwrap_or_default();
    make_as(gateway, place, &template).await
}

/// Makes a repository that somebody pushes to, if there is a template for that. Whether there is.
pub async fn make_for_push(gateway: &Gateway, place: &Place) -> Result<bool, Response> {
    let Some(template) = of(gateway, place, PUSH) else { return Ok(false) };
    make_as(gateway, place, &template).await?;
    Ok(true)
}

async fn make_as(gateway: &Gateway, place: &Place, template: &Value) -> Result<(), Response> {
    const EXCLUSIONS: &str = "imageTagMutabilityExclusionFilters";
    let Place { scope, repository: name } = place;
    let mut request = json!({ "repositoryName": name });
    for (own, theirs) in [
        ("imageTagMutability", "imageTagMutability"),
        (EXCLUSIONS, EXCLUSIONS),
        ("encryptionConfiguration", "encryptionConfiguration"),
        ("tags", "resourceTags"),
    ] {
        if !template[theirs].is_null() {
            request[own] = template[theirs].clone();
        }
    }
    if let Err(refusal) = gateway.upstream.ask(scope, "ecr", &format!("{TARGET}.CreateRepository"), &request).await {
        // Somebody else may need it at the same moment.
        return if repository(gateway, scope, name).await.is_ok() { Ok(()) } else { Err(refusal) };
    }
    let exclusions = template[EXCLUSIONS].clone();
    if exclusions.is_array() {
        gateway.kept.change(|kept| kept.repository_mut(scope, name).exclusions = exclusions);
    }
    let filled = |name: &str| template[name].as_str().filter(|text| !text.is_empty());
    if let Some(text) = filled("repositoryPolicy") {
        policies::set(gateway, scope, &json!({ "repositoryName": name, "policyText": text })).await?;
    }
    if let Some(text) = filled("lifecyclePolicy") {
        let request = json!({ "repositoryName": name, "lifecyclePolicyText": text });
        gateway.upstream.ask(scope, "ecr", &format!("{TARGET}.PutLifecyclePolicy"), &request).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_for_this_use_with_the_longest_prefix_applies() {
        let template = |uses: &[&str]| json!({ "appliedFor": uses });
        let templates = BTreeMap::from([
            ("ROOT".to_owned(), template(&[REPLICATION, PUSH])),
            ("prod".to_owned(), template(&[REPLICATION])),
            ("prod/shop/".to_owned(), template(&[CACHE])),
        ]);
        let of = |used_for: &str, repository: &str| {
            let found = matching(&templates, used_for, repository)?;
            templates.iter().find(|(_, template)| *template == found).map(|(prefix, _)| prefix.as_str())
        };
        assert_eq!(of(REPLICATION, "prod/shop/web"), Some("prod"));
        assert_eq!(of(CACHE, "prod/shop/web"), Some("prod/shop/"));
        assert_eq!((of(CACHE, "prod/shopping"), of(CACHE, "test/web")), (None, None));
        assert_eq!((of(PUSH, "prod/web"), of(REPLICATION, "production/web")), (Some("ROOT"), Some("ROOT")));
    }
}
