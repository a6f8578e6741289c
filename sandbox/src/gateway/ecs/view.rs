//! A cluster as it is now: its services, and its tasks as AWS would show them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::Response;
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::fate::{self, End, Fate};
use super::task::{Facts, Network, present, seed};
use super::{TARGET, deployments, lock, now};
use crate::gateway::Gateway;
use crate::gateway::upstream::{Scope, element};

/// AWS forgets stopped tasks after about an hour.
const FORGOTTEN_AFTER: f64 = 3600.0;
/// How long the answer about an image holds: a push should be noticed soon.
const IMAGE_HOLDS: Duration = Duration::from_secs(10);

/// What is known about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// It is in a registry of the sandbox, under this digest.
    Here(String),
    /// It would be in a registry of the sandbox, but is not.
    Missing,
    /// It is in a registry outside, which is taken to have it.
    Outside,
}

/// A task and what becomes of it.
#[derive(Debug)]
pub struct Seen {
    /// The task as AWS shows it.
    pub shown: Value,
    /// How it will end by itself. Nothing for tasks that run on or have ended.
    pub end: Option<End>,
}

/// A cluster's services and tasks.
#[derive(Debug)]
pub struct Cluster {
    /// When it began to be read, in seconds since 1970.
    pub at: f64,
    /// As the emulator has them.
    pub services: Vec<Value>,
    /// Those that AWS would still know.
    pub tasks: Vec<Seen>,
}

/// Reads a cluster. An unknown cluster is the emulator's error.
pub async fn cluster(gateway: &Gateway, scope: &Scope, cluster: &str) -> Result<Cluster, Response> {
    let ask = |operation: &'static str, body: Value| async move {
        gateway.upstream.ask(scope, "ecs", &format!("{TARGET}.{operation}"), &body).await
    };
    let at = now();
    let mut services = Vec::new();
    let names = ask("ListServices", json!({ "cluster": cluster })).await?["serviceArns"].take();
    for batch in names.as_array().map(Vec::as_slice).unwrap_or_default().chunks(10) {
        let mut answer = ask("DescribeServices", json!({ "cluster": cluster, "services": batch })).await?;
        services.append(answer["services"].as_array_mut().unwrap_or(&mut Vec::new()));
    }
    let mut arns = Vec::new();
    for status in ["RUNNING", "STOPPED"] {
        let mut token = Value::Null;
        loop {
            let mut request = json!({ "cluster": cluster, "desiredStatus": status });
            if !token.is_null() {
                request["nextToken"] = token;
            }
            let mut answer = ask("ListTasks", request).await?;
            arns.append(answer["taskArns"].as_array_mut().unwrap_or(&mut Vec::new()));
            token = answer["nextToken"].take();
            if token.is_null() {
                break;
            }
        }
    }
    let mut tasks: Vec<Seen> = Vec::new();
    {
        // What ended stays as it was: only the others are asked for again.
        let ended = lock(&gateway.ecs.ended);
        arns.retain(|arn| match arn.as_str().and_then(|arn| ended.get(arn)) {
            Some(shown) => {
                tasks.push(Seen { shown: shown.clone(), end: None });
                false
            }
            None => true,
        });
    }
    for batch in arns.chunks(100) {
        let mut answer = ask("DescribeTasks", json!({ "cluster": cluster, "tasks": batch })).await?;
        let records = std::mem::take(answer["tasks"].as_array_mut().unwrap_or(&mut Vec::new()));
        let services = &services;
        let mut shown = futures::stream::iter(records).map(|record| show(gateway, scope, services, record)).buffered(8);
        while let Some(seen) = shown.next().await {
            if seen.shown["lastStatus"] == "STOPPED"
                && let Some(arn) = seen.shown["taskArn"].as_str()
            {
                lock(&gateway.ecs.ended).insert(arn.to_owned(), seen.shown.clone());
            }
            tasks.push(seen);
        }
    }
    let now = now();
    tasks.retain(|seen| seen.shown["stoppedAt"].as_f64().is_none_or(|at| now - at < FORGOTTEN_AFTER));
    Ok(Cluster { at, services, tasks })
}

async fn show(gateway: &Gateway, scope: &Scope, services: &[Value], mut record: Value) -> Seen {
    let definition =
        definition(gateway, scope, record["taskDefinitionArn"].as_str().unwrap_or_default()).await.unwrap_or_default();
    let service = record["group"]
        .as_str()
        .and_then(|group| group.strip_prefix("service:"))
        .and_then(|name| services.iter().find(|service| service["serviceName"] == name));
    let deployment = service.map(|service| deployment_of(service, &record));
    let pinned = match (service, &deployment) {
        (Some(service), Some(deployment)) => deployments::pinned(gateway, service, deployment),
        _ => BTreeMap::new(),
    };
    let (fate, digests) = fate_of(gateway, &definition, &pinned).await;
    let arn = record["taskArn"].as_str().unwrap_or_default().to_owned();
    let subnet = match service {
        Some(service) => {
            let subnets = service["networkConfiguration"]["awsvpcConfiguration"]["subnets"].as_array();
            subnets.filter(|subnets| !subnets.is_empty()).and_then(|subnets| {
                let index = usize::try_from(seed(&arn) % subnets.len() as u64).unwrap_or(0);
                subnets[index].as_str().map(str::to_owned)
            })
        }
        None => gateway.kept.read().subnets.get(&arn).cloned(),
    };
    let network = match subnet {
        Some(subnet) => network(gateway, scope, &subnet).await,
        None => None,
    };
    let facts = Facts {
        fate: &fate,
        definition: &definition,
        network: network.as_ref(),
        digests: &digests,
        deployment: deployment.as_deref(),
        now: now(),
    };
    let end = if record["lastStatus"] == "STOPPED" { None } else { fate.end(seed(&arn)) };
    present(&mut record, &facts);
    Seen { shown: record, end }
}

/// The deployment a task belongs to. One that is over has no record any more, but its tasks still carry its id.
fn deployment_of(service: &Value, task: &Value) -> String {
    let deployments = service["deployments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known = deployments
        .iter()
        .find(|deployment| deployment["taskDefinition"] == task["taskDefinitionArn"])
        .and_then(|deployment| deployment["id"].as_str());
    known.map_or_else(
        || format!("ecs-svc/{:019}", seed(task["taskDefinitionArn"].as_str().unwrap_or_default()) >> 1),
        str::to_owned,
    )
}

/// What becomes of a definition's tasks, and the digests of their images: those that containers are pinned to by name, else what their tags mean.
async fn fate_of(
    gateway: &Gateway,
    definition: &Value,
    pinned: &BTreeMap<String, String>,
) -> (Fate, Vec<(String, String)>) {
    let (mut missing, mut digests) = (Vec::new(), Vec::new());
    for container in definition["containerDefinitions"].as_array().into_iter().flatten() {
        let (Some(name), Some(address)) = (container["name"].as_str(), container["image"].as_str()) else { continue };
        let asked = match pinned.get(name) {
            Some(digest) if !address.contains('@') => format!("{address}@{digest}"),
            _ => address.to_owned(),
        };
        match image(gateway, &asked).await {
            Image::Here(digest) => digests.push((name.to_owned(), digest)),
            Image::Missing => missing.push(address.to_owned()),
            Image::Outside => {}
        }
    }
    (fate::of(definition, |image| missing.iter().any(|missing| missing == image)), digests)
}

/// A task definition: they never change, so each is asked for once.
pub async fn definition(gateway: &Gateway, scope: &Scope, name: &str) -> Result<Arc<Value>, Response> {
    if let Some(known) = lock(&gateway.ecs.definitions).get(name) {
        return Ok(known.clone());
    }
    let mut answer = gateway
        .upstream
        .ask(scope, "ecs", &format!("{TARGET}.DescribeTaskDefinition"), &json!({ "taskDefinition": name }))
        .await?;
    let definition = Arc::new(answer["taskDefinition"].take());
    // A family's name means another revision tomorrow.
    if name.starts_with("arn:") && name.rsplit('/').next().is_some_and(|tail| tail.contains(':')) {
        lock(&gateway.ecs.definitions).insert(name.to_owned(), definition.clone());
    }
    Ok(definition)
}

/// What there is under an image's address, as of some seconds ago.
pub async fn image(gateway: &Gateway, address: &str) -> Image {
    if let Some((at, known)) = lock(&gateway.ecs.images).get(address)
        && at.elapsed() < IMAGE_HOLDS
    {
        return known.clone();
    }
    image_now(gateway, address).await
}

/// What there is under an image's address now.
pub async fn image_now(gateway: &Gateway, address: &str) -> Image {
    let Some((scope, repository, id)) = parse_image(address) else { return Image::Outside };
    let request = json!({ "repositoryName": repository, "imageIds": [id] });
    let image = match gateway
        .upstream
        .ask(&scope, "ecr", "AmazonEC2ContainerRegistry_V20150921.DescribeImages", &request)
        .await
    {
        Ok(answer) => answer["imageDetails"][0]["imageDigest"]
            .as_str()
            .map_or(Image::Missing, |digest| Image::Here(digest.to_owned())),
        Err(refusal) if refusal.status().is_client_error() => Image::Missing,
        // Not knowing is no reason to fail a task.
        Err(_) => return Image::Outside,
    };
    lock(&gateway.ecs.images).insert(address.to_owned(), (Instant::now(), image.clone()));
    image
}

/// `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG` or `…@DIGEST`.
fn parse_image(address: &str) -> Option<(Scope, &str, Value)> {
    let (host, path) = address.split_once('/')?;
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let region = rest.strip_suffix(".amazonaws.com")?;
    let scope = Scope { account: account.to_owned(), region: region.to_owned() };
    if let Some((repository, digest)) = path.split_once('@') {
        return Some((scope, repository.split(':').next()?, json!({ "imageDigest": digest })));
    }
    let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
    Some((scope, repository, json!({ "imageTag": tag })))
}

async fn network(gateway: &Gateway, scope: &Scope, subnet: &str) -> Option<Network> {
    if let Some(known) = lock(&gateway.ecs.subnets).get(subnet) {
        return Some(known.clone());
    }
    let xml = gateway
        .upstream
        .query(scope, "ec2", &format!("Action=DescribeSubnets&Version=2016-11-15&SubnetId.1={subnet}"))
        .await
        .ok()?;
    let network = parse_subnet(subnet, &xml)?;
    lock(&gateway.ecs.subnets).insert(subnet.to_owned(), network.clone());
    Some(network)
}

fn parse_subnet(subnet: &str, xml: &str) -> Option<Network> {
    let mut base = [0; 4];
    let address = element(xml, "cidrBlock")?.split('/').next()?;
    for (slot, part) in base.iter_mut().zip(address.split('.')) {
        *slot = part.parse().ok()?;
    }
    Some(Network { subnet: subnet.to_owned(), base, zone: element(xml, "availabilityZone")?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_image_addresses() {
        let (scope, repository, id) =
            parse_image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/northwind/web:1.2").unwrap();
        assert_eq!(
            (scope.account.as_str(), scope.region.as_str(), repository),
            ("111122223333", "eu-west-1", "northwind/web")
        );
        assert_eq!(id, json!({ "imageTag": "1.2" }));
        assert_eq!(
            parse_image("1.dkr.ecr.r.amazonaws.com/a@sha256:0").unwrap().2,
            json!({ "imageDigest": "sha256:0" })
        );
        let (_, repository, id) = parse_image("1.dkr.ecr.r.amazonaws.com/a:main@sha256:0").unwrap();
        assert_eq!((repository, id), ("a", json!({ "imageDigest": "sha256:0" })));
        assert_eq!(parse_image("1.dkr.ecr.r.amazonaws.com/a").unwrap().2, json!({ "imageTag": "latest" }));
        assert!(parse_image("nginx:latest").is_none() && parse_image("docker.io/library/nginx").is_none());
    }

    #[test]
    fn reads_subnets() {
        let xml = "<item><subnetId>subnet-1</subnetId><cidrBlock>10.20.48.0/20</cidrBlock><availabilityZone>eu-west-1b</availabilityZone></item>";
        assert_eq!(
            parse_subnet("subnet-1", xml).unwrap(),
            Network { subnet: "subnet-1".into(), base: [10, 20, 48, 0], zone: "eu-west-1b".into() }
        );
        assert!(parse_subnet("subnet-1", "<none/>").is_none());
    }
}
