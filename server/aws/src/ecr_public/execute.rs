//! Makes ECR Public's calls of plans, and reads the state of what they write.

use aws_sdk_ecrpublic::config::Builder as Config;
use aws_sdk_ecrpublic::config::retry::RetryConfig;
use aws_sdk_ecrpublic::operation::RequestId;
use aws_sdk_ecrpublic::primitives::Blob;
use aws_sdk_ecrpublic::types::{RepositoryCatalogDataInput, Tag};
use aws_smithy_types::base64;
use domain::document::Tag as TagDocument;
use domain::ecr_public::calls::{Call, CatalogInput};
use domain::ecr_public::subject::Subject;
use domain::{Code, Problem};
use serde_json::{Map, Value, json};

use super::images;
use super::repositories::{bare, catalog, tags as tags_of};
use crate::{Bucket, Caller, absent};

/// Images are counted as far as one page goes.
const MOST_COUNTED: i32 = 1000;

/// Makes a call, once: whether it may be sent again is for its caller to say, who reads first what became of it. Answers AWS's id of the
/// request.
pub(crate) async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    let ecr = caller.clients().ecr_public();
    macro_rules! send {
        ($action:literal, $on:expr, $request:expr) => {{
            let once = Config::new().retry_config(RetryConfig::disabled());
            let sent = $request.customize().config_override(once).send();
            let answer = caller.call(Bucket::EcrPublic, $action, Some($on), sent).await?;
            answer.request_id().map(str::to_owned)
        }};
    }
    Ok(match call {
        Call::CreateRepository(input) => {
            let request = ecr
                .create_repository()
                .repository_name(&input.repository_name)
                .set_catalog_data(input.catalog_data.as_ref().map(catalog_data).transpose()?)
                .set_tags(Some(tags(&input.tags)));
            send!("ecr-public:CreateRepository", &input.repository_name, request)
        }
        Call::DeleteRepository(input) => {
            let request = ecr.delete_repository().repository_name(&input.repository_name).set_force(input.force);
            send!("ecr-public:DeleteRepository", &input.repository_name, request)
        }
        Call::PutRepositoryCatalogData(input) => {
            let request = ecr.put_repository_catalog_data().repository_name(&input.repository_name);
            let request = request.catalog_data(catalog_data(&input.catalog_data)?);
            send!("ecr-public:PutRepositoryCatalogData", &input.repository_name, request)
        }
        Call::SetRepositoryPolicy(input) => {
            let request = ecr.set_repository_policy().repository_name(&input.repository_name);
            let request = request.policy_text(&input.policy_text).set_force(input.force);
            send!("ecr-public:SetRepositoryPolicy", &input.repository_name, request)
        }
        Call::DeleteRepositoryPolicy(input) => {
            let request = ecr.delete_repository_policy().repository_name(&input.repository_name);
            send!("ecr-public:DeleteRepositoryPolicy", &input.repository_name, request)
        }
        Call::TagResource(input) => {
            let request = ecr.tag_resource().resource_arn(&input.resource_arn).set_tags(Some(tags(&input.tags)));
            send!("ecr-public:TagResource", &input.resource_arn, request)
        }
        Call::UntagResource(input) => {
            let request = ecr.untag_resource().resource_arn(&input.resource_arn);
            let request = request.set_tag_keys(Some(input.tag_keys.clone()));
            send!("ecr-public:UntagResource", &input.resource_arn, request)
        }
        Call::BatchDeleteImage(input) => return images::delete(caller, input).await,
    })
}

/// The state of something; `None` when it does not exist.
pub(crate) async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    match subject {
        Subject::Repository { repository } => {
            let Some(found) = bare(caller, repository).await? else { return Ok(None) };
            let tags = tag_map(caller, found.repository_arn.as_deref().unwrap_or_default()).await?;
            let says = catalog(caller, repository).await?;
            // Deleted between the questions.
            Ok(tags.map(|tags| {
                json!({
                    "repositoryName": found.repository_name,
                    "repositoryArn": found.repository_arn,
                    "repositoryUri": found.repository_uri,
                    "catalogData": says,
                    "tags": tags,
                })
            }))
        }
        Subject::Catalog { repository } => Ok(catalog(caller, repository).await?.map(|says| json!(says))),
        Subject::RepositoryPolicy { repository } => {
            let request = caller.clients().ecr_public().get_repository_policy().repository_name(repository);
            let sent = request.send();
            let action = "ecr-public:GetRepositoryPolicy";
            let answer = caller.call(Bucket::EcrPublic, action, Some(repository), sent).await;
            // What is no JSON stays text.
            let document = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
            Ok(absent(answer)?.and_then(|a| a.policy_text).map(document))
        }
        Subject::Tags { arn } => Ok(tag_map(caller, arn).await?.map(Value::Object)),
        Subject::Images { repository } => {
            let request = caller.clients().ecr_public().describe_images().repository_name(repository);
            let sent = request.max_results(MOST_COUNTED).send();
            let answer = caller.call(Bucket::EcrPublic, "ecr-public:DescribeImages", Some(repository), sent).await;
            Ok(absent(answer)?.map(|a| json!({ "count": a.image_details().len(), "more": a.next_token.is_some() })))
        }
        Subject::ImageList { repository } => Ok(images::list(caller, repository).await?.map(|list| json!(list))),
        Subject::ImagesOf { repository, digests } => images::of(caller, repository, digests).await,
        Subject::Uses { .. } => {
            let message = "What Gantry has collected is not read from AWS.";
            Err(Problem::new(Code::Internal, "This cannot be read here", message))
        }
    }
}

async fn tag_map(caller: &Caller, arn: &str) -> Result<Option<Map<String, Value>>, Problem> {
    let tags = tags_of(caller, arn).await?;
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, Value::String(tag.value))).collect()))
}

fn catalog_data(input: &CatalogInput) -> Result<RepositoryCatalogDataInput, Problem> {
    let logo = input.logo_image_blob.as_ref().map(|text| {
        let not = |error| {
            let message = format!("The logo is not the base64 text of a picture: {error}.");
            Problem::new(Code::AwsRejected, "The call could not be made", message)
        };
        base64::decode(text).map(Blob::new).map_err(not)
    });
    Ok(RepositoryCatalogDataInput::builder()
        .set_description(input.description.clone())
        .set_architectures(input.architectures.clone())
        .set_operating_systems(input.operating_systems.clone())
        .set_logo_image_blob(logo.transpose()?)
        .set_about_text(input.about_text.clone())
        .set_usage_text(input.usage_text.clone())
        .build())
}

fn tags(tags: &[TagDocument]) -> Vec<Tag> {
    tags.iter().map(|tag| Tag::builder().key(&tag.key).value(&tag.value).build()).collect()
}
