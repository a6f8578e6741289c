//! What holds for all repositories of a registry, as ECR treats it.

use domain::Problem;
use domain::ecr::calls::Call;
use domain::ecr::registry::{
    BASIC_SCAN, BLOB_MOUNTING, CacheRule, CreationTemplate, POLICY_SCOPE, ReplicationConfiguration,
    ScanningConfiguration,
};
use domain::ecr::subject::Subject;
use domain::kms::way_back::leads_to;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::{policy, rejected};

/// It always exists; its parts are changed.
#[derive(Debug)]
pub(super) struct Registry {
    replication: ReplicationConfiguration,
    /// By prefix.
    rules: BTreeMap<String, CacheRule>,
    /// By prefix.
    templates: BTreeMap<String, CreationTemplate>,
    policy: Option<Value>,
    scanning: ScanningConfiguration,
    /// Values by name.
    settings: BTreeMap<String, String>,
}

impl Default for Registry {
    /// As in a new account.
    fn default() -> Self {
        let settings = [(BASIC_SCAN, "AWS_NATIVE"), (POLICY_SCOPE, "V2"), (BLOB_MOUNTING, "DISABLED")];
        Self {
            replication: ReplicationConfiguration::default(),
            rules: BTreeMap::new(),
            templates: BTreeMap::new(),
            policy: None,
            scanning: ScanningConfiguration { scan_type: "BASIC".into(), rules: vec![] },
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }
}

fn no_rule() -> Problem {
    Problem::not_found("PullThroughCacheRuleNotFoundException")
}

fn no_template() -> Problem {
    Problem::not_found("TemplateNotFoundException")
}

/// What there is after an update: an empty value takes away what was there, what is left out stays. Filters are one to five, and go with the
/// mutability that has them.
fn updated(old: &CreationTemplate, input: &CreationTemplate) -> Result<CreationTemplate, Problem> {
    if input.image_tag_mutability_exclusion_filters.as_ref().is_some_and(Vec::is_empty) {
        return Err(rejected("InvalidParameterException"));
    }
    let text = |new: &Option<String>, old: &Option<String>| {
        new.clone().or_else(|| old.clone()).filter(|text| !text.is_empty())
    };
    let exclusions = |t: &CreationTemplate| t.image_tag_mutability_exclusion_filters.clone();
    let mut template = CreationTemplate {
        prefix: input.prefix.clone(),
        description: text(&input.description, &old.description),
        encryption_configuration: input
            .encryption_configuration
            .clone()
            .or_else(|| old.encryption_configuration.clone()),
        resource_tags: input
            .resource_tags
            .clone()
            .or_else(|| old.resource_tags.clone())
            .filter(|tags| !tags.is_empty()),
        image_tag_mutability: text(&input.image_tag_mutability, &old.image_tag_mutability),
        image_tag_mutability_exclusion_filters: exclusions(input).or_else(|| exclusions(old)),
        repository_policy: text(&input.repository_policy, &old.repository_policy),
        lifecycle_policy: text(&input.lifecycle_policy, &old.lifecycle_policy),
        applied_for: input.applied_for.clone(),
        custom_role_arn: text(&input.custom_role_arn, &old.custom_role_arn),
    };
    if template.exclusions().next().is_none() {
        template.image_tag_mutability_exclusion_filters = None;
    }
    Ok(template)
}

impl Registry {
    pub(super) fn make(&mut self, call: &Call) -> Result<(), Problem> {
        match call {
            Call::PutReplicationConfiguration(input) => self.replication = input.replication_configuration.clone(),
            Call::CreatePullThroughCacheRule(input) => {
                if self.rules.contains_key(&input.ecr_repository_prefix) {
                    return Err(rejected("PullThroughCacheRuleAlreadyExistsException"));
                }
                let mut rule = input.clone();
                // What is left out is answered so.
                rule.upstream_repository_prefix.get_or_insert_with(|| "ROOT".into());
                self.rules.insert(rule.ecr_repository_prefix.clone(), rule);
            }
            Call::UpdatePullThroughCacheRule(input) => {
                let rule = self.rules.get_mut(&input.ecr_repository_prefix).ok_or_else(no_rule)?;
                let kept = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
                rule.credential_arn = kept(&input.credential_arn, &rule.credential_arn);
                rule.custom_role_arn = kept(&input.custom_role_arn, &rule.custom_role_arn);
            }
            Call::DeletePullThroughCacheRule(input) => {
                self.rules.remove(&input.ecr_repository_prefix).ok_or_else(no_rule)?;
            }
            Call::CreateRepositoryCreationTemplate(input) => {
                if self.templates.contains_key(&input.prefix) {
                    return Err(rejected("TemplateAlreadyExistsException"));
                }
                self.templates.insert(input.prefix.clone(), updated(&CreationTemplate::default(), input)?);
            }
            Call::UpdateRepositoryCreationTemplate(input) => {
                let template = self.templates.get_mut(&input.prefix).ok_or_else(no_template)?;
                *template = updated(template, input)?;
            }
            Call::DeleteRepositoryCreationTemplate(input) => {
                self.templates.remove(&input.prefix).ok_or_else(no_template)?;
            }
            Call::PutRegistryPolicy(input) => self.policy = Some(policy(&input.policy_text)),
            Call::DeleteRegistryPolicy(_) => {
                self.policy.take().ok_or_else(|| Problem::not_found("There is no registry policy."))?;
            }
            Call::PutRegistryScanningConfiguration(input) => self.scanning = input.clone(),
            Call::PutAccountSetting(input) => {
                self.settings.insert(input.name.clone(), input.value.clone());
            }
            other => return Err(rejected(&format!("{} is not about the whole registry.", other.operation()))),
        }
        Ok(())
    }

    /// The prefixes of the templates that name one of these keys.
    pub(super) fn encrypted_with(&self, keys: &[String]) -> Vec<&str> {
        let is = |template: &&CreationTemplate| template.kms_key().is_some_and(|named| leads_to(named, keys));
        self.templates.values().filter(is).map(|template| template.prefix.as_str()).collect()
    }

    pub(super) fn read(&self, subject: &Subject) -> Result<Option<Value>, Problem> {
        Ok(match subject {
            Subject::Replication => Some(json!(self.replication)),
            Subject::CacheRules => Some(json!(self.rules.values().collect::<Vec<_>>())),
            Subject::CacheRule { prefix } => self.rules.get(prefix).map(|rule| json!(rule)),
            Subject::CreationTemplates => Some(json!(self.templates.values().collect::<Vec<_>>())),
            Subject::CreationTemplate { prefix } => self.templates.get(prefix).map(|template| json!(template)),
            Subject::RegistryPolicy => self.policy.clone(),
            Subject::RegistryScanning => Some(json!(self.scanning)),
            Subject::AccountSetting { name } => self.settings.get(name).map(|value| json!(value)),
            other => return Err(rejected(&format!("No test reads {other:?}."))),
        })
    }
}
