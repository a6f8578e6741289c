//! Set or remove the policy of a public repository: a whole document, which the undo puts back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::calls::{Call, DeleteRepositoryPolicy, SetRepositoryPolicy};
use super::super::policy;
use super::super::subject::Subject;
use super::{gone, in_order, place, state, step, subjects, undo};
use crate::ecr::wizards::{INSIST, insisted, unless};
use crate::iam::policy_document::same;
use crate::identity::Scope;
use crate::plan::{self, Effect, Facts, FieldErrors, Plan};

/// The policy as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// The repository's name.
    pub repository: String,
    /// The policy's JSON; empty for none.
    pub policy: String,
    /// The repository's name once more, if it is to be set although it locks out whoever would change it.
    pub insist: String,
}

impl Permissions {
    fn subject(&self) -> Subject {
        Subject::RepositoryPolicy { repository: self.repository.clone() }
    }
    fn whole(&self) -> Subject {
        Subject::Repository { repository: self.repository.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self, scope: &Scope) -> Vec<plan::Subject> {
        subjects(scope, [self.subject(), self.whole()])
    }

    /// The plan.
    ///
    /// # Errors
    /// That there is no such repository; what is wrong with the policy, by its own paths; under [`INSIST`] that it locks out whoever would change it.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let repository = &self.repository;
        let mut errors = FieldErrors::new();
        place(scope, &mut errors);
        // AWS says of one that is not there what it says of one without a policy.
        if state(facts, &self.whole()) == Some(None) {
            errors.insert("repository".to_owned(), gone(repository));
        }
        let (mut wanted, mut force) = (None, None);
        if !self.policy.trim().is_empty() {
            let document = policy::read(&self.policy)?;
            if let Some(why) = policy::would_lock_out(&document, &scope.account) {
                if !insisted(&self.insist, repository) {
                    errors.insert(INSIST.to_owned(), format!("{why} {}", unless(repository)));
                }
                force = Some(true);
            }
            wanted = serde_json::from_str::<Value>(&self.policy).ok();
        }
        let before = state(facts, &self.subject());
        if before.as_ref().is_some_and(|before| same(before.as_ref(), wanted.as_ref())) {
            errors.insert("nothing".to_owned(), "This is how it is already.".to_owned());
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let call = |document: Option<&Value>, force: Option<bool>| {
            let repository_name = repository.clone();
            match document {
                Some(document) => {
                    let policy_text = document.to_string();
                    Call::SetRepositoryPolicy(SetRepositoryPolicy { repository_name, policy_text, force })
                }
                None => Call::DeleteRepositoryPolicy(DeleteRepositoryPolicy { repository_name }),
            }
        };
        let before = before.flatten();
        let (effect, says) = match (&before, &wanted) {
            (_, None) => (Effect::Delete, format!("Leave to IAM alone who may push to {repository}")),
            (None, Some(_)) => (Effect::Create, format!("Say who else may push to {repository}")),
            (Some(_), Some(_)) => (Effect::Update, format!("Change who else may push to {repository}")),
        };
        let back = undo(call(before.as_ref(), None));
        let mut step = step("policy", says.clone(), scope, call(wanted.as_ref(), force), back, before);
        step.effect = effect;
        Ok(in_order(says, scope, vec![step]))
    }
}
