//! A private registry: what an account has set up in a region for all its repositories. It always exists; nobody creates or deletes it.
//! The rules for what people type are in [`rules`], the registries it can cache in [`upstream`], who may use it in [`policy`].

pub mod policy;
pub mod rules;
pub mod upstream;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::lifecycle::evaluate::matches_pattern;
use super::{Encryption, TagMutabilityExclusion};
use crate::document::{Tag, document, registry};
use crate::iam::policy_document::same;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};

document! { "camelCase";
    /// What DescribeRegistry and the calls about the registry's parts say, put together.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>
    pub struct Registry {
        /// The account.
        pub registry_id: String,
        pub replication_configuration: ReplicationConfiguration,
        pub pull_through_cache_rules: Vec<CacheRule>,
        pub repository_creation_templates: Vec<CreationTemplate>,
        /// The registry's policy, as a document.
        pub policy: Option<Value>,
        pub scanning_configuration: ScanningConfiguration,
        /// By name, such as `REGISTRY_POLICY_SCOPE`.
        pub account_settings: BTreeMap<String, String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationRule.html>
    pub struct ReplicationRule {
        pub destinations: Vec<ReplicationDestination>,
        /// Of which repositories; none for all.
        pub repository_filters: Vec<RepositoryFilter>,
        /// Without it, only what is pushed is replicated.
        pub delete_replication: Option<DeleteReplication>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationDestination.html>
    pub struct ReplicationDestination {
        pub region: String,
        /// The account.
        pub registry_id: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html>, and the same of scanning.
    pub struct RepositoryFilter {
        pub filter: String,
        /// `PREFIX_MATCH` of replication, `WILDCARD` of scanning.
        pub filter_type: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PullThroughCacheRule.html>, and the input of its creation.
    pub struct CacheRule {
        pub ecr_repository_prefix: String,
        pub upstream_registry_url: String,
        /// AWS's word for it: `docker-hub`.
        pub upstream_registry: Option<String>,
        pub upstream_repository_prefix: Option<String>,
        /// The secret with user and token.
        pub credential_arn: Option<String>,
        /// The role that pulls from a registry of ECR in another account.
        pub custom_role_arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryCreationTemplate.html>, and the input of its creation and change.
    pub struct CreationTemplate {
        /// How the names begin of the repositories it is for; `ROOT` for those that no other template is for.
        pub prefix: String,
        pub description: Option<String>,
        pub encryption_configuration: Option<Encryption>,
        pub resource_tags: Option<Vec<Tag>>,
        pub image_tag_mutability: Option<String>,
        pub image_tag_mutability_exclusion_filters: Option<Vec<TagMutabilityExclusion>>,
        pub repository_policy: Option<String>,
        pub lifecycle_policy: Option<String>,
        /// `REPLICATION`, `PULL_THROUGH_CACHE`, `CREATE_ON_PUSH`.
        pub applied_for: Vec<String>,
        pub custom_role_arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html>
    pub struct ScanningRule {
        /// `SCAN_ON_PUSH`, `CONTINUOUS_SCAN` or `MANUAL`.
        pub scan_frequency: String,
        pub repository_filters: Vec<RepositoryFilter>,
    }
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteReplication.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteReplication {
    /// AWS wants it said where there is this at all.
    pub enabled: bool,
}

impl ReplicationRule {
    /// Whether what is deleted, expires or is untagged here is so in the destinations, too.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication-delete.html>
    pub fn replicates_deletions(&self) -> bool {
        self.delete_replication.is_some_and(|deletions| deletions.enabled)
    }
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html>. Without rules the list has to be there all
/// the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplicationConfiguration {
    /// Each image goes where any of them leads.
    pub rules: Vec<ReplicationRule>,
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningConfiguration.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScanningConfiguration {
    /// `BASIC` or `ENHANCED`.
    pub scan_type: String,
    /// At most one for each frequency.
    pub rules: Vec<ScanningRule>,
}

/// Which version of basic scanning is used.
pub const BASIC_SCAN: &str = "BASIC_SCAN_TYPE_VERSION";
/// Which actions the registry's policy decides about.
pub const POLICY_SCOPE: &str = "REGISTRY_POLICY_SCOPE";
/// Whether layers are shared between repositories.
pub const BLOB_MOUNTING: &str = "BLOB_MOUNTING";
/// The settings of an account, and the values each takes.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html>
pub const ACCOUNT_SETTINGS: &[(&str, &[&str])] =
    &[(BASIC_SCAN, &["AWS_NATIVE", "CLAIR"]), (POLICY_SCOPE, &["V1", "V2"]), (BLOB_MOUNTING, &["ENABLED", "DISABLED"])];

/// What applies a template, and what that means.
pub const APPLIED_FOR: &[(&str, &str)] = &[
    ("PULL_THROUGH_CACHE", "an image is pulled through the cache"),
    ("REPLICATION", "an image is replicated here"),
    ("CREATE_ON_PUSH", "an image is pushed"),
];

impl ScanningConfiguration {
    /// The filters of the rules with this frequency.
    pub fn filters(&self, frequency: &str) -> Vec<String> {
        let rules = self.rules.iter().filter(|rule| rule.scan_frequency == frequency);
        rules.flat_map(|rule| rule.repository_filters.iter().map(|f| f.filter.clone())).collect()
    }
    /// Whether Amazon Inspector scans, and not ECR itself.
    pub fn is_enhanced(&self) -> bool {
        self.scan_type == "ENHANCED"
    }
    /// Whether a filter of the rules with this frequency fits a repository: one without `*` wherever it stands in the name.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html#image-scanning-filters>
    fn fits(&self, frequency: &str, repository: &str) -> bool {
        self.filters(frequency).iter().any(|filter| match filter.contains('*') {
            true => matches_pattern(filter, repository),
            false => repository.contains(filter.as_str()),
        })
    }
    /// What this says of a repository's images instead of its own scan on push. `None` where that decides: as long as basic scanning has no
    /// filters. <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageScanningConfiguration.html>
    pub fn instead(&self, repository: &str) -> Option<&'static str> {
        let filtered = self.rules.iter().any(|rule| !rule.repository_filters.is_empty());
        let (often, pushed) = (self.fits("CONTINUOUS_SCAN", repository), self.fits("SCAN_ON_PUSH", repository));
        match (self.is_enhanced(), often, pushed) {
            (true, true, _) => Some(
                "The registry uses enhanced scanning: Amazon Inspector scans these images again and again, whatever is chosen here.",
            ),
            (true, false, true) => Some(
                "The registry uses enhanced scanning: Amazon Inspector scans these images as they are pushed, whatever is chosen here.",
            ),
            (true, false, false) => Some(
                "The registry uses enhanced scanning, and none of its filters fits this repository: its images are not scanned, whatever is chosen here.",
            ),
            (false, _, _) if !filtered => None,
            (false, _, true) => Some(
                "The registry's filters decide: these images are scanned as they are pushed, whatever is chosen here.",
            ),
            (false, _, false) => Some(
                "The registry's filters decide, and none fits this repository: its images are scanned only by hand, whatever is chosen here.",
            ),
        }
    }
    /// "Basic, on push", as a list says it.
    pub fn says(&self) -> String {
        let enhanced = self.is_enhanced();
        let often = match (self.filters("CONTINUOUS_SCAN").is_empty(), self.filters("SCAN_ON_PUSH").is_empty()) {
            (false, _) => "continuous",
            (true, false) => "on push",
            (true, true) if enhanced => "nothing",
            (true, true) => "manual",
        };
        format!("{}, {often}", if enhanced { "Enhanced" } else { "Basic" })
    }
}

impl CreationTemplate {
    /// The filters that count: those of a mutability that has exclusions.
    pub fn exclusions(&self) -> impl Iterator<Item = &TagMutabilityExclusion> {
        let count = self.image_tag_mutability.as_deref().is_some_and(|word| word.ends_with("_WITH_EXCLUSION"));
        self.image_tag_mutability_exclusion_filters.iter().flatten().filter(move |_| count)
    }
    /// The KMS key, where one is named.
    pub fn kms_key(&self) -> Option<&str> {
        let key = self.encryption_configuration.as_ref()?.kms_key.as_deref()?;
        Some(key.trim()).filter(|key| !key.is_empty())
    }
    /// Whether both mean the same: what is left out is AWS's default, neither white space nor order counts, nor how AWS writes a permissions
    /// policy. Of two keys one may be named otherwise than by its ARN: then they are not told apart.
    pub fn is_like(&self, other: &Self) -> bool {
        fn given(text: Option<&String>) -> Option<&str> {
            text.map(|t| t.trim()).filter(|t| !t.is_empty())
        }
        let policy = |text: Option<&String>| {
            given(text).map(|t| serde_json::from_str::<Value>(t).unwrap_or_else(|_| Value::String(t.to_owned())))
        };
        let encryption = |t: &Self| {
            let sort = t.encryption_configuration.as_ref().and_then(|e| e.encryption_type.clone());
            sort.unwrap_or_else(|| "AES256".into())
        };
        let same_key = match (self.kms_key(), other.kms_key()) {
            (Some(a), Some(b)) => a == b || a.starts_with("arn:") != b.starts_with("arn:"),
            (a, b) => a == b,
        };
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        let filters = |t: &Self| sorted(t.exclusions().map(|f| f.filter.clone()).collect());
        let tags = |t: &Self| {
            let pairs = t.resource_tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone()));
            pairs.collect::<BTreeMap<_, _>>()
        };
        let mutability = |t: &Self| t.image_tag_mutability.clone().unwrap_or_else(|| "MUTABLE".into());
        self.prefix == other.prefix
            && given(self.description.as_ref()) == given(other.description.as_ref())
            && given(self.custom_role_arn.as_ref()) == given(other.custom_role_arn.as_ref())
            && encryption(self) == encryption(other)
            && same_key
            && tags(self) == tags(other)
            && mutability(self) == mutability(other)
            && filters(self) == filters(other)
            && same(policy(self.repository_policy.as_ref()).as_ref(), policy(other.repository_policy.as_ref()).as_ref())
            && policy(self.lifecycle_policy.as_ref()) == policy(other.lifecycle_policy.as_ref())
            && sorted(self.applied_for.clone()) == sorted(other.applied_for.clone())
    }
}

impl CacheRule {
    /// Whether both lead to the same, with the same credentials.
    pub fn is_like(&self, other: &Self) -> bool {
        let root = |prefix: &Option<String>| prefix.clone().unwrap_or_else(|| "ROOT".into());
        self.ecr_repository_prefix == other.ecr_repository_prefix
            && rules::host(&self.upstream_registry_url) == rules::host(&other.upstream_registry_url)
            && root(&self.upstream_repository_prefix) == root(&other.upstream_repository_prefix)
            && self.credential_arn == other.credential_arn
            && self.custom_role_arn == other.custom_role_arn
    }
}

impl Model for Registry {
    const KIND: Kind = Kind::Registry;
    const COLUMNS: &'static [Column] = &[
        Column::text("replication", "Replication"),
        Column::text("cache", "Cache rules"),
        Column::text("templates", "Creation templates"),
        Column::text("policy", "Policy").facet(),
        Column::text("scanning", "Scanning").facet(),
    ];
    fn id(&self) -> String {
        self.registry_id.clone()
    }
    fn name(&self) -> String {
        self.registry_id.clone()
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn cells(&self) -> Vec<Cell> {
        let several = |many: usize, one: &str| match many {
            0 => Cell::None,
            1 => Cell::Text(format!("1 {one}")),
            many => Cell::Text(format!("{many} {one}s")),
        };
        vec![
            several(self.replication_configuration.rules.len(), "rule"),
            several(self.pull_through_cache_rules.len(), "rule"),
            several(self.repository_creation_templates.len(), "template"),
            Cell::Text(if self.policy.is_some() { "Set" } else { "None" }.into()),
            Cell::Text(self.scanning_configuration.says()),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        vec![registry(scope)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use serde_json::json;

    #[test]
    fn a_registry_says_what_is_set_up_and_is_found_by_its_host() {
        let doc = json!({
            "registryId": "111122223333",
            "replicationConfiguration": { "rules": [{ "destinations": [{ "region": "eu-central-1", "registryId": "111122223333" }] }] },
            "pullThroughCacheRules": [{ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" }],
            "policy": { "Version": "2012-10-17" },
            "scanningConfiguration": { "scanType": "BASIC", "rules": [{ "scanFrequency": "SCAN_ON_PUSH",
                "repositoryFilters": [{ "filter": "*", "filterType": "WILDCARD" }] }] },
        });
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let seen = describe(Kind::Registry, &scope, &doc).unwrap();
        assert!(seen.refs.contains(&"111122223333.dkr.ecr.eu-west-1.amazonaws.com".to_owned()));
        let text = |word: &str| Cell::Text(word.into());
        assert_eq!(seen.cells, [text("1 rule"), text("1 rule"), Cell::None, text("Set"), text("Basic, on push")]);
    }

    #[test]
    fn filters_of_the_registry_decide_over_a_repository_s_own_scan_on_push() {
        let of = |sort: &str, rules: &[(&str, &str)]| {
            let rule = |(frequency, filter): &(&str, &str)| json!({ "scanFrequency": frequency, "repositoryFilters": [{ "filter": filter, "filterType": "WILDCARD" }] });
            let rules: Vec<Value> = rules.iter().map(rule).collect();
            let scanning: ScanningConfiguration =
                serde_json::from_value(json!({ "scanType": sort, "rules": rules })).unwrap();
            scanning.instead("shop/web").unwrap_or_default()
        };
        assert_eq!(of("BASIC", &[]), "");
        assert!(of("BASIC", &[("SCAN_ON_PUSH", "shop/*")]).contains("as they are pushed"));
        assert!(of("BASIC", &[("SCAN_ON_PUSH", "web")]).contains("as they are pushed"), "it is contained");
        assert!(of("BASIC", &[("SCAN_ON_PUSH", "web*")]).contains("only by hand"), "it has to begin so");
        assert!(of("ENHANCED", &[]).contains("not scanned"));
        let both = of("ENHANCED", &[("SCAN_ON_PUSH", "*"), ("CONTINUOUS_SCAN", "*web")]);
        assert!(both.contains("again and again"), "{both}");
    }

    #[test]
    fn a_replication_without_rules_is_written_as_such() {
        let none = serde_json::to_value(ReplicationConfiguration::default()).unwrap();
        assert_eq!(none, json!({ "rules": [] }));
    }

    #[test]
    fn templates_are_compared_by_what_they_mean() {
        let read = |doc: Value| serde_json::from_value::<CreationTemplate>(doc).unwrap();
        let wanted = read(json!({ "prefix": "shop", "description": "", "lifecyclePolicy": "{\"rules\": []}",
            "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "alias/shop" }, "appliedFor": ["REPLICATION", "CREATE_ON_PUSH"] }));
        let mut there = read(
            json!({ "prefix": "shop", "lifecyclePolicy": "{\"rules\":[]}", "imageTagMutability": "MUTABLE",
            "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-west-1:111122223333:key/1" },
            "appliedFor": ["CREATE_ON_PUSH", "REPLICATION"], "resourceTags": [] }),
        );
        assert!(wanted.is_like(&there));
        let under = |key: Option<&str>| {
            let kms = Encryption { encryption_type: Some("KMS".into()), kms_key: key.map(str::to_owned) };
            CreationTemplate { encryption_configuration: Some(kms), ..there.clone() }
        };
        assert!(under(Some("arn:aws:kms:eu-west-1:111122223333:key/1")).is_like(&there));
        for other in [Some("arn:aws:kms:eu-west-1:111122223333:key/2"), None] {
            assert!(!under(other).is_like(&there) && !there.is_like(&under(other)), "{other:?}");
        }
        assert!(under(None).is_like(&under(Some(""))));
        let pull = |who: &str| {
            let statement = json!({ "Effect": "Allow", "Principal": { "AWS": who }, "Action": ["ecr:BatchGetImage"] });
            Some(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        let policies = (pull("444455556666"), pull("arn:aws:iam::444455556666:root"), pull("111122223333"));
        let with = |policy: &Option<String>| CreationTemplate { repository_policy: policy.clone(), ..wanted.clone() };
        assert!(with(&policies.0).is_like(&with(&policies.1)));
        assert!(!with(&policies.0).is_like(&with(&policies.2)) && !with(&policies.0).is_like(&wanted));
        let mut left = wanted.clone();
        left.image_tag_mutability_exclusion_filters =
            Some(vec![TagMutabilityExclusion { filter_type: "WILDCARD".into(), filter: "dev-*".into() }]);
        assert!(left.is_like(&there), "tags are mutable: there is nothing to exclude");
        left.image_tag_mutability = Some("MUTABLE_WITH_EXCLUSION".into());
        assert!(!left.is_like(&there));
        there.resource_tags = Some(vec![Tag { key: "team".into(), value: "shop".into() }]);
        assert!(!wanted.is_like(&there));
    }
}
