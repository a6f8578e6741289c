//! The ARNs of what ECR's calls write, as far as they are known before it exists.

use super::subject::Subject;
use crate::document::partition;
use crate::identity::Scope;

/// The ARN of a repository. <https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_service-with-iam.html>
pub fn repository(scope: &Scope, name: &str) -> String {
    format!("arn:{}:ecr:{}:{}:repository/{name}", partition(&scope.region), scope.region, scope.account)
}

/// The ARN that IAM judges a call on this subject by.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
pub fn of(subject: &Subject, scope: &Scope) -> String {
    match subject {
        Subject::Tags { arn } => arn.clone(),
        // What is about the registry as a whole has no ARN.
        other => other.repository().map_or_else(|| "*".to_owned(), |name| repository(scope, name)),
    }
}
