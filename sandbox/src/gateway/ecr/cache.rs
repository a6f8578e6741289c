//! Pull-through cache rules and repository creation templates: kept, checked, listed. [`super::through`] pulls
//! by the rules, [`super::templates`] makes repositories by the templates.

use axum::response::Response;
use serde_json::{Value, json};

use super::{bad, now, required};
use crate::gateway::upstream::Scope;
use crate::gateway::{Gateway, paging};

/// The operations that are answered here.
pub const OPERATIONS: &[&str] = &[
    "CreatePullThroughCacheRule",
    "CreateRepositoryCreationTemplate",
    "DeletePullThroughCacheRule",
    "DeleteRepositoryCreationTemplate",
    "DescribePullThroughCacheRules",
    "DescribeRepositoryCreationTemplates",
    "UpdatePullThroughCacheRule",
    "UpdateRepositoryCreationTemplate",
    "ValidatePullThroughCacheRule",
];

const PAGE: u64 = 100;
/// An account's quota in a region, of both.
const MOST: usize = 50;

/// Registries that can be cached: AWS's word, address (the end of it where it has the customer's name), and whether
/// it needs credentials.
const UPSTREAMS: &[(&str, &str, bool)] = &[
    ("ecr-public", "public.ecr.aws", false),
    ("quay", "quay.io", false),
    ("k8s", "registry.k8s.io", false),
    ("docker-hub", "registry-1.docker.io", true),
    ("github-container-registry", "ghcr.io", true),
    ("azure-container-registry", ".azurecr.io", true),
    ("gitlab-container-registry", "registry.gitlab.com", true),
    ("chainguard", "cgr.dev", true),
    ("ecr", ".amazonaws.com", false),
];

/// Answers one of [`OPERATIONS`].
pub fn answer(gateway: &Gateway, scope: &Scope, operation: &str, request: &Value) -> Result<Value, Response> {
    match operation {
        "CreatePullThroughCacheRule" => create_rule(gateway, scope, request),
        "DescribePullThroughCacheRules" => {
            let rules = gateway.kept.read().registry(scope).map(|kept| kept.cache_rules.clone()).unwrap_or_default();
            let wanted = request["ecrRepositoryPrefixes"].as_array();
            if let Some(missing) =
                wanted.into_iter().flatten().filter_map(Value::as_str).find(|prefix| !rules.contains_key(*prefix))
            {
                return Err(no_rule(scope, missing));
            }
            let rules =
                rules.into_iter().filter(|(name, _)| wanted.is_none_or(|all| all.iter().any(|one| one == name)));
            let mut answer = json!({ "pullThroughCacheRules": rules.map(|(_, rule)| rule).collect::<Vec<_>>() });
            paging::cut(&mut answer, "pullThroughCacheRules", request, PAGE);
            Ok(answer)
        }
        "CreateRepositoryCreationTemplate" => create_template(gateway, scope, request),
        "UpdateRepositoryCreationTemplate" => {
            let prefix = required(request, "prefix")?;
            exclusions_are_some(request)?;
            let updated = gateway.kept.change(|kept| {
                let template = kept.registry_mut(scope).templates.get_mut(prefix)?;
                for name in TEMPLATE {
                    if !request[name].is_null() {
                        template[name] = request[name].clone();
                    }
                }
                let excludes =
                    template["imageTagMutability"].as_str().is_some_and(|word| word.ends_with("_WITH_EXCLUSION"));
                // An empty text takes away what was there; filters go with the mutability that has them.
                if let Some(template) = template.as_object_mut() {
                    template.retain(|name, value| value != "" && (excludes || name != EXCLUSIONS));
                }
                template["updatedAt"] = now().into();
                Some(template.clone())
            });
            told(scope, updated.ok_or_else(|| no_template(scope, prefix))?)
        }
        "DeleteRepositoryCreationTemplate" => {
            let prefix = required(request, "prefix")?;
            let removed = gateway.kept.change(|kept| kept.registry_mut(scope).templates.remove(prefix));
            told(scope, removed.ok_or_else(|| no_template(scope, prefix))?)
        }
        "DescribeRepositoryCreationTemplates" => {
            let templates = gateway.kept.read().registry(scope).map(|kept| kept.templates.clone()).unwrap_or_default();
            let wanted = request["prefixes"].as_array();
            let templates =
                templates.into_iter().filter(|(name, _)| wanted.is_none_or(|all| all.iter().any(|one| one == name)));
            let mut answer = json!({
                "registryId": scope.account,
                "repositoryCreationTemplates": templates.map(|(_, template)| template).collect::<Vec<_>>(),
            });
            paging::cut(&mut answer, "repositoryCreationTemplates", request, PAGE);
            Ok(answer)
        }
        _ => one_rule(gateway, scope, operation, request),
    }
}

fn invalid(message: &str) -> Response {
    bad("InvalidParameterException", message)
}

fn no_rule(scope: &Scope, prefix: &str) -> Response {
    let message = format!(
        "The pull through cache rule with repository prefix '{prefix}' does not exist in the registry with id '{}'",
        scope.account
    );
    bad("PullThroughCacheRuleNotFoundException", &message)
}

fn no_template(scope: &Scope, prefix: &str) -> Response {
    let message = format!(
        "The repository creation template with prefix '{prefix}' does not exist in the registry with id '{}'",
        scope.account
    );
    bad("TemplateNotFoundException", &message)
}

/// Which upstream an address is of.
fn upstream_of(url: &str) -> Option<(&'static str, bool)> {
    let host = url.trim_start_matches("https://").trim_end_matches('/');
    let fits = |known: &str| if known.starts_with('.') { host.ends_with(known) } else { host == known };
    UPSTREAMS.iter().find(|(_, known, _)| fits(known)).map(|(name, _, credentials)| (*name, *credentials))
}

fn create_rule(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let prefix = required(request, "ecrRepositoryPrefix")?;
    let url = required(request, "upstreamRegistryUrl")?;
    let Some((upstream, credentials)) = upstream_of(url) else {
        return Err(bad(
            "UnsupportedUpstreamRegistryException",
            &format!("The upstream registry '{url}' is not supported."),
        ));
    };
    if credentials && request["credentialArn"].is_null() {
        return Err(invalid(&format!("The upstream registry '{url}' needs a credentialArn.")));
    }
    check_credential(request)?;
    let mut rule = json!({
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": url,
        "upstreamRegistry": upstream,
        "upstreamRepositoryPrefix": request["upstreamRepositoryPrefix"].as_str().unwrap_or("ROOT"),
        "registryId": scope.account,
        "createdAt": now(),
    });
    for name in ["credentialArn", "customRoleArn"] {
        if request[name].is_string() {
            rule[name] = request[name].clone();
        }
    }
    let count = gateway.kept.change(|kept| {
        let rules = &mut kept.registry_mut(scope).cache_rules;
        if rules.len() < MOST && !rules.contains_key(prefix) {
            rules.insert(prefix.to_owned(), rule.clone());
            return Ok(());
        }
        Err(rules.contains_key(prefix))
    });
    match count {
        Ok(()) => Ok(rule),
        Err(true) => {
            let message = format!(
                "A pull through cache rule with repository prefix '{prefix}' already exists in the registry with id '{}'",
                scope.account
            );
            Err(bad("PullThroughCacheRuleAlreadyExistsException", &message))
        }
        Err(false) => {
            Err(bad("LimitExceededException", &format!("A registry has at most {MOST} pull through cache rules.")))
        }
    }
}

fn check_credential(request: &Value) -> Result<(), Response> {
    match request["credentialArn"].as_str() {
        Some(arn) if !arn.contains(":secret:ecr-pullthroughcache/") => {
            Err(invalid("The name of the secret of credentialArn must begin with 'ecr-pullthroughcache/'."))
        }
        _ => Ok(()),
    }
}

/// Update, Delete and Validate.
fn one_rule(gateway: &Gateway, scope: &Scope, operation: &str, request: &Value) -> Result<Value, Response> {
    let prefix = required(request, "ecrRepositoryPrefix")?;
    check_credential(request)?;
    let rule = gateway.kept.read().registry(scope).and_then(|kept| kept.cache_rules.get(prefix).cloned());
    let mut rule = rule.ok_or_else(|| no_rule(scope, prefix))?;
    let leave_out: &[&str] = match operation {
        "DeletePullThroughCacheRule" => {
            gateway.kept.change(|kept| kept.registry_mut(scope).cache_rules.remove(prefix));
            &["upstreamRegistry", "updatedAt"]
        }
        "UpdatePullThroughCacheRule" => {
            for name in ["credentialArn", "customRoleArn"] {
                if request[name].is_string() {
                    rule[name] = request[name].clone();
                }
            }
            rule["updatedAt"] = now().into();
            gateway.kept.change(|kept| kept.registry_mut(scope).cache_rules.insert(prefix.to_owned(), rule.clone()));
            &["upstreamRegistry", "upstreamRegistryUrl", "createdAt"]
        }
        _ => {
            rule["isValid"] = true.into();
            &["upstreamRegistry", "createdAt", "updatedAt"]
        }
    };
    if let Some(rule) = rule.as_object_mut() {
        rule.retain(|name, _| !leave_out.contains(&name.as_str()));
    }
    Ok(rule)
}

/// What a template has besides its prefix.
const TEMPLATE: &[&str] = &[
    "description",
    "encryptionConfiguration",
    "resourceTags",
    "imageTagMutability",
    EXCLUSIONS,
    "repositoryPolicy",
    "lifecyclePolicy",
    "appliedFor",
    "customRoleArn",
];
const EXCLUSIONS: &str = "imageTagMutabilityExclusionFilters";
const APPLIED_FOR: &[&str] = &["REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"];

#[expect(clippy::unnecessary_wraps, reason = "an arm beside others that fail")]
fn told(scope: &Scope, template: Value) -> Result<Value, Response> {
    Ok(json!({ "registryId": scope.account, "repositoryCreationTemplate": template }))
}

/// AWS's list has one to five.
fn exclusions_are_some(request: &Value) -> Result<(), Response> {
    match request[EXCLUSIONS].as_array() {
        Some(list) if !(1..=5).contains(&list.len()) => Err(invalid(&format!("{EXCLUSIONS} takes one to five."))),
        _ => Ok(()),
    }
}

fn create_template(gateway: &Gateway, scope: &Scope, request: &Value) -> Result<Value, Response> {
    let prefix = required(request, "prefix")?;
    exclusions_are_some(request)?;
    let applied_for = request["appliedFor"].as_array().filter(|list| !list.is_empty());
    let known = |word: &Value| word.as_str().is_some_and(|word| APPLIED_FOR.contains(&word));
    if !applied_for.is_some_and(|list| list.iter().all(known)) {
        return Err(invalid(&format!("appliedFor takes one or more of {}.", APPLIED_FOR.join(", "))));
    }
    let mut template = json!({
        "prefix": prefix,
        "encryptionConfiguration": { "encryptionType": "AES256" },
        "imageTagMutability": "MUTABLE",
        "createdAt": now(),
        "updatedAt": now(),
    });
    for name in TEMPLATE {
        if !request[name].is_null() {
            template[name] = request[name].clone();
        }
    }
    let made = gateway.kept.change(|kept| {
        let templates = &mut kept.registry_mut(scope).templates;
        if templates.len() < MOST && !templates.contains_key(prefix) {
            templates.insert(prefix.to_owned(), template.clone());
            return Ok(());
        }
        Err(templates.contains_key(prefix))
    });
    match made {
        Ok(()) => told(scope, template),
        Err(true) => {
            let message = format!(
                "A repository creation template with prefix '{prefix}' already exists in the registry with id '{}'",
                scope.account
            );
            Err(bad("TemplateAlreadyExistsException", &message))
        }
        Err(false) => Err(bad("LimitExceededException", &format!("A registry has at most {MOST} creation templates."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_upstreams_by_their_address() {
        assert_eq!(upstream_of("public.ecr.aws"), Some(("ecr-public", false)));
        assert_eq!(upstream_of("https://registry-1.docker.io/"), Some(("docker-hub", true)));
        assert_eq!(upstream_of("mine.azurecr.io"), Some(("azure-container-registry", true)));
        assert_eq!(upstream_of("registry.example.com"), None);
    }
}
