//! ECS documents as AWS's reference shows them.

use super::*;
use crate::describe::describe;
use crate::identity::{AccountId, Region};
use crate::resource::{Cell, Tone};
use serde_json::{Value, json};

fn scope() -> Scope {
    Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse("eu-west-1").unwrap())
}

const ECS: &str = "arn:aws:ecs:eu-west-1:111122223333";

/// As DescribeServices answers, moments already RFC 3339.
fn service() -> Value {
    json!({
        "serviceArn": format!("{ECS}:service/shop/web"), "serviceName": "web", "clusterArn": format!("{ECS}:cluster/shop"),
        "status": "ACTIVE", "desiredCount": 3, "runningCount": 3, "pendingCount": 0, "launchType": "FARGATE",
        "platformVersion": "LATEST", "taskDefinition": format!("{ECS}:task-definition/web:14"),
        "loadBalancers": [{
            "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/6d0ecf831eec9f09",
            "containerName": "web", "containerPort": 8080
        }],
        "deployments": [{
            "id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": format!("{ECS}:task-definition/web:14"),
            "desiredCount": 3, "runningCount": 3, "pendingCount": 0, "failedTasks": 0, "rolloutState": "COMPLETED",
            "rolloutStateReason": "ECS deployment ecs-svc/1 completed.", "createdAt": "2026-11-20T10:00:00.000Z"
        }],
        "events": [{"id": "e2", "createdAt": "2026-11-20T10:05:00.000Z", "message": "(service web) has reached a steady state."}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}},
        "createdAt": "2026-01-01T10:00:00.000Z", "schedulingStrategy": "REPLICA", "enableExecuteCommand": false,
        "tags": [{"key": "team", "value": "shop"}], "availabilityZoneRebalancing": "ENABLED"
    })
}

#[test]
fn a_service_is_tied_to_all_around_it() {
    let described = describe(Kind::Service, &scope(), &service()).unwrap();
    assert_eq!(described.parent.unwrap().to_string(), "ecs.cluster/111122223333/eu-west-1/shop");
    assert!(described.refs.contains(&"ecs.service/111122223333/eu-west-1/shop/web".to_owned()));
    assert_eq!(described.tags["team"], "shop");
    assert_eq!(described.cells.len(), crate::describe::columns(Kind::Service).len());
    let of = |relation| described.links.iter().filter(|l| l.relation == relation).count();
    assert_eq!((of(Relation::In), of(Relation::Of), of(Relation::Serves), of(Relation::Network)), (1, 1, 1, 2));
    let serves = described.links.iter().find(|l| l.relation == Relation::Serves).unwrap();
    assert_eq!(serves.note.as_deref(), Some("web:8080"));
}

#[test]
fn a_service_leads_to_the_digests_its_tasks_start_from() {
    let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    let mut pinned = service();
    pinned["gantry:images"] = json!([
        {"containerName": "web", "image": format!("{host}/web:main"), "imageDigest": "sha256:ab"},
        {"containerName": "side", "image": format!("{host}/side:1@sha256:cd"), "imageDigest": "sha256:cd"},
        {"containerName": "plain", "image": format!("{host}/plain:1")}
    ]);
    let described = describe(Kind::Service, &scope(), &pinned).unwrap();
    let images = described.links.iter().filter(|l| l.relation == Relation::Image);
    let mut images: Vec<(&str, Option<&str>)> = images.map(|l| (l.target.as_str(), l.note.as_deref())).collect();
    images.sort_unstable();
    let (web, side) = (format!("{host}/web@sha256:ab"), format!("{host}/side@sha256:cd"));
    assert_eq!(images, [(side.as_str(), Some("side")), (web.as_str(), Some("web"))]);
    let noise = crate::describe::noise(Kind::Service);
    assert!(crate::diff::diff(&service(), &pinned, noise).is_empty(), "deployments tell of it");
}

/// As DescribeServices answers of a service whose controller is somebody's own: what it runs is in its task sets.
fn external() -> Value {
    let group =
        |name: &str| format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{name}/6d0ecf831eec9f09");
    let set = |id: &str, status: &str, revision: u32, group: String, share: f64| {
        json!({
            "id": format!("ecs-svc/{id}"), "taskSetArn": format!("{ECS}:task-set/shop/web/ecs-svc/{id}"), "status": status,
            "serviceArn": format!("{ECS}:service/shop/web"), "clusterArn": format!("{ECS}:cluster/shop"),
            "taskDefinition": format!("{ECS}:task-definition/web:{revision}"), "computedDesiredCount": 3, "pendingCount": 0,
            "runningCount": 3, "createdAt": "2026-11-20T10:00:00.000Z", "updatedAt": "2026-11-20T10:05:00.000Z",
            "launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": [], "assignPublicIp": "DISABLED"}},
            "loadBalancers": [{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}], "serviceRegistries": [],
            "scale": {"value": share, "unit": "PERCENT"}, "stabilityStatus": "STEADY_STATE",
            "stabilityStatusAt": "2026-11-20T10:05:00.000Z", "tags": []
        })
    };
    json!({
        "serviceArn": format!("{ECS}:service/shop/web"), "serviceName": "web", "clusterArn": format!("{ECS}:cluster/shop"),
        "status": "ACTIVE", "desiredCount": 3, "runningCount": 3, "pendingCount": 0, "deploymentController": {"type": "EXTERNAL"},
        "taskSets": [set("1", "PRIMARY", 14, group("blue"), 100.0), set("2", "ACTIVE", 15, group("green"), 50.0)],
        "deployments": [], "events": [], "loadBalancers": [], "createdAt": "2026-01-01T10:00:00.000Z", "schedulingStrategy": "REPLICA"
    })
}

#[test]
fn a_service_is_tied_to_what_its_task_sets_run() {
    let described = describe(Kind::Service, &scope(), &external()).unwrap();
    let of = |relation| -> Vec<(&str, Option<&str>)> {
        let all = described.links.iter().filter(|l| l.relation == relation);
        all.map(|l| (l.target.rsplit(['/', ':']).nth(1).unwrap(), l.note.as_deref())).collect()
    };
    assert_eq!(of(Relation::Of), [("web", None), ("web", Some("task set, active, 50 %"))]);
    let targets: Vec<&str> = described.links.iter().map(|l| l.target.as_str()).collect();
    for revision in [14, 15] {
        assert!(targets.contains(&format!("{ECS}:task-definition/web:{revision}").as_str()), "{targets:?}");
    }
    assert_eq!(of(Relation::Serves), [("blue", Some("web:8080")), ("green", Some("web:8080"))]);
    assert_eq!(of(Relation::Network).len(), 1, "both are in the same subnet");
    let cell = |id: &str| {
        let columns = crate::describe::columns(Kind::Service);
        described.cells[columns.iter().position(|c| c.id == id).unwrap()].words().join(" ")
    };
    assert!(cell("definition").contains("web:14"), "{}", cell("definition"));
    assert_eq!((cell("launch").as_str(), described.state.unwrap().tone), ("FARGATE", Tone::Good));
    let mut shifting = external();
    shifting["taskSets"][1]["stabilityStatus"] = json!("STABILIZING");
    assert_eq!(describe(Kind::Service, &scope(), &shifting).unwrap().state.unwrap().tone, Tone::Busy);
}

#[test]
fn what_task_sets_run_is_history_and_their_counts_are_not() {
    let (before, mut after) = (external(), external());
    after["taskSets"][0]["runningCount"] = json!(2);
    after["taskSets"][0]["stabilityStatus"] = json!("STABILIZING");
    after["taskSets"][1]["updatedAt"] = json!("2026-11-20T10:06:00.000Z");
    let paths = |after: &Value| -> Vec<String> {
        let fields = crate::diff::diff(&before, after, crate::describe::noise(Kind::Service));
        fields.into_iter().map(|field| field.path).collect()
    };
    assert_eq!(paths(&after), Vec::<String>::new());
    after["taskSets"][1]["scale"]["value"] = json!(100.0);
    assert_eq!(paths(&after), ["taskSets[ecs-svc/2].scale.value"]);
}

#[test]
fn the_state_of_a_service_says_whether_a_person_is_needed() {
    let state = |change: &dyn Fn(&mut Value)| {
        let mut doc = service();
        change(&mut doc);
        describe(Kind::Service, &scope(), &doc).unwrap().state.unwrap()
    };
    assert_eq!(state(&|_| {}).tone, Tone::Good);
    let stuck = state(&|s| {
        s["runningCount"] = json!(1);
        let message =
            "(service web) was unable to place a task because no container instance met all of its requirements.";
        s["events"].as_array_mut().unwrap().insert(0, json!({"id": "e3", "message": message}));
    });
    assert_eq!(stuck.tone, Tone::Bad);
    assert!(stuck.reason.unwrap().contains("unable to place"));
    let recovered = state(&|s| {
        s["runningCount"] = json!(2);
        let old = json!({"id": "e0", "message": "(service web) was unable to place a task because …"});
        s["events"].as_array_mut().unwrap().push(old);
    });
    assert_eq!(recovered.tone, Tone::Warn, "trouble before the last steady state is over");
    let failed = state(&|s| {
        s["deployments"][0]["rolloutState"] = json!("FAILED");
        s["deployments"][0]["rolloutStateReason"] = json!("tasks failed to start.");
    });
    assert_eq!((failed.word.as_str(), failed.tone), ("FAILED", Tone::Bad));
    let under_way = state(&|s| {
        s["runningCount"] = json!(1);
        s["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
    });
    assert_eq!(under_way.tone, Tone::Busy);
    let crashing = state(&|s| {
        s["runningCount"] = json!(0);
        s["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
        s["deployments"][0]["failedTasks"] = json!(4);
        s["events"] = json!([]);
    });
    assert_eq!(crashing.reason.as_deref(), Some("0 of 3 tasks run; 4 of the new ones failed."));
    // A rolling deployment keeps the old tasks until the new ones are healthy: all that are wanted run.
    let ailing = state(&|s| {
        s["runningCount"] = json!(3);
        s["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
        let message = "(service web) (port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:…) due to (reason Health checks failed).";
        s["events"].as_array_mut().unwrap().insert(0, json!({"id": "e3", "message": message}));
    });
    assert_eq!((ailing.word.as_str(), ailing.tone), ("Deployment in trouble", Tone::Warn));
    assert!(ailing.reason.unwrap().contains("is unhealthy in"));
    let failing = state(&|s| {
        s["runningCount"] = json!(3);
        s["deployments"][0]["rolloutState"] = json!("IN_PROGRESS");
        s["deployments"][0]["failedTasks"] = json!(1);
    });
    assert_eq!(failing.reason.as_deref(), Some("1 new task failed."));
    assert_eq!(state(&|s| s["status"] = json!("DRAINING")).tone, Tone::Busy);
    let none_wanted = state(&|s| {
        s["desiredCount"] = json!(0);
        s["runningCount"] = json!(0);
    });
    assert_eq!(none_wanted.tone, Tone::Quiet);
}

fn task() -> Value {
    json!({
        "taskArn": format!("{ECS}:task/shop/0f3e8a1b2c3d4e5f60718293a4b5c6d7"), "clusterArn": format!("{ECS}:cluster/shop"),
        "taskDefinitionArn": format!("{ECS}:task-definition/web:14"), "group": "service:web", "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED", "stopCode": "EssentialContainerExited", "healthStatus": "UNKNOWN",
        "stoppedReason": "Essential container in task exited", "cpu": "512", "memory": "1024", "launchType": "FARGATE",
        "attachments": [{"type": "ElasticNetworkInterface", "status": "DELETED", "details": [
            {"name": "subnetId", "value": "subnet-1"}, {"name": "privateIPv4Address", "value": "10.0.0.7"}]}],
        "containers": [
            {"name": "web", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.4", "imageDigest": "sha256:ab",
             "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage", "lastStatus": "STOPPED"},
            {"name": "envoy", "image": "public.ecr.aws/envoy:v1", "exitCode": 0, "lastStatus": "STOPPED"}
        ],
        "startedAt": "2026-11-20T10:00:00.000Z", "stoppedAt": "2026-11-20T11:00:00.000Z"
    })
}

#[test]
fn a_stopped_task_says_why() {
    let described = describe(Kind::Task, &scope(), &task()).unwrap();
    let state = described.state.unwrap();
    assert_eq!(state.tone, Tone::Warn);
    let expected = "Essential container in task exited; web: exit code 137, OutOfMemoryError: Container killed due to memory usage";
    assert_eq!(state.reason.as_deref(), Some(expected));
    let mut unpulled = task();
    unpulled["stopCode"] = json!("TaskFailedToStart");
    unpulled["stoppedReason"] = json!("CannotPullContainerError: web:2.0.0: not found");
    unpulled["containers"] = json!([{"name": "web", "reason": "CannotPullContainerError: web:2.0.0: not found"}]);
    let reason = describe(Kind::Task, &scope(), &unpulled).unwrap().state.unwrap().reason;
    assert_eq!(reason.as_deref(), Some("CannotPullContainerError: web:2.0.0: not found"), "said once");
    let mut scaled_in = task();
    scaled_in["stopCode"] = json!("ServiceSchedulerInitiated");
    assert_eq!(describe(Kind::Task, &scope(), &scaled_in).unwrap().state.unwrap().tone, Tone::Quiet);
    scaled_in["stoppedReason"] =
        json!("Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:…)");
    assert_eq!(describe(Kind::Task, &scope(), &scaled_in).unwrap().state.unwrap().tone, Tone::Warn);
}

#[test]
fn a_task_leads_to_its_service_and_to_the_digest_it_runs() {
    let described = describe(Kind::Task, &scope(), &task()).unwrap();
    let targets: Vec<&str> = described.links.iter().map(|l| l.target.as_str()).collect();
    for expected in [
        "ecs.service/111122223333/eu-west-1/shop/web",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web@sha256:ab",
        "public.ecr.aws/envoy:v1",
        "ec2.subnet/111122223333/eu-west-1/subnet-1",
    ] {
        assert!(targets.contains(&expected), "{expected} in {targets:?}");
    }
    assert!(described.cells.contains(&Cell::Mono("10.0.0.7".into())), "{:?}", described.cells);
    assert_eq!(described.cells.len(), crate::describe::columns(Kind::Task).len());
    let port = Container {
        image: Some("localhost:5000/web".into()),
        image_digest: Some("sha256:cd".into()),
        ..Default::default()
    };
    assert_eq!(port.image_reference().as_deref(), Some("localhost:5000/web@sha256:cd"));
    let pinned = Container { image: Some("localhost:5000/web:1@sha256:ab".into()), ..port };
    assert_eq!(pinned.image_reference().as_deref(), Some("localhost:5000/web@sha256:ab"));
    let not_pulled = Container { image: Some("localhost:5000/web".into()), ..Default::default() };
    assert_eq!(not_pulled.image_reference().as_deref(), Some("localhost:5000/web:latest"));
}

#[test]
fn a_task_definition_names_images_roles_and_log_groups() {
    let doc = json!({
        "taskDefinitionArn": format!("{ECS}:task-definition/web:14"), "family": "web", "revision": 14, "status": "ACTIVE",
        "taskRoleArn": "arn:aws:iam::111122223333:role/web", "executionRoleArn": "arn:aws:iam::111122223333:role/exec",
        "networkMode": "awsvpc", "cpu": "512", "memory": "1024", "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [{
            "name": "web", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web", "essential": true, "cpu": 0,
            "environment": [{"name": "STAGE", "value": {"gantry:length": 4, "gantry:digest": "00"}}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1"}}
        }, {"name": "side", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/side:1.4.0@sha256:ab"},
            {"name": "next", "image": "111122223333.dkr-ecr.eu-west-1.on.aws/shop/next:1"}],
        "registeredAt": "2026-11-20T10:00:00.000Z"
    });
    let described = describe(Kind::TaskDefinition, &scope(), &doc).unwrap();
    assert_eq!(described.name, "web:14");
    let targets: Vec<&str> = described.links.iter().map(|l| l.target.as_str()).collect();
    for expected in [
        "arn:aws:iam::111122223333:role/web",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:latest",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/side@sha256:ab",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/next:1",
        "arn:aws:logs:us-east-1:111122223333:log-group:/ecs/web",
    ] {
        assert!(targets.contains(&expected), "{expected} in {targets:?}");
    }
    assert_eq!(described.cells.len(), crate::describe::columns(Kind::TaskDefinition).len());
}

#[test]
fn clusters_and_providers_show_what_they_hold() {
    let cluster = json!({
        "clusterArn": format!("{ECS}:cluster/shop"), "clusterName": "shop", "status": "ACTIVE", "runningTasksCount": 7,
        "activeServicesCount": 3, "settings": [{"name": "containerInsights", "value": "enabled"}],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"]
    });
    let cluster = describe(Kind::Cluster, &scope(), &cluster).unwrap();
    assert_eq!(cluster.cells[..2], [Cell::Number(3), Cell::Number(7)]);
    assert_eq!(cluster.links.len(), 2);
    let provider =
        json!({"name": "spot", "status": "ACTIVE", "updateStatus": "UPDATE_FAILED", "updateStatusReason": "gone"});
    assert_eq!(describe(Kind::CapacityProvider, &scope(), &provider).unwrap().state.unwrap().tone, Tone::Bad);
}
