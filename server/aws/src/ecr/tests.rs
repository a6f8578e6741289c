//! Paging and failures of repositories and images.

use domain::{Code, ResourceKey};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::scripted::{Memory, caller};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn repository(name: &str) -> Value {
    json!({"repositoryName": name, "repositoryArn": format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}"),
           "repositoryUri": format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{name}"), "createdAt": 1_763_000_000.0})
}

/// `web` has two pages, `api`'s second page fails, `gone` was deleted after the list was read.
fn registry(operation: &str, input: &Value) -> (u16, Value) {
    let token = input["nextToken"].as_str();
    match (operation, input["repositoryName"].as_str(), token) {
        ("DescribeRepositories", _, None) => {
            (200, json!({"repositories": [repository("web"), repository("api")], "nextToken": "2"}))
        }
        ("DescribeRepositories", _, Some("2")) => (200, json!({"repositories": [repository("gone")]})),
        ("ListTagsForResource", _, _) => (200, json!({"tags": [{"Key": "team", "Value": "shop"}]})),
        ("DescribeImages", Some("gone"), _) => {
            (400, json!({"__type": "RepositoryNotFoundException", "message": "no such repository"}))
        }
        ("DescribeImages", Some("api"), Some(_)) => {
            (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}))
        }
        ("DescribeImages", Some(name), None) => {
            let details = json!([
                {"repositoryName": name, "imageDigest": "sha256:index", "imageTags": ["latest", "1.0"], "imagePushedAt": 1_763_000_000.5},
                {"repositoryName": name, "imageDigest": "sha256:arm"},
            ]);
            (200, json!({"imageDetails": details, "nextToken": "more"}))
        }
        ("DescribeImages", Some(name), Some("more")) => {
            (200, json!({"imageDetails": [{"repositoryName": name, "imageDigest": "sha256:old"}]}))
        }
        ("BatchGetImage", Some(_), _) => {
            let image = |digest: &str, manifest: Value| json!({"imageId": {"imageDigest": digest}, "imageManifest": manifest.to_string()});
            let index = json!({"mediaType": INDEX, "manifests": [
                {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}}]});
            let arm = json!({"config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:cfg"},
                "layers": [{"digest": "sha256:layer", "size": 7}]});
            let asked: Vec<&str> =
                input["imageIds"].as_array().unwrap().iter().filter_map(|i| i["imageDigest"].as_str()).collect();
            assert!(!asked.contains(&"sha256:old"), "what is known is not read again");
            (200, json!({"images": [image("sha256:index", index), image("sha256:arm", arm)]}))
        }
        other => panic!("not expected: {other:?}"),
    }
}

#[tokio::test]
async fn a_repository_that_fails_is_not_complete_and_the_others_go_on() {
    let known = ["web@sha256:old", "api@sha256:old", "deleted-long-ago@sha256:x"];
    let feed = Memory { known: known.map(str::to_owned).into(), ..Memory::default() };
    let problem = collect_images(&caller(registry), &feed).await.unwrap_err();
    assert_eq!(problem.code, Code::AwsThrottled);
    assert_eq!(problem.operation.as_deref(), Some("ecr:DescribeImages"));
    // Of `api` only the first page arrived; the whole scope is not complete either.
    assert_eq!(feed.complete(), ["deleted-long-ago", "gone", "web"]);
    let docs = feed.docs();
    assert_eq!(
        docs.keys().collect::<Vec<_>>(),
        ["api@sha256:arm", "api@sha256:index", "web@sha256:arm", "web@sha256:index", "web@sha256:old"]
    );
    assert_eq!(docs["web@sha256:index"]["imageTags"], json!(["1.0", "latest"]));
    assert_eq!(docs["web@sha256:index"]["imagePushedAt"], "2025-11-13T02:13:20.500Z");
    assert_eq!(docs["web@sha256:index"]["gantry:platforms"], json!(["linux/arm64"]));
    // The index says what its image runs on.
    assert_eq!(docs["web@sha256:arm"]["gantry:platforms"], json!(["linux/arm64"]));
    assert_eq!(docs["web@sha256:arm"]["gantry:layers"], json!([{"digest": "sha256:layer", "size": 7}]));
    assert_eq!(docs["web@sha256:old"].get("gantry:platforms"), None);
}

#[tokio::test]
async fn every_page_of_repositories_is_read_and_tags_are_left_to_the_single_read() {
    let feed = Memory::default();
    let listing = |operation: &str, input: &Value| {
        assert_ne!(operation, "ListTagsForResource");
        registry(operation, input)
    };
    collect_repositories(&caller(listing), &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["api", "gone", "web"]);
    assert!(docs["api"].get("tags").is_none(), "an empty list of them would blank what was read");
    assert_eq!(feed.complete(), ["*"]);
}

#[tokio::test]
async fn a_repository_is_read_with_its_tags_or_the_missing_permission_is_named() {
    let one = |operation: &str, input: &Value| match operation {
        "DescribeRepositories" => {
            assert_eq!(input["repositoryNames"], json!(["api"]));
            (200, json!({"repositories": [repository("api")]}))
        }
        _ => registry(operation, input),
    };
    let key = ResourceKey::parse("ecr.repository/111122223333/eu-west-1/api").unwrap();
    let found = fetch_repository(&caller(one), &key).await.unwrap().unwrap();
    assert_eq!(found.doc["tags"], json!([{"Key": "team", "Value": "shop"}]));
    let denied = move |operation: &str, input: &Value| match operation {
        "ListTagsForResource" => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        _ => one(operation, input),
    };
    let problem = fetch_repository(&caller(denied), &key).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecr:ListTagsForResource"));
}

#[tokio::test]
async fn a_page_that_fails_makes_no_repository_disappear() {
    let feed = Memory::default();
    let failing = |operation: &str, input: &Value| match (operation, input["nextToken"].as_str()) {
        ("DescribeRepositories", Some(_)) => (400, json!({"__type": "ServerException", "message": "oops"})),
        _ => registry(operation, input),
    };
    collect_repositories(&caller(failing), &feed).await.unwrap_err();
    assert_eq!(feed.docs().len(), 2);
    assert!(feed.complete().is_empty());
}

#[tokio::test]
async fn an_image_whose_configuration_cannot_be_had_is_shown_without_its_platform() {
    for why in ["AccessDeniedException", "LayersNotFoundException"] {
        let feed = Memory::default();
        let without = move |operation: &str, input: &Value| match operation {
            "DescribeRepositories" => (200, json!({"repositories": [repository("web")]})),
            "DescribeImages" => {
                (200, json!({"imageDetails": [{"repositoryName": "web", "imageDigest": "sha256:arm"}]}))
            }
            "GetDownloadUrlForLayer" => {
                assert_eq!(input["layerDigest"], "sha256:cfg");
                (400, json!({"__type": why, "message": "no"}))
            }
            _ => registry(operation, input),
        };
        collect_images(&caller(without), &feed).await.unwrap();
        assert_eq!(feed.docs()["web@sha256:arm"].get("gantry:platforms"), None, "{why}");
        assert_eq!(feed.complete(), ["*", "web"], "{why}");
    }
}

fn describing(input: &Value, detail: Value) -> (u16, Value) {
    assert_eq!(input["filter"], json!({"imageStatus": "ANY"}));
    (200, json!({"imageDetails": [detail]}))
}

fn archived() -> Value {
    json!({"repositoryName": "web", "imageDigest": "sha256:arm", "imageStatus": "ARCHIVED", "imageSizeInBytes": 900,
        "lastArchivedAt": 1_763_000_000.0})
}

#[tokio::test]
async fn archived_images_are_listed_and_looked_into_once_they_are_restored() {
    let archive = |operation: &str, input: &Value| match operation {
        "DescribeRepositories" => (200, json!({"repositories": [repository("web")]})),
        "DescribeImages" => describing(input, archived()),
        other => panic!("an archived image cannot be pulled: {other}"),
    };
    let feed = Memory::default();
    collect_images(&caller(archive), &feed).await.unwrap();
    assert_eq!(feed.docs()["web@sha256:arm"]["imageStatus"], "ARCHIVED");
    assert_eq!(*feed.again.lock().unwrap(), ["web@sha256:arm"]);
    assert_eq!(feed.complete(), ["*", "web"]);
    let key = ResourceKey::parse("ecr.image/111122223333/eu-west-1/web@sha256:arm").unwrap();
    let one = fetch_image(&caller(archive), &key).await.unwrap().unwrap();
    assert_eq!(one.doc["lastArchivedAt"], "2025-11-13T02:13:20.000Z");
}

#[tokio::test]
async fn an_endpoint_without_the_filter_by_status_is_asked_without() {
    let image = json!({"imageDetails": [{"repositoryName": "web", "imageDigest": "sha256:old"}]});
    let missing = json!({"__type": "ImageNotFoundException", "message": "none of that status"});
    let refused = json!({"__type": "InvalidParameterException", "message": "1 validation error detected: imageStatus"});
    let key = ResourceKey::parse("ecr.image/111122223333/eu-west-1/web@sha256:old").unwrap();
    for (emulator, list, single) in [
        (false, (400, refused.clone()), (400, refused.clone())),
        (true, (400, refused.clone()), (400, refused)),
        (true, (200, json!({"imageDetails": []})), (400, missing)),
    ] {
        let image = image.clone();
        let old = move |operation: &str, input: &Value| match operation {
            "DescribeRepositories" => (200, json!({"repositories": [repository("web")]})),
            "DescribeImages" if input["filter"].is_null() => (200, image.clone()),
            "DescribeImages" if input["imageIds"].is_null() => list.clone(),
            "DescribeImages" => single.clone(),
            "BatchGetImage" => (200, json!({"images": [], "failures": []})),
            other => panic!("not expected: {other}"),
        };
        let caller = crate::Caller { emulator, ..caller(old) };
        let feed = Memory { known: ["web@sha256:old".to_owned()].into(), ..Memory::default() };
        collect_images(&caller, &feed).await.unwrap();
        assert_eq!(feed.docs().into_keys().collect::<Vec<_>>(), ["web@sha256:old"]);
        assert!(fetch_image(&caller, &key).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn where_configurations_cannot_be_downloaded_all_images_are_listed_and_it_is_said() {
    let feed = Memory::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let away = move |operation: &str, input: &Value| match operation {
        "DescribeRepositories" => (200, json!({"repositories": [repository("web")]})),
        "DescribeImages" => (200, json!({"imageDetails": [{"repositoryName": "web", "imageDigest": "sha256:arm"}]})),
        "GetDownloadUrlForLayer" => {
            count.fetch_add(1, Ordering::Relaxed);
            (200, json!({"downloadUrl": "https://layers.example.com/cfg", "layerDigest": "sha256:cfg"}))
        }
        _ => registry(operation, input),
    };
    let problem = collect_images(&caller(away), &feed).await.unwrap_err();
    assert_eq!((problem.code, asked.load(Ordering::Relaxed)), (Code::AwsUnreachable, 1), "{problem}");
    assert!(problem.message.contains("could not be downloaded"), "{problem}");
    assert_eq!(feed.complete(), ["*", "web"]);
    assert_eq!(*feed.again.lock().unwrap(), ["web@sha256:arm"]);
}

#[tokio::test]
async fn images_whose_manifest_is_refused_are_shown_and_read_again() {
    let feed = Memory { known: ["web@sha256:old".to_owned()].into(), ..Memory::default() };
    let denied = |operation: &str, input: &Value| match operation {
        "DescribeRepositories" => (200, json!({"repositories": [repository("web")]})),
        "DescribeImages" => {
            let image = |digest: &str| json!({"repositoryName": "web", "imageDigest": digest});
            (200, json!({"imageDetails": [image("sha256:old"), image("sha256:arm")]}))
        }
        "BatchGetImage" => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        _ => registry(operation, input),
    };
    let problem = collect_images(&caller(denied), &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecr:BatchGetImage"));
    assert_eq!(feed.docs().into_keys().collect::<Vec<_>>(), ["web@sha256:arm", "web@sha256:old"]);
    assert_eq!(*feed.again.lock().unwrap(), ["web@sha256:arm"], "what was read before is read no more");
}

#[tokio::test]
async fn an_image_that_aws_does_not_hand_out_is_there_nevertheless() {
    let withheld = |operation: &str, input: &Value| match operation {
        "DescribeImages" => {
            let asked = input["imageIds"].as_array().unwrap();
            let of =
                |id: &Value| json!({"repositoryName": "web", "imageDigest": id["imageDigest"], "imageTags": ["1"]});
            match asked.iter().any(|id| id["imageDigest"] == "sha256:gone") {
                true => (400, json!({"__type": "ImageNotFoundException", "message": "none"})),
                false => (200, json!({"imageDetails": asked.iter().map(of).collect::<Vec<_>>()})),
            }
        }
        "BatchGetImage" => {
            let failure = |digest: &str, code: &str| json!({"imageId": {"imageDigest": digest}, "failureCode": code, "failureReason": code});
            let failures = [failure("sha256:gone", "ImageNotFound"), failure("sha256:archived", "ImageInaccessible")];
            let here = json!({"imageId": {"imageDigest": "sha256:here"}, "imageManifest": "{}"});
            let asked = input["imageIds"].as_array().unwrap().iter().any(|id| id["imageDigest"] == "sha256:here");
            let images = if asked { vec![here] } else { vec![] };
            (200, json!({"images": images, "failures": failures}))
        }
        _ => registry(operation, input),
    };
    let digests = ["here", "gone", "archived"].map(|name| format!("sha256:{name}"));
    let tags = execute_images::tags(&caller(withheld), "web", &digests).await.unwrap();
    assert_eq!(tags, Some(json!({"sha256:archived": ["1"], "sha256:here": ["1"]})));
    // As after a deletion of the two: the archived one is left.
    let tags = execute_images::tags(&caller(withheld), "web", &digests[1..]).await.unwrap();
    assert_eq!(tags.unwrap().as_object().unwrap().keys().collect::<Vec<_>>(), ["sha256:archived"]);
}

#[tokio::test]
async fn what_carries_the_tags_of_a_run_is_found_on_every_page_and_nothing_is_left_out_quietly() {
    let tags = |operation: &str, input: &Value| match (operation, input["resourceArn"].as_str()) {
        ("ListTagsForResource", Some(arn)) if arn.ends_with("/gone") => {
            let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
            (
                200,
                json!({"tags": [tag("gantry:run", "0a1b"), tag("gantry:step", "repository"), tag("gantry:by", "ada")]}),
            )
        }
        ("ListTagsForResource", Some(arn)) if arn.ends_with("/api") => {
            (400, json!({"__type": "RepositoryNotFoundException", "message": "deleted meanwhile"}))
        }
        _ => registry(operation, input),
    };
    let found = marked(&caller(tags)).await.unwrap();
    let said =
        found.iter().map(|m| (m.key.as_ref().unwrap().id.as_str(), m.run.as_str(), m.step.as_str(), m.by.as_str()));
    assert_eq!(said.collect::<Vec<_>>(), [("gone", "0a1b", "repository", "ada")]);
    let denied = move |operation: &str, input: &Value| match operation {
        "ListTagsForResource" => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        _ => tags(operation, input),
    };
    let problem = marked(&caller(denied)).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecr:ListTagsForResource"));
}

#[tokio::test]
async fn an_image_that_was_never_scanned_has_no_findings_and_that_is_no_failure() {
    let never = |operation: &str, _: &Value| {
        assert_eq!(operation, "DescribeImageScanFindings");
        (400, json!({"__type": "ScanNotFoundException", "message": "Image scan does not exist for the image"}))
    };
    assert!(findings::read(&caller(never), "web", "sha256:arm").await.unwrap().is_none());
}
