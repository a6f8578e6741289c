//! Change what an account has set up in a region for all its repositories: replication, scanning, settings of the account; in modules of
//! their own cache rules ([`cache`]), creation templates ([`template`]) and the policy ([`policy`]).

pub mod cache;
pub mod policy;
pub mod template;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

use super::{in_order, state, step, undo};
use crate::ecr::calls::{
    Call, PutAccountSetting, PutRegistryScanningConfiguration, PutReplicationConfiguration, same_scanning,
};
use crate::ecr::registry::{
    self, ACCOUNT_SETTINGS, ReplicationConfiguration, ReplicationRule, RepositoryFilter, ScanningConfiguration,
    ScanningRule, rules,
};
use crate::ecr::repository_policy::Severity as Worth;
use crate::ecr::subject::Subject;
use crate::identity::Scope;
use crate::plan::lint::Severity;
use crate::plan::{self, Effect, Facts, FieldErrors, Plan};

/// The replication as it shall be: all rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Replication {
    /// The rules; empty for none.
    pub rules: Vec<ReplicationRule>,
}

/// The scanning as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scanning {
    /// By Amazon Inspector, instead of ECR's own.
    pub enhanced: bool,
    /// Which repositories' images are scanned as they are pushed.
    pub on_push: Vec<String>,
    /// Which repositories' images are scanned again and again; only with [`Scanning::enhanced`].
    pub continuous: Vec<String>,
}

/// A setting of the account as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// One of [`ACCOUNT_SETTINGS`].
    pub name: String,
    /// One of its values.
    pub value: String,
}

pub(super) fn nothing() -> FieldErrors {
    [("nothing".to_owned(), "This is how it is already.".to_owned())].into()
}

/// A plan of one step that changes what there is.
fn change(says: String, scope: &Scope, call: Call, back: Call, before: Option<Value>) -> Plan {
    let mut step = step("registry", says.clone(), scope, call, undo(back), before);
    step.effect = Effect::Update;
    in_order(says, scope, vec![step])
}

/// Says that nobody knows beforehand what a plan costs.
pub(super) fn unpriced(plan: &mut Plan) {
    for step in &mut plan.steps {
        step.monthly = None;
    }
}

/// What was typed as filters, without what is empty.
fn filters(typed: &[String], filter_type: &str) -> Vec<RepositoryFilter> {
    let given = typed.iter().map(|t| t.trim()).filter(|t| !t.is_empty());
    given.map(|filter| RepositoryFilter { filter: filter.to_owned(), filter_type: filter_type.to_owned() }).collect()
}

impl Replication {
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        vec![plan::Subject::Ecr(Subject::Replication)]
    }

    /// The document, with the type that every filter has. Deletions that are not replicated are as AWS leaves them by itself.
    fn wanted(&self) -> ReplicationConfiguration {
        let rule = |rule: &ReplicationRule| ReplicationRule {
            destinations: rule.destinations.clone(),
            repository_filters: filters(
                &rule.repository_filters.iter().map(|f| f.filter.clone()).collect::<Vec<_>>(),
                "PREFIX_MATCH",
            ),
            delete_replication: rule.delete_replication.filter(|deletions| deletions.enabled),
        };
        ReplicationConfiguration { rules: self.rules.iter().map(rule).collect() }
    }

    /// What AWS would refuse, by field: `rules.0.destinations.1`.
    pub fn check(&self, scope: &Scope) -> FieldErrors {
        let wanted = self.wanted();
        let mut errors = FieldErrors::new();
        for (n, rule) in wanted.rules.iter().enumerate() {
            if let Err((part, message)) = rules::replication_rule(rule, scope) {
                errors.insert(format!("rules.{n}.{part}"), message);
            }
        }
        let many = wanted.rules.len();
        let all: BTreeSet<_> =
            wanted.rules.iter().flat_map(|r| r.destinations.iter().map(|d| (&d.registry_id, &d.region))).collect();
        if many > rules::MOST_RULES {
            errors.insert(
                "rules".into(),
                format!("A registry has at most {} replication rules; these are {many}.", rules::MOST_RULES),
            );
        } else if all.len() > rules::MOST_DESTINATIONS {
            let message = format!(
                "All rules together have at most {} destinations; these are {}.",
                rules::MOST_DESTINATIONS,
                all.len()
            );
            errors.insert("rules".into(), message);
        }
        errors
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when it is so already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let errors = self.check(scope);
        if !errors.is_empty() {
            return Err(errors);
        }
        let before = state(facts, &Subject::Replication).flatten();
        let put = |replication_configuration| {
            Call::PutReplicationConfiguration(PutReplicationConfiguration { replication_configuration })
        };
        let wanted = put(self.wanted());
        if before.is_some() && wanted.made(before.as_ref()) == plan::Made::Yes {
            return Err(nothing());
        }
        let old = before.clone().and_then(|b| serde_json::from_value(b).ok()).unwrap_or_default();
        let says = match self.rules.len() {
            0 => "Replicate images no longer".to_owned(),
            1 => "Replicate images by 1 rule".to_owned(),
            many => format!("Replicate images by {many} rules"),
        };
        let mut plan = change(says, scope, wanted, put(old), before);
        // What will be pushed is stored in every destination; what is there already stays.
        if !self.rules.is_empty() {
            unpriced(&mut plan);
        }
        Ok(plan)
    }
}

impl Scanning {
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        vec![plan::Subject::Ecr(Subject::RegistryScanning)]
    }

    fn wanted(&self) -> ScanningConfiguration {
        let often = [("SCAN_ON_PUSH", &self.on_push), ("CONTINUOUS_SCAN", &self.continuous)];
        let rules = often
            .into_iter()
            .map(|(frequency, typed)| ScanningRule {
                scan_frequency: frequency.into(),
                repository_filters: filters(typed, "WILDCARD"),
            })
            .filter(|rule| !rule.repository_filters.is_empty());
        let scan_type = if self.enhanced { "ENHANCED" } else { "BASIC" };
        ScanningConfiguration { scan_type: scan_type.into(), rules: rules.collect() }
    }

    /// What AWS would refuse, by field: `on_push`, `continuous`.
    pub fn check(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for (field, typed) in [("on_push", &self.on_push), ("continuous", &self.continuous)] {
            let filters = filters(typed, "WILDCARD");
            let wrong = filters.iter().find_map(|f| rules::scanning_filter(&f.filter).err());
            let many = (filters.len() > rules::MOST_FILTERS)
                .then(|| format!("At most {} filters are allowed; these are {}.", rules::MOST_FILTERS, filters.len()));
            if let Some(message) = wrong.or(many) {
                errors.insert(field.into(), message);
            }
        }
        if !self.enhanced && !filters(&self.continuous, "WILDCARD").is_empty() {
            errors.insert("continuous".into(), "Only enhanced scanning scans again and again.".into());
        }
        errors
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when it is so already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let errors = self.check();
        if !errors.is_empty() {
            return Err(errors);
        }
        let before = state(facts, &Subject::RegistryScanning).flatten();
        let old: Option<PutRegistryScanningConfiguration> = before.clone().and_then(|b| serde_json::from_value(b).ok());
        let wanted = self.wanted();
        if old.as_ref().is_some_and(|old| same_scanning(old, &wanted)) {
            return Err(nothing());
        }
        let says = format!("Have the registry's images scanned: {}", wanted.says().to_lowercase());
        let basic = || ScanningConfiguration { scan_type: "BASIC".into(), rules: vec![] };
        // Amazon Inspector bills each image that it scans: https://aws.amazon.com/inspector/pricing/
        let billed = self.enhanced || old.as_ref().is_some_and(|old| old.scan_type == "ENHANCED");
        let back = Call::PutRegistryScanningConfiguration(old.unwrap_or_else(basic));
        let mut plan = change(says, scope, Call::PutRegistryScanningConfiguration(wanted), back, before);
        if billed {
            unpriced(&mut plan);
        }
        Ok(plan)
    }
}

impl Setting {
    fn subject(&self) -> Subject {
        Subject::AccountSetting { name: self.name.clone() }
    }
    fn values(&self) -> Option<&'static [&'static str]> {
        ACCOUNT_SETTINGS.iter().find(|(name, _)| *name == self.name).map(|(_, values)| *values)
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        if self.values().is_some() { vec![plan::Subject::Ecr(self.subject())] } else { vec![] }
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when it is so already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let Some(values) = self.values() else {
            return Err([("name".to_owned(), "There is no such setting of an account.".to_owned())].into());
        };
        if !values.contains(&self.value.as_str()) {
            return Err([("value".to_owned(), format!("It is one of {}.", values.join(", ")))].into());
        }
        let before = state(facts, &self.subject()).flatten();
        let put = |value: &str| {
            Call::PutAccountSetting(PutAccountSetting { name: self.name.clone(), value: value.to_owned() })
        };
        let old = before.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        if old == self.value {
            return Err(nothing());
        }
        let says = format!("Set {} to {}", self.name, self.value);
        Ok(change(says, scope, put(&self.value), put(&old), before))
    }
}

/// Notes on a call about the registry: severity, what it is, what to do about it.
pub fn lint(call: &Call, scope: &Scope) -> Vec<(Severity, String, String)> {
    let mut notes = vec![];
    let mut note = |severity, says: &str, mend: &str| notes.push((severity, says.to_owned(), mend.to_owned()));
    match call {
        Call::PutReplicationConfiguration(input) if !input.replication_configuration.rules.is_empty() => {
            note(
                Severity::Hint,
                "Only what is pushed from now on is replicated: images that are there already stay where they are.",
                "Push those again that are wanted elsewhere, or copy them.",
            );
            let rules = &input.replication_configuration.rules;
            let foreign =
                |rule: &ReplicationRule| rule.destinations.iter().any(|to| to.registry_id != scope.account.as_str());
            if rules.iter().any(foreign) {
                note(
                    Severity::Warning,
                    "Another account has to let images in: without that nothing arrives, and nobody is told.",
                    "Allow ecr:ReplicateImage and ecr:CreateRepository to this account in the registry policy there.",
                );
            }
            if rules.iter().any(ReplicationRule::replicates_deletions) {
                note(
                    Severity::Warning,
                    "Deletions are replicated: what is deleted, expires or is untagged here is so in the destinations, too, whatever runs there.",
                    "Replicate no deletions where anything is started from a destination.",
                );
            }
        }
        Call::PutRegistryScanningConfiguration(input) if input.scan_type == "ENHANCED" => note(
            Severity::Warning,
            "Amazon Inspector bills for each image it scans, and findings of basic scanning are not shown meanwhile.",
            "Narrow the filters to what matters. They come back when basic scanning does.",
        ),
        Call::PutRegistryPolicy(input) => {
            let gains = registry::policy::read(&input.policy_text).map(|d| registry::policy::explain(&d, scope));
            for gain in gains.into_iter().flatten().filter(|gain| gain.severity == Worth::Dangerous) {
                let why = gain.why.unwrap_or_default();
                note(Severity::Danger, &format!("{}. {why}", gain.text), "Name accounts, actions and repositories.");
            }
        }
        Call::CreateRepositoryCreationTemplate(input) | Call::UpdateRepositoryCreationTemplate(input)
            if input.lifecycle_policy.as_deref().unwrap_or_default().is_empty() =>
        {
            note(
                Severity::Hint,
                "Nothing ever expires in repositories made by this template.",
                "Add a lifecycle policy, for example one that expires untagged images after 14 days.",
            );
        }
        _ => {}
    }
    notes
}

#[cfg(test)]
mod tests;
