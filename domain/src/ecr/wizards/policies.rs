//! Set or remove the lifecycle policy and the permissions policy of a repository that exists. Both are whole documents: what is there is
//! read, replaced, and put back by the undo.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::calls::{
    Call, DeleteLifecyclePolicy, DeleteRepositoryPolicy, PutLifecyclePolicy, SetRepositoryPolicy,
};
use super::super::inventory::Inventory;
use super::super::lifecycle::aws_preview::{self, Act, AwsPreview};
use super::super::lifecycle::{self, Fate, Policy, Verdict, evaluate, in_danger};
use super::super::repository_policy;
use super::super::rules;
use super::super::subject::Subject;
use super::images::counted;
use super::repository::gone;
use super::{INSIST, doubts, guard, in_order, insisted, inventory, saved, some, state, step, undo, unless};
use crate::iam::policy_document;
use crate::identity::Scope;
use crate::plan::lint::{Note, Severity};
use crate::plan::{self, Effect, Facts, FieldErrors, Plan, Step};

/// A lifecycle policy as it shall be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lifecycle {
    /// The repository's name.
    pub repository: String,
    /// The policy's JSON; empty for none.
    pub policy: String,
    /// The repository's name once more, if images in use are to go.
    pub insist: String,
}

/// A permissions policy as it shall be.
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

/// The two ways to write a policy: this document, or none; and whether two of them say the same.
pub(super) struct Writer<'a> {
    pub(super) put: &'a dyn Fn(String) -> Call,
    pub(super) delete: &'a dyn Fn() -> Call,
    pub(super) same: fn(Option<&Value>, Option<&Value>) -> bool,
}

impl Writer<'_> {
    fn call(&self, document: Option<&Value>) -> Call {
        match document {
            Some(document) => (self.put)(document.to_string()),
            None => (self.delete)(),
        }
    }

    /// The plan that leads from what there is to what shall be.
    pub(super) fn plan(
        &self,
        says: [String; 3],
        scope: &Scope,
        before: Option<Option<Value>>,
        wanted: Option<&Value>,
    ) -> Result<Plan, FieldErrors> {
        if before.as_ref().is_some_and(|before| (self.same)(before.as_ref(), wanted)) {
            return Err([("nothing".to_owned(), "This is how it is already.".to_owned())].into());
        }
        let before = before.flatten();
        let back = undo(self.call(before.as_ref()));
        let [create, change, remove] = says;
        let (effect, says) = match (&before, wanted) {
            (_, None) => (Effect::Delete, remove),
            (None, Some(_)) => (Effect::Create, create),
            (Some(_), Some(_)) => (Effect::Update, change),
        };
        let mut step = step("policy", says.clone(), scope, self.call(wanted), back, before);
        step.effect = effect;
        Ok(in_order(says, scope, vec![step]))
    }
}

fn settings(repository: &str) -> Subject {
    Subject::Settings { repository: repository.to_owned() }
}

/// What has to be known of a repository for its policy. With a name that none can have nothing is asked.
fn known(repository: &str, subjects: Vec<Subject>) -> Vec<plan::Subject> {
    match rules::repository_name(repository) {
        Ok(()) => subjects.into_iter().chain([settings(repository)]).map(plan::Subject::Ecr).collect(),
        Err(_) => vec![],
    }
}

/// AWS says of a repository that is not there what it says of one without a policy, so whether it is there is asked apart.
fn exists(repository: &str, facts: &Facts) -> Result<(), FieldErrors> {
    let missing = || if state(facts, &settings(repository)) == Some(None) { Err(gone(repository)) } else { Ok(()) };
    let there = rules::repository_name(repository).and_then(|()| missing());
    there.map_err(|message| [("repository".to_owned(), message)].into())
}

impl Lifecycle {
    fn subject(&self) -> Subject {
        Subject::LifecyclePolicy { repository: self.repository.clone() }
    }
    fn by_aws(&self) -> Subject {
        aws_preview::subject(&self.repository, &self.policy)
    }
    /// AWS's own preview of exactly these rules, where it can matter: not of none, nor of what cannot be read or is insisted on.
    pub fn preview(&self) -> Option<plan::Subject> {
        let matters = lifecycle::parse(&self.policy).is_ok() && !insisted(&self.insist, &self.repository);
        matters.then(|| plan::Subject::Ecr(self.by_aws()))
    }
    /// What AWS said that these rules would do, if it was asked and could say it.
    fn told(&self, facts: &Facts) -> Option<Vec<Act>> {
        told(facts, &self.by_aws())
    }
    /// Refuses, unless it is insisted on, what Gantry reckons that these rules do to images in use; then what AWS says itself.
    fn allowed(&self, policy: &Policy, inventory: &Inventory, facts: &Facts) -> Result<(), FieldErrors> {
        let verdicts = evaluate(policy, &inventory.facts(), inventory.now);
        guard(&self.against("these rules", &verdicts, inventory), &self.insist, &self.repository)?;
        let Some(acts) = self.told(facts) else { return Ok(()) };
        let (verdicts, unseen) = aws_preview::verdicts(&acts, &inventory.facts());
        let mut against = self.against("AWS's own preview of these rules", &verdicts, inventory);
        if unseen > 0 {
            let unseen = counted(unseen);
            against.push(format!("AWS would also act on {unseen} that Gantry has not collected yet."));
        }
        guard(&against, &self.insist, &self.repository)
    }
    /// What speaks against rules by which this becomes of the images, by `whose` word: images in use that would go; and, where any would go
    /// or not all are collected, lists that could not be read.
    fn against(&self, whose: &str, verdicts: &[Verdict], inventory: &Inventory) -> Vec<String> {
        let lost = in_danger(verdicts, &inventory.in_use());
        let names: Vec<String> = lost.iter().map(|d| inventory.explain(&self.repository, d)).collect();
        let lost = (!names.is_empty()).then(|| format!("By {whose} images in use would go: {}.", some(&names)));
        let touched = verdicts.iter().any(|verdict| verdict.fate.goes()) || !inventory.has_all_images();
        let doubts = if touched { doubts(inventory) } else { None };
        lost.into_iter().chain(doubts).collect()
    }
    /// What the bill is less by once the images are gone that these rules let expire today.
    fn saved(policy: &Policy, inventory: &Inventory) -> Option<i64> {
        let verdicts = evaluate(policy, &inventory.facts(), inventory.now);
        let expired = verdicts.iter().filter(|verdict| matches!(verdict.fate, Fate::Expired { .. }));
        saved(Some(inventory), expired.map(|verdict| verdict.digest.as_str()))
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let inventory = Subject::Inventory { repository: self.repository.clone() };
        known(&self.repository, vec![self.subject(), inventory])
    }

    /// The plan.
    ///
    /// # Errors
    /// That there is no such repository; what is wrong with the policy, by its own paths (`rules.0.selection.countNumber`); under [`INSIST`]
    /// images in use that would go, and what is not known of their use.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let repository = &self.repository;
        exists(repository, facts)?;
        let none = self.policy.trim().is_empty();
        let mut monthly = Some(0);
        let wanted: Option<Value> = match none {
            true => None,
            false => {
                let policy = lifecycle::parse(&self.policy)?;
                let inventory = inventory(facts, repository);
                if let Some(inventory) = &inventory {
                    self.allowed(&policy, inventory, facts)?;
                }
                monthly = inventory.and_then(|inventory| Self::saved(&policy, &inventory));
                serde_json::from_str(&self.policy).ok()
            }
        };
        let writer = Writer {
            put: &|text| {
                Call::PutLifecyclePolicy(PutLifecyclePolicy {
                    repository_name: repository.clone(),
                    lifecycle_policy_text: text,
                })
            },
            delete: &|| Call::DeleteLifecyclePolicy(DeleteLifecyclePolicy { repository_name: repository.clone() }),
            same: |before, wanted| before == wanted,
        };
        let says = [
            format!("Let old images of {repository} expire by rules"),
            format!("Change the rules by which images of {repository} expire"),
            format!("Let images of {repository} no longer expire"),
        ];
        let mut plan = writer.plan(says, scope, state(facts, &self.subject()), wanted.as_ref())?;
        for step in &mut plan.steps {
            step.monthly = monthly;
        }
        Ok(plan)
    }
}

fn told(facts: &Facts, by_aws: &Subject) -> Option<Vec<Act>> {
    match serde_json::from_value::<AwsPreview>(state(facts, by_aws)??).ok()? {
        AwsPreview::Told { acts } => Some(acts),
        AwsPreview::Late { .. } | AwsPreview::Failed { .. } | AwsPreview::Unsupported => None,
    }
}

/// Notes on the images of now that go by the rules that a plan sets, by AWS's own preview where it was asked; and on a policy of the
/// registry of which not all counts. Beside those of [`lint`](crate::plan::lint::lint), which sees no more than the plan.
pub fn notes(plan: &Plan, facts: &Facts) -> Vec<Note> {
    let note = |step: &Step| {
        let plan::Call::Ecr(Call::PutLifecyclePolicy(input)) = &step.call else { return None };
        let says = expiring(&input.repository_name, &input.lifecycle_policy_text, facts)?;
        let mend =
            "Look at which they are in the preview beside the rules, and change the rules if any is still needed.";
        Some(Note { severity: Severity::Danger, step: step.id.clone(), says, mend: mend.to_owned() })
    };
    let cut = plan.steps.iter().filter_map(|step| super::registry::policy::note(step, facts));
    plan.steps.iter().filter_map(note).chain(cut).collect()
}

/// Whether images go by the rules that a plan sets as soon as they are set; also where what becomes of them, or which there are, is not known.
pub fn expires(plan: &Plan, facts: &Facts) -> bool {
    let makes_it = |repository: &str| {
        plan.steps.iter().any(|step| {
            matches!(&step.call, plan::Call::Ecr(Call::CreateRepository(made)) if made.repository_name == repository)
        })
    };
    plan.steps.iter().any(|step| {
        let plan::Call::Ecr(Call::PutLifecyclePolicy(input)) = &step.call else { return false };
        let repository = &input.repository_name;
        match inventory(facts, repository) {
            Some(inventory) => {
                !inventory.has_all_images() || expiring(repository, &input.lifecycle_policy_text, facts).is_some()
            }
            None => !makes_it(repository),
        }
    })
}

/// How many images go by these rules as soon as they are set, as a sentence, if any do. Those that are moved to the archive can be restored.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>
fn expiring(repository: &str, policy: &str, facts: &Facts) -> Option<String> {
    let inventory = inventory(facts, repository)?;
    let (gone, unclear, least) = match told(facts, &aws_preview::subject(repository, policy)) {
        Some(acts) => (acts.iter().filter(|act| !act.archived).count(), 0, ""),
        None => {
            let verdicts = evaluate(&lifecycle::parse(policy).ok()?, &inventory.facts(), inventory.now);
            let many = |test: fn(&Fate) -> bool| verdicts.iter().filter(|verdict| test(&verdict.fate)).count();
            let least = if inventory.has_all_images() { "" } else { "at least " };
            (
                many(|fate| matches!(fate, Fate::Expired { .. })),
                many(|fate| matches!(fate, Fate::Unclear { .. })),
                least,
            )
        }
    };
    let mut says = vec![];
    if gone > 0 {
        says.push(format!("By these rules AWS deletes {least}{} within 24 hours.", counted(gone)));
    }
    if unclear > 0 {
        says.push(format!(
            "What becomes of {} is not known: the rules have words that Gantry does not know.",
            counted(unclear)
        ));
    }
    (!says.is_empty())
        .then(|| format!("{} That cannot be undone: Undo puts back the rules, not the images.", says.join(" ")))
}

impl Permissions {
    fn subject(&self) -> Subject {
        Subject::RepositoryPolicy { repository: self.repository.clone() }
    }
    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        known(&self.repository, vec![self.subject()])
    }

    /// The plan.
    ///
    /// # Errors
    /// That there is no such repository; what is wrong with the policy, by its own paths; under [`INSIST`] that it locks out whoever would
    /// change it.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let repository = &self.repository;
        exists(repository, facts)?;
        let (mut wanted, mut force) = (None, None);
        if !self.policy.trim().is_empty() {
            let document = repository_policy::read(&self.policy)?;
            if let Some(why) = repository_policy::would_lock_out(&document, &scope.account) {
                if !insisted(&self.insist, repository) {
                    return Err([(INSIST.to_owned(), format!("{why} {}", unless(repository)))].into());
                }
                force = Some(true);
            }
            wanted = serde_json::from_str::<Value>(&self.policy).ok();
        }
        let set = |force| {
            move |text| {
                Call::SetRepositoryPolicy(SetRepositoryPolicy {
                    repository_name: repository.clone(),
                    policy_text: text,
                    force,
                })
            }
        };
        let writer = Writer {
            put: &set(None),
            delete: &|| Call::DeleteRepositoryPolicy(DeleteRepositoryPolicy { repository_name: repository.clone() }),
            same: policy_document::same,
        };
        let says = [
            format!("Say who may use {repository}"),
            format!("Change who may use {repository}"),
            format!("Leave to IAM alone who may use {repository}"),
        ];
        let mut plan = writer.plan(says, scope, state(facts, &self.subject()), wanted.as_ref())?;
        for step in &mut plan.steps {
            if let plan::Call::Ecr(Call::SetRepositoryPolicy(input)) = &mut step.call {
                input.force = force;
            }
        }
        Ok(plan)
    }
}
