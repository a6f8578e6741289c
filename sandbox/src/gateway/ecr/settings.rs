//! Settings of a registry: replication, permissions, scanning, and those of the account.

use axum::response::Response;
use serde_json::{Value, json};

use super::repositories::matches;
use super::{bad, policies, repository, required};
use crate::gateway::Gateway;
use crate::gateway::upstream::Scope;
use crate::report::{ACCOUNTS, REGIONS};

/// The operations that are answered here.
pub const OPERATIONS: &[&str] = &[
    "BatchGetRepositoryScanningConfiguration",
    "DeleteRegistryPolicy",
    "DescribeRegistry",
    "GetAccountSetting",
    "GetRegistryPolicy",
    "GetRegistryScanningConfiguration",
    "PutAccountSetting",
    "PutRegistryPolicy",
    "PutRegistryScanningConfiguration",
    "PutReplicationConfiguration",
];

/// The settings of an account, the values each takes, and the one it has at first
/// (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html>).
const ACCOUNT: &[(&str, &[&str], &str)] = &[
    ("BASIC_SCAN_TYPE_VERSION", &["AWS_NATIVE", "CLAIR"], "AWS_NATIVE"),
    ("REGISTRY_POLICY_SCOPE", &["V1", "V2"], "V2"),
    ("BLOB_MOUNTING", &["ENABLED", "DISABLED"], "DISABLED"),
];

/// Answers one of [`OPERATIONS`].
pub async fn answer(gateway: &Gateway, scope: &Scope, operation: &str, request: &Value) -> Result<Value, Response> {
    match operation {
        "DescribeRegistry" => {
            Ok(json!({ "registryId": scope.account, "replicationConfiguration": replication(gateway, scope) }))
        }
        "PutReplicationConfiguration" => put_replication(gateway, scope, request),
        "GetRegistryPolicy" | "DeleteRegistryPolicy" => {
            let policy = gateway.kept.read().registry(scope).and_then(|kept| kept.policy.clone());
            let Some(policy) = policy else {
                let message = format!("Registry policy does not exist in the registry with id '{}'", scope.account);
                return Err(bad("RegistryPolicyNotFoundException", &message));
            };
            if operation == "DeleteRegistryPolicy" {
                gateway.kept.change(|kept| kept.registry_mut(scope).policy = None);
            }
            Ok(json!({ "registryId": scope.account, "policyText": policy }))
        }
        "PutRegistryPolicy" => {
            let text = required(request, "policyText")?;
            let policy: Value = serde_json::from_str(text).unwrap_or_default();
            if !policy["Statement"].is_array() && !policy["Statement"].is_object() {
                let message = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'";
                return Err(bad("InvalidParameterException", message));
            }
            let text = policies::kept(text);
            gateway.kept.change(|kept| kept.registry_mut(scope).policy = Some(text.clone()));
            Ok(json!({ "registryId": scope.account, "policyText": text }))
        }
        "GetRegistryScanningConfiguration" => {
            Ok(json!({ "registryId": scope.account, "scanningConfiguration": scanning(gateway, scope) }))
        }
        "PutRegistryScanningConfiguration" => put_scanning(gateway, scope, request),
        "BatchGetRepositoryScanningConfiguration" => scanning_of(gateway, scope, request).await,
        _ => account(gateway, scope, operation, request),
    }
}

fn invalid(message: &str) -> Response {
    bad("InvalidParameterException", &format!("Invalid parameter: {message}"))
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

/// The replication that a registry has.
pub fn replication(gateway: &Gateway, scope: &Scope) -> Value {
    let kept = gateway.kept.read().registry(scope).map(|kept| kept.replication.clone());
    kept.filter(Value::is_object).unwrap_or_else(|| json!({ "rules": [] }))
}

fn put_replication(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let configuration = &request["replicationConfiguration"];
    check_replication(scope, configuration)?;
    gateway.kept.change(|kept| kept.registry_mut(scope).replication = configuration.clone());
    Ok(json!({ "replicationConfiguration": configuration }))
}

fn check_replication(scope: &Scope, configuration: &Value) -> Result<(), Response> {
    if !configuration["rules"].is_array() {
        return Err(invalid("replicationConfiguration needs rules."));
    }
    if list(configuration, "rules").count() > 25 {
        return Err(invalid("A replication configuration has at most 25 rules."));
    }
    for rule in list(configuration, "rules") {
        if list(rule, "destinations").next().is_none() {
            return Err(invalid("A replication rule needs a destination."));
        }
        if list(rule, "repositoryFilters").any(|filter| filter["filterType"] != "PREFIX_MATCH") {
            return Err(invalid("The filter type of a replication rule is PREFIX_MATCH."));
        }
        for destination in list(rule, "destinations") {
            let (region, registry) = (destination["region"].as_str(), destination["registryId"].as_str());
            let (Some(region), Some(registry)) = (region, registry) else {
                return Err(invalid("A destination needs a region and a registryId."));
            };
            if registry.len() != 12 || !registry.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(invalid(&format!("The registryId '{registry}' is no account.")));
            }
            if (region, registry) == (scope.region.as_str(), scope.account.as_str()) {
                return Err(invalid("The destination of a replication rule is the registry itself."));
            }
        }
    }
    Ok(())
}

/// The registries of the sandbox that a repository's images are copied to.
pub fn destinations(configuration: &Value, repository: &str) -> Vec<Scope> {
    let applies = |rule: &&Value| {
        let mut filters = list(rule, "repositoryFilters").peekable();
        filters.peek().is_none()
            || filters.any(|filter| filter["filter"].as_str().is_some_and(|start| repository.starts_with(start)))
    };
    let named = list(configuration, "rules").filter(applies).flat_map(|rule| list(rule, "destinations"));
    let mut found: Vec<Scope> = named
        .filter_map(|to| {
            Some(Scope { account: to["registryId"].as_str()?.into(), region: to["region"].as_str()?.into() })
        })
        .filter(|to| ACCOUNTS.iter().any(|own| own.id == to.account) && REGIONS.contains(&to.region.as_str()))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn scanning(gateway: &Gateway, scope: &Scope) -> Value {
    let kept = gateway.kept.read().registry(scope).map(|kept| kept.scanning.clone());
    kept.filter(Value::is_object).unwrap_or_else(|| json!({ "scanType": "BASIC", "rules": [] }))
}

fn put_scanning(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let before = scanning(gateway, scope);
    let kind = request["scanType"].as_str().or(before["scanType"].as_str()).unwrap_or("BASIC");
    let rules = if request["rules"].is_array() { request["rules"].clone() } else { before["rules"].clone() };
    let takes: &[&str] = match kind {
        "BASIC" => &["SCAN_ON_PUSH", "MANUAL"],
        "ENHANCED" => &["SCAN_ON_PUSH", "CONTINUOUS_SCAN"],
        _ => return Err(invalid(&format!("'{kind}' is no scan type."))),
    };
    let rules_of = || rules.as_array().into_iter().flatten();
    if rules_of().count() > 2 {
        return Err(invalid("A scanning configuration has at most two rules."));
    }
    for rule in rules_of() {
        let frequency = rule["scanFrequency"].as_str().unwrap_or_default();
        if !takes.contains(&frequency) {
            return Err(invalid(&format!("The scan frequency '{frequency}' is not allowed for the scan type {kind}.")));
        }
        if list(rule, "repositoryFilters").any(|filter| filter["filterType"] != "WILDCARD") {
            return Err(invalid("The filter type of a scanning rule is WILDCARD."));
        }
    }
    let configuration = json!({ "scanType": kind, "rules": rules });
    gateway.kept.change(|kept| kept.registry_mut(scope).scanning = configuration.clone());
    Ok(json!({ "registryScanningConfiguration": configuration }))
}

/// Whether Amazon Inspector scans: it starts no scan by hand.
pub fn is_enhanced(gateway: &Gateway, scope: &Scope) -> bool {
    scanning(gateway, scope)["scanType"] == "ENHANCED"
}

/// Whether the registry decides what is scanned, and not each repository: once it has filters, or Amazon Inspector scans.
pub fn decides(gateway: &Gateway, scope: &Scope) -> bool {
    let configuration = scanning(gateway, scope);
    configuration["scanType"] == "ENHANCED"
        || list(&configuration, "rules").any(|rule| list(rule, "repositoryFilters").next().is_some())
}

/// How often the registry's rules have a repository scanned, and the filters that say so.
pub fn frequency(gateway: &Gateway, scope: &Scope, repository: &str) -> (String, Vec<Value>) {
    frequency_in(&scanning(gateway, scope), repository)
}

fn frequency_in(configuration: &Value, repository: &str) -> (String, Vec<Value>) {
    let fits = |filter: &&Value| {
        // As in AWS's guide, a filter without a wildcard fits wherever it is contained.
        let filter = filter["filter"].as_str().unwrap_or_default();
        if filter.contains('*') { matches(filter, repository) } else { repository.contains(filter) }
    };
    let mut applied = ("MANUAL".to_owned(), Vec::new());
    for rule in list(configuration, "rules") {
        let filters: Vec<Value> = list(rule, "repositoryFilters").filter(fits).cloned().collect();
        let frequency = rule["scanFrequency"].as_str().unwrap_or_default();
        if !filters.is_empty() && (applied.1.is_empty() || frequency == "CONTINUOUS_SCAN") {
            applied = (frequency.to_owned(), filters);
        }
    }
    applied
}

async fn scanning_of(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in list(request, "repositoryNames").filter_map(Value::as_str) {
        match repository(gateway, scope, name).await {
            Ok(told) => {
                let (mut frequency, filters) = frequency(gateway, scope, name);
                if told["imageScanningConfiguration"]["scanOnPush"] == true && !decides(gateway, scope) {
                    "SCAN_ON_PUSH".clone_into(&mut frequency);
                }
                found.push(json!({
                    "repositoryArn": told["repositoryArn"],
                    "repositoryName": name,
                    "scanOnPush": frequency == "SCAN_ON_PUSH",
                    "scanFrequency": frequency,
                    "appliedScanFilters": filters,
                }));
            }
            Err(refusal) if refusal.status().is_client_error() => failures.push(json!({
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": format!("The repository with name '{name}' does not exist in the registry with id '{}'", scope.account),
            })),
            Err(failure) => return Err(failure),
        }
    }
    Ok(json!({ "scanningConfigurations": found, "failures": failures }))
}

fn account(gateway: &Gateway, scope: &Scope, operation: &str, request: &Value) -> Result<Value, Response> {
    let name = required(request, "name")?;
    let Some((_, values, first)) = ACCOUNT.iter().find(|(known, ..)| *known == name) else {
        return Err(invalid(&format!("There is no account setting '{name}'.")));
    };
    if operation == "GetAccountSetting" {
        let kept = gateway.kept.read().registry(scope).and_then(|kept| kept.settings.get(name).cloned());
        return Ok(json!({ "name": name, "value": kept.unwrap_or_else(|| (*first).to_owned()) }));
    }
    let value = required(request, "value")?;
    if !values.contains(&value) {
        return Err(invalid(&format!("The account setting {name} takes {}.", values.join(" or "))));
    }
    gateway.kept.change(|kept| kept.registry_mut(scope).settings.insert(name.to_owned(), value.to_owned()));
    Ok(json!({ "name": name, "value": value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_go_to_registries_of_the_sandbox() {
        let to = |account: &str, region: &str| json!({ "registryId": account, "region": region });
        let prod = [to(ACCOUNTS[0].id, "us-east-1"), to("999999999999", "us-east-1"), to(ACCOUNTS[0].id, "ap-south-1")];
        let rules = json!({ "rules": [
            { "destinations": prod, "repositoryFilters": [{ "filter": "prod/", "filterType": "PREFIX_MATCH" }] },
            { "destinations": [to(ACCOUNTS[1].id, "eu-west-1")] },
        ] });
        assert_eq!(destinations(&rules, "prod/web").len(), 2);
        assert_eq!(destinations(&rules, "test/web").len(), 1);
        let own = Scope { account: ACCOUNTS[0].id.into(), region: "us-east-1".into() };
        assert!(check_replication(&own, &rules).is_err());
        assert!(check_replication(&Scope { region: "eu-west-1".into(), ..own }, &rules).is_ok());
    }

    #[test]
    fn the_most_frequent_scan_counts() {
        let rule = |frequency: &str, filter: &str| json!({ "scanFrequency": frequency, "repositoryFilters": [{ "filter": filter, "filterType": "WILDCARD" }] });
        let configuration = json!({ "rules": [rule("SCAN_ON_PUSH", "*"), rule("CONTINUOUS_SCAN", "prod")] });
        assert_eq!(frequency_in(&configuration, "test/web").0, "SCAN_ON_PUSH");
        assert_eq!(frequency_in(&configuration, "my/prod/web").0, "CONTINUOUS_SCAN");
        assert_eq!(frequency_in(&json!({ "rules": [] }), "a").0, "MANUAL");
    }
}
