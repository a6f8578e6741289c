//! The engine: runs plans, step by step, journalling before and after each call ([`drive`]), and back where one fails ([`take_back`]), finds out what there is ([`reading`]), and whether it is what was reviewed ([`reviewed`]). Any number of servers share the runs through
//! leases with fencing numbers; a run whose server died is gone on with by the next that looks.
//!
//! What comes next is decided by [`domain::plan::run::Run::next`] from the journal alone.

pub mod copy;
mod drive;
mod held;
pub mod lent;
pub(crate) mod meter;
mod places;
mod reading;
mod reviewed;
pub mod sweep;
mod take_back;
mod trail;
mod twins;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod look_up_tests;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use domain::ecr::calls::{Call as Ecr, CopyImage};
use domain::ecr::subject::Subject as EcrSubject;
use domain::plan::permissions::{Need, Verdict};
use domain::plan::sweep::Marked;
use domain::plan::transfer::Transfer;
use domain::plan::{Call, Plan, Subject};
use domain::{Code, Millis, Problem, Scope};
use gantry_aws::{Connections, Person};
use gantry_store::Store;
use gantry_store::runs::{Lease, Stored};
use serde_json::Value;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::now;
use held::{Held, Moment};
use places::Places;

/// AWS, as a run uses it.
#[async_trait]
pub trait Cloud: Send + Sync + 'static {
    /// Makes a call; answers AWS's id of the request. One that takes long says how far it is and heeds its cancellation.
    async fn make(&self, scope: &Scope, call: &Call, course: &Course) -> Result<Option<String>, Problem>;
    /// Reads the state of what a call writes, for a run; `None` when it does not exist.
    async fn read(&self, scope: &Scope, subject: &Subject) -> Result<Option<Value>, Problem>;
    /// The same for this person, behind what runs call. What AWS does to tell it, it does on their behalf ([`Subject::has_aws_act`]).
    async fn look_up(&self, _: &Person, scope: &Scope, subject: &Subject) -> Result<Option<Value>, Problem> {
        self.read(scope, subject).await
    }
    /// What IAM says beforehand to each of these, in their order.
    async fn permitted(&self, _: &Scope, _: &[Need]) -> Result<Vec<Verdict>, Problem> {
        Err(Problem::not_implemented("iam:SimulatePrincipalPolicy"))
    }
    /// Whether what somebody lent for a plan, and only one server has, is not here.
    fn lacks(&self, _: &Plan) -> bool {
        false
    }
    /// A run of this plan has ended: what was kept for it is forgotten.
    fn ended(&self, _: &Plan) {}
    /// The states of everything that a call created whose outcome AWS names ([`Call::named_at`]), by its tags, between these moments.
    async fn all_made(&self, _: &Scope, call: &Call, _: &RangeInclusive<Millis>) -> Result<Vec<Value>, Problem> {
        Err(Problem::not_implemented(call.name()))
    }
    /// What there is in this scope that carries the tags of a run.
    async fn marked(&self, _: &Scope) -> Result<Vec<Marked>, Problem> {
        Err(Problem::not_implemented("ListTagsForResource"))
    }
}

/// What a call says of how far it is.
#[derive(Clone, Debug, Default, PartialEq)]
struct Said {
    /// In words for people.
    words: String,
    /// Layer by layer, of one that carries an image.
    transfer: Option<Transfer>,
}

/// How a call goes on its way.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// How far it is; the newest only.
    said: watch::Sender<Said>,
    /// Ends it before it leaves anything that could be used.
    pub cancel: CancellationToken,
    /// The leases of this server and the one that has to hold; none for a call of no run.
    of: Option<(Arc<Held>, Lease)>,
    /// Whose run it is; none for a call of no run.
    pub person: Option<Person>,
    refused: Arc<AtomicBool>,
}

impl Course {
    /// That of a call which may only be sent while the lease on its run holds.
    fn of(held: &Arc<Held>, lease: &Lease, stored: &Stored) -> Self {
        let person = Person { id: stored.person, name: stored.by.clone(), role: stored.role };
        Self { of: Some((held.clone(), lease.clone())), person: Some(person), ..Self::default() }
    }

    /// Whether it may still be sent: asked right before each request, because until then a call waits for its turn and its connection, and
    /// the server may be stopped meanwhile.
    pub fn may_be_sent(&self) -> bool {
        let may = self.of.as_ref().is_none_or(|(held, lease)| held.still(lease));
        if !may {
            self.refused.store(true, Ordering::Relaxed);
        }
        may
    }

    /// Whether a request was not sent because the lease had run out.
    fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Says how far it is: in words, and layer by layer where it carries an image. What was said before is not said again.
    pub fn say(&self, words: String, transfer: Option<Transfer>) {
        let new = Said { words, transfer };
        self.said.send_if_modified(|last| {
            let differs = *last != new;
            if differs {
                *last = new;
            }
            differs
        });
    }
}

/// The real one.
pub struct Aws {
    connections: Connections,
    registries: copy::Registries,
}

impl Aws {
    /// Over these connections, with images from these registries.
    pub fn new(connections: Connections, registries: copy::Registries) -> Self {
        Self { connections, registries }
    }

    async fn read_through(
        &self,
        connections: &Connections,
        scope: &Scope,
        subject: &Subject,
    ) -> Result<Option<Value>, Problem> {
        match subject {
            Subject::Ecr(EcrSubject::Source { reference, platform, repository, credentials }) => {
                let wanted = copy::Wanted { reference, platform, credentials };
                self.registries.inspect(connections, scope, wanted, repository).await.map(Some)
            }
            subject => gantry_aws::execute::read(&connections.caller(scope).await?, subject).await,
        }
    }
}

/// The names of what was lent for a plan.
fn lent_for(plan: &Plan) -> impl Iterator<Item = &String> {
    plan.steps.iter().filter_map(|step| match &step.call {
        Call::Ecr(Ecr::CopyImage(CopyImage { source_credentials, .. })) => source_credentials.as_ref(),
        _ => None,
    })
}

#[async_trait]
impl Cloud for Aws {
    async fn make(&self, scope: &Scope, call: &Call, course: &Course) -> Result<Option<String>, Problem> {
        // AWS is told whose run it is of what changes something, not of what is read for it.
        let connections = match &course.person {
            Some(person) => self.connections.for_runs().acting_for(person.clone()),
            None => self.connections.for_runs(),
        };
        match call {
            Call::Ecr(Ecr::CopyImage(input)) => {
                self.registries.copy(&connections, scope, input, course).await.map(|()| None)
            }
            call => {
                let course = course.clone();
                let caller = connections.caller(scope).await?.only_while(Arc::new(move || course.may_be_sent()));
                gantry_aws::execute::make(&caller, call).await
            }
        }
    }
    async fn read(&self, scope: &Scope, subject: &Subject) -> Result<Option<Value>, Problem> {
        self.read_through(&self.connections.for_runs(), scope, subject).await
    }
    async fn look_up(&self, person: &Person, scope: &Scope, subject: &Subject) -> Result<Option<Value>, Problem> {
        if subject.has_aws_act() {
            return self.read_through(&self.connections.acting_for(person.clone()), scope, subject).await;
        }
        self.read_through(&self.connections, scope, subject).await
    }
    fn lacks(&self, plan: &Plan) -> bool {
        lent_for(plan).any(|id| !self.registries.lent().has(id))
    }
    fn ended(&self, plan: &Plan) {
        lent_for(plan).for_each(|id| self.registries.lent().forget(id));
    }
    async fn permitted(&self, scope: &Scope, needs: &[Need]) -> Result<Vec<Verdict>, Problem> {
        gantry_aws::execute::permitted(&self.connections.caller(scope).await?, needs).await
    }
    async fn all_made(
        &self,
        scope: &Scope,
        call: &Call,
        between: &RangeInclusive<Millis>,
    ) -> Result<Vec<Value>, Problem> {
        gantry_aws::execute::all_made(&self.connections.for_runs().caller(scope).await?, call, between).await
    }
    async fn marked(&self, scope: &Scope) -> Result<Vec<Marked>, Problem> {
        gantry_aws::execute::marked(&self.connections.caller(scope).await?).await
    }
}

/// How patient the engine is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long a lease lasts; it is renewed three times in that time. A run whose server died waits this long.
    pub lease: Duration,
    /// Between two looks for runs that nobody drives.
    pub poll: Duration,
    /// How long a call may take before its outcome counts as unknown.
    pub call: Duration,
    /// The same for a call that carries data.
    pub long_call: Duration,
    /// Between two looks at such a call: how far it is, and whether somebody cancelled the run.
    pub look: Duration,
    /// The pause before a call is tried again; it doubles each time.
    pub pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
    /// How often a call is tried, and how often something is read to find out.
    pub tries: u32,
    /// How long credentials that ran out or were refused are waited for, each time, with the longest pause between two looks. Somebody who signs
    /// in anew has so long.
    pub credentials: Duration,
    /// How long AWS may be at a change that it has taken, or that somebody else made, before it counts as not decided.
    pub under_way: Duration,
    /// How long after its last try AWS may show late what a call created. Before a run ends, what was created twice is looked for then.
    pub late: Duration,
    /// How long a server that is told to stop waits for the call that is under way.
    pub grace: Duration,
    /// How long a run is left to the server that was lent a password for it, from its beginning; then whoever takes it takes it back.
    pub lent: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(3),
            poll: Duration::from_millis(500),
            call: Duration::from_secs(60),
            // ECR's token lasts for twelve hours.
            long_call: Duration::from_secs(12 * 3600),
            look: Duration::from_secs(1),
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(10),
            tries: 8,
            credentials: Duration::from_secs(600),
            under_way: Duration::from_secs(900),
            late: Duration::from_secs(15),
            grace: Duration::from_secs(2),
            lent: Duration::from_secs(120),
        }
    }
}

/// Drives runs.
pub struct Engine {
    store: Store,
    cloud: Arc<dyn Cloud>,
    patience: Patience,
    /// Tells servers apart in the store.
    name: String,
    held: Arc<Held>,
    places: Places,
    /// Told to stop: no further step is begun.
    stopping: AtomicBool,
}

impl Engine {
    /// Over this store and cloud.
    pub fn new(store: Store, cloud: Arc<dyn Cloud>, patience: Patience) -> Self {
        let name = format!("{}-{}", std::process::id(), crate::auth::secret::random_hex::<4>());
        let (held, places, stopping) = (Arc::default(), Places::default(), AtomicBool::default());
        Self { store, cloud, patience, name, held, places, stopping }
    }

    /// Drives whatever run is not driven, until told to stop. Then the step that is under way is ended, and the lease given back. One that takes
    /// longer is left as after a crash, with its lease: its journal says how far it is.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut driven = JoinSet::new();
        loop {
            while let Some(place) = self.places.free() {
                let asked = Moment::now();
                match self.store.lease_run(&self.name, self.patience.lease, &self.places.put_off(now())).await {
                    Ok(Some(lease)) => {
                        let (engine, stop) = (self.clone(), stop.clone());
                        driven.spawn(async move { engine.hold(lease, asked, place, stop).await });
                    }
                    Ok(None) => break,
                    Err(problem) => {
                        tracing::warn!(%problem, "apply: no run can be taken; tried again");
                        break;
                    }
                }
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(self.patience.poll) => {}
                Some(_) = driven.join_next() => {}
            }
        }
        while driven.join_next().await.is_some() {}
    }

    /// Drives a run as long as its lease holds, in this place.
    async fn hold(&self, lease: Lease, asked: Moment, place: OwnedSemaphorePermit, mut stop: watch::Receiver<bool>) {
        self.holds(&lease, asked);
        let place = self.places.enter(&lease.run, place);
        tracing::debug!(run = lease.run, fence = lease.fence, "apply: taken");
        let late = async {
            // Its sender gone is no word to stop.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
            self.stopping.store(true, Ordering::Relaxed);
            tokio::time::sleep(self.patience.grace).await;
        };
        let (outcome, rests) = tokio::select! {
            outcome = self.drive(&lease) => {
                // What went wrong would go wrong again at once: it rests until the lease runs out.
                let rests = outcome.is_ok();
                (outcome, rests)
            }
            problem = self.renew(&lease) => (Err(problem), false),
            () = late => (Ok(()), false),
        };
        if let Err(problem) = outcome {
            tracing::warn!(run = lease.run, %problem, "apply: the run is let go; whoever takes it next goes on from its journal");
        }
        self.held.no_more(&lease);
        drop(place);
        tracing::debug!(run = lease.run, "apply: let go");
        if !rests {
            // A call may be under way. Whoever reads at once whether it was made may read too early; the lease's end is as good as a crash.
            return;
        }
        if let Err(problem) = self.store.release_run(&lease).await {
            tracing::debug!(run = lease.run, %problem, "apply: the lease could not be given back and will run out");
        }
    }

    /// Renews a lease until another server has it, or it has run out. What is under way, hours of a copy maybe, is not given up for a database
    /// that is well again before that.
    async fn renew(&self, lease: &Lease) -> Problem {
        loop {
            tokio::time::sleep(self.patience.lease / 3).await;
            let asked = Moment::now();
            match self.store.extend_run(lease, self.patience.lease).await {
                Ok(()) => self.holds(lease, asked),
                Err(problem) if problem.code != Code::Conflict && self.held.still(lease) => {
                    tracing::warn!(run = lease.run, %problem, "apply: the lease could not be renewed; tried again");
                }
                Err(problem) => return problem,
            }
        }
    }

    /// Notes that the lease was taken or renewed, asked for at this moment.
    fn holds(&self, lease: &Lease, asked: Moment) {
        self.held.note(lease, asked, self.patience.lease);
    }

    /// Whether the lease still holds, by this server's own clocks.
    ///
    /// # Errors
    /// [`Code::Conflict`] when its time is over: nothing may be sent any more.
    fn still_holds(&self, lease: &Lease) -> Result<(), Problem> {
        if self.held.still(lease) { Ok(()) } else { Err(ran_out()) }
    }
}

fn ran_out() -> Problem {
    let message = "This server was away for longer than its lease on the run: another one may have gone on.";
    Problem::new(Code::Conflict, "The lease has run out", message)
}
