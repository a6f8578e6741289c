//! What of KMS plans read before they are made, and their calls write.

use serde::{Deserialize, Serialize};

use crate::document::partition;
use crate::identity::Scope;

/// Its state is a document with AWS's own field names. Of a key it is `KeyId`, `Arn`, `Description` and `KeyState`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// The key that this run created: the one that carries its tag.
    NewKey {
        /// The run's id.
        run: String,
    },
    /// One key.
    Key {
        /// Its ARN or id.
        key: String,
    },
    /// An alias: `AliasName` and `TargetKeyId`.
    Alias {
        /// With `alias/` before it.
        alias: String,
    },
}

impl Subject {
    /// What people call it; empty where nobody knows yet.
    pub fn name(&self) -> &str {
        match self {
            Subject::NewKey { .. } => "",
            Subject::Key { key } => key,
            Subject::Alias { alias } => alias,
        }
    }
    /// The ARN that IAM judges a call on it by. Creating a key knows no ARNs; whoever gives or takes an alias needs it on the key too.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
    pub fn arn(&self, scope: &Scope) -> String {
        let arn =
            |what: &str| format!("arn:{}:kms:{}:{}:{what}", partition(&scope.region), scope.region, scope.account);
        match self {
            Subject::NewKey { .. } => "*".into(),
            Subject::Key { key } if key.starts_with("arn:") => key.clone(),
            // Its id is not known before it is there.
            Subject::Key { .. } => arn("key/*"),
            Subject::Alias { alias } => arn(alias),
        }
    }
}
