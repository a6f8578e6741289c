//! Differences of documents as people meet them.

use super::*;
use serde_json::json;

fn sealed(digest: &str) -> Value {
    json!({"gantry:length": 8, "gantry:digest": digest})
}

/// As DescribeTaskDefinition answers for a service with a sidecar.
fn definition() -> Value {
    json!({
        "family": "web", "revision": 14, "cpu": "512", "memory": "1024", "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE", "EC2"], "registeredAt": "2026-11-01T10:00:00.000Z",
        "containerDefinitions": [
            {
                "name": "web", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4", "essential": true,
                "command": ["serve", "--port", "8080"],
                "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
                "environment": [
                    {"name": "STAGE", "value": sealed("aa")}, {"name": "LEVEL", "value": sealed("bb")}
                ],
                "secrets": [{"name": "DB", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/db"}],
                "mountPoints": [], "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web"}}
            },
            {"name": "envoy", "image": "envoy:v1", "essential": false}
        ],
        "tags": []
    })
}

fn paths(before: &Value, after: &Value, noise: &[&str]) -> Vec<String> {
    diff(before, after, noise).into_iter().map(|f| f.path).collect()
}

#[test]
fn the_same_in_another_order_is_no_change() {
    let before = definition();
    let mut after = definition();
    after["containerDefinitions"].as_array_mut().unwrap().reverse();
    after["containerDefinitions"][1]["environment"].as_array_mut().unwrap().reverse();
    after["requiresCompatibilities"] = json!(["EC2", "FARGATE"]);
    after["containerDefinitions"][1].as_object_mut().unwrap().remove("mountPoints");
    after["tags"] = Value::Null;
    assert_eq!(paths(&before, &after, &[]), Vec::<String>::new());
}

#[test]
fn parts_are_named_and_not_numbered() {
    let before = definition();
    let mut after = definition();
    let web = &mut after["containerDefinitions"][0];
    web["image"] = json!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.5");
    web["environment"][0]["value"] = sealed("cc");
    web["environment"].as_array_mut().unwrap().push(json!({"name": "NEW", "value": sealed("dd")}));
    web["portMappings"][0]["protocol"] = json!("udp");
    web["secrets"][0]["valueFrom"] = json!("arn:aws:ssm:eu-west-1:111122223333:parameter/db2");
    web["logConfiguration"]["options"]["awslogs-group"] = json!("/ecs/web2");
    assert_eq!(
        paths(&before, &after, &[]),
        [
            "containerDefinitions[web].environment[STAGE]",
            "containerDefinitions[web].environment[NEW]",
            "containerDefinitions[web].image",
            "containerDefinitions[web].logConfiguration.options[awslogs-group]",
            "containerDefinitions[web].portMappings[8080].protocol",
            "containerDefinitions[web].secrets[DB]",
        ]
    );
    let changes = diff(&before, &after, &[]);
    assert_eq!(changes[0].before, Some(sealed("aa")), "a seal is one value");
    assert_eq!((&changes[1].before, &changes[1].after), (&None, &Some(sealed("dd"))));
}

#[test]
fn a_removed_container_is_one_change_and_the_order_of_a_command_counts() {
    let before = definition();
    let mut after = definition();
    after["containerDefinitions"].as_array_mut().unwrap().remove(1);
    after["containerDefinitions"][0]["command"] = json!(["serve", "8080", "--port"]);
    let changes = diff(&before, &after, &[]);
    let found: Vec<&str> = changes.iter().map(|c| c.path.as_str()).collect();
    assert_eq!(found, ["containerDefinitions[web].command", "containerDefinitions[envoy]"]);
    assert!(changes[1].after.is_none() && changes[1].before.is_some());
}

#[test]
fn noise_is_left_out_at_its_path_only() {
    let before = json!({
        "events": [{"id": "1"}], "runningCount": 1, "status": "ACTIVE",
        "deployments": [{"id": "ecs-svc/1", "runningCount": 1, "rolloutState": "IN_PROGRESS"}]
    });
    let after = json!({
        "events": [{"id": "2"}], "runningCount": 2, "status": "ACTIVE",
        "deployments": [{"id": "ecs-svc/1", "runningCount": 2, "rolloutState": "COMPLETED"}]
    });
    let noise = ["events", "runningCount", "deployments.*.runningCount"];
    assert_eq!(paths(&before, &after, &noise), ["deployments[ecs-svc/1].rolloutState"]);
}

#[test]
fn maps_that_people_fill_are_told_name_by_name_also_when_new() {
    let before = json!({"FunctionName": "f"});
    let after = json!({
        "FunctionName": "f", "Tags": {"team": "payments", "aws:cloudformation:stack-name": "x"},
        "Environment": {"Variables": {"A": sealed("aa")}}
    });
    assert_eq!(paths(&before, &after, &[]), ["Environment", "Tags[aws:cloudformation:stack-name]", "Tags[team]"]);
    let mut more = after.clone();
    more["Environment"]["Variables"]["B"] = sealed("bb");
    assert_eq!(paths(&after, &more, &[]), ["Environment.Variables[B]"]);
}

#[test]
fn parts_without_a_name_are_compared_in_order_or_as_a_whole() {
    let rule = |from: i64| json!({"FromPort": from, "ToPort": from, "IpProtocol": "tcp"});
    let before = json!({"IpPermissions": [rule(80), rule(443)]});
    let swapped = json!({"IpPermissions": [rule(443), rule(80)]});
    assert!(diff(&before, &swapped, &[]).is_empty());
    let moved = json!({"IpPermissions": [rule(80), rule(8443)]});
    assert_eq!(paths(&before, &moved, &[]), ["IpPermissions[1].FromPort", "IpPermissions[1].ToPort"]);
    let fewer = json!({"IpPermissions": [rule(80)]});
    assert_eq!(diff(&before, &fewer, &[])[0].before, Some(json!([rule(443)])));
}

#[test]
fn a_type_that_changes_is_a_change_of_the_value() {
    let changes = diff(&json!({"a": {"b": 1}}), &json!({"a": "text"}), &[]);
    assert_eq!(changes.len(), 1);
    assert_eq!(diff(&json!({"a": 0}), &json!({}), &[]).len(), 1, "0 and absent are different answers");
}

#[test]
fn arns_of_the_own_account_and_region_differ_by_more_than_the_place() {
    let place = |account: &str, region: &str| Scope::new(account.parse().unwrap(), region.parse().unwrap());
    let (left, right) = (place("111122223333", "eu-west-1"), place("444455556666", "us-east-1"));
    let doc = |scope: &Scope, role: &str, queue_of: &str| {
        let (account, region) = (&scope.account, &scope.region);
        json!({
            "FunctionArn": format!("arn:aws:lambda:{region}:{account}:function:f"),
            "Role": format!("arn:aws:iam::{account}:role/{role}"),
            "DeadLetterConfig": {"TargetArn": format!("arn:aws:sqs:{region}:{queue_of}:failed")},
            "Layers": [format!("arn:aws:lambda:{region}:580247275435:layer:insights:2")]
        })
    };
    let paths = |before: &Value, after: &Value| -> Vec<String> {
        beyond_place(diff(before, after, &[]), &left, &right).into_iter().map(|f| f.path).collect()
    };
    let before = doc(&left, "f", "111122223333");
    assert!(paths(&before, &doc(&right, "f", "444455556666")).is_empty());
    // What is still in the account of the other is what one looks for.
    assert_eq!(paths(&before, &doc(&right, "f", "111122223333")), ["DeadLetterConfig.TargetArn"]);
    let other = paths(&before, &doc(&right, "g", "444455556666"));
    assert_eq!(other, ["Role"]);
}

#[test]
fn the_order_of_a_functions_layers_counts() {
    let arn = |layer: &str| format!("arn:aws:lambda:eu-west-1:111122223333:layer:{layer}");
    let function = |layers: &[&str]| {
        let layers: Vec<Value> = layers.iter().map(|layer| json!({"Arn": arn(layer), "CodeSize": 99})).collect();
        json!({"FunctionName": "f", "Layers": layers})
    };
    let (before, after) = (function(&["deps:3", "pillow:7"]), function(&["pillow:7", "deps:3"]));
    assert!(diff(&before, &before, &[]).is_empty());
    let changes = diff(&before, &after, &[]);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].path, "Layers");
    assert_eq!(changes[0].before, Some(json!([arn("deps:3"), arn("pillow:7")])));
    assert_eq!(changes[0].after, Some(json!([arn("pillow:7"), arn("deps:3")])));
    // Another version is told by its name, wherever it stands.
    let newer = paths(&before, &function(&["deps:4", "pillow:7"]), &[]);
    assert_eq!(newer, [format!("Layers[{}]", arn("deps:3")), format!("Layers[{}]", arn("deps:4"))]);
}
