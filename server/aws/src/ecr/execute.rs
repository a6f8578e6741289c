//! Makes ECR's calls of plans, and reads the state of what they write.

use aws_sdk_ecr::config::Builder as Config;
use aws_sdk_ecr::config::retry::RetryConfig;
use aws_sdk_ecr::operation::RequestId;
use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
    ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType, Tag,
};
use domain::document::Tag as TagDocument;
use domain::ecr::calls::Call;
use domain::ecr::subject::Subject;
use domain::ecr::{Repository, Scanning, TagMutabilityExclusion};
use domain::{Code, Problem};
use serde_json::{Map, Value, json};

use super::execute_images::{self, Id};
use super::repositories::described;
use super::{execute_registry, findings, lifecycle_preview, referrers};
use crate::{Bucket, Caller, absent, kms};

/// A document that the SDK refuses to send.
pub(super) fn incomplete(error: impl std::fmt::Display) -> Problem {
    Problem::new(Code::AwsRejected, "The call could not be made", format!("It could not be put together: {error}."))
}

/// What is none of AWS's: whoever asks here is wrong.
pub(super) fn elsewhere(message: &str) -> Problem {
    Problem::new(Code::Internal, "Not AWS's", message)
}

/// Sends a call once, whatever comes of it.
pub(super) fn once() -> Config {
    Config::new().retry_config(RetryConfig::disabled())
}

/// Makes a call, once: whether it may be sent again is for its caller to say, who reads first what became of it. Answers AWS's id of the request.
pub(crate) async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    let ecr = caller.clients().ecr();
    macro_rules! send {
        ($action:literal, $on:expr, $request:expr) => {{
            let sent = $request.customize().config_override(once()).send();
            let answer = caller.call(Bucket::Ecr, $action, Some($on), sent).await?;
            answer.request_id().map(str::to_owned)
        }};
    }
    Ok(match call {
        Call::CreateRepository(input) => {
            let encryption = input.encryption_configuration.as_ref().map(|e| {
                let kind = e.encryption_type.as_deref().unwrap_or("AES256");
                let config = EncryptionConfiguration::builder().encryption_type(EncryptionType::from(kind));
                config.set_kms_key(e.kms_key.clone()).build().map_err(incomplete)
            });
            let request = ecr
                .create_repository()
                .repository_name(&input.repository_name)
                .set_image_tag_mutability(input.image_tag_mutability.as_deref().map(ImageTagMutability::from))
                .set_image_tag_mutability_exclusion_filters(filters(&input.image_tag_mutability_exclusion_filters)?)
                .set_image_scanning_configuration(input.image_scanning_configuration.as_ref().map(scanning))
                .set_encryption_configuration(encryption.transpose()?)
                .set_tags(Some(tags(&input.tags)?));
            send!("ecr:CreateRepository", &input.repository_name, request)
        }
        Call::DeleteRepository(input) => {
            let request = ecr.delete_repository().repository_name(&input.repository_name).set_force(input.force);
            send!("ecr:DeleteRepository", &input.repository_name, request)
        }
        Call::PutLifecyclePolicy(input) => {
            let request = ecr.put_lifecycle_policy().repository_name(&input.repository_name);
            let request = request.lifecycle_policy_text(&input.lifecycle_policy_text);
            send!("ecr:PutLifecyclePolicy", &input.repository_name, request)
        }
        Call::DeleteLifecyclePolicy(input) => {
            let request = ecr.delete_lifecycle_policy().repository_name(&input.repository_name);
            send!("ecr:DeleteLifecyclePolicy", &input.repository_name, request)
        }
        Call::SetRepositoryPolicy(input) => {
            let request = ecr.set_repository_policy().repository_name(&input.repository_name);
            let request = request.policy_text(&input.policy_text).set_force(input.force);
            send!("ecr:SetRepositoryPolicy", &input.repository_name, request)
        }
        Call::DeleteRepositoryPolicy(input) => {
            let request = ecr.delete_repository_policy().repository_name(&input.repository_name);
            send!("ecr:DeleteRepositoryPolicy", &input.repository_name, request)
        }
        Call::PutImageTagMutability(input) => {
            let request = ecr
                .put_image_tag_mutability()
                .repository_name(&input.repository_name)
                .image_tag_mutability(ImageTagMutability::from(input.image_tag_mutability.as_str()))
                .set_image_tag_mutability_exclusion_filters(filters(&input.image_tag_mutability_exclusion_filters)?);
            send!("ecr:PutImageTagMutability", &input.repository_name, request)
        }
        Call::PutImageScanningConfiguration(input) => {
            let request = ecr.put_image_scanning_configuration().repository_name(&input.repository_name);
            let request = request.image_scanning_configuration(scanning(&input.image_scanning_configuration));
            send!("ecr:PutImageScanningConfiguration", &input.repository_name, request)
        }
        Call::TagResource(input) => {
            let request = ecr.tag_resource().resource_arn(&input.resource_arn).set_tags(Some(tags(&input.tags)?));
            send!("ecr:TagResource", &input.resource_arn, request)
        }
        Call::UntagResource(input) => {
            let request = ecr.untag_resource().resource_arn(&input.resource_arn);
            let request = request.set_tag_keys(Some(input.tag_keys.clone()));
            send!("ecr:UntagResource", &input.resource_arn, request)
        }
        Call::BatchDeleteImage(input) => return execute_images::delete(caller, input).await,
        Call::PutImage(input) => {
            let request = ecr
                .put_image()
                .repository_name(&input.repository_name)
                .image_manifest(&input.image_manifest)
                .set_image_manifest_media_type(input.image_manifest_media_type.clone())
                .set_image_tag(input.image_tag.clone())
                .set_image_digest(input.image_digest.clone());
            send!("ecr:PutImage", &input.repository_name, request)
        }
        Call::StartImageScan(input) => {
            let id = execute_images::identifier(&input.image_id);
            let request = ecr.start_image_scan().repository_name(&input.repository_name).image_id(id);
            send!("ecr:StartImageScan", &input.repository_name, request)
        }
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
        | Call::PutAccountSetting(_) => return execute_registry::make(caller, call).await,
        Call::CopyImage(_) => return Err(elsewhere("Images are copied through their registries.")),
    })
}

/// The state of something; `None` when it does not exist.
pub(crate) async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    let ecr = caller.clients().ecr();
    match subject {
        Subject::Repository { repository } => {
            let Some(repository) = described(caller, repository).await? else { return Ok(None) };
            let found = match &repository.repository_arn {
                Some(arn) => tags_of(caller, arn).await?,
                None => Some(Map::new()),
            };
            // Deleted between the two questions.
            Ok(found.map(|tags| {
                let mut state = settings(&repository);
                state["repositoryArn"] = json!(repository.repository_arn);
                state["repositoryUri"] = json!(repository.repository_uri);
                state["encryptionConfiguration"] = json!(repository.encryption_configuration);
                state["tags"] = Value::Object(tags);
                state
            }))
        }
        Subject::Settings { repository } => Ok(described(caller, repository).await?.map(|r| settings(&r))),
        Subject::LifecyclePolicy { repository } => {
            let request = ecr.get_lifecycle_policy().repository_name(repository);
            let answer = caller.call(Bucket::Ecr, "ecr:GetLifecyclePolicy", Some(repository), request.send()).await;
            Ok(absent(answer)?.and_then(|a| a.lifecycle_policy_text).map(|text| document(&text)))
        }
        Subject::RepositoryPolicy { repository } => {
            let request = ecr.get_repository_policy().repository_name(repository);
            let answer = caller.call(Bucket::Ecr, "ecr:GetRepositoryPolicy", Some(repository), request.send()).await;
            Ok(absent(answer)?.and_then(|a| a.policy_text).map(|text| document(&text)))
        }
        Subject::Tags { arn } => Ok(tags_of(caller, arn).await?.map(Value::Object)),
        Subject::Images { repository, digests } => execute_images::tags(caller, repository, digests).await,
        Subject::ImageTag { repository, tag } => execute_images::manifest(caller, repository, Id::Tag(tag)).await,
        Subject::Manifest { repository, digest } => {
            execute_images::manifest(caller, repository, Id::Digest(digest)).await
        }
        Subject::Scan { repository, digest } => execute_images::scan(caller, repository, digest).await,
        Subject::Findings { repository, digest } => {
            let findings = findings::read(caller, repository, digest).await?;
            Ok(findings.map(|findings| json!(findings)))
        }
        Subject::Configuration { repository, digest } => {
            execute_images::configuration(caller, repository, digest).await
        }
        Subject::Referrers { repository, digest } => {
            Ok(referrers::read(caller, repository, digest).await?.map(|referrers| json!(referrers)))
        }
        Subject::LifecyclePreview { repository, policy } => {
            Ok(lifecycle_preview::read(caller, repository, policy).await?.map(|preview| json!(preview)))
        }
        Subject::Replication
        | Subject::CacheRules
        | Subject::CacheRule { .. }
        | Subject::CacheValidation { .. }
        | Subject::CreationTemplates
        | Subject::CreationTemplate { .. }
        | Subject::RegistryPolicy
        | Subject::RegistryScanning
        | Subject::AccountSetting { .. } => execute_registry::read(caller, subject).await,
        Subject::EncryptedWith { keys } => execute_registry::encrypted_with(caller, keys).await.map(Some),
        Subject::Keys => Ok(Some(json!(kms::for_repositories(caller).await?))),
        Subject::Inventory { .. } | Subject::Stored { .. } => {
            Err(elsewhere("What Gantry has collected is not read from AWS."))
        }
        Subject::Source { .. } => Err(elsewhere("Other registries are not read through AWS.")),
    }
}

async fn tags_of(caller: &Caller, arn: &str) -> Result<Option<Map<String, Value>>, Problem> {
    let request = caller.clients().ecr().list_tags_for_resource().resource_arn(arn);
    let answer = caller.call(Bucket::Ecr, "ecr:ListTagsForResource", Some(arn), request.send()).await;
    Ok(absent(answer)?.map(|a| a.tags.into_iter().flatten().map(|tag| (tag.key, Value::String(tag.value))).collect()))
}

/// What can be changed of a repository, as a document.
fn settings(repository: &Repository) -> Value {
    json!({
        "repositoryName": repository.repository_name,
        "imageTagMutability": repository.image_tag_mutability,
        "imageTagMutabilityExclusionFilters": repository.image_tag_mutability_exclusion_filters,
        "imageScanningConfiguration": repository.image_scanning_configuration,
    })
}

/// A policy as the document it is; what is no JSON stays text.
pub(super) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn scanning(scanning: &Scanning) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(scanning.scan_on_push.unwrap_or(false)).build()
}

pub(super) fn tags(tags: &[TagDocument]) -> Result<Vec<Tag>, Problem> {
    tags.iter().map(|tag| Tag::builder().key(&tag.key).value(&tag.value).build().map_err(incomplete)).collect()
}

pub(super) fn filters(
    exclusions: &[TagMutabilityExclusion],
) -> Result<Option<Vec<ImageTagMutabilityExclusionFilter>>, Problem> {
    let filters: Vec<_> = exclusions
        .iter()
        .map(|exclusion| {
            ImageTagMutabilityExclusionFilter::builder()
                .filter_type(ImageTagMutabilityExclusionFilterType::from(exclusion.filter_type.as_str()))
                .filter(&exclusion.filter)
                .build()
                .map_err(incomplete)
        })
        .collect::<Result<_, _>>()?;
    Ok((!filters.is_empty()).then_some(filters))
}
