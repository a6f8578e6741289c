//! Add, change and delete a pull-through cache rule.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html>

use serde::{Deserialize, Serialize};

use super::super::{in_order, state, step, undo};
use super::{nothing, unpriced};
use crate::ecr::calls::{Call, DeletePullThroughCacheRule, UpdatePullThroughCacheRule};
use crate::ecr::registry::upstream::{Access, UPSTREAMS, Upstream, private};
use crate::ecr::registry::{CacheRule, rules};
use crate::ecr::subject::Subject;
use crate::identity::Scope;
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Undo};

/// A rule as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// It does not exist yet. Of one that exists only the credentials can be changed.
    pub new: bool,
    /// How the repositories begin that cached images come to.
    pub prefix: String,
    /// AWS's word for the upstream.
    pub upstream: String,
    /// Its address, where that has the customer's name in it.
    pub url: String,
    /// Only what begins like this upstream; empty for everything.
    pub upstream_prefix: String,
    /// The ARN of the secret with user and token.
    pub credential: String,
    /// The ARN of the role that pulls from another account.
    pub role: String,
}

/// A rule that shall not be there any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delete {
    /// Its prefix.
    pub prefix: String,
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Rule {
    /// A rule that exists, to be changed.
    pub fn of(rule: &CacheRule) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let known = rule.upstream_registry.as_deref().and_then(Upstream::named);
        // Rules of before 2023 do not say whose address theirs is.
        let known = known.or_else(|| UPSTREAMS.iter().find(|upstream| upstream.host == rule.upstream_registry_url));
        Self {
            new: false,
            prefix: rule.ecr_repository_prefix.clone(),
            upstream: known.map_or_else(|| text(&rule.upstream_registry), |upstream| upstream.word.to_owned()),
            url: rule.upstream_registry_url.clone(),
            upstream_prefix: text(&rule.upstream_repository_prefix),
            credential: text(&rule.credential_arn),
            role: text(&rule.custom_role_arn),
        }
    }

    fn subject(&self) -> Subject {
        Subject::CacheRule { prefix: self.prefix.trim().to_owned() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let mut subjects = vec![];
        if rules::cache_prefix(self.prefix.trim()).is_ok() {
            subjects.push(self.subject());
        }
        if self.new {
            subjects.push(Subject::CacheRules);
        }
        subjects.into_iter().map(plan::Subject::Ecr).collect()
    }

    /// The address, as AWS wants it.
    fn host(&self) -> String {
        let fixed = Upstream::named(&self.upstream).filter(|upstream| !upstream.is_own());
        fixed.map_or_else(|| rules::host(&self.url).to_owned(), |upstream| upstream.host.to_owned())
    }

    /// What AWS would refuse, by field.
    pub fn check(&self, scope: &Scope) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let mut wrong = |field: &str, answer: Result<(), String>| {
            answer.err().map(|message| errors.entry(field.to_owned()).or_insert(message));
        };
        wrong("prefix", rules::cache_prefix(self.prefix.trim()));
        let Some(upstream) = Upstream::named(&self.upstream) else {
            wrong("upstream", Err("Choose the registry to fetch from.".into()));
            return errors;
        };
        let host = self.host();
        wrong("url", upstream.takes(&host, scope));
        if let Some(prefix) = given(&self.upstream_prefix) {
            wrong("upstream_prefix", rules::cache_prefix(&prefix));
        }
        match upstream.access {
            Access::Secret => wrong("credential", rules::credential(self.credential.trim(), scope)),
            Access::Open | Access::Role if given(&self.credential).is_some() => {
                wrong("credential", Err(format!("{} lets everybody in: leave it empty.", upstream.name)));
            }
            Access::Open | Access::Role => {}
        }
        let elsewhere = private(&host).is_some_and(|(account, _)| account != scope.account);
        match (given(&self.role), upstream.access) {
            (Some(role), Access::Role) => wrong("role", rules::role(&role, scope)),
            (Some(_), _) => {
                wrong("role", Err("Only another private registry of ECR is pulled from with a role.".into()))
            }
            (None, _) if elsewhere => {
                wrong("role", Err("A registry of another account is pulled from with a role: name its ARN.".into()));
            }
            (None, _) => {}
        }
        errors
    }

    fn wanted(&self) -> CacheRule {
        CacheRule {
            ecr_repository_prefix: self.prefix.trim().to_owned(),
            upstream_registry_url: self.host(),
            upstream_registry: Some(self.upstream.clone()),
            upstream_repository_prefix: given(&self.upstream_prefix),
            credential_arn: given(&self.credential),
            custom_role_arn: given(&self.role),
        }
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field; `nothing` when it is so already.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = self.check(scope);
        let before = state(facts, &self.subject());
        let prefix = self.prefix.trim();
        match (&before, self.new) {
            (Some(Some(_)), true) => {
                errors.entry("prefix".into()).or_insert_with(|| format!("A rule for {prefix} exists here already."));
            }
            (Some(None), false) => {
                errors.insert("prefix".into(), format!("There is no rule for {prefix} here."));
            }
            _ => {}
        }
        let all = if self.new { state(facts, &Subject::CacheRules).flatten() } else { None };
        if all.and_then(|all| Some(all.as_array()?.len())).is_some_and(|many| many >= rules::MOST_OF_A_REGISTRY) {
            let message =
                format!("A registry has at most {} cache rules. Delete one first.", rules::MOST_OF_A_REGISTRY);
            errors.entry("prefix".into()).or_insert(message);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let wanted = self.wanted();
        let name = Upstream::named(&self.upstream).map_or(self.upstream.as_str(), |upstream| upstream.name);
        if self.new {
            let says = format!("Cache {name} under {prefix}");
            let delete = DeletePullThroughCacheRule { ecr_repository_prefix: prefix.to_owned() };
            let back = undo(Call::DeletePullThroughCacheRule(delete));
            let call = Call::CreatePullThroughCacheRule(wanted);
            let mut plan = in_order(says.clone(), scope, vec![step("rule", says, scope, call, back, None)]);
            // Whatever is pulled through it is stored.
            unpriced(&mut plan);
            return Ok(plan);
        }
        let before = before.flatten();
        let old: CacheRule = before.clone().and_then(|b| serde_json::from_value(b).ok()).unwrap_or_default();
        if before.is_some() && wanted.is_like(&old) {
            return Err(nothing());
        }
        let parts = [
            ("credential", "secret", &old.credential_arn, &wanted.credential_arn),
            ("role", "role", &old.custom_role_arn, &wanted.custom_role_arn),
        ];
        let removed = parts.iter().filter(|(_, _, old, wanted)| old.is_some() && wanted.is_none());
        let errors: FieldErrors = removed
            .map(|(field, part, ..)| {
                let message = format!("ECR takes no {part} away from a rule: delete the rule and create it again.");
                ((*field).to_owned(), message)
            })
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let added =
            parts.iter().find(|(_, _, old, wanted)| old.is_none() && wanted.is_some()).map(|(_, part, ..)| *part);
        let update = |credential_arn, custom_role_arn| {
            let ecr_repository_prefix = prefix.to_owned();
            Call::UpdatePullThroughCacheRule(UpdatePullThroughCacheRule {
                ecr_repository_prefix,
                credential_arn,
                custom_role_arn,
            })
        };
        let says = format!("Change how {prefix} is let in at {name}");
        let back = match added {
            Some(part) => Undo::Never(format!(
                "the rule had no {part} before, and ECR takes none away. Delete the rule and create it again."
            )),
            None => undo(update(old.credential_arn, old.custom_role_arn)),
        };
        let call = update(wanted.credential_arn, wanted.custom_role_arn);
        let mut step = step("rule", says.clone(), scope, call, back, before);
        step.effect = Effect::Update;
        Ok(in_order(says, scope, vec![step]))
    }
}

impl Delete {
    fn subject(&self) -> Subject {
        Subject::CacheRule { prefix: self.prefix.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        vec![plan::Subject::Ecr(self.subject())]
    }

    /// The plan. What was cached stays where it is.
    ///
    /// # Errors
    /// That there is no such rule.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let before = state(facts, &self.subject());
        if before == Some(None) {
            return Err([("prefix".to_owned(), format!("There is no rule for {} here.", self.prefix))].into());
        }
        let before = before.flatten();
        let old: CacheRule = before.clone().and_then(|b| serde_json::from_value(b).ok()).unwrap_or_default();
        let says = format!("Cache nothing new under {}", self.prefix);
        let delete = DeletePullThroughCacheRule { ecr_repository_prefix: self.prefix.clone() };
        let call = Call::DeletePullThroughCacheRule(delete);
        let back = undo(Call::CreatePullThroughCacheRule(old));
        let mut step = step("rule", says.clone(), scope, call, back, before);
        step.effect = Effect::Delete;
        Ok(in_order(says, scope, vec![step]))
    }
}
