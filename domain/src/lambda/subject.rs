//! What of Lambda plans read before they are made, and their calls write.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::partition;
use crate::identity::Scope;

/// Its state is a document with AWS's own field names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// What a function's unpublished version runs: `FunctionName`, `PackageType`, `Architectures`; of one made from an image `ImageUri`, by
    /// digest where AWS says it; of one whose last update failed `LastUpdateStatusReason`; and of one that AWS is still at, for longer than a
    /// read waits, `LastUpdateStatus` (`InProgress`) or `State` (`Pending`).
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

/// A state without why the last update failed, which changed nothing else.
/// <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>
pub(crate) fn lasting(state: Option<&Value>) -> Option<Value> {
    let mut state = state.cloned()?;
    if let Some(fields) = state.as_object_mut() {
        fields.remove("LastUpdateStatusReason");
    }
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;
    use serde_json::json;

    #[test]
    fn an_update_that_was_refused_left_the_function_as_it_was() {
        let subject = plan::Subject::Lambda(Subject::FunctionImage { function: "resize".into() });
        let same = |a: Value, b: Value| subject.is_unchanged(Some(&a), Some(&b));
        let (old, refused) =
            (json!({ "ImageUri": "old" }), json!({ "ImageUri": "old", "LastUpdateStatusReason": "no" }));
        assert!(same(old.clone(), refused.clone()) && same(refused.clone(), old.clone()));
        assert!(!same(old.clone(), json!({ "ImageUri": "new" })) && !same(json!({ "ImageUri": "new" }), refused));
        assert!(!subject.is_unchanged(Some(&old), None));
    }
}
