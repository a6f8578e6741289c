//! The ARNs of what ECR's calls write, as far as they are known before it exists.

use super::calls::Subject;
use crate::document::partition;
use crate::identity::Scope;

/// The ARN that IAM judges a call on this subject by.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html>
pub fn of(subject: &Subject, scope: &Scope) -> String {
    match subject {
        Subject::Repository { repository }
        | Subject::LifecyclePolicy { repository }
        | Subject::RepositoryPolicy { repository }
        | Subject::Settings { repository } => {
            format!("arn:{}:ecr:{}:{}:repository/{repository}", partition(&scope.region), scope.region, scope.account)
        }
        Subject::Tags { arn } => arn.clone(),
    }
}
