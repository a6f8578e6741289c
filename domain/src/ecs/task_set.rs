//! Task sets: what runs in a service whose deployments another controller makes (CodeDeploy, or one of somebody's own).

use super::service::LoadBalancer;
use super::{CapacityProviderStrategyItem, NetworkConfiguration};
use crate::document::document;
use crate::time::Timestamp;

document! { "camelCase";
    /// As DescribeServices gives it: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html>
    pub struct TaskSet {
        pub id: Option<String>,
        pub task_set_arn: Option<String>,
        /// What the other controller calls it.
        pub external_id: Option<String>,
        /// `PRIMARY`, `ACTIVE` or `DRAINING`.
        pub status: Option<String>,
        pub task_definition: Option<String>,
        pub computed_desired_count: Option<i64>,
        pub pending_count: Option<i64>,
        pub running_count: Option<i64>,
        pub created_at: Option<Timestamp>,
        pub updated_at: Option<Timestamp>,
        pub launch_type: Option<String>,
        pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        pub platform_version: Option<String>,
        pub network_configuration: Option<NetworkConfiguration>,
        pub load_balancers: Vec<LoadBalancer>,
        pub scale: Option<Scale>,
        /// `STEADY_STATE` or `STABILIZING`.
        pub stability_status: Option<String>,
        pub stability_status_at: Option<Timestamp>,
    }
    /// How many of the tasks that the service wants: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Scale.html>
    pub struct Scale {
        pub value: Option<f64>,
        /// `PERCENT`.
        pub unit: Option<String>,
    }
}

impl TaskSet {
    /// Whether the service is this one.
    pub fn is_primary(&self) -> bool {
        self.status.as_deref() == Some("PRIMARY")
    }

    /// Whether it does not have all its tasks yet, or not for long.
    pub fn is_stabilizing(&self) -> bool {
        self.stability_status.as_deref() == Some("STABILIZING")
    }

    /// Its share of the service's tasks: `50 %`.
    pub fn share(&self) -> Option<String> {
        self.scale.as_ref().and_then(|scale| scale.value).map(|value| format!("{value} %"))
    }
}
