//! ECR's calls of plans that are about the registry as a whole, and the state of what they write.

use aws_sdk_ecr::operation::RequestId;
use aws_sdk_ecr::types::{
    self, EncryptionConfigurationForRepositoryCreationTemplate, EncryptionType, ImageTagMutability, RctAppliedFor,
    RegistryScanningRule, ScanFrequency, ScanType, ScanningRepositoryFilter, ScanningRepositoryFilterType,
    UpstreamRegistry,
};
use aws_smithy_types::body::SdkBody;
use domain::document::Tag;
use domain::ecr::calls::Call;
use domain::ecr::registry::{
    CacheRule, CreationTemplate, ReplicationConfiguration, RepositoryFilter, ScanningConfiguration, ScanningRule,
};
use domain::ecr::subject::Subject;
use domain::ecr::{Encryption, TagMutabilityExclusion};
use domain::kms::way_back::leads_to;
use domain::{Code, Problem};
use serde_json::{Value, json};

use super::execute::{elsewhere, filters, incomplete, once, tags};
use super::repositories;
use crate::{Bucket, Caller, Pages, absent, wire};

/// Makes a call, once; answers AWS's id of the request.
pub(super) async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    let ecr = caller.clients().ecr();
    macro_rules! send {
        ($action:literal, $on:expr, $request:expr) => {{
            let sent = $request.customize().config_override(once()).send();
            let answer = caller.call(Bucket::Ecr, $action, $on, sent).await?;
            answer.request_id().map(str::to_owned)
        }};
    }
    // Both take the same, but are different types.
    macro_rules! template {
        ($request:expr, $input:expr) => {{
            let input = $input;
            let encryption = input.encryption_configuration.as_ref().map(encryption).transpose()?;
            let exclusions = input.image_tag_mutability_exclusion_filters.as_deref();
            // AWS takes no empty list of these.
            let exclusions = exclusions.map(filters).transpose()?.flatten();
            $request
                .prefix(&input.prefix)
                .set_description(input.description.clone())
                .set_encryption_configuration(encryption)
                .set_resource_tags(input.resource_tags.as_deref().map(tags).transpose()?)
                .set_image_tag_mutability(input.image_tag_mutability.as_deref().map(ImageTagMutability::from))
                .set_image_tag_mutability_exclusion_filters(exclusions)
                .set_repository_policy(input.repository_policy.clone())
                .set_lifecycle_policy(input.lifecycle_policy.clone())
                .set_applied_for(Some(input.applied_for.iter().map(|a| RctAppliedFor::from(a.as_str())).collect()))
                .set_custom_role_arn(input.custom_role_arn.clone())
        }};
    }
    Ok(match call {
        Call::PutReplicationConfiguration(input) => {
            // As Gantry writes it: this SDK does not know `deleteReplication`, and what is left out is turned off by AWS.
            let body = json!(input).to_string();
            let length = body.len().to_string();
            let request = ecr.put_replication_configuration().customize().config_override(once());
            let request = request.mutate_request(move |request| {
                request.headers_mut().insert("content-length", length.clone());
                *request.body_mut() = SdkBody::from(body.as_str());
            });
            let answer = caller.call(Bucket::Ecr, "ecr:PutReplicationConfiguration", None, request.send()).await?;
            answer.request_id().map(str::to_owned)
        }
        Call::CreatePullThroughCacheRule(input) => {
            let request = ecr
                .create_pull_through_cache_rule()
                .ecr_repository_prefix(&input.ecr_repository_prefix)
                .upstream_registry_url(&input.upstream_registry_url)
                .set_upstream_registry(input.upstream_registry.as_deref().map(UpstreamRegistry::from))
                .set_upstream_repository_prefix(input.upstream_repository_prefix.clone())
                .set_credential_arn(input.credential_arn.clone())
                .set_custom_role_arn(input.custom_role_arn.clone());
            send!("ecr:CreatePullThroughCacheRule", Some(&input.ecr_repository_prefix), request)
        }
        Call::UpdatePullThroughCacheRule(input) => {
            let request = ecr
                .update_pull_through_cache_rule()
                .ecr_repository_prefix(&input.ecr_repository_prefix)
                .set_credential_arn(input.credential_arn.clone())
                .set_custom_role_arn(input.custom_role_arn.clone());
            send!("ecr:UpdatePullThroughCacheRule", Some(&input.ecr_repository_prefix), request)
        }
        Call::DeletePullThroughCacheRule(input) => {
            let request = ecr.delete_pull_through_cache_rule().ecr_repository_prefix(&input.ecr_repository_prefix);
            send!("ecr:DeletePullThroughCacheRule", Some(&input.ecr_repository_prefix), request)
        }
        Call::CreateRepositoryCreationTemplate(input) => {
            let request = template!(ecr.create_repository_creation_template(), input);
            send!("ecr:CreateRepositoryCreationTemplate", Some(&input.prefix), request)
        }
        Call::UpdateRepositoryCreationTemplate(input) => {
            let request = template!(ecr.update_repository_creation_template(), input);
            send!("ecr:UpdateRepositoryCreationTemplate", Some(&input.prefix), request)
        }
        Call::DeleteRepositoryCreationTemplate(input) => {
            let request = ecr.delete_repository_creation_template().prefix(&input.prefix);
            send!("ecr:DeleteRepositoryCreationTemplate", Some(&input.prefix), request)
        }
        Call::PutRegistryPolicy(input) => {
            send!("ecr:PutRegistryPolicy", None, ecr.put_registry_policy().policy_text(&input.policy_text))
        }
        Call::DeleteRegistryPolicy(_) => send!("ecr:DeleteRegistryPolicy", None, ecr.delete_registry_policy()),
        Call::PutRegistryScanningConfiguration(input) => {
            let rules = input.rules.iter().map(scanning_rule).collect::<Result<_, _>>()?;
            let request = ecr.put_registry_scanning_configuration();
            let request = request.scan_type(ScanType::from(input.scan_type.as_str())).set_rules(Some(rules));
            send!("ecr:PutRegistryScanningConfiguration", None, request)
        }
        Call::PutAccountSetting(input) => {
            let request = ecr.put_account_setting().name(&input.name).value(&input.value);
            send!("ecr:PutAccountSetting", Some(&input.name), request)
        }
        _ => return Err(elsewhere("This call is not about the registry as a whole.")),
    })
}

/// The state of something of the registry; `None` when it does not exist.
pub(super) async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    Ok(match subject {
        Subject::Replication => Some(json!(replicated(caller).await?)),
        Subject::CacheRules => Some(json!(cache_rules(caller, None).await?)),
        Subject::CacheRule { prefix } => {
            let rule = absent(cache_rules(caller, Some(prefix)).await)?;
            rule.and_then(|rules| rules.into_iter().next()).map(|rule| json!(rule))
        }
        Subject::CacheValidation { prefix } => {
            let request = caller.clients().ecr().validate_pull_through_cache_rule().ecr_repository_prefix(prefix);
            let answer =
                caller.call(Bucket::Ecr, "ecr:ValidatePullThroughCacheRule", Some(prefix), request.send()).await;
            absent(answer)?.map(|a| json!({ "isValid": a.is_valid, "failure": a.failure }))
        }
        Subject::CreationTemplates => Some(json!(templates(caller, None).await?)),
        Subject::CreationTemplate { prefix } => {
            let template = absent(templates(caller, Some(prefix)).await)?;
            template.and_then(|all| all.into_iter().next()).map(|template| json!(template))
        }
        Subject::RegistryPolicy => policy(caller).await?,
        Subject::RegistryScanning => Some(json!(scanning(caller).await?)),
        Subject::AccountSetting { name } => setting(caller, name).await?.map(Value::String),
        _ => return Err(elsewhere("This is not about the registry as a whole.")),
    })
}

/// Where the registry's images are replicated to; deletions, where they are not, are not spoken of.
pub(super) async fn replicated(caller: &Caller) -> Result<ReplicationConfiguration, Problem> {
    let answer = caller.clients().ecr().describe_registry().send();
    // As AWS writes it, for this SDK does not know `deleteReplication`.
    let (_, mut raw) = caller.call_raw(Bucket::Ecr, "ecr:DescribeRegistry", None, answer).await?;
    let found = wire::document(wire::take(&mut raw, "replicationConfiguration"), |_| false);
    let found: Option<ReplicationConfiguration> = serde_json::from_value(found).map_err(|why| {
        let message = format!("AWS described the registry's replication in a way Gantry cannot read: {why}.");
        Problem::new(Code::AwsRejected, "The answer could not be read", message)
    })?;
    let mut found = found.unwrap_or_default();
    for rule in &mut found.rules {
        rule.delete_replication = rule.delete_replication.filter(|deletions| deletions.enabled);
    }
    Ok(found)
}

/// The repositories and creation templates that name one of these keys. Where the endpoint has no templates, none does.
pub(super) async fn encrypted_with(caller: &Caller, keys: &[String]) -> Result<Value, Problem> {
    let is = |key: Option<&str>| key.is_some_and(|named| leads_to(named, keys));
    let all = match templates(caller, None).await {
        Err(problem) if problem.code == Code::NotImplemented => vec![],
        all => all?,
    };
    let templates: Vec<String> = all.into_iter().filter(|t| is(t.kms_key())).map(|t| t.prefix).collect();
    let repositories = repositories::names_of(caller, |repository| {
        is(repository.encryption_configuration.as_ref().and_then(|e| e.kms_key.as_deref()))
    });
    Ok(json!({ "repositories": repositories.await?, "templates": templates }))
}

/// All cache rules, or the one with this prefix.
pub(super) async fn cache_rules(caller: &Caller, prefix: Option<&str>) -> Result<Vec<CacheRule>, Problem> {
    const ACTION: &str = "ecr:DescribePullThroughCacheRules";
    let (mut rules, mut pages) = (vec![], Pages::new(ACTION));
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr().describe_pull_through_cache_rules().set_next_token(token);
        let request = request.set_ecr_repository_prefixes(prefix.map(|prefix| vec![prefix.to_owned()]));
        let page = caller.call(Bucket::Ecr, ACTION, prefix, request.send()).await?;
        rules.extend(page.pull_through_cache_rules.into_iter().flatten().map(|rule| CacheRule {
            ecr_repository_prefix: rule.ecr_repository_prefix.unwrap_or_default(),
            upstream_registry_url: rule.upstream_registry_url.unwrap_or_default(),
            upstream_registry: rule.upstream_registry.map(|word| word.as_str().to_owned()),
            upstream_repository_prefix: rule.upstream_repository_prefix,
            credential_arn: rule.credential_arn,
            custom_role_arn: rule.custom_role_arn,
        }));
        pages.then(page.next_token)?;
    }
    rules.sort_by(|a, b| a.ecr_repository_prefix.cmp(&b.ecr_repository_prefix));
    Ok(rules)
}

/// All creation templates, or the one with this prefix.
pub(super) async fn templates(caller: &Caller, prefix: Option<&str>) -> Result<Vec<CreationTemplate>, Problem> {
    const ACTION: &str = "ecr:DescribeRepositoryCreationTemplates";
    let (mut found, mut pages) = (vec![], Pages::new(ACTION));
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr().describe_repository_creation_templates().set_next_token(token);
        let request = request.set_prefixes(prefix.map(|prefix| vec![prefix.to_owned()]));
        let page = caller.call(Bucket::Ecr, ACTION, prefix, request.send()).await?;
        found.extend(page.repository_creation_templates.into_iter().flatten().map(creation));
        pages.then(page.next_token)?;
    }
    found.sort_by(|a, b| a.prefix.cmp(&b.prefix));
    Ok(found)
}

fn creation(t: types::RepositoryCreationTemplate) -> CreationTemplate {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mut tags: Vec<Tag> =
        t.resource_tags.into_iter().flatten().map(|tag| Tag { key: tag.key, value: tag.value }).collect();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    let exclusions: Vec<TagMutabilityExclusion> = t
        .image_tag_mutability_exclusion_filters
        .into_iter()
        .flatten()
        .map(|f| TagMutabilityExclusion { filter_type: f.filter_type.to_string(), filter: f.filter })
        .collect();
    CreationTemplate {
        prefix: t.prefix.unwrap_or_default(),
        description: given(t.description),
        encryption_configuration: t
            .encryption_configuration
            .map(|e| Encryption { encryption_type: Some(e.encryption_type.to_string()), kms_key: given(e.kms_key) }),
        resource_tags: Some(tags).filter(|tags| !tags.is_empty()),
        image_tag_mutability: t.image_tag_mutability.map(|word| word.as_str().to_owned()),
        image_tag_mutability_exclusion_filters: Some(exclusions).filter(|all| !all.is_empty()),
        repository_policy: given(t.repository_policy),
        lifecycle_policy: given(t.lifecycle_policy),
        applied_for: t.applied_for.into_iter().flatten().map(|word| word.as_str().to_owned()).collect(),
        custom_role_arn: given(t.custom_role_arn),
    }
}

/// The registry's policy, as a document.
pub(super) async fn policy(caller: &Caller) -> Result<Option<Value>, Problem> {
    let answer = caller.clients().ecr().get_registry_policy().send();
    let answer = caller.call(Bucket::Ecr, "ecr:GetRegistryPolicy", None, answer).await;
    Ok(absent(answer)?.and_then(|a| a.policy_text).map(|text| super::execute::document(&text)))
}

/// How the registry has images scanned.
pub(super) async fn scanning(caller: &Caller) -> Result<ScanningConfiguration, Problem> {
    let answer = caller.clients().ecr().get_registry_scanning_configuration().send();
    let answer = caller.call(Bucket::Ecr, "ecr:GetRegistryScanningConfiguration", None, answer).await?;
    let Some(found) = answer.scanning_configuration else {
        return Ok(ScanningConfiguration { scan_type: "BASIC".into(), rules: vec![] });
    };
    let filter =
        |f: ScanningRepositoryFilter| RepositoryFilter { filter: f.filter, filter_type: f.filter_type.to_string() };
    let rule = |rule: RegistryScanningRule| ScanningRule {
        scan_frequency: rule.scan_frequency.to_string(),
        repository_filters: rule.repository_filters.into_iter().map(filter).collect(),
    };
    Ok(ScanningConfiguration {
        scan_type: found.scan_type.map_or_else(|| "BASIC".to_owned(), |word| word.as_str().to_owned()),
        rules: found.rules.into_iter().flatten().map(rule).collect(),
    })
}

/// The value of a setting of the account.
pub(super) async fn setting(caller: &Caller, name: &str) -> Result<Option<String>, Problem> {
    let request = caller.clients().ecr().get_account_setting().name(name);
    Ok(caller.call(Bucket::Ecr, "ecr:GetAccountSetting", Some(name), request.send()).await?.value)
}

fn scanning_rule(rule: &ScanningRule) -> Result<RegistryScanningRule, Problem> {
    let filter = |f: &RepositoryFilter| {
        let sort = ScanningRepositoryFilterType::from(f.filter_type.as_str());
        ScanningRepositoryFilter::builder().filter(&f.filter).filter_type(sort).build().map_err(incomplete)
    };
    RegistryScanningRule::builder()
        .scan_frequency(ScanFrequency::from(rule.scan_frequency.as_str()))
        .set_repository_filters(Some(rule.repository_filters.iter().map(filter).collect::<Result<_, _>>()?))
        .build()
        .map_err(incomplete)
}

fn encryption(encryption: &Encryption) -> Result<EncryptionConfigurationForRepositoryCreationTemplate, Problem> {
    let sort = EncryptionType::from(encryption.encryption_type.as_deref().unwrap_or("AES256"));
    EncryptionConfigurationForRepositoryCreationTemplate::builder()
        .encryption_type(sort)
        .set_kms_key(encryption.kms_key.clone())
        .build()
        .map_err(incomplete)
}

/// What AWS says when a setting is one that it does not know.
pub(super) fn unknown_setting(problem: &Problem) -> bool {
    problem.code == Code::AwsRejected
}
