//! ECS collectors on wire answers.

use super::*;
use crate::scripted::{Memory, caller};
use domain::{Kind, ResourceKey};
use serde_json::json;

const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333";

fn key(kind: Kind, id: &str) -> ResourceKey {
    ResourceKey::parse(&format!("{}/111122223333/eu-west-1/{id}", kind.stem())).unwrap()
}

fn names(input: &Value, field: &str) -> Vec<String> {
    input[field].as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn services_are_described_ten_at_once_and_one_bad_cluster_does_not_hide_the_others() {
    let caller = caller(|operation, input| match operation {
        "ListClusters" => {
            (200, json!({"clusterArns": [format!("{ARN}:cluster/shop"), format!("{ARN}:cluster/closed")]}))
        }
        "ListServices" if input["cluster"] == "closed" => {
            (400, json!({"__type": "AccessDeniedException", "message": "no"}))
        }
        "ListServices" => {
            let second = input["nextToken"] == "two";
            let range = if second { 20..23 } else { 0..20 };
            let arns: Vec<String> = range.map(|n| format!("{ARN}:service/shop/s{n}")).collect();
            (200, json!({"serviceArns": arns, "nextToken": if second { Value::Null } else { json!("two") }}))
        }
        "DescribeServices" => {
            let asked = names(input, "services");
            assert!(asked.len() <= 10);
            assert_eq!(input["include"], json!(["TAGS"]));
            let services: Vec<Value> = asked
                .iter()
                .map(|arn| json!({
                    "serviceArn": arn, "serviceName": domain::ecs::last(arn), "clusterArn": format!("{ARN}:cluster/shop"),
                    "createdAt": 1_763_000_000.0, "desiredCount": 1
                }))
                .collect();
            (200, json!({"services": services, "failures": [{"arn": "x", "reason": "MISSING"}]}))
        }
        other => panic!("{other}"),
    });
    let feed = Memory::default();
    let problem = collect_services(&caller, &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecs:ListServices"));
    assert_eq!(feed.docs().len(), 23);
    assert_eq!(feed.docs()["shop/s0"]["createdAt"], "2025-11-13T02:13:20.000Z");
    assert_eq!(feed.complete(), ["shop"], "neither the closed cluster nor the whole is complete");
}

#[tokio::test]
async fn running_and_stopped_tasks_are_read_once_each_and_overrides_sealed() {
    let caller = caller(|operation, input| match operation {
        "ListClusters" => (200, json!({"clusterArns": [format!("{ARN}:cluster/shop")]})),
        "ListTasks" => {
            // 99 and 100 stopped while the lists were read.
            let range = if input["desiredStatus"] == "RUNNING" { 0..101 } else { 99..130 };
            (200, json!({"taskArns": range.map(|n| format!("{ARN}:task/shop/t{n}")).collect::<Vec<_>>()}))
        }
        "DescribeTasks" => {
            let asked = names(input, "tasks");
            assert!(asked.len() <= 100);
            let overrides =
                json!({"containerOverrides": [{"name": "web", "environment": [{"name": "A", "value": "hunter2"}]}]});
            let tasks: Vec<Value> = asked
                .iter()
                .map(|arn| json!({"taskArn": arn, "clusterArn": format!("{ARN}:cluster/shop"), "overrides": overrides}))
                .collect();
            (200, json!({"tasks": tasks, "failures": []}))
        }
        other => panic!("{other}"),
    });
    let feed = Memory::default();
    collect_tasks(&caller, &feed).await.unwrap();
    assert_eq!(feed.docs().len(), 130);
    assert_eq!(feed.complete(), ["*", "shop"]);
    assert!(!feed.docs()["shop/t0"].to_string().contains("hunter2"));
    let tally = caller.common.counters.snapshot();
    let described = tally.iter().find(|(operation, ..)| *operation == "ecs:DescribeTasks").unwrap();
    assert_eq!(described.2.calls, 3);
}

#[tokio::test]
async fn known_task_definitions_are_not_read_again_and_secrets_are_sealed() {
    let caller = caller(|operation, input| match operation {
        "ListTaskDefinitions" => {
            assert_eq!(input["status"], "ACTIVE");
            let arns: Vec<String> = (1..=3).map(|n| format!("{ARN}:task-definition/web:{n}")).collect();
            (200, json!({"taskDefinitionArns": arns}))
        }
        "DescribeTaskDefinition" => {
            assert_eq!(input["taskDefinition"], "web:3", "revisions never change");
            let container = json!({
                "name": "web", "image": "web:1", "environment": [{"name": "PASSWORD", "value": "hunter2"}],
                "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": "hunter3", "splunk-url": "https://logs"}}
            });
            let definition =
                json!({"family": "web", "revision": 3, "status": "ACTIVE", "containerDefinitions": [container]});
            (200, json!({"taskDefinition": definition, "tags": [{"key": "team", "value": "shop"}]}))
        }
        other => panic!("{other}"),
    });
    let feed = Memory { known: ["web:1".to_owned(), "web:2".to_owned()].into(), ..Memory::default() };
    collect_task_definitions(&caller, &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["web:3"]);
    let text = docs["web:3"].to_string();
    assert!(!text.contains("hunter2") && !text.contains("hunter3") && text.contains("https://logs"));
    let described = domain::describe::describe(Kind::TaskDefinition, caller.scope(), &docs["web:3"]).unwrap();
    assert_eq!(described.tags["team"], "shop");
}

#[tokio::test]
async fn what_is_inactive_or_missing_does_not_exist() {
    let caller = caller(|operation, _| match operation {
        "DescribeServices" => {
            let service =
                json!({"serviceName": "old", "clusterArn": format!("{ARN}:cluster/shop"), "status": "INACTIVE"});
            (200, json!({"services": [service], "failures": []}))
        }
        "DescribeTasks" => (200, json!({"tasks": [], "failures": [{"arn": "x", "reason": "MISSING"}]})),
        "DescribeClusters" => (200, json!({"clusters": [], "failures": [{"arn": "x", "reason": "MISSING"}]})),
        "DescribeTaskDefinition" => {
            (400, json!({"__type": "ClientException", "message": "Unable to describe task definition."}))
        }
        other => panic!("{other}"),
    });
    assert!(fetch_service(&caller, &key(Kind::Service, "shop/old")).await.unwrap().is_none());
    assert!(fetch_task(&caller, &key(Kind::Task, "shop/t")).await.unwrap().is_none());
    assert!(fetch_cluster(&caller, &key(Kind::Cluster, "shop")).await.unwrap().is_none());
    assert!(fetch_task_definition(&caller, &key(Kind::TaskDefinition, "web:9")).await.unwrap().is_none());
}
