//! What AWS bills for images, and what of an image is new to a repository. Amounts are list prices of US East (N. Virginia), in millionths of
//! a US dollar, before any free tier: of the first 500 MB of a new account, and of 50 GB of public repositories.
//! <https://aws.amazon.com/ecr/pricing/>

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::registry::{ReplicationConfiguration, ReplicationRule};

/// What a GB costs a month, in private and in public repositories; the archive costs the same up to 150 TB.
/// <https://aws.amazon.com/ecr/pricing/>
pub const GIGABYTE: i64 = 100_000;

/// What storing so many bytes costs a month, in millionths of a US dollar; rounded up, so that only nothing costs nothing.
pub fn monthly(bytes: i64) -> i64 {
    let exact = i128::from(bytes.unsigned_abs()) * i128::from(GIGABYTE);
    let amount = i64::try_from((exact + 999_999_999) / 1_000_000_000).unwrap_or(i64::MAX);
    if bytes < 0 { -amount } else { amount }
}

/// What was collected of a repository that decides what an image adds to its bill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Those of the layers in question that images of the repository have: they are billed already.
    pub held: BTreeSet<String>,
    /// To how many places the registry replicates what is pushed to the repository; 0 also where the registry was not collected.
    pub replicas: u32,
}

impl Stored {
    /// What these layers and configurations, by digest with their bytes, add to the bill here and wherever they are replicated to.
    pub fn added(&self, blobs: &BTreeMap<String, i64>) -> i64 {
        let new = blobs.iter().filter(|(digest, _)| !self.held.contains(*digest)).map(|(_, size)| size);
        let bytes = new.fold(0_i64, |sum, size| sum.saturating_add(*size));
        monthly(bytes).saturating_mul(1 + i64::from(self.replicas))
    }
}

/// The layers and the configuration that a manifest names, by digest with their bytes; none of an index. Layers that stay where their URLs
/// say are not stored. `None` where it cannot be told.
/// <https://github.com/opencontainers/image-spec/blob/main/manifest.md>
pub fn blobs(manifest: &str) -> Option<BTreeMap<String, i64>> {
    #[derive(Deserialize)]
    struct Descriptor {
        digest: String,
        size: i64,
        #[serde(default)]
        urls: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Manifest {
        manifests: Option<Vec<serde::de::IgnoredAny>>,
        config: Option<Descriptor>,
        layers: Option<Vec<Descriptor>>,
    }
    let manifest: Manifest = serde_json::from_str(manifest).ok()?;
    if manifest.manifests.is_some() {
        return Some(BTreeMap::new());
    }
    let all = manifest.layers?.into_iter().chain(manifest.config);
    Some(all.filter(|blob| blob.urls.is_empty()).map(|blob| (blob.digest, blob.size.max(0))).collect())
}

/// The rules by which a repository is replicated: those with a prefix it begins with, or without any.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html>
fn rules<'a>(
    replication: &'a ReplicationConfiguration,
    repository: &'a str,
) -> impl Iterator<Item = &'a ReplicationRule> {
    replication.rules.iter().filter(move |rule| {
        rule.repository_filters.is_empty()
            || rule.repository_filters.iter().any(|by| repository.starts_with(by.filter.as_str()))
    })
}

/// Where rules lead to: each account and region once.
fn places<'a>(rules: impl Iterator<Item = &'a ReplicationRule>) -> BTreeSet<(&'a str, &'a str)> {
    rules.flat_map(|rule| &rule.destinations).map(|to| (to.registry_id.as_str(), to.region.as_str())).collect()
}

/// To how many places rules replicate a repository.
pub fn replicas(replication: &ReplicationConfiguration, repository: &str) -> u32 {
    u32::try_from(places(rules(replication, repository)).len()).unwrap_or(u32::MAX)
}

/// Where else an image goes with the one of this repository, as people call it: `444455556666 eu-central-1`.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html>
pub fn deleted_in(replication: &ReplicationConfiguration, repository: &str) -> Vec<String> {
    let rules = rules(replication, repository).filter(|rule| rule.replicates_deletions());
    places(rules).into_iter().map(|(account, region)| format!("{account} {region}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_gigabyte_is_ten_cents_and_only_nothing_is_free() {
        assert_eq!((monthly(1_000_000_000), monthly(-2_500_000_000)), (100_000, -250_000));
        assert_eq!((monthly(0), monthly(1), monthly(-1)), (0, 1, -1));
        assert!(monthly(i64::MAX) > 0 && monthly(i64::MIN) < 0);
    }

    #[test]
    fn what_a_manifest_stores_is_its_layers_and_its_configuration() {
        let image = json!({ "schemaVersion": 2, "config": { "digest": "sha256:c", "size": 7 }, "layers": [
            { "digest": "sha256:a", "size": 100 }, { "digest": "sha256:a", "size": 100 },
            { "digest": "sha256:w", "size": 900, "urls": ["https://mcr.microsoft.com/w"] }] });
        let blobs_of = blobs(&image.to_string()).unwrap();
        assert_eq!(blobs_of, BTreeMap::from([("sha256:a".to_owned(), 100), ("sha256:c".to_owned(), 7)]));
        assert_eq!(blobs(r#"{"manifests":[{"digest":"sha256:a","size":1}]}"#), Some(BTreeMap::new()));
        assert_eq!((blobs("{}"), blobs("no")), (None, None));
    }

    #[test]
    fn layers_that_are_there_are_not_paid_twice_and_replicas_are_paid_too() {
        let blobs: BTreeMap<String, i64> =
            [("sha256:a".to_owned(), 1_000_000_000), ("sha256:b".to_owned(), 2_000_000_000)].into();
        assert_eq!(Stored::default().added(&blobs), 300_000);
        let stored = Stored { held: ["sha256:b".to_owned()].into(), replicas: 2 };
        assert_eq!(stored.added(&blobs), 300_000);
    }

    #[test]
    fn each_place_counts_once_and_only_for_the_repositories_of_its_rules() {
        let place = |region: &str| json!({ "region": region, "registryId": "111122223333" });
        let replication = json!({ "rules": [
            { "destinations": [place("eu-central-1"), place("us-east-1")], "repositoryFilters": [{ "filter": "shop/", "filterType": "PREFIX_MATCH" }] },
            { "destinations": [place("us-east-1")] }] });
        let replication: ReplicationConfiguration = serde_json::from_value(replication).unwrap();
        assert_eq!((replicas(&replication, "shop/web"), replicas(&replication, "base")), (2, 1));
        assert_eq!(replicas(&ReplicationConfiguration::default(), "base"), 0);
        assert_eq!(deleted_in(&replication, "shop/web"), Vec::<String>::new());
    }

    #[test]
    fn an_image_goes_elsewhere_too_only_by_rules_that_replicate_deletions() {
        let to = |region: &str| json!([{ "region": region, "registryId": "444455556666" }]);
        let of = |prefix: &str| json!([{ "filter": prefix, "filterType": "PREFIX_MATCH" }]);
        let replication = json!({ "rules": [
            { "destinations": to("eu-west-3") },
            { "destinations": to("eu-central-1"), "repositoryFilters": of("shop/"), "deleteReplication": { "enabled": true } },
            { "destinations": to("us-east-1"), "repositoryFilters": of("shop/"), "deleteReplication": { "enabled": false } }] });
        let replication: ReplicationConfiguration = serde_json::from_value(replication).unwrap();
        assert_eq!(deleted_in(&replication, "shop/web"), ["444455556666 eu-central-1"]);
        assert_eq!(deleted_in(&replication, "base"), Vec::<String>::new());
    }
}
