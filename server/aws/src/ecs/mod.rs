//! ECS. Documents are kept as AWS writes them; environment values, also those of overrides, are sealed before anything else sees them.
//!
//! Services and tasks are listed cluster by cluster: a cluster that cannot be read keeps what is known of it, the others go on.

mod clusters;
mod deployments;
mod execute;
mod services;
mod task_definitions;
mod tasks;

pub(crate) use clusters::{collect_capacity_providers, collect_clusters, fetch_capacity_provider, fetch_cluster};
pub use deployments::denied as deployments_denied;
pub(crate) use execute::{all_registered, make, marked, read};
pub(crate) use services::{collect_services, fetch_service};
pub(crate) use task_definitions::{collect_task_definitions, fetch_task_definition};
pub(crate) use tasks::{collect_tasks, fetch_task};

use domain::{Code, Problem};
use serde_json::{Map, Value};

use crate::Caller;
use crate::wire;

/// ECS ends the names of its moments with `At`.
fn is_moment(field: &str) -> bool {
    field.ends_with("At")
}

fn document(raw: Value) -> Value {
    wire::document(raw, is_moment)
}

/// Seals the values of `environment` lists, and options of log drivers and of Docker's volume drivers that may be secrets, wherever they are.
fn seal(caller: &Caller, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| seal(caller, item)),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Array(variables) if name == "environment" => {
                        variables.iter_mut().filter_map(|v| v.get_mut("value")).for_each(|v| wire::seal(caller, v));
                    }
                    Value::Object(options) if name == "options" => seal_but(caller, options, is_shown),
                    Value::Object(options) if name == "driverOpts" => {
                        seal_but(caller, options, |option| VOLUME_SHOWN.contains(&option));
                    }
                    other => seal(caller, other),
                }
            }
        }
        _ => {}
    }
}

/// Seals all options but those that are shown.
fn seal_but(caller: &Caller, options: &mut Map<String, Value>, is_shown: impl Fn(&str) -> bool) {
    let secret = options.iter_mut().filter(|(option, _)| !is_shown(option));
    secret.for_each(|(_, value)| wire::seal(caller, value));
}

/// Options of volume drivers that say what is mounted. All others are sealed: Docker's own driver takes what `mount` does in `o`, also
/// `username=…,password=…`, and plugins take keys under any name.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DockerVolumeConfiguration.html>
const VOLUME_SHOWN: &[&str] = &["type", "device"];

/// Options of log drivers that say where logs go and how, and hold no secret. All others are sealed: drivers and FireLens' plugins take keys
/// under any name, such as `splunk-token`, `apikey`, `http_User`, `Header`, and in addresses.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
const SHOWN: &[&str] = &[
    "auto-create-group",
    "cache-disabled",
    "cache-max-file",
    "cache-max-size",
    "compress",
    "config-file-type",
    "config-file-value",
    "delivery-stream",
    "enable-ecs-log-metadata",
    "format",
    "host",
    "labels",
    "log-driver-buffer-limit",
    "log-group-name",
    "log-key",
    "log-retention-days",
    "log-stream-name",
    "log-stream-prefix",
    "max-buffer-size",
    "max-file",
    "max-size",
    "mode",
    "name",
    "port",
    "region",
    "retry-limit",
    "splunk-format",
    "splunk-index",
    "splunk-source",
    "splunk-sourcetype",
    "stream",
    "tag",
    "tls",
    "tls.verify",
];

fn is_shown(option: &str) -> bool {
    let option = option.to_ascii_lowercase().replace('_', "-");
    option.starts_with("awslogs-") || SHOWN.contains(&option.as_str())
}

/// Of what was asked for by name, ECS says apart what it could not describe. What is missing has just gone; the rest is a problem.
fn failures(operation: &'static str, raw: &Value) -> Result<(), Problem> {
    let failures = raw.get("failures").and_then(Value::as_array).into_iter().flatten();
    let text = |failure: &Value, field: &str| failure.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(failure) = failures.into_iter().find(|f| text(f, "reason") != "MISSING") else { return Ok(()) };
    let reason = text(failure, "reason");
    let code = if reason.contains("ACCESS_DENIED") { Code::AwsDenied } else { Code::AwsRejected };
    let mut problem = Problem::new(code, "AWS could not describe it", format!("{operation} answered {reason}."));
    problem.operation = Some(operation.to_owned());
    problem.iam_action = (code == Code::AwsDenied).then(|| operation.to_owned());
    problem.resource = Some(text(failure, "arn")).filter(|arn| !arn.is_empty());
    Err(problem)
}

#[cfg(test)]
mod execute_tests;
#[cfg(test)]
mod tests;
