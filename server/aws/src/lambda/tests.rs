//! Lambda collectors on wire answers.

use super::*;
use crate::scripted::{Memory, caller};
use domain::{Kind, ResourceKey};
use serde_json::{Value, json};

fn function(name: &str, version: &str) -> Value {
    json!({
        "FunctionName": name, "Version": version, "Runtime": "python3.13", "Role": "arn:aws:iam::111122223333:role/x",
        "FunctionArn": format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}"), "VpcConfig": null,
        "Environment": {"Variables": {"PASSWORD": "hunter2"}}, "LastModified": "2026-11-20T09:00:00.000+0000",
        "SomethingNew": true
    })
}

fn key(kind: Kind, id: &str) -> ResourceKey {
    ResourceKey::parse(&format!("{}/111122223333/eu-west-1/{id}", kind.stem())).unwrap()
}

#[tokio::test]
async fn functions_are_read_to_the_last_page_and_their_secrets_sealed() {
    let caller = caller(|operation, _| {
        if operation.contains("Marker=two") {
            (200, json!({"Functions": [function("b", "$LATEST")]}))
        } else {
            (200, json!({"Functions": [function("a", "$LATEST")], "NextMarker": "two"}))
        }
    });
    let feed = Memory::default();
    collect_functions(&caller, &feed).await.unwrap();
    let docs = feed.docs();
    assert_eq!(docs.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(feed.complete(), ["*"]);
    assert_eq!(docs["a"]["SomethingNew"], true);
    assert!(docs["a"].get("VpcConfig").is_none(), "null is absent");
    assert_eq!(docs["a"]["Environment"]["Variables"]["PASSWORD"]["gantry:length"], 7);
    assert!(!docs["a"].to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_failing_page_never_makes_a_list_complete() {
    let caller = caller(|operation, _| {
        if operation.contains("Marker=two") {
            (500, json!({"Type": "Service", "message": "oops"}))
        } else {
            (200, json!({"Functions": [function("a", "$LATEST")], "NextMarker": "two"}))
        }
    });
    let feed = Memory::default();
    assert!(collect_functions(&caller, &feed).await.unwrap_err().retryable());
    assert_eq!((feed.docs().len(), feed.complete().len()), (1, 0));
}

#[tokio::test]
async fn versions_come_in_bulk_and_aliases_from_each_function() {
    let caller = caller(|operation, _| {
        let alias = json!({"AliasArn": "arn:aws:lambda:eu-west-1:111122223333:function:a:live", "Name": "live", "FunctionVersion": "1"});
        match operation {
            o if o.contains("FunctionVersion=ALL") => {
                (200, json!({"Functions": [function("a", "$LATEST"), function("a", "1"), function("b", "$LATEST")]}))
            }
            o if o.contains("/functions/a/aliases") => (200, json!({"Aliases": [alias]})),
            o if o.contains("/functions/b/aliases") => {
                (404, json!({"Type": "User", "message": "Function not found", "__type": "ResourceNotFoundException"}))
            }
            other => panic!("{other}"),
        }
    });
    let versions = Memory::default();
    collect_versions(&caller, &versions).await.unwrap();
    assert_eq!(versions.docs().keys().collect::<Vec<_>>(), ["a:1"]);
    let aliases = Memory { said: vec![("Name", "gone:live".into(), "live".into())], ..Memory::default() };
    collect_aliases(&caller, &aliases).await.unwrap_or_else(|p| assert_eq!(p.code, domain::Code::NotFound));
    assert_eq!(aliases.docs().keys().collect::<Vec<_>>(), ["a:live"]);
    assert!(aliases.complete().contains(&"gone".to_owned()), "nothing is left of a deleted function's aliases");
}

#[tokio::test]
async fn the_image_of_a_published_version_is_left_to_the_single_read() {
    let caller = caller(|operation, _| {
        let version = |number: &str| {
            let mut version = function("a", number);
            version["PackageType"] = "Image".into();
            version
        };
        match operation {
            o if o.contains("FunctionVersion=ALL") => {
                (200, json!({"Functions": [version("$LATEST"), version("1"), version("2"), function("b", "1")]}))
            }
            o if o.contains("/functions/a:2") || o.contains("/functions/a%3A2") => {
                let code = json!({"ImageUri": "r/a:live", "ResolvedImageUri": "r/a@sha256:2"});
                (200, json!({"Configuration": version("2"), "Code": code}))
            }
            other => panic!("{other}"),
        }
    });
    let feed = Memory::default();
    collect_versions(&caller, &feed).await.unwrap();
    assert_eq!(feed.docs().keys().collect::<Vec<_>>(), ["a:1", "a:2", "b:1"]);
    assert_eq!(feed.complete(), ["*"]);
    let read = fetch_version(&caller, &key(Kind::FunctionVersion, "a:2")).await.unwrap().unwrap();
    assert_eq!(read.doc["Code"]["ResolvedImageUri"], "r/a@sha256:2");
}

#[tokio::test]
async fn one_function_is_read_with_all_that_lists_leave_out() {
    let caller = caller(|operation, _| {
        if operation.contains("/functions/none") {
            return (
                404,
                json!({"Type": "User", "message": "Function not found: arn:aws:lambda:eu-west-1:1:function:none", "__type": "ResourceNotFoundException"}),
            );
        }
        let mut configuration = function("a", "$LATEST");
        configuration["State"] = json!("Active");
        let code = json!({"RepositoryType": "S3", "Location": "https://presigned"});
        (
            200,
            json!({"Configuration": configuration, "Code": code, "Tags": {"team": "x"}, "Concurrency": {"ReservedConcurrentExecutions": 5}}),
        )
    });
    let found = fetch_function(&caller, &key(Kind::Function, "a")).await.unwrap().unwrap();
    assert_eq!((&found.doc["State"], &found.doc["Tags"]["team"]), (&json!("Active"), &json!("x")));
    assert_eq!(found.doc["Concurrency"]["ReservedConcurrentExecutions"], 5);
    assert_eq!(found.doc["Code"], json!({"RepositoryType": "S3"}), "a presigned address is a secret");
    assert_eq!(crate::withheld(&found), None);
    assert!(fetch_function(&caller, &key(Kind::Function, "none")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_function_whose_tags_are_refused_is_read_and_the_missing_permission_named() {
    let caller = caller(|_, _| {
        let why = "User: arn:aws:sts::111122223333:assumed-role/gantry/x is not authorized to perform: lambda:ListTags on resource: \
                   arn:aws:lambda:eu-west-1:111122223333:function:a because no identity-based policy allows the lambda:ListTags action";
        let error = json!({"ErrorCode": "AccessDeniedException", "Message": why});
        (200, json!({"Configuration": function("a", "$LATEST"), "Code": {"RepositoryType": "S3"}, "TagsError": error}))
    });
    let found = fetch_function(&caller, &key(Kind::Function, "a")).await.unwrap().unwrap();
    assert_eq!(domain::describe::untold(Kind::Function, &found.doc), ["Tags"]);
    let problem = crate::withheld(&found).unwrap();
    assert_eq!((problem.code, problem.iam_action.as_deref()), (domain::Code::AwsDenied, Some("lambda:ListTags")));
}

#[tokio::test]
async fn the_moments_of_a_mapping_are_readable() {
    let mapping = json!({"UUID": "u-1", "BatchSize": 10, "LastModified": 1_763_000_000.5, "State": "Enabled"});
    let caller = caller(move |_, _| (200, json!({"EventSourceMappings": [mapping]})));
    let feed = Memory::default();
    collect_event_source_mappings(&caller, &feed).await.unwrap();
    assert_eq!(feed.docs()["u-1"]["LastModified"], "2025-11-13T02:13:20.500Z");
}

#[tokio::test]
async fn the_image_of_a_function_is_read_once_its_update_is_over() {
    use domain::lambda::subject::Subject;
    let looks = std::sync::atomic::AtomicU32::new(0);
    let caller = caller(move |operation, _| {
        assert!(operation.ends_with("/functions/resize"), "{operation}");
        let status = ["InProgress", "InProgress", "Successful"]
            [looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed).min(2) as usize];
        let mut configuration = function("resize", "$LATEST");
        configuration["PackageType"] = "Image".into();
        configuration["State"] = "Active".into();
        configuration["LastUpdateStatus"] = status.into();
        let uri = if status == "Successful" { "r/resize@sha256:2" } else { "r/resize@sha256:1" };
        (
            200,
            json!({"Configuration": configuration, "Code": {"RepositoryType": "ECR", "ImageUri": "r/resize:live", "ResolvedImageUri": uri}}),
        )
    });
    let state = read(&caller, &Subject::FunctionImage { function: "resize".into() }).await.unwrap().unwrap();
    let wanted =
        json!({"FunctionName": "resize", "PackageType": "Image", "Architectures": [], "ImageUri": "r/resize@sha256:2"});
    assert_eq!(state, wanted);
}

#[tokio::test]
async fn a_function_that_is_not_there_has_no_image_and_a_failed_update_says_why() {
    use domain::lambda::subject::Subject;
    let caller = caller(|operation, _| match operation.ends_with("/functions/gone") {
        true => (404, json!({"__type": "ResourceNotFoundException", "Message": "no"})),
        false => {
            let configuration =
                json!({"FunctionName": "bad", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "denied"});
            (200, json!({"Configuration": configuration}))
        }
    });
    let of = |function: &str| {
        let subject = Subject::FunctionImage { function: function.into() };
        let caller = &caller;
        async move { read(caller, &subject).await.unwrap() }
    };
    assert_eq!(of("gone").await, None);
    assert_eq!(of("bad").await.unwrap()["LastUpdateStatusReason"], "denied");
}

#[tokio::test]
async fn a_function_whose_update_goes_on_is_not_told_as_if_it_were_over() {
    use domain::lambda::subject::Subject;
    let caller = caller(|_, _| {
        let configuration = json!({"FunctionName": "large", "State": "Active", "LastUpdateStatus": "InProgress"});
        (200, json!({"Configuration": configuration, "Code": {"ImageUri": "r/large@sha256:2"}}))
    });
    let state = read(&caller, &Subject::FunctionImage { function: "large".into() }).await.unwrap().unwrap();
    assert_eq!((&state["ImageUri"], &state["LastUpdateStatus"]), (&json!("r/large@sha256:2"), &json!("InProgress")));
}
