//! What of Lambda plans read before they are made, and their calls write.

use serde::{Deserialize, Serialize};

use crate::document::partition;
use crate::identity::Scope;

/// Its state is a document with AWS's own field names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// What a function's unpublished version runs: `FunctionName`, `PackageType`, `Architectures`; of one made from an image `ImageUri`, by
    /// digest where AWS says it; and of one whose last update failed `LastUpdateStatusReason`. Read once no update is under way any more.
    FunctionImage {
        /// The function's name.
        function: String,
    },
}

impl Subject {
    /// The function it is about.
    pub fn function(&self) -> &str {
        match self {
            Subject::FunctionImage { function } => function,
        }
    }
    /// The ARN that IAM judges a call on it by.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>
    pub fn arn(&self, scope: &Scope) -> String {
        let (partition, function) = (partition(&scope.region), self.function());
        format!("arn:{partition}:lambda:{}:{}:function:{function}", scope.region, scope.account)
    }
}
