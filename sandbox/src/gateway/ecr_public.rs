//! ECR Public, which the emulator does not have: repositories with what their page in the gallery says, and images without
//! their layers.
//!
//! An account has one public registry, whose API is in us-east-1 only
//! (<https://docs.aws.amazon.com/general/latest/gr/ecr-public.html>).

mod images;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::json_error;
use super::ecr::{bad, policies, required, token};
use super::ecs::now;
use super::upstream::Scope;
use super::{Answer, Gateway, Read, json as answer_json, paging};

const REGION: &str = "us-east-1";
const PAGE: u64 = 50;
/// The fields of catalog data and how many characters, or entries, each may have.
const CATALOG: &[(&str, usize)] = &[
    ("description", 1024),
    ("architectures", 50),
    ("operatingSystems", 50),
    ("aboutText", 25_600),
    ("usageText", 25_600),
];

/// An account's public registry.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    display_name: String,
    repositories: BTreeMap<String, Repository>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Repository {
    created_at: f64,
    catalog: Option<Map<String, Value>>,
    policy: Option<String>,
    tags: BTreeMap<String, String>,
    images: images::Images,
}

/// Answers a call of the service.
pub fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    if read.call.region != REGION {
        let message = format!("ECR Public has no endpoint in {}: its API is in {REGION}.", read.call.region);
        return Err(json_error(StatusCode::NOT_FOUND, "UnknownEndpoint", &message));
    }
    let (account, request) = (read.call.account.as_str(), read.json()?);
    let answer = match read.call.operation.as_str() {
        "CreateRepository" => create(gateway, account, &request)?,
        "DescribeRepositories" => describe(gateway, account, &request)?,
        "DeleteRepository" => {
            let (name, repository) = find(gateway, account, &request)?;
            if !repository.images.is_empty() && request["force"] != true {
                let message = format!(
                    "The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still contains images"
                );
                return Err(bad("RepositoryNotEmptyException", &message));
            }
            gateway.kept.change(|kept| kept.public_mut(account).repositories.remove(&name));
            json!({ "repository": told(account, &name, &repository) })
        }
        "GetRepositoryCatalogData" => {
            let (name, repository) = find(gateway, account, &request)?;
            let data = repository.catalog.ok_or_else(|| {
                let message = format!("The catalog data for the repository with name '{name}' does not exist");
                bad("RepositoryCatalogDataNotFoundException", &message)
            })?;
            json!({ "catalogData": data })
        }
        "PutRepositoryCatalogData" => {
            let (name, repository) = find(gateway, account, &request)?;
            let data = catalog(account, &name, &request["catalogData"], repository.catalog.as_ref())?;
            change(gateway, account, &name, |repository| repository.catalog = Some(data.clone()));
            json!({ "catalogData": data })
        }
        "DescribeRegistries" => json!({ "registries": [{
            "registryId": account,
            "registryArn": format!("arn:aws:ecr-public::{account}:registry/{account}"),
            "registryUri": format!("public.ecr.aws/{}", alias(account)),
            "verified": false,
            "aliases": [{
                "name": alias(account), "status": "ACTIVE", "primaryRegistryAlias": true, "defaultRegistryAlias": true,
            }],
        }] }),
        "GetRegistryCatalogData" => {
            let kept = gateway.kept.read();
            let name = kept.public.get(account).map(|registry| registry.display_name.clone()).unwrap_or_default();
            json!({ "registryCatalogData": { "displayName": name } })
        }
        "PutRegistryCatalogData" => {
            let name = request["displayName"].as_str().unwrap_or_default();
            if name.chars().count() > 100 {
                return Err(bad("InvalidParameterException", "displayName has at most 100 characters."));
            }
            gateway.kept.change(|kept| name.clone_into(&mut kept.public_mut(account).display_name));
            json!({ "registryCatalogData": { "displayName": name } })
        }
        "GetRepositoryPolicy" | "SetRepositoryPolicy" | "DeleteRepositoryPolicy" => {
            policy(gateway, account, &read.call.operation, &request)?
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            tags(gateway, account, &read.call.operation, &request)?
        }
        "DescribeImages" | "DescribeImageTags" | "PutImage" | "BatchDeleteImage" => {
            images::answer(gateway, account, &read.call.operation, &request)?
        }
        "GetAuthorizationToken" => {
            let now = now().floor();
            let scope = Scope { account: account.into(), region: REGION.into() };
            json!({ "authorizationData": {
                "authorizationToken": token::authorization(&scope, now), "expiresAt": now + token::LIFETIME,
            } })
        }
        other => {
            let message = format!("The sandbox does not implement {other} of ECR Public.");
            return Err(json_error(StatusCode::NOT_IMPLEMENTED, "NotImplementedException", &message));
        }
    };
    Ok(answer_json(&answer))
}

/// The alias that AWS gives a registry: a letter, and letters and digits without meaning.
fn alias(account: &str) -> String {
    let seed = super::ecs::task::seed(account);
    format!("s{:07x}", seed >> 36)
}

fn told(account: &str, name: &str, repository: &Repository) -> Value {
    json!({
        "repositoryArn": format!("arn:aws:ecr-public::{account}:repository/{name}"),
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": format!("public.ecr.aws/{}/{name}", alias(account)),
        "createdAt": repository.created_at,
    })
}

fn missing(account: &str, name: &str) -> Response {
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
    bad("RepositoryNotFoundException", &message)
}

fn find(gateway: &Gateway, account: &str, request: &Value) -> Result<(String, Repository), Response> {
    let name = required(request, "repositoryName")?;
    named(gateway, account, name).map(|repository| (name.to_owned(), repository)).ok_or_else(|| missing(account, name))
}

fn named(gateway: &Gateway, account: &str, name: &str) -> Option<Repository> {
    gateway.kept.read().public.get(account)?.repositories.get(name).cloned()
}

fn change(gateway: &Gateway, account: &str, name: &str, change: impl FnOnce(&mut Repository)) {
    gateway.kept.change(|kept| {
        if let Some(repository) = kept.public_mut(account).repositories.get_mut(name) {
            change(repository);
        }
    });
}

/// Catalog data as it is kept. A picture stays until another, or an empty one, takes its place.
fn catalog(
    account: &str,
    name: &str,
    request: &Value,
    before: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, Response> {
    let mut data = Map::new();
    for (field, most) in CATALOG {
        let length = match &request[field] {
            Value::Null => continue,
            Value::Array(entries) => entries.len(),
            value => value.as_str().unwrap_or_default().chars().count(),
        };
        if length > *most {
            let message = format!("{field} has {length} characters or entries: at most {most} are allowed.");
            return Err(bad("InvalidParameterException", &message));
        }
        data.insert((*field).to_owned(), request[field].clone());
    }
    data.insert("marketplaceCertified".to_owned(), false.into());
    match request["logoImageBlob"].as_str() {
        None => {
            if let Some(url) = before.and_then(|before| before.get("logoUrl")) {
                data.insert("logoUrl".to_owned(), url.clone());
            }
        }
        Some("") => {}
        Some(picture) => {
            let (place, content) =
                (super::ecs::task::seed(&format!("{account}{name}")), super::ecs::task::seed(picture));
            let url = format!("https://d3g9o9u8re44ak.cloudfront.net/logo/{place:016x}/{content:016x}.png");
            data.insert("logoUrl".to_owned(), url.into());
        }
    }
    Ok(data)
}

fn create(gateway: &Gateway, account: &str, request: &Value) -> Result<Value, Response> {
    let name = required(request, "repositoryName")?;
    let fits = |part: &str| {
        !part.is_empty()
            && part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    };
    if !(2..=205).contains(&name.len()) || !name.split('/').all(fits) {
        return Err(bad("InvalidParameterException", &format!("'{name}' is no name for a repository.")));
    }
    let data = match &request["catalogData"] {
        Value::Null => None,
        data => Some(catalog(account, name, data, None)?),
    };
    let mut repository = Repository { created_at: now(), catalog: data, ..Repository::default() };
    add_tags(&mut repository, request);
    let made = gateway.kept.change(|kept| {
        let repositories = &mut kept.public_mut(account).repositories;
        if repositories.contains_key(name) {
            return false;
        }
        repositories.insert(name.to_owned(), repository.clone());
        true
    });
    if !made {
        let message = format!("The repository with name '{name}' already exists in the registry with id '{account}'");
        return Err(bad("RepositoryAlreadyExistsException", &message));
    }
    let mut answer = json!({ "repository": told(account, name, &repository) });
    if let Some(data) = repository.catalog {
        answer["catalogData"] = Value::Object(data);
    }
    Ok(answer)
}

fn describe(gateway: &Gateway, account: &str, request: &Value) -> Result<Value, Response> {
    let kept = gateway.kept.read();
    let all = kept.public.get(account).map(|registry| &registry.repositories);
    let wanted = request["repositoryNames"].as_array();
    let has = |name: &str| all.is_some_and(|all| all.contains_key(name));
    if let Some(name) = wanted.into_iter().flatten().filter_map(Value::as_str).find(|name| !has(name)) {
        return Err(missing(account, name));
    }
    let chosen =
        all.into_iter().flatten().filter(|(name, _)| wanted.is_none_or(|all| all.iter().any(|one| one == *name)));
    let list: Vec<Value> = chosen.map(|(name, repository)| told(account, name, repository)).collect();
    let mut answer = json!({ "repositories": list });
    paging::cut(&mut answer, "repositories", request, PAGE);
    Ok(answer)
}

fn policy(gateway: &Gateway, account: &str, operation: &str, request: &Value) -> Result<Value, Response> {
    let (name, repository) = find(gateway, account, request)?;
    let text = if operation == "SetRepositoryPolicy" {
        let text = required(request, "policyText")?;
        if serde_json::from_str::<Value>(text).map_or(true, |policy| policy["Statement"].is_null()) {
            return Err(bad("InvalidParameterException", "Invalid repository policy provided"));
        }
        let text = policies::kept(text);
        change(gateway, account, &name, |repository| repository.policy = Some(text.clone()));
        text
    } else {
        let text = repository.policy.ok_or_else(|| {
            let message = format!("Repository policy does not exist for the repository with name '{name}' in the registry with id '{account}'");
            bad("RepositoryPolicyNotFoundException", &message)
        })?;
        if operation == "DeleteRepositoryPolicy" {
            change(gateway, account, &name, |repository| repository.policy = None);
        }
        text
    };
    Ok(json!({ "registryId": account, "repositoryName": name, "policyText": text }))
}

fn add_tags(repository: &mut Repository, request: &Value) {
    for tag in request["tags"].as_array().into_iter().flatten() {
        let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
        repository.tags.insert(text("Key"), text("Value"));
    }
}

fn tags(gateway: &Gateway, account: &str, operation: &str, request: &Value) -> Result<Value, Response> {
    let arn = required(request, "resourceArn")?;
    let name = arn.strip_prefix(&format!("arn:aws:ecr-public::{account}:repository/")).unwrap_or_default();
    let repository = named(gateway, account, name).ok_or_else(|| missing(account, name))?;
    match operation {
        "TagResource" => change(gateway, account, name, |repository| add_tags(repository, request)),
        "UntagResource" => change(gateway, account, name, |repository| {
            for key in request["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                repository.tags.remove(key);
            }
        }),
        _ => {
            let tags: Vec<Value> =
                repository.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            return Ok(json!({ "tags": tags }));
        }
    }
    Ok(json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_stays_until_it_is_replaced() {
        let data = |request: Value, before: Option<&Map<String, Value>>| catalog("1", "web", &request, before).unwrap();
        let first = data(json!({ "logoImageBlob": "aGk=", "architectures": ["ARM 64"] }), None);
        let second = data(json!({ "aboutText": "new" }), Some(&first));
        assert_eq!((&second["logoUrl"], second.get("architectures")), (&first["logoUrl"], None));
        assert!(!data(json!({ "logoImageBlob": "" }), Some(&first)).contains_key("logoUrl"));
        assert!(catalog("1", "web", &json!({ "description": "a".repeat(1025) }), None).is_err());
    }
}
