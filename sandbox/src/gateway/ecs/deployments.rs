//! How services were deployed. The emulator tells of running deployments only and lists none: what is seen of them is remembered here,
//! from the first look at a deployment to its end.

mod images;

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::story::{self, MANY_FAILURES};
use super::task::{drop_empty, seed};
use super::view::{self, Cluster};
use crate::gateway::call::json_error;
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, paging};

pub use images::{name_current, pinned};

/// So many of a service are remembered.
const MOST: usize = 50;
/// A page, when the request does not say.
const PAGE: u64 = 20;
/// AWS describes so many at once.
const AT_ONCE: usize = 20;

/// A deployment with the revision of the service that it deploys, each as AWS describes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    deployment: Value,
    revision: Value,
}

/// Looks at the deployments of all services of a cluster.
pub async fn look(gateway: &Gateway, scope: &Scope, view: &Cluster) {
    let mut news = false;
    for service in &view.services {
        if !is_own(service) {
            continue;
        }
        let mut told = service.clone();
        story::tell(&mut told, view, scope, view.at);
        let found = images::found(gateway, scope, &told).await;
        news |= remember(gateway, &told, found, view.at);
    }
    if news {
        gateway.kept.change(|_| ());
    }
}

/// Whether ECS itself deploys it: another controller's deployments are task sets.
fn is_own(service: &Value) -> bool {
    matches!(service["deploymentController"]["type"].as_str(), None | Some("ECS"))
}

/// Remembers what was seen of a service, with the images that were found; whether that is worth writing down.
fn remember(gateway: &Gateway, service: &Value, found: Option<Value>, now: f64) -> bool {
    let Some(arn) = service["serviceArn"].as_str() else { return false };
    let mut kept = gateway.kept.read();
    let known = kept.deployments.entry(arn.to_owned()).or_default();
    let news = note(known, service, now);
    let learned = found.is_some_and(|found| images::learn(known, service, found));
    news || learned
}

/// Remembers what a service tells of its deployments; whether one began or ended.
fn note(known: &mut Vec<Known>, service: &Value, now: f64) -> bool {
    let running = running(service);
    let mut news = false;
    let primary = running.iter().find(|(_, live)| live["status"] == "PRIMARY");
    if let Some((arn, live)) = primary.filter(|(arn, _)| !known.iter().any(|one| one.is(arn))) {
        let one = begun(service, arn, live, known.last());
        known.push(one);
        news = true;
    }
    for one in known.iter_mut().filter(|one| one.deployment["status"] == "IN_PROGRESS") {
        one.follow(&running, service, now);
        news |= one.deployment["status"] != "IN_PROGRESS";
    }
    known.drain(..known.len().saturating_sub(MOST));
    news
}

/// The ARN of something of a service.
fn arn_of(service: &Value, what: &str, id: &str) -> String {
    let arn = service["serviceArn"].as_str().unwrap_or_default();
    format!("{}/{id}", arn.replacen(":service/", &format!(":{what}/"), 1))
}

/// The ARN of the revision that one of the service's own deployments, by its id, deploys.
fn revision(service: &Value, deployment: &str) -> String {
    arn_of(service, "service-revision", &format!("{:019}", seed(deployment) >> 1))
}

/// The deployments that a service tells of, each under the ARN of its revision.
fn running(service: &Value) -> Vec<(String, &Value)> {
    let told = service["deployments"].as_array().into_iter().flatten();
    told.map(|live| (revision(service, live["id"].as_str().unwrap_or_default()), live)).collect()
}

fn begun(service: &Value, revision: &str, live: &Value, before: Option<&Known>) -> Known {
    let id = format!("{:016x}", seed(live["id"].as_str().unwrap_or_default()));
    let began = &live["createdAt"];
    let sources: Vec<Value> =
        before.map(|before| json!({ "arn": before.revision["serviceRevisionArn"] })).into_iter().collect();
    let mut deployment = json!({
        "serviceDeploymentArn": arn_of(service, "service-deployment", &id),
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "createdAt": began,
        "startedAt": began,
        "updatedAt": began,
        "status": "IN_PROGRESS",
        "sourceServiceRevisions": sources,
        "targetServiceRevision": { "arn": revision },
        "deploymentConfiguration": service["deploymentConfiguration"],
        "deploymentCircuitBreaker": { "status": "DISABLED", "failureCount": 0, "threshold": MANY_FAILURES },
    });
    if breaks(&deployment) {
        deployment["deploymentCircuitBreaker"]["status"] = "MONITORING".into();
    }
    let alarms = &service["deploymentConfiguration"]["alarms"]["alarmNames"];
    if alarms.as_array().is_some_and(|alarms| !alarms.is_empty()) {
        // Nobody here looks at alarms.
        deployment["alarms"] = json!({ "status": "DISABLED", "alarmNames": alarms, "triggeredAlarmNames": [] });
    }
    let mut revision = json!({
        "serviceRevisionArn": revision,
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "createdAt": began,
        "loadBalancers": service["loadBalancers"],
    });
    let said = [
        "taskDefinition",
        "launchType",
        "capacityProviderStrategy",
        "platformVersion",
        "platformFamily",
        "networkConfiguration",
    ];
    for name in said {
        revision[name] = live[name].clone();
    }
    for one in [&mut deployment, &mut revision] {
        if let Some(fields) = one.as_object_mut() {
            drop_empty(fields);
        }
    }
    Known { deployment, revision }
}

/// Whether its circuit breaker is on.
fn breaks(deployment: &Value) -> bool {
    deployment["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] == true
}

/// The counts of a revision, as the deployment that runs it tells them.
fn count(summary: &mut Value, running: &[(String, &Value)]) {
    let live = running.iter().find(|(arn, _)| summary["arn"] == arn.as_str()).map(|(_, live)| *live);
    let fields = [
        ("requestedTaskCount", "desiredCount"),
        ("runningTaskCount", "runningCount"),
        ("pendingTaskCount", "pendingCount"),
    ];
    for (field, own) in fields {
        summary[field] = live.and_then(|live| live[own].as_u64()).unwrap_or_default().into();
    }
}

impl Known {
    fn is(&self, revision: &str) -> bool {
        self.revision["serviceRevisionArn"] == revision
    }

    /// What became of one that was in progress, by what the service tells now.
    fn follow(&mut self, running: &[(String, &Value)], service: &Value, now: f64) {
        let live = running.iter().find(|(arn, _)| self.is(arn)).map(|(_, live)| *live);
        for source in self.deployment["sourceServiceRevisions"].as_array_mut().into_iter().flatten() {
            // None of the old one is wanted any more.
            count(source, running);
            source["requestedTaskCount"] = 0.into();
        }
        if let Some(live) = live {
            count(&mut self.deployment["targetServiceRevision"], running);
            let failures = live["failedTasks"].as_u64().unwrap_or_default();
            self.deployment["deploymentCircuitBreaker"]["failureCount"] = failures.into();
        }
        let live = live.filter(|live| live["status"] == "PRIMARY");
        match live.map(|live| (live, live["rolloutState"].as_str())) {
            Some((live, Some("COMPLETED"))) => {
                let words = format!("(deployment {}) deployment completed", live["id"].as_str().unwrap_or_default());
                let mut events = service["events"].as_array().into_iter().flatten();
                let said = events.find(|event| event["message"].as_str().is_some_and(|text| text.contains(&words)));
                let at = said.and_then(|event| event["createdAt"].as_f64()).map_or(now, |at| at.min(now));
                self.end("SUCCESSFUL", "finishedAt", at, "MONITORING_COMPLETE");
            }
            Some((live, Some("FAILED"))) => {
                self.deployment["statusReason"] = live["rolloutStateReason"].clone();
                self.end("STOPPED", "stoppedAt", now, "TRIGGERED");
            }
            Some(_) => {}
            // Looked at before it began, which is told in whole seconds.
            None if now < self.deployment["createdAt"].as_f64().unwrap_or_default() + 1.0 => {}
            // Another took its place before it was complete, or the service went.
            None => self.end("STOPPED", "stoppedAt", now, "MONITORING_COMPLETE"),
        }
    }

    fn end(&mut self, status: &str, moment: &str, at: f64, breaker: &str) {
        self.deployment["status"] = status.into();
        self.deployment[moment] = at.into();
        self.deployment["updatedAt"] = at.into();
        if breaks(&self.deployment) {
            self.deployment["deploymentCircuitBreaker"]["status"] = breaker.into();
        }
    }

    /// As a list tells it.
    fn brief(&self) -> Value {
        let mut brief = json!({ "targetServiceRevisionArn": self.deployment["targetServiceRevision"]["arn"] });
        let same = [
            "serviceDeploymentArn",
            "serviceArn",
            "clusterArn",
            "createdAt",
            "startedAt",
            "finishedAt",
            "status",
            "statusReason",
        ];
        for name in same {
            brief[name] = self.deployment[name].clone();
        }
        if let Some(fields) = brief.as_object_mut() {
            drop_empty(fields);
        }
        brief
    }

    /// Whether a list is to have it.
    fn is_asked_for(&self, request: &Value) -> bool {
        let at = self.deployment["createdAt"].as_f64().unwrap_or_default();
        let states = request["status"].as_array().filter(|states| !states.is_empty());
        states.is_none_or(|states| states.contains(&self.deployment["status"]))
            && request["createdAt"]["after"].as_f64().is_none_or(|after| at > after)
            && request["createdAt"]["before"].as_f64().is_none_or(|before| at < before)
    }
}

/// ListServiceDeployments: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html>
pub async fn list(gateway: &Gateway, scope: &Scope, cluster: &str, request: &Value) -> Result<Value, Response> {
    let view = view::cluster(gateway, scope, cluster).await?;
    let name = request["service"].as_str().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or(name);
    let Some(service) = view.services.iter().find(|service| service["serviceName"] == name) else {
        return Err(json_error(StatusCode::BAD_REQUEST, "ServiceNotFoundException", "Service not found."));
    };
    look(gateway, scope, &view).await;
    let arn = service["serviceArn"].as_str().unwrap_or_default();
    let known = gateway.kept.read().deployments.get(arn).cloned().unwrap_or_default();
    let asked_for = known.iter().rev().filter(|one| one.is_asked_for(request));
    let mut answer = json!({ "serviceDeployments": asked_for.map(Known::brief).collect::<Vec<_>>() });
    paging::cut(&mut answer, "serviceDeployments", request, PAGE);
    Ok(answer)
}

/// DescribeServiceDeployments: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html>
pub async fn describe(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let arns = named(request, "serviceDeploymentArns")?;
    // …:service-deployment/CLUSTER/SERVICE/ID
    let mut clusters: Vec<&str> = arns.iter().filter_map(|arn| arn.split('/').nth(1)).collect();
    clusters.sort_unstable();
    clusters.dedup();
    for cluster in clusters {
        let view = view::cluster(gateway, scope, cluster).await?;
        look(gateway, scope, &view).await;
    }
    Ok(found(gateway, &arns, "serviceDeployments", "serviceDeploymentArn", |one| &one.deployment))
}

/// DescribeServiceRevisions: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html>
pub fn revisions(gateway: &Gateway, request: &Value) -> Result<Value, Response> {
    let arns = named(request, "serviceRevisionArns")?;
    Ok(found(gateway, &arns, "serviceRevisions", "serviceRevisionArn", |one| &one.revision))
}

fn named(request: &Value, field: &str) -> Result<Vec<String>, Response> {
    let arns = request[field].as_array().into_iter().flatten();
    let arns: Vec<String> = arns.filter_map(|arn| arn.as_str().map(str::to_owned)).collect();
    if arns.is_empty() || arns.len() > AT_ONCE {
        let message = format!("{field} needs 1 to {AT_ONCE} ARNs.");
        return Err(json_error(StatusCode::BAD_REQUEST, "InvalidParameterException", &message));
    }
    Ok(arns)
}

fn found(gateway: &Gateway, arns: &[String], list: &str, id: &str, part: fn(&Known) -> &Value) -> Value {
    let kept = gateway.kept.read();
    let (mut found, mut failures) = (vec![], vec![]);
    for arn in arns {
        match kept.deployments.values().flatten().map(part).find(|one| one[id] == arn.as_str()) {
            Some(one) => found.push(one.clone()),
            None => failures.push(json!({ "arn": arn, "reason": "MISSING" })),
        }
    }
    let mut answer = json!({ "failures": failures });
    answer[list] = Value::Array(found);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn deployment(id: &str, definition: &str, status: &str, state: &str, running: u64) -> Value {
        json!({ "id": id, "status": status, "taskDefinition": definition, "createdAt": 1000.0, "launchType": "FARGATE", "desiredCount": 2,
            "runningCount": running, "pendingCount": 2 - running, "failedTasks": 0, "rolloutState": state,
            "rolloutStateReason": "tasks failed to start" })
    }

    pub(super) fn service(deployments: &[Value], breaker: bool) -> Value {
        json!({ "serviceArn": "arn:aws:ecs:r:1:service/c/web", "clusterArn": "arn:aws:ecs:r:1:cluster/c", "serviceName": "web",
            "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": breaker, "rollback": false } }, "deployments": deployments,
            "events": [{ "createdAt": 1012.0, "message": "(service web) (deployment ecs-svc/1) deployment completed." }] })
    }

    #[test]
    fn deployments_are_remembered_from_their_beginning_to_their_end() {
        let mut known = vec![];
        let first = |state: &str, running| deployment("ecs-svc/1", "web:1", "PRIMARY", state, running);
        assert!(note(&mut known, &service(&[first("IN_PROGRESS", 0)], false), 1004.0));
        assert!(!note(&mut known, &service(&[first("IN_PROGRESS", 1)], false), 1008.0), "counts alone need no writing");
        assert_eq!(known[0].deployment["targetServiceRevision"]["runningTaskCount"], 1);
        assert!(note(&mut known, &service(&[first("COMPLETED", 2)], false), 1016.0));
        let told = &known[0].deployment;
        assert_eq!((&told["status"], &told["finishedAt"]), (&json!("SUCCESSFUL"), &json!(1012.0)));
        assert_eq!(told["deploymentCircuitBreaker"]["status"], "DISABLED");
        assert_eq!(known[0].revision["taskDefinition"], "web:1");
        // It stays so while its tasks are replaced later.
        assert!(!note(&mut known, &service(&[first("IN_PROGRESS", 1)], false), 1020.0));

        let old = deployment("ecs-svc/1", "web:1", "ACTIVE", "COMPLETED", 1);
        let second = deployment("ecs-svc/2", "web:2", "PRIMARY", "IN_PROGRESS", 1);
        assert!(note(&mut known, &service(&[second, old], false), 1024.0));
        let source = known[1].deployment["sourceServiceRevisions"][0].clone();
        assert_eq!(source["arn"], known[0].revision["serviceRevisionArn"]);
        assert_eq!((&source["runningTaskCount"], &source["requestedTaskCount"]), (&json!(1), &json!(0)));
        // A third comes before the second is complete.
        let third = deployment("ecs-svc/3", "web:3", "PRIMARY", "IN_PROGRESS", 0);
        let replaced = deployment("ecs-svc/2", "web:2", "ACTIVE", "IN_PROGRESS", 1);
        assert!(note(&mut known, &service(&[third, replaced], false), 1028.0));
        let states: Vec<&str> = known.iter().filter_map(|one| one.deployment["status"].as_str()).collect();
        assert_eq!(states, ["SUCCESSFUL", "STOPPED", "IN_PROGRESS"]);
        assert!(known[1].deployment["statusReason"].is_null());
        let brief = known[1].brief();
        assert!(brief["serviceDeploymentArn"].as_str().is_some_and(|arn| arn.contains(":service-deployment/c/web/")));
        assert!(brief.get("statusReason").is_none() && brief.get("targetServiceRevision").is_none());
    }

    #[test]
    fn a_look_from_before_a_deployment_began_does_not_end_it() {
        let mut known = vec![];
        let mut second = deployment("ecs-svc/2", "web:2", "PRIMARY", "IN_PROGRESS", 0);
        second["createdAt"] = 1020.0.into();
        note(&mut known, &service(&[second], false), 1021.0);
        let older = service(&[deployment("ecs-svc/1", "web:1", "PRIMARY", "COMPLETED", 2)], false);
        note(&mut known, &older, 1020.5);
        assert_eq!(known[0].deployment["status"], "IN_PROGRESS");
        note(&mut known, &older, 1024.0);
        assert_eq!(known[0].deployment["status"], "STOPPED");
    }

    #[test]
    fn a_circuit_breaker_ends_a_deployment_with_its_reason() {
        let mut known = vec![];
        let told = |state: &str| deployment("ecs-svc/1", "web:1", "PRIMARY", state, 0);
        note(&mut known, &service(&[told("IN_PROGRESS")], true), 1004.0);
        assert_eq!(known[0].deployment["deploymentCircuitBreaker"]["status"], "MONITORING");
        let mut failed = told("FAILED");
        failed["failedTasks"] = 3.into();
        note(&mut known, &service(&[failed], true), 1100.0);
        let end = &known[0].deployment;
        assert_eq!((&end["status"], &end["stoppedAt"]), (&json!("STOPPED"), &json!(1100.0)));
        assert_eq!(end["statusReason"], "tasks failed to start");
        assert_eq!(
            end["deploymentCircuitBreaker"],
            json!({ "status": "TRIGGERED", "failureCount": 3, "threshold": 3 })
        );
    }

    #[test]
    fn lists_are_narrowed_as_asked_and_old_ones_forgotten() {
        let mut known = vec![];
        for number in 0..MOST + 5 {
            let id = format!("ecs-svc/{number}");
            note(&mut known, &service(&[deployment(&id, "web:1", "PRIMARY", "IN_PROGRESS", 0)], false), 1004.0);
        }
        assert_eq!(known.len(), MOST);
        let asked_for = |request: Value| known.iter().filter(|one| one.is_asked_for(&request)).count();
        assert_eq!(asked_for(json!({})), MOST);
        assert_eq!(asked_for(json!({ "status": ["IN_PROGRESS"] })), 1);
        assert_eq!(asked_for(json!({ "createdAt": { "before": 1000.0 } })), 0);
        assert_eq!(asked_for(json!({ "createdAt": { "after": 999.0 }, "status": [] })), MOST);
    }
}
