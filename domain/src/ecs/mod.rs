//! ECS: clusters with their capacity providers ([`cluster`]), services ([`service`]), tasks ([`task`]) and task definitions
//! ([`task_definition`]): their documents and what Gantry reads from them. What another controller runs in a service is in [`task_set`], how a
//! service was deployed in [`deployments`], CPU and memory of many services are in [`load`]. What can be changed is in [`calls`] and [`wizards`].

pub mod calls;
pub mod cluster;
pub mod deployments;
pub mod load;
pub mod service;
pub mod subject;
pub mod task;
pub mod task_definition;
pub mod task_set;
pub mod way_back;
pub mod wizards;
pub use cluster::{CapacityProvider, Cluster};
pub use service::{Deployment, Service, ServiceEvent};
pub use task::{Container, Task};
pub use task_definition::{ContainerDefinition, TaskDefinition};
pub use task_set::TaskSet;

use crate::document::document;
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::resource::{Link, Relation};
use std::collections::BTreeMap;

document! { "camelCase";
    /// A tag, as ECS writes it.
    pub struct Tag {
        pub key: String,
        pub value: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html>
    pub struct CapacityProviderStrategyItem {
        pub capacity_provider: String,
        pub weight: Option<i64>,
        pub base: Option<i64>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkConfiguration.html>
    pub struct NetworkConfiguration {
        pub awsvpc_configuration: Option<AwsVpcConfiguration>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html>
    pub struct AwsVpcConfiguration {
        pub subnets: Vec<String>,
        pub security_groups: Vec<String>,
        /// `ENABLED` or `DISABLED`.
        pub assign_public_ip: Option<String>,
    }
}

/// The last part of an ARN's resource: the name of a cluster or service, the id of a task, `family:revision`.
pub fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

pub(crate) fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|t| (t.key.clone(), t.value.clone())).collect()
}

pub(crate) fn link(relation: Relation, kind: Kind, scope: &Scope, id: &str) -> Option<Link> {
    ResourceKey::new(kind, scope.clone(), id).ok().map(|key| Link::new(relation, key.to_string()))
}

pub(crate) fn network(scope: &Scope, configuration: Option<&NetworkConfiguration>) -> Vec<Link> {
    let Some(vpc) = configuration.and_then(|c| c.awsvpc_configuration.as_ref()) else { return vec![] };
    let subnets = vpc.subnets.iter().map(|id| (Kind::Subnet, id));
    let groups = vpc.security_groups.iter().map(|id| (Kind::SecurityGroup, id));
    subnets.chain(groups).filter_map(|(kind, id)| link(Relation::Network, kind, scope, id)).collect()
}

/// How it gets its capacity, in one word or a list: `FARGATE`, `FARGATE_SPOT`, `EC2`.
pub(crate) fn launch(launch_type: Option<&String>, strategy: &[CapacityProviderStrategyItem]) -> Vec<String> {
    if strategy.is_empty() {
        return launch_type.into_iter().cloned().collect();
    }
    strategy.iter().map(|item| item.capacity_provider.clone()).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
