//! What the emulator's EKS lacks: Fargate profiles, lists in pages, API servers to be found (`kubernetes`), and a VPC and a security group of
//! each cluster that are there.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, json_error};
use super::upstream::{Scope, element};
use super::{Answer, Gateway, Read, decode, json as answer_json, kubernetes, paging};

const PROFILES: &str = "fargate-profiles";
/// EKS gives at most a hundred names a page.
const PAGE: u64 = 100;
/// How long a new profile is being made.
const CREATING_SECONDS: f64 = 20.0;

/// Whether a call is answered here.
pub fn is_ours(call: &Call) -> bool {
    let parts = parts(&call.path);
    let lists = call.method == Method::GET
        && matches!(parts.as_slice(), ["clusters"] | ["clusters", _] | ["clusters", _, "node-groups" | "addons"]);
    let makes = call.method == Method::POST && parts == ["clusters"];
    lists || makes || matches!(parts.as_slice(), ["clusters", _, PROFILES] | ["clusters", _, PROFILES, _])
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Answers a call of [`is_ours`].
pub async fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    let parts = parts(&read.call.path);
    match parts.as_slice() {
        ["clusters", cluster, PROFILES, rest @ ..] => {
            let cluster = decode(cluster);
            let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
            // The emulator says whether the cluster exists.
            let found = gateway.upstream.get(&scope, "eks", &format!("/clusters/{cluster}")).await?;
            let arn = found["cluster"]["arn"].as_str().unwrap_or_default().to_owned();
            profiles(gateway, read, &scope, &cluster, &arn, rest.first().map(|name| decode(name)))
        }
        ["clusters", ..] if read.call.method == Method::POST || parts.len() == 2 => {
            let mut answer = gateway.upstream.pass_json(read).await?;
            let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
            let host = read.parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
            let name = answer["cluster"]["name"].as_str().unwrap_or_default().to_owned();
            if let Some(cluster) = answer.get_mut("cluster").and_then(Value::as_object_mut) {
                cluster.insert("endpoint".into(), kubernetes::endpoint(host, &scope, &name).into());
                if let Some(network) = cluster.get_mut("resourcesVpcConfig") {
                    within(gateway, &scope, &name, network).await;
                }
            }
            Ok(answer_json(&answer))
        }
        other => {
            let list = match other {
                ["clusters"] => "clusters",
                [_, _, "addons"] => "addons",
                _ => "nodegroups",
            };
            let mut answer = gateway.upstream.pass_json(read).await?;
            paging::cut(&mut answer, list, &page_of(read), PAGE);
            Ok(answer_json(&answer))
        }
    }
}

/// Names the VPC that the subnets are in, and the security group that EKS makes there, made when it is first asked for: those that the
/// emulator names are nowhere.
async fn within(gateway: &Gateway, scope: &Scope, cluster: &str, network: &mut Value) {
    const VERSION: &str = "2016-11-15";
    let Some(subnet) = network["subnetIds"][0].as_str() else { return };
    let subnets = format!("Action=DescribeSubnets&Version={VERSION}&SubnetId.1={subnet}");
    let answer = gateway.upstream.query(scope, "ec2", &subnets).await.unwrap_or_default();
    let Some(vpc) = element(&answer, "vpcId") else { return };
    network["vpcId"] = vpc.into();
    let name = format!("eks-cluster-sg-{cluster}");
    let find = format!(
        "Action=DescribeSecurityGroups&Version={VERSION}&Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}\
         &Filter.2.Name=group-name&Filter.2.Value.1={name}"
    );
    let make = format!(
        "Action=CreateSecurityGroup&Version={VERSION}&GroupName={name}&VpcId={vpc}\
         &GroupDescription=EKS+created+security+group+applied+to+ENI+that+is+attached+to+EKS+Control+Plane+master+nodes"
    );
    // Whoever comes second finds it made.
    for form in [&find, &make, &find] {
        let answer = gateway.upstream.query(scope, "ec2", form).await.unwrap_or_default();
        if let Some(group) = element(&answer, "groupId") {
            network["clusterSecurityGroupId"] = group.into();
            return;
        }
    }
}

/// The page that a request asks for in its query.
fn page_of(read: &Read<'_>) -> Value {
    json!({ "maxResults": read.query("maxResults").and_then(|text| text.parse::<u64>().ok()), "nextToken": read.query("nextToken") })
}

fn profiles(
    gateway: &Gateway,
    read: &Read<'_>,
    scope: &Scope,
    cluster: &str,
    arn: &str,
    name: Option<String>,
) -> Answer {
    let missing = |name: &str| {
        json_error(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            &format!("No Fargate Profile found with name: {name}."),
        )
    };
    match (&read.call.method, name) {
        (&Method::POST, None) => create(gateway, scope, cluster, arn, &read.json()?),
        (&Method::GET, None) => {
            let names: Vec<String> = gateway
                .kept
                .read()
                .fargate_profiles
                .get(arn)
                .map(|profiles| profiles.keys().cloned().collect())
                .unwrap_or_default();
            let mut answer = json!({ "fargateProfileNames": names });
            paging::cut(&mut answer, "fargateProfileNames", &page_of(read), PAGE);
            Ok(answer_json(&answer))
        }
        (&Method::GET, Some(name)) => {
            let profile =
                gateway.kept.read().fargate_profiles.get(arn).and_then(|profiles| profiles.get(&name)).cloned();
            profile
                .map(|profile| answer_json(&json!({ "fargateProfile": at_age(profile) })))
                .ok_or_else(|| missing(&name))
        }
        (&Method::DELETE, Some(name)) => {
            let removed = gateway
                .kept
                .change(|kept| kept.fargate_profiles.get_mut(arn).and_then(|profiles| profiles.remove(&name)));
            let mut profile = removed.ok_or_else(|| missing(&name))?;
            profile["status"] = "DELETING".into();
            Ok(answer_json(&json!({ "fargateProfile": profile })))
        }
        _ => Err(json_error(
            StatusCode::METHOD_NOT_ALLOWED,
            "InvalidRequestException",
            "Fargate profiles have no such call.",
        )),
    }
}

/// A profile is there some seconds after it was asked for.
fn at_age(mut profile: Value) -> Value {
    if super::ecs::now() - profile["createdAt"].as_f64().unwrap_or_default() < CREATING_SECONDS {
        profile["status"] = "CREATING".into();
    }
    profile
}

fn create(gateway: &Gateway, scope: &Scope, cluster: &str, cluster_arn: &str, request: &Value) -> Answer {
    let invalid = |message: &str| json_error(StatusCode::BAD_REQUEST, "InvalidParameterException", message);
    let Some(name) = request["fargateProfileName"].as_str().filter(|name| !name.is_empty()) else {
        return Err(invalid("fargateProfileName can't be null"));
    };
    let Some(role) = request["podExecutionRoleArn"].as_str() else {
        return Err(invalid("podExecutionRoleArn can't be null"));
    };
    let seed = super::ecs::task::seed(&format!("{cluster_arn}{name}"));
    let profile = json!({
        "fargateProfileName": name,
        "fargateProfileArn": format!("arn:aws:eks:{}:{}:fargateprofile/{cluster}/{name}/{:08x}-sandbox", scope.region, scope.account, seed >> 32),
        "clusterName": cluster,
        "createdAt": super::ecs::now(),
        "podExecutionRoleArn": role,
        "subnets": request["subnets"],
        "selectors": request["selectors"],
        "status": "ACTIVE",
        "tags": if request["tags"].is_null() { json!({}) } else { request["tags"].clone() },
        "health": { "issues": [] },
    });
    let made = gateway.kept.change(|kept| {
        let profiles = kept.fargate_profiles.entry(cluster_arn.to_owned()).or_default();
        if profiles.contains_key(name) {
            return false;
        }
        profiles.insert(name.to_owned(), profile.clone());
        true
    });
    if !made {
        return Err(json_error(
            StatusCode::CONFLICT,
            "ResourceInUseException",
            &format!("A Fargate Profile already exists with this name in this cluster: {name}"),
        ));
    }
    Ok(answer_json(&json!({ "fargateProfile": at_age(profile) })))
}
