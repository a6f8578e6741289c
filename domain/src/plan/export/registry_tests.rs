//! The registry's settings as templates and modules.

use super::super::{cloudformation, terraform};
use crate::ecr::calls::Call as Ecr;
use crate::plan::{Call, Effect, FORMAT, Plan, Step, Undo};
use serde_json::{Value, json};

fn plan(effect: Effect, before: Option<Value>, calls: &[(&str, Value)]) -> Plan {
    let scope = crate::Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let step = |(operation, input): &(&str, Value)| Step {
        id: "x".into(),
        says: (*operation).into(),
        scope: scope.clone(),
        call: Call::Ecr(serde_json::from_value::<Ecr>(json!({ "operation": operation, "input": input })).unwrap()),
        effect,
        before: before.clone(),
        depends_on: vec![],
        undo: Undo::Never(String::new()),
        monthly: None,
    };
    Plan { format: FORMAT, title: "Registry".into(), scope: scope.clone(), steps: calls.iter().map(step).collect() }
}

fn all(effect: Effect) -> Plan {
    let filter = json!([{ "filter": "prod/", "filterType": "PREFIX_MATCH" }]);
    let calls = [
        (
            "PutReplicationConfiguration",
            json!({ "replicationConfiguration": { "rules": [{
            "destinations": [{ "region": "eu-central-1", "registryId": "444455556666" }], "repositoryFilters": filter }] } }),
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io",
            "upstreamRegistry": "docker-hub", "credentialArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf" }),
        ),
        (
            "CreateRepositoryCreationTemplate",
            json!({ "prefix": "ROOT", "appliedFor": ["CREATE_ON_PUSH"], "imageTagMutability": "IMMUTABLE",
            "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "alias/shop" }, "resourceTags": [{ "Key": "team", "Value": "shop" }],
            "lifecyclePolicy": "{\"rules\":[]}", "customRoleArn": "arn:aws:iam::111122223333:role/ecr" }),
        ),
        ("PutRegistryPolicy", json!({ "policyText": "{\"Version\":\"2012-10-17\",\"Statement\":[]}" })),
        (
            "PutRegistryScanningConfiguration",
            json!({ "scanType": "ENHANCED", "rules": [{ "scanFrequency": "CONTINUOUS_SCAN",
            "repositoryFilters": [{ "filter": "*", "filterType": "WILDCARD" }] }] }),
        ),
        ("PutAccountSetting", json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" })),
        ("DeletePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "quay" })),
    ];
    plan(effect, None, &calls)
}

#[test]
fn a_template_tells_of_a_registry_and_names_the_rest() {
    let (template, untold) = cloudformation::template(&all(Effect::Create));
    assert_eq!(untold, ["PutAccountSetting", "DeletePullThroughCacheRule"]);
    insta::assert_snapshot!(template);
}

#[test]
fn a_template_does_not_make_anew_what_exists() {
    let template = json!({ "prefix": "shop", "appliedFor": ["REPLICATION"] });
    let policy = json!({ "policyText": "{\"Version\":\"2012-10-17\",\"Statement\":[]}" });
    let changed = [("UpdateRepositoryCreationTemplate", template), ("PutRegistryPolicy", policy)];
    let replication = [("PutReplicationConfiguration", json!({ "replicationConfiguration": { "rules": [] } }))];
    let scanning = [("PutRegistryScanningConfiguration", json!({ "scanType": "BASIC", "rules": [] }))];
    let rules = json!({ "rules": [{ "destinations": [] }] });
    let enhanced = json!({ "scanType": "ENHANCED", "rules": [] });
    for (before, calls) in [
        (None, &changed[..]),
        (Some(rules), &replication[..]),
        (Some(enhanced), &scanning[..]),
        (None, &replication[..]),
    ] {
        let (template, untold) = cloudformation::template(&plan(Effect::Update, before, calls));
        assert_eq!(serde_json::from_str::<Value>(&template).unwrap()["Resources"], json!({}));
        let named = |says: &str| format!("{says}: that exists already and has to be imported into the stack");
        assert_eq!(untold, calls.iter().map(|(says, _)| named(says)).collect::<Vec<_>>());
    }
    for (before, calls) in
        [(json!({ "rules": [] }), &replication[..]), (json!({ "scanType": "BASIC", "rules": [] }), &scanning[..])]
    {
        let (template, untold) = cloudformation::template(&plan(Effect::Update, Some(before), calls));
        assert!(untold.is_empty() && template.contains("AWS::ECR::Re"), "{template}");
    }
}

#[test]
fn a_configuration_tells_of_a_registry_and_names_the_rest() {
    let (configuration, untold) = terraform::configuration(&all(Effect::Update));
    assert_eq!(untold, ["DeletePullThroughCacheRule"]);
    insta::assert_snapshot!(configuration);
}

#[test]
fn a_configuration_does_not_tell_of_replication_without_rules_or_with_deletions() {
    let to = json!([{ "region": "eu-central-1", "registryId": "111122223333" }]);
    let before = json!({ "rules": [{ "destinations": to }] });
    let deletions = json!({ "destinations": to, "deleteReplication": { "enabled": true } });
    for rules in [json!([]), json!([deletions])] {
        let put = [("PutReplicationConfiguration", json!({ "replicationConfiguration": { "rules": rules } }))];
        let (configuration, untold) = terraform::configuration(&plan(Effect::Update, Some(before.clone()), &put));
        assert_eq!(untold, ["PutReplicationConfiguration"]);
        assert!(!configuration.contains("aws_ecr_replication_configuration"), "{configuration}");
    }
    let put = [("PutReplicationConfiguration", json!({ "replicationConfiguration": { "rules": [deletions] } }))];
    let (template, _) = cloudformation::template(&plan(Effect::Create, None, &put));
    let template: Value = serde_json::from_str(&template).unwrap();
    let rule = &template["Resources"]["Replication"]["Properties"]["ReplicationConfiguration"]["Rules"][0];
    assert_eq!(rule["DeleteReplication"], json!({ "Enabled": true }));
}
