//! ECR: what the emulator lacks or answers differently from AWS, and the registry that container clients talk to.

pub mod blobs;
mod cache;
mod findings;
mod images;
mod layers;
pub mod policies;
mod preview;
mod put;
mod referrers;
pub mod registry;
mod replicate;
mod repositories;
mod scan;
mod settings;
pub mod state;
mod templates;
pub mod through;
pub mod token;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::call::json_error;
use super::ecs::now;
use super::upstream::Scope;
use super::{Answer, Gateway, Read, json as answer_json};

/// Whether an operation is answered here.
pub fn is_ours(operation: &str) -> bool {
    [OPERATIONS, settings::OPERATIONS, cache::OPERATIONS].iter().any(|some| some.contains(&operation))
}

const OPERATIONS: &[&str] = &[
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "CompleteLayerUpload",
    "CreateRepository",
    "DeleteRepository",
    "DescribeImageScanFindings",
    "DescribeImages",
    "DescribeRepositories",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "GetLifecyclePolicyPreview",
    "InitiateLayerUpload",
    "ListImageReferrers",
    "ListImages",
    "PutImage",
    "PutImageTagMutability",
    "SetRepositoryPolicy",
    "StartImageScan",
    "StartLifecyclePolicyPreview",
    "UploadLayerPart",
];

/// The protocol's target prefix.
const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921";

/// Answers an operation of [`is_ours`].
pub async fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
    let request = read.json()?;
    let answer = match read.call.operation.as_str() {
        "BatchCheckLayerAvailability" => layers::availability(gateway, &scope, &request).await?,
        "BatchGetImage" => images::batch_get(gateway, read, &request).await?,
        "CompleteLayerUpload" => layers::complete(gateway, &scope, &request).await?,
        "CreateRepository" | "PutImageTagMutability" => {
            repositories::keep_exclusions(gateway, &scope, read, &request).await?
        }
        "DeleteRepository" => repositories::delete(gateway, &scope, read, &request).await?,
        "DescribeImageScanFindings" => scan::describe(gateway, &scope, &request).await?,
        "DescribeImages" => images::describe(gateway, &scope, read, &request).await?,
        "DescribeRepositories" => repositories::describe(gateway, &scope, read, &request).await?,
        "GetAuthorizationToken" => authorization(&scope),
        "GetDownloadUrlForLayer" => layers::download_url(gateway, &scope, &request).await?,
        "GetLifecyclePolicyPreview" => preview::get(gateway, &scope, &request).await?,
        "InitiateLayerUpload" => layers::initiate(gateway, &scope, &request).await?,
        "ListImageReferrers" => referrers::list(gateway, &scope, &request).await?,
        "ListImages" => images::list(gateway, &scope, &request).await?,
        "PutImage" => put::put_image(gateway, &scope, read, &request).await?,
        "SetRepositoryPolicy" => policies::set(gateway, &scope, &request).await?,
        "StartImageScan" => scan::start(gateway, &scope, &request).await?,
        "StartLifecyclePolicyPreview" => preview::start(gateway, &scope, &request).await?,
        "UploadLayerPart" => layers::upload_part(gateway, &scope, &request).await?,
        other if cache::OPERATIONS.contains(&other) => cache::answer(gateway, &scope, other, &request)?,
        other => settings::answer(gateway, &scope, other, &request).await?,
    };
    Ok(answer_json(&answer))
}

/// The name a registry has on AWS.
fn host(scope: &Scope) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com", scope.account, scope.region)
}

fn authorization(scope: &Scope) -> Value {
    let now = now().floor();
    json!({ "authorizationData": [{
        "authorizationToken": token::authorization(scope, now),
        "expiresAt": now + token::LIFETIME,
        "proxyEndpoint": format!("https://{}", host(scope)),
    }] })
}

/// An error that is the caller's, as ECR gives it.
pub fn bad(code: &str, message: &str) -> Response {
    json_error(StatusCode::BAD_REQUEST, code, message)
}

/// Something here failed.
fn broken(error: &std::io::Error) -> Response {
    tracing::error!("the registry's files: {error}");
    json_error(StatusCode::INTERNAL_SERVER_ERROR, "ServerException", &format!("The sandbox's registry failed: {error}"))
}

/// A text that the request must have.
pub fn required<'a>(request: &'a Value, name: &str) -> Result<&'a str, Response> {
    request[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
        bad(
            "InvalidParameterException",
            &format!("Invalid parameter at '{name}' failed to satisfy constraint: 'must not be null'"),
        )
    })
}

fn repository_of(request: &Value) -> Result<String, Response> {
    required(request, "repositoryName").map(str::to_owned)
}

/// A repository as the emulator tells of it, or the error that it does not exist.
async fn repository(gateway: &Gateway, scope: &Scope, name: &str) -> Result<Value, Response> {
    let request = json!({ "repositoryNames": [name] });
    let mut answer = gateway
        .upstream
        .ask(scope, "ecr", &format!("{TARGET}.DescribeRepositories"), &request)
        .await
        .map_err(|refusal| {
            if refusal.status() != StatusCode::BAD_REQUEST {
                return refusal;
            }
            let message =
                format!("The repository with name '{name}' does not exist in the registry with id '{}'", scope.account);
            bad("RepositoryNotFoundException", &message)
        })?;
    Ok(answer["repositories"][0].take())
}
