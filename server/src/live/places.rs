//! Where a resource writes its log: known from what is stored of it.

use domain::ecs::{Service, Task, TaskDefinition};
use domain::{Code, Kind, Problem, Region, ResourceKey};
use gantry_store::Store;
use serde_json::Value;

type Result<T> = std::result::Result<T, Problem>;

/// Some streams of a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the group is.
    pub region: Region,
    /// The group.
    pub group: String,
    /// What the streams' names begin with; empty for all.
    pub streams: String,
    /// The function whose streams alone are meant; empty for all.
    pub of: String,
}

/// Where a resource writes its log; at least one place.
///
/// # Errors
/// [`Code::Invalid`] for a kind without logs, [`Code::NotFound`] where nothing of it goes to CloudWatch Logs, [`Code::Busy`] while its task
/// definition is not collected, [`Code::Database`].
pub async fn of(store: &Store, key: &ResourceKey) -> Result<Vec<Place>> {
    let whole =
        |group: String| Place { region: key.scope.region.clone(), group, streams: String::new(), of: String::new() };
    let places = match key.kind {
        Kind::LogGroup => vec![whole(key.id.clone())],
        Kind::Function => {
            let (group, of) = function_log(&document(store, key).await?, &key.id);
            vec![Place { of, ..whole(group) }]
        }
        Kind::TaskDefinition => container_places(document(store, key).await?, None, &key.scope.region),
        Kind::Service => {
            let service: Service = serde_json::from_value(document(store, key).await?).unwrap_or_default();
            let definition = definition(store, &Value::from(service.definition())).await?;
            container_places(definition, None, &key.scope.region)
        }
        Kind::Task => {
            let task: Task = serde_json::from_value(document(store, key).await?).unwrap_or_default();
            let definition = definition(store, &Value::from(task.task_definition_arn.clone())).await?;
            container_places(definition, Some((key, &task)), &key.scope.region)
        }
        kind => return Err(Problem::invalid("key", format!("A {} has no log.", kind.singular()))),
    };
    if places.is_empty() {
        let message = "None of its containers sends its output to CloudWatch Logs (log driver awslogs).";
        return Err(Problem::new(Code::NotFound, "No log", message));
    }
    Ok(places)
}

async fn document(store: &Store, key: &ResourceKey) -> Result<Value> {
    let stored = store.get(key).await?;
    Ok(stored.ok_or_else(|| Problem::not_found("Gantry has never seen this resource."))?.doc)
}

async fn definition(store: &Store, arn: &Value) -> Result<Value> {
    let key = store.resolve(arn.as_str().unwrap_or_default()).await?.ok_or_else(uncollected)?;
    document(store, &key).await
}

/// A deployment names a task definition that the next collection brings: asking again helps, so a followed log goes on.
fn uncollected() -> Problem {
    let message = "Gantry has not collected its task definition yet, which says where it logs. Try again in a minute.";
    Problem::new(Code::Busy, "Not collected yet", message)
}

/// A function's log group: the configured one, or the one Lambda makes. Others may write to a configured one, too: with the name that its
/// own streams have there.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html>
fn function_log(doc: &Value, name: &str) -> (String, String) {
    let usual = format!("/aws/lambda/{name}");
    match doc["LoggingConfig"]["LogGroup"].as_str() {
        Some(group) if !group.is_empty() && group != usual => (group.to_owned(), name.to_owned()),
        _ => (usual, String::new()),
    }
}

/// Where the containers of a task definition write, each place once; with a task, only what that task wrote.
fn container_places(definition: Value, task: Option<(&ResourceKey, &Task)>, home: &Region) -> Vec<Place> {
    let definition: TaskDefinition = serde_json::from_value(definition).unwrap_or_default();
    let mut places: Vec<Place> = vec![];
    for container in &definition.container_definitions {
        let Some((group, region)) = container.log_group() else { continue };
        let region = region.and_then(|r| Region::parse(r).ok()).unwrap_or_else(|| home.clone());
        let task = task.map(|(key, task)| {
            let own = task.containers.iter().find(|c| c.name == container.name);
            (key.id.rsplit('/').next().unwrap_or(&key.id), own.and_then(|c| c.runtime_id.as_deref()))
        });
        let place = Place {
            region,
            group: group.to_owned(),
            streams: container.log_stream(task).unwrap_or_default(),
            of: String::new(),
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_followed_log_waits_for_a_new_task_definition() {
        assert!(uncollected().retryable());
    }

    #[test]
    fn logs_are_found_where_aws_documents_say() {
        let log = |group: &str| function_log(&json!({ "LoggingConfig": { "LogGroup": group } }), "a");
        let usual = ("/aws/lambda/a".to_owned(), String::new());
        assert_eq!(function_log(&json!({}), "a"), usual);
        assert_eq!([log(""), log("/aws/lambda/a")], [usual.clone(), usual]);
        assert_eq!(log("/shop/all"), ("/shop/all".to_owned(), "a".to_owned()));
    }

    #[test]
    fn a_service_reads_the_streams_of_its_containers_and_a_task_its_own() {
        let container = |name: &str, driver: &str, options: Value| json!({ "name": name, "logConfiguration": { "logDriver": driver, "options": options } });
        let definition = json!({ "containerDefinitions": [
            container("web", "awslogs", json!({ "awslogs-group": "/shop", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "shop" })),
            container("envoy", "awslogs", json!({ "awslogs-group": "/mesh", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "shop" })),
            container("agent", "awslogs", json!({ "awslogs-group": "/agents" })),
            container("other", "splunk", json!({ "splunk-url": "https://splunk" })),
            { "name": "silent" },
        ] });
        let home = Region::parse("eu-west-1").unwrap();
        let shown = |task: Option<(&ResourceKey, &Task)>| -> Vec<String> {
            let places = container_places(definition.clone(), task, &home);
            places.into_iter().map(|p| format!("{} {} {}", p.region, p.group, p.streams)).collect()
        };
        assert_eq!(shown(None), ["eu-west-1 /shop shop/web/", "us-east-1 /mesh shop/envoy/", "eu-west-1 /agents "]);
        let key = ResourceKey::parse("ecs.task/111122223333/eu-west-1/main/0f1e2d").unwrap();
        let task: Task =
            serde_json::from_value(json!({ "containers": [{ "name": "agent", "runtimeId": "0f1e2d-9" }] })).unwrap();
        assert_eq!(
            shown(Some((&key, &task))),
            ["eu-west-1 /shop shop/web/0f1e2d", "us-east-1 /mesh shop/envoy/0f1e2d", "eu-west-1 /agents 0f1e2d-9"]
        );
        assert!(container_places(json!({}), None, &home).is_empty());
    }
}
