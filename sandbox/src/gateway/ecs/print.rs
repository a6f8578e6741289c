//! What containers print, sent to CloudWatch Logs as the awslogs driver would. Made by the sandbox: no container runs.

use axum::response::Response;
use serde_json::{Value, json};

use super::{task, view};
use crate::gateway::Gateway;
use crate::gateway::upstream::Scope;

/// Seconds between two lines of a container, on average.
const PACE: f64 = 15.0;

/// Sends what the containers of a running task printed between two moments (seconds since 1970).
pub async fn send(gateway: &Gateway, scope: &Scope, shown: &Value, from: f64, to: f64) -> Result<(), Response> {
    if shown["lastStatus"] != "RUNNING" {
        return Ok(());
    }
    let from = from.max(shown["startedAt"].as_f64().unwrap_or(from));
    let definition = view::definition(gateway, scope, shown["taskDefinitionArn"].as_str().unwrap_or_default()).await?;
    for container in definition["containerDefinitions"].as_array().into_iter().flatten() {
        let Some((region, group, stream)) = place(container, shown) else { continue };
        let events = lines(&stream, container["name"].as_str().unwrap_or_default(), from, to);
        if events.is_empty() {
            continue;
        }
        let scope = Scope { account: scope.account.clone(), region: region.unwrap_or(&scope.region).to_owned() };
        let ask = |operation: &'static str, body: Value| {
            let scope = scope.clone();
            async move { gateway.upstream.ask(&scope, "logs", &format!("Logs_20140328.{operation}"), &body).await }
        };
        let stream = json!({ "logGroupName": group, "logStreamName": stream });
        let mut put = stream.clone();
        put["logEvents"] = Value::Array(events);
        // The stream is there after the first time; a group that nobody made keeps its containers silent, as in AWS.
        if ask("PutLogEvents", put.clone()).await.is_err() && ask("CreateLogStream", stream).await.is_ok() {
            let _ = ask("PutLogEvents", put).await;
        }
    }
    Ok(())
}

/// Region, if it is another, group and stream of a container with the awslogs driver.
fn place<'a>(container: &'a Value, task: &Value) -> Option<(Option<&'a str>, &'a str, String)> {
    let logs = &container["logConfiguration"];
    let option = |name: &str| logs["options"][name].as_str();
    let group = option("awslogs-group").filter(|_| logs["logDriver"] == "awslogs")?;
    let id = task["taskArn"].as_str()?.rsplit('/').next()?;
    let stream = format!("{}/{}/{id}", option("awslogs-stream-prefix")?, container["name"].as_str()?);
    Some((option("awslogs-region"), group, stream))
}

/// The same lines for the same stream and time, whoever asks.
fn lines(stream: &str, name: &str, from: f64, to: f64) -> Vec<Value> {
    let beats = (from / PACE).ceil() as i64..(to / PACE).ceil() as i64;
    beats
        .map(|beat| {
            let chance = task::seed(&format!("{stream} {beat}"));
            let at = (beat as f64 * PACE).mul_add(1000.0, (chance % 9_000) as f64) as i64;
            json!({ "timestamp": at.min((to * 1000.0) as i64), "message": line(name, chance) })
        })
        .collect()
}

fn line(name: &str, chance: u64) -> String {
    let pick = |shift: u32, among: u64| (chance >> shift) % among;
    if name == "envoy" {
        let status = if pick(8, 40) == 0 { 503 } else { 200 };
        return format!(
            "\"GET /products/{} HTTP/1.1\" {status} - {} {} \"-\" \"shop\"",
            pick(16, 900),
            200 + pick(24, 9_000),
            2 + pick(40, 90)
        );
    }
    let path = ["/healthz", "/orders", "/products", "/cart", "/search"][pick(4, 5) as usize];
    match pick(8, 30) {
        0 => json!({ "level": "error", "msg": "upstream timed out", "service": name, "path": path, "ms": 5000 }),
        1 | 2 => json!({ "level": "warn", "msg": "slow request", "service": name, "path": path, "ms": 900 + pick(16, 1_500) }),
        3 => json!({ "level": "info", "msg": "connection pool", "service": name, "open": 4 + pick(16, 12), "idle": pick(24, 6) }),
        _ => json!({ "level": "info", "msg": "request", "service": name, "method": "GET", "path": path, "status": 200, "ms": 3 + pick(16, 120) }),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_minutes_print_each_line_once_and_in_their_time() {
        let whole = lines("web/web/1", "web", 600.0, 1200.0);
        let mut parts = lines("web/web/1", "web", 600.0, 660.0);
        parts.extend(lines("web/web/1", "web", 660.0, 1200.0));
        assert_eq!(whole.len(), 40);
        assert_eq!(whole, parts);
        assert!(whole.iter().all(|e| (600_000..=1_200_000).contains(&e["timestamp"].as_i64().unwrap())));
    }

    #[test]
    fn streams_are_named_as_the_driver_names_them() {
        let task = json!({ "taskArn": "arn:aws:ecs:eu-west-1:1:task/shop/0f" });
        let container = json!({ "name": "web", "logConfiguration": { "logDriver": "awslogs",
            "options": { "awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "shop" } } });
        assert_eq!(place(&container, &task), Some((Some("us-east-1"), "/ecs/web", "shop/web/0f".to_owned())));
        assert_eq!(place(&json!({ "name": "web" }), &task), None);
    }
}
