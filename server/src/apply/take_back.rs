//! The way back of a run: takes steps back, unless somebody changed since what they left, and looks once more at what is doubtful
//! before the run rests. What AWS may have made twice is looked for in [`super::twins`].

use domain::ecr::known::some;
use domain::kms::way_back;
use domain::plan::run::{Progress, StepState};
use domain::plan::{Call, Made, Step, Subject, Undo};
use domain::{Code, Problem};
use gantry_store::runs::{Lease, Stored};
use serde_json::Value;

use super::drive::{Result, UNKNOWN};
use super::reading::{may_pass, refused_afterwards};
use super::trail::entry;
use super::{Course, Engine, ran_out};
use crate::clock::now;

const CHANGED: &str =
    "It is no longer as this step left it, so somebody changed it since, or a later step stayed. It was left as it is.";

const THEIRS: &str = "Somebody else had put it there while the run was under way. It was left to them.";
/// Why a tag stays.
const LAST_TAG: &str =
    "The run did not put its image there, and ECR deletes an image with its last tag. It was left as it is.";

/// Why something stays that a later step needs.
fn needed(later: &Step) -> String {
    format!("It stays because this needs it and stayed: {}.", later.says)
}

/// Whether one of these images has a tag: their digests, each with its tags.
fn has_tags(images: &Value) -> bool {
    let some = |tags: &Value| tags.as_array().is_some_and(|tags| !tags.is_empty());
    images.as_object().is_some_and(|images| images.values().any(some))
}

/// How an undo ended.
pub(super) enum Back {
    /// What the step left is no longer there.
    Gone,
    /// It is not what the step left; it was not touched.
    Changed,
    /// Another server may have gone on with the run.
    Away(Problem),
}

impl Engine {
    pub(super) async fn take_back(&self, lease: &Lease, stored: &Stored, n: usize) -> Result<()> {
        let (step, mut progress) = (&stored.run.plan.steps[n], stored.run.steps[n].clone());
        if let Some(later) = stored.run.kept_for(n) {
            (progress.state, progress.note) = (StepState::Left, Some(needed(later)));
            return self.journal(lease, n, &progress, None).await;
        }
        // Only what this run put is taken away.
        if progress.attempts == 0 && step.call.is_content() {
            (progress.state, progress.note) = (StepState::Undone, Some(THEIRS.into()));
            return self.journal(lease, n, &progress, None).await;
        }
        // Without the name that AWS gave it, nothing leads to it.
        if step.call.named_at().is_some() && progress.after.is_none() {
            return self.name_one(lease, stored, n).await;
        }
        let known = stored.run.known(&stored.by);
        let undo = match &step.undo {
            Undo::Never(why) => {
                (progress.state, progress.note) = (StepState::Left, Some(format!("It cannot be taken back: {why}")));
                return self.journal(lease, n, &progress, None).await;
            }
            Undo::Call(undo) => undo.resolved(&known),
        };
        let (undo, call) = match (undo, step.call.resolved(&known)) {
            (Ok(undo), Ok(call)) => (undo, call),
            (Err(why), _) | (_, Err(why)) => {
                (progress.state, progress.problem) =
                    (StepState::Stuck, Some(Problem::new(Code::Internal, "The step cannot be taken back", why)));
                return self.journal(lease, n, &progress, None).await;
            }
        };
        // Credentials that did not come back for one step are not waited for at each of the others.
        let in_vain = |n: usize| stored.run.steps[n].problem.as_ref().is_some_and(|p| p.code == Code::AwsCredentials);
        let waits = !stored.run.stuck().any(in_vain);
        match self.kept_for_theirs(stored, n, &undo, waits).await {
            Ok(None) => {}
            Ok(Some(why)) => {
                (progress.state, progress.note) = (StepState::Left, Some(why));
                return self.journal(lease, n, &progress, None).await;
            }
            Err(problem) => {
                (progress.state, progress.problem) = (StepState::Stuck, Some(problem));
                return self.journal(lease, n, &progress, None).await;
            }
        }
        progress.state = StepState::Undoing;
        progress.problem = None;
        // Of what has a name it is known.
        progress.note = progress.note.filter(|note| step.call.named_at().is_none() || note != UNKNOWN);
        self.journal(lease, n, &progress, Some(&entry(stored, step, "run.undo", &undo))).await?;
        let back = self.undo(lease, stored, (step, &call, &undo), waits, &mut progress).await;
        (progress.state, progress.note, progress.problem) = match back {
            Ok(Back::Gone) => (StepState::Undone, progress.note, None),
            Ok(Back::Changed) => (StepState::Left, Some(CHANGED.into()), None),
            Ok(Back::Away(problem)) => return Err(problem),
            Err(problem) => (StepState::Stuck, progress.note, Some(problem)),
        };
        // How long a step took is how long it took to make it.
        progress.ended.get_or_insert_with(now);
        self.journal(lease, n, &progress, None).await
    }

    /// Why a step stays for what somebody else put while the run was under way: an index of theirs leads to its image, which ECR does not delete
    /// then, or its tag is the last of theirs.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html>
    async fn kept_for_theirs(&self, stored: &Stored, n: usize, undo: &Call, waits: bool) -> Result<Option<String>> {
        for later in stored.run.theirs_over(n) {
            // They may have deleted it since.
            if self.reads(&stored.run.id, later, &later.call).await?.is_some() {
                return Ok(Some(needed(later)));
            }
        }
        for later in stored.run.left_over(n) {
            let call = later.call.resolved(&stored.run.known(&stored.by));
            // The service runs the revision that the run gave it: ECS would start no task of it any more.
            if let Ok(call) = call
                && call.made(self.reads(&stored.run.id, later, &call).await?.as_ref()) == Made::Yes
            {
                return Ok(Some(needed(later)));
            }
        }
        if let Some(why) = self.encrypts_theirs(stored, n, waits).await? {
            return Ok(Some(why));
        }
        Ok(self.is_last_tag_of_theirs(stored, n, undo).await?.then(|| LAST_TAG.to_owned()))
    }

    /// Why a key and its alias stay: somebody else has encrypted with it since.
    async fn encrypts_theirs(&self, stored: &Stored, n: usize, waits: bool) -> Result<Option<String>> {
        let Some(asked) = way_back::asked(&stored.run, n) else { return Ok(None) };
        let (run, step) = (&stored.run.id, &stored.run.plan.steps[n]);
        let (subject, began) = (Subject::Ecr(asked), now());
        let state = loop {
            match self.tells(run, &step.scope, &subject).await {
                Err(problem)
                    if waits
                        && problem.code == Code::AwsCredentials
                        && self.waited(run, step, &problem, began).await => {}
                other => break other,
            }
        };
        self.places.goes_on(run).await;
        let others = way_back::others(&stored.run, step, state?.as_ref());
        Ok((!others.is_empty())
            .then(|| format!("It stays because the key encrypts what others made: {}.", some(&others))))
    }

    /// Whether an image that this run did not put would go with the tag that this step gave it.
    async fn is_last_tag_of_theirs(&self, stored: &Stored, n: usize, undo: &Call) -> Result<bool> {
        let Some(step) = stored.run.plan.steps.get(n).filter(|_| undo.operation() == "BatchDeleteImage") else {
            return Ok(false);
        };
        let input = step.call.input();
        let puts = stored.run.plan.steps.iter().zip(&stored.run.steps).filter(|(image, _)| {
            let put = image.call.input();
            let same = ["repositoryName", "imageDigest"].iter().all(|name| put[*name] == input[*name]);
            image.call.is_content() && same
        });
        let tries: Vec<u32> = puts.map(|(_, progress)| progress.attempts).collect();
        // Plans of an earlier format copy an image and its tag in one step; a step for the tag alone stands where the image was adopted.
        let with_image = step.call.is_long() && input["alone"] != true;
        let own = tries.iter().any(|tries| *tries > 0) || (tries.is_empty() && with_image);
        if own || step.call.is_content() {
            return Ok(false);
        }
        let text = |name: &str| input[name].as_str().unwrap_or_default();
        let [repository, digest, tag] = ["repositoryName", "imageDigest", "imageTag"].map(text);
        self.is_last_tag(&stored.run.id, step, repository, digest, tag).await
    }

    /// Takes a step back by the second of these calls, if nobody changed since what the first left. What its tries failed with is kept. `waits` for
    /// credentials that ran out, which costs no try.
    pub(super) async fn undo(
        &self,
        lease: &Lease,
        stored: &Stored,
        (step, call, undo): (&Step, &Call, &Call),
        waits: bool,
        progress: &mut Progress,
    ) -> Result<Back> {
        let (mut attempt, mut ran_out_at) = (1, None);
        loop {
            let state = self.left(&lease.run, step, undo, progress.after.is_some(), waits).await?;
            if undo.made(state.as_ref()) == Made::Yes {
                return Ok(Back::Gone);
            }
            let after = progress.after.as_ref();
            // Not decided when it was made, and refused since: the thing is as it was.
            let as_before = || call.subject().is_unchanged(step.before.as_ref(), state.as_ref());
            if after.is_none() && call.refused(state.as_ref()).is_some() && as_before() {
                return Ok(Back::Gone);
            }
            // What could not be read when it was made is compared with what was asked for.
            let left = call.subject().is_unchanged(after, state.as_ref());
            let untouched = left || (after.is_none() && call.made(state.as_ref()) == Made::Yes);
            // What has tags, somebody gave them to, whatever was read before.
            let tagged = step.call.is_content() && state.as_ref().is_some_and(has_tags);
            // Before each try: an undo is one call, made whole or not at all, so what a try before this one did is no excuse.
            if tagged || !untouched {
                return Ok(Back::Changed);
            }
            if let Err(problem) = self.still_holds(lease) {
                return Ok(Back::Away(problem));
            }
            let course = Course::of(&self.held, lease, stored);
            match self.send(step, undo, &course).await {
                Err(_) if course.was_refused() => return Ok(Back::Away(ran_out())),
                Ok(_) => {
                    let (left, shown) = self.settled(&lease.run, step, undo).await?;
                    if shown {
                        return Ok(Back::Gone);
                    }
                    if let Some(why) = undo.refused(left.as_ref()).filter(|_| left != state) {
                        return Err(refused_afterwards(why));
                    }
                }
                Err(problem) if problem.code == Code::AwsCredentials => {
                    if ran_out_at.is_none() {
                        progress.try_failed(now(), &problem);
                    }
                    let then = *ran_out_at.get_or_insert_with(now);
                    if waits && self.waited(&lease.run, step, &problem, then).await {
                        continue;
                    }
                    return Err(problem);
                }
                Err(problem) if may_pass(&problem) || (problem.code == Code::NotFound && undo.shows_late()) => {
                    progress.try_failed(now(), &problem);
                    if attempt >= self.patience.tries {
                        return Err(problem);
                    }
                }
                Err(problem) => {
                    let state = self.left(&lease.run, step, undo, progress.after.is_some(), waits).await?;
                    return if undo.made(state.as_ref()) == Made::Yes { Ok(Back::Gone) } else { Err(problem) };
                }
            }
            if attempt >= self.patience.tries {
                let message = "The call that takes it back went through, but it is still there.";
                return Err(Problem::new(Code::AwsRejected, "AWS still shows it", message));
            }
            self.pause(attempt).await;
            attempt += 1;
        }
    }

    /// Before a run counts as undone: a call whose answer was lost may have been made after it was looked for. Answers whether one was.
    pub(super) async fn found_late(&self, lease: &Lease, stored: &Stored) -> Result<bool> {
        for (n, step) in stored.run.plan.steps.iter().enumerate() {
            let mut progress = stored.run.steps[n].clone();
            // The first try of a step that was refused was not made; of one that somebody overtook that is not known.
            let open = match progress.state {
                StepState::Waiting => progress.attempts > 0,
                StepState::Failed => progress.attempts > 1 || (progress.attempts == 1 && progress.found.is_some()),
                _ => false,
            };
            let Some(call) = step.call.resolved(&stored.run.known(&stored.by)).ok().filter(|_| open) else { continue };
            let before = stored.run.before(n);
            match self.reads(&lease.run, step, &call).await {
                Ok(state) if call.made(state.as_ref()) != Made::Yes || call.stands(before, state.as_ref()) => continue,
                Ok(state) => {
                    (progress.state, progress.after) = (StepState::Made, state);
                    progress.note = Some("AWS made it after all, later than it was looked for.".into());
                }
                // Not known is not undone.
                Err(problem) => {
                    (progress.state, progress.problem) = (StepState::Stuck, Some(problem));
                    progress.note = Some(UNKNOWN.into());
                }
            }
            self.journal(lease, n, &progress, None).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Before a person is asked: what could not be taken back may be gone with what it belonged to. Answers whether something was.
    pub(super) async fn found_gone(&self, lease: &Lease, stored: &Stored) -> Result<bool> {
        for n in stored.run.stuck() {
            let (step, mut progress) = (&stored.run.plan.steps[n], stored.run.steps[n].clone());
            // That the one which is named does not exist says nothing of others.
            if step.call.named_at().is_some() && progress.note.as_deref() == Some(UNKNOWN) {
                continue;
            }
            let Undo::Call(undo) = &step.undo else { continue };
            let Ok(undo) = undo.resolved(&stored.run.known(&stored.by)) else { continue };
            // What cannot be read stays stuck.
            let absent = |state: Option<Value>| undo.made(state.as_ref()) == Made::Yes;
            let shown = progress.after.is_some();
            if stored.run.went_with_another(n)
                || self.left(&lease.run, step, &undo, shown, false).await.is_ok_and(absent)
            {
                (progress.state, progress.problem) = (StepState::Undone, None);
                progress.note = Some("It does not exist any more.".into());
                self.journal(lease, n, &progress, None).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
