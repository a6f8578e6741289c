//! Documents of EKS on wire answers.

use super::*;
use crate::scripted::{Memory, caller};
use domain::{Code, Kind, ResourceKey};
use serde_json::json;

const ARN: &str = "arn:aws:eks:eu-west-1:111122223333";

fn key(kind: Kind, id: &str) -> ResourceKey {
    ResourceKey::parse(&format!("{}/111122223333/eu-west-1/{id}", kind.stem())).unwrap()
}

/// As DescribeCluster answers, with a field that no SDK of today knows.
fn cluster() -> Value {
    json!({
        "name": "shop", "arn": format!("{ARN}:cluster/shop"), "createdAt": 1_763_000_000.123, "version": "1.33", "status": "ACTIVE",
        "roleArn": "arn:aws:iam::111122223333:role/eks", "clientRequestToken": null, "platformVersion": "eks.9",
        "resourcesVpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": [], "vpcId": "vpc-1", "endpointPublicAccess": true,
            "endpointPrivateAccess": false, "publicAccessCidrs": ["0.0.0.0/0"], "controlPlaneEgressMode": "VPC"},
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv4", "elasticLoadBalancing": {"enabled": true}},
        "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-west-1:111122223333:key/1"}}],
        "connectorConfig": {"activationId": "a-1", "activationCode": "hunter2", "activationExpiry": 1_763_000_000.0, "provider": "GKE"},
        "health": {"issues": [{"code": "Ec2SubnetNotFound", "message": "A subnet is gone.", "resourceIds": ["subnet-2"]}]},
        "accessConfig": {"bootstrapClusterCreatorAdminPermissions": true, "authenticationMode": "API"},
        "upgradePolicy": {"supportType": "STANDARD"}, "zonalShiftConfig": {"enabled": true},
        "remoteNetworkConfig": {"remoteNodeNetworks": [{"cidrs": ["10.9.0.0/16"]}], "remotePodNetworks": [{"cidrs": ["10.8.0.0/16"]}]},
        "computeConfig": {"enabled": true, "nodePools": ["system"], "nodeRoleArn": "arn:aws:iam::111122223333:role/nodes"},
        "storageConfig": {"blockStorage": {"enabled": true}}, "deletionProtection": true,
        "controlPlaneScalingConfig": {"tier": "standard"}, "tags": {"team": "shop"}, "somethingNew": {"level": 3}
    })
}

#[tokio::test]
async fn a_cluster_is_kept_as_aws_writes_it_and_its_activation_code_sealed() {
    let wire = |operation: &str, _: &Value| match operation.ends_with("/clusters/shop") {
        true => (200, json!({"cluster": cluster()})),
        false => (404, json!({"__type": "ResourceNotFoundException", "message": "No cluster found for name: gone."})),
    };
    let caller = caller(wire);
    let found = fetch_cluster(&caller, &key(Kind::EksCluster, "shop")).await.unwrap().unwrap();
    let mut wanted = cluster();
    wanted.as_object_mut().unwrap().remove("clientRequestToken");
    wanted["createdAt"] = json!("2025-11-13T02:13:20.123Z");
    wanted["connectorConfig"]["activationExpiry"] = json!("2025-11-13T02:13:20.000Z");
    wanted["connectorConfig"]["activationCode"] = serde_json::to_value(caller.seal("hunter2")).unwrap();
    assert_eq!(found.doc, wanted);
    assert!(!found.doc.to_string().contains("hunter2"));
    assert_eq!(fetch_cluster(&caller, &key(Kind::EksCluster, "gone")).await.unwrap(), None);
    let described = domain::describe::describe(Kind::EksCluster, caller.scope(), &found.doc).unwrap();
    assert_eq!((described.name.as_str(), described.tags["team"].as_str()), ("shop", "shop"));
    assert!(described.state.unwrap().reason.unwrap().contains("Ec2SubnetNotFound"));
}

/// One cluster with a part of each kind.
fn parts(operation: &str, _: &Value) -> (u16, Value) {
    let path = operation.split_once("amazonaws.com").map_or(operation, |(_, path)| path);
    let path = path.split('?').next().unwrap_or_default();
    match path {
        "/clusters" => (200, json!({"clusters": ["shop"]})),
        "/clusters/shop/node-groups" => (200, json!({"nodegroups": ["standard"]})),
        "/clusters/shop/fargate-profiles" => (200, json!({"fargateProfileNames": ["batch"]})),
        "/clusters/shop/addons" => (200, json!({"addons": ["vpc-cni", "secret"]})),
        // Emulators leave out whose it is.
        "/clusters/shop/node-groups/standard" => (
            200,
            json!({"nodegroup": {
                "nodegroupName": "standard", "status": "DEGRADED", "createdAt": 1_763_000_000.0, "modifiedAt": 1_763_000_000.0,
                "taints": [{"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}], "remoteAccess": {"ec2SshKey": "ops"},
                "updateConfig": {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}, "nodeRepairConfig": {"enabled": true},
                "launchTemplate": {"id": "lt-1", "name": "nodes", "version": "4"}, "warmPoolConfig": {"enabled": true, "minSize": 1},
                "health": {"issues": [{"code": "AsgInstanceLaunchFailures", "message": "none left", "resourceIds": ["i-1"]}]}
            }}),
        ),
        "/clusters/shop/fargate-profiles/batch" => (
            200,
            json!({"fargateProfile": {"fargateProfileName": "batch", "clusterName": "shop", "status": "ACTIVE",
                "selectors": [{"namespace": "batch", "labels": {"deliveredAt": "night"}}], "createdAt": 1_763_000_000.0}}),
        ),
        "/clusters/shop/addons/vpc-cni" => (
            200,
            json!({"addon": {
                "addonName": "vpc-cni", "clusterName": "shop", "status": "ACTIVE", "addonVersion": "v1.19.0-eksbuild.1",
                "addonArn": format!("{ARN}:addon/shop/vpc-cni/0ec7"), "createdAt": 1_763_000_000.0, "health": {"issues": []},
                "configurationValues": "{\"env\":{\"API_KEY\":\"hunter2\"}}", "namespaceConfig": {"namespace": "kube-system"},
                "podIdentityAssociations": [format!("{ARN}:podidentityassociation/shop/a-1")],
                "marketplaceInformation": {"productId": "p-1", "productUrl": "https://aws.amazon.com/marketplace/pp/p-1"}
            }}),
        ),
        "/clusters/shop/addons/secret" => (403, json!({"__type": "AccessDeniedException", "message": "no"})),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_a_cluster_has_is_kept_whole_and_the_configuration_of_add_ons_sealed() {
    let caller = caller(parts);
    let groups = Memory::default();
    collect_node_groups(&caller, &groups).await.unwrap();
    let group = &groups.docs()["shop/standard"];
    assert_eq!((&group["clusterName"], &group["modifiedAt"]), (&json!("shop"), &json!("2025-11-13T02:13:20.000Z")));
    let kept = ["taints", "remoteAccess", "updateConfig", "nodeRepairConfig", "launchTemplate", "warmPoolConfig"];
    assert!(kept.iter().all(|field| !group[*field].is_null()), "{group}");
    assert_eq!(
        (&group["updateConfig"]["updateStrategy"], groups.complete()),
        (&json!("MINIMAL"), vec!["*".to_owned(), "shop".to_owned()])
    );
    let profiles = Memory::default();
    collect_fargate_profiles(&caller, &profiles).await.unwrap();
    assert_eq!(profiles.docs()["shop/batch"]["selectors"][0]["labels"]["deliveredAt"], "night");
    let addons = Memory::default();
    let problem = collect_addons(&caller, &addons).await.unwrap_err();
    assert_eq!((problem.code, problem.iam_action.as_deref()), (Code::AwsDenied, Some("eks:DescribeAddon")));
    assert!(addons.complete().is_empty(), "one was not read");
    let addon = &addons.docs()["shop/vpc-cni"];
    assert_eq!(
        addon["configurationValues"],
        serde_json::to_value(caller.seal(r#"{"env":{"API_KEY":"hunter2"}}"#)).unwrap()
    );
    assert!(!addon.to_string().contains("hunter2"));
    for field in ["namespaceConfig", "podIdentityAssociations", "marketplaceInformation", "health"] {
        assert!(!addon[field].is_null(), "{field} in {addon}");
    }
    assert!(domain::describe::describe(Kind::Addon, caller.scope(), addon).is_ok());
}
