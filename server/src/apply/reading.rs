//! How a run finds out what there is: reads what calls write, tries again, and waits for AWS and for credentials, in places of their own ([`super::places`]).

use domain::plan::run::State;
use domain::plan::{Call, Made, Step, Subject};
use domain::{Code, Millis, Problem, Scope};
use serde_json::Value;
use std::time::Duration;

use super::Engine;
use super::drive::Result;
use crate::clock::now;

/// Whether AWS may have made the call although it did not say so.
fn is_unknown(problem: &Problem) -> bool {
    match problem.code {
        Code::AwsUnreachable | Code::Internal => true,
        Code::AwsThrottled
        | Code::AwsDenied
        | Code::AwsCredentials
        | Code::AwsRejected
        | Code::NotImplemented
        | Code::Invalid
        | Code::SignedOut
        | Code::Forbidden
        | Code::ConfirmPassword
        | Code::NotFound
        | Code::NotConnected
        | Code::Conflict
        | Code::Busy
        | Code::TooLarge
        | Code::Database => false,
    }
}

/// Whether the same may go well later without anybody changing the plan: AWS did not answer, wants fewer calls, is still at an earlier change,
/// or the credentials ran out.
pub(super) fn may_pass(problem: &Problem) -> bool {
    is_unknown(problem) || matches!(problem.code, Code::AwsThrottled | Code::AwsCredentials | Code::Busy)
}

fn undecided() -> Problem {
    let message = "AWS took a change and did not say in time what came of it.";
    Problem::new(Code::Busy, "AWS has not finished", message)
}

/// How long ago this was.
pub(super) fn since(then: Millis) -> Duration {
    Duration::from_millis(u64::try_from(now().0.saturating_sub(then.0)).unwrap_or(0))
}

/// AWS took a call, and refused it for this reason later.
pub(super) fn refused_afterwards(why: &str) -> Problem {
    Problem::new(Code::AwsRejected, "AWS refused it afterwards", why)
}

impl Engine {
    /// What a call left, once AWS shows it as asked for or refused it; `false` when it did not show it in time.
    pub(super) async fn settled(&self, run: &str, step: &Step, call: &Call) -> Result<(Option<Value>, bool)> {
        let mut attempt = 1;
        loop {
            let state = self.reads(run, step, call).await?;
            let shown = call.made(state.as_ref()) == Made::Yes;
            // Of one that was refused before, the state is what an earlier call left until this one shows.
            let refused = state != step.before && call.refused(state.as_ref()).is_some();
            if shown || refused || attempt >= self.patience.tries {
                return Ok((state, shown));
            }
            self.pause(attempt).await;
            attempt += 1;
        }
    }

    /// Reads what a call of a run writes; tries again while AWS cannot be reached, and waits for credentials that ran out. On the way there
    /// that ends once somebody cancels. While AWS is still at a change it waits too, also then: no call goes back before that is decided.
    ///
    /// # Errors
    /// [`Code::Busy`] where it is not decided in time.
    pub(super) async fn reads(&self, run: &str, step: &Step, call: &Call) -> Result<Option<Value>> {
        let began = now();
        let read = loop {
            match self.asks(run, step, call).await {
                Err(problem)
                    if problem.code == Code::AwsCredentials && self.waited(run, step, &problem, began).await => {}
                Ok(state) if call.is_under_way(state.as_ref()) => {
                    if since(began) >= self.patience.under_way {
                        break Err(undecided());
                    }
                    self.places.waits(run);
                    tokio::time::sleep(self.patience.longest_pause).await;
                }
                other => break other,
            }
        };
        self.places.goes_on(run).await;
        read
    }

    /// Waits a while for credentials that ran out at this moment, in a place of those who wait; `false` where they had their time, or somebody
    /// cancelled on the way there.
    pub(super) async fn waited(&self, run: &str, step: &Step, problem: &Problem, ran_out: Millis) -> bool {
        if since(ran_out) >= self.patience.credentials || self.is_called_off(run).await {
            return false;
        }
        tracing::warn!(step = step.says, %problem, "apply: the run waits for credentials");
        self.places.waits(run);
        tokio::time::sleep(self.patience.longest_pause).await;
        true
    }

    /// Reads what is to be taken back by this call; `shown` says whether this run saw it there, and `waits` whether credentials are waited for. What
    /// AWS may show late counts as absent once it was absent each time, over all tries.
    ///
    /// # Errors
    /// [`Code::Busy`] while AWS is at a change.
    pub(super) async fn left(
        &self,
        run: &str,
        step: &Step,
        undo: &Call,
        shown: bool,
        waits: bool,
    ) -> Result<Option<Value>> {
        let mut attempt = 1;
        loop {
            let state = if waits { self.reads(run, step, undo).await? } else { self.looks(run, step, undo).await? };
            if undo.is_under_way(state.as_ref()) {
                return Err(undecided());
            }
            let may_be_there = state.is_none() && shown && undo.shows_late();
            if !may_be_there || attempt >= self.patience.tries {
                return Ok(state);
            }
            self.pause(attempt).await;
            attempt += 1;
        }
    }

    /// Reads what a call of a run writes, without waiting for credentials or for AWS to decide.
    pub(super) async fn looks(&self, run: &str, step: &Step, call: &Call) -> Result<Option<Value>> {
        let read = self.asks(run, step, call).await;
        self.places.goes_on(run).await;
        read
    }

    /// The same; a run that had to wait for an answer does so still.
    async fn asks(&self, run: &str, step: &Step, call: &Call) -> Result<Option<Value>> {
        let began = now();
        let state = self.tells(run, &step.scope, &call.subject()).await?;
        if state.is_none() {
            self.are_gone(step, call, began).await;
        }
        Ok(state)
    }

    /// What there is of something, whether or not a call of the run writes it; a run that had to wait for an answer does so still.
    pub(super) async fn tells(&self, run: &str, scope: &Scope, subject: &Subject) -> Result<Option<Value>> {
        let mut attempt = 1;
        loop {
            let late = |_| Problem::new(Code::AwsUnreachable, "AWS did not answer", "It did not answer in time.");
            let read = tokio::time::timeout(self.patience.call, self.cloud.read(scope, subject)).await;
            match read.map_err(late).flatten() {
                Err(problem)
                    if attempt < self.patience.tries
                        && (is_unknown(&problem) || problem.code == Code::AwsThrottled) =>
                {
                    if is_unknown(&problem) {
                        self.places.waits(run);
                    }
                    self.pause(attempt).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    /// AWS said to a read that began at `began` that there is nothing of what this call writes: what it deletes is gone at once, not only once
    /// its list has had its turn.
    async fn are_gone(&self, step: &Step, call: &Call, began: Millis) {
        let keys = call.removes(&step.scope);
        if keys.is_empty() {
            return;
        }
        if let Err(problem) = self.store.absent_to_run(&keys, began, now()).await {
            tracing::warn!(step = step.says, %problem, "apply: what the run deleted shows until it is collected");
        }
    }

    /// Whether somebody cancelled a run that is not being taken back yet. A journal that cannot be read calls nothing off.
    pub(super) async fn is_called_off(&self, run: &str) -> bool {
        let stored = self.store.run_to_drive(run).await.ok().flatten();
        stored.is_some_and(|stored| stored.run.cancelled && stored.run.state == State::Applying)
    }

    pub(super) async fn pause(&self, attempt: u32) {
        let pause = self.patience.pause.saturating_mul(1 << attempt.min(16).saturating_sub(1));
        let pause: Duration = pause.min(self.patience.longest_pause);
        tokio::time::sleep(pause).await;
    }
}
