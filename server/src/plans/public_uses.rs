//! What uses the images of a public repository, from what was collected: no call to AWS.

use domain::ecr_public::Repository;
use domain::ecr_public::uses::{LISTS, Uses};
use domain::reference::at_own_host;
use domain::resource::Relation;
use domain::{Kind, Millis, Problem, ResourceKey, Scope};
use gantry_store::Store;
use std::collections::BTreeSet;

use super::inventory::{lists, users};

/// Puts it together; `None` while the repository was not collected, which says where its images are.
pub async fn read(store: &Store, scope: &Scope, repository: &str, now: Millis) -> Result<Option<Uses>, Problem> {
    let key = ResourceKey::new(Kind::PublicRepository, scope.clone(), repository)?;
    let found = store.documents(&[key]).await?.pop();
    let found = found.and_then(|(_, doc)| serde_json::from_value::<Repository>(doc).ok());
    let Some(uri) = found.and_then(|found| found.repository_uri).filter(|uri| !uri.is_empty()) else {
        return Ok(None);
    };
    let arrows = store.links_under(Relation::Image, &uri).await?;
    let pods: BTreeSet<ResourceKey> =
        arrows.iter().map(|(_, key)| key).filter(|key| key.kind == Kind::Pod).cloned().collect();
    let mut named: Vec<(String, ResourceKey)> = arrows
        .into_iter()
        .filter_map(|(reference, key)| Some((image(reference.strip_prefix(uri.as_str())?)?.to_owned(), key)))
        .collect();
    // A pod may run what its tag led to once.
    for (pod, doc) in store.documents(&pods.into_iter().collect::<Vec<_>>()).await? {
        let statuses = ["initContainerStatuses", "containerStatuses"].map(|all| doc["status"][all].as_array());
        let ids = statuses.into_iter().flatten().flatten().filter_map(|status| status["imageID"].as_str());
        let images = ids.map(|id| id.rsplit_once("://").map_or(id, |(_, image)| image)).map(at_own_host);
        let digests = images.filter_map(|image| image.strip_prefix(uri.as_str())?.strip_prefix('@').map(str::to_owned));
        named.extend(digests.map(|digest| (digest, pod.clone())));
    }
    let users = users(store, named).await?;
    let lists = lists(store, scope, &LISTS, now).await?;
    let mut unread = store.images_unread().await?;
    unread.retain(|key| key.kind == Kind::Service && lists.iter().any(|list| list.scope == key.scope));
    Ok(Some(Uses { now, users, lists, unread }))
}

/// The digest or the tag that stands behind the name of a repository; `None` behind a part of a longer name.
fn image(rest: &str) -> Option<&str> {
    match rest.split_once('@') {
        Some((tag, digest)) => (tag.is_empty() || tag.starts_with(':')).then_some(digest),
        None if rest.is_empty() => Some("latest"),
        None => rest.strip_prefix(':'),
    }
}

#[cfg(test)]
#[path = "public_uses_tests.rs"]
mod tests;
