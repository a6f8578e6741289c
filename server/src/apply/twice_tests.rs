//! A plan of each form there is, step by step: each step and each undo tried twice, each refused in turn. Judged by a listing of the cloud.
//! The plans are those of `twice_cases.rs`, where each form has one; what has a step that cannot be taken back says so there, and is left out
//! where undos are tried.

#[path = "twice_cases.rs"]
mod cases;
#[path = "late_tests.rs"]
mod late;
#[path = "twins_tests.rs"]
mod twins;

use super::*;
use cases::{Case, cases, cloud};
use domain::Millis;
use domain::plan::{Plan, Step, Undo};

struct Twice {
    world: World,
    runs: u32,
}

/// A run that has begun.
struct Begun {
    id: String,
    plan: Plan,
    /// What there was.
    before: String,
}

impl Twice {
    async fn new() -> Self {
        Self { world: World::new(|_, _| None).await, runs: 0 }
    }

    /// Begins a run of these answers in a cloud of its own.
    async fn begin(
        &mut self,
        case: &Case,
        faults: impl FnMut(usize, &domain::plan::Call) -> Option<Fault> + Send + 'static,
    ) -> Begun {
        self.runs += 1;
        self.world.cloud = Arc::new(cloud(faults));
        let id = format!("run-{}", self.runs);
        let (answers, plan) = case.plan().await;
        let run = Run::new(id.clone(), plan.clone());
        let stored = Stored { run, answers, person: None, by: "ada".into(), role: None, made: now(), ended: None };
        self.world.test.store.begin_run(&stored, &entry()).await.unwrap();
        Begun { id, plan, before: self.world.cloud.listing() }
    }

    /// What there is, without the run's id.
    fn listing(&self, begun: &Begun) -> String {
        self.world.cloud.listing().replace(&begun.id, "RUN")
    }
}

/// Those that can be taken back whole.
fn reversible() -> Vec<Case> {
    cases().into_iter().filter(Case::can_go_back).collect()
}

/// The steps of a plan whose undos are sent, in that order. An image that was put goes with its only tag: its own undo finds it gone.
fn undos(plan: &Plan) -> Vec<usize> {
    let input = |step: &Step, name: &str| step.call.input().get(name).cloned();
    let goes = |n: usize| {
        let image = input(&plan.steps[n], "imageDigest");
        let tags = |later: &Step| later.before.is_none() && input(later, "imageTag").is_some();
        let own = |later: &Step| tags(later) && input(later, "imageDigest") == image;
        input(&plan.steps[n], "imageTag").is_none() && plan.steps[n + 1..].iter().any(own)
    };
    (0..plan.steps.len()).rev().filter(|n| !goes(*n)).collect()
}

#[tokio::test]
async fn every_step_tried_twice_makes_the_same_as_once() {
    let mut twice = Twice::new().await;
    for case in cases() {
        let begun = twice.begin(&case, |_, _| None).await;
        let run = twice.world.rests(&begun.id).await;
        assert_eq!(run.state, State::Applied, "{case:?}: {run:#?}");
        let made = twice.listing(&begun);
        assert_ne!(made, begun.before, "{case:?}");
        for n in 0..begun.plan.steps.len() {
            for (fault, sent) in
                [(Fault::LostAfter, 0), (Fault::HangsAfter, 0), (Fault::LostBefore, 1), (Fault::Throttled, 1)]
            {
                // A copy may be silent for long, and is waited for.
                if fault == Fault::HangsAfter && begun.plan.steps[n].call.is_long() {
                    continue;
                }
                let begun = twice.begin(&case, move |number, _| (number == n).then_some(fault)).await;
                let run = twice.world.rests(&begun.id).await;
                let what = format!("{fault:?} at step {n} of {case:?}: {run:#?}");
                assert_eq!(
                    (run.state, states(&run)),
                    (State::Applied, vec![StepState::Made; run.steps.len()]),
                    "{what}"
                );
                assert_eq!(twice.listing(&begun), made, "{what}");
                // What was made is not sent again.
                assert_eq!(twice.world.cloud.calls().len(), begun.plan.steps.len() + sent, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn each_step_is_found_by_the_arn_of_what_it_writes_and_not_of_what_that_uses() {
    let mut twice = Twice::new().await;
    for case in cases() {
        let begun = twice.begin(&case, |_, _| None).await;
        let run = twice.world.rests(&begun.id).await;
        for (n, step) in begun.plan.steps.iter().enumerate() {
            let input = step.call.input();
            let repository = input["repositoryName"].as_str();
            // Tags are put on ARNs; those of public repositories have no region.
            let wanted = match (step.call.service(), step.call.operation()) {
                (_, "TagResource" | "UntagResource") => input["resourceArn"].as_str().map(str::to_owned),
                ("ecr", _) => repository.map(|name| format!("arn:aws:ecr:eu-west-1:111122223333:repository/{name}")),
                ("ecr-public", _) => {
                    repository.map(|name| format!("arn:aws:ecr-public::111122223333:repository/{name}"))
                }
                ("lambda", _) => Some("arn:aws:lambda:eu-west-1:111122223333:function:resize".into()),
                ("ecs", "UpdateService") => Some("arn:aws:ecs:eu-west-1:111122223333:service/prod/web".into()),
                ("ecs", _) => Some("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:13".into()),
                ("kms", "CreateAlias") => {
                    input["AliasName"].as_str().map(|alias| format!("arn:aws:kms:eu-west-1:111122223333:{alias}"))
                }
                ("kms", _) => run.steps[n].after.as_ref().and_then(|key| Some(key["Arn"].as_str()?.to_owned())),
                (service, operation) => panic!("{service} {operation}"),
            };
            assert_eq!(run.arn(n, "ada"), wanted, "step {n} of {case:?}: {run:#?}");
        }
    }
}

#[tokio::test]
async fn whichever_step_of_whichever_plan_is_refused_nothing_is_left() {
    let mut twice = Twice::new().await;
    for case in cases() {
        let steps = case.plan().await.1.steps.len();
        for (n, fault) in (0..steps).flat_map(|n| [(n, Fault::Denied), (n, Fault::Refused)]) {
            let begun = twice.begin(&case, move |number, _| (number == n).then_some(fault)).await;
            let run = twice.world.rests(&begun.id).await;
            assert_eq!((run.state, run.steps[n].state), (State::Undone, StepState::Failed), "{case:?}: {run:#?}");
            assert_eq!(run.problem, run.steps[n].problem, "{case:?}");
            // What cannot be taken back stays, and its step says so.
            let left = run.steps.iter().any(|step| step.state == StepState::Left);
            let never = begun.plan.steps[..n].iter().any(|step| matches!(step.undo, Undo::Never(_)));
            assert_eq!(left, never, "{case:?}");
            assert!(left || twice.world.cloud.listing() == begun.before, "step {n} of {case:?}: {run:#?}");
        }
    }
}

#[tokio::test]
async fn every_undo_tried_twice_takes_back_the_same_as_once() {
    let mut twice = Twice::new().await;
    for case in reversible() {
        let steps = case.plan().await.1.steps.len();
        for n in 0..steps {
            for fault in [Fault::LostAfter, Fault::HangsAfter, Fault::LostBefore, Fault::Throttled] {
                let begun = twice.begin(&case, move |number, _| (number == steps + n).then_some(fault)).await;
                assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
                assert!(twice.world.test.store.cancel_run(&begun.id, &entry()).await.unwrap());
                let run = twice.world.rests(&begun.id).await;
                let what = format!("{fault:?} at undo {n} of {case:?}: {run:#?}");
                assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone; steps]), "{what}");
                assert_eq!(twice.world.cloud.listing(), begun.before, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn an_undo_that_was_made_and_not_written_down_is_made_again_without_harm() {
    let mut twice = Twice::new().await;
    for case in reversible() {
        let begun = twice.begin(&case, |_, _| None).await;
        assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
        let store = &twice.world.test.store;
        assert!(store.cancel_run(&begun.id, &entry()).await.unwrap());
        let lease = store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
        let engine = twice.world.engine();
        for n in (0..begun.plan.steps.len()).rev() {
            let stored = store.run(&begun.id).await.unwrap().unwrap();
            engine.take_back(&lease, &stored, n).await.unwrap();
            let (once, calls) = (twice.world.cloud.listing(), twice.world.cloud.calls().len());
            // The same journal again: its end was never written.
            engine.take_back(&lease, &stored, n).await.unwrap();
            assert_eq!((twice.world.cloud.listing(), twice.world.cloud.calls().len()), (once, calls), "{case:?}");
            let progress = store.run(&begun.id).await.unwrap().unwrap().run.steps[n].clone();
            assert_eq!(progress.state, StepState::Undone, "undo {n} of {case:?}: {progress:#?}");
        }
        assert_eq!(twice.world.cloud.listing(), begun.before, "{case:?}");
        store.release_run(&lease).await.unwrap();
        assert_eq!(twice.world.rests(&begun.id).await.state, State::Undone);
    }
}

#[tokio::test]
async fn an_undo_that_is_refused_in_turn_is_stuck_alone_and_can_be_tried_again() {
    let mut twice = Twice::new().await;
    for case in reversible() {
        let plan = case.plan().await.1;
        let (steps, undos) = (plan.steps.len(), undos(&plan));
        for (n, step) in undos.iter().enumerate() {
            let begun = twice.begin(&case, move |number, _| (number == steps + n).then_some(Fault::Denied)).await;
            assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
            let store = &twice.world.test.store;
            assert!(store.cancel_run(&begun.id, &entry()).await.unwrap());
            let run = twice.world.rests(&begun.id).await;
            let stuck: Vec<usize> = run.stuck().collect();
            // What went with what it belonged to is not stuck.
            let gone = case.wizard == "create-repository" && plan.steps[*step].depends_on == ["repository"];
            let expected = if gone { vec![] } else { vec![*step] };
            assert_eq!((run.state == State::Stuck, stuck.clone()), (!gone, expected), "{case:?}: {run:#?}");
            for n in stuck {
                assert!(store.decide_step(&begun.id, n, None, &entry()).await.unwrap());
            }
            assert_eq!(twice.world.rests(&begun.id).await.state, State::Undone);
            assert_eq!(twice.world.cloud.listing(), begun.before, "{case:?}");
        }
    }
}
