//! Repositories: pages of them, and what the emulator does not keep of one.

use axum::response::Response;
use serde_json::Value;

use super::repository_of;
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, Read, paging};

const PAGE: u64 = 100;
const EXCLUSIONS: &str = "imageTagMutabilityExclusionFilters";

/// DescribeRepositories.
pub async fn describe(gateway: &Gateway, scope: &Scope, read: &Read<'_>, request: &Value) -> Result<Value, Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    paging::cut(&mut answer, "repositories", request, PAGE);
    for repository in answer["repositories"].as_array_mut().into_iter().flatten() {
        add_exclusions(gateway, scope, repository);
    }
    Ok(answer)
}

fn add_exclusions(gateway: &Gateway, scope: &Scope, repository: &mut Value) {
    let name = repository["repositoryName"].as_str().unwrap_or_default();
    let exclusions = gateway.kept.read().repository(scope, name).map(|kept| kept.exclusions.clone());
    if let Some(exclusions) = exclusions.filter(Value::is_array) {
        repository[EXCLUSIONS] = exclusions;
    }
}

/// CreateRepository and PutImageTagMutability: the emulator forgets the tags that are excepted.
pub async fn keep_exclusions(
    gateway: &Gateway,
    scope: &Scope,
    read: &Read<'_>,
    request: &Value,
) -> Result<Value, Response> {
    let mut answer = gateway.upstream.pass_json(read).await?;
    let name = repository_of(request)?;
    let exclusions = request[EXCLUSIONS].clone();
    let had = gateway.kept.read().repository(scope, &name).is_some_and(|kept| kept.exclusions.is_array());
    if had || exclusions.is_array() {
        gateway.kept.change(|kept| kept.repository_mut(scope, &name).exclusions = exclusions);
    }
    let told = if answer["repository"].is_object() { &mut answer["repository"] } else { &mut answer };
    add_exclusions(gateway, scope, told);
    Ok(answer)
}

/// DeleteRepository: its layers go too, and what was remembered of it.
pub async fn delete(gateway: &Gateway, scope: &Scope, read: &Read<'_>, request: &Value) -> Result<Value, Response> {
    let answer = gateway.upstream.pass_json(read).await?;
    let repository = repository_of(request)?;
    if gateway.kept.read().repository(scope, &repository).is_some() {
        gateway.kept.change(|kept| kept.registry_mut(scope).repositories.remove(&repository));
    }
    let place = super::blobs::Place { scope: scope.clone(), repository };
    gateway.blobs.clear(&place).await.map_err(|error| super::broken(&error))?;
    Ok(answer)
}

/// Whether a tag of a repository, once given, stays where it is
/// (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>).
pub fn is_immutable(mutability: &str, exclusions: Option<&Value>, tag: &str) -> bool {
    let mut filters = exclusions.and_then(Value::as_array).into_iter().flatten();
    let excepted = filters.any(|filter| filter["filter"].as_str().is_some_and(|filter| matches(filter, tag)));
    match mutability {
        "IMMUTABLE" => true,
        "IMMUTABLE_WITH_EXCLUSION" => !excepted,
        "MUTABLE_WITH_EXCLUSION" => excepted,
        _ => false,
    }
}

/// Whether a text fits a pattern in which `*` stands for any characters.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn exceptions_turn_the_rule_around() {
        let some = json!([{ "filterType": "WILDCARD", "filter": "dev-*" }, { "filter": "latest" }]);
        let cases = [
            ("MUTABLE", "1.0", false),
            ("IMMUTABLE", "latest", true),
            ("IMMUTABLE_WITH_EXCLUSION", "latest", false),
            ("IMMUTABLE_WITH_EXCLUSION", "dev-7", false),
            ("IMMUTABLE_WITH_EXCLUSION", "1.0", true),
            ("MUTABLE_WITH_EXCLUSION", "dev-7", true),
            ("MUTABLE_WITH_EXCLUSION", "1.0", false),
        ];
        for (mutability, tag, expected) in cases {
            assert_eq!(is_immutable(mutability, Some(&some), tag), expected, "{mutability} {tag}");
        }
        assert!(matches("*-x*", "a-xy") && matches("*", "") && !matches("a*b", "a"));
    }
}
