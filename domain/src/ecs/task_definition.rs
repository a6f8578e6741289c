//! One revision of a task definition: which containers run together, and how. A revision never changes.

use serde_json::Value;
use std::collections::BTreeMap;

use super::{Tag, last};
use crate::document::{document, partition};
use crate::identity::Scope;
use crate::kind::Kind;
use crate::reference;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, Sealed, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeTaskDefinition gives it, `tags` beside:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html>
    pub struct TaskDefinition {
        pub task_definition_arn: Option<String>,
        pub family: String,
        pub revision: i64,
        /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`.
        pub status: Option<String>,
        pub container_definitions: Vec<ContainerDefinition>,
        pub task_role_arn: Option<String>,
        pub execution_role_arn: Option<String>,
        /// `awsvpc`, `bridge`, `host` or `none`.
        pub network_mode: Option<String>,
        /// In CPU units, 1024 for one vCPU.
        pub cpu: Option<String>,
        /// In MiB.
        pub memory: Option<String>,
        /// What it asks for: `FARGATE`, `EC2`, `EXTERNAL`.
        pub requires_compatibilities: Vec<String>,
        /// What it would run on.
        pub compatibilities: Vec<String>,
        pub runtime_platform: Option<RuntimePlatform>,
        pub volumes: Vec<Volume>,
        pub ephemeral_storage: Option<EphemeralStorage>,
        pub registered_at: Option<Timestamp>,
        pub deregistered_at: Option<Timestamp>,
        pub registered_by: Option<String>,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>
    pub struct RuntimePlatform {
        pub cpu_architecture: Option<String>,
        pub operating_system_family: Option<String>,
    }
    /// The task's own storage in GiB.
    pub struct EphemeralStorage {
        #[serde(rename = "sizeInGiB")]
        pub size_in_gib: Option<i64>,
    }
    /// A volume containers can mount.
    pub struct Volume {
        pub name: Option<String>,
        pub efs_volume_configuration: Option<EfsVolume>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html>
    pub struct EfsVolume {
        pub file_system_id: Option<String>,
        pub root_directory: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
    pub struct ContainerDefinition {
        pub name: String,
        pub image: Option<String>,
        pub essential: Option<bool>,
        pub cpu: Option<i64>,
        /// Hard limit in MiB.
        pub memory: Option<i64>,
        /// Soft limit in MiB.
        pub memory_reservation: Option<i64>,
        pub command: Vec<String>,
        pub entry_point: Vec<String>,
        pub working_directory: Option<String>,
        pub user: Option<String>,
        pub environment: Vec<Variable>,
        pub secrets: Vec<Secret>,
        pub port_mappings: Vec<PortMapping>,
        pub mount_points: Vec<MountPoint>,
        pub depends_on: Vec<Dependency>,
        pub log_configuration: Option<LogConfiguration>,
        pub health_check: Option<HealthCheck>,
        pub readonly_root_filesystem: Option<bool>,
        pub privileged: Option<bool>,
    }
    /// An environment variable; its value never reaches the database.
    pub struct Variable {
        pub name: String,
        pub value: Option<Sealed>,
    }
    /// A variable that ECS fills from Secrets Manager or Parameter Store: the reference, not the value.
    pub struct Secret {
        pub name: String,
        pub value_from: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>
    pub struct PortMapping {
        pub name: Option<String>,
        pub container_port: Option<i64>,
        pub host_port: Option<i64>,
        pub protocol: Option<String>,
        pub app_protocol: Option<String>,
    }
    /// Where a volume appears in the container.
    pub struct MountPoint {
        pub source_volume: Option<String>,
        pub container_path: Option<String>,
        pub read_only: Option<bool>,
    }
    /// Which container must be how far before this one starts.
    pub struct Dependency {
        pub container_name: Option<String>,
        pub condition: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
    pub struct LogConfiguration {
        pub log_driver: Option<String>,
        /// Texts; those that may be secrets are sealed.
        pub options: BTreeMap<String, Value>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>
    pub struct HealthCheck {
        pub command: Vec<String>,
        pub interval: Option<i64>,
        pub timeout: Option<i64>,
        pub retries: Option<i64>,
        pub start_period: Option<i64>,
    }
}

impl ContainerDefinition {
    /// The log group it writes to, and the region that is in, when it uses the awslogs driver.
    pub fn log_group(&self) -> Option<(&str, Option<&str>)> {
        let log = self.log_configuration.as_ref().filter(|l| l.log_driver.as_deref() == Some("awslogs"))?;
        let option = |name: &str| log.options.get(name).and_then(Value::as_str);
        Some((option("awslogs-group")?, option("awslogs-region")))
    }

    /// What the names of its log streams begin with: of all its tasks, or the whole name for one task, given its id and the container's
    /// runtime id. `None` where streams are named by the container runtime alone and no task is given: any stream may be its own.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html>
    pub fn log_stream(&self, task: Option<(&str, Option<&str>)>) -> Option<String> {
        let options = &self.log_configuration.as_ref()?.options;
        let prefix = options.get("awslogs-stream-prefix").and_then(Value::as_str).filter(|p| !p.is_empty());
        match (prefix, task) {
            (Some(prefix), None) => Some(format!("{prefix}/{}/", self.name)),
            (Some(prefix), Some((id, _))) => Some(format!("{prefix}/{}/{id}", self.name)),
            (None, task) => task.and_then(|(_, runtime)| runtime).map(str::to_owned),
        }
    }
}

impl TaskDefinition {
    /// The words of a revision that was deregistered: what runs it goes on, and nothing new can.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html>
    pub const DEREGISTERED: &'static [&'static str] = &["INACTIVE", "DELETE_IN_PROGRESS"];

    /// What the ARNs of all revisions in an account and region begin with; `family:revision` follows.
    pub fn arns(scope: &Scope) -> String {
        format!("arn:{}:ecs:{}:{}:task-definition/", partition(&scope.region), scope.region, scope.account)
    }

    fn log_groups(&self, scope: &Scope) -> Vec<Link> {
        let groups = self.container_definitions.iter().filter_map(|c| Some((c, c.log_group()?)));
        let links = groups.map(|(container, (group, region))| {
            let scope = match region.map(crate::identity::Region::parse) {
                Some(Ok(region)) => Scope::new(scope.account.clone(), region),
                _ => scope.clone(),
            };
            Link::new(Relation::Logs, crate::logs::arn(&scope, group)).noting(Some(container.name.clone()))
        });
        links.collect()
    }
}

impl Model for TaskDefinition {
    const KIND: Kind = Kind::TaskDefinition;
    const COLUMNS: &'static [Column] = &[
        Column::text("family", "Family").facet().hidden(),
        Column::number("revision", "Revision").form(Form::Exact).hidden(),
        Column::text("containers", "Containers"),
        Column::text("images", "Images"),
        Column::number("cpu", "CPU").unit("units"),
        Column::number("memory", "Memory").unit("MiB"),
        Column::text("compatibility", "Compatibility").facet().word().hidden(),
        Column::text("platform", "Platform").facet().word(),
        Column::text("registered", "Registered"),
        Column::text("network", "Network mode").facet().hidden(),
        Column::text("role", "Task role").hidden(),
    ];
    const READING: i16 = 3;
    // A revision never changes; two of them differ in these by their nature.
    const NOISE: &'static [&'static str] = &["taskDefinitionArn", "revision", "registeredAt", "registeredBy", "status"];
    fn id(&self) -> String {
        match self.family.as_str() {
            "" => String::new(),
            family => format!("{family}:{}", self.revision),
        }
    }
    fn name(&self) -> String {
        self.id()
    }
    fn arn(&self) -> Option<String> {
        self.task_definition_arn.clone()
    }
    fn state(&self) -> Option<State> {
        let word = self.status.as_ref()?;
        let tone = match word.as_str() {
            "ACTIVE" => Tone::Good,
            "DELETE_IN_PROGRESS" => Tone::Busy,
            _ => Tone::Quiet,
        };
        Some(State::new(word, tone))
    }
    fn tags(&self) -> BTreeMap<String, String> {
        super::tags(&self.tags)
    }
    fn created(&self) -> Option<Millis> {
        self.registered_at.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let list = |words: Vec<String>| if words.is_empty() { Cell::None } else { Cell::List(words) };
        let number =
            |text: &Option<String>| text.as_ref().and_then(|t| t.parse().ok()).map_or(Cell::None, Cell::Number);
        let wants = if self.requires_compatibilities.is_empty() {
            &self.compatibilities
        } else {
            &self.requires_compatibilities
        };
        let platform = self.runtime_platform.as_ref().map(|p| {
            let words = [p.operating_system_family.as_deref(), p.cpu_architecture.as_deref()];
            words.into_iter().flatten().collect::<Vec<_>>().join("/")
        });
        let images = self.container_definitions.iter().filter_map(|c| c.image.as_deref());
        vec![
            Cell::text(&self.family),
            Cell::Number(self.revision),
            list(self.container_definitions.iter().map(|c| c.name.clone()).collect()),
            list(images.map(|image| last(image).to_owned()).collect()),
            number(&self.cpu),
            number(&self.memory),
            list(wants.clone()),
            Cell::opt(platform),
            Cell::time(self.created()),
            Cell::opt(self.network_mode.clone()),
            self.task_role_arn.as_ref().map_or(Cell::None, |arn| Cell::Ref(arn.clone(), last(arn).to_owned())),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let mut links = self.log_groups(scope);
        links.extend(self.task_role_arn.iter().map(|arn| Link::new(Relation::Role, arn)));
        links.extend(self.execution_role_arn.iter().map(|arn| Link::new(Relation::ExecutionRole, arn)));
        links.extend(self.container_definitions.iter().filter_map(|c| {
            let image = c.image.as_deref().filter(|image| !image.is_empty())?;
            Some(Link::new(Relation::Image, reference::to_image(image)).noting(Some(c.name.clone())))
        }));
        links
    }
}
