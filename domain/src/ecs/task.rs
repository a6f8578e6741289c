//! A task: containers that run, or ran, together. AWS forgets a stopped task after about an hour; Gantry does not.

use serde_json::Value;
use std::collections::BTreeMap;

use super::{Tag, last};
use crate::document::document;
use crate::history::FieldChange;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::reference;
use crate::resource::{Cell, Column, Form, Link, Model, Relation, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeTasks gives it: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
    pub struct Task {
        pub task_arn: Option<String>,
        pub cluster_arn: Option<String>,
        pub task_definition_arn: Option<String>,
        /// `service:NAME` for tasks of services, `family:NAME` for others.
        pub group: Option<String>,
        pub started_by: Option<String>,
        /// `PROVISIONING`, `PENDING`, `ACTIVATING`, `RUNNING`, `DEACTIVATING`, `STOPPING`, `DEPROVISIONING`, `STOPPED`, `DELETED`.
        pub last_status: Option<String>,
        /// `RUNNING` or `STOPPED`.
        pub desired_status: Option<String>,
        /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
        pub health_status: Option<String>,
        pub containers: Vec<Container>,
        /// In CPU units, 1024 for one vCPU.
        pub cpu: Option<String>,
        /// In MiB.
        pub memory: Option<String>,
        pub launch_type: Option<String>,
        pub capacity_provider_name: Option<String>,
        pub platform_version: Option<String>,
        pub platform_family: Option<String>,
        pub availability_zone: Option<String>,
        pub container_instance_arn: Option<String>,
        pub attachments: Vec<Attachment>,
        pub created_at: Option<Timestamp>,
        pub started_at: Option<Timestamp>,
        pub stopping_at: Option<Timestamp>,
        pub stopped_at: Option<Timestamp>,
        /// `TaskFailedToStart`, `EssentialContainerExited`, `UserInitiated`, `ServiceSchedulerInitiated`, `SpotInterruption` …
        pub stop_code: Option<String>,
        pub stopped_reason: Option<String>,
        pub enable_execute_command: Option<bool>,
        pub tags: Vec<Tag>,
    }
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html>
    pub struct Container {
        pub container_arn: Option<String>,
        pub name: String,
        /// As the task definition says it, mostly by tag.
        pub image: Option<String>,
        /// What really runs; absent until it was pulled.
        pub image_digest: Option<String>,
        pub runtime_id: Option<String>,
        pub last_status: Option<String>,
        pub exit_code: Option<i64>,
        pub reason: Option<String>,
        pub health_status: Option<String>,
        pub cpu: Option<String>,
        pub memory: Option<String>,
    }
    /// A network interface and the like.
    pub struct Attachment {
        pub id: Option<String>,
        pub r#type: Option<String>,
        pub status: Option<String>,
        pub details: Vec<Detail>,
    }
    /// `privateIPv4Address`, `subnetId`, `networkInterfaceId` …
    pub struct Detail {
        pub name: Option<String>,
        pub value: Option<String>,
    }
}

impl Container {
    /// Its image by digest when that is known, else as the task definition says.
    pub fn image_reference(&self) -> Option<String> {
        let image = self.image.as_deref().filter(|image| !image.is_empty())?;
        Some(match &self.image_digest {
            Some(digest) => reference::by_digest(image, digest),
            None => reference::to_image(image),
        })
    }
}

impl Task {
    /// The states of a task that runs.
    pub const RUNNING: &'static [&'static str] = &["RUNNING", "UNHEALTHY"];
    /// The states of a task that has ended: kept for reading, not counted.
    pub const ENDED: &'static [&'static str] = &["STOPPED", "DELETED"];
    /// The states of a task that has not.
    pub const NOT_ENDED: &'static [&'static str] = &[
        "PROVISIONING",
        "PENDING",
        "ACTIVATING",
        "RUNNING",
        "UNHEALTHY",
        "DEACTIVATING",
        "STOPPING",
        "DEPROVISIONING",
    ];

    /// The name of its cluster.
    pub fn cluster(&self) -> &str {
        self.cluster_arn.as_deref().map(last).unwrap_or_default()
    }

    /// Its id: 32 hexadecimal digits.
    pub fn task_id(&self) -> &str {
        self.task_arn.as_deref().map(last).unwrap_or_default()
    }

    /// The service it belongs to.
    pub fn service(&self) -> Option<&str> {
        self.group.as_deref()?.strip_prefix("service:")
    }

    /// A detail of its attachments, such as `privateIPv4Address`.
    pub fn attachment_detail(&self, name: &str) -> Option<&str> {
        let details = self.attachments.iter().flat_map(|a| &a.details);
        details.filter(|d| d.name.as_deref() == Some(name)).find_map(|d| d.value.as_deref())
    }

    /// Why it stopped, with what each container said of it: `Essential container in task exited; web: exit code 137, OutOfMemoryError`.
    pub fn why_stopped(&self) -> Option<String> {
        let containers = self.containers.iter().filter_map(|c| {
            let code = c.exit_code.filter(|code| *code != 0).map(|code| format!("exit code {code}"));
            // ECS repeats what kept a container from starting as the reason of the whole task.
            let said = |reason: &&String| self.stopped_reason.as_ref().is_some_and(|whole| whole.contains(*reason));
            let reason = c.reason.as_ref().filter(|reason| !said(reason)).cloned();
            let parts: Vec<String> = code.into_iter().chain(reason).collect();
            (!parts.is_empty()).then(|| format!("{}: {}", c.name, parts.join(", ")))
        });
        let parts: Vec<String> =
            self.stopped_reason.clone().filter(|r| !r.is_empty()).into_iter().chain(containers).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn failed(&self) -> bool {
        let exit = self.containers.iter().any(|c| c.exit_code.is_some_and(|code| code != 0));
        match self.stop_code.as_deref() {
            Some("TaskFailedToStart") => true,
            // What a service stops is scaled in or replaced, unless it says `Task failed ELB health checks in (…)` or `… container health checks`.
            // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
            Some("ServiceSchedulerInitiated") => {
                self.stopped_reason.as_deref().is_some_and(|reason| reason.contains("health check"))
            }
            // Stopped from outside: containers that are told to end often answer with 143 or 137.
            Some("UserInitiated" | "SpotInterruption" | "TerminationNotice") => false,
            _ => exit || self.containers.iter().any(|c| c.reason.is_some()),
        }
    }
}

impl Model for Task {
    const KIND: Kind = Kind::Task;
    const COLUMNS: &'static [Column] = &[
        // Its name begins with it.
        Column::text("service", "Service").facet().hidden(),
        Column::text("cluster", "Cluster").facet().hidden(),
        // The state says when it is bad.
        Column::text("health", "Health").facet().word().hidden(),
        // Who waits for its image, or never got it, is as new as those that were created with it.
        Column::text("started", "Started").instead("created"),
        Column::text("stopped", "Stopped").hidden(),
        Column::text("reason", "Stopped because").form(Form::Sentence),
        Column::text("definition", "Task definition").facet(),
        Column::number("cpu", "CPU").unit("units").hidden(),
        Column::number("memory", "Memory").unit("MiB").hidden(),
        Column::text("address", "Private address").hidden(),
        Column::text("launch", "Launch type").facet().form(Form::Capacity).hidden(),
        Column::text("zone", "Zone").facet().hidden(),
        Column::text("started_by", "Started by").hidden(),
        Column::text("created", "Created").hidden(),
    ];
    const NOISE: &'static [&'static str] = &[
        "version",
        "connectivity",
        "connectivityAt",
        "pullStartedAt",
        "pullStoppedAt",
        "executionStoppedAt",
        "stoppingAt",
        // Said by the status.
        "startedAt",
        "stoppedAt",
        "desiredStatus",
        // Filled in while it starts.
        "attachments",
        "availabilityZone",
        "capacityProviderName",
        "containerInstanceArn",
        "platformVersion",
        "containers.*.imageDigest",
        "containers.*.runtimeId",
        "containers.*.lastStatus",
        "containers.*.managedAgents",
        "containers.*.networkInterfaces",
        "containers.*.networkBindings",
    ];
    /// It runs, it stopped, its health went bad or came back.
    fn tells(change: &FieldChange) -> bool {
        let is = |side: &Option<Value>, words: &[&str]| {
            side.as_ref().and_then(Value::as_str).is_some_and(|word| words.contains(&word))
        };
        match change.path.rsplit('.').next() {
            Some("lastStatus") => is(&change.after, &["RUNNING", "STOPPED"]),
            Some("healthStatus") => is(&change.after, &["UNHEALTHY"]) || is(&change.before, &["UNHEALTHY"]),
            _ => true,
        }
    }
    fn id(&self) -> String {
        if self.cluster().is_empty() || self.task_id().is_empty() {
            return String::new();
        }
        format!("{}/{}", self.cluster(), self.task_id())
    }
    /// Nobody knows a task by its id: `search 13bc79bd`, the service or family and enough of the id to tell two apart.
    fn name(&self) -> String {
        let family = self.task_definition_arn.as_deref().map(|arn| last(arn).split(':').next().unwrap_or_default());
        let id: String = self.task_id().chars().take(8).collect();
        match self.service().or(family).filter(|owner| !owner.is_empty()) {
            Some(owner) => format!("{owner} {id}"),
            None => self.task_id().to_owned(),
        }
    }
    fn arn(&self) -> Option<String> {
        self.task_arn.clone()
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Cluster, self.cluster().to_owned()))
    }
    fn state(&self) -> Option<State> {
        let word = self.last_status.as_deref()?;
        let state = match word {
            "RUNNING" if self.health_status.as_deref() == Some("UNHEALTHY") => {
                let unhealthy: Vec<&str> = self
                    .containers
                    .iter()
                    .filter(|c| c.health_status.as_deref() == Some("UNHEALTHY"))
                    .map(|c| c.name.as_str())
                    .collect();
                let who = if unhealthy.is_empty() { "The task".to_owned() } else { unhealthy.join(", ") };
                State::new("UNHEALTHY", Tone::Bad).because(Some(format!("{who} fails its health check.")))
            }
            "RUNNING" => State::new(word, Tone::Good),
            // It asks for nothing any more: its service says if something is wrong. But the reason must not be lost.
            "STOPPED" | "DELETED" | "STOPPING" | "DEPROVISIONING" | "DEACTIVATING" => {
                let tone = match (word, self.failed()) {
                    ("STOPPED" | "DELETED", true) => Tone::Warn,
                    ("STOPPED" | "DELETED", false) => Tone::Quiet,
                    _ => Tone::Busy,
                };
                State::new(word, tone).because(self.why_stopped())
            }
            _ => State::new(word, Tone::Busy),
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
        let number =
            |text: &Option<String>| text.as_ref().and_then(|t| t.parse().ok()).map_or(Cell::None, Cell::Number);
        let reference =
            |arn: Option<&String>| arn.map_or(Cell::None, |arn| Cell::Ref(arn.clone(), last(arn).to_owned()));
        vec![
            Cell::opt(self.service()),
            reference(self.cluster_arn.as_ref()),
            Cell::opt(self.health_status.clone()),
            Cell::time(self.started_at.map(|t| t.0)),
            Cell::time(self.stopped_at.map(|t| t.0)),
            Cell::opt(self.why_stopped()),
            reference(self.task_definition_arn.as_ref()),
            number(&self.cpu),
            number(&self.memory),
            self.attachment_detail("privateIPv4Address").map_or(Cell::None, |a| Cell::Mono(a.to_owned())),
            Cell::opt(self.capacity_provider_name.clone().or(self.launch_type.clone())),
            Cell::opt(self.availability_zone.clone()),
            Cell::opt(self.started_by.clone()),
            Cell::time(self.created()),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let mut links: Vec<Link> = vec![];
        links.extend(self.task_definition_arn.iter().map(|arn| Link::new(Relation::Of, arn)));
        links.extend(self.cluster_arn.iter().map(|arn| Link::new(Relation::In, arn)));
        let service = self.service().map(|name| format!("{}/{name}", self.cluster()));
        links.extend(service.and_then(|id| super::link(Relation::In, Kind::Service, scope, &id)));
        links.extend(self.containers.iter().filter_map(|c| {
            let image = c.image_reference()?;
            Some(Link::new(Relation::Image, image).noting(Some(c.name.clone())))
        }));
        let subnet = self.attachment_detail("subnetId");
        links.extend(subnet.and_then(|id| super::link(Relation::Network, Kind::Subnet, scope, id)));
        links
    }
}
