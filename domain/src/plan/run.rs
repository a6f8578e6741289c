//! A run: one journalled execution of a plan. [`Run::next`] says what to do next from what the journal holds, and nothing else: the same
//! journal leads to the same step on whichever server goes on.
//!
//! A step that has begun is made, not made, or unknown (the answer was lost). What is unknown is found out by reading what the step writes
//! before anything else happens. A run ends *applied*, *undone* or *stuck*.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::permissions::own_arn;
use super::reference::{Known, Piece, pieces};
use super::transfer::Transfer;
use super::{Call, Effect, Plan, Step, Undo};
use crate::problem::Problem;
use crate::time::Millis;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Begun; what was reviewed is compared with what there is now.
    Checking,
    /// Its steps are being made.
    Applying,
    /// What it made is being taken back.
    Undoing,
    /// The end: every step is made.
    Applied,
    /// The end: nothing that it made is left, but for what its steps name.
    Undone,
    /// Something it made could not be taken back: a person decides.
    Stuck,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] =
        [State::Checking, State::Applying, State::Undoing, State::Applied, State::Undone, State::Stuck];

    /// As stored: `checking`, `applying` …
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Checking => "checking",
            State::Applying => "applying",
            State::Undoing => "undoing",
            State::Applied => "applied",
            State::Undone => "undone",
            State::Stuck => "stuck",
        }
    }
    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
    /// Whether servers have something to do for it.
    pub const fn is_live(self) -> bool {
        matches!(self, State::Checking | State::Applying | State::Undoing)
    }
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    #[default]
    Waiting,
    /// The intent is written; the call may have been sent.
    Begun,
    /// Made, and its result is written. With a problem: AWS had taken the call and refused it afterwards, or made it twice, and the second one
    /// cannot be taken back. Then the run is taken back, this step too.
    Made,
    /// Refused: AWS has not made it.
    Failed,
    /// Its undo is being made.
    Undoing,
    /// Taken back.
    Undone,
    /// Left as it is, for the reason noted: somebody else changed it since, it cannot be taken back, or a person said so.
    Left,
    /// It could not be taken back, or nobody could find out whether it was made.
    Stuck,
}

impl StepState {
    /// Whether the way back of its run does nothing about it any more.
    pub const fn is_behind(self) -> bool {
        matches!(self, StepState::Failed | StepState::Undone | StepState::Left)
    }

    /// All of them.
    pub const ALL: [StepState; 8] = [
        StepState::Waiting,
        StepState::Begun,
        StepState::Made,
        StepState::Failed,
        StepState::Undoing,
        StepState::Undone,
        StepState::Left,
        StepState::Stuck,
    ];
    /// As stored: `waiting`, `begun` …
    pub const fn as_str(self) -> &'static str {
        match self {
            StepState::Waiting => "waiting",
            StepState::Begun => "begun",
            StepState::Made => "made",
            StepState::Failed => "failed",
            StepState::Undoing => "undoing",
            StepState::Undone => "undone",
            StepState::Left => "left",
            StepState::Stuck => "stuck",
        }
    }
    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// What the journal holds of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// How far it is.
    pub state: StepState,
    /// How often its call was sent or may have been.
    pub attempts: u32,
    /// The state of what it writes, read after it was made: later steps refer to it, and an undo only touches what still looks like it.
    pub after: Option<Value>,
    /// What went wrong last.
    pub problem: Option<Problem>,
    /// A sentence for people: found already made, left because somebody changed it.
    pub note: Option<String>,
    /// AWS's ids of its requests, the latest last.
    pub request_ids: Vec<String>,
    /// When its intent was written.
    pub began: Option<Millis>,
    /// When its result was written.
    pub ended: Option<Millis>,
    /// What there was instead of what was reviewed, where the run stopped because of that.
    #[serde(default)]
    pub found: Option<Found>,
    /// The tries that failed, to make it or to take it back, the latest last: at most [`KEPT_TRIES`].
    #[serde(default)]
    pub tries: Vec<Try>,
    /// How far its call is, where it carries an image: see [`Progress::under_way`].
    #[serde(default)]
    pub transfer: Option<Transfer>,
}

/// How many tries that failed the journal keeps of a step: the latest.
pub const KEPT_TRIES: usize = 8;

/// A try that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// When its answer came, or was no longer waited for.
    pub at: Millis,
    /// The problem's few words.
    pub title: String,
    /// What happened and why.
    pub message: String,
}

impl Progress {
    /// Whether AWS may have made its call more often than the journal says: it was sent more than once, or once, and nobody knows what came of it.
    pub fn is_doubtful(&self) -> bool {
        let unknown = self.after.is_none() && self.state != StepState::Failed;
        self.attempts > 1 || (self.attempts == 1 && unknown)
    }

    /// How far the call that is under way is, where it carries an image. What was told of it is over once the step is no longer begun, whoever
    /// forgot to say so.
    pub fn under_way(&self) -> Option<&Transfer> {
        self.transfer.as_ref().filter(|_| self.state == StepState::Begun)
    }

    /// Keeps that a try failed, and forgets the first where there are too many.
    pub fn try_failed(&mut self, at: Millis, problem: &Problem) {
        self.tries.push(Try { at, title: problem.title.clone(), message: problem.message.clone() });
        let extra = self.tries.len().saturating_sub(KEPT_TRIES);
        self.tries.drain(..extra);
    }
}

/// A state that was read when a run began, or right before a step, and was not the one that was reviewed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The state; `None` when it did not exist any more.
    pub state: Option<Value>,
}

/// A plan and how far its steps are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id; resources it makes carry it in the tag `gantry:run`.
    pub id: String,
    /// What it makes.
    pub plan: Plan,
    /// How far it is.
    pub state: State,
    /// Somebody asked to take it back: the same as a failure at the step that is under way, also the last, or at the one that is next.
    pub cancelled: bool,
    /// Why it is being taken back.
    pub problem: Option<Problem>,
    /// One for each step of the plan, in its order.
    pub steps: Vec<Progress>,
}

/// What a run does next. Numbers are those of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Compare what was reviewed with what there is, then go on to [`State::Applying`], or end as undone.
    Check,
    /// Write the intent of this step, then make it.
    Make(usize),
    /// The step has begun and nobody knows how it ended: find out by reading, then make it again or note that it is made.
    FindOut(usize),
    /// Write the intent to take this step back, then do it; also when that had begun before.
    TakeBack(usize),
    /// Go on to this state.
    Become(State),
    /// Nothing: it has ended, or a person has to decide.
    Rest,
}

impl Run {
    /// A run that has not begun.
    pub fn new(id: String, plan: Plan) -> Self {
        let steps = vec![Progress::default(); plan.steps.len()];
        Self { id, plan, state: State::Checking, cancelled: false, problem: None, steps }
    }

    /// Whether a step is made only where what it writes is as it was when it was planned, so that nobody else's change in between is lost. Not where
    /// it writes over nothing, where a step before it writes the same, or where only that step says what it writes.
    pub fn holds_to_review(&self, n: usize) -> bool {
        let own = self.plan.steps.get(n).filter(|_| self.is_own(n));
        own.is_some_and(|step| step.call.writes_over() && !step.call.subject().is_to_come())
    }

    /// Whether no step before this one writes the same.
    fn is_own(&self, n: usize) -> bool {
        let subject = |step: &Step| (step.scope.clone(), step.call.subject());
        let own = self.plan.steps.get(n).map(subject);
        !self.plan.steps.iter().take(n).any(|step| Some(subject(step)) == own)
    }

    /// How what a step writes stood right before it: as the last step before it that writes the same left it, or else as it was when it was
    /// planned.
    pub fn before(&self, n: usize) -> Option<&Value> {
        let subject = |step: &Step| (step.scope.clone(), step.call.subject());
        let own = self.plan.steps.get(n)?;
        let left_the_same = |earlier: &(&Step, &Progress)| {
            let (step, progress) = *earlier;
            progress.after.is_some() && progress.state != StepState::Undone && subject(step) == subject(own)
        };
        let earlier = self.plan.steps.iter().zip(&self.steps).take(n).rfind(left_the_same);
        earlier.map_or(own.before.as_ref(), |(_, progress)| progress.after.as_ref())
    }

    /// What to do next.
    pub fn next(&self) -> Next {
        match self.state {
            State::Checking if self.cancelled => Next::Become(State::Undone),
            State::Checking => Next::Check,
            State::Applying => self.forward(),
            State::Undoing => self.backward(),
            State::Applied | State::Undone | State::Stuck => Next::Rest,
        }
    }

    fn forward(&self) -> Next {
        if let Some(n) = self.position(StepState::Begun) {
            return Next::FindOut(n);
        }
        let failed = |s: &Progress| match s.state {
            StepState::Failed | StepState::Stuck => true,
            StepState::Made => s.problem.is_some(),
            _ => false,
        };
        if self.cancelled || self.steps.iter().any(failed) {
            return Next::Become(State::Undoing);
        }
        self.position(StepState::Waiting).map_or(Next::Become(State::Applied), Next::Make)
    }

    fn backward(&self) -> Next {
        if let Some(n) = self.position(StepState::Begun) {
            return Next::FindOut(n);
        }
        // The last made is the first taken back; what others depend on stays until they are gone.
        let made = |n: &usize| matches!(self.steps[*n].state, StepState::Made | StepState::Undoing);
        let back = (0..self.steps.len()).rev().find(|n| made(n) && !self.waits(*n));
        match back {
            Some(n) => Next::TakeBack(n),
            None if self.position(StepState::Stuck).is_some() => Next::Become(State::Stuck),
            None => Next::Become(State::Undone),
        }
    }

    /// Whether a step cannot be taken back yet, because a later one is stuck that writes the same, so that what that one left is no longer what
    /// this step left and it is not somebody else's doing; or that is lost without it.
    pub fn waits(&self, n: usize) -> bool {
        let subject = |n: usize| self.plan.steps.get(n).map(|step| step.call.subject());
        let made = self.steps.get(n).is_some_and(|s| matches!(s.state, StepState::Made | StepState::Undoing));
        made && self.stuck().any(|later| later > n && (subject(later) == subject(n) || self.is_lost_without(later, n)))
    }

    /// The later step that was left as it is and is lost without what this one made. Whether a tag that was left still leads to its image is seen
    /// at the image, and whether a service still runs its revision at the service ([`Self::left_over`]).
    pub fn kept_for(&self, n: usize) -> Option<&Step> {
        let is = |n: usize, sort: fn(&Call) -> bool| self.plan.steps.get(n).is_some_and(|step| sort(&step.call));
        let seen_elsewhere =
            |later: usize| is(n, Call::is_revision) || (is(n, Call::is_content) && !is(later, Call::is_content));
        self.left_after(n).find(|later| !seen_elsewhere(*later)).and_then(|later| self.plan.steps.get(later))
    }

    /// The later steps that were left as they are and gave a service the revision that this one registered. Somebody may have given it another one
    /// since: then it is not lost without.
    pub fn left_over(&self, n: usize) -> Vec<&Step> {
        let registers = self.plan.steps.get(n).is_some_and(|step| step.call.is_revision());
        self.left_after(n).filter(|_| registers).filter_map(|later| self.plan.steps.get(later)).collect()
    }

    fn left_after(&self, n: usize) -> impl Iterator<Item = usize> {
        let left = move |later: &usize| self.steps[*later].state == StepState::Left && self.is_lost_without(*later, n);
        (n + 1..self.steps.len()).filter(left)
    }

    /// The later steps whose content somebody else had put when it was their turn, and that are lost without what this one made. They are not
    /// taken back, whatever becomes of this one.
    pub fn theirs_over(&self, n: usize) -> Vec<&Step> {
        let theirs = |(later, step): &(usize, &Step)| {
            let progress = &self.steps[*later];
            let passed = matches!(progress.state, StepState::Made | StepState::Undone) && progress.attempts == 0;
            passed && step.call.is_content() && self.is_lost_without(*later, n)
        };
        self.plan.steps.iter().enumerate().skip(n + 1).filter(theirs).map(|(_, step)| step).collect()
    }

    /// Whether what a step made went with something that was created before it and is taken back: settings go with their repository, whether or
    /// not they can be read.
    pub fn went_with_another(&self, n: usize) -> bool {
        let Some(step) = self.plan.steps.get(n) else { return false };
        self.plan.steps.iter().zip(&self.steps).any(|(other, progress)| {
            let deleted = matches!(&other.undo, Undo::Call(undo) if undo.deletes().is_some());
            let all_of_it = deleted && !other.call.is_kept_for_others() && step.depends_on.contains(&other.id);
            all_of_it && progress.state == StepState::Undone
        })
    }

    fn is_lost_without(&self, later: usize, n: usize) -> bool {
        let (later, step) = (self.plan.steps.get(later), self.plan.steps.get(n));
        later
            .zip(step)
            .is_some_and(|(later, step)| step.call.is_kept_for_others() && later.depends_on.contains(&step.id))
    }

    fn position(&self, state: StepState) -> Option<usize> {
        self.steps.iter().position(|s| s.state == state)
    }

    /// Whether it can still be cancelled, or be taken back after it was applied.
    pub fn can_be_undone(&self) -> bool {
        let never = self.plan.steps.iter().any(|s| matches!(s.undo, Undo::Never(_)));
        match self.state {
            State::Checking | State::Applying => !self.cancelled,
            State::Applied => !never,
            State::Undoing | State::Undone | State::Stuck => false,
        }
    }

    /// What references of its steps lead to: the run itself, and the states that made steps left.
    pub fn known(&self, by: &str) -> Known {
        let mut known = Known::of_run(&self.id, by);
        for (step, progress) in self.plan.steps.iter().zip(&self.steps) {
            if let Some(after) = &progress.after {
                known.learn(&step.id, after.clone());
            }
        }
        known
    }

    /// The reference of a step to what an earlier one left, where nothing is known of that: sent as it stands, AWS would take it for a name.
    pub fn misses(&self, n: usize) -> Option<String> {
        let nothing_of = |earlier: usize| self.steps.get(earlier).is_some_and(|progress| progress.after.is_none());
        self.references(n).into_iter().find_map(|(whole, earlier)| nothing_of(earlier).then_some(whole))
    }

    /// Whether a step refers to what an earlier one of this run created: for a while, AWS may say that there is no such thing.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency>
    pub fn refers_to_new(&self, n: usize) -> bool {
        self.references(n).into_iter().any(|(_, earlier)| {
            let creates = self.plan.steps.get(earlier).is_some_and(|step| step.effect == Effect::Create);
            creates && self.steps.get(earlier).is_some_and(|p| p.state == StepState::Made && p.attempts > 0)
        })
    }

    /// The references of a step to steps before it, each with the number of that one.
    fn references(&self, n: usize) -> Vec<(String, usize)> {
        let text = self.plan.steps.get(n).and_then(|step| serde_json::to_string(&step.call).ok()).unwrap_or_default();
        let earlier = |id: &str| self.plan.steps.iter().take(n).position(|step| step.id == id);
        let reference = |piece: Piece<'_>| match piece {
            Piece::Reference { whole, step, .. } => Some((whole.to_owned(), earlier(step)?)),
            Piece::Text(_) => None,
        };
        pieces(&text).into_iter().filter_map(reference).collect()
    }

    /// The ARN by which a person finds what a step made or changed: its own, or that of the repository it is in. None where nothing of it is
    /// there, where AWS's name for it was not learned, and of what has no ARN, such as the settings of a registry.
    pub fn arn(&self, n: usize, by: &str) -> Option<String> {
        let (step, progress) = (self.plan.steps.get(n)?, self.steps.get(n)?);
        if !matches!(progress.state, StepState::Made | StepState::Undoing | StepState::Left | StepState::Stuck) {
            return None;
        }
        // Its state has other ARNs as well: those of roles, keys and secrets that it only uses.
        let named = step.call.named_at().and_then(|field| progress.after.as_ref()?.get(field)?.as_str());
        if let Some(arn) = named {
            return Some(arn.to_owned());
        }
        let arn = own_arn(&step.call.resolved(&self.known(by)).ok()?, &step.scope);
        Some(arn).filter(|arn| !arn.contains('*') && !arn.contains("${"))
    }

    /// Whether it stopped, before its first step or a later one, because what there was was no longer what had been reviewed.
    pub fn was_outdated(&self) -> bool {
        self.state == State::Undone && self.steps.iter().any(|step| step.found.is_some())
    }

    /// The steps that a person has to decide about.
    pub fn stuck(&self) -> impl Iterator<Item = usize> {
        let steps = self.steps.iter().enumerate();
        steps.filter(|(_, s)| s.state == StepState::Stuck).map(|(n, _)| n)
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
