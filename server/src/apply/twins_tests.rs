//! What AWS names is there once when a run ends, also where a call whose answer was lost arrives after it was sent again.

use super::*;
use crate::apply::Cloud;
use domain::plan::{Call, Made};
use std::sync::atomic::AtomicBool;

/// The cases whose first step makes what AWS names.
async fn named() -> Vec<Case> {
    let mut named = vec![];
    for case in cases() {
        if case.plan().await.1.steps[0].call.named_at().is_some() {
            named.push(case);
        }
    }
    assert_eq!(named.len(), 3, "{named:?}");
    named
}

fn takes_back(call: &Call) -> bool {
    matches!(call.operation(), "ScheduleKeyDeletion" | "DeregisterTaskDefinition")
}

/// What there is, whichever of two it is.
fn one_or_other(listing: &str) -> String {
    listing.replace("key-2", "key-1").replace("web:14", "web:13")
}

#[tokio::test]
async fn of_what_aws_made_twice_one_is_kept_and_none_after_the_undo() {
    let mut twice = Twice::new().await;
    for case in named().await {
        let begun = twice.begin(&case, |_, _| None).await;
        twice.world.rests(&begun.id).await;
        let made = one_or_other(&twice.listing(&begun));
        // The first try arrives while the second is looked at, or after that.
        for readings in [1, 2] {
            let begun = twice.begin(&case, move |number, _| (number == 0).then_some(Fault::LateBy(readings))).await;
            let run = twice.world.rests(&begun.id).await;
            let what = format!("{readings} of {case:?}: {run:#?}");
            assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made; run.steps.len()]), "{what}");
            assert_eq!(one_or_other(&twice.listing(&begun)), made, "{what}");
            // What was taken back is not what the journal names, and the page says so.
            let note = run.steps[0].note.as_deref().unwrap_or_default();
            let named = run.plan.steps[0].call.named_at().unwrap();
            let kept = run.steps[0].after.as_ref().unwrap()[named].as_str().unwrap();
            assert!(readings < 2 || note.contains("more than once"), "{what}");
            assert!(!note.contains(kept), "{what}");

            assert!(twice.world.test.store.cancel_run(&begun.id, &entry()).await.unwrap());
            let run = twice.world.rests(&begun.id).await;
            assert_eq!((run.state, twice.world.cloud.listing()), (State::Undone, begun.before), "{run:#?}");
        }
    }
}

#[tokio::test]
async fn what_aws_does_not_show_yet_is_not_taken_for_what_somebody_else_made() {
    let mut twice = Twice::new().await;
    for case in named().await {
        let begun = twice.begin(&case, |number, _| (number == 0).then_some(Fault::Unseen(PATIENCE.tries))).await;
        let run = twice.world.rests(&begun.id).await;
        if run.steps.len() == 1 {
            assert_eq!((run.state, twice.world.cloud.calls().len()), (State::Applied, 1), "{run:#?}");
            assert_eq!(alive(&twice, &run).await, [run.steps[0].after.clone().unwrap()], "{run:#?}");
        } else {
            // Nothing is sent with a name that nobody knows.
            assert_eq!((run.state, run.steps[1].state), (State::Undone, StepState::Failed), "{run:#?}");
            assert_eq!((run.steps[1].attempts, run.steps[0].state), (0, StepState::Undone), "{run:#?}");
            assert_eq!(twice.world.cloud.listing(), begun.before, "{run:#?}");
        }
    }
}

#[tokio::test]
async fn what_shows_after_all_else_was_taken_back_is_taken_back_too() {
    let mut twice = Twice::new().await;
    for case in named().await {
        let begun = twice
            .begin(&case, |number, _| match number {
                0 => Some(Fault::LateBy(3)),
                1 => Some(Fault::Denied),
                _ => None,
            })
            .await;
        let run = twice.world.rests(&begun.id).await;
        assert_eq!((run.state, run.steps[0].state), (State::Undone, StepState::Undone), "{run:#?}");
        assert_eq!(twice.world.cloud.listing(), begun.before, "{run:#?}");
    }
}

#[tokio::test]
async fn a_second_one_that_cannot_be_taken_back_is_stuck_by_its_name() {
    let mut twice = Twice::new().await;
    for case in named().await {
        let denied = Arc::new(AtomicBool::new(true));
        let still = denied.clone();
        let begun = twice
            .begin(&case, move |number, call| match number {
                0 => Some(Fault::LateBy(2)),
                _ => (takes_back(call) && still.load(Ordering::Relaxed)).then_some(Fault::Denied),
            })
            .await;
        let run = twice.world.rests(&begun.id).await;
        assert_eq!((run.state, run.stuck().collect::<Vec<_>>()), (State::Stuck, vec![0]), "{run:#?}");
        let (first, problem) = (&run.steps[0], run.steps[0].problem.as_ref().unwrap());
        let named = first.after.as_ref().unwrap()[run.plan.steps[0].call.named_at().unwrap()].as_str().unwrap();
        let other = if named.ends_with("key-1") || named.ends_with("web:13") {
            ["key-2", "web:14"]
        } else {
            ["key-1", "web:13"]
        };
        assert!(other.iter().any(|name| problem.message.contains(&format!("{name} could not"))), "{run:#?}");
        assert_eq!(problem.code, Code::AwsDenied);

        denied.store(false, Ordering::Relaxed);
        let store = &twice.world.test.store;
        assert!(store.decide_step(&begun.id, 0, None, &entry()).await.unwrap());
        let run = twice.world.rests(&begun.id).await;
        assert_eq!((run.state, twice.world.cloud.listing()), (State::Undone, begun.before), "{run:#?}");
    }
}

#[tokio::test]
async fn a_second_one_that_a_person_leaves_stays() {
    let mut twice = Twice::new().await;
    for case in named().await {
        // The first that is taken back is the one too many: it alone cannot be.
        let mut second: Option<serde_json::Value> = None;
        let begun = twice
            .begin(&case, move |number, call| match number {
                0 => Some(Fault::LateBy(2)),
                _ if takes_back(call) => {
                    let input = call.input();
                    (*second.get_or_insert(input.clone()) == input).then_some(Fault::Denied)
                }
                _ => None,
            })
            .await;
        let run = twice.world.rests(&begun.id).await;
        assert_eq!((run.state, run.stuck().collect::<Vec<_>>()), (State::Stuck, vec![0]), "{run:#?}");
        let store = &twice.world.test.store;
        assert!(store.decide_step(&begun.id, 0, Some("left by ada"), &entry()).await.unwrap());
        let run = twice.world.rests(&begun.id).await;
        assert_eq!((run.state, run.steps[0].state), (State::Undone, StepState::Left), "{run:#?}");
        assert_ne!(twice.world.cloud.listing(), begun.before);
    }
}

/// How many there are of what a run's first step makes, and are not taken back.
async fn alive(twice: &Twice, run: &Run) -> Vec<serde_json::Value> {
    let step = &run.plan.steps[0];
    let call = step.call.resolved(&run.known("ada")).unwrap();
    let Undo::Call(undo) = &step.undo else { panic!("{step:?}") };
    let all = twice.world.cloud.all_made(&step.scope, &call, &(Millis(0)..=Millis(i64::MAX))).await.unwrap();
    all.into_iter().filter(|one| undo.made(Some(one)) != Made::Yes).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_kills_what_aws_names_is_there_once_or_not_at_all() {
    let mut twice = Twice::new().await;
    for (seed, case) in
        (1..=3_u64).zip(named().await).flat_map(|(seed, case)| [(2 * seed, case.clone()), (2 * seed + 1, case)])
    {
        let next = |dice: &AtomicU64, one_in: u64| {
            let step = |s: u64| Some(s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
            let old = dice.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap_or_default();
            (old >> 33).is_multiple_of(one_in)
        };
        let dice = AtomicU64::new(seed);
        // Whoever changes what there is would be undone by a call that arrives late, whatever is done: these are lost otherwise.
        let begun = twice
            .begin(&case, move |_, call| match call.named_at() {
                Some(_) if next(&dice, 2) => Some(Fault::Late),
                _ if next(&dice, 6) => Some(if next(&dice, 2) { Fault::LostAfter } else { Fault::LostBefore }),
                _ => None,
            })
            .await;
        let dice = AtomicU64::new(seed * 31);
        let (_never, running) = watch::channel(false);
        let (mut server, mut kills) = (tokio::spawn(twice.world.mortal().run(running.clone())), 0);
        while twice.world.run(&begun.id).await.state.is_live() {
            tokio::time::sleep(Duration::from_millis(if next(&dice, 2) { 7 } else { 40 })).await;
            if kills < 6 && next(&dice, 3) {
                server.abort();
                server = tokio::spawn(twice.world.mortal().run(running.clone()));
                kills += 1;
            }
            if seed % 2 == 1 && kills == 3 {
                let _ = twice.world.test.store.cancel_run(&begun.id, &entry()).await;
            }
        }
        server.abort();
        let run = twice.world.run(&begun.id).await;
        let there = alive(&twice, &run).await;
        match run.state {
            State::Applied => assert_eq!(there, [run.steps[0].after.clone().unwrap()], "seed {seed}: {run:#?}"),
            State::Undone => {
                assert_eq!(there.len(), 0, "seed {seed}: {run:#?}");
                assert_eq!(twice.world.cloud.listing(), begun.before, "seed {seed}: {run:#?}");
            }
            other => panic!("seed {seed} ends as {other:?}: {run:#?}"),
        }
    }
}
