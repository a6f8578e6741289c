//! What AWS may have made twice. Where AWS names what a call creates, a key or a revision, a try whose answer was lost and the one after it create
//! two, and one of them may show late. So before a run with such a step rests, all that carries the tags of the step is listed. A run that was
//! applied keeps the one that its journal names and takes the others back; one that was taken back names them one after the other, and takes each
//! back as any step.

use domain::plan::run::{Progress, State, StepState};
use domain::plan::{Made, Undo};
use domain::{Code, Millis, Problem};
use gantry_store::runs::{Lease, Stored};
use serde_json::Value;
use std::time::Duration;

use super::Engine;
use super::drive::{Result, UNKNOWN};
use super::reading::{may_pass, since};
use super::take_back::Back;
use super::trail::entry;
use crate::clock::now;

/// By so many milliseconds two clocks may differ: AWS takes no requests of one that differs by more.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>
const CLOCKS: i64 = 300_000;
/// Each key is asked for its tags: a list may take so many times as long as a call.
const LONGER: u32 = 10;

/// How long ago a step ended; nothing where it has not.
fn since_end(progress: &Progress) -> Duration {
    progress.ended.map_or(Duration::ZERO, since)
}

impl Engine {
    /// Before a run rests in this state: whether one more of something was found than the journal knew, so that it says anew what comes next.
    pub(super) async fn found_twins(&self, lease: &Lease, stored: &Stored, end: State) -> Result<bool> {
        for (n, step) in stored.run.plan.steps.iter().enumerate() {
            let may_be_two = step.call.named_at().is_some() && stored.run.steps[n].is_doubtful();
            if may_be_two && self.sort_out(lease, stored, n, end).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same of one step.
    async fn sort_out(&self, lease: &Lease, stored: &Stored, n: usize, end: State) -> Result<bool> {
        let (step, mut progress) = (&stored.run.plan.steps[n], stored.run.steps[n].clone());
        let unsure = progress.state == StepState::Stuck && progress.note.as_deref() == Some(UNKNOWN);
        // It was stuck, and a person who was told what is left said that it stays.
        if progress.state == StepState::Left && progress.problem.is_some() {
            return Ok(false);
        }
        tokio::time::sleep(self.patience.late.saturating_sub(since_end(&progress))).await;
        let found = match self.alive(stored, n).await {
            Ok(found) => found,
            Err(problem) if end == State::Applied => {
                // Whoever takes the run next looks again.
                if may_pass(&problem) && since_end(&progress) < self.patience.credentials {
                    return Err(problem);
                }
                progress.problem = Some(problem);
                self.journal(lease, n, &progress, None).await?;
                return Ok(true);
            }
            // Something is stuck anyway, and once it is not, it is looked again.
            Err(_) if matches!(progress.state, StepState::Stuck | StepState::Made) => return Ok(false),
            // Not known is not undone.
            Err(problem) => {
                if progress.state != StepState::Left {
                    progress.note = Some(UNKNOWN.into());
                }
                (progress.state, progress.problem) = (StepState::Stuck, Some(problem));
                progress.ended.get_or_insert_with(now);
                self.journal(lease, n, &progress, None).await?;
                return Ok(true);
            }
        };
        let at = step.call.named_at().unwrap_or_default();
        let named = progress.after.as_ref().map(|after| after[at].clone()).filter(Value::is_string);
        let mut others = found.into_iter().filter(|one| Some(&one[at]) != named.as_ref());
        match progress.state {
            StepState::Waiting | StepState::Failed | StepState::Undone => {}
            StepState::Stuck if unsure => {}
            // It was made, and could not be read.
            StepState::Made if named.is_none() => {}
            StepState::Made | StepState::Left | StepState::Stuck => {
                return self.take_others(lease, stored, n, others.collect()).await;
            }
            StepState::Begun | StepState::Undoing => return Ok(false),
        }
        match others.next() {
            Some(one) => {
                if progress.state != StepState::Made {
                    progress.note = Some("AWS made it after all, later than it was looked for.".into());
                }
                (progress.state, progress.after) = (StepState::Made, Some(one));
            }
            None if unsure => {
                (progress.state, progress.problem) = (StepState::Undone, None);
                progress.note = Some("It does not exist.".into());
            }
            None => return Ok(false),
        }
        self.journal(lease, n, &progress, None).await?;
        Ok(true)
    }

    /// Takes back those of a step that its journal does not name. What cannot be taken back its problem names. Answers whether there were any that
    /// it did not name before.
    async fn take_others(&self, lease: &Lease, stored: &Stored, n: usize, others: Vec<Value>) -> Result<bool> {
        let (step, mut progress) = (&stored.run.plan.steps[n], stored.run.steps[n].clone());
        let at = step.call.named_at().unwrap_or_default();
        let mut gone = vec![];
        let mut any = false;
        for other in &others {
            let arn = other[at].as_str().unwrap_or_default();
            let named = format!("{arn} could not be taken back");
            if progress.problem.as_ref().is_some_and(|problem| problem.message.contains(&named)) {
                continue;
            }
            any = true;
            match self.take_other(lease, stored, n, &progress, other).await? {
                Ok(()) => gone.push(arn),
                Err(mut problem) => {
                    let why = format!(
                        "AWS made it more than once, because an answer was lost, and {named}: {}",
                        problem.message
                    );
                    problem.message = match &progress.problem {
                        Some(before) => format!("{} {why}", before.message),
                        None => why,
                    };
                    problem.title = "It is there more than once".into();
                    progress.problem = Some(problem);
                    if progress.state == StepState::Left {
                        progress.state = StepState::Stuck;
                    }
                }
            }
        }
        if !gone.is_empty() {
            let twins =
                format!("AWS made it more than once, because an answer was lost. Taken back: {}.", gone.join(", "));
            progress.note = Some(match progress.note.take() {
                Some(note) => format!("{note} {twins}"),
                None => twins,
            });
        }
        if any {
            self.journal(lease, n, &progress, None).await?;
        }
        Ok(any)
    }

    /// Takes one back that the journal does not name; how that ended is inside.
    async fn take_other(
        &self,
        lease: &Lease,
        stored: &Stored,
        n: usize,
        progress: &Progress,
        other: &Value,
    ) -> Result<Result<()>> {
        let step = &stored.run.plan.steps[n];
        let Undo::Call(undo) = &step.undo else { return Ok(Ok(())) };
        let mut known = stored.run.known(&stored.by);
        known.learn(&step.id, other.clone());
        let (undo, call) = match (undo.resolved(&known), step.call.resolved(&known)) {
            (Ok(undo), Ok(call)) => (undo, call),
            (Err(why), _) | (_, Err(why)) => return Ok(Err(unresolved(why))),
        };
        self.journal(lease, n, progress, Some(&entry(stored, step, "run.undo", &undo))).await?;
        let mut own = Progress { after: Some(other.clone()), ..Progress::default() };
        match self.undo(lease, stored, (step, &call, &undo), true, &mut own).await {
            Ok(Back::Gone) => Ok(Ok(())),
            Ok(Back::Changed) => {
                let why = "Somebody changed it at the same moment.";
                Ok(Err(Problem::new(Code::Conflict, "Changed meanwhile", why)))
            }
            Ok(Back::Away(problem)) => Err(problem),
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// Before a step is taken back whose state was never read, and that nothing leads to but its tags: names one of what it made.
    pub(super) async fn name_one(&self, lease: &Lease, stored: &Stored, n: usize) -> Result<()> {
        let mut progress = stored.run.steps[n].clone();
        progress.problem = None;
        match self.alive(stored, n).await.map(|found| found.into_iter().next()) {
            Ok(Some(one)) => (progress.after, progress.note) = (Some(one), None),
            Ok(None) => (progress.state, progress.note) = (StepState::Undone, Some("It does not exist.".into())),
            Err(problem) => {
                (progress.state, progress.problem) = (StepState::Stuck, Some(problem));
                progress.note = Some(UNKNOWN.into());
            }
        }
        progress.ended.get_or_insert_with(now);
        self.journal(lease, n, &progress, None).await
    }

    /// All that a step made and that is not taken back yet. What is much older or younger than its tries somebody copied the tags to.
    async fn alive(&self, stored: &Stored, n: usize) -> Result<Vec<Value>> {
        let (step, progress) = (&stored.run.plan.steps[n], &stored.run.steps[n]);
        let Undo::Call(undo) = &step.undo else { return Ok(vec![]) };
        let call = step.call.resolved(&stored.run.known(&stored.by)).map_err(unresolved)?;
        let from = progress.began.unwrap_or_default().0.saturating_sub(CLOCKS);
        let between = Millis(from)..=Millis(progress.ended.unwrap_or_else(now).0.saturating_add(CLOCKS));
        let mut attempt = 1;
        let found = loop {
            let late = |_| Problem::new(Code::AwsUnreachable, "AWS did not answer", "It did not answer in time.");
            let asked = self.cloud.all_made(&step.scope, &call, &between);
            match tokio::time::timeout(self.patience.call * LONGER, asked).await.map_err(late).flatten() {
                Err(problem) if attempt < self.patience.tries && may_pass(&problem) => self.pause(attempt).await,
                other => break other?,
            }
            attempt += 1;
        };
        let at = step.call.named_at().unwrap_or_default();
        let is_alive = |one: &Value| one[at].is_string() && undo.made(Some(one)) != Made::Yes;
        Ok(found.into_iter().filter(is_alive).collect())
    }
}

fn unresolved(why: String) -> Problem {
    Problem::new(Code::Internal, "The step cannot be taken back", why)
}
