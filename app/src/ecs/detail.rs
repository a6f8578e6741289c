//! The tabs of ECS's resources.

use domain::Kind;
use domain::ecs::{Service, Task, TaskDefinition};
use domain::listing::Detail;
use leptos::prelude::*;

use super::{cluster, deployments, logs, network, service, task, task_definition};
use crate::resource::{DetailSpec, Tab, generic};
use crate::sections::live;

const SERVICE: &[Tab] = &[
    Tab::new("overview", "Overview", service::tab),
    Tab::new("deployments", "Deployments", deployments::tab),
    Tab::new("tasks", "Tasks", service::tasks),
    Tab::new("events", "Events", |s| live::<Service>(s, service::events)),
    Tab::new("configuration", "Configuration", |s| live::<Service>(s, network::service)),
    Tab::new("logs", "Logs", |s| logs::of_definition(s, logs::of_service)),
];
const TASK: &[Tab] = &[
    Tab::new("overview", "Overview", |s| live::<Task>(s, task::view)),
    Tab::new("logs", "Logs", |s| logs::of_definition(s, logs::of_task)),
];
const DEFINITION: &[Tab] = &[
    Tab::new("overview", "Overview", |s| live::<TaskDefinition>(s, task_definition::view)),
    Tab::new("containers", "Containers", |s| live::<TaskDefinition>(s, task_definition::containers)),
    Tab::new("revisions", "Revisions", task_definition::revisions),
];
const CLUSTER: &[Tab] = &[Tab::new("overview", "Overview", cluster::tab), Tab::new("tasks", "Tasks", cluster::tasks)];

/// The detail page of a kind, if ECS owns it.
pub fn spec(kind: Kind) -> Option<DetailSpec> {
    let banner: Option<fn(&Detail) -> Option<AnyView>> = if kind == Kind::Task { Some(task::why) } else { None };
    let tabs = match kind {
        Kind::Service => SERVICE,
        Kind::Task => TASK,
        Kind::TaskDefinition => DEFINITION,
        Kind::Cluster => CLUSTER,
        _ => return None,
    };
    let facts = if kind == Kind::Task { task::facts } else { generic::facts };
    Some(DetailSpec { facts, tabs, banner, actions: None })
}

/// The words of states in which a task works, or is about to.
pub const RUNNING: &[&str] = &["RUNNING", "UNHEALTHY", "PENDING", "PROVISIONING", "ACTIVATING"];
/// The words of states in which a task has ended, or is about to.
pub const STOPPED: &[&str] = &["STOPPED", "DELETED", "STOPPING", "DEPROVISIONING", "DEACTIVATING"];
