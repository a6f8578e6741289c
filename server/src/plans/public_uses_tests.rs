//! What uses public images, against a real Postgres.

use domain::resource::Observed;
use gantry_store::batch::Source;
use gantry_store::testing::TestStore;
use serde_json::{Value, json};

use super::*;
use crate::clock::now;

const URI: &str = "public.ecr.aws/a1b2c3d4/tools/probe";

fn scope(region: &str) -> Scope {
    Scope::new("111122223333".parse().unwrap(), region.parse().unwrap())
}

fn observed(kind: Kind, region: &str, id: &str, doc: Value) -> Observed {
    Observed { key: ResourceKey::new(kind, scope(region), id).unwrap(), doc }
}

#[tokio::test]
async fn whatever_names_an_image_uses_it_wherever_it_runs() {
    let test = TestStore::fresh().await;
    let near = scope("us-east-1");
    assert_eq!(
        read(&test.store, &near, "tools/probe", now()).await.unwrap(),
        None,
        "nobody knows where its images are"
    );
    let here = "eu-west-1";
    let arn = |rest: &str| format!("arn:aws:ecs:{here}:111122223333:{rest}");
    let definition = |revision: u32, image: &str| {
        let doc = json!({ "taskDefinitionArn": arn(&format!("task-definition/web:{revision}")), "family": "web",
            "revision": revision, "containerDefinitions": [{ "name": "web", "image": image }] });
        observed(Kind::TaskDefinition, here, &format!("web:{revision}"), doc)
    };
    let service = json!({ "serviceArn": arn("service/prod/web"), "serviceName": "web", "clusterArn": arn("cluster/prod"),
        "taskDefinition": arn("task-definition/web:2") });
    let pod = |name: &str, image: &str, id: &str, phase: &str| {
        let status = json!({ "phase": phase, "containerStatuses": [{ "name": "c", "imageID": id, "state": {} }] });
        let doc = json!({ "gantry:cluster": "platform", "metadata": { "name": name, "namespace": "shop" },
            "spec": { "containers": [{ "name": "c", "image": image }] }, "status": status });
        observed(Kind::Pod, here, &format!("platform/shop/{name}"), doc)
    };
    let batch = [
        observed(
            Kind::PublicRepository,
            "us-east-1",
            "tools/probe",
            json!({ "repositoryName": "tools/probe", "repositoryUri": URI }),
        ),
        // Only the second is started by something.
        definition(1, &format!("{URI}:0.9")),
        definition(2, "ecr-public.aws.com/a1b2c3d4/tools/probe"),
        observed(Kind::Service, here, "prod/web", service),
        pod(
            "new",
            &format!("{URI}:1.0"),
            "docker-pullable://ecr-public.aws.com/a1b2c3d4/tools/probe@sha256:a",
            "Running",
        ),
        pod("done", &format!("{URI}:1.0"), &format!("{URI}@sha256:a"), "Succeeded"),
        pod("other", &format!("{URI}-more:1.0"), "", "Running"),
    ];
    test.store.seen(Source::Single { began: now(), fence: None }, &batch, now()).await.unwrap();
    let uses = read(&test.store, &near, "tools/probe", now()).await.unwrap().unwrap();
    let wanted = json!({
        "1.0": ["pod new in platform/shop"],
        "latest": ["service web in prod"],
        "sha256:a": ["pod new in platform/shop"],
    });
    assert_eq!(json!(uses.users), wanted);
    // Lists that were never read say nothing.
    assert!(
        uses.unknown().iter().any(|text| text.starts_with("pods in 111122223333 us-east-1")),
        "{:?}",
        uses.unknown()
    );
}

#[test]
fn what_stands_behind_the_name_says_which_image() {
    let all =
        [("", Some("latest")), (":1", Some("1")), ("@sha256:a", Some("sha256:a")), (":1@sha256:a", Some("sha256:a"))];
    for (rest, expected) in all {
        assert_eq!(image(rest), expected, "{rest}");
    }
    for other in ["-more", "/more:1", "-more@sha256:a", "2"] {
        assert_eq!(image(other), None, "{other}");
    }
}
