//! What of ECR plans read before they are made, and their calls write.

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// What ECR calls write, and what their plans have to know. Its state is a document: of a repository as DescribeRepositories gives it, of
/// a policy its text as JSON, of tags a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// A repository with its settings and tags.
    Repository {
        /// Its name.
        repository: String,
    },
    /// The lifecycle policy of a repository.
    LifecyclePolicy {
        /// The repository's name.
        repository: String,
    },
    /// The permissions policy of a repository.
    RepositoryPolicy {
        /// The repository's name.
        repository: String,
    },
    /// How a repository treats tags that exist, and whether it scans on push: what can be changed of it.
    Settings {
        /// The repository's name.
        repository: String,
    },
    /// The tags of a resource.
    Tags {
        /// Its ARN.
        arn: String,
    },
    /// Images by digest: the tags of each that exists.
    Images {
        /// The repository's name.
        repository: String,
        /// At most [`IMAGES_A_CALL`].
        digests: Vec<String>,
    },
    /// The image that a tag leads to: digest, manifest and its media type.
    ImageTag {
        /// The repository's name.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// The manifest of an image, as BatchGetImage gives it; it never changes.
    Manifest {
        /// The repository's name.
        repository: String,
        /// The image's digest.
        digest: String,
    },
    /// The basic scan of an image: its status and when the last one was complete.
    Scan {
        /// The repository's name.
        repository: String,
        /// The image's digest.
        digest: String,
    },
    /// What the last scan of an image found: [`super::findings::Findings`].
    Findings {
        /// The repository's name.
        repository: String,
        /// The image's digest.
        digest: String,
    },
    /// The configuration of an image, as its builder wrote it: <https://github.com/opencontainers/image-spec/blob/main/config.md>
    Configuration {
        /// The repository's name.
        repository: String,
        /// The image's digest.
        digest: String,
    },
    /// An image in another registry, and what this repository has of it: its digest, type, size and platforms, its `blobs` by digest with
    /// their bytes, and what of them is `stored` here ([`super::storage::Stored`]); of an index its `parts`, each after the `parts` that it leads
    /// to itself; or what is wrong with the way it was named.
    Source {
        /// As a person writes it: `nginx:1.27`.
        reference: String,
        /// `linux/arm64`; empty for all.
        platform: String,
        /// The name of the repository that it is to come to.
        repository: String,
        /// The name of credentials lent for this, as in [`super::calls::CopyImage`]; empty where nobody has to be told who asks.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        credentials: String,
    },
    /// All images of a repository with what uses them, an [`super::inventory::Inventory`]: what Gantry has collected, not AWS's own word.
    Inventory {
        /// The repository's name.
        repository: String,
    },
    /// What decides how much of an image's layers is billed, a [`super::storage::Stored`]: what Gantry has collected, not AWS's own word.
    Stored {
        /// The repository's name.
        repository: String,
        /// Digests of layers and configurations.
        layers: Vec<String>,
    },
    /// What refers to an image: [`super::referrers::Referrers`].
    Referrers {
        /// The repository's name.
        repository: String,
        /// The image's digest.
        digest: String,
    },
    /// What AWS says that a lifecycle policy would do: [`super::lifecycle::aws_preview::AwsPreview`]. AWS keeps one preview of a repository;
    /// asking for another replaces it.
    LifecyclePreview {
        /// The repository's name.
        repository: String,
        /// The policy's text.
        policy: String,
    },
    /// Where the registry's images are replicated to: [`super::registry::ReplicationConfiguration`].
    Replication,
    /// All pull-through cache rules of the registry.
    CacheRules,
    /// One of them: [`super::registry::CacheRule`].
    CacheRule {
        /// Its prefix.
        prefix: String,
    },
    /// Whether a cache rule can fetch from its upstream: `isValid`, and why not. AWS tries it, with the rule's credentials.
    CacheValidation {
        /// The rule's prefix.
        prefix: String,
    },
    /// All creation templates of the registry.
    CreationTemplates,
    /// One of them: [`super::registry::CreationTemplate`].
    CreationTemplate {
        /// Its prefix.
        prefix: String,
    },
    /// The registry's policy.
    RegistryPolicy,
    /// How the registry has images scanned: [`super::registry::ScanningConfiguration`].
    RegistryScanning,
    /// A setting of the account in the region: its value.
    AccountSetting {
        /// Its name, such as `REGISTRY_POLICY_SCOPE`.
        name: String,
    },
    /// The KMS keys that can encrypt a repository: a list of [`super::keys::Key`].
    Keys,
    /// What is encrypted with a key, or will be: `repositories` by name and creation `templates` by prefix that name it.
    EncryptedWith {
        /// What leads to the key: its ARN or id, and its aliases.
        keys: Vec<String>,
    },
}

/// The most images of one call.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html>
pub const IMAGES_A_CALL: usize = 100;

impl Subject {
    /// The kind of resource whose rows show it.
    pub fn kind(&self) -> Kind {
        match self {
            Subject::Repository { .. }
            | Subject::LifecyclePolicy { .. }
            | Subject::RepositoryPolicy { .. }
            | Subject::Settings { .. }
            | Subject::Tags { .. }
            | Subject::LifecyclePreview { .. }
            | Subject::Keys
            | Subject::EncryptedWith { .. } => Kind::Repository,
            Subject::Images { .. }
            | Subject::ImageTag { .. }
            | Subject::Manifest { .. }
            | Subject::Scan { .. }
            | Subject::Findings { .. }
            | Subject::Configuration { .. }
            | Subject::Source { .. }
            | Subject::Inventory { .. }
            | Subject::Stored { .. }
            | Subject::Referrers { .. } => Kind::Image,
            Subject::Replication
            | Subject::CacheRules
            | Subject::CacheRule { .. }
            | Subject::CacheValidation { .. }
            | Subject::CreationTemplates
            | Subject::CreationTemplate { .. }
            | Subject::RegistryPolicy
            | Subject::RegistryScanning
            | Subject::AccountSetting { .. } => Kind::Registry,
        }
    }

    /// The repository it is about; of tags that of an ARN, if it is one of a repository.
    pub fn repository(&self) -> Option<&str> {
        match self {
            Subject::Repository { repository }
            | Subject::LifecyclePolicy { repository }
            | Subject::RepositoryPolicy { repository }
            | Subject::Settings { repository }
            | Subject::Images { repository, .. }
            | Subject::ImageTag { repository, .. }
            | Subject::Manifest { repository, .. }
            | Subject::Scan { repository, .. }
            | Subject::Findings { repository, .. }
            | Subject::Configuration { repository, .. }
            | Subject::Source { repository, .. }
            | Subject::Inventory { repository }
            | Subject::Stored { repository, .. }
            | Subject::Referrers { repository, .. }
            | Subject::LifecyclePreview { repository, .. } => Some(repository),
            Subject::Tags { arn } => arn.split_once(":repository/").map(|(_, name)| name),
            Subject::Replication
            | Subject::CacheRules
            | Subject::CacheRule { .. }
            | Subject::CacheValidation { .. }
            | Subject::CreationTemplates
            | Subject::CreationTemplate { .. }
            | Subject::RegistryPolicy
            | Subject::RegistryScanning
            | Subject::AccountSetting { .. }
            | Subject::Keys
            | Subject::EncryptedWith { .. } => None,
        }
    }
}
