//! Log events and metrics of one resource, read from AWS when asked for ([`domain::services::Telemetry`]).

use async_trait::async_trait;
use domain::policy::{Actor, Permission, decide};
use domain::services::Telemetry;
use domain::stream::{LogEvent, LogPage, Series};
use domain::{Code, Kind, Millis, Problem, ResourceKey};
use gantry_aws::Connections;
use gantry_store::Store;
use serde_json::Value;

use super::follow::Source;
use crate::auth::now;

type Result<T> = std::result::Result<T, Problem>;

/// Events of one answer.
const EVENTS: usize = 200;
/// New events of a followed log taken at once; more is a flood nobody reads.
const FOLLOWED: usize = 1_000;
/// How far back a log is searched for events, in milliseconds: two weeks.
const REACH: i64 = 14 * 86_400_000;
/// The longest filter pattern, in characters.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
const LONGEST_FILTER: usize = 1_024;
/// The longest chart, in minutes: thirty days.
const LONGEST_CHART: u32 = 43_200;

/// Reads logs and metrics through the connections; what belongs to which log is known from the store.
pub struct AwsTelemetry {
    connections: Connections,
    store: Store,
}

impl AwsTelemetry {
    /// Over these.
    pub fn new(connections: Connections, store: Store) -> Self {
        Self { connections, store }
    }

    async fn document(&self, key: &ResourceKey) -> Result<Value> {
        let stored = self.store.get(key).await?;
        Ok(stored.ok_or_else(|| Problem::not_found("Gantry has never seen this resource."))?.doc)
    }

    /// The log groups a resource writes to, in its own account and region.
    async fn groups(&self, key: &ResourceKey) -> Result<Vec<String>> {
        let groups = match key.kind {
            Kind::LogGroup => vec![key.id.clone()],
            Kind::Function => vec![function_group(&self.document(key).await?, &key.id)],
            Kind::TaskDefinition => container_groups(&self.document(key).await?),
            Kind::Service => self.groups_of_task_definition(&self.document(key).await?["taskDefinition"]).await?,
            Kind::Task => self.groups_of_task_definition(&self.document(key).await?["taskDefinitionArn"]).await?,
            kind => return Err(Problem::invalid("key", format!("A {} has no log.", kind.singular()))),
        };
        if groups.is_empty() {
            let message = "None of its containers sends its output to CloudWatch Logs (log driver awslogs).";
            return Err(Problem::new(Code::NotFound, "No log", message));
        }
        Ok(groups)
    }

    /// The latest events of these groups together, oldest first.
    async fn read(
        &self,
        key: &ResourceKey,
        groups: &[String],
        filter: &str,
        start: Millis,
        end: Millis,
        limit: usize,
    ) -> Result<Vec<LogEvent>> {
        let caller = self.connections.caller(&key.scope).await?;
        let each = groups.iter().map(|group| gantry_aws::log_events(&caller, group, filter, start, end, limit));
        let mut events: Vec<LogEvent> = futures::future::try_join_all(each).await?.into_iter().flatten().collect();
        events.sort_by_key(|e| e.at);
        Ok(events.split_off(events.len().saturating_sub(limit)))
    }

    async fn groups_of_task_definition(&self, arn: &Value) -> Result<Vec<String>> {
        let missing = || Problem::not_found("Its task definition has not been collected yet.");
        let key = self.store.resolve(arn.as_str().unwrap_or_default()).await?.ok_or_else(missing)?;
        Ok(container_groups(&self.document(&key).await?))
    }
}

/// A function's log group: the configured one, or the one Lambda makes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html>
fn function_group(doc: &Value, name: &str) -> String {
    let configured = doc["LoggingConfig"]["LogGroup"].as_str().filter(|group| !group.is_empty());
    configured.map_or_else(|| format!("/aws/lambda/{name}"), str::to_owned)
}

/// The awslogs groups of a task definition's containers, each once.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>
fn container_groups(doc: &Value) -> Vec<String> {
    let containers = doc["containerDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut groups: Vec<String> = containers
        .iter()
        .map(|container| &container["logConfiguration"])
        .filter(|logs| logs["logDriver"] == "awslogs")
        .filter_map(|logs| logs["options"]["awslogs-group"].as_str())
        .map(str::to_owned)
        .collect();
    groups.sort();
    groups.dedup();
    groups
}

#[async_trait]
impl Telemetry for AwsTelemetry {
    async fn log(&self, actor: &Actor, key: &ResourceKey, filter: &str, before: Option<Millis>) -> Result<LogPage> {
        decide(actor, Permission::ReadTelemetry)?;
        if filter.chars().count() > LONGEST_FILTER {
            return Err(Problem::invalid(
                "filter",
                format!("A filter pattern has at most {LONGEST_FILTER} characters."),
            ));
        }
        let groups = self.groups(key).await?;
        let now = now();
        let end = before.map_or(now, |before| Millis(before.0.min(now.0).saturating_sub(1)));
        let start = Millis(end.0.saturating_sub(REACH));
        let events = self.read(key, &groups, filter, start, end, EVENTS).await?;
        Ok(LogPage { events, group: groups.join(", "), now })
    }

    async fn metrics(&self, actor: &Actor, key: &ResourceKey, minutes: u32) -> Result<Vec<Series>> {
        decide(actor, Permission::ReadTelemetry)?;
        if !(5..=LONGEST_CHART).contains(&minutes) {
            return Err(Problem::invalid("minutes", format!("A chart covers between 5 and {LONGEST_CHART} minutes.")));
        }
        let caller = self.connections.caller(&key.scope).await?;
        let wanted = key.clone();
        let make = move |caller: gantry_aws::Caller| async move {
            gantry_aws::metrics(&caller, &wanted, minutes, now()).await
        };
        // Ten open pages ask once.
        let series = caller.shared("cloudwatch:GetMetricData", &format!("{key} {minutes}"), make).await?;
        Ok(series.as_ref().clone())
    }
}

#[async_trait]
impl Source for AwsTelemetry {
    async fn since(&self, key: &ResourceKey, since: Millis) -> Result<Vec<LogEvent>> {
        let groups = self.groups(key).await?;
        self.read(key, &groups, "", since, now(), FOLLOWED).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn logs_are_found_where_aws_documents_say() {
        assert_eq!(function_group(&json!({}), "a"), "/aws/lambda/a");
        assert_eq!(function_group(&json!({ "LoggingConfig": { "LogGroup": "/shop/all" } }), "a"), "/shop/all");
        let logs = |driver: &str, group: &str| json!({ "logConfiguration": { "logDriver": driver, "options": { "awslogs-group": group } } });
        let doc = json!({ "containerDefinitions": [logs("awslogs", "/b"), logs("awslogs", "/a"), logs("awslogs", "/b"), logs("splunk", "/c"), {}] });
        assert_eq!(container_groups(&doc), ["/a", "/b"]);
        assert!(container_groups(&json!({})).is_empty());
    }
}
