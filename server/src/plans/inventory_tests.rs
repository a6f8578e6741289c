//! What is known of a repository's images against a real Postgres: who uses them, and which lists say so.

use domain::Code;
use domain::resource::Observed;
use gantry_store::batch::Source;
use gantry_store::testing::TestStore;
use serde_json::{Value, json};

use super::*;
use crate::clock::now;

const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const DUAL_STACK: &str = "111122223333.dkr-ecr.eu-west-1.on.aws";

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:111122223333:{rest}")
}

fn observed(kind: Kind, id: &str, doc: Value) -> Observed {
    Observed { key: ResourceKey::new(kind, scope(), id).unwrap(), doc }
}

fn image(digest: &str, tag: &str) -> Observed {
    let doc = json!({ "registryId": "111122223333", "repositoryName": "web", "imageDigest": digest, "imageTags": [tag],
        "imagePushedAt": "2026-11-01T10:00:00Z" });
    observed(Kind::Image, &format!("web@{digest}"), doc)
}

fn definition(revision: u32, tag: &str) -> Observed {
    let arn = arn("ecs", &format!("task-definition/etl:{revision}"));
    let containers = json!([{ "name": "etl", "image": format!("{REGISTRY}/web:{tag}") }]);
    let doc =
        json!({ "taskDefinitionArn": arn, "family": "etl", "revision": revision, "containerDefinitions": containers });
    observed(Kind::TaskDefinition, &format!("etl:{revision}"), doc)
}

fn target(definition: &str) -> Value {
    let task = json!({ "TaskDefinitionArn": arn("ecs", &format!("task-definition/{definition}")) });
    json!({ "Id": "1", "Arn": arn("ecs", "cluster/batch"), "EcsParameters": task })
}

#[tokio::test]
async fn what_is_scheduled_uses_images_also_while_it_is_switched_off() {
    let test = TestStore::fresh().await;
    let rule = json!({ "Name": "nightly", "Arn": arn("events", "rule/nightly"), "State": "DISABLED",
        "gantry:targets": [target("etl:9")] });
    let schedule = json!({ "Name": "hourly", "GroupName": "default", "State": "ENABLED", "Target": target("etl") });
    let batch = [
        image("sha256:a", "1"),
        image("sha256:b", "2"),
        definition(9, "1"),
        definition(10, "2"),
        observed(Kind::Rule, "default/nightly", rule),
        observed(Kind::Schedule, "default/hourly", schedule),
    ];
    test.store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let inventory = read(&test.store, &scope(), "web", now()).await.unwrap();
    let users = |digest: &str| inventory.get(digest).unwrap().used_by.clone();
    assert_eq!(users("sha256:a"), ["EventBridge rule default/nightly (disabled)"]);
    // Whoever names the family means its newest revision, as numbers go.
    assert_eq!(users("sha256:b"), ["schedule default/hourly"]);
}

#[tokio::test]
async fn what_pulls_by_a_tag_when_it_starts_next_is_told_by_tag() {
    let test = TestStore::fresh().await;
    let mut tags = image("sha256:a", "1");
    tags.doc["imageTags"] = json!(["1", "latest", "unused"]);
    // One container by tag, one without: that is the newest tag.
    let mut both = definition(9, "1");
    let side = json!({ "name": "side", "image": format!("{DUAL_STACK}/web") });
    both.doc["containerDefinitions"].as_array_mut().unwrap().push(side);
    let schedule = json!({ "Name": "hourly", "GroupName": "default", "State": "ENABLED", "Target": target("etl") });
    // By digest a function keeps to what it was made with; a pod does not.
    let code =
        json!({ "ImageUri": format!("{REGISTRY}/web:unused"), "ResolvedImageUri": format!("{REGISTRY}/web@sha256:a") });
    let function = json!({ "FunctionName": "resize", "PackageType": "Image", "Code": code });
    let pod = |name: &str, phase: &str, image: &str| {
        let container = json!({ "name": "web", "image": image });
        let state = json!({ "name": "web", "imageID": format!("{REGISTRY}/web@sha256:a"), "state": { "running": {} } });
        let doc = json!({ "gantry:cluster": "platform", "metadata": { "name": name, "namespace": "shop" },
            "spec": { "containers": [container] }, "status": { "phase": phase, "containerStatuses": [state] } });
        observed(Kind::Pod, &format!("platform/shop/{name}"), doc)
    };
    let batch = [
        tags,
        image("sha256:b", "2"),
        both,
        observed(Kind::Schedule, "default/hourly", schedule),
        observed(Kind::Function, "resize", function),
        pod("web-1", "Running", &format!("{DUAL_STACK}/web:1")),
        pod("web-2", "Running", &format!("{REGISTRY}/web")),
        pod("web-3", "Running", &format!("{REGISTRY}/web@sha256:a")),
        pod("web-4", "Succeeded", &format!("{REGISTRY}/web:1")),
    ];
    test.store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let inventory = read(&test.store, &scope(), "web", now()).await.unwrap();
    assert!(inventory.get("sha256:a").unwrap().used_by.contains(&"function resize".to_owned()));
    let told = json!(inventory.started_by);
    let wanted = json!({
        "1": ["pod web-1 in platform/shop", "schedule default/hourly"],
        "latest": ["pod web-2 in platform/shop", "schedule default/hourly"],
    });
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn a_service_uses_the_image_of_its_revision_also_once_that_is_deregistered() {
    let test = TestStore::fresh().await;
    let service = |name: &str, revision: u32| {
        let doc = json!({ "serviceArn": arn("ecs", &format!("service/prod/{name}")), "serviceName": name,
            "clusterArn": arn("ecs", "cluster/prod"), "taskDefinition": arn("ecs", &format!("task-definition/etl:{revision}")) });
        observed(Kind::Service, &format!("prod/{name}"), doc)
    };
    // ECS keeps to what it found under the tag when the service was deployed.
    let mut pinned = service("pinned", 10);
    pinned.doc["gantry:images"] =
        json!([{ "containerName": "etl", "image": format!("{REGISTRY}/web:2"), "imageDigest": "sha256:c" }]);
    let mut deregistered = definition(10, "2");
    deregistered.doc["status"] = json!("INACTIVE");
    let schedule = json!({ "Name": "hourly", "GroupName": "default", "State": "ENABLED", "Target": target("etl") });
    let batch = [
        image("sha256:a", "1"),
        image("sha256:b", "2"),
        image("sha256:c", "3"),
        definition(9, "1"),
        deregistered,
        service("web", 10),
        service("lost", 11),
        pinned,
        observed(Kind::Schedule, "default/hourly", schedule),
    ];
    test.store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let inventory = read(&test.store, &scope(), "web", now()).await.unwrap();
    let users = |digest: &str| inventory.get(digest).unwrap().used_by.clone();
    assert_eq!(users("sha256:b"), ["service pinned in prod", "service web in prod"]);
    assert_eq!(users("sha256:c"), ["service pinned in prod"]);
    assert_eq!(users("sha256:a"), ["schedule default/hourly"], "a family's newest active revision");
    assert_eq!(inventory.unread, [ResourceKey::new(Kind::Service, scope(), "prod/lost").unwrap()]);
}

#[tokio::test]
async fn what_names_a_revision_by_its_number_starts_it_and_what_names_the_family_does_not() {
    let test = TestStore::fresh().await;
    let arn = arn("ecs", "task-definition/etl:9");
    let service = |name: &str| {
        let doc = json!({ "serviceArn": self::arn("ecs", &format!("service/prod/{name}")), "serviceName": name,
            "clusterArn": self::arn("ecs", "cluster/prod"), "status": "ACTIVE", "taskDefinition": arn });
        observed(Kind::Service, &format!("prod/{name}"), doc)
    };
    let rule = json!({ "Name": "nightly", "Arn": self::arn("events", "rule/nightly"), "State": "DISABLED",
        "gantry:targets": [target("etl:9")] });
    let schedule = |name: &str, of: &str| {
        let doc = json!({ "Name": name, "GroupName": "default", "State": "ENABLED", "Target": target(of) });
        observed(Kind::Schedule, &format!("default/{name}"), doc)
    };
    let task = observed(Kind::Task, "prod/1a", json!({ "taskDefinitionArn": arn, "lastStatus": "RUNNING" }));
    let (own, other) = (service("own"), service("other"));
    let given_back = [own.key.clone()];
    let batch = [
        // The revision itself may not be collected yet.
        own,
        other,
        observed(Kind::Rule, "default/nightly", rule),
        schedule("hourly", "etl:9"),
        schedule("latest", "etl"),
        task,
    ];
    test.store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let told = starters_of(&test.store, &arn, &given_back).await.unwrap();
    let wanted = ["EventBridge rule default/nightly (disabled)", "schedule default/hourly", "service other in prod"];
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn lists_that_fail_or_were_never_read_are_told() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let other = Scope::new("444455556666".parse().unwrap(), "us-east-1".parse().unwrap());
    let mut wanted: Vec<(Scope, Kind)> = vec![];
    for scope in [scope(), other.clone()] {
        wanted.extend(LISTS.iter().map(|kind| (scope.clone(), *kind)));
    }
    // One that is not collected, and one that has nothing to do with images.
    wanted.retain(|list| *list != (other.clone(), Kind::Pod));
    wanted.push((scope().global(), Kind::Role));
    store.configure(&wanted).await.unwrap();
    let mut denied = Problem::new(Code::AwsDenied, "Access denied", "…");
    denied.iam_action = Some("ecs:ListTasks".into());
    let until = |from: Millis| Millis(from.0 + 3_600_000);
    while let Some(lease) = store.claim("a", &[], now(), until(now())).await.unwrap() {
        if (&lease.scope, lease.kind) == (&other, Kind::Task) {
            store.fail(&lease, &denied, false, now(), until(now())).await.unwrap();
        } else {
            store.finish(&lease, now(), until(now())).await.unwrap();
        }
    }
    let inventory = read(store, &scope(), "web", now()).await.unwrap();
    // Of the images of other places nothing has to be known.
    assert_eq!(inventory.lists.len(), 2 * LISTS.len() - 1);
    let words = [
        "tasks in 444455556666 us-east-1 could not be read: ecs:ListTasks is denied",
        "pods in 444455556666 us-east-1 were never read",
    ];
    assert_eq!(inventory.unknown(), words);
    assert!(inventory.has_all_images());
    // Lists do not say which image a function runs; of an account that is not connected nobody reads it.
    let function = |scope: &Scope, name: &str, more: Value| {
        let mut doc = json!({ "FunctionName": name, "PackageType": "Image" });
        doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Observed { key: ResourceKey::new(Kind::Function, scope.clone(), name).unwrap(), doc }
    };
    let nowhere = Scope::new("777788889999".parse().unwrap(), "eu-west-1".parse().unwrap());
    let cluster = |scope: &Scope| Observed {
        key: ResourceKey::new(Kind::EksCluster, scope.clone(), "platform").unwrap(),
        doc: json!({ "name": "platform" }),
    };
    let code = json!({ "Code": { "ImageUri": format!("{REGISTRY}/web:1") } });
    let batch = [
        function(&scope(), "render", json!({})),
        function(&scope(), "resize", code),
        function(&nowhere, "lost", json!({})),
        // Functions run images of their own region.
        function(&other, "far", json!({})),
        cluster(&scope()),
        cluster(&nowhere),
    ];
    store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let inventory = read(store, &scope(), "web", now()).await.unwrap();
    assert_eq!(inventory.clusters, [cluster(&scope()).key]);
    let unread = "the image of function render in 111122223333 eu-west-1 was not read yet";
    assert_eq!(inventory.unknown(), [words[0], words[1], unread]);
    // Nor do they say it of a published version.
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:resize:1";
    let listed = json!({ "FunctionName": "resize", "FunctionArn": arn, "Version": "1", "PackageType": "Image" });
    let key = ResourceKey::new(Kind::FunctionVersion, scope(), "resize:1").unwrap();
    let batch = [Observed { key, doc: listed }];
    store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let inventory = read(store, &scope(), "web", now()).await.unwrap();
    let version = "the image of function version resize:1 in 111122223333 eu-west-1 was not read yet";
    assert_eq!(inventory.unknown(), [words[0], words[1], unread, version]);
    // Where there is no connection nothing was ever read.
    let inventory = read(store, &nowhere, "web", now()).await.unwrap();
    assert!(!inventory.has_all_images() && inventory.lists.len() == 3 * LISTS.len() - 2, "{:?}", inventory.lists);
    assert_eq!(inventory.unknown().len(), LISTS.len() + 5);
}

#[tokio::test]
async fn layers_are_named_once_and_those_that_are_there_are_not_paid_twice() {
    let test = TestStore::fresh().await;
    let layered = |digest: &str, more: Value| {
        let mut image = image(digest, digest.trim_start_matches("sha256:"));
        image.doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        image
    };
    let layer = |digest: &str, size: i64| json!({ "digest": digest, "size": size });
    let registry = json!({ "registryId": "111122223333", "replicationConfiguration": { "rules": [
        { "destinations": [{ "region": "us-east-1", "registryId": "111122223333" }],
        "deleteReplication": { "enabled": true } }] } });
    let batch = [
        layered("sha256:a", json!({ "gantry:layers": [layer("sha256:base", 1000), layer("sha256:one", 20)] })),
        layered("sha256:b", json!({ "gantry:layers": [layer("sha256:base", 1000), layer("sha256:two", 3)] })),
        layered("sha256:c", json!({ "gantry:manifests": [{ "digest": "sha256:a" }] })),
        layered("sha256:d", json!({})),
        observed(Kind::Registry, "111122223333", registry),
    ];
    test.store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let inventory = read(&test.store, &scope(), "web", now()).await.unwrap();
    assert_eq!(inventory.deleted_in, ["111122223333 us-east-1"]);
    let bytes = |digest: &str| {
        let layers = inventory.get(digest).unwrap().layers.clone()?;
        Some(layers.into_iter().map(|place| inventory.layers[place]).collect::<Vec<_>>())
    };
    assert_eq!((bytes("sha256:a"), bytes("sha256:b")), (Some(vec![1000, 20]), Some(vec![1000, 3])));
    assert_eq!((bytes("sha256:c"), bytes("sha256:d"), inventory.layers.len()), (Some(vec![]), None, 3));

    let wanted = ["sha256:base", "sha256:new"].map(str::to_owned).into();
    let found = stored(&test.store, &scope(), "web", &wanted).await.unwrap();
    assert_eq!(found, Stored { held: ["sha256:base".to_owned()].into(), replicas: 1 });
    let mut source = json!({ "digest": "sha256:n", "blobs": { "sha256:two": 3, "sha256:new": 9 } });
    compare(&test.store, &scope(), "web", &mut source).await.unwrap();
    assert_eq!(source["stored"], json!({ "held": ["sha256:two"], "replicas": 1 }));
    let mut wrong = json!({ "wrong": { "field": "source", "message": "no" } });
    compare(&test.store, &scope(), "web", &mut wrong).await.unwrap();
    assert!(wrong.get("stored").is_none());
}
