//! The generated fleet: 10,000 functions, 1,000 services, 5,000 tasks, 2,000 repositories and 50,000 images, as AWS's documents,
//! written through the store as a collector would.

use anyhow::Result;
use domain::resource::Observed;
use domain::{AccountId, Kind, Millis, Region, ResourceKey, Scope};
use gantry_store::Store;
use gantry_store::batch::Source;
use serde_json::{Value, json};

const ACCOUNTS: [&str; 4] = ["100000000001", "100000000002", "100000000003", "100000000004"];
const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-southeast-2"];
const TEAMS: [&str; 8] = ["orders", "payments", "catalog", "search", "media", "identity", "billing", "shipping"];
const JOBS: [&str; 10] =
    ["api", "worker", "indexer", "thumbnailer", "exporter", "reaper", "webhook", "router", "digest", "archiver"];
const RUNTIMES: [&str; 6] = ["python3.13", "nodejs22.x", "python3.9", "provided.al2023", "java21", "nodejs20.x"];

/// How many of each kind.
pub const SIZES: [(Kind, usize); 5] = [
    (Kind::Function, 10_000),
    (Kind::Service, 1_000),
    (Kind::Task, 5_000),
    (Kind::Repository, 2_000),
    (Kind::Image, 50_000),
];

fn scope(n: usize) -> Result<Scope> {
    Ok(Scope::new(AccountId::parse(ACCOUNTS[n % 4])?, Region::parse(REGIONS[n / 4 % 3])?))
}

/// A digest that looks like one and differs for each number.
fn digest(n: usize) -> String {
    let mut x = n as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let words: Vec<String> = (0..4)
        .map(|_| {
            x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31) ^ 0x94d0_49bb_1331_11eb;
            format!("{x:016x}")
        })
        .collect();
    format!("sha256:{}", words.concat())
}

fn name(n: usize) -> String {
    format!("{}-{}-{n}", TEAMS[n % 8], JOBS[n / 8 % 10])
}

fn document(kind: Kind, n: usize, scope: &Scope) -> (String, Value) {
    let (account, region) = (&scope.account, &scope.region);
    let name = name(n);
    match kind {
        Kind::Function => (
            name.clone(),
            json!({
                "FunctionName": name, "FunctionArn": format!("arn:aws:lambda:{region}:{account}:function:{name}"),
                "Runtime": RUNTIMES[n % 6], "Role": format!("arn:aws:iam::{account}:role/{}-role", TEAMS[n % 8]),
                "Handler": "app.handler", "CodeSize": 1000 + n * 37, "Description": "", "Timeout": 30,
                "MemorySize": 128 << (n % 5), "LastModified": "2026-10-01T10:00:00.000+0000", "CodeSha256": digest(n),
                "Version": "$LATEST", "PackageType": "Zip", "Architectures": ["arm64"], "State": "Active",
                "RevisionId": digest(n)[7..39], "LastUpdateStatus": "Successful",
                "Environment": {"Variables": {"STAGE": {"gantry:length": 4, "gantry:digest": "0123456789abcdef"}}},
            }),
        ),
        Kind::Service => (
            format!("main/{name}"),
            json!({
                "serviceName": name, "serviceArn": format!("arn:aws:ecs:{region}:{account}:service/main/{name}"),
                "clusterArn": format!("arn:aws:ecs:{region}:{account}:cluster/main"), "status": "ACTIVE", "desiredCount": 5,
                "runningCount": 5, "pendingCount": 0, "launchType": "FARGATE",
                "taskDefinition": format!("arn:aws:ecs:{region}:{account}:task-definition/{name}:7"),
                "createdAt": "2026-09-01T10:00:00.000Z", "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "COMPLETED"}],
            }),
        ),
        Kind::Task => {
            let id = &digest(n)[7..39];
            (
                format!("main/{id}"),
                json!({
                    "taskArn": format!("arn:aws:ecs:{region}:{account}:task/main/{id}"),
                    "clusterArn": format!("arn:aws:ecs:{region}:{account}:cluster/main"), "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
                    "taskDefinitionArn": format!("arn:aws:ecs:{region}:{account}:task-definition/{name}:7"), "group": format!("service:{name}"),
                    "cpu": "256", "memory": "512", "launchType": "FARGATE", "createdAt": "2026-11-01T10:00:00.000Z",
                    "containers": [{"name": "app", "lastStatus": "RUNNING", "image": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}:1")}],
                }),
            )
        }
        Kind::Repository => (
            name.clone(),
            json!({
                "repositoryName": name, "repositoryArn": format!("arn:aws:ecr:{region}:{account}:repository/{name}"), "registryId": account,
                "repositoryUri": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}"), "createdAt": "2026-01-01T10:00:00.000Z",
                "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": true},
                "encryptionConfiguration": {"encryptionType": "AES256"},
            }),
        ),
        _ => {
            // 25 images in each of the 2,000 repositories, in the repository's own scope.
            let repository = self::name(n / 25);
            let digest = digest(n);
            (
                format!("{repository}@{digest}"),
                json!({
                    "registryId": account, "repositoryName": repository, "imageDigest": digest, "imageTags": [format!("1.{}.{n}", n % 25)],
                    "imageSizeInBytes": 50_000_000 + n * 1000, "imagePushedAt": "2026-10-01T10:00:00.000Z",
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                }),
            )
        }
    }
}

/// Writes the whole load; answers how many rows.
pub async fn write(store: &Store, now: Millis) -> Result<usize> {
    let mut written = 0;
    for (kind, count) in SIZES {
        for start in (0..count).step_by(1000) {
            let mut batch = vec![];
            for n in start..(start + 1000).min(count) {
                let scope = scope(if kind == Kind::Image { n / 25 } else { n })?;
                let (id, doc) = document(kind, n, &scope);
                domain::describe::describe(kind, &scope, &doc)?;
                batch.push(Observed { key: ResourceKey::new(kind, scope, id)?, doc });
            }
            written += batch.len();
            store.seen(Source::Single { began: now, fence: None }, &batch, now).await?;
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_document_is_one_the_models_read_and_has_its_own_key() {
        for (kind, count) in SIZES {
            let mut ids = std::collections::HashSet::new();
            for n in 0..count {
                let scope = scope(if kind == Kind::Image { n / 25 } else { n }).unwrap();
                let (id, doc) = document(kind, n, &scope);
                if n < 50 {
                    let described = domain::describe::describe(kind, &scope, &doc).unwrap();
                    let key = ResourceKey::new(kind, scope.clone(), id.clone()).unwrap().to_string();
                    assert!(described.refs.contains(&key), "{kind}: {key} is not among {:?}", described.refs);
                }
                assert!(ids.insert((scope, id)));
            }
        }
    }
}
