//! What the containers of a revision start from. ECS looks the tag of an image up once: all tasks of the revision start from the digest that it
//! found (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html>).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Known, count, is_own, revision, running};
use crate::gateway::Gateway;
use crate::gateway::ecs::view::{self, Image};
use crate::gateway::upstream::Scope;

/// The images of the revision that a service is to run, if more is known of them now than is remembered. A tag is looked up as soon as a task
/// is wanted, and again while it is not there. Images of registries outside have no digest here.
pub(super) async fn found(gateway: &Gateway, scope: &Scope, service: &Value) -> Option<Value> {
    let live = service["deployments"].as_array()?.iter().find(|live| live["status"] == "PRIMARY")?;
    let before = remembered(gateway, service, live["id"].as_str()?);
    let definition = view::definition(gateway, scope, live["taskDefinition"].as_str()?).await.ok()?;
    let wanted = live["desiredCount"].as_u64().is_some_and(|wanted| wanted > 0);
    let mut images = vec![];
    for container in definition["containerDefinitions"].as_array().into_iter().flatten() {
        let (Some(name), Some(image)) = (container["name"].as_str(), container["image"].as_str()) else { continue };
        let mut told = json!({ "containerName": name, "image": image });
        let known = digests(&before).find(|(container, _)| *container == name).map(|(_, digest)| digest.to_owned());
        let digest = match known {
            Some(digest) => Some(digest),
            None if !wanted || container["versionConsistency"] == "disabled" => None,
            // What was there some seconds ago need not be what is there as it is deployed.
            None if before.is_null() => digest_of(view::image_now(gateway, image).await),
            None => digest_of(view::image(gateway, image).await),
        };
        if let Some(digest) = digest {
            told["imageDigest"] = digest.into();
        }
        images.push(told);
    }
    let images = Value::Array(images);
    (images != before).then_some(images)
}

fn digest_of(image: Image) -> Option<String> {
    match image {
        Image::Here(digest) => Some(digest),
        Image::Missing | Image::Outside => None,
    }
}

/// The images of the revision that a deployment deploys, as they are remembered; null where they are not.
fn remembered(gateway: &Gateway, service: &Value, deployment: &str) -> Value {
    let kept = gateway.kept.read();
    let known = service["serviceArn"].as_str().and_then(|arn| kept.deployments.get(arn));
    known.map(|known| of(known, service, deployment).clone()).unwrap_or_default()
}

fn of<'a>(known: &'a [Known], service: &Value, deployment: &str) -> &'a Value {
    let arn = revision(service, deployment);
    known.iter().find(|one| one.is(&arn)).map_or(&Value::Null, |one| &one.revision["containerImages"])
}

/// Containers with the digests of their images.
fn digests(images: &Value) -> impl Iterator<Item = (&str, &str)> {
    let images = images.as_array().into_iter().flatten();
    images.filter_map(|image| Some((image["containerName"].as_str()?, image["imageDigest"].as_str()?)))
}

/// Remembers the images of the revision that a service is to run; whether it is known.
pub(super) fn learn(known: &mut [Known], service: &Value, images: Value) -> bool {
    let running = running(service);
    let primary = running.iter().find(|(_, live)| live["status"] == "PRIMARY");
    let Some(one) = primary.and_then(|(arn, _)| known.iter_mut().find(|one| one.is(arn))) else { return false };
    one.revision["containerImages"] = images;
    true
}

/// The digests that a deployment's tasks start from, by container.
pub fn pinned(gateway: &Gateway, service: &Value, deployment: &str) -> BTreeMap<String, String> {
    let images = remembered(gateway, service, deployment);
    digests(&images).map(|(container, digest)| (container.to_owned(), digest.to_owned())).collect()
}

/// Names the revisions that a service runs
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceCurrentRevisionSummary.html>), of those that are remembered: only these
/// are described.
pub fn name_current(gateway: &Gateway, service: &mut Value) {
    if !is_own(service) {
        return;
    }
    let current = {
        let kept = gateway.kept.read();
        let known = service["serviceArn"].as_str().and_then(|arn| kept.deployments.get(arn));
        current(known.map(Vec::as_slice).unwrap_or_default(), service)
    };
    service["currentServiceRevisions"] = current.into();
}

fn current(known: &[Known], service: &Value) -> Vec<Value> {
    let running = running(service);
    let described = running.iter().filter(|(arn, _)| known.iter().any(|one| one.is(arn)));
    let summary = |(arn, live): &(String, &Value)| {
        let mut summary = json!({ "arn": arn });
        count(&mut summary, &running);
        if live["status"] != "PRIMARY" {
            // None of an old one is wanted any more.
            summary["requestedTaskCount"] = 0.into();
        }
        summary
    };
    described.map(summary).collect()
}

#[cfg(test)]
mod tests {
    use super::super::note;
    use super::super::tests::{deployment, service};
    use super::*;

    #[test]
    fn a_service_names_the_revisions_that_it_runs_and_each_keeps_its_images() {
        let mut known = vec![];
        let first = service(&[deployment("ecs-svc/1", "web:1", "PRIMARY", "COMPLETED", 2)], false);
        note(&mut known, &first, 1004.0);
        let of_first = json!([
            { "containerName": "app", "image": "r/web:main", "imageDigest": "sha256:1" },
            { "containerName": "side", "image": "nginx" },
        ]);
        assert!(learn(&mut known, &first, of_first.clone()));

        let old = deployment("ecs-svc/1", "web:1", "ACTIVE", "COMPLETED", 2);
        let both = service(&[deployment("ecs-svc/2", "web:1", "PRIMARY", "IN_PROGRESS", 0), old], false);
        assert!(!learn(&mut known, &both, json!([])), "the new one was not seen yet");
        assert_eq!(current(&known, &both).len(), 1);
        note(&mut known, &both, 1008.0);
        let of_second = json!([{ "containerName": "app", "image": "r/web:main", "imageDigest": "sha256:2" }]);
        assert!(learn(&mut known, &both, of_second.clone()));

        let told = current(&known, &both);
        let revision = &known[0].revision["serviceRevisionArn"];
        let counts = json!({ "arn": revision, "requestedTaskCount": 0, "runningTaskCount": 2, "pendingTaskCount": 0 });
        assert_eq!(told[1], counts);
        assert_eq!((&told[0]["requestedTaskCount"], &told[0]["pendingTaskCount"]), (&json!(2), &json!(2)));
        let (first, second) = (of(&known, &both, "ecs-svc/1"), of(&known, &both, "ecs-svc/2"));
        assert_eq!((first, second), (&of_first, &of_second));
        assert_eq!(digests(first).collect::<Vec<_>>(), [("app", "sha256:1")]);
        assert!(of(&known, &both, "ecs-svc/3").is_null());
    }
}
