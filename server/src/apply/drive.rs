//! One run, from its journal to its end. Every arm writes what it is about to do, does it, and writes what came of it; a crash between any
//! two of these loses nothing, because what is not written is found out by reading AWS.

use domain::plan::run::{Next, Progress, State, StepState};
use domain::plan::{Call, Made, Plan, Step};
use domain::{Code, Kind, Millis, Problem, ResourceKey, Scope};
use gantry_store::audit::Entry;
use gantry_store::runs::{Lease, Stored};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::places::CARRYING;
use super::reading::{may_pass, refused_afterwards};
use super::reviewed::conflict;
use super::trail::entry;
use super::{Course, Engine, Said, ran_out};
use crate::clock::now;

pub(super) type Result<T> = std::result::Result<T, Problem>;

pub(super) const UNKNOWN: &str = "Nobody could find out whether it was made.";

/// What a step says while AWS is at it.
const AT_IT: &str = "AWS has taken it and is working on it.";

/// So many times as long a run is left to the server that was lent something for it once that one said that it has no room.
const CROWDED: u32 = 30;

fn no_room() -> String {
    format!("There was no room for it yet: a server carries at most {CARRYING} images at once.")
}

impl Engine {
    /// Goes on with a run until it rests, or the server is told to stop.
    ///
    /// # Errors
    /// When the journal cannot be written: the run is as it was, and gone on with later.
    pub(super) async fn drive(&self, lease: &Lease) -> Result<()> {
        while !self.stopping.load(Ordering::Relaxed) {
            // Read again each time: somebody may have asked to cancel.
            let Some(stored) = self.store.run_to_drive(&lease.run).await? else { return Ok(()) };
            match stored.run.next() {
                Next::Rest => return Ok(()),
                Next::Check if self.is_left(&stored, self.patience.lent) => return Ok(()),
                Next::Check => self.check(lease, &stored).await?,
                Next::Become(State::Undone) if self.found_late(lease, &stored).await? => {}
                Next::Become(State::Stuck) if self.found_gone(lease, &stored).await? => {}
                Next::Become(state) if !state.is_live() && self.found_twins(lease, &stored, state).await? => {}
                Next::Become(state) => self.becomes(lease, &stored, state, None).await?,
                Next::Make(n) if self.waits_elsewhere(&stored, n) => return Ok(()),
                // It rests, and is taken again when there is room.
                Next::Make(n) if !self.has_place(lease, &stored, n).await? => return Ok(()),
                Next::Make(n) => self.make(lease, &stored, n).await?,
                Next::FindOut(n) => self.find_out(lease, &stored, n).await?,
                Next::TakeBack(n) => self.take_back(lease, &stored, n).await?,
            }
        }
        Ok(())
    }

    /// Writes how far a step is.
    pub(super) async fn journal(&self, lease: &Lease, n: usize, step: &Progress, intent: Option<&Entry>) -> Result<()> {
        self.store.journal(lease, n, step, intent).await?;
        tracing::debug!(run = lease.run, n, state = step.state.as_str(), "apply: written");
        Ok(())
    }

    /// The call of a step with every value of earlier steps in it; nothing, and the step failed, where one is missing.
    async fn call(&self, lease: &Lease, stored: &Stored, n: usize) -> Result<Option<Call>> {
        let resolved = match stored.run.misses(n) {
            Some(reference) => Err(format!("{reference} leads nowhere: what that step made could not be read.")),
            None => stored.run.plan.steps[n].call.resolved(&stored.run.known(&stored.by)),
        };
        match resolved {
            Ok(call) => Ok(Some(call)),
            Err(why) => {
                let problem = Problem::new(Code::Internal, "The step cannot be made", why);
                self.failed(lease, n, stored.run.steps[n].clone(), problem).await?;
                Ok(None)
            }
        }
    }

    /// Whether a run that began less than this ago is left to another server for now: what it needs was lent to that one.
    fn is_left(&self, stored: &Stored, within: Duration) -> bool {
        let until = Millis(stored.made.0.saturating_add(within.as_millis().try_into().unwrap_or(i64::MAX)));
        let left = until > now() && self.cloud.lacks(&stored.run.plan);
        if left {
            self.places.leave(&stored.run.id, until);
        }
        left
    }

    /// Whether a step that carries an image is left to the server that was lent what it needs, for longer where that one said that it has no room.
    fn waits_elsewhere(&self, stored: &Stored, n: usize) -> bool {
        let crowded = stored.run.steps[n].note.as_deref() == Some(&*no_room());
        let within = if crowded { self.patience.lent * CROWDED } else { self.patience.lent };
        stored.run.plan.steps[n].call.is_long() && self.is_left(stored, within)
    }

    /// Whether there is room for a step: calls that take long have places of their own. Where none is free, the step says that it waits.
    async fn has_place(&self, lease: &Lease, stored: &Stored, n: usize) -> Result<bool> {
        if !stored.run.plan.steps[n].call.is_long() || self.places.carries(&lease.run) {
            return Ok(true);
        }
        let mut progress = stored.run.steps[n].clone();
        if progress.note.as_deref() != Some(&*no_room()) {
            progress.note = Some(no_room());
            self.journal(lease, n, &progress, None).await?;
        }
        Ok(false)
    }

    async fn make(&self, lease: &Lease, stored: &Stored, n: usize) -> Result<()> {
        let Some(call) = self.call(lease, stored, n).await? else { return Ok(()) };
        if !self.is_as_reviewed(lease, stored, n).await? {
            return Ok(());
        }
        let (step, mut progress) = (&stored.run.plan.steps[n], stored.run.steps[n].clone());
        // What somebody else may have put meanwhile: it is theirs, also if this run is taken back.
        if progress.attempts == 0 && call.is_content() {
            match self.reads(&lease.run, step, &call).await {
                Ok(None) => {}
                Ok(Some(_)) => {
                    progress.note =
                        Some("Somebody else put it there while the run was under way. It is left to them.".into());
                    progress.began.get_or_insert(now());
                    return self.made(lease, n, progress, step, &call).await;
                }
                Err(problem) => return self.failed(lease, n, progress, problem).await,
            }
        }
        progress.state = StepState::Begun;
        progress.attempts += 1;
        progress.began.get_or_insert(now());
        progress.problem = None;
        if call.is_long() {
            progress.note = None;
        }
        self.journal(lease, n, &progress, Some(&entry(stored, step, "run.step", &call))).await?;
        self.still_holds(lease)?;
        let course = Course::of(&self.held, lease, stored);
        let sent = if call.is_long() {
            self.send_long(lease, n, &mut progress, step, &call, &course).await?
        } else {
            self.send(step, &call, &course).await
        };
        // It was not sent, and another server may have gone on: nothing is written here any more.
        if sent.is_err() && course.was_refused() {
            return Err(ran_out());
        }
        match sent {
            Ok(id) => {
                progress.request_ids.extend(id);
                self.made(lease, n, progress, step, &call).await
            }
            // Its first and only try was refused for want of a permission: it was not made. A long call is many requests, each tried again by itself.
            Err(problem) if problem.code == Code::AwsDenied && progress.attempts == 1 && !call.is_long() => {
                self.failed(lease, n, progress, problem).await
            }
            // Whatever else was answered: an earlier try, or this one, may have got through.
            Err(problem) if problem.code == Code::AwsCredentials => {
                self.lacked_credentials(lease, stored, n, progress, problem).await
            }
            Err(problem) => {
                let goes_on = may_pass(&problem) || (problem.code == Code::NotFound && stored.run.refers_to_new(n));
                progress.request_ids.extend(problem.aws_request_id.clone());
                let attempts = progress.attempts;
                progress.try_failed(now(), &problem);
                progress.problem = Some(problem);
                if !goes_on {
                    progress.attempts = progress.attempts.max(self.patience.tries);
                }
                self.journal(lease, n, &progress, None).await?;
                if goes_on {
                    self.pause(attempts).await;
                }
                Ok(())
            }
        }
    }

    /// AWS refused the credentials of a call before it looked at it, or there were none: they are waited for, and what the call writes is read again
    /// before it is. That costs no try.
    async fn lacked_credentials(
        &self,
        lease: &Lease,
        stored: &Stored,
        n: usize,
        mut progress: Progress,
        problem: Problem,
    ) -> Result<()> {
        // Of a row of such tries the journal keeps the first: they are waited for from then on.
        if stored.run.steps[n].problem.as_ref().is_none_or(|before| before.code != Code::AwsCredentials) {
            progress.request_ids.extend(problem.aws_request_id.clone());
            progress.try_failed(now(), &problem);
        }
        let ran_out = progress.tries.last().map_or_else(now, |one| one.at);
        progress.attempts = progress.attempts.saturating_sub(1).max(1);
        progress.problem = Some(problem.clone());
        self.journal(lease, n, &progress, None).await?;
        if self.waited(&lease.run, &stored.run.plan.steps[n], &problem, ran_out).await {
            return Ok(());
        }
        progress.attempts = progress.attempts.max(self.patience.tries);
        self.journal(lease, n, &progress, None).await
    }

    /// The step has begun and its outcome is not known: reads what it writes.
    async fn find_out(&self, lease: &Lease, stored: &Stored, n: usize) -> Result<()> {
        let Some(call) = self.call(lease, stored, n).await? else { return Ok(()) };
        let (step, mut progress) = (&stored.run.plan.steps[n], stored.run.steps[n].clone());
        // Said by a server that ended meanwhile.
        progress.note = progress.note.filter(|note| note != AT_IT);
        let state = match self.reads(&lease.run, step, &call).await {
            Ok(state) => state,
            Err(problem) => {
                // The way back finds it out, and waits for credentials again.
                if problem.code == Code::AwsCredentials && self.is_called_off(&lease.run).await {
                    return self.becomes(lease, stored, State::Undoing, None).await;
                }
                progress.state = StepState::Stuck;
                progress.note = Some(UNKNOWN.into());
                progress.problem = Some(problem);
                progress.ended = Some(now());
                return self.journal(lease, n, &progress, None).await;
            }
        };
        let stands = call.stands(stored.run.before(n), state.as_ref());
        match call.made(state.as_ref()) {
            Made::Yes if !stands => {
                progress.note = Some("The answer was lost; it was found to be made.".into());
                self.made(lease, n, progress, step, &call).await
            }
            Made::No if state != step.before && call.refused(state.as_ref()).is_some() => {
                self.made(lease, n, progress, step, &call).await
            }
            Made::Taken => {
                let problem = conflict(format!("{}: it exists, and this run did not make it.", step.says));
                self.failed(lease, n, progress, problem).await
            }
            // Refused, or tried often enough: that it looks as if it had been made is not this call's doing.
            Made::Yes | Made::No if progress.attempts >= self.patience.tries => {
                let gave_up =
                    || Problem::new(Code::AwsUnreachable, "AWS did not answer", "It was tried several times.");
                let problem = progress.problem.clone().unwrap_or_else(gave_up);
                self.failed(lease, n, progress, problem).await
            }
            // Between its tries, too.
            Made::No if stored.run.holds_to_review(n) && !call.finds(step.before.as_ref(), state.as_ref()) => {
                self.overtaken(lease, stored, n, progress, state).await
            }
            // Nothing moved yet: AWS may show late what it made.
            Made::Yes => {
                progress.state = StepState::Waiting;
                self.journal(lease, n, &progress, None).await?;
                self.pause(progress.attempts).await;
                Ok(())
            }
            Made::No => {
                progress.state = StepState::Waiting;
                self.journal(lease, n, &progress, None).await
            }
        }
    }

    /// A call went through: waits until AWS shows it, and keeps what it left, and why AWS refused it afterwards if it did.
    async fn made(&self, lease: &Lease, n: usize, mut progress: Progress, step: &Step, call: &Call) -> Result<()> {
        progress.problem = None;
        if call.is_only_begun() {
            let said = progress.note.replace(AT_IT.into());
            self.journal(lease, n, &progress, None).await?;
            progress.note = said.filter(|said| said != AT_IT);
        }
        match self.settled(&lease.run, step, call).await {
            Ok((after, shown)) => {
                if let Some(why) = call.refused(after.as_ref()) {
                    progress.problem = Some(refused_afterwards(why));
                } else if !shown {
                    progress.note = Some("AWS did not show it as asked for yet.".into());
                }
                // What is shown instead of what AWS names is somebody else's: a name that leads to it would have it used, and taken back.
                progress.after = after.filter(|_| shown || call.named_at().is_none());
            }
            // What is not decided, or was not read, is not applied: it is taken back.
            Err(problem) if problem.code == Code::Busy || call.is_only_begun() => progress.problem = Some(problem),
            Err(problem) => progress.note = Some(format!("It was made, but could not be read: {}", problem.message)),
        }
        progress.state = StepState::Made;
        progress.ended = Some(now());
        self.journal(lease, n, &progress, None).await
    }

    pub(super) async fn failed(&self, lease: &Lease, n: usize, mut progress: Progress, problem: Problem) -> Result<()> {
        progress.state = StepState::Failed;
        progress.request_ids.extend(problem.aws_request_id.clone());
        progress.request_ids.dedup();
        progress.problem = Some(problem);
        progress.ended = Some(now());
        self.journal(lease, n, &progress, None).await
    }

    pub(super) async fn send(&self, step: &Step, call: &Call, course: &Course) -> Result<Option<String>> {
        let late = |_| Problem::new(Code::AwsUnreachable, "AWS did not answer", "It did not answer in time.");
        tokio::time::timeout(self.patience.call, self.cloud.make(&step.scope, call, course)).await.map_err(late)?
    }

    /// The same for a call that takes long: the journal says how far it is, and it ends early when somebody cancels the run. A database that has
    /// trouble meanwhile does not end it: the lease does, where that is not renewed in time.
    ///
    /// # Errors
    /// When another server has the run; how the call ended is inside.
    async fn send_long(
        &self,
        lease: &Lease,
        n: usize,
        progress: &mut Progress,
        step: &Step,
        call: &Call,
        course: &Course,
    ) -> Result<Result<Option<String>>> {
        let mut said = course.said.subscribe();
        let late = |_| Problem::new(Code::AwsUnreachable, "It took too long", "It was not done in time.");
        let work = tokio::time::timeout(self.patience.long_call, self.cloud.make(&step.scope, call, course));
        let mut work = std::pin::pin!(work);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome.map_err(late).flatten(),
                () = tokio::time::sleep(self.patience.look) => {}
            }
            if said.has_changed().unwrap_or(false) {
                let Said { words, transfer } = said.borrow_and_update().clone();
                (progress.note, progress.transfer) = (Some(words), transfer);
                match self.journal(lease, n, progress, None).await {
                    Err(problem) if problem.code == Code::Conflict => return Err(problem),
                    Err(problem) => {
                        tracing::warn!(run = lease.run, %problem, "apply: how far a call is could not be written");
                    }
                    Ok(()) => {}
                }
            }
            match self.store.run_to_drive(&lease.run).await {
                Ok(stored) if stored.as_ref().is_none_or(|stored| stored.run.cancelled) => course.cancel.cancel(),
                Ok(_) => {}
                Err(problem) => {
                    tracing::warn!(run = lease.run, %problem, "apply: whether somebody cancelled could not be read");
                }
            }
        };
        // What it said last is about the whole, if it went through; of one that broke off it says nothing any more.
        let last = said.borrow().words.clone();
        progress.transfer = None;
        progress.note = Some(last).filter(|words| outcome.is_ok() && !words.is_empty());
        Ok(outcome)
    }

    pub(super) async fn becomes(
        &self,
        lease: &Lease,
        stored: &Stored,
        state: State,
        problem: Option<&Problem>,
    ) -> Result<()> {
        // The first failure is what the run is taken back for.
        let failure = stored.run.steps.iter().find_map(|s| s.problem.as_ref().filter(|_| state == State::Undoing));
        let end = (!state.is_live()).then(|| Entry {
            id: 0,
            at: now(),
            person: stored.person,
            actor: stored.by.clone(),
            action: format!("run.{}", state.as_str()),
            subject: stored.run.id.clone(),
            detail: json!({ "title": stored.run.plan.title }),
        });
        if !self.store.run_becomes(lease, state, problem.or(failure), now(), end.as_ref()).await? {
            // Somebody cancelled since it was read: read again, it is taken back.
            return Ok(());
        }
        tracing::debug!(run = lease.run, state = state.as_str(), "apply: written");
        if end.is_some() {
            self.cloud.ended(&stored.run.plan);
            self.show(&stored.run.plan).await;
        }
        Ok(())
    }

    /// Has what a plan wrote collected now, so that lists show it. It would be collected later anyway.
    async fn show(&self, plan: &Plan) {
        let kinds: BTreeSet<(Kind, &Scope)> =
            plan.steps.iter().map(|step| (step.call.subject().kind(), &step.scope)).collect();
        let keys: Vec<ResourceKey> = plan.steps.iter().filter_map(|s| s.call.subject().key(&s.scope)).collect();
        if let Err(problem) = self.store.reread(&keys).await {
            tracing::warn!(%problem, "apply: tags that the run wrote will not show before somebody looks");
        }
        if let Err(problem) = self.store.reread_within(&keys, now()).await {
            tracing::warn!(%problem, "apply: URLs and permissions of what the run wrote will be read when they are due");
        }
        for (kind, scope) in kinds {
            let (account, region) = (scope.account.clone(), scope.region.clone());
            if let Err(problem) = self.store.request(kind, &[account], &[region], now()).await {
                tracing::warn!(%kind, %scope, %problem, "apply: what the run wrote will be collected when it is due");
            }
        }
    }
}
