//! When ECR's calls count as made.

use super::*;
use crate::document::Tag;
use crate::ecr::Scanning;
use serde_json::json;

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

#[test]
fn a_repository_with_the_runs_tags_is_ours_and_any_other_is_taken() {
    let create = Call::CreateRepository(CreateRepository {
        repository_name: "a".into(),
        image_tag_mutability: Some("IMMUTABLE".into()),
        tags: vec![tag("team", "shop"), tag("gantry:run", "r1"), tag("gantry:step", "repository")],
        ..Default::default()
    });
    let state = |run: &str, mutability: &str| {
        let tags = json!({ "team": "shop", "gantry:run": run, "gantry:step": "repository", "more": "x" });
        json!({ "repositoryName": "a", "imageTagMutability": mutability, "tags": tags })
    };
    assert_eq!(create.made(None), Made::No);
    assert_eq!(create.made(Some(&state("r1", "IMMUTABLE"))), Made::Yes);
    assert_eq!(create.made(Some(&state("r2", "IMMUTABLE"))), Made::Taken);
    assert_eq!(create.made(Some(&state("r1", "MUTABLE"))), Made::Taken);
    assert_eq!(create.made(Some(&json!({ "repositoryName": "a" }))), Made::Taken);
}

#[test]
fn policies_are_compared_as_documents() {
    let put = Call::PutLifecyclePolicy(PutLifecyclePolicy {
        repository_name: "a".into(),
        lifecycle_policy_text: "{ \"rules\": [ ] }".into(),
    });
    assert_eq!(put.made(Some(&json!({ "rules": [] }))), Made::Yes);
    assert_eq!(put.made(Some(&json!({ "rules": [1] }))), Made::No);
    assert_eq!(put.made(None), Made::No);
    let delete = Call::DeleteLifecyclePolicy(DeleteLifecyclePolicy { repository_name: "a".into() });
    assert_eq!((delete.made(None), delete.made(Some(&json!({})))), (Made::Yes, Made::No));
}

#[test]
fn a_policy_is_made_however_aws_writes_it() {
    let policy = |who: &str, action: Value| {
        let statement = json!({ "Sid": "pull", "Effect": "Allow", "Principal": { "AWS": who }, "Action": action });
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    let text = policy("444455556666", json!(["ecr:BatchGetImage"])).to_string();
    let kept = policy("arn:aws:iam::444455556666:root", json!("ecr:BatchGetImage"));
    let other = policy("arn:aws:iam::111122223333:root", json!("ecr:BatchGetImage"));
    let of_repository = SetRepositoryPolicy { repository_name: "a".into(), policy_text: text.clone(), force: None };
    for call in
        [Call::SetRepositoryPolicy(of_repository), Call::PutRegistryPolicy(PutRegistryPolicy { policy_text: text })]
    {
        assert_eq!(call.made(Some(&kept)), Made::Yes, "{call:?}");
        assert_eq!((call.made(Some(&other)), call.made(None)), (Made::No, Made::No), "{call:?}");
    }
}

#[test]
fn only_what_is_deleted_by_digest_has_rows_that_go() {
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let removes = |ids: Value| {
        let input = json!({ "repositoryName": "shop/web", "imageIds": ids });
        let call: Call = serde_json::from_value(json!({ "operation": "BatchDeleteImage", "input": input })).unwrap();
        call.removes(&scope).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let (a, b) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
    assert_eq!(
        removes(json!([{ "imageDigest": a }, { "imageDigest": b }])),
        [&a, &b].map(|digest| format!("{}/{scope}/shop/web@{digest}", Kind::Image.stem()))
    );
    // AWS takes the tag away only: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
    assert!(removes(json!([{ "imageTag": "1" }])).is_empty());
    assert!(removes(json!([{ "imageDigest": a, "imageTag": "1" }])).is_empty());
}

#[test]
fn settings_are_made_when_they_read_as_asked_for() {
    let state = json!({ "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest" }] });
    let put = |filter: &str| {
        Call::PutImageTagMutability(PutImageTagMutability {
            repository_name: "a".into(),
            image_tag_mutability: "IMMUTABLE_WITH_EXCLUSION".into(),
            image_tag_mutability_exclusion_filters: vec![TagMutabilityExclusion {
                filter_type: "WILDCARD".into(),
                filter: filter.into(),
            }],
        })
    };
    assert_eq!((put("latest").made(Some(&state)), put("dev*").made(Some(&state))), (Made::Yes, Made::No));
    // AWS leaves the scanning configuration away where nothing is set.
    let scan = |on: bool| {
        Call::PutImageScanningConfiguration(PutImageScanningConfiguration {
            repository_name: "a".into(),
            image_scanning_configuration: Scanning { scan_on_push: Some(on) },
        })
    };
    assert_eq!((scan(false).made(Some(&state)), scan(true).made(Some(&state))), (Made::Yes, Made::No));
    let tags = json!({ "a": "1", "b": "2" });
    let put = Call::TagResource(TagResource { resource_arn: "x".into(), tags: vec![tag("a", "1")] });
    let remove = Call::UntagResource(UntagResource { resource_arn: "x".into(), tag_keys: vec!["b".into()] });
    assert_eq!((put.made(Some(&tags)), remove.made(Some(&tags))), (Made::Yes, Made::No));
}

#[test]
fn images_are_deleted_once_none_is_left_and_tags_lead_where_they_were_put() {
    let read = |document: Value| serde_json::from_value::<Call>(document).unwrap();
    let delete = read(json!({ "operation": "BatchDeleteImage",
        "input": { "repositoryName": "a", "imageIds": [{ "imageDigest": "sha256:1" }, { "imageDigest": "sha256:2" }] } }));
    assert_eq!(
        delete.subject(),
        Subject::Images { repository: "a".into(), digests: vec!["sha256:1".into(), "sha256:2".into()] }
    );
    assert_eq!((delete.made(Some(&json!({ "sha256:2": [] }))), delete.made(None)), (Made::No, Made::Yes));
    let put = read(json!({ "operation": "PutImage",
        "input": { "repositoryName": "a", "imageManifest": "{}", "imageTag": "prod", "imageDigest": "sha256:1" } }));
    assert_eq!(put.subject(), Subject::ImageTag { repository: "a".into(), tag: "prod".into() });
    let leads = |digest: &str| json!({ "imageDigest": digest });
    assert_eq!((put.made(Some(&leads("sha256:1"))), put.made(Some(&leads("sha256:2")))), (Made::Yes, Made::No));
    assert_eq!(put.made(None), Made::No);
}

#[test]
fn a_scan_from_before_is_not_one_that_was_asked_for() {
    let scan = Call::StartImageScan(StartImageScan { repository_name: "a".into(), ..Default::default() });
    let (old, new) =
        (json!({ "status": "COMPLETE", "completedAt": 1 }), json!({ "status": "COMPLETE", "completedAt": 2 }));
    let begun = json!({ "status": "IN_PROGRESS", "completedAt": 1 });
    assert_eq!((scan.made(None), scan.made(Some(&old))), (Made::No, Made::Yes));
    assert!(scan.stands(Some(&old), Some(&old)));
    assert!(!scan.stands(Some(&old), Some(&begun)) && !scan.stands(Some(&old), Some(&new)));
    assert!(!scan.stands(None, Some(&begun)) && !scan.stands(None, None));
    // One that was under way has ended since.
    assert!(scan.stands(Some(&begun), Some(&new)) && scan.stands(Some(&begun), Some(&begun)));
    // What was to go and is gone does not stand.
    let delete = Call::DeleteRepository(DeleteRepository { repository_name: "a".into(), ..Default::default() });
    assert!(delete.stands(Some(&old), Some(&old)) && !delete.stands(None, None));
}

#[test]
fn a_role_that_a_cache_rule_still_has_was_not_taken_away() {
    let role = |role: Option<&str>| UpdatePullThroughCacheRule {
        ecr_repository_prefix: "own".into(),
        custom_role_arn: role.map(str::to_owned),
        ..Default::default()
    };
    let state = json!({ "ecrRepositoryPrefix": "own", "upstreamRegistryUrl": "x", "customRoleArn": "r" });
    let made = |wanted: Option<&str>| Call::UpdatePullThroughCacheRule(role(wanted)).made(Some(&state));
    assert_eq!((made(Some("r")), made(Some("s")), made(None)), (Made::Yes, Made::No, Made::No));
}
