//! Plans and runs, as pages and the HTTP API ask for them ([`domain::plan::service::Plans`]). A plan is never taken from a client: it is made
//! again from the answers and what there is now, and compared with what was reviewed.

mod by_aws;
mod inventory;
mod public_uses;
mod questions;
mod way_back;

use async_trait::async_trait;
use domain::ecr::subject::Subject as Ecr;
use domain::ecr::wizards::{notes, policies, tags};
use domain::ecr_public::subject::Subject as EcrPublic;
use domain::plan::export::{cli, cloudformation, terraform};
use domain::plan::lint::{Note, lint};
use domain::plan::listing::{MAX_RUNS, RunsQuery};
use domain::plan::run::{Run, State, StepState};
use domain::plan::service::{
    Decision, KeptDraft, LARGEST_DRAFT, Lent, Plans, Review, Reviewed, RunLine, RunView, SourceCredentials,
};
use domain::plan::{Answers, Facts, FieldErrors, Plan, Subject};
use domain::policy::{Actor, Permission, decide};
use domain::{Code, Millis, Problem, Scope};
use futures::{StreamExt, TryStreamExt, stream};
use gantry_aws::Person;
use gantry_store::Store;
use gantry_store::audit::Entry;
use gantry_store::runs::Stored;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

use self::questions::{credentials_of, distinct, needed};
use crate::apply::Cloud;
use crate::apply::lent::Loans;
use crate::auth::proof::allow;
use crate::auth::secret;
use crate::clock::now;
use crate::preflight;
use crate::seats::{Seat, Seats};

type Result<T> = std::result::Result<T, Problem>;

/// The most subjects of one question: those of a form that gives a revision to as many services as it may.
const SUBJECTS: usize = domain::ecs::wizards::MOST_SERVICES + 3;
/// So many of them are read at once.
const ABREAST: usize = 4;
/// So many questions of one person are under way at once: more than the pages of a browser ask.
const QUESTIONS: usize = 16;

/// Over a store and a cloud.
pub struct Planner {
    store: Store,
    cloud: Arc<dyn Cloud>,
    lent: Arc<Loans>,
    asking: Seats,
}

/// What names a plan: all that it does. What it costs does not count: that changes with what others push meanwhile.
fn hash(plan: &Plan) -> Result<String> {
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        step.monthly = None;
    }
    let text = serde_json::to_vec(&plan)
        .map_err(|e| Problem::new(Code::Internal, "The plan cannot be written", e.to_string()))?;
    Ok(Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn unknown() -> Problem {
    Problem::not_found("There is no run with this id.")
}

/// Refuses what is no wizard's name.
fn wizard_name(wizard: &str) -> Result<()> {
    let fits = (1..=60).contains(&wizard.len()) && wizard.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if fits { Ok(()) } else { Err(Problem::invalid("wizard", "There is no such wizard.")) }
}

fn entry(actor: &Actor, action: &str, subject: &str, detail: Value) -> Entry {
    let (person, at) = (Some(actor.person), now());
    Entry { id: 0, at, person, actor: actor.name.clone(), action: action.into(), subject: subject.into(), detail }
}

impl Planner {
    /// Over these, with the credentials that people lent.
    pub fn new(store: Store, cloud: Arc<dyn Cloud>, lent: Arc<Loans>) -> Self {
        Self { store, cloud, lent, asking: Seats::new(QUESTIONS) }
    }

    /// A seat for one more question of this person.
    fn seat(&self, actor: &Actor) -> Result<Seat> {
        let message = format!("At most {QUESTIONS} questions of a person are answered at once. Wait for the others.");
        self.asking.take(actor.person).ok_or_else(|| Problem::new(Code::Busy, "Too many questions at once", message))
    }

    /// Refuses credentials that somebody else lent, or that are not here.
    fn may_use(&self, actor: &Actor, subjects: &[Subject]) -> Result<()> {
        subjects.iter().filter_map(credentials_of).try_for_each(|id| self.lent.check(id, actor.person))
    }

    async fn read(&self, actor: &Actor, scope: &Scope, subjects: &[Subject]) -> Result<Facts> {
        let person = Person::from(actor);
        let person = &person;
        let one = |subject: Subject| async move {
            let state = match &subject {
                Subject::Ecr(Ecr::Inventory { repository }) => {
                    let inventory = inventory::read(&self.store, scope, repository, now()).await?;
                    let unreadable =
                        |e: serde_json::Error| Problem::new(Code::Internal, "Images cannot be told", e.to_string());
                    Some(serde_json::to_value(inventory).map_err(unreadable)?)
                }
                Subject::EcrPublic(EcrPublic::Uses { repository }) => {
                    public_uses::read(&self.store, scope, repository, now()).await?.map(|uses| json!(uses))
                }
                Subject::Ecr(Ecr::Stored { repository, layers }) => {
                    let layers = layers.iter().cloned().collect();
                    Some(json!(inventory::stored(&self.store, scope, repository, &layers).await?))
                }
                Subject::Ecr(Ecr::Source { repository, .. }) => {
                    let mut found = self.cloud.look_up(person, scope, &subject).await?;
                    if let Some(found) = &mut found {
                        inventory::compare(&self.store, scope, repository, found).await?;
                    }
                    found
                }
                other => self.cloud.look_up(person, scope, other).await?,
            };
            Ok::<_, Problem>((subject, state))
        };
        let reads = stream::iter(distinct(subjects).into_iter().map(one)).buffered(ABREAST);
        Ok(Facts::new(reads.try_collect().await?))
    }

    /// What there is now of what these answers are about, or what is wrong with them.
    async fn known(&self, actor: &Actor, answers: &Answers) -> Result<std::result::Result<Facts, FieldErrors>> {
        let subjects = answers.subjects();
        if let Err(problem) = self.may_use(actor, &subjects) {
            let field = problem.field.unwrap_or_default();
            return Ok(Err([(field, problem.message)].into()));
        }
        Ok(Ok(self.read(actor, &answers.scope, &subjects).await?))
    }

    /// The plan that follows from these answers and what there is now, and what applying it needs; or what is wrong with them.
    async fn plan(
        &self,
        actor: &Actor,
        answers: &Answers,
    ) -> Result<std::result::Result<(Plan, Vec<Permission>), FieldErrors>> {
        let facts = self.known(actor, answers).await?;
        Ok(facts.and_then(|facts| {
            let plan = answers.plan(&facts)?;
            let needs = plan.needs(&facts);
            Ok((plan, needs))
        }))
    }

    /// The plan that somebody is to review, with the notes on it. What AWS is asked besides takes seconds, and of a repository it answers one
    /// question at a time: not when the plan is applied as it was reviewed.
    async fn reviewed(
        &self,
        actor: &Actor,
        answers: &Answers,
    ) -> Result<std::result::Result<(Plan, Vec<Note>), FieldErrors>> {
        let facts = match self.known(actor, answers).await? {
            Ok(facts) => facts,
            Err(errors) => return Ok(Err(errors)),
        };
        let plan = match answers.plan(&facts) {
            Ok(plan) => plan,
            Err(errors) => return Ok(Err(errors)),
        };
        let mut notes = lint(&plan);
        notes.extend(tags::notes(&plan, &facts));
        notes.extend(notes::replicated(&plan, &facts));
        notes.extend(notes::without_pods(&plan, &facts));
        let (plan, facts) = match answers.preview() {
            None => (plan, facts),
            Some(subject) => match by_aws::told(&*self.cloud, &actor.into(), &answers.scope, &subject).await {
                Ok(told) => {
                    let facts = facts.with(subject, Some(told));
                    match answers.plan(&facts) {
                        Ok(plan) => (plan, facts),
                        Err(errors) => return Ok(Err(errors)),
                    }
                }
                Err(why) => {
                    notes.extend(by_aws::without(&plan, &why));
                    (plan, facts)
                }
            },
        };
        notes.extend(policies::notes(&plan, &facts));
        notes.sort_by_key(|note| note.severity);
        Ok(Ok((plan, notes)))
    }
}

#[async_trait]
impl Plans for Planner {
    async fn facts(&self, actor: &Actor, scope: &Scope, subjects: &[Subject]) -> Result<Facts> {
        decide(actor, needed(subjects))?;
        if subjects.len() > SUBJECTS {
            return Err(Problem::invalid("subjects", format!("At most {SUBJECTS} things are looked up at once.")));
        }
        self.may_use(actor, subjects)?;
        let _seat = self.seat(actor)?;
        self.read(actor, scope, subjects).await
    }

    async fn review(&self, actor: &Actor, answers: &Answers) -> Result<Reviewed> {
        decide(actor, Permission::ChangeAws)?;
        let _seat = self.seat(actor)?;
        match self.reviewed(actor, answers).await? {
            Ok((plan, notes)) => {
                let review = Review {
                    hash: hash(&plan)?,
                    notes,
                    permissions: preflight::permissions(&*self.cloud, &plan, preflight::PATIENCE).await,
                    cli: cli::script(&plan),
                    cloudformation: cloudformation::template(&plan),
                    terraform: terraform::configuration(&plan),
                    plan,
                };
                Ok(Reviewed::Plan(Box::new(review)))
            }
            Err(errors) => Ok(Reviewed::Wrong(errors)),
        }
    }

    async fn apply(&self, actor: &Actor, answers: &Answers, reviewed: &str) -> Result<String> {
        decide(actor, Permission::ChangeAws)?;
        let (plan, needs) = match self.plan(actor, answers).await? {
            Ok((plan, needs)) if hash(&plan)? == reviewed => (plan, needs),
            Ok(_) => {
                let message =
                    "What there is has changed since you reviewed the plan. Nothing was made. Review it again.";
                return Err(Problem::new(Code::Conflict, "Changed since you reviewed", message));
            }
            Err(errors) => {
                let (field, message) = errors.into_iter().next().unwrap_or_default();
                return Err(Problem::invalid(&field, message));
            }
        };
        for permission in needs {
            allow(&self.store, actor, permission).await?;
        }
        let id = secret::random_hex::<8>();
        let entry = entry(
            actor,
            "run.begin",
            &id,
            json!({ "title": plan.title, "scope": plan.scope.to_string(), "hash": reviewed }),
        );
        let run = Run::new(id.clone(), plan);
        let stored = Stored {
            run,
            answers: answers.clone(),
            person: Some(actor.person),
            by: actor.name.clone(),
            role: Some(actor.role),
            made: now(),
            ended: None,
        };
        self.store.begin_run(&stored, &entry).await?;
        // The run may wait for others for long before it asks for them.
        answers.subjects().iter().filter_map(credentials_of).for_each(|id| self.lent.hold(id));
        Ok(id)
    }

    async fn lend(&self, actor: &Actor, credentials: SourceCredentials) -> Result<Lent> {
        decide(actor, Permission::ChangeAws)?;
        self.lent.lend(actor.person, credentials)
    }

    async fn runs(&self, actor: &Actor, query: &RunsQuery) -> Result<Vec<RunLine>> {
        decide(actor, Permission::ReadResources)?;
        let query = RunsQuery { limit: query.limit.clamp(1, MAX_RUNS), ..query.clone() };
        self.store.runs(&query, now()).await
    }

    async fn run(&self, actor: &Actor, id: &str) -> Result<RunView> {
        decide(actor, Permission::ReadResources)?;
        let stored = self.store.run(id).await?.ok_or_else(unknown)?;
        let cancelled_by = if stored.run.cancelled { self.store.cancelled_by(id).await? } else { None };
        let arns = (0..stored.run.steps.len()).map(|n| stored.run.arn(n, &stored.by)).collect();
        Ok(RunView {
            run: stored.run,
            answers: stored.answers,
            by: stored.by,
            made: stored.made,
            ended: stored.ended,
            arns,
            cancelled_by,
            now: now(),
        })
    }

    async fn cancel(&self, actor: &Actor, id: &str) -> Result<()> {
        decide(actor, Permission::ChangeAws)?;
        // One that comes to its end meanwhile is judged once more, as what it is then.
        for _ in 0..2 {
            let stored = self.store.run(id).await?.ok_or_else(unknown)?;
            if !stored.run.can_be_undone() {
                break;
            }
            // One that goes on takes itself back as well when a step fails: only what came to its end may be in use.
            let states: &[State] = if stored.run.state == State::Applied {
                way_back::allowed(&self.store, &*self.cloud, actor, &stored).await?;
                &[State::Applied]
            } else {
                &[State::Checking, State::Applying]
            };
            if self.store.cancel_run_in(id, states, &entry(actor, "run.cancel", id, json!({}))).await? {
                return Ok(());
            }
        }
        Err(Problem::new(Code::Conflict, "Nothing to take back", "This run has ended, or is being taken back already."))
    }

    async fn decide(&self, actor: &Actor, id: &str, step: &str, decision: Decision) -> Result<()> {
        decide(actor, Permission::ChangeAws)?;
        let stored = self.store.run(id).await?.ok_or_else(unknown)?;
        let n = stored.run.plan.steps.iter().position(|s| s.id == step);
        let n = n.ok_or_else(|| Problem::not_found("This run has no such step."))?;
        // Since the undo was asked for, days may have passed.
        if decision == Decision::Retry && stored.run.steps[n].state == StepState::Stuck {
            way_back::unused(&self.store, &*self.cloud, &stored, "It was not tried again.").await?;
        }
        let note = match decision {
            Decision::Retry => None,
            Decision::Skip => Some(format!("Left by {}: taken care of elsewhere.", actor.name)),
            Decision::Adopt => Some(format!("Kept by {}: it is wanted after all.", actor.name)),
        };
        let entry = entry(actor, "run.decide", &format!("{id}/{step}"), json!({ "decision": decision }));
        if self.store.decide_step(id, n, note.as_deref(), &entry).await? {
            return Ok(());
        }
        Err(Problem::new(Code::Conflict, "Nothing to decide", "This step is not stuck, or no longer."))
    }

    async fn draft(&self, actor: &Actor, wizard: &str) -> Result<Option<KeptDraft>> {
        decide(actor, Permission::ManageOwn)?;
        wizard_name(wizard)?;
        self.store.draft(actor.person, wizard).await
    }

    async fn keep_draft(&self, actor: &Actor, wizard: &str, body: &Value) -> Result<Millis> {
        decide(actor, Permission::ManageOwn)?;
        wizard_name(wizard)?;
        let text = body.to_string();
        if text.len() > LARGEST_DRAFT {
            let message = format!(
                "A draft of {} kB is not kept on the server: at most {} kB are.",
                text.len() / 1000,
                LARGEST_DRAFT / 1000
            );
            return Err(Problem::new(Code::TooLarge, "The draft is too large", message));
        }
        // Postgres keeps every character but this one.
        if text.contains("\\u0000") {
            return Err(Problem::invalid("body", "A draft cannot hold the character NUL."));
        }
        self.store.keep_draft(actor.person, wizard, body, now()).await
    }

    async fn forget_draft(&self, actor: &Actor, wizard: &str) -> Result<()> {
        decide(actor, Permission::ManageOwn)?;
        wizard_name(wizard)?;
        self.store.forget_draft(actor.person, wizard).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_keeps_its_name_when_only_its_cost_changes() {
        let step = json!({ "id": "images-1", "says": "Delete 1 image", "scope": { "account": "111122223333", "region": "eu-west-1" },
            "call": { "service": "ecr", "operation": "DeleteRepository", "input": { "repositoryName": "shop" } }, "effect": "delete",
            "before": null, "depends_on": [], "undo": { "never": "why" }, "monthly": -4 });
        let plan = json!({ "format": 4, "title": "Delete", "scope": step["scope"], "steps": [step] });
        let plan: Plan = serde_json::from_value(plan).unwrap();
        let mut dearer = plan.clone();
        dearer.steps[0].monthly = None;
        assert_eq!(hash(&plan).unwrap(), hash(&dearer).unwrap());
        dearer.steps[0].says = "Delete 2 images".into();
        assert_ne!(hash(&plan).unwrap(), hash(&dearer).unwrap());
    }
}
