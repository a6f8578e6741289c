//! What is said of runs and their steps. Pure.

use domain::plan::Step;
use domain::plan::run::{KEPT_TRIES, Progress, Run, State, StepState};
use domain::resource::Tone;
use domain::{Code, Problem};

use crate::error::AppError;
use crate::ui::Icon;
use crate::ui::format::counted;

/// A state of a run as a word with its tone.
pub const fn state(state: State) -> (Tone, &'static str) {
    match state {
        State::Checking => (Tone::Busy, "Checking"),
        State::Applying => (Tone::Busy, "Applying"),
        State::Undoing => (Tone::Busy, "Undoing"),
        State::Applied => (Tone::Good, "Applied"),
        State::Undone => (Tone::Quiet, "Undone"),
        State::Stuck => (Tone::Bad, "Stuck"),
    }
}

/// What becomes of a run that was to begin, for whoever has gone on to something else meanwhile.
pub fn begun(answer: &Result<String, AppError>) -> String {
    match answer {
        Ok(_) => "The run has begun: Activity shows it".to_owned(),
        // The answer was lost, which says nothing of what was asked.
        Err(AppError(p)) if p.retryable() && p.code != Code::Busy => {
            "Whether the run has begun is not known: Activity shows it".to_owned()
        }
        Err(AppError(p)) => format!("The run was not begun: {}", p.title),
    }
}

/// How many steps are done of how many: made, or while it is taken back those that are dealt with.
pub fn progress(run: &Run) -> (usize, usize) {
    let backwards = matches!(run.state, State::Undoing | State::Undone | State::Stuck);
    let counts = |s: &StepState| match backwards {
        false => *s == StepState::Made,
        true => matches!(s, StepState::Undone | StepState::Left),
    };
    let touched = |s: &StepState| !backwards || !matches!(s, StepState::Waiting | StepState::Failed | StepState::Begun);
    let states = || run.steps.iter().map(|s| s.state);
    (states().filter(counts).count(), states().filter(touched).count())
}

/// The state of a run with how far it is: "Applying 2 of 5".
pub fn far(run: &Run) -> String {
    let word = state(run.state).1;
    match (run.state, progress(run)) {
        (State::Applying, _) if run.cancelled => "Cancelling".to_owned(),
        (State::Applying | State::Undoing, (done, of)) if of > 0 => format!("{word} {done} of {of}"),
        _ => word.to_owned(),
    }
}

/// The first format whose copies take back each manifest by a step of its own.
const BY_MANIFEST: u32 = 5;

/// Whether it had begun to carry an image: layers that arrived before it was taken back can stay. A tag of an image that is there carries none.
fn carried(run: &Run) -> bool {
    let carries = |step: &Step| step.call.is_long() && (step.call.is_content() || run.plan.format < BY_MANIFEST);
    run.plan.steps.iter().zip(&run.steps).any(|(step, progress)| carries(step) && progress.attempts > 0)
}

/// What that means, in a sentence.
pub fn explains(run: &Run) -> String {
    match run.state {
        State::Checking => "What you reviewed is compared with what there is now. Nothing has been made yet.".into(),
        State::Applying if run.cancelled => {
            "It was asked to stop: after the step that is under way, what it has made is taken back.".into()
        }
        State::Applying => "Its steps are being made, one after the other.".into(),
        State::Undoing => {
            "What it made is being taken back, the last first. What was there before is not touched.".into()
        }
        State::Applied => "Every step is made.".into(),
        State::Undone if run.steps.iter().all(|s| s.state == StepState::Waiting) => "Nothing was made.".into(),
        State::Undone if run.steps.iter().any(|s| s.state == StepState::Left) => {
            "What it made was taken back, but for what its steps name.".into()
        }
        State::Undone if carried(run) && run.plan.format >= BY_MANIFEST => {
            "No image of it is left, and its tag is as it was before. Layers that arrived may stay, where no image shows them, until ECR removes them.".into()
        }
        State::Undone if carried(run) => {
            "Its tag is as it was before. Parts of the image that arrived may be left without a tag, until ECR or a lifecycle rule removes them.".into()
        }
        State::Undone => "What it made was taken back. Nothing of it is left.".into(),
        State::Stuck => {
            let n = i64::try_from(run.stuck().count()).unwrap_or(i64::MAX);
            format!("{} could not be taken back: please decide below.", counted(n, "step", "steps"))
        }
    }
}

/// Whether a run is taken back because somebody cancelled it in the middle of a step, which is no trouble as long as nothing of it is stuck.
pub fn is_called_off(run: &Run) -> bool {
    run.cancelled && run.state != State::Stuck && run.problem.as_ref().is_some_and(Problem::is_cancelled)
}

/// How a step is: its tone, its sign and its word. `at_rest` when the run has ended.
pub fn step(progress: &Progress, at_rest: bool) -> (Tone, Icon, &'static str) {
    match progress.state {
        StepState::Waiting if at_rest => (Tone::Quiet, Icon::Clock, "not made"),
        StepState::Waiting => (Tone::Quiet, Icon::Clock, "not started"),
        StepState::Begun => (Tone::Busy, Icon::Refresh, "being made"),
        StepState::Made if progress.problem.is_some() => (Tone::Bad, Icon::Close, "refused afterwards"),
        StepState::Made => (Tone::Good, Icon::Check, "done"),
        StepState::Failed if progress.problem.as_ref().is_some_and(Problem::is_cancelled) => {
            (Tone::Quiet, Icon::Close, "cancelled")
        }
        StepState::Failed => (Tone::Bad, Icon::Close, "failed"),
        StepState::Undoing => (Tone::Busy, Icon::Undo, "being taken back"),
        StepState::Undone => (Tone::Quiet, Icon::Undo, "taken back"),
        StepState::Left => (Tone::Warn, Icon::Info, "left as it is"),
        StepState::Stuck => (Tone::Bad, Icon::Warning, "stuck"),
    }
}

/// How often a step was tried. Attempts of one that failed are raised to the last that is allowed, so that it is not sent again: of it the
/// tries count that the journal tells of.
pub fn tried(progress: &Progress) -> usize {
    let told = progress.tries.len();
    match progress.state {
        StepState::Failed if (1..KEPT_TRIES).contains(&told) => told,
        _ => progress.attempts as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plan::{FORMAT, Plan};
    use domain::{Code, Millis, Scope};
    use serde_json::json;

    fn run(state: State, steps: &[StepState]) -> Run {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let mut run = Run::new("r".into(), Plan { format: FORMAT, title: "x".into(), scope, steps: vec![] });
        run.state = state;
        run.steps = steps.iter().map(|s| Progress { state: *s, ..Progress::default() }).collect();
        run
    }

    #[test]
    fn how_far_a_run_is_counts_what_it_is_at() {
        use StepState::{Failed, Left, Made, Stuck, Undone, Waiting};
        assert_eq!(far(&run(State::Applying, &[Made, Waiting, Waiting])), "Applying 1 of 3");
        assert_eq!(far(&run(State::Undoing, &[Made, Undone, Failed, Waiting])), "Undoing 1 of 2");
        assert_eq!(far(&run(State::Stuck, &[Stuck, Undone])), "Stuck");
        assert!(explains(&run(State::Stuck, &[Stuck, Undone])).starts_with("1 step "));
        assert_eq!(explains(&run(State::Undone, &[Waiting])), "Nothing was made.");
        assert!(explains(&run(State::Undone, &[Left, Undone])).contains("but for"));
    }

    #[test]
    fn a_copy_that_was_taken_back_says_what_of_it_may_be_left() {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let input = json!({ "source": "docker.io/library/nginx@sha256:a", "repositoryName": "shop/web", "imageTag": "1", "imageDigest": "sha256:a" });
        let call = json!({ "service": "ecr", "operation": "CopyImage", "input": input });
        let mut by_digest = call.clone();
        by_digest["input"]["imageTag"] = json!("");
        let by_digest = serde_json::from_value(by_digest).unwrap();
        let step = json!({ "id": "copy", "says": "Copy", "scope": scope, "call": call, "effect": "create", "depends_on": [], "undo": { "never": "it is a test" } });
        let mut copy = run(State::Undone, &[StepState::Undone]);
        copy.plan.steps = vec![serde_json::from_value(step).unwrap()];
        assert!(explains(&copy).contains("Nothing of it is left"), "it was never begun");
        copy.steps[0].attempts = 1;
        assert!(explains(&copy).contains("Nothing of it is left"), "only the tag was put, on an image that was there");
        copy.plan.format = BY_MANIFEST - 1;
        assert!(explains(&copy).contains("may be left without a tag"));
        copy.plan.format = BY_MANIFEST;
        copy.plan.steps[0].call = by_digest;
        assert!(explains(&copy).contains("Layers that arrived may stay"));
    }

    #[test]
    fn what_was_cancelled_is_no_trouble_until_something_of_it_is_stuck() {
        let mut cancelled = run(State::Undone, &[StepState::Failed]);
        let problem = Some(Problem::cancelled("Nothing was tagged."));
        (cancelled.cancelled, cancelled.problem, cancelled.steps[0].problem) = (true, problem.clone(), problem);
        assert!(is_called_off(&cancelled));
        assert_eq!(step(&cancelled.steps[0], true).0, Tone::Quiet);
        cancelled.state = State::Stuck;
        assert!(!is_called_off(&cancelled));
        // It failed by itself at the moment at which somebody cancelled.
        cancelled.state = State::Undone;
        let failed = Some(Problem::new(Code::AwsDenied, "Access denied", "No."));
        (cancelled.problem, cancelled.steps[0].problem) = (failed.clone(), failed);
        assert!(!is_called_off(&cancelled));
        assert_eq!(step(&cancelled.steps[0], true).0, Tone::Bad);
    }

    #[test]
    fn a_step_refused_at_once_was_tried_once() {
        let mut progress = Progress { state: StepState::Failed, attempts: 6, ..Progress::default() };
        assert_eq!(tried(&progress), 6, "of a journal without reasons");
        progress.try_failed(Millis(1), &Problem::new(Code::AwsRejected, "AWS refused", "No."));
        assert_eq!(tried(&progress), 1);
        (progress.state, progress.attempts) = (StepState::Made, 2);
        assert_eq!(tried(&progress), 2);
    }
}
