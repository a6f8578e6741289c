//! A cluster, and the capacity providers that clusters use.

use std::collections::BTreeMap;

use super::{CapacityProviderStrategyItem, Tag, last};
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, State, Tone};

document! { "camelCase";
    /// As DescribeClusters gives it: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html>
    pub struct Cluster {
        pub cluster_arn: Option<String>,
        pub cluster_name: String,
        /// `ACTIVE`, `PROVISIONING`, `DEPROVISIONING`, `FAILED`, `INACTIVE`.
        pub status: Option<String>,
        pub registered_container_instances_count: Option<i64>,
        pub running_tasks_count: Option<i64>,
        pub pending_tasks_count: Option<i64>,
        pub active_services_count: Option<i64>,
        pub settings: Vec<Setting>,
        pub capacity_providers: Vec<String>,
        pub default_capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        pub service_connect_defaults: Option<ServiceConnectDefaults>,
        pub tags: Vec<Tag>,
    }
    /// `containerInsights`: `enabled`, `enhanced` or `disabled`.
    pub struct Setting {
        pub name: Option<String>,
        pub value: Option<String>,
    }
    /// The namespace services join unless they say otherwise.
    pub struct ServiceConnectDefaults {
        pub namespace: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html>
    pub struct CapacityProvider {
        pub capacity_provider_arn: Option<String>,
        pub name: String,
        /// The cluster of a managed instances provider.
        pub cluster: Option<String>,
        pub status: Option<String>,
        pub auto_scaling_group_provider: Option<AutoScalingGroupProvider>,
        pub update_status: Option<String>,
        pub update_status_reason: Option<String>,
        pub r#type: Option<String>,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AutoScalingGroupProvider.html>
    pub struct AutoScalingGroupProvider {
        pub auto_scaling_group_arn: Option<String>,
        pub managed_scaling: Option<ManagedScaling>,
        pub managed_termination_protection: Option<String>,
        pub managed_draining: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedScaling.html>
    pub struct ManagedScaling {
        pub status: Option<String>,
        /// In percent.
        pub target_capacity: Option<i64>,
    }
}

fn tone(status: &str) -> Tone {
    match status {
        "ACTIVE" => Tone::Good,
        "PROVISIONING" | "DEPROVISIONING" => Tone::Busy,
        "FAILED" => Tone::Bad,
        _ => Tone::Quiet,
    }
}

impl Model for Cluster {
    const KIND: Kind = Kind::Cluster;
    const COLUMNS: &'static [Column] = &[
        Column::number("services", "Services"),
        Column::number("running", "Running tasks"),
        Column::number("pending", "Pending tasks"),
        Column::number("instances", "Container instances"),
        Column::text("capacity", "Capacity providers").facet().form(Form::Capacity),
        Column::text("insights", "Container Insights").facet().word().hidden(),
        Column::text("namespace", "Namespace").hidden(),
    ];
    const NOISE: &'static [&'static str] = &[
        "runningTasksCount",
        "pendingTasksCount",
        "activeServicesCount",
        "registeredContainerInstancesCount",
        "statistics",
    ];
    fn id(&self) -> String {
        self.cluster_name.clone()
    }
    fn name(&self) -> String {
        self.cluster_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.cluster_arn.clone()
    }
    fn state(&self) -> Option<State> {
        self.status.as_ref().map(|word| State::new(word, tone(word)))
    }
    fn tags(&self) -> BTreeMap<String, String> {
        super::tags(&self.tags)
    }
    fn cells(&self) -> Vec<Cell> {
        let insights = self.settings.iter().find(|s| s.name.as_deref() == Some("containerInsights"));
        let list = |words: &[String]| if words.is_empty() { Cell::None } else { Cell::List(words.to_vec()) };
        vec![
            Cell::Number(self.active_services_count.unwrap_or_default()),
            Cell::Number(self.running_tasks_count.unwrap_or_default()),
            Cell::Number(self.pending_tasks_count.unwrap_or_default()),
            Cell::Number(self.registered_container_instances_count.unwrap_or_default()),
            list(&self.capacity_providers),
            Cell::opt(insights.and_then(|s| s.value.clone())),
            Cell::opt(self.service_connect_defaults.as_ref().and_then(|d| d.namespace.as_deref()).map(last)),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let providers = self.capacity_providers.iter();
        providers.filter_map(|name| super::link(Relation::Uses, Kind::CapacityProvider, scope, name)).collect()
    }
}

impl CapacityProvider {
    /// `EC2_AUTOSCALING`, `MANAGED_INSTANCES`, `FARGATE` or `FARGATE_SPOT`; AWS says it of newer ones only.
    fn kind(&self) -> String {
        self.r#type.clone().unwrap_or_else(|| match self.name.as_str() {
            "FARGATE" | "FARGATE_SPOT" => self.name.clone(),
            _ => "EC2_AUTOSCALING".to_owned(),
        })
    }
}

impl Model for CapacityProvider {
    const KIND: Kind = Kind::CapacityProvider;
    const COLUMNS: &'static [Column] = &[
        Column::text("type", "Type").facet().word(),
        Column::text("group", "Auto Scaling group"),
        Column::text("scaling", "Managed scaling").facet().word(),
        Column::number("target", "Target capacity").unit("%"),
        Column::text("termination", "Termination protection").facet().word().hidden(),
        Column::text("draining", "Managed draining").facet().word().hidden(),
        Column::text("cluster", "Cluster").hidden(),
    ];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.capacity_provider_arn.clone()
    }
    fn state(&self) -> Option<State> {
        match self.update_status.as_deref() {
            Some(word) if word.ends_with("_FAILED") => {
                Some(State::new(word, Tone::Bad).because(self.update_status_reason.clone()))
            }
            Some(word) if word.ends_with("_IN_PROGRESS") => Some(State::new(word, Tone::Busy)),
            _ => self.status.as_ref().map(|word| State::new(word, tone(word))),
        }
    }
    fn tags(&self) -> BTreeMap<String, String> {
        super::tags(&self.tags)
    }
    fn cells(&self) -> Vec<Cell> {
        let group = self.auto_scaling_group_provider.as_ref();
        let scaling = group.and_then(|g| g.managed_scaling.as_ref());
        vec![
            Cell::Text(self.kind()),
            Cell::opt(group.and_then(|g| g.auto_scaling_group_arn.as_deref()).map(last)),
            Cell::opt(scaling.and_then(|s| s.status.clone())),
            Cell::number(scaling.and_then(|s| s.target_capacity)),
            Cell::opt(group.and_then(|g| g.managed_termination_protection.clone())),
            Cell::opt(group.and_then(|g| g.managed_draining.clone())),
            Cell::opt(self.cluster.as_deref().map(last)),
        ]
    }
}
