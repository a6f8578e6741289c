//! What a service tells about itself: counts, the state of its roll-out, and its events, all from its tasks.

use serde_json::{Value, json};

use super::task::{drop_empty, seed};
use super::view::{Cluster, Seen};
use crate::gateway::upstream::Scope;

/// AWS keeps the last hundred events of a service.
const EVENTS: usize = 100;
/// From here on ECS says that it cannot start tasks, and a circuit breaker gives a deployment up.
pub const MANY_FAILURES: usize = 3;

/// Running and pending tasks.
pub fn count<'a>(tasks: impl Iterator<Item = &'a Value>) -> (u64, u64) {
    tasks.fold((0, 0), |(running, pending), task| match task["lastStatus"].as_str() {
        Some("RUNNING") => (running + 1, pending),
        Some("PROVISIONING" | "PENDING" | "ACTIVATING") => (running, pending + 1),
        _ => (running, pending),
    })
}

/// Whether a task ended because it could not do its work.
pub fn failed(task: &Value) -> bool {
    matches!(task["stopCode"].as_str(), Some("TaskFailedToStart" | "EssentialContainerExited"))
}

/// The tasks of a service.
pub fn tasks_of<'a>(service: &Value, view: &'a Cluster) -> Vec<&'a Seen> {
    let group = format!("service:{}", service["serviceName"].as_str().unwrap_or_default());
    view.tasks.iter().filter(|seen| seen.shown["group"] == group.as_str()).collect()
}

/// Completes a service's record.
pub fn tell(service: &mut Value, view: &Cluster, scope: &Scope, now: f64) {
    let tasks: Vec<&Value> = tasks_of(service, view).into_iter().map(|seen| &seen.shown).collect();
    let doomed = tasks_of(service, view).iter().any(|seen| seen.end.is_some());
    let (running, pending) = count(tasks.iter().copied());
    service["runningCount"] = running.into();
    service["pendingCount"] = pending.into();
    let desired = service["desiredCount"].as_u64().unwrap_or(0);
    let fargate = service["launchType"] == "FARGATE" || !service["capacityProviderStrategy"].is_null();
    let facts =
        ["launchType", "networkConfiguration", "capacityProviderStrategy"].map(|name| (name, service[name].clone()));
    let breaker = service["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] == true;
    for deployment in service["deployments"].as_array_mut().into_iter().flatten() {
        let own: Vec<&Value> = tasks.iter().copied().filter(|task| task["startedBy"] == deployment["id"]).collect();
        rollout(deployment, &own, desired, doomed, breaker, now);
        for (name, value) in &facts {
            if !value.is_null() {
                deployment[*name] = value.clone();
            }
        }
        if !facts[2].1.is_null()
            && let Some(deployment) = deployment.as_object_mut()
        {
            deployment.remove("launchType");
        }
        if fargate {
            deployment["platformVersion"] = "1.4.0".into();
            deployment["platformFamily"] = "Linux".into();
        }
    }
    if fargate {
        service["platformFamily"] = "Linux".into();
    }
    service["roleArn"] =
        format!("arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", scope.account).into();
    service["events"] = events(service, &tasks, running, desired, doomed).into();
    if let Some(service) = service.as_object_mut() {
        drop_empty(service);
    }
}

fn rollout(deployment: &mut Value, tasks: &[&Value], desired: u64, doomed: bool, breaker: bool, now: f64) {
    let (running, pending) = count(tasks.iter().copied());
    let failures = tasks.iter().filter(|task| failed(task)).count();
    deployment["runningCount"] = running.into();
    deployment["pendingCount"] = pending.into();
    deployment["failedTasks"] = failures.into();
    let id = deployment["id"].as_str().unwrap_or_default().to_owned();
    if deployment["status"] != "PRIMARY" {
        return;
    }
    let age = now - deployment["createdAt"].as_f64().unwrap_or(now);
    let broken = failures > 0 || doomed;
    let (state, reason) = if breaker && failures >= MANY_FAILURES {
        ("FAILED", "ECS deployment circuit breaker: tasks failed to start.".to_owned())
    } else if !broken && (running >= desired || age > 600.0) {
        // Once complete, a roll-out stays so while tasks are replaced.
        ("COMPLETED", format!("ECS deployment {id} completed."))
    } else {
        ("IN_PROGRESS", format!("ECS deployment {id} in progress."))
    };
    deployment["rolloutState"] = state.into();
    deployment["rolloutStateReason"] = reason.into();
}

/// The events, newest first, in the words ECS uses.
fn events(service: &Value, tasks: &[&Value], running: u64, desired: u64, doomed: bool) -> Vec<Value> {
    let name = service["serviceName"].as_str().unwrap_or_default();
    let mut told: Vec<(f64, String)> = Vec::new();
    let id =
        |task: &Value| task["taskArn"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned();

    // Tasks that were created together are told together.
    let mut created: Vec<(f64, Vec<String>)> = Vec::new();
    let mut sorted: Vec<&Value> = tasks.to_vec();
    sorted.sort_by(|a, b| {
        a["createdAt"].as_f64().unwrap_or_default().total_cmp(&b["createdAt"].as_f64().unwrap_or_default())
    });
    for task in sorted {
        let at = task["createdAt"].as_f64().unwrap_or_default();
        match created.last_mut() {
            Some((last, ids)) if at - *last < 3.0 => ids.push(id(task)),
            _ => created.push((at, vec![id(task)])),
        }
    }
    for (at, ids) in &created {
        let list = ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ");
        told.push((at + 2.0, format!("(service {name}) has started {} tasks: {list}.", ids.len())));
    }
    let mut failures = Vec::new();
    for task in tasks.iter().filter(|task| task["lastStatus"] == "STOPPED") {
        let at = task["stoppedAt"].as_f64().unwrap_or_default();
        if failed(task) {
            failures.push(at);
        }
        if task["stopCode"] != "TaskFailedToStart" {
            told.push((at, format!("(service {name}) has stopped 1 running tasks: (task {}).", id(task))));
        }
    }
    failures.sort_by(f64::total_cmp);
    if failures.len() >= MANY_FAILURES {
        // ECS says so at every pause it makes, and the pauses grow.
        let text = format!(
            "(service {name}) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        );
        told.extend(failures.iter().skip(MANY_FAILURES - 1).step_by(2).map(|at| (at + 1.0, text.clone())));
    }
    let started = tasks
        .iter()
        .filter(|task| task["lastStatus"] == "RUNNING")
        .filter_map(|task| task["startedAt"].as_f64())
        .fold(0.0, f64::max);
    if started > 0.0 {
        for balancer in service["loadBalancers"].as_array().into_iter().flatten() {
            if let Some(group) = balancer["targetGroupArn"].as_str() {
                told.push((
                    started + 1.0,
                    format!("(service {name}) registered {running} targets in (target-group {group})"),
                ));
            }
        }
        if running >= desired && !doomed {
            if let Some(deployment) = service["deployments"][0]["id"].as_str() {
                told.push((started + 3.0, format!("(service {name}) (deployment {deployment}) deployment completed.")));
            }
            told.push((started + 4.0, format!("(service {name}) has reached a steady state.")));
        }
    }
    told.sort_by(|a, b| b.0.total_cmp(&a.0));
    told.truncate(EVENTS);
    let arn = service["serviceArn"].as_str().unwrap_or_default();
    told.into_iter()
        .map(|(at, message)| {
            let hash = seed(&format!("{arn}{at}{message}"));
            let hex = format!("{hash:016x}{:016x}", hash.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let id = format!("{}-{}-4{}-a{}-{}", &hex[0..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]);
            json!({ "id": id, "createdAt": at, "message": message })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fate::Fate;
    use super::*;

    fn task(id: &str, status: &str, created: f64) -> Value {
        json!({ "taskArn": format!("arn:aws:ecs:r:1:task/c/{id}"), "group": "service:web", "lastStatus": status, "createdAt": created, "startedAt": created + 10.0, "startedBy": "ecs-svc/1" })
    }

    fn service() -> Value {
        json!({ "serviceArn": "arn:s", "serviceName": "web", "desiredCount": 2, "launchType": "FARGATE", "roleArn": "", "loadBalancers": [{ "targetGroupArn": "arn:tg" }],
            "deployments": [{ "id": "ecs-svc/1", "status": "PRIMARY", "createdAt": 1000.0, "taskDefinition": "td" }] })
    }

    fn told(tasks: Vec<(Value, bool)>) -> Value {
        let end = Fate::CannotPull { image: "x".into() }.end(1);
        let tasks = tasks
            .into_iter()
            .map(|(shown, doomed)| Seen { shown, end: if doomed { end.clone() } else { None } })
            .collect();
        let mut service = service();
        tell(
            &mut service,
            &Cluster { at: 1100.0, services: vec![], tasks },
            &Scope { account: "1".into(), region: "r".into() },
            1100.0,
        );
        service
    }

    #[test]
    fn a_healthy_service_reaches_a_steady_state() {
        let service = told(vec![(task("a", "RUNNING", 1000.0), false), (task("b", "RUNNING", 1001.0), false)]);
        assert_eq!(service["runningCount"], 2);
        assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
        let messages: Vec<&str> =
            service["events"].as_array().unwrap().iter().filter_map(|event| event["message"].as_str()).collect();
        assert_eq!(messages[0], "(service web) has reached a steady state.");
        assert_eq!(messages.last(), Some(&"(service web) has started 2 tasks: (task a) (task b)."));
        assert!(messages.iter().any(|message| message.contains("registered 2 targets in (target-group arn:tg)")));
    }

    #[test]
    fn a_broken_service_says_so_and_never_completes() {
        let mut tasks: Vec<(Value, bool)> = (0..4)
            .map(|number| {
                let mut task = task(&number.to_string(), "STOPPED", 1000.0 + f64::from(number) * 20.0);
                task["stopCode"] = "TaskFailedToStart".into();
                task["stoppedAt"] = (1015.0 + f64::from(number) * 20.0).into();
                (task, false)
            })
            .collect();
        tasks.push((task("p", "PENDING", 1095.0), true));
        let service = told(tasks);
        assert_eq!((service["runningCount"].as_u64(), service["pendingCount"].as_u64()), (Some(0), Some(1)));
        assert_eq!(service["deployments"][0]["rolloutState"], "IN_PROGRESS");
        assert_eq!(service["deployments"][0]["failedTasks"], 4);
        assert!(service["events"].to_string().contains("unable to consistently start tasks"));
        assert!(!service["events"].to_string().contains("steady state"));
    }
}
