//! What of ECS plans read before they are made, and their calls write.

use serde::{Deserialize, Serialize};

use crate::document::partition;
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;

/// Its state is a document with AWS's own field names.
///
/// Of a revision of a task definition it is `taskDefinitionArn`, `status`, `taskRoleArn`, `executionRoleArn`, `cpuArchitecture`,
/// `containerDefinitions` with `name` and `image` each, and `run`, the value of its tag `gantry:run`: nothing that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// The active revision that this run registered after another one; as long as there is none, the latest one of the family.
    NextRevision {
        /// The family's name.
        family: String,
        /// The number of the revision it comes after.
        after: u32,
        /// The run's id.
        run: String,
    },
    /// One revision.
    Revision {
        /// Its ARN, or `family:revision`.
        task_definition: String,
    },
    /// A service: `status`, `taskDefinition`, and `deploymentController`, the type of who replaces its tasks.
    Service {
        /// Its cluster's name.
        cluster: String,
        /// Its name. On the wire it is not called `service`: that says whose subject it is.
        #[serde(rename = "name")]
        service: String,
    },
    /// Whether the revisions that services run now can be given to them once more: by `cluster/service` the status of its revision, null where
    /// that is not there any more.
    ServedRevisions {
        /// `cluster/service` of each.
        services: Vec<String>,
    },
    /// How a service was deployed: [`super::deployments::Deployments`].
    Deployments {
        /// Its cluster's name.
        cluster: String,
        /// Its name. On the wire it is not called `service`: that says whose subject it is.
        #[serde(rename = "name")]
        service: String,
    },
}

impl Subject {
    /// The kind of resource whose rows show it.
    pub fn kind(&self) -> Kind {
        match self {
            Subject::NextRevision { .. } | Subject::Revision { .. } => Kind::TaskDefinition,
            Subject::Service { .. } | Subject::ServedRevisions { .. } | Subject::Deployments { .. } => Kind::Service,
        }
    }
    /// The resource whose document shows it, if that changes.
    pub fn key(&self, scope: &Scope) -> Option<ResourceKey> {
        match self {
            Subject::NextRevision { .. } | Subject::Revision { .. } | Subject::ServedRevisions { .. } => None,
            Subject::Service { cluster, service } | Subject::Deployments { cluster, service } => {
                ResourceKey::new(Kind::Service, scope.clone(), format!("{cluster}/{service}")).ok()
            }
        }
    }
    /// The ARN that IAM judges a call on it by. Deregistering knows no ARNs.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html>
    pub fn arn(&self, scope: &Scope) -> String {
        let arn =
            |what: String| format!("arn:{}:ecs:{}:{}:{what}", partition(&scope.region), scope.region, scope.account);
        match self {
            Subject::NextRevision { family, .. } => arn(format!("task-definition/{family}:*")),
            Subject::Revision { .. } | Subject::ServedRevisions { .. } => "*".into(),
            Subject::Service { cluster, service } | Subject::Deployments { cluster, service } => {
                arn(format!("service/{cluster}/{service}"))
            }
        }
    }
}
