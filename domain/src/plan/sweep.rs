//! What runs made and no longer answer for: a resource that carries a run's tags is compared with the journal of that run. [`judge`] is pure; who
//! lists the resources reads them from AWS, not from what was collected.

use serde::{Deserialize, Serialize};

use super::run::{Run, State, StepState};
use crate::identity::ResourceKey;

/// A resource that carries the tags of a run ([`super::marks`]), as AWS lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Marked {
    /// The resource; none where it has no rows, as a KMS key.
    pub key: Option<ResourceKey>,
    /// Its ARN.
    pub arn: String,
    /// The tag `gantry:run`.
    pub run: String,
    /// The tag `gantry:step`; empty where somebody took it away.
    pub step: String,
    /// The tag `gantry:by`.
    pub by: String,
}

impl Marked {
    /// From a resource's tags; `None` when it does not carry the tag of a run.
    pub fn of(key: impl Into<Option<ResourceKey>>, arn: String, tag: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let run = tag("gantry:run")?;
        let (step, by) = (tag("gantry:step").unwrap_or_default(), tag("gantry:by").unwrap_or_default());
        Some(Self { key: key.into(), arn, run, step, by })
    }
}

/// The step of a run that created something, as the tags say it that a call gives and that the resource has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    run: String,
    step: String,
}

impl Origin {
    /// From tags; `None` where one of the two is missing.
    pub fn of(tag: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self { run: tag("gantry:run")?, step: tag("gantry:step")? })
    }
}

/// Whether somebody answers for a resource that carries a run's tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nobody: its run was taken back, made something else, or is not known.
    Orphan,
    /// Its run could not take it back and waits for a person.
    Stuck,
    /// Its run is at work.
    Busy,
    /// Its run made it and was applied, or left it knowingly.
    Kept,
    /// The run could not be looked up.
    Unknown,
}

impl Verdict {
    /// `orphan`, `stuck` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Orphan => "orphan",
            Verdict::Stuck => "stuck",
            Verdict::Busy => "busy",
            Verdict::Kept => "kept",
            Verdict::Unknown => "unknown",
        }
    }
}

/// Whether this run answers for the resource, and why; `None` for a run that is not known.
pub fn judge(marked: &Marked, run: Option<&Run>) -> (Verdict, String) {
    let Some(run) = run else {
        return (Verdict::Orphan, "No run with this id is known here.".to_owned());
    };
    // Somebody may have copied the tags to something else.
    let own = |step: &super::Step| {
        step.id == marked.step && step.call.subject().key(&step.scope).is_none_or(|key| Some(key) == marked.key)
    };
    let Some(n) = run.plan.steps.iter().position(own) else {
        return (Verdict::Orphan, "Its run has no step that makes it.".to_owned());
    };
    let progress = run.steps.get(n).map(|step| (step.state, step.note.as_deref().unwrap_or_default()));
    // Of what AWS names, a lost call makes another one.
    let named = run.plan.steps[n].call.named_at().zip(run.steps.get(n).and_then(|step| step.after.as_ref()));
    let another = named.is_some_and(|(at, after)| after[at] != marked.arn.as_str());
    match (run.state, progress) {
        (State::Checking | State::Applying | State::Undoing, _) => (Verdict::Busy, "Its run is at work.".to_owned()),
        (_, Some((StepState::Left, note))) => (Verdict::Kept, format!("Its run left it: {note}")),
        (_, Some((StepState::Stuck, _))) | (State::Stuck, Some((StepState::Made, _))) => {
            (Verdict::Stuck, "Its run could not take it back and waits for a person.".to_owned())
        }
        (State::Applied, Some((StepState::Made, _))) if another => {
            let why = "Its run made another one: AWS made this one later than it was looked for, or somebody gave it the tags.";
            (Verdict::Orphan, why.to_owned())
        }
        (State::Applied, Some((StepState::Made, _))) => (Verdict::Kept, "Its run made it.".to_owned()),
        (State::Applied, _) => (Verdict::Orphan, "Its run was applied without this step.".to_owned()),
        (State::Undone | State::Stuck, _) => {
            (Verdict::Orphan, "Its run was taken back: AWS made it later than it was looked for.".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::plan::tests::three_steps;
    use serde_json::json;

    fn marked(run: &Run, name: &str, step: &str) -> Marked {
        let key = ResourceKey::new(Kind::Repository, run.plan.scope.clone(), name).unwrap();
        Marked::of(key, "arn".into(), |tag| match tag {
            "gantry:run" => Some(run.id.clone()),
            "gantry:step" => Some(step.to_owned()),
            _ => None,
        })
        .unwrap()
    }

    #[test]
    fn only_a_run_that_made_it_and_was_applied_answers_for_a_resource() {
        let mut run = Run::new("r".into(), three_steps());
        let own = marked(&run, "its", "repository");
        assert_eq!(judge(&own, None).0, Verdict::Orphan);
        assert_eq!(judge(&own, Some(&run)).0, Verdict::Busy);
        run.state = State::Applied;
        run.steps.iter_mut().for_each(|step| step.state = StepState::Made);
        assert_eq!(judge(&own, Some(&run)).0, Verdict::Kept);
        for (name, step) in [("another", "repository"), ("its", "none"), ("its", "")] {
            assert_eq!(judge(&marked(&run, name, step), Some(&run)).0, Verdict::Orphan, "{name} {step}");
        }
        for (state, step, verdict) in [
            (State::Undone, StepState::Undone, Verdict::Orphan),
            (State::Undone, StepState::Failed, Verdict::Orphan),
            (State::Undone, StepState::Left, Verdict::Kept),
            (State::Stuck, StepState::Stuck, Verdict::Stuck),
            (State::Stuck, StepState::Undone, Verdict::Orphan),
            (State::Stuck, StepState::Made, Verdict::Stuck),
            (State::Undoing, StepState::Undoing, Verdict::Busy),
            (State::Applied, StepState::Failed, Verdict::Orphan),
        ] {
            (run.state, run.steps[0].state) = (state, step);
            assert_eq!(judge(&own, Some(&run)).0, verdict, "{state:?} {step:?}");
        }
    }

    #[test]
    fn a_second_key_of_a_run_is_an_orphan_while_the_first_is_kept() {
        let mut plan = three_steps();
        let create = json!({ "service": "kms", "operation": "CreateKey", "input": {} });
        plan.steps[0].call = serde_json::from_value(create).unwrap();
        let mut run = Run::new("r".into(), plan);
        run.state = State::Applied;
        run.steps.iter_mut().for_each(|step| step.state = StepState::Made);
        run.steps[0].after = Some(json!({ "KeyId": "1a", "Arn": "arn:1a" }));
        let verdict = |arn: &str| {
            let tag = |tag: &str| Some(if tag == "gantry:step" { "repository" } else { "r" }.to_owned());
            judge(&Marked::of(None::<ResourceKey>, arn.into(), tag).unwrap(), Some(&run)).0
        };
        assert_eq!((verdict("arn:1a"), verdict("arn:2b")), (Verdict::Kept, Verdict::Orphan));
    }

    #[test]
    fn what_carries_no_tag_of_a_run_is_none_of_ours() {
        let key = ResourceKey::new(Kind::Repository, three_steps().scope, "its").unwrap();
        assert_eq!(Marked::of(key, "arn".into(), |tag| (tag == "gantry:by").then(|| "ada".into())), None);
    }
}
