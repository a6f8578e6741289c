//! Set or remove the registry's policy: a whole document, put back by the undo.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::policies::Writer;
use super::super::{INSIST, insisted, state, unless};
use crate::ecr::calls::{Call, DeleteRegistryPolicy, PutRegistryPolicy};
use crate::ecr::registry::{POLICY_SCOPE, policy};
use crate::ecr::subject::Subject;
use crate::iam::policy_document;
use crate::identity::Scope;
use crate::plan::lint::{Note, Severity};
use crate::plan::{self, Facts, FieldErrors, Plan, Step};

/// The policy as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Its JSON; empty for none.
    pub policy: String,
    /// The account's id, if it is to be set although it locks out whoever would change it.
    pub insist: String,
}

/// Whether policies of the registry decide about the actions of the first scope only.
fn is_first(facts: &Facts) -> bool {
    let decides = state(facts, &Subject::AccountSetting { name: POLICY_SCOPE.into() }).flatten();
    decides.as_ref().and_then(Value::as_str) == Some("V1")
}

/// A note on a step that sets a policy of which not all counts.
pub(in crate::ecr::wizards) fn note(step: &Step, facts: &Facts) -> Option<Note> {
    let plan::Call::Ecr(Call::PutRegistryPolicy(input)) = &step.call else { return None };
    if !is_first(facts) {
        return None;
    }
    let says = policy::cut_to_first_scope(&policy::read(&input.policy_text).ok()?)?;
    let mend = "Name these actions themselves: once the scope is V2, all that * covers counts.".to_owned();
    Some(Note { severity: Severity::Hint, step: step.id.clone(), says, mend })
}

impl Policy {
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let decides = Subject::AccountSetting { name: POLICY_SCOPE.into() };
        [Subject::RegistryPolicy, decides].map(plan::Subject::Ecr).into()
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong with the policy, by its own paths; under [`INSIST`] that it locks out whoever would change it.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut wanted = None;
        if !self.policy.trim().is_empty() {
            let document = policy::read(&self.policy)?;
            if is_first(facts)
                && let Err(message) = policy::in_first_scope(&document)
            {
                return Err([("policy".to_owned(), message)].into());
            }
            if let Some(why) = policy::would_lock_out(&document, &scope.account)
                && !insisted(&self.insist, scope.account.as_str())
            {
                return Err([(INSIST.to_owned(), format!("{why} {}", unless(scope.account.as_str())))].into());
            }
            wanted = serde_json::from_str::<Value>(&self.policy).ok();
        }
        let writer = Writer {
            put: &|text| Call::PutRegistryPolicy(PutRegistryPolicy { policy_text: text }),
            delete: &|| Call::DeleteRegistryPolicy(DeleteRegistryPolicy::default()),
            same: policy_document::same,
        };
        let says = [
            "Say who else may use the registry".to_owned(),
            "Change who else may use the registry".to_owned(),
            "Let nobody else use the registry".to_owned(),
        ];
        writer.plan(says, scope, state(facts, &Subject::RegistryPolicy), wanted.as_ref())
    }
}
