//! What runs images, and the keys that encrypt them: made for the forms about them, and listed as the sandbox itself has it. No name or number
//! that AWS chose is in the listing: a run that made its key twice and kept one leaves the same as one that made it once.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::ACCOUNTS;
use super::forms::{image, list, pages};
use super::oracle::Sandbox;

/// The cluster of all services.
pub const CLUSTER: &str = "torture";
/// The repository of the image that functions and containers get. It stays until [`clear_images`].
pub const IMAGES: &str = "torture-images";
const REGION: &str = "eu-west-1";

/// The digest of that image, which is there afterwards.
pub fn digest(sandbox: &Sandbox) -> Result<String> {
    let there = sandbox.ecr("DescribeImages", &json!({ "repositoryName": IMAGES }))?;
    let digest = match there {
        Some(images) => images["imageDetails"][0]["imageDigest"].clone(),
        None => {
            sandbox.ecr("CreateRepository", &json!({ "repositoryName": IMAGES }))?;
            sandbox.ecr("PutImage", &image(IMAGES, "1"))?.unwrap_or_default()["image"]["imageId"]["imageDigest"].clone()
        }
    };
    Ok(digest.as_str().context("an image without a digest")?.to_owned())
}

/// Takes it away.
pub fn clear_images(sandbox: &Sandbox) -> Result<()> {
    sandbox.ecr("DeleteRepository", &json!({ "repositoryName": IMAGES, "force": true }))?;
    Ok(())
}

/// By its tag: what runs it already is given it by its digest.
fn uri() -> String {
    format!("{}.dkr.ecr.{REGION}.amazonaws.com/{IMAGES}:1", ACCOUNTS.gantry)
}

/// A function that is made from the image.
pub fn function(sandbox: &Sandbox, name: &str) -> Result<()> {
    let role = format!("arn:aws:iam::{}:role/torture", ACCOUNTS.gantry);
    let input = json!({ "FunctionName": name, "PackageType": "Image", "Code": { "ImageUri": uri() }, "Role": role });
    sandbox.lambda("POST", "", Some(&input))?;
    Ok(())
}

/// A family with one revision, and a service of the same name that runs it, without tasks.
pub fn service(sandbox: &Sandbox, name: &str) -> Result<()> {
    let containers = json!([{ "name": "app", "image": uri(), "memory": 64 }]);
    sandbox.ecs("CreateCluster", &json!({ "clusterName": CLUSTER }))?;
    sandbox.ecs("RegisterTaskDefinition", &json!({ "family": name, "containerDefinitions": containers }))?;
    let service =
        json!({ "cluster": CLUSTER, "serviceName": name, "taskDefinition": format!("{name}:1"), "desiredCount": 0 });
    sandbox.ecs("CreateService", &service)?;
    Ok(())
}

/// Takes away what has this name of all that.
pub fn clear(sandbox: &Sandbox, name: &str) -> Result<()> {
    sandbox.lambda("DELETE", name, None)?;
    if services(sandbox)?.iter().any(|arn| arn.ends_with(&format!("/{name}"))) {
        sandbox.ecs("DeleteService", &json!({ "cluster": CLUSTER, "service": name, "force": true }))?;
    }
    for arn in revisions(sandbox)?.iter().filter(|arn| family(arn) == name) {
        sandbox.ecs("DeregisterTaskDefinition", &json!({ "taskDefinition": arn }))?;
    }
    Ok(())
}

/// The family of a revision, by its ARN.
fn family(arn: &str) -> &str {
    let name = arn.rsplit('/').next().unwrap_or_default();
    name.rsplit_once(':').map_or(name, |(family, _)| family)
}

/// Every page of a list of ECS's, asked with this input.
fn arns(sandbox: &Sandbox, operation: &str, field: &str, input: &Value) -> Result<Vec<String>> {
    let ask = |page: &Value| {
        let mut input = input.clone();
        if page["nextToken"].is_string() {
            input["nextToken"] = page["nextToken"].clone();
        }
        sandbox.ecs(operation, &input)
    };
    let found = pages(ask, field)?;
    Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Those that are not deregistered.
fn revisions(sandbox: &Sandbox) -> Result<Vec<String>> {
    arns(sandbox, "ListTaskDefinitions", "taskDefinitionArns", &json!({ "status": "ACTIVE" }))
}

fn services(sandbox: &Sandbox) -> Result<Vec<String>> {
    arns(sandbox, "ListServices", "serviceArns", &json!({ "cluster": CLUSTER }))
}

/// All of it, by what it is and its name: families with what their active revisions start, what services run, functions' images, and keys whose
/// deletion is not pending, by what they are for.
pub fn listing(sandbox: &Sandbox) -> Result<BTreeMap<String, Value>> {
    let (mut all, mut started) = (BTreeMap::new(), BTreeMap::new());
    for arn in revisions(sandbox)? {
        let input = json!({ "taskDefinition": arn, "include": ["TAGS"] });
        let told = sandbox.ecs("DescribeTaskDefinition", &input)?.unwrap_or_default();
        let images = list(&told["taskDefinition"]["containerDefinitions"]).map(|container| container["image"].clone());
        let revision = json!({ "images": images.collect::<Vec<_>>(), "tags": tags(&told["tags"], "key", "value") });
        add(&mut all, format!("task-definition {}", family(&arn)), revision.clone());
        started.insert(arn, revision);
    }
    for some in services(sandbox)?.chunks(10) {
        let told =
            sandbox.ecs("DescribeServices", &json!({ "cluster": CLUSTER, "services": some }))?.unwrap_or_default();
        for service in list(&told["services"]) {
            let name = service["serviceName"].as_str().unwrap_or_default();
            let runs = started.get(service["taskDefinition"].as_str().unwrap_or_default());
            all.insert(
                format!("service {name}"),
                runs.cloned().unwrap_or_else(|| json!("a revision that is not active")),
            );
        }
    }
    let mut page = String::new();
    loop {
        let told = sandbox.lambda("GET", &page, None)?.unwrap_or_default();
        for function in list(&told["Functions"]) {
            let name = function["FunctionName"].as_str().unwrap_or_default();
            let whole = sandbox.lambda("GET", name, None)?.unwrap_or_default();
            all.insert(format!("function {name}"), whole["Code"]["ImageUri"].clone());
        }
        match told["NextMarker"].as_str().filter(|marker| !marker.is_empty()) {
            Some(marker) => page = format!("?Marker={marker}"),
            None => break,
        }
    }
    keys(sandbox, &mut all)?;
    Ok(all)
}

/// One more of several with this name, in an order that says nothing of which was first.
fn add(all: &mut BTreeMap<String, Value>, name: String, one: Value) {
    if let Value::Array(those) = all.entry(name).or_insert_with(|| json!([])) {
        those.push(one);
        those.sort_by_key(Value::to_string);
    }
}

fn tags(all: &Value, key: &str, value: &str) -> Value {
    let pair = |tag: &Value| Some((tag[key].as_str()?.to_owned(), tag[value].clone()));
    list(all).filter_map(pair).collect::<serde_json::Map<_, _>>().into()
}

/// Keys and aliases as in the listing, and beside them what the key of each repository is for that has one.
pub fn encryption(sandbox: &Sandbox) -> Result<BTreeMap<String, Value>> {
    let mut all = BTreeMap::new();
    let purposes = keys(sandbox, &mut all)?;
    for repository in pages(|page| sandbox.ecr("DescribeRepositories", page), "repositories")? {
        let key = repository["encryptionConfiguration"]["kmsKey"].as_str().unwrap_or_default();
        // An ARN ends with the id.
        let id = json!(key.rsplit('/').next().unwrap_or_default());
        if let Some(purpose) = purposes.get(&id.to_string()) {
            let name = repository["repositoryName"].as_str().unwrap_or_default();
            all.insert(format!("encryption {name}"), json!(purpose));
        }
    }
    Ok(all)
}

/// Adds them; answers what each key is for, by its id in JSON.
fn keys(sandbox: &Sandbox, all: &mut BTreeMap<String, Value>) -> Result<BTreeMap<String, String>> {
    let marked = |operation: &str, field: &str| -> Result<Vec<Value>> {
        let (mut found, mut page) = (vec![], json!({}));
        loop {
            let told = sandbox.kms(operation, &page)?.unwrap_or_default();
            found.extend(list(&told[field]).cloned());
            match told["NextMarker"].as_str() {
                Some(marker) => page = json!({ "Marker": marker }),
                None => return Ok(found),
            }
        }
    };
    let mut purposes = BTreeMap::new();
    for key in marked("ListKeys", "Keys")? {
        let of = json!({ "KeyId": key["KeyId"] });
        let told = sandbox.kms("DescribeKey", &of)?.unwrap_or_default()["KeyMetadata"].clone();
        if told["KeyState"] == "PendingDeletion" || told["KeyManager"] == "AWS" {
            continue;
        }
        let purpose = told["Description"].as_str().unwrap_or_default();
        let tagged = sandbox.kms("ListResourceTags", &of)?.unwrap_or_default();
        let one = json!({ "state": told["KeyState"], "tags": tags(&tagged["Tags"], "TagKey", "TagValue") });
        // "Encrypts the images of torture/a"
        let name = purpose.rsplit(' ').next().unwrap_or_default();
        add(all, format!("key {name}"), one);
        purposes.insert(key["KeyId"].to_string(), purpose.to_owned());
    }
    for alias in marked("ListAliases", "Aliases")? {
        let name = alias["AliasName"].as_str().unwrap_or_default();
        if let Some(name) = name.strip_prefix("alias/").filter(|name| !name.starts_with("aws/")) {
            let purpose = purposes.get(&alias["TargetKeyId"].to_string());
            all.insert(
                format!("alias {name}"),
                purpose.map_or_else(|| json!("a key that is not there"), |of| json!(of)),
            );
        }
    }
    Ok(purposes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_twice_shows_whichever_came_first() {
        let (mut one, mut other) = (BTreeMap::new(), BTreeMap::new());
        for run in ["1", "2"] {
            add(&mut one, "key a".into(), json!({ "run": run }));
        }
        for run in ["2", "1"] {
            add(&mut other, "key a".into(), json!({ "run": run }));
        }
        assert_eq!(one, other);
        assert_eq!(one["key a"].as_array().map(Vec::len), Some(2));
        assert_eq!(family("arn:aws:ecs:eu-west-1:1:task-definition/torture-a:12"), "torture-a");
        let tagged = json!([{ "TagKey": "team", "TagValue": "web" }]);
        assert_eq!(tags(&tagged, "TagKey", "TagValue"), json!({ "team": "web" }));
    }
}
