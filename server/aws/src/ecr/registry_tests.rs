//! The registry as a whole: read to the end, told only when all of it could be read; what plans send.

use domain::ecr::calls::Call;
use domain::ecr::subject::Subject;
use serde_json::{Value, json};

use super::*;
use crate::scripted::{Memory, caller};

fn answers(operation: &str, input: &Value) -> (u16, Value) {
    let missing = |code: &str| (400, json!({ "__type": code, "message": "none" }));
    match (operation, input["nextToken"].as_str()) {
        ("DescribeRegistry", _) => {
            let to = json!([{ "region": "eu-central-1", "registryId": "444455556666" }]);
            let rules = json!([{ "destinations": to, "deleteReplication": { "enabled": true } },
                { "destinations": to, "repositoryFilters": [{ "filter": "prod/", "filterType": "PREFIX_MATCH" }],
                "deleteReplication": { "enabled": false } }]);
            (200, json!({ "registryId": "111122223333", "replicationConfiguration": { "rules": rules } }))
        }
        ("DescribePullThroughCacheRules", None) if input["ecrRepositoryPrefixes"].is_array() => {
            missing("PullThroughCacheRuleNotFoundException")
        }
        ("DescribePullThroughCacheRules", None) => (
            200,
            json!({ "pullThroughCacheRules": [{ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "createdAt": 1.0 }], "nextToken": "2" }),
        ),
        ("DescribePullThroughCacheRules", Some(_)) => (
            200,
            json!({ "pullThroughCacheRules": [{ "ecrRepositoryPrefix": "k8s", "upstreamRegistryUrl": "registry.k8s.io" }] }),
        ),
        ("DescribeRepositoryCreationTemplates", _) => (
            200,
            json!({ "repositoryCreationTemplates": [{ "prefix": "ROOT", "appliedFor": ["CREATE_ON_PUSH"], "description": "" }] }),
        ),
        ("GetRegistryPolicy", _) => missing("RegistryPolicyNotFoundException"),
        ("GetRegistryScanningConfiguration", _) => {
            (200, json!({ "scanningConfiguration": { "scanType": "BASIC", "rules": [] } }))
        }
        ("GetAccountSetting", _) if input["name"] == "BLOB_MOUNTING" => missing("InvalidParameterException"),
        ("GetAccountSetting", _) => (200, json!({ "name": input["name"], "value": "V2" })),
        other => panic!("not expected: {other:?}"),
    }
}

#[tokio::test]
async fn every_permission_that_the_registry_lacks_is_named_at_once() {
    let without = |operation: &str, input: &Value| match operation {
        "DescribeRegistry" | "GetRegistryPolicy" | "GetAccountSetting" => {
            let message = format!("User: x is not authorized to perform: ecr:{operation} on resource: *");
            (400, json!({ "__type": "AccessDeniedException", "message": message }))
        }
        _ => answers(operation, input),
    };
    let feed = Memory::default();
    let problem = collect_registries(&caller(without), &feed).await.unwrap_err();
    let mut missing: Vec<&str> = problem.missing().collect();
    missing.sort_unstable();
    assert_eq!(missing, ["ecr:DescribeRegistry", "ecr:GetAccountSetting", "ecr:GetRegistryPolicy"]);
    assert!(missing.iter().all(|action| problem.message.contains(action)), "{problem}");
    assert!(feed.docs().is_empty() && feed.complete().is_empty());
}

#[tokio::test]
async fn the_registry_is_one_document_of_all_its_parts() {
    let feed = Memory::default();
    collect_registries(&caller(answers), &feed).await.unwrap();
    let doc = &feed.docs()["111122223333"];
    let prefixes: Vec<&str> = doc["pullThroughCacheRules"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["ecrRepositoryPrefix"].as_str())
        .collect();
    assert_eq!(prefixes, ["k8s", "quay"]);
    let to = json!([{ "region": "eu-central-1", "registryId": "444455556666" }]);
    let filters = json!([{ "filter": "prod/", "filterType": "PREFIX_MATCH" }]);
    let rules = json!([{ "destinations": to, "deleteReplication": { "enabled": true } },
        { "destinations": to, "repositoryFilters": filters }]);
    assert_eq!(doc["replicationConfiguration"]["rules"], rules);
    assert_eq!((doc.get("policy"), &doc["accountSettings"]["REGISTRY_POLICY_SCOPE"]), (None, &json!("V2")));
    assert_eq!(feed.complete(), ["*"]);
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_not_told_as_empty() {
    let feed = Memory::default();
    let denied = |operation: &str, input: &Value| match operation {
        "GetRegistryPolicy" => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
        _ => answers(operation, input),
    };
    let problem = collect_registries(&caller(denied), &feed).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("ecr:GetRegistryPolicy"));
    assert!(feed.docs().is_empty() && feed.complete().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_nothing_and_calls_send_their_document() {
    let gone = Subject::CacheRule { prefix: "hub".into() };
    assert_eq!(read(&caller(answers), &gone).await.unwrap(), None);
    let to = json!([{ "region": "eu-central-1", "registryId": "444455556666" }]);
    let deletions = json!({ "destinations": to, "deleteReplication": { "enabled": true } });
    for rules in [json!([]), json!([deletions])] {
        let wanted = json!({ "replicationConfiguration": { "rules": rules } });
        let call: Call =
            serde_json::from_value(json!({ "operation": "PutReplicationConfiguration", "input": wanted })).unwrap();
        let sent = caller(move |operation, input| {
            assert_eq!((operation, input), ("PutReplicationConfiguration", &wanted));
            (200, json!({}))
        });
        make(&sent, &call).await.unwrap();
    }
}

#[tokio::test]
async fn keys_that_ecr_cannot_use_are_not_offered() {
    let keys = |operation: &str, input: &Value| match operation {
        "ListKeys" => {
            let key =
                |id: &str| json!({ "KeyId": id, "KeyArn": format!("arn:aws:kms:eu-west-1:111122223333:key/{id}") });
            (200, json!({ "Keys": [key("own"), key("s3"), key("off"), key("shut")] }))
        }
        "ListAliases" => (
            200,
            json!({ "Aliases": [
            { "AliasName": "alias/images", "TargetKeyId": "own" }, { "AliasName": "alias/aws/s3", "TargetKeyId": "s3" }] }),
        ),
        _ if input["KeyId"] == "shut" => (400, json!({ "__type": "AccessDeniedException", "message": "no" })),
        _ => {
            let state = if input["KeyId"] == "off" { "Disabled" } else { "Enabled" };
            (
                200,
                json!({ "KeyMetadata": { "KeyId": input["KeyId"], "KeyManager": "CUSTOMER", "KeyState": state,
                "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT" } }),
            )
        }
    };
    let found = read(&caller(keys), &Subject::Keys).await.unwrap().unwrap();
    let named: Vec<_> =
        found.as_array().unwrap().iter().map(|k| (k["id"].as_str().unwrap(), k["unknown"] == true)).collect();
    assert_eq!(named, [("own", false), ("shut", true)]);
}

#[tokio::test]
async fn what_names_a_key_is_read_of_repositories_and_templates() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1a";
    let caller = caller(move |operation, _| {
        let repository = |name: &str, key: &str| json!({ "repositoryName": name, "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": key } });
        if operation.contains("DescribeRepositoryCreationTemplates") {
            let template = |prefix: &str, key: &str| json!({ "prefix": prefix, "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": key } });
            (200, json!({ "repositoryCreationTemplates": [template("team", "alias/images"), template("other", "2b")] }))
        } else {
            (
                200,
                json!({ "repositories": [repository("web", key), repository("api", "2b"), { "repositoryName": "plain" }] }),
            )
        }
    });
    let keys = vec!["1a".to_owned(), "alias/images".to_owned()];
    let found = read(&caller, &Subject::EncryptedWith { keys }).await.unwrap();
    assert_eq!(found, Some(json!({ "repositories": ["web"], "templates": ["team"] })));
}
