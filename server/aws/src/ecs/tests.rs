//! ECS collectors on wire answers.

use super::*;
use crate::scripted::{Memory, caller};
use domain::{Kind, ResourceKey};
use serde_json::json;

pub(super) const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333";

fn key(kind: Kind, id: &str) -> ResourceKey {
    ResourceKey::parse(&format!("{}/111122223333/eu-west-1/{id}", kind.stem())).unwrap()
}

pub(super) fn names(input: &Value, field: &str) -> Vec<String> {
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
async fn a_service_of_another_controller_comes_with_its_task_sets() {
    let definition = format!("{ARN}:task-definition/web:15");
    let set = json!({
        "id": "ecs-svc/2", "status": "ACTIVE", "taskDefinition": definition, "computedDesiredCount": 2, "createdAt": 1_763_000_000.0,
        "stabilityStatus": "STABILIZING", "stabilityStatusAt": 1_763_000_000.0, "scale": {"value": 50.0, "unit": "PERCENT"},
        "loadBalancers": [{"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/green/6d0e"}]
    });
    let service = json!({"serviceName": "web", "clusterArn": format!("{ARN}:cluster/shop"), "status": "ACTIVE", "taskSets": [set],
        "deploymentController": {"type": "CODE_DEPLOY"}, "deployments": []});
    let caller = caller(move |operation, _| {
        assert_eq!(operation, "DescribeServices");
        (200, json!({"services": [service], "failures": []}))
    });
    let found = fetch_service(&caller, &key(Kind::Service, "shop/web")).await.unwrap().unwrap();
    let set = &found.doc["taskSets"][0];
    assert_eq!((&set["createdAt"], &set["stabilityStatusAt"]), (&json!("2025-11-13T02:13:20.000Z"), &set["createdAt"]));
    assert_eq!((&set["scale"]["value"], &set["loadBalancers"].as_array().unwrap().len()), (&json!(50.0), &1));
    let described = domain::describe::describe(Kind::Service, caller.scope(), &found.doc).unwrap();
    assert!(described.links.iter().any(|link| link.target == definition), "{:?}", described.links);
}

/// A service of a cluster, with its current revision.
fn pinned(operation: &str, input: &Value) -> (u16, Value) {
    let revision = format!("{ARN}:service-revision/shop/web/1");
    match operation {
        "ListClusters" => (200, json!({"clusterArns": [format!("{ARN}:cluster/shop")]})),
        "ListServices" => (200, json!({"serviceArns": [format!("{ARN}:service/shop/web")]})),
        "DescribeServices" => {
            let service = json!({"serviceName": "web", "clusterArn": format!("{ARN}:cluster/shop"), "status": "ACTIVE",
                "desiredCount": 0, "currentServiceRevisions": [{"arn": revision, "requestedTaskCount": 0,
                    "runningTaskCount": 0, "pendingTaskCount": 0}]});
            (200, json!({"services": [service], "failures": []}))
        }
        "DescribeServiceRevisions" => {
            assert_eq!(names(input, "serviceRevisionArns"), [revision.as_str()]);
            let image = json!({"containerName": "web", "image": "web:main", "imageDigest": "sha256:ab"});
            let told =
                json!({"serviceRevisionArn": revision, "createdAt": 1_763_000_000.0, "containerImages": [image]});
            (200, json!({"serviceRevisions": [told], "failures": []}))
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_service_says_which_digests_its_revision_is_pinned_to() {
    let images = json!([{"containerName": "web", "image": "web:main", "imageDigest": "sha256:ab"}]);
    let feed = Memory::default();
    collect_services(&caller(pinned), &feed).await.unwrap();
    assert_eq!(feed.docs()["shop/web"]["gantry:images"], images);
    let alone = fetch_service(&caller(pinned), &key(Kind::Service, "shop/web")).await.unwrap().unwrap();
    assert_eq!(alone.doc["gantry:images"], images);
}

#[tokio::test]
async fn a_service_whose_revision_may_not_be_read_is_listed_and_the_refusal_told() {
    let refusing = |code: &'static str, status: u16| {
        caller(move |operation, input| match operation {
            "DescribeServiceRevisions" => (status, json!({"__type": code, "message": "no"})),
            _ => pinned(operation, input),
        })
    };
    let feed = Memory::default();
    let denied = refusing("AccessDeniedException", 400);
    let problem = collect_services(&denied, &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecs:DescribeServiceRevisions"));
    assert_eq!(feed.complete(), ["*", "shop"], "the list itself is complete");
    assert_eq!(feed.docs()["shop/web"]["gantry:images"], Value::Null);
    assert!(fetch_service(&denied, &key(Kind::Service, "shop/web")).await.unwrap().is_some());
    // An endpoint that lacks the call pins nothing.
    let feed = Memory::default();
    collect_services(&refusing("UnknownOperationException", 400), &feed).await.unwrap();
    assert_eq!((feed.docs().len(), feed.complete().len()), (1, 2));
}

#[tokio::test]
async fn a_revision_that_aws_refuses_to_describe_takes_no_other_with_it() {
    let old = format!("{ARN}:service-revision/shop/old/1");
    let caller = caller(move |operation, input| match operation {
        "DescribeServices" => {
            let (status, mut told) = pinned(operation, input);
            let mut older = told["services"][0].clone();
            older["serviceName"] = json!("old");
            older["currentServiceRevisions"][0]["arn"] = json!(old);
            told["services"].as_array_mut().unwrap().push(older);
            (status, told)
        }
        "DescribeServiceRevisions" if names(input, "serviceRevisionArns").contains(&old) => {
            (400, json!({"__type": "InvalidParameterException", "message": "The service revision is too old."}))
        }
        _ => pinned(operation, input),
    });
    let feed = Memory::default();
    collect_services(&caller, &feed).await.unwrap();
    assert_eq!(feed.docs()["shop/web"]["gantry:images"][0]["imageDigest"], "sha256:ab");
    assert_eq!(feed.docs()["shop/old"]["gantry:images"], Value::Null);
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
                "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": "hunter3", "splunk-index": "web"}}
            });
            let share = json!({"type": "cifs", "device": "//files/shop", "o": "username=shop,password=hunter4"});
            let volume =
                json!({"name": "files", "dockerVolumeConfiguration": {"driver": "local", "driverOpts": share}});
            let definition = json!({
                "family": "web", "revision": 3, "status": "ACTIVE", "containerDefinitions": [container], "volumes": [volume]
            });
            (200, json!({"taskDefinition": definition, "tags": [{"key": "team", "value": "shop"}]}))
        }
        other => panic!("{other}"),
    });
    let feed = Memory { known: ["web:1".to_owned(), "web:2".to_owned()].into(), ..Memory::default() };
    collect_task_definitions(&caller, &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["web:3"]);
    let text = docs["web:3"].to_string();
    assert!(["hunter2", "hunter3", "hunter4"].iter().all(|secret| !text.contains(secret)), "{text}");
    assert!(text.contains("splunk-index"));
    let share = &docs["web:3"]["volumes"][0]["dockerVolumeConfiguration"]["driverOpts"];
    assert_eq!((&share["type"], &share["device"]), (&json!("cifs"), &json!("//files/shop")));
    assert_eq!(share["o"]["gantry:length"], 30);
    let described = domain::describe::describe(Kind::TaskDefinition, caller.scope(), &docs["web:3"]).unwrap();
    assert_eq!(described.tags["team"], "shop");
}

/// Revision 1 is active, 2 was deregistered, 3 was deleted after that.
fn deregistered(operation: &str, input: &Value) -> (u16, Value) {
    match operation {
        "ListTaskDefinitions" => {
            assert_eq!(input["status"], "ACTIVE", "an old account has far too many others to list");
            (200, json!({"taskDefinitionArns": [format!("{ARN}:task-definition/web:1")]}))
        }
        "DescribeTaskDefinition" if input["taskDefinition"] == "web:2" => {
            let definition = json!({
                "taskDefinitionArn": format!("{ARN}:task-definition/web:2"), "family": "web", "revision": 2, "status": "INACTIVE",
                "containerDefinitions": [{"name": "web", "image": "web:2"}], "deregisteredAt": 1_763_000_000.0
            });
            (200, json!({"taskDefinition": definition}))
        }
        "DescribeTaskDefinition" if input["taskDefinition"] == "web:3" => {
            (400, json!({"__type": "ClientException", "message": "Unable to describe task definition."}))
        }
        other => panic!("{other} {input}"),
    }
}

#[tokio::test]
async fn deregistered_task_definitions_are_read_once_while_something_names_them() {
    let named = ["web:1", "web:2", "web:3", "web"].map(|id| format!("{ARN}:task-definition/{id}"));
    let elsewhere = "arn:aws:ecs:us-east-1:111122223333:task-definition/web:2".to_owned();
    let named: std::collections::HashSet<String> = named.into_iter().chain([elsewhere]).collect();
    // It was active when it was last read.
    let known: std::collections::HashSet<String> = ["web:1".to_owned(), "web:2".to_owned()].into();
    let feed = Memory { known: known.clone(), named: named.clone(), ..Memory::default() };
    collect_task_definitions(&caller(deregistered), &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["web:2"]);
    assert_eq!(
        (&docs["web:2"]["status"], &docs["web:2"]["deregisteredAt"]),
        (&json!("INACTIVE"), &json!("2025-11-13T02:13:20.000Z"))
    );
    assert_eq!((feed.still.lock().unwrap().clone(), feed.complete()), (vec!["web:1".to_owned()], vec!["*".to_owned()]));
    // From then on it is known as what it is.
    let feed = Memory { known, named, said: vec![("status", "web:2".into(), "INACTIVE".into())], ..Memory::default() };
    collect_task_definitions(&caller(deregistered), &feed).await.unwrap();
    assert!(feed.docs().is_empty());
    assert_eq!(*feed.still.lock().unwrap(), ["web:1", "web:2"]);
    // Once nothing names it, the complete list lacks it.
    let feed = Memory { known: ["web:2".to_owned()].into(), ..Memory::default() };
    let one = |operation: &str, input: &Value| match operation {
        "ListTaskDefinitions" => (200, json!({"taskDefinitionArns": []})),
        _ => deregistered(operation, input),
    };
    collect_task_definitions(&caller(one), &feed).await.unwrap();
    assert_eq!((feed.docs().len(), feed.still.lock().unwrap().len(), feed.complete()), (0, 0, vec!["*".to_owned()]));
    let alone = fetch_task_definition(&caller(deregistered), &key(Kind::TaskDefinition, "web:2")).await.unwrap();
    assert_eq!(alone.unwrap().doc["status"], "INACTIVE");
}

#[tokio::test]
async fn a_deregistered_task_definition_that_may_not_be_read_keeps_the_list_from_being_complete() {
    let feed = Memory { named: [format!("{ARN}:task-definition/web:2")].into(), ..Memory::default() };
    let denied = |operation: &str, input: &Value| match operation {
        "DescribeTaskDefinition" if input["taskDefinition"] == "web:2" => {
            (400, json!({"__type": "AccessDeniedException", "message": "no"}))
        }
        "DescribeTaskDefinition" => {
            (200, json!({"taskDefinition": {"family": "web", "revision": 1, "status": "ACTIVE"}}))
        }
        _ => deregistered(operation, input),
    };
    let problem = collect_task_definitions(&caller(denied), &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecs:DescribeTaskDefinition"));
    assert_eq!((feed.docs().len(), feed.complete().len()), (1, 0));
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

/// A family with revisions, the newest first, each with the run that registered it.
/// AWS's own provider, told without a cluster; one of managed instances, told with that of its cluster only; one of a group, told with both.
fn providers(operation: &str, input: &Value) -> (u16, Value) {
    let provider = |name: &str, cluster: Option<&str>| {
        let cluster = cluster.map(|cluster| format!("{ARN}:cluster/{cluster}"));
        json!({"capacityProviderArn": format!("{ARN}:capacity-provider/{name}"), "name": name, "status": "ACTIVE", "cluster": cluster})
    };
    let named = |all: Vec<Value>| {
        let asked = names(input, "capacityProviders");
        let wanted = |p: &Value| asked.is_empty() || asked.iter().any(|name| p["name"] == name.as_str());
        (200, json!({"capacityProviders": all.into_iter().filter(wanted).collect::<Vec<_>>(), "failures": []}))
    };
    match (operation, input["cluster"].as_str(), input["nextToken"].as_str()) {
        ("ListClusters", ..) => {
            let clusters = ["shop", "lab", "gone"].map(|name| format!("{ARN}:cluster/{name}"));
            (200, json!({"clusterArns": clusters}))
        }
        ("DescribeCapacityProviders", None, _) => named(vec![provider("FARGATE", None), provider("group", None)]),
        ("DescribeCapacityProviders", Some("shop"), None) => {
            (200, json!({"capacityProviders": [provider("group", None)], "nextToken": "two"}))
        }
        ("DescribeCapacityProviders", Some("shop"), Some(_)) => named(vec![provider("managed", Some("shop"))]),
        ("DescribeCapacityProviders", Some("lab"), _) => named(vec![provider("FARGATE", None)]),
        ("DescribeCapacityProviders", ..) => {
            (400, json!({"__type": "ClusterNotFoundException", "message": "Cluster not found."}))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn capacity_providers_of_clusters_are_asked_for_cluster_by_cluster() {
    let feed = Memory::default();
    collect_capacity_providers(&caller(providers), &feed).await.unwrap();
    assert_eq!(feed.docs().into_keys().collect::<Vec<_>>(), ["FARGATE", "group", "managed"]);
    assert!(feed.complete().contains(&"*".to_owned()), "a cluster that is gone has none");
    let closed = |operation: &str, input: &Value| match input["cluster"].as_str() {
        Some("lab") => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        _ => providers(operation, input),
    };
    let group = |id: &str| ("autoScalingGroupProvider.autoScalingGroupArn", id.to_owned(), "arn".to_owned());
    let of = |cluster: &str, id: &str| ("cluster", id.to_owned(), format!("{ARN}:cluster/{cluster}"));
    let said = vec![group("group"), group("deleted"), of("shop", "managed"), of("shop", "old"), of("lab", "unread")];
    let feed = Memory { said, ..Memory::default() };
    let problem = collect_capacity_providers(&caller(closed), &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecs:DescribeCapacityProviders"));
    assert_eq!((feed.docs().len(), feed.complete().contains(&"*".to_owned())), (3, false));
    assert_eq!(feed.complete_of(), ["deleted", "group", "managed", "old"], "not of the closed cluster");
}

#[tokio::test]
async fn a_capacity_provider_of_a_cluster_is_found_there() {
    let caller = caller(providers);
    for (name, there) in [("FARGATE", true), ("managed", true), ("none", false)] {
        let found = fetch_capacity_provider(&caller, &key(Kind::CapacityProvider, name)).await.unwrap();
        assert_eq!(found.is_some(), there, "{name}");
    }
}

#[test]
fn log_options_are_shown_when_they_are_known_to_hold_no_secret() {
    let caller = caller(|operation, _| panic!("{operation}"));
    let shown = json!({"awslogs-group": "/ecs/web", "mode": "non-blocking", "max-buffer-size": "25m", "Name": "http", "Host": "logs.example.com",
        "log_group_name": "web", "TLS": "on"});
    let mut options = shown.clone();
    let secret =
        ["Header", "uri", "http_User", "http_Passwd", "apikey", "splunk-url", "dd_tags", "of a plugin to come"];
    for option in secret {
        options[option] = json!("hunter2");
    }
    let mut doc =
        json!({"containerDefinitions": [{"logConfiguration": {"logDriver": "awsfirelens", "options": options}}]});
    seal(&caller, &mut doc);
    let options = &doc["containerDefinitions"][0]["logConfiguration"]["options"];
    assert!(!doc.to_string().contains("hunter2"));
    assert!(secret.iter().all(|option| options[*option]["gantry:length"] == 7), "{options}");
    assert!(shown.as_object().unwrap().iter().all(|(option, value)| options[option] == *value), "{options}");
}
