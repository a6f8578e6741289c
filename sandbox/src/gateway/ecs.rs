//! What the emulator's ECS lacks: tasks that take time to start and may fail, network interfaces, image digests,
//! service events and roll-outs that tell what happened, revisions of services and their past deployments, and lists in pages.

pub mod deployments;
pub mod fate;
mod print;
pub mod scheduler;
pub mod story;
mod targets;
pub mod task;
pub mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::call::json_error;
use super::upstream::Scope;
use super::{Answer, Gateway, Read, json as answer_json, paging};
use task::Network;

/// The operations that are answered here.
pub const OPERATIONS: &[&str] = &[
    "CreateService",
    "DescribeClusters",
    "DescribeServiceDeployments",
    "DescribeServiceRevisions",
    "DescribeServices",
    "DescribeTaskDefinition",
    "DescribeTasks",
    "ListClusters",
    "ListServiceDeployments",
    "ListServices",
    "ListTaskDefinitionFamilies",
    "ListTasks",
    "RunTask",
    "UpdateService",
];

/// The protocol's target prefix.
pub const TARGET: &str = "AmazonEC2ContainerServiceV20141113";

/// A list AWS cuts at 100 and, for services, at 10 when the request does not say.
const PAGE: u64 = 100;

/// What was learned from the emulator and need not be asked again soon.
#[derive(Debug, Default)]
pub struct Memory {
    definitions: Mutex<HashMap<String, Arc<Value>>>,
    images: Mutex<HashMap<String, (Instant, view::Image)>>,
    subnets: Mutex<HashMap<String, Network>>,
    ended: Mutex<HashMap<String, Value>>,
    scopes: Mutex<std::collections::BTreeSet<Scope>>,
    /// The addresses registered in each target group.
    targets: Mutex<HashMap<String, std::collections::BTreeSet<String>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Answers one of [`OPERATIONS`].
pub async fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
    lock(&gateway.ecs.scopes).insert(scope.clone());
    let request = read.json()?;
    let cluster = request["cluster"].as_str().unwrap_or("default");
    let answer = match read.call.operation.as_str() {
        "ListTasks" => list_tasks(gateway, &scope, cluster, &request).await?,
        "DescribeTasks" => describe_tasks(gateway, &scope, cluster, read).await?,
        "DescribeServices" => describe_services(gateway, &scope, cluster, read).await?,
        "CreateService" | "UpdateService" => deploy(gateway, &scope, cluster, read).await?,
        "DescribeClusters" => describe_clusters(gateway, &scope, read).await?,
        "ListServiceDeployments" => deployments::list(gateway, &scope, cluster, &request).await?,
        "DescribeServiceDeployments" => deployments::describe(gateway, &scope, &request).await?,
        "DescribeServiceRevisions" => deployments::revisions(gateway, &request)?,
        "RunTask" => run_task(gateway, &scope, cluster, read, &request).await?,
        "DescribeTaskDefinition" => {
            let mut answer = gateway.upstream.pass_json(read).await?;
            if let Some(definition) = answer["taskDefinition"].as_object_mut() {
                task::drop_empty(definition);
            }
            answer
        }
        "ListServices" => {
            let mut answer = gateway.upstream.pass_json(read).await?;
            paging::cut(&mut answer, "serviceArns", &request, 10);
            answer
        }
        "ListClusters" => {
            let mut answer = gateway.upstream.pass_json(read).await?;
            paging::cut(&mut answer, "clusterArns", &request, PAGE);
            answer
        }
        _ => {
            let mut answer = gateway.upstream.pass_json(read).await?;
            paging::cut(&mut answer, "families", &request, PAGE);
            answer
        }
    };
    Ok(answer_json(&answer))
}

async fn list_tasks(
    gateway: &Gateway,
    scope: &Scope,
    cluster: &str,
    request: &Value,
) -> Result<Value, axum::response::Response> {
    let view = view::cluster(gateway, scope, cluster).await?;
    let wanted = |name: &str| request[name].as_str().filter(|text| !text.is_empty());
    let status = wanted("desiredStatus").unwrap_or("RUNNING");
    let service = wanted("serviceName").map(|name| format!("service:{}", name.rsplit('/').next().unwrap_or(name)));
    let arns = view
        .tasks
        .iter()
        .map(|seen| &seen.shown)
        .filter(|task| task["desiredStatus"] == status)
        .filter(|task| service.as_ref().is_none_or(|service| task["group"] == service.as_str()))
        .filter(|task| wanted("startedBy").is_none_or(|by| task["startedBy"] == by))
        .filter(|task| wanted("launchType").is_none_or(|kind| task["launchType"] == kind))
        .filter(|task| {
            wanted("family").is_none_or(|family| {
                task["taskDefinitionArn"].as_str().is_some_and(|arn| arn.contains(&format!("/{family}:")))
            })
        })
        .map(|task| task["taskArn"].clone())
        .collect::<Vec<_>>();
    let mut answer = json!({ "taskArns": arns });
    paging::cut(&mut answer, "taskArns", request, PAGE);
    Ok(answer)
}

async fn describe_tasks(
    gateway: &Gateway,
    scope: &Scope,
    cluster: &str,
    read: &Read<'_>,
) -> Result<Value, axum::response::Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    let view = view::cluster(gateway, scope, cluster).await?;
    let mut forgotten = Vec::new();
    if let Some(tasks) = answer["tasks"].as_array_mut() {
        tasks.retain_mut(|task| match view.tasks.iter().find(|seen| seen.shown["taskArn"] == task["taskArn"]) {
            Some(seen) => {
                let tags = task["tags"].take();
                *task = seen.shown.clone();
                task["tags"] = tags;
                true
            }
            None => {
                forgotten.push(json!({ "arn": task["taskArn"], "reason": "MISSING" }));
                false
            }
        });
    }
    if let Some(failures) = answer["failures"].as_array_mut() {
        failures.extend(forgotten);
    }
    Ok(answer)
}

async fn describe_services(
    gateway: &Gateway,
    scope: &Scope,
    cluster: &str,
    read: &Read<'_>,
) -> Result<Value, axum::response::Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    let view = view::cluster(gateway, scope, cluster).await?;
    deployments::look(gateway, scope, &view).await;
    for service in answer["services"].as_array_mut().into_iter().flatten() {
        story::tell(service, &view, scope, now());
        deployments::name_current(gateway, service);
    }
    Ok(answer)
}

/// Makes or changes a service, and looks at once: what a deployment starts from is looked up as it begins.
async fn deploy(
    gateway: &Gateway,
    scope: &Scope,
    cluster: &str,
    read: &Read<'_>,
) -> Result<Value, axum::response::Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    // It is done, even if it cannot be looked at: the scheduler looks again soon.
    if let Ok(view) = view::cluster(gateway, scope, cluster).await {
        deployments::look(gateway, scope, &view).await;
    }
    if let Some(service) = answer.get_mut("service") {
        deployments::name_current(gateway, service);
    }
    Ok(answer)
}

async fn describe_clusters(
    gateway: &Gateway,
    scope: &Scope,
    read: &Read<'_>,
) -> Result<Value, axum::response::Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    for cluster in answer["clusters"].as_array_mut().into_iter().flatten() {
        let Some(arn) = cluster["clusterArn"].as_str() else { continue };
        let view = view::cluster(gateway, scope, arn).await?;
        let (running, pending) = story::count(view.tasks.iter().map(|seen| &seen.shown));
        cluster["runningTasksCount"] = running.into();
        cluster["pendingTasksCount"] = pending.into();
        for statistic in cluster["statistics"].as_array_mut().into_iter().flatten() {
            match statistic["name"].as_str() {
                Some("runningFargateTasksCount") => statistic["value"] = running.to_string().into(),
                Some("pendingFargateTasksCount") => statistic["value"] = pending.to_string().into(),
                _ => {}
            }
        }
    }
    Ok(answer)
}

/// Starts tasks, after the check every user meets first: a network configuration is needed for `awsvpc`.
async fn run_task(
    gateway: &Gateway,
    scope: &Scope,
    cluster: &str,
    read: &Read<'_>,
    request: &Value,
) -> Result<Value, axum::response::Response> {
    let subnet = request["networkConfiguration"]["awsvpcConfiguration"]["subnets"][0].as_str();
    if let Some(definition) = request["taskDefinition"].as_str()
        && subnet.is_none()
        && view::definition(gateway, scope, definition)
            .await
            .is_ok_and(|definition| definition["networkMode"] == "awsvpc")
    {
        let message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
        return Err(json_error(axum::http::StatusCode::BAD_REQUEST, "InvalidParameterException", message));
    }
    let mut answer = gateway.upstream.pass_json(read).await?;
    let arns: Vec<String> = answer["tasks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|task| task["taskArn"].as_str().map(str::to_owned))
        .collect();
    if let Some(subnet) = subnet {
        gateway.kept.change(|kept| kept.subnets.extend(arns.iter().map(|arn| (arn.clone(), subnet.to_owned()))));
    }
    let view = view::cluster(gateway, scope, cluster).await?;
    for task in answer["tasks"].as_array_mut().into_iter().flatten() {
        if let Some(seen) = view.tasks.iter().find(|seen| seen.shown["taskArn"] == task["taskArn"]) {
            let tags = task["tags"].take();
            *task = seen.shown.clone();
            task["tags"] = tags;
        }
    }
    Ok(answer)
}
