//! The ECR calls a plan can hold: each struct's serde form is the input document of the API reference.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html>
//! Documents of those about repositories and images are in [`documents`], those about the registry as a whole in [`registry`].

mod documents;
mod registry;

use serde_json::Value;
use std::collections::BTreeSet;

use super::subject::Subject;
use super::{TagMutabilityExclusion, arn};
use crate::document::{calls, scope_of_registry};
use crate::iam::policy_document::same;
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::plan::Made;

pub use documents::*;
pub use registry::*;
use registry::{actions, made};

calls!(
    /// A call to ECR.
    CreateRepository,
    DeleteRepository,
    PutLifecyclePolicy,
    DeleteLifecyclePolicy,
    SetRepositoryPolicy,
    DeleteRepositoryPolicy,
    PutImageTagMutability,
    PutImageScanningConfiguration,
    TagResource,
    UntagResource,
    BatchDeleteImage,
    PutImage,
    StartImageScan,
    CopyImage,
    PutReplicationConfiguration,
    CreatePullThroughCacheRule,
    UpdatePullThroughCacheRule,
    DeletePullThroughCacheRule,
    CreateRepositoryCreationTemplate,
    UpdateRepositoryCreationTemplate,
    DeleteRepositoryCreationTemplate,
    PutRegistryPolicy,
    DeleteRegistryPolicy,
    PutRegistryScanningConfiguration,
    PutAccountSetting
);

/// What pushing an image needs. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html>
const PUSH: [&str; 7] = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
    "ecr:BatchGetImage",
];

/// A repository of ECR that a call reads from to write elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its account and region: there it is read with what Gantry may in them.
    pub scope: Scope,
    /// Its name.
    pub repository: String,
}

impl Source {
    /// What pulling an image needs there. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>
    pub const ACTIONS: [&'static str; 3] =
        ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

    /// Its ARN.
    pub fn arn(&self) -> String {
        arn::repository(&self.scope, &self.repository)
    }
}

impl CopyImage {
    /// The repository of ECR that the image comes from; none for other registries, and where lent credentials are used.
    pub fn source_repository(&self) -> Option<Source> {
        if self.source_credentials.is_some() {
            return None;
        }
        let (host, rest) = self.source.split_once('/')?;
        let (repository, _) = rest.split_once('@')?;
        Some(Source { scope: scope_of_registry(host)?, repository: repository.to_owned() })
    }
}

impl Call {
    /// The IAM actions it needs on what it writes.
    pub fn actions(&self) -> Vec<&'static str> {
        match self {
            Call::CreateRepository(input) => {
                let mut actions = vec!["ecr:CreateRepository"];
                if !input.tags.is_empty() {
                    actions.push("ecr:TagResource");
                }
                let encryption = input.encryption_configuration.as_ref().and_then(|e| e.encryption_type.as_deref());
                // https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
                if encryption.is_some_and(|e| e.starts_with("KMS")) {
                    actions.extend(["kms:DescribeKey", "kms:CreateGrant", "kms:RetireGrant"]);
                }
                actions
            }
            Call::DeleteRepository(_) => vec!["ecr:DeleteRepository"],
            Call::PutLifecyclePolicy(_) => vec!["ecr:PutLifecyclePolicy"],
            Call::DeleteLifecyclePolicy(_) => vec!["ecr:DeleteLifecyclePolicy"],
            Call::SetRepositoryPolicy(_) => vec!["ecr:SetRepositoryPolicy"],
            Call::DeleteRepositoryPolicy(_) => vec!["ecr:DeleteRepositoryPolicy"],
            Call::PutImageTagMutability(_) => vec!["ecr:PutImageTagMutability"],
            Call::PutImageScanningConfiguration(_) => vec!["ecr:PutImageScanningConfiguration"],
            Call::TagResource(_) => vec!["ecr:TagResource"],
            Call::UntagResource(_) => vec!["ecr:UntagResource"],
            Call::BatchDeleteImage(_) => vec!["ecr:BatchDeleteImage"],
            Call::PutImage(_) => vec!["ecr:PutImage"],
            Call::StartImageScan(_) => vec!["ecr:StartImageScan"],
            Call::CopyImage(_) => PUSH.to_vec(),
            Call::PutReplicationConfiguration(_)
            | Call::CreatePullThroughCacheRule(_)
            | Call::UpdatePullThroughCacheRule(_)
            | Call::DeletePullThroughCacheRule(_)
            | Call::CreateRepositoryCreationTemplate(_)
            | Call::UpdateRepositoryCreationTemplate(_)
            | Call::DeleteRepositoryCreationTemplate(_)
            | Call::PutRegistryPolicy(_)
            | Call::DeleteRegistryPolicy(_)
            | Call::PutRegistryScanningConfiguration(_)
            | Call::PutAccountSetting(_) => actions(self),
        }
    }

    /// What it needs besides because of how what it writes was before: who turns enhanced scanning off turns Amazon Inspector off.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html>
    pub fn actions_from(&self, before: Option<&Value>) -> Option<&'static str> {
        match self {
            Call::PutRegistryScanningConfiguration(input) if input.scan_type != "ENHANCED" => {
                before.filter(|before| before["scanType"] == "ENHANCED").map(|_| "inspector2:Disable")
            }
            _ => None,
        }
    }

    /// Whether it puts what its digest names, and no tag: whoever else puts it puts the same.
    pub fn is_content(&self) -> bool {
        match self {
            Call::CopyImage(input) => input.image_tag.is_empty(),
            Call::PutImage(input) => input.image_tag.is_none(),
            _ => false,
        }
    }

    /// The name of the thing that it deletes, which a person types to show that it is meant: not of a tag, or of a policy, which the undo puts back.
    pub fn deletes(&self) -> Option<&str> {
        match self {
            Call::DeleteRepository(input) => Some(&input.repository_name),
            Call::BatchDeleteImage(input) if input.image_ids.iter().all(|id| id.image_digest.is_none()) => None,
            Call::BatchDeleteImage(input) => Some(&input.repository_name),
            Call::DeletePullThroughCacheRule(input) => Some(&input.ecr_repository_prefix),
            Call::DeleteRepositoryCreationTemplate(input) => Some(&input.prefix),
            _ => None,
        }
    }

    /// The images that it deletes by their digests; none where it takes a tag away.
    pub fn removes(&self, scope: &Scope) -> Vec<ResourceKey> {
        match (self, self.subject()) {
            (Call::BatchDeleteImage(_), Subject::Images { repository, digests }) => {
                let key = |digest: String| {
                    ResourceKey::new(Kind::Image, scope.clone(), format!("{repository}@{digest}")).ok()
                };
                digests.into_iter().filter_map(key).collect()
            }
            _ => vec![],
        }
    }

    /// Where in its answer the state of its subject is.
    pub fn answers_at(&self) -> &'static str {
        match self {
            Call::CreateRepository(_) | Call::DeleteRepository(_) => "repository.",
            _ => "",
        }
    }

    /// What it writes.
    pub fn subject(&self) -> Subject {
        match self {
            Call::CreateRepository(CreateRepository { repository_name, .. })
            | Call::DeleteRepository(DeleteRepository { repository_name, .. }) => {
                Subject::Repository { repository: repository_name.clone() }
            }
            Call::PutLifecyclePolicy(PutLifecyclePolicy { repository_name, .. })
            | Call::DeleteLifecyclePolicy(DeleteLifecyclePolicy { repository_name }) => {
                Subject::LifecyclePolicy { repository: repository_name.clone() }
            }
            Call::SetRepositoryPolicy(SetRepositoryPolicy { repository_name, .. })
            | Call::DeleteRepositoryPolicy(DeleteRepositoryPolicy { repository_name }) => {
                Subject::RepositoryPolicy { repository: repository_name.clone() }
            }
            Call::PutImageTagMutability(PutImageTagMutability { repository_name, .. })
            | Call::PutImageScanningConfiguration(PutImageScanningConfiguration { repository_name, .. }) => {
                Subject::Settings { repository: repository_name.clone() }
            }
            Call::TagResource(TagResource { resource_arn, .. })
            | Call::UntagResource(UntagResource { resource_arn, .. }) => Subject::Tags { arn: resource_arn.clone() },
            Call::BatchDeleteImage(BatchDeleteImage { repository_name, image_ids }) => {
                images(repository_name, image_ids)
            }
            Call::PutImage(PutImage { repository_name, image_tag, image_digest, .. }) => {
                let id = ImageIdentifier { image_digest: image_digest.clone(), image_tag: image_tag.clone() };
                images(repository_name, &[id])
            }
            Call::StartImageScan(StartImageScan { repository_name, image_id }) => Subject::Scan {
                repository: repository_name.clone(),
                digest: image_id.image_digest.clone().unwrap_or_default(),
            },
            Call::CopyImage(CopyImage { repository_name, image_tag, image_digest, .. }) => {
                let image_tag = Some(image_tag.clone()).filter(|tag| !tag.is_empty());
                images(repository_name, &[ImageIdentifier { image_digest: Some(image_digest.clone()), image_tag }])
            }
            Call::PutReplicationConfiguration(_) => Subject::Replication,
            Call::CreatePullThroughCacheRule(CreatePullThroughCacheRule { ecr_repository_prefix, .. })
            | Call::UpdatePullThroughCacheRule(UpdatePullThroughCacheRule { ecr_repository_prefix, .. })
            | Call::DeletePullThroughCacheRule(DeletePullThroughCacheRule { ecr_repository_prefix }) => {
                Subject::CacheRule { prefix: ecr_repository_prefix.clone() }
            }
            Call::CreateRepositoryCreationTemplate(CreateRepositoryCreationTemplate { prefix, .. })
            | Call::UpdateRepositoryCreationTemplate(UpdateRepositoryCreationTemplate { prefix, .. })
            | Call::DeleteRepositoryCreationTemplate(DeleteRepositoryCreationTemplate { prefix }) => {
                Subject::CreationTemplate { prefix: prefix.clone() }
            }
            Call::PutRegistryPolicy(_) | Call::DeleteRegistryPolicy(_) => Subject::RegistryPolicy,
            Call::PutRegistryScanningConfiguration(_) => Subject::RegistryScanning,
            Call::PutAccountSetting(input) => Subject::AccountSetting { name: input.name.clone() },
        }
    }

    /// What the state of its subject says about whether it was made.
    pub fn made(&self, state: Option<&Value>) -> Made {
        let yes = |yes: bool| if yes { Made::Yes } else { Made::No };
        match (self, state) {
            (Call::CreateRepository(_), None) => Made::No,
            (Call::CreateRepository(input), Some(state)) => match created(input, state) {
                true => Made::Yes,
                false => Made::Taken,
            },
            (Call::DeleteRepository(_) | Call::DeleteLifecyclePolicy(_) | Call::DeleteRepositoryPolicy(_), state) => {
                yes(state.is_none())
            }
            (Call::PutLifecyclePolicy(input), state) => yes(state == json(&input.lifecycle_policy_text).as_ref()),
            (Call::SetRepositoryPolicy(input), state) => {
                yes(state.is_some() && same(state, json(&input.policy_text).as_ref()))
            }
            (Call::PutImageTagMutability(input), Some(state)) => yes(state["imageTagMutability"]
                == input.image_tag_mutability.as_str()
                && filters(&state["imageTagMutabilityExclusionFilters"])
                    == set(&input.image_tag_mutability_exclusion_filters)),
            (Call::PutImageScanningConfiguration(input), Some(state)) => {
                let on = |scan: &Value| scan["scanOnPush"].as_bool().unwrap_or(false);
                let wanted = input.image_scanning_configuration.scan_on_push.unwrap_or(false);
                yes(on(&state["imageScanningConfiguration"]) == wanted)
            }
            (Call::TagResource(input), Some(state)) => {
                yes(input.tags.iter().all(|tag| state[tag.key.as_str()] == tag.value.as_str()))
            }
            (Call::UntagResource(input), Some(state)) => {
                yes(input.tag_keys.iter().all(|key| state.get(key.as_str()).is_none()))
            }
            (Call::BatchDeleteImage(_), state) => yes(state.is_none()),
            (Call::PutImage(PutImage { image_tag: Some(_), image_digest, .. }), Some(state)) => {
                yes(image_digest.is_some() && state["imageDigest"].as_str() == image_digest.as_deref())
            }
            (Call::CopyImage(input), state) if input.image_tag.is_empty() => yes(state.is_some()),
            (Call::CopyImage(input), state) => {
                yes(state.is_some_and(|s| s["imageDigest"] == input.image_digest.as_str()))
            }
            (
                Call::PutReplicationConfiguration(_)
                | Call::CreatePullThroughCacheRule(_)
                | Call::UpdatePullThroughCacheRule(_)
                | Call::DeletePullThroughCacheRule(_)
                | Call::CreateRepositoryCreationTemplate(_)
                | Call::UpdateRepositoryCreationTemplate(_)
                | Call::DeleteRepositoryCreationTemplate(_)
                | Call::PutRegistryPolicy(_)
                | Call::DeleteRegistryPolicy(_)
                | Call::PutRegistryScanningConfiguration(_)
                | Call::PutAccountSetting(_),
                state,
            ) => made(self, state),
            // A scan that was made is under way or done; whether it is one from before is for `stands` to say.
            (Call::PutImage(_) | Call::StartImageScan(_), Some(_)) => Made::Yes,
            (
                Call::PutImageTagMutability(_)
                | Call::PutImageScanningConfiguration(_)
                | Call::TagResource(_)
                | Call::UntagResource(_)
                | Call::PutImage(_)
                | Call::StartImageScan(_),
                None,
            ) => Made::No,
        }
    }

    /// Whether what it writes stands as it did before: nothing says that it was made. A scan that was under way before is still that scan,
    /// however far it has come; ECR takes the next one a day later.
    pub fn stands(&self, before: Option<&Value>, state: Option<&Value>) -> bool {
        match self {
            Call::StartImageScan(_) if before.is_some_and(is_under_way) => state.is_some(),
            _ => state.is_some() && state == before,
        }
    }
}

/// Whether a scan goes on by itself: it is not done yet, or Amazon Inspector scans again whenever it learns of something new.
fn is_under_way(scan: &Value) -> bool {
    matches!(scan["status"].as_str(), Some("IN_PROGRESS" | "PENDING" | "ACTIVE"))
}

/// What these identifiers stand for: a tag, or images by digest.
fn images(repository: &str, ids: &[ImageIdentifier]) -> Subject {
    let repository = repository.to_owned();
    match ids {
        [ImageIdentifier { image_tag: Some(tag), .. }] => Subject::ImageTag { repository, tag: tag.clone() },
        _ => Subject::Images { repository, digests: ids.iter().filter_map(|id| id.image_digest.clone()).collect() },
    }
}

/// Whether a repository is the one that was asked for, to the tags of run and step.
fn created(input: &CreateRepository, state: &Value) -> bool {
    let tags = &state["tags"];
    let mutability = input.image_tag_mutability.as_deref().unwrap_or("MUTABLE");
    input.tags.iter().any(|tag| tag.key == "gantry:run")
        && input.tags.iter().all(|tag| tags[tag.key.as_str()] == tag.value.as_str())
        && state["imageTagMutability"].as_str().unwrap_or("MUTABLE") == mutability
}

/// A policy's text as the document it is; texts of the same document differ in white space and the order of keys.
fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn filters(value: &Value) -> BTreeSet<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item["filter"].as_str()).map(str::to_owned).collect()
}

fn set(filters: &[TagMutabilityExclusion]) -> BTreeSet<String> {
    filters.iter().map(|f| f.filter.clone()).collect()
}

#[cfg(test)]
mod tests;
