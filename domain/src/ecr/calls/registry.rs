//! The calls about a registry as a whole.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Call;
use crate::document::document;
use crate::ecr::registry::{
    CacheRule, CreationTemplate, ReplicationConfiguration, ScanningConfiguration, ScanningRule,
};
use crate::iam::policy_document::same;
use crate::plan::Made;

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutReplicationConfiguration.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PutReplicationConfiguration {
    /// All of it: what there was is replaced.
    pub replication_configuration: ReplicationConfiguration,
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html>
pub type CreatePullThroughCacheRule = CacheRule;
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html>
pub type CreateRepositoryCreationTemplate = CreationTemplate;
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateRepositoryCreationTemplate.html>. An empty text, or an empty list of
/// tags, takes away what was there; what is left out stays.
pub type UpdateRepositoryCreationTemplate = CreationTemplate;
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html>
pub type PutRegistryScanningConfiguration = ScanningConfiguration;

document! { "camelCase";
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdatePullThroughCacheRule.html>. What is left out stays: nothing is
    /// taken away by it.
    pub struct UpdatePullThroughCacheRule {
        pub ecr_repository_prefix: String,
        pub credential_arn: Option<String>,
        pub custom_role_arn: Option<String>,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeletePullThroughCacheRule.html>
    pub struct DeletePullThroughCacheRule {
        pub ecr_repository_prefix: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepositoryCreationTemplate.html>
    pub struct DeleteRepositoryCreationTemplate {
        pub prefix: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryPolicy.html>
    pub struct PutRegistryPolicy {
        pub policy_text: String,
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRegistryPolicy.html>
    pub struct DeleteRegistryPolicy {
    }
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html>
    pub struct PutAccountSetting {
        pub name: String,
        pub value: String,
    }
}

/// Makes ECR's own role in the account where there is none yet.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/using-service-linked-roles.html>
const OWN_ROLE: &str = "iam:CreateServiceLinkedRole";

/// The IAM actions that a call about the registry needs.
pub(super) fn actions(call: &Call) -> Vec<&'static str> {
    let with_role = |action: &'static str, role: Option<&String>, more: &'static str| {
        let own = role.is_none_or(|arn| arn.is_empty());
        vec![action, if own { more } else { "iam:PassRole" }]
    };
    match call {
        Call::PutReplicationConfiguration(_) => vec!["ecr:PutReplicationConfiguration", OWN_ROLE],
        Call::CreatePullThroughCacheRule(input) => {
            let mut actions = with_role("ecr:CreatePullThroughCacheRule", input.custom_role_arn.as_ref(), OWN_ROLE);
            if input.credential_arn.is_some() {
                actions.push("secretsmanager:GetSecretValue");
            }
            actions
        }
        Call::UpdatePullThroughCacheRule(input) => {
            let mut actions = vec!["ecr:UpdatePullThroughCacheRule"];
            actions.extend(input.credential_arn.is_some().then_some("secretsmanager:GetSecretValue"));
            actions.extend(input.custom_role_arn.is_some().then_some("iam:PassRole"));
            actions
        }
        Call::DeletePullThroughCacheRule(_) => vec!["ecr:DeletePullThroughCacheRule"],
        Call::CreateRepositoryCreationTemplate(input) => {
            with_role("ecr:CreateRepositoryCreationTemplate", input.custom_role_arn.as_ref(), OWN_ROLE)
        }
        Call::UpdateRepositoryCreationTemplate(input) => {
            with_role("ecr:UpdateRepositoryCreationTemplate", input.custom_role_arn.as_ref(), OWN_ROLE)
        }
        Call::DeleteRepositoryCreationTemplate(_) => vec!["ecr:DeleteRepositoryCreationTemplate"],
        Call::PutRegistryPolicy(_) => vec!["ecr:PutRegistryPolicy"],
        Call::DeleteRegistryPolicy(_) => vec!["ecr:DeleteRegistryPolicy"],
        Call::PutRegistryScanningConfiguration(input) => {
            let mut actions = vec!["ecr:PutRegistryScanningConfiguration"];
            // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
            if input.scan_type == "ENHANCED" {
                actions.extend(["inspector2:Enable", "inspector2:ListAccountPermissions", OWN_ROLE]);
            }
            actions
        }
        Call::PutAccountSetting(_) => vec!["ecr:PutAccountSetting"],
        _ => vec![],
    }
}

/// Rules that mean the same are the same: neither their order counts nor that of their parts, nor what is scanned by hand anyway.
pub fn same_scanning(a: &ScanningConfiguration, b: &ScanningConfiguration) -> bool {
    let meaning = |c: &ScanningConfiguration| {
        let rule = |rule: &ScanningRule| {
            let mut filters: Vec<String> = rule.repository_filters.iter().map(|f| f.filter.clone()).collect();
            filters.sort();
            (rule.scan_frequency.clone(), filters)
        };
        let mut rules: Vec<_> = c.rules.iter().map(rule).filter(|(often, _)| often != "MANUAL").collect();
        rules.sort();
        (c.scan_type == "ENHANCED", rules)
    };
    meaning(a) == meaning(b)
}

/// What the state of its subject says about whether a call about the registry was made.
pub(super) fn made(call: &Call, state: Option<&Value>) -> Made {
    fn is<T: serde::de::DeserializeOwned>(state: Option<&Value>, wanted: impl FnOnce(T) -> bool) -> bool {
        state.and_then(|s| T::deserialize(s).ok()).is_some_and(wanted)
    }
    let yes = |yes: bool| if yes { Made::Yes } else { Made::No };
    let created = |like: bool| match (state.is_some(), like) {
        (false, _) => Made::No,
        (true, true) => Made::Yes,
        (true, false) => Made::Taken,
    };
    match call {
        Call::PutReplicationConfiguration(input) => yes(is(state, |s| input.replication_configuration == s)),
        Call::CreatePullThroughCacheRule(input) => created(is(state, |s| input.is_like(&s))),
        Call::UpdatePullThroughCacheRule(input) => yes(is(state, |s: CacheRule| {
            input.credential_arn == s.credential_arn && input.custom_role_arn == s.custom_role_arn
        })),
        Call::CreateRepositoryCreationTemplate(input) => created(is(state, |s| input.is_like(&s))),
        Call::UpdateRepositoryCreationTemplate(input) => yes(is(state, |s| input.is_like(&s))),
        Call::PutRegistryPolicy(input) => yes(state.is_some() && same(state, super::json(&input.policy_text).as_ref())),
        Call::PutRegistryScanningConfiguration(input) => yes(is(state, |s| same_scanning(input, &s))),
        Call::PutAccountSetting(input) => yes(state.and_then(Value::as_str) == Some(&input.value)),
        Call::DeletePullThroughCacheRule(_)
        | Call::DeleteRepositoryCreationTemplate(_)
        | Call::DeleteRegistryPolicy(_) => yes(state.is_none()),
        _ => Made::No,
    }
}
