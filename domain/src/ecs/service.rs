//! A service: keeps a number of tasks of one task definition running.

use std::collections::BTreeMap;

use super::{CapacityProviderStrategyItem, NetworkConfiguration, Tag, TaskSet, last};
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::reference;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeServices gives it: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>
    pub struct Service {
        pub service_arn: Option<String>,
        pub service_name: String,
        pub cluster_arn: Option<String>,
        /// `ACTIVE`, `DRAINING` or `INACTIVE`.
        pub status: Option<String>,
        pub desired_count: Option<i64>,
        pub running_count: Option<i64>,
        pub pending_count: Option<i64>,
        pub launch_type: Option<String>,
        pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        pub platform_version: Option<String>,
        /// The ARN of the revision that is (being) deployed.
        pub task_definition: Option<String>,
        pub deployment_configuration: Option<DeploymentConfiguration>,
        /// The primary first, then those that are being replaced.
        pub deployments: Vec<Deployment>,
        /// In place of deployments, where another controller makes them.
        pub task_sets: Vec<TaskSet>,
        /// The last hundred, latest first.
        pub events: Vec<ServiceEvent>,
        pub load_balancers: Vec<LoadBalancer>,
        pub network_configuration: Option<NetworkConfiguration>,
        /// `REPLICA` or `DAEMON`.
        pub scheduling_strategy: Option<String>,
        pub deployment_controller: Option<DeploymentController>,
        pub health_check_grace_period_seconds: Option<i64>,
        pub role_arn: Option<String>,
        pub created_at: Option<Timestamp>,
        pub created_by: Option<String>,
        pub enable_execute_command: Option<bool>,
        pub propagate_tags: Option<String>,
        pub tags: Vec<Tag>,
        /// What the tasks of its current revisions start from, as DescribeServiceRevisions says it.
        #[serde(rename = "gantry:images")]
        pub images: Vec<RevisionImage>,
    }
    /// An image of a revision. ECS looks its tag up once: all later tasks of the revision start from the digest that it found.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html>
    pub struct RevisionImage {
        pub container_name: Option<String>,
        /// As the task definition says it, mostly by tag.
        pub image: Option<String>,
        /// Absent where it was not looked up.
        pub image_digest: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>
    pub struct DeploymentConfiguration {
        pub strategy: Option<String>,
        pub maximum_percent: Option<i64>,
        pub minimum_healthy_percent: Option<i64>,
        pub deployment_circuit_breaker: Option<CircuitBreaker>,
    }
    /// Whether failing deployments stop, and go back to the one before.
    pub struct CircuitBreaker {
        pub enable: Option<bool>,
        pub rollback: Option<bool>,
    }
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub struct DeploymentController {
        pub r#type: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>
    pub struct Deployment {
        pub id: Option<String>,
        /// `PRIMARY`, `ACTIVE` (being replaced) or `INACTIVE`.
        pub status: Option<String>,
        pub task_definition: Option<String>,
        pub desired_count: Option<i64>,
        pub pending_count: Option<i64>,
        pub running_count: Option<i64>,
        /// Tasks in a row that did not start.
        pub failed_tasks: Option<i64>,
        pub created_at: Option<Timestamp>,
        pub updated_at: Option<Timestamp>,
        pub launch_type: Option<String>,
        pub platform_version: Option<String>,
        /// `COMPLETED`, `FAILED` or `IN_PROGRESS`.
        pub rollout_state: Option<String>,
        pub rollout_state_reason: Option<String>,
    }
    /// What ECS says about what it does.
    pub struct ServiceEvent {
        pub id: Option<String>,
        pub created_at: Option<Timestamp>,
        pub message: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html>
    pub struct LoadBalancer {
        pub target_group_arn: Option<String>,
        pub load_balancer_name: Option<String>,
        pub container_name: Option<String>,
        pub container_port: Option<i64>,
    }
}

/// Words of ECS's events that mean that something does not work.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
const TROUBLE: &[&str] =
    &["unable to", "deployment failed", "failed to", "is unhealthy", "was unable", "throttled", "could not"];

impl Service {
    /// The name of its cluster.
    pub fn cluster(&self) -> &str {
        self.cluster_arn.as_deref().map(last).unwrap_or_default()
    }

    /// The deployment that is wanted.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|d| d.status.as_deref() == Some("PRIMARY")).or(self.deployments.first())
    }

    /// The task set that is wanted, where another controller makes them.
    pub fn primary_set(&self) -> Option<&TaskSet> {
        self.task_sets.iter().find(|set| set.is_primary()).or(self.task_sets.first())
    }

    /// The ARN of the revision that is (being) deployed. Of a service with a controller of somebody's own only its task sets say it.
    pub fn definition(&self) -> Option<&str> {
        self.task_definition.as_deref().or(self.primary_set().and_then(|set| set.task_definition.as_deref()))
    }

    /// Where its tasks run, said by the service or by its task sets.
    pub fn network(&self) -> Option<&NetworkConfiguration> {
        self.network_configuration.as_ref().or(self.primary_set().and_then(|set| set.network_configuration.as_ref()))
    }

    /// What it is behind, also through its task sets, each once.
    pub fn balancers(&self) -> Vec<&LoadBalancer> {
        let mut all: Vec<&LoadBalancer> = vec![];
        for balancer in self.load_balancers.iter().chain(self.task_sets.iter().flat_map(|set| &set.load_balancers)) {
            if !all.contains(&balancer) {
                all.push(balancer);
            }
        }
        all
    }

    /// The revisions that run beside the one that is deployed, each with what is to be said of it.
    fn others(&self) -> Vec<(&str, String)> {
        let replaced = self.deployments.iter().map(|d| (d.task_definition.as_deref(), "being replaced".to_owned()));
        let sets = self.task_sets.iter().map(|set| {
            let status = set.status.as_deref().map(str::to_lowercase);
            let said: Vec<String> = ["task set".to_owned()].into_iter().chain(status).chain(set.share()).collect();
            (set.task_definition.as_deref(), said.join(", "))
        });
        let all = replaced.chain(sets).filter_map(|(arn, note)| Some((arn?, note)));
        all.filter(|(arn, _)| Some(*arn) != self.definition()).collect()
    }

    /// The latest event since the service was last steady that says what does not work.
    pub fn trouble(&self) -> Option<&str> {
        let messages = self.events.iter().filter_map(|e| e.message.as_deref());
        let mut since = messages.take_while(|m| !m.contains("has reached a steady state"));
        since.find(|m| TROUBLE.iter().any(|t| m.contains(t)))
    }

    fn counts(&self) -> (i64, i64) {
        (self.running_count.unwrap_or_default(), self.desired_count.unwrap_or_default())
    }

    fn short(&self) -> String {
        let (running, desired) = self.counts();
        format!("{running} of {desired} tasks run")
    }
}

impl Model for Service {
    const KIND: Kind = Kind::Service;
    const COLUMNS: &'static [Column] = &[
        Column::text("cluster", "Cluster").facet(),
        Column::number("running", "Running"),
        Column::number("desired", "Desired"),
        Column::number("pending", "Pending").hidden(),
        Column::text("launch", "Launch type").facet().form(Form::Capacity).hidden(),
        Column::text("definition", "Task definition"),
        Column::text("rollout", "Rollout").facet().word(),
        Column::text("deployed", "Deployed").hidden(),
        Column::text("scheduling", "Scheduling").facet().word().hidden(),
        Column::text("exec", "ECS Exec").facet().word().hidden(),
        Column::text("event", "Last event").form(Form::Sentence).hidden(),
    ];
    const READING: i16 = 2;
    const NOISE: &'static [&'static str] = &[
        "events",
        "runningCount",
        "pendingCount",
        "deployments.*.runningCount",
        "deployments.*.pendingCount",
        "deployments.*.desiredCount",
        "deployments.*.failedTasks",
        "deployments.*.updatedAt",
        "currentServiceRevisions",
        // Comes and goes with the deployments.
        "gantry:images",
        "taskSets.*.runningCount",
        "taskSets.*.pendingCount",
        "taskSets.*.computedDesiredCount",
        "taskSets.*.updatedAt",
        "taskSets.*.stabilityStatus",
        "taskSets.*.stabilityStatusAt",
    ];
    /// A list that could not read them takes none of them away.
    const KEPT: &'static [&'static str] = &["gantry:images"];
    const IDENTITY: &'static [&'static str] = &["createdAt"];
    fn id(&self) -> String {
        if self.cluster().is_empty() || self.service_name.is_empty() {
            return String::new();
        }
        format!("{}/{}", self.cluster(), self.service_name)
    }
    fn name(&self) -> String {
        self.service_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.service_arn.clone()
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Cluster, self.cluster().to_owned()))
    }
    fn state(&self) -> Option<State> {
        let status = self.status.as_deref()?;
        match status {
            "DRAINING" => return Some(State::new(status, Tone::Busy)),
            "INACTIVE" => return Some(State::new(status, Tone::Quiet)),
            _ => {}
        }
        let (running, desired) = self.counts();
        let missing = running < desired;
        let primary = self.primary();
        let rollout = primary.and_then(|d| d.rollout_state.as_deref());
        let rollout_reason = primary.and_then(|d| d.rollout_state_reason.clone());
        let failed = primary.and_then(|d| d.failed_tasks).unwrap_or_default();
        let deploying = rollout == Some("IN_PROGRESS") || self.deployments.len() > 1;
        let state = if rollout == Some("FAILED") {
            State::new("FAILED", Tone::Bad).because(self.trouble().map(str::to_owned).or(rollout_reason))
        } else if missing && let Some(trouble) = self.trouble() {
            State::new("Below desired count", Tone::Bad).because(Some(trouble.to_owned()))
        } else if missing && failed > 0 {
            let reason = format!("{}; {failed} of the new ones failed.", self.short());
            State::new("Below desired count", Tone::Bad).because(Some(reason))
        } else if deploying && (failed > 0 || self.trouble().is_some()) {
            // The old tasks go on meanwhile, so that none is missing.
            let failures = || match failed {
                1 => "1 new task failed.".to_owned(),
                _ => format!("{failed} new tasks failed."),
            };
            let reason = self.trouble().map_or_else(failures, str::to_owned);
            State::new("Deployment in trouble", Tone::Warn).because(Some(reason))
        } else if deploying || self.task_sets.iter().any(TaskSet::is_stabilizing) {
            // A deployment of a service that wants nothing, or has all it wants, is still on its way.
            State::new("IN_PROGRESS", Tone::Busy).because(rollout_reason)
        } else if missing {
            State::new("Below desired count", Tone::Warn).because(Some(format!("{}.", self.short())))
        } else {
            State::new(status, if desired == 0 { Tone::Quiet } else { Tone::Good })
        };
        Some(state)
    }
    fn tags(&self) -> BTreeMap<String, String> {
        super::tags(&self.tags)
    }
    fn created(&self) -> Option<Millis> {
        self.created_at.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let set = self.primary_set();
        let mut launch = super::launch(self.launch_type.as_ref(), &self.capacity_provider_strategy);
        if let (true, Some(set)) = (launch.is_empty(), set) {
            launch = super::launch(set.launch_type.as_ref(), &set.capacity_provider_strategy);
        }
        let deployed = self.primary().and_then(|d| d.created_at).or(set.and_then(|set| set.created_at));
        let reference =
            |arn: Option<&str>| arn.map_or(Cell::None, |arn| Cell::Ref(arn.to_owned(), last(arn).to_owned()));
        vec![
            reference(self.cluster_arn.as_deref()),
            Cell::Number(self.running_count.unwrap_or_default()),
            Cell::Number(self.desired_count.unwrap_or_default()),
            Cell::Number(self.pending_count.unwrap_or_default()),
            if launch.is_empty() { Cell::None } else { Cell::List(launch) },
            reference(self.definition()),
            Cell::opt(self.primary().and_then(|d| d.rollout_state.clone())),
            Cell::time(deployed.map(|t| t.0)),
            Cell::opt(self.scheduling_strategy.clone()),
            Cell::opt(self.enable_execute_command.map(|on| if on { "on" } else { "off" })),
            Cell::opt(self.events.first().and_then(|e| e.message.clone())),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let networks = self.task_sets.iter().map(|set| set.network_configuration.as_ref());
        let networks = [self.network_configuration.as_ref()].into_iter().chain(networks);
        let mut links: Vec<Link> = networks.flat_map(|network| super::network(scope, network)).collect();
        links.extend(self.cluster_arn.iter().map(|arn| Link::new(Relation::In, arn)));
        links.extend(self.definition().map(|arn| Link::new(Relation::Of, arn)));
        // What is being replaced, or about to replace it, runs too.
        links.extend(self.others().into_iter().map(|(arn, note)| Link::new(Relation::Of, arn).noting(Some(note))));
        links.extend(self.balancers().into_iter().filter_map(|balancer| {
            let arn = balancer.target_group_arn.as_ref()?;
            let port = balancer.container_port.map(|p| format!(":{p}")).unwrap_or_default();
            let note = balancer.container_name.as_ref().map(|name| format!("{name}{port}"));
            Some(Link::new(Relation::Serves, arn).noting(note))
        }));
        links.extend(self.role_arn.iter().map(|arn| Link::new(Relation::Role, arn)));
        // Also while none of its tasks runs. What was not looked up is as its task definition says.
        links.extend(self.images.iter().filter_map(|of| {
            let image = reference::by_digest(of.image.as_deref()?, of.image_digest.as_deref()?);
            Some(Link::new(Relation::Image, image).noting(of.container_name.clone()))
        }));
        links
    }
}
