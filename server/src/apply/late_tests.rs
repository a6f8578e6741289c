//! What KMS shows late: for a while it may not know a key or an alias that it has just created.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency>

use super::*;
use domain::kms::calls::{Call as Kms, DeleteAlias};
use domain::plan::Call;

/// A new repository with a key of its own.
async fn case() -> Case {
    for case in cases() {
        let calls: Vec<String> = case.plan().await.1.steps.iter().map(|step| step.call.name()).collect();
        if calls == ["kms:CreateKey", "kms:CreateAlias", "ecr:CreateRepository"] {
            return case;
        }
    }
    panic!("no case has a key of its own");
}

#[tokio::test]
async fn what_was_just_created_and_is_not_known_everywhere_is_referred_to_again() {
    let (mut twice, case) = (Twice::new().await, case().await);
    // The alias twice, and the repository twice.
    let begun = twice.begin(&case, |number, _| matches!(number, 1 | 2 | 4 | 5).then_some(Fault::Unknown)).await;
    let run = twice.world.rests(&begun.id).await;
    assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made; 3]), "{run:#?}");
    assert_eq!(twice.world.cloud.calls().len(), 7);
}

#[tokio::test]
async fn what_does_not_become_known_is_given_up_and_what_refers_to_nothing_new_at_once() {
    let (mut twice, case) = (Twice::new().await, case().await);
    for (operation, n, tries) in [("CreateAlias", 1, PATIENCE.tries as usize), ("CreateKey", 0, 1)] {
        let begun = twice.begin(&case, move |_, call| (call.operation() == operation).then_some(Fault::Unknown)).await;
        let run = twice.world.rests(&begun.id).await;
        assert_eq!((run.state, run.steps[n].state), (State::Undone, StepState::Failed), "{run:#?}");
        assert_eq!(run.steps[n].problem.as_ref().map(|problem| problem.code), Some(Code::NotFound));
        let sent = twice.world.cloud.calls().iter().filter(|call| call.ends_with(operation)).count();
        assert_eq!((sent, twice.world.cloud.listing()), (tries, begun.before), "{run:#?}");
    }
}

/// Has the plan applied and taken back.
async fn taken_back(twice: &Twice, begun: &Begun) -> Run {
    assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
    assert!(twice.world.test.store.cancel_run(&begun.id, &entry()).await.unwrap());
    twice.world.rests(&begun.id).await
}

#[tokio::test]
async fn what_is_not_shown_for_a_while_is_taken_back_all_the_same() {
    let (mut twice, case) = (Twice::new().await, case().await);
    // The alias is looked for after the repository went, and the key after the alias.
    for (operation, fault) in [
        ("DeleteRepository", Fault::Hides(3)),
        ("DeleteAlias", Fault::Hides(3)),
        ("DeleteAlias", Fault::Unknown),
        ("ScheduleKeyDeletion", Fault::Unknown),
    ] {
        let mut once = true;
        let begun = twice
            .begin(&case, move |_, call| (call.operation() == operation && std::mem::take(&mut once)).then_some(fault))
            .await;
        let run = taken_back(&twice, &begun).await;
        let what = format!("{fault:?} of {operation}: {run:#?}");
        assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone; 3]), "{what}");
        assert_eq!(twice.world.cloud.listing(), begun.before, "{what}");
    }
}

#[tokio::test]
async fn what_somebody_else_deleted_is_gone_once_it_stays_away() {
    let (mut twice, case) = (Twice::new().await, case().await);
    let begun = twice.begin(&case, |_, _| None).await;
    assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
    let Call::Kms(Kms::CreateAlias(alias)) = &begun.plan.steps[1].call else { panic!("{:?}", begun.plan) };
    let theirs = DeleteAlias { alias_name: alias.alias_name.clone() };
    twice.world.cloud.elsewhere(&Call::Kms(Kms::DeleteAlias(theirs)));
    assert!(twice.world.test.store.cancel_run(&begun.id, &entry()).await.unwrap());
    let run = twice.world.rests(&begun.id).await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone; 3]), "{run:#?}");
    assert!(!twice.world.cloud.calls().contains(&"kms:DeleteAlias".to_owned()));
    assert_eq!(twice.world.cloud.listing(), begun.before);
}
