//! Paging and failures of public repositories, and the calls of their plans on the wire.

use domain::Code;
use domain::ecr_public::calls::Call;
use domain::ecr_public::subject::Subject;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use super::*;
use crate::scripted::{Memory, caller};

fn repository(name: &str) -> Value {
    json!({ "repositoryName": name, "repositoryArn": format!("arn:aws:ecr-public::111122223333:repository/{name}"),
            "registryId": "111122223333", "repositoryUri": format!("public.ecr.aws/a1b2c3d4/{name}"), "createdAt": 1_763_000_000.0 })
}

/// Two pages; nobody has said anything of `bare`.
fn registry(operation: &str, input: &Value) -> (u16, Value) {
    match (operation, input["nextToken"].as_str(), input["repositoryName"].as_str()) {
        ("DescribeRepositories", None, _) => {
            (200, json!({ "repositories": [repository("probe"), repository("bare")], "nextToken": "2" }))
        }
        ("DescribeRepositories", Some("2"), _) => (200, json!({ "repositories": [repository("last")] })),
        ("GetRepositoryCatalogData", _, Some("bare")) => {
            (400, json!({ "__type": "RepositoryCatalogDataNotFoundException", "message": "no data" }))
        }
        ("GetRepositoryCatalogData", _, _) => (
            200,
            json!({ "catalogData": { "aboutText": "# Hi", "architectures": ["ARM 64"], "marketplaceCertified": false } }),
        ),
        ("ListTagsForResource", _, _) => {
            (200, json!({ "tags": [{ "Key": "b", "Value": "" }, { "Key": "a", "Value": "1" }] }))
        }
        other => panic!("not expected: {other:?}"),
    }
}

#[tokio::test]
async fn every_page_is_read_with_what_the_gallery_says() {
    let feed = Memory::default();
    collect_repositories(&caller(registry), &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["bare", "last", "probe"]);
    assert_eq!(docs["probe"]["catalogData"]["architectures"], json!(["ARM 64"]));
    assert_eq!(docs["probe"]["createdAt"], "2025-11-13T02:13:20.000Z");
    assert_eq!(docs["bare"].get("catalogData"), None);
    assert_eq!(docs["bare"]["tags"], json!([{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "" }]));
    assert_eq!(feed.complete(), ["*"]);
}

#[tokio::test]
async fn a_sweep_finds_what_runs_made_on_every_page() {
    let marked_by_runs = |operation: &str, input: &Value| match (operation, input["resourceArn"].as_str()) {
        ("ListTagsForResource", Some(arn)) if arn.ends_with("/last") => (
            200,
            json!({ "tags": [{ "Key": "gantry:run", "Value": "r1" }, { "Key": "gantry:step", "Value": "repository" }] }),
        ),
        ("ListTagsForResource", Some(arn)) if arn.ends_with("/bare") => {
            (400, json!({ "__type": "RepositoryNotFoundException", "message": "deleted since" }))
        }
        _ => registry(operation, input),
    };
    let found = marked(&caller(marked_by_runs)).await.unwrap();
    let names: Vec<_> = found
        .iter()
        .map(|m| (m.key.as_ref().unwrap(), m.run.as_str()))
        .map(|(key, run)| (key.kind, key.id.as_str(), run))
        .collect();
    assert_eq!(names, [(domain::Kind::PublicRepository, "last", "r1")]);
    let denied = |operation: &str, input: &Value| match operation {
        "ListTagsForResource" => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
        _ => registry(operation, input),
    };
    assert_eq!(marked(&caller(denied)).await.unwrap_err().code, Code::AwsDenied);
}

#[tokio::test]
async fn what_may_not_be_read_hides_no_repository_and_is_said() {
    let feed = Memory::default();
    let denied = |operation: &str, input: &Value| match operation {
        "GetRepositoryCatalogData" => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
        _ => registry(operation, input),
    };
    let problem = collect_repositories(&caller(denied), &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecr-public:GetRepositoryCatalogData"));
    assert_eq!((feed.docs().len(), feed.complete()), (3, vec!["*".to_owned()]));
}

#[tokio::test]
async fn a_page_that_fails_makes_no_repository_disappear() {
    let feed = Memory::default();
    let failing = |operation: &str, input: &Value| match (operation, input["nextToken"].as_str()) {
        ("DescribeRepositories", Some(_)) => (400, json!({ "__type": "ServerException", "message": "oops" })),
        _ => registry(operation, input),
    };
    collect_repositories(&caller(failing), &feed).await.unwrap_err();
    assert_eq!((feed.docs().len(), feed.complete()), (2, vec![]));
}

#[tokio::test]
async fn each_call_is_sent_as_its_document() {
    let arn = "arn:aws:ecr-public::111122223333:repository/probe";
    let calls = [
        (
            "CreateRepository",
            json!({ "repositoryName": "probe", "catalogData": { "description": "d", "architectures": ["ARM 64"],
                "operatingSystems": ["Linux"], "logoImageBlob": "iVBORw0KGgo=", "aboutText": "a", "usageText": "u" },
                "tags": [{ "Key": "team", "Value": "web" }] }),
        ),
        ("DeleteRepository", json!({ "repositoryName": "probe", "force": true })),
        (
            "PutRepositoryCatalogData",
            json!({ "repositoryName": "probe", "catalogData": { "aboutText": "", "operatingSystems": [] } }),
        ),
        ("SetRepositoryPolicy", json!({ "repositoryName": "probe", "policyText": "{}", "force": true })),
        ("DeleteRepositoryPolicy", json!({ "repositoryName": "probe" })),
        ("TagResource", json!({ "resourceArn": arn, "tags": [{ "Key": "a", "Value": "" }] })),
        ("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] })),
        ("BatchDeleteImage", json!({ "repositoryName": "probe", "imageIds": [{ "imageDigest": "sha256:a" }] })),
    ];
    for (operation, input) in calls {
        let sent = Arc::new(Mutex::new(vec![]));
        let wire = sent.clone();
        let caller = caller(move |operation, input| {
            wire.lock().unwrap().push((operation.to_owned(), input.clone()));
            (200, json!({}))
        });
        let call: Call = serde_json::from_value(json!({ "operation": operation, "input": input })).unwrap();
        make(&caller, &call).await.unwrap();
        assert_eq!(*sent.lock().unwrap(), [(operation.to_owned(), input)]);
    }
}

#[tokio::test]
async fn a_state_is_read_whole_and_what_is_not_there_is_told_from_what_fails() {
    let one = |operation: &str, input: &Value| match operation {
        "DescribeRepositories" => (200, json!({ "repositories": [repository("probe")] })),
        "GetRepositoryPolicy" => (400, json!({ "__type": "RepositoryPolicyNotFoundException", "message": "none" })),
        "DescribeImages" => (200, json!({ "imageDetails": [{ "imageDigest": "sha256:a" }], "nextToken": "more" })),
        _ => registry(operation, input),
    };
    let name = || "probe".to_owned();
    let there = caller(one);
    let state = read(&there, &Subject::Repository { repository: name() }).await.unwrap().unwrap();
    assert_eq!((&state["tags"], &state["catalogData"]["aboutText"]), (&json!({ "a": "1", "b": "" }), &json!("# Hi")));
    assert_eq!(read(&there, &Subject::RepositoryPolicy { repository: name() }).await, Ok(None));
    let images = read(&there, &Subject::Images { repository: name() }).await;
    assert_eq!(images, Ok(Some(json!({ "count": 1, "more": true }))));
    let nothing =
        caller(|_: &str, _: &Value| (400, json!({ "__type": "RepositoryNotFoundException", "message": "gone" })));
    let failing = caller(|_: &str, _: &Value| (400, json!({ "__type": "AccessDeniedException", "message": "no" })));
    for subject in [Subject::Repository { repository: name() }, Subject::Images { repository: name() }] {
        assert_eq!(read(&nothing, &subject).await, Ok(None));
        assert_eq!(read(&failing, &subject).await.unwrap_err().code, Code::AwsDenied);
    }
}

#[tokio::test]
async fn images_are_read_to_the_end_the_newest_first_and_those_that_are_gone_are_not_told() {
    let image = |digest: &str, at: f64| json!({ "imageDigest": digest, "imageTags": ["b", "a"], "imagePushedAt": at, "imageManifestMediaType": "m" });
    let there = caller(move |_: &str, input: &Value| match (&input["imageIds"], input["nextToken"].as_str()) {
        (Value::Null, None) => (200, json!({ "imageDetails": [image("sha256:old", 1.0)], "nextToken": "2" })),
        (Value::Null, _) => (200, json!({ "imageDetails": [image("sha256:new", 2.0)] })),
        (Value::Array(ids), _) if ids.len() == 1 && ids[0]["imageDigest"] == "sha256:old" => {
            (200, json!({ "imageDetails": [image("sha256:old", 1.0)] }))
        }
        _ => (400, json!({ "__type": "ImageNotFoundException", "message": "no" })),
    });
    let list = read(&there, &Subject::ImageList { repository: "probe".into() }).await.unwrap().unwrap();
    assert_eq!(
        (&list["images"][0]["imageDigest"], &list["images"][1]["imageTags"]),
        (&json!("sha256:new"), &json!(["a", "b"]))
    );
    let of = |digests: &[&str]| Subject::ImagesOf {
        repository: "probe".into(),
        digests: digests.iter().map(|d| (*d).into()).collect(),
    };
    let found = read(&there, &of(&["sha256:old", "sha256:gone"])).await.unwrap();
    assert_eq!(found, Some(json!({ "sha256:old": { "tags": ["a", "b"], "mediaType": "m" } })));
    assert_eq!(read(&there, &of(&["sha256:gone"])).await, Ok(None));
}

#[tokio::test]
async fn what_aws_did_not_delete_is_a_problem() {
    let failing = |code: &'static str| {
        caller(move |_: &str, _: &Value| {
            let failure =
                json!({ "imageId": { "imageDigest": "sha256:a" }, "failureCode": code, "failureReason": "why" });
            (200, json!({ "imageIds": [], "failures": [failure] }))
        })
    };
    let input = json!({ "repositoryName": "probe", "imageIds": [{ "imageDigest": "sha256:a" }] });
    let call: Call = serde_json::from_value(json!({ "operation": "BatchDeleteImage", "input": input })).unwrap();
    let problem = make(&failing("ImageReferencedByManifestList"), &call).await.unwrap_err();
    assert!(problem.message.contains("sha256:a: why"), "{problem:?}");
    make(&failing("ImageNotFound"), &call).await.unwrap();
}
