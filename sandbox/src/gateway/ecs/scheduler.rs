//! The ECS scheduler's work, which the emulator does not do: tasks end when their fate says so, services replace
//! what they lost, running services have CPU and memory figures, and running containers print.
//!
//! All of it goes through the same API as everybody's calls, so what happens here is what the lists show.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::response::Response;
use serde_json::{Value, json};

use super::view::{self, Cluster};
use super::{TARGET, deployments, lock, now, print, story, targets, task};
use crate::gateway::Gateway;
use crate::gateway::upstream::Scope;
use crate::report::{ACCOUNTS, REGIONS};

const ROUND: Duration = Duration::from_secs(4);
const METRICS: Duration = Duration::from_secs(60);

/// Works until the process ends.
pub async fn run(gateway: &Gateway) {
    let mut measured = Instant::now().checked_sub(METRICS);
    loop {
        tokio::time::sleep(ROUND).await;
        let measure = measured.is_none_or(|at| at.elapsed() >= METRICS);
        if measure {
            measured = Some(Instant::now());
        }
        for scope in scopes(gateway) {
            if round(gateway, &scope, measure).await.is_err() {
                // The emulator is away or starting again: the next round finds out.
                tracing::debug!(account = scope.account, region = scope.region, "the ECS round was cut short");
            }
        }
    }
}

fn scopes(gateway: &Gateway) -> BTreeSet<Scope> {
    let own = ACCOUNTS
        .iter()
        .flat_map(|account| REGIONS.map(|region| Scope { account: account.id.to_owned(), region: region.to_owned() }));
    own.chain(lock(&gateway.ecs.scopes).iter().cloned()).collect()
}

async fn round(gateway: &Gateway, scope: &Scope, measure: bool) -> Result<(), Response> {
    let clusters = ask(gateway, scope, "ListClusters", json!({})).await?["clusterArns"].take();
    for cluster in clusters.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let view = view::cluster(gateway, scope, cluster).await?;
        let now = now();
        deployments::look(gateway, scope, &view).await;
        for seen in &view.tasks {
            let age = now - seen.shown["createdAt"].as_f64().unwrap_or(now);
            if let Some(end) = seen.end.as_ref().filter(|end| age >= end.after) {
                ask(
                    gateway,
                    scope,
                    "StopTask",
                    json!({ "cluster": cluster, "task": seen.shown["taskArn"], "reason": task::encode(end) }),
                )
                .await?;
            }
        }
        if measure {
            for seen in &view.tasks {
                print::send(gateway, scope, &seen.shown, now - METRICS.as_secs_f64(), now).await?;
            }
        }
        for service in view.services.iter().filter(|service| service["status"] == "ACTIVE") {
            if should_replace(service, &view, now) {
                let request = json!({ "cluster": cluster, "service": service["serviceName"], "desiredCount": service["desiredCount"] });
                ask(gateway, scope, "UpdateService", request).await?;
            }
            targets::follow(gateway, scope, service, &view).await?;
            if measure {
                put_metrics(gateway, scope, cluster, service, &view, now).await?;
            }
        }
    }
    Ok(())
}

async fn ask(gateway: &Gateway, scope: &Scope, operation: &str, request: Value) -> Result<Value, Response> {
    gateway.upstream.ask(scope, "ecs", &format!("{TARGET}.{operation}"), &request).await
}

/// Whether a service should start what it lacks now. ECS waits longer after each failure
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html>).
fn should_replace(service: &Value, view: &Cluster, now: f64) -> bool {
    let desired = service["desiredCount"].as_u64().unwrap_or(0);
    let tasks = story::tasks_of(service, view);
    let (running, pending) = story::count(tasks.iter().map(|seen| &seen.shown));
    if running + pending >= desired {
        return false;
    }
    let failures: Vec<f64> = tasks
        .iter()
        .filter(|seen| story::failed(&seen.shown))
        .filter_map(|seen| seen.shown["stoppedAt"].as_f64())
        .collect();
    if service["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] == true && failures.len() >= 3 {
        return false;
    }
    let last = failures.iter().copied().fold(0.0, f64::max);
    now - last >= pause(failures.len())
}

/// Seconds to wait after so many failures within the hour.
fn pause(failures: usize) -> f64 {
    match failures {
        0 => 0.0,
        1..=4 => 5.0,
        5..=10 => 60.0,
        _ => 300.0,
    }
}

async fn put_metrics(
    gateway: &Gateway,
    scope: &Scope,
    cluster: &str,
    service: &Value,
    view: &Cluster,
    now: f64,
) -> Result<(), Response> {
    let tasks = story::tasks_of(service, view);
    let (running, _) = story::count(tasks.iter().map(|seen| &seen.shown));
    if running == 0 {
        return Ok(());
    }
    let name = service["serviceName"].as_str().unwrap_or_default();
    let swells = tasks.iter().any(|seen| {
        seen.end.as_ref().is_some_and(|end| end.container.as_ref().is_some_and(|(_, code, _)| *code == Some(137)))
    });
    let (cpu, memory) = utilization(service["serviceArn"].as_str().unwrap_or_default(), now, swells);
    let dimensions = json!([{ "Name": "ClusterName", "Value": cluster.rsplit('/').next() }, { "Name": "ServiceName", "Value": name }]);
    let datum = |metric: &str, value: f64| json!({ "MetricName": metric, "Dimensions": dimensions, "Timestamp": now, "Value": value, "Unit": "Percent" });
    let request = json!({ "Namespace": "AWS/ECS", "MetricData": [datum("CPUUtilization", cpu), datum("MemoryUtilization", memory)] });
    gateway.upstream.ask(scope, "monitoring", "GraniteServiceVersion20100801.PutMetricData", &request).await.map(|_| ())
}

/// CPU and memory of a service in percent, made by the sandbox: no container runs. They follow from the service's
/// name and the clock alone, so that they are the same at every look: a day's wave, a short one, and some noise.
fn utilization(arn: &str, now: f64, swells: bool) -> (f64, f64) {
    let seed = task::seed(arn);
    let level = 12.0 + (seed % 35) as f64;
    let phase = (seed >> 8) % 86_400;
    let day = ((now + phase as f64) / 86_400.0 * std::f64::consts::TAU).sin();
    let short = ((now + phase as f64) / 900.0 * std::f64::consts::TAU).sin();
    let noise = (task::seed(&format!("{arn}{}", (now / 60.0).floor())) % 1000) as f64 / 1000.0;
    let cpu = (level * (1.0 + 0.35 * day + 0.15 * short) + 6.0 * noise).clamp(1.0, 98.0);
    let memory = if swells {
        88.0 + 12.0 * noise
    } else {
        (35.0 + ((seed >> 16) % 30) as f64 + 4.0 * day + 2.0 * noise).clamp(1.0, 98.0)
    };
    ((cpu * 100.0).round() / 100.0, (memory * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_percentages_and_repeatable() {
        for minute in 0..2000 {
            let (cpu, memory) =
                utilization("arn:aws:ecs:eu-west-1:1:service/c/web", f64::from(minute) * 60.0, minute % 2 == 0);
            assert!((0.0..=100.0).contains(&cpu) && (0.0..=100.0).contains(&memory));
        }
        assert_eq!(utilization("a", 60.0, false), utilization("a", 60.0, false));
    }

    #[test]
    fn waits_longer_after_each_failure() {
        assert!(pause(0) < pause(1) && pause(4) < pause(5) && pause(10) < pause(11));
    }
}
