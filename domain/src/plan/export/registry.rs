//! What a plan says of a registry as a whole, in the words of CloudFormation and Terraform.

use serde_json::{Map, Value, json};

use super::existing::import;
use super::terraform::{expression, label, text};
use super::{Untold, document, identifier};
use crate::ecr::calls::Call as Ecr;
use crate::ecr::registry::{CacheRule, CreationTemplate, ReplicationRule, RepositoryFilter, ScanningConfiguration};
use crate::plan::{Call, Effect, Plan, Step};

/// Whether a call is about the registry as a whole.
fn is_ours(call: &Ecr) -> bool {
    matches!(
        call,
        Ecr::PutReplicationConfiguration(_)
            | Ecr::CreatePullThroughCacheRule(_)
            | Ecr::UpdatePullThroughCacheRule(_)
            | Ecr::DeletePullThroughCacheRule(_)
            | Ecr::CreateRepositoryCreationTemplate(_)
            | Ecr::UpdateRepositoryCreationTemplate(_)
            | Ecr::DeleteRepositoryCreationTemplate(_)
            | Ecr::PutRegistryPolicy(_)
            | Ecr::DeleteRegistryPolicy(_)
            | Ecr::PutRegistryScanningConfiguration(_)
            | Ecr::PutAccountSetting(_)
    )
}

/// Each step about the registry through `tell`; what it cannot tell of is named as it says.
fn told<T>(plan: &Plan, untold: &mut Untold, tell: fn(&Step, &Ecr) -> Result<T, String>) -> Vec<T> {
    let mut all = vec![];
    for step in &plan.steps {
        let Call::Ecr(call) = &step.call else { continue };
        if is_ours(call) {
            match tell(step, call) {
                Ok(one) => all.push(one),
                Err(left_out) => untold.push(left_out),
            }
        }
    }
    all
}

/// As CloudFormation's resources. A stack makes what its template tells of, and is refused what is there already.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html>
pub fn resources(plan: &Plan, untold: &mut Untold) -> Map<String, Value> {
    let tell = |step: &Step, call: &Ecr| match resource(call) {
        Some(_) if exists(step, call) => {
            Err(format!("{}: that exists already and has to be imported into the stack", step.says))
        }
        Some(one) => Ok(one),
        None => Err(step.says.clone()),
    };
    told(plan, untold, tell).into_iter().collect()
}

/// Whether a stack would be refused it. Replication and scanning are always there; as long as they are as AWS gives them, a stack can have them.
fn exists(step: &Step, call: &Ecr) -> bool {
    let is_set = |before: &Value| {
        before["rules"].as_array().is_some_and(|rules| !rules.is_empty()) || before["scanType"] == "ENHANCED"
    };
    match call {
        Ecr::PutReplicationConfiguration(_) | Ecr::PutRegistryScanningConfiguration(_) => {
            step.effect != Effect::Create && step.before.as_ref().is_none_or(is_set)
        }
        _ => step.effect != Effect::Create,
    }
}

/// As Terraform's blocks.
pub fn blocks(plan: &Plan, untold: &mut Untold) -> Vec<String> {
    let tell = |step: &Step, call: &Ecr| match block(call) {
        Some(block) => Ok(taken_over(step, call) + &block),
        None => Err(step.says.clone()),
    };
    told(plan, untold, tell)
}

/// What has Terraform take over what exists; nothing for what a step creates.
fn taken_over(step: &Step, call: &Ecr) -> String {
    let account = step.scope.account.as_str();
    let this = || "this".to_owned();
    let (kind, name, id) = match call {
        _ if step.effect == Effect::Create => return String::new(),
        Ecr::PutReplicationConfiguration(_) => ("replication_configuration", this(), account),
        Ecr::UpdateRepositoryCreationTemplate(template) => {
            ("repository_creation_template", label(&identifier(&template.prefix)), template.prefix.as_str())
        }
        Ecr::PutRegistryPolicy(_) => ("registry_policy", this(), account),
        Ecr::PutRegistryScanningConfiguration(_) => ("registry_scanning_configuration", this(), account),
        Ecr::PutAccountSetting(setting) => ("account_setting", setting.name.to_lowercase(), setting.name.as_str()),
        _ => return String::new(),
    };
    import(&format!("aws_ecr_{kind}"), &name, id) + "\n"
}

/// With capitals and without what is empty, as CloudFormation names properties.
fn properties(pairs: Vec<(&str, Value)>) -> Value {
    let filled = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    Value::Object(pairs.into_iter().filter(|(_, v)| filled(v)).map(|(n, v)| (n.to_owned(), v)).collect())
}

fn filters(filters: &[RepositoryFilter]) -> Vec<Value> {
    filters.iter().map(|f| json!({ "Filter": f.filter, "FilterType": f.filter_type })).collect()
}

fn resource(call: &Ecr) -> Option<(String, Value)> {
    let (id, kind, properties) = match call {
        Ecr::PutReplicationConfiguration(input) => {
            let rule = |rule: &ReplicationRule| {
                let to = rule.destinations.iter();
                let to: Vec<Value> = to.map(|d| json!({ "Region": d.region, "RegistryId": d.registry_id })).collect();
                properties(vec![
                    ("Destinations", to.into()),
                    ("RepositoryFilters", filters(&rule.repository_filters).into()),
                    ("DeleteReplication", json!(rule.delete_replication.map(|d| json!({ "Enabled": d.enabled })))),
                ])
            };
            let rules: Vec<Value> = input.replication_configuration.rules.iter().map(rule).collect();
            let whole = json!({ "ReplicationConfiguration": { "Rules": rules } });
            ("Replication".to_owned(), "ReplicationConfiguration", whole)
        }
        Ecr::CreatePullThroughCacheRule(rule) => {
            (format!("{}Cache", identifier(&rule.ecr_repository_prefix)), "PullThroughCacheRule", cache(rule))
        }
        Ecr::CreateRepositoryCreationTemplate(template) | Ecr::UpdateRepositoryCreationTemplate(template) => {
            (format!("{}Template", identifier(&template.prefix)), "RepositoryCreationTemplate", creation(template))
        }
        Ecr::PutRegistryPolicy(input) => {
            ("RegistryPolicy".to_owned(), "RegistryPolicy", json!({ "PolicyText": document(&input.policy_text) }))
        }
        Ecr::PutRegistryScanningConfiguration(input) => {
            let rules = input.rules.iter();
            let rules: Vec<Value> = rules
                .map(|r| json!({ "ScanFrequency": r.scan_frequency, "RepositoryFilters": filters(&r.repository_filters) }))
                .collect();
            let whole = json!({ "ScanType": input.scan_type, "Rules": rules });
            ("RegistryScanning".to_owned(), "RegistryScanningConfiguration", whole)
        }
        _ => return None,
    };
    Some((id, json!({ "Type": format!("AWS::ECR::{kind}"), "Properties": properties })))
}

fn cache(rule: &CacheRule) -> Value {
    properties(vec![
        ("EcrRepositoryPrefix", json!(rule.ecr_repository_prefix)),
        ("UpstreamRegistryUrl", json!(rule.upstream_registry_url)),
        ("UpstreamRegistry", json!(rule.upstream_registry)),
        ("UpstreamRepositoryPrefix", json!(rule.upstream_repository_prefix)),
        ("CredentialArn", json!(rule.credential_arn)),
        ("CustomRoleArn", json!(rule.custom_role_arn)),
    ])
}

fn creation(template: &CreationTemplate) -> Value {
    let encryption = template
        .encryption_configuration
        .as_ref()
        .map(|e| properties(vec![("EncryptionType", json!(e.encryption_type)), ("KmsKey", json!(e.kms_key))]));
    let exclusions = template.image_tag_mutability_exclusion_filters.iter().flatten();
    let exclusions: Vec<Value> = exclusions
        .map(|f| json!({ "ImageTagMutabilityExclusionFilterType": f.filter_type, "ImageTagMutabilityExclusionFilterValue": f.filter }))
        .collect();
    properties(vec![
        ("Prefix", json!(template.prefix)),
        ("AppliedFor", json!(template.applied_for)),
        ("Description", json!(template.description)),
        ("EncryptionConfiguration", json!(encryption)),
        ("ImageTagMutability", json!(template.image_tag_mutability)),
        ("ImageTagMutabilityExclusionFilters", exclusions.into()),
        ("ResourceTags", json!(template.resource_tags)),
        // Unlike that of a repository, these are texts.
        ("RepositoryPolicy", json!(template.repository_policy)),
        ("LifecyclePolicy", json!(template.lifecycle_policy)),
        ("CustomRoleArn", json!(template.custom_role_arn)),
    ])
}

/// A block of Terraform as it grows.
struct Block {
    out: String,
    depth: usize,
}

impl Block {
    fn new(kind: &str, name: &str) -> Self {
        Self { out: format!("resource \"{kind}\" \"{name}\" {{\n"), depth: 1 }
    }
    fn line(&mut self, line: &str) {
        self.out.push_str(&"  ".repeat(self.depth));
        self.out.push_str(line);
        self.out.push('\n');
    }
    /// `name = "value"`, of what is not empty.
    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.line(&format!("{name} = {}", text(value)));
        }
    }
    fn nested(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.line(&format!("{name} {{"));
        self.depth += 1;
        fill(self);
        self.depth -= 1;
        self.line("}");
    }
    fn filters(&mut self, filters: &[RepositoryFilter]) {
        for filter in filters {
            self.nested("repository_filter", |b| {
                b.text("filter", Some(&filter.filter));
                b.text("filter_type", Some(&filter.filter_type));
            });
        }
    }
    fn end(mut self) -> String {
        self.out.push_str("}\n");
        self.out
    }
}

/// Whether Terraform's resource has no words for them: it takes no fewer than one rule, and would end the replication of deletions.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_replication_configuration>
fn untellable(rules: &[ReplicationRule]) -> bool {
    rules.is_empty() || rules.iter().any(ReplicationRule::replicates_deletions)
}

fn block(call: &Ecr) -> Option<String> {
    Some(match call {
        Ecr::PutReplicationConfiguration(input) if untellable(&input.replication_configuration.rules) => return None,
        Ecr::PutReplicationConfiguration(input) => {
            let mut block = Block::new("aws_ecr_replication_configuration", "this");
            block.nested("replication_configuration", |b| {
                for rule in &input.replication_configuration.rules {
                    b.nested("rule", |b| {
                        for to in &rule.destinations {
                            b.nested("destination", |b| {
                                b.text("region", Some(&to.region));
                                b.text("registry_id", Some(&to.registry_id));
                            });
                        }
                        b.filters(&rule.repository_filters);
                    });
                }
            });
            block.end()
        }
        Ecr::CreatePullThroughCacheRule(rule) => {
            let mut block =
                Block::new("aws_ecr_pull_through_cache_rule", &label(&identifier(&rule.ecr_repository_prefix)));
            block.text("ecr_repository_prefix", Some(&rule.ecr_repository_prefix));
            block.text("upstream_registry_url", Some(&rule.upstream_registry_url));
            block.text("upstream_repository_prefix", rule.upstream_repository_prefix.as_deref());
            block.text("credential_arn", rule.credential_arn.as_deref());
            block.text("custom_role_arn", rule.custom_role_arn.as_deref());
            block.end()
        }
        Ecr::CreateRepositoryCreationTemplate(template) | Ecr::UpdateRepositoryCreationTemplate(template) => {
            template_block(template)
        }
        Ecr::PutRegistryPolicy(input) => {
            let mut block = Block::new("aws_ecr_registry_policy", "this");
            block.line(&format!("policy = jsonencode({})", expression(&document(&input.policy_text))));
            block.end()
        }
        Ecr::PutRegistryScanningConfiguration(input) => scanning_block(input),
        Ecr::PutAccountSetting(input) => {
            let mut block = Block::new("aws_ecr_account_setting", &input.name.to_lowercase());
            block.text("name", Some(&input.name));
            block.text("value", Some(&input.value));
            block.end()
        }
        _ => return None,
    })
}

fn scanning_block(scanning: &ScanningConfiguration) -> String {
    let mut block = Block::new("aws_ecr_registry_scanning_configuration", "this");
    block.text("scan_type", Some(&scanning.scan_type));
    for rule in &scanning.rules {
        block.nested("rule", |b| {
            b.text("scan_frequency", Some(&rule.scan_frequency));
            b.filters(&rule.repository_filters);
        });
    }
    block.end()
}

fn template_block(template: &CreationTemplate) -> String {
    let mut block = Block::new("aws_ecr_repository_creation_template", &label(&identifier(&template.prefix)));
    block.text("prefix", Some(&template.prefix));
    block.text("description", template.description.as_deref());
    block.line(&format!("applied_for = {}", json!(template.applied_for)));
    block.text("image_tag_mutability", template.image_tag_mutability.as_deref());
    block.text("custom_role_arn", template.custom_role_arn.as_deref());
    for filter in template.image_tag_mutability_exclusion_filters.iter().flatten() {
        block.nested("image_tag_mutability_exclusion_filter", |b| {
            b.text("filter_type", Some(&filter.filter_type));
            b.text("filter", Some(&filter.filter));
        });
    }
    if let Some(encryption) = &template.encryption_configuration {
        block.nested("encryption_configuration", |b| {
            b.text("encryption_type", encryption.encryption_type.as_deref());
            b.text("kms_key", encryption.kms_key.as_deref());
        });
    }
    let tags: Vec<_> = template.resource_tags.iter().flatten().collect();
    if !tags.is_empty() {
        block.line("resource_tags = {");
        for tag in tags {
            block.line(&format!("  {} = {}", text(&tag.key), text(&tag.value)));
        }
        block.line("}");
    }
    for (name, policy) in
        [("repository_policy", &template.repository_policy), ("lifecycle_policy", &template.lifecycle_policy)]
    {
        if let Some(policy) = policy.as_deref().filter(|p| !p.is_empty()) {
            block.line(&format!("{name} = jsonencode({})", expression(&document(policy))));
        }
    }
    block.end()
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
