//! Credentials that run out in the middle of a run.

use super::super::{Cloud, Course};
use super::*;
use domain::Problem;
use domain::plan::{Call, Plan, Subject};
use serde_json::Value;

#[tokio::test]
async fn credentials_that_run_out_are_waited_for_on_the_way_there_and_back() {
    // The second step, and then the first undo.
    for expires in [1, 3] {
        let world = World::new(move |number, _| (number == expires).then_some(Fault::Expired(3))).await;
        let before = world.cloud.listing();
        world.begin("shop").await;
        let run = world.rests("shop").await;
        assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made; 3]), "{run:#?}");
        assert!(world.test.store.cancel_run("shop", &entry()).await.unwrap());
        let run = world.rests("shop").await;
        assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone; 3]), "{run:#?}");
        assert_eq!((world.cloud.listing(), world.cloud.calls().len()), (before, 7));
        let tries: Vec<_> = run.steps.iter().flat_map(|step| &step.tries).map(|one| one.title.as_str()).collect();
        assert_eq!(tries, ["Credentials expired"]);
    }
}

#[tokio::test]
async fn credentials_that_do_not_come_back_are_waited_for_so_long_and_then_a_person_decides() {
    let world = World::new(|number, _| (number == 2).then_some(Fault::Expired(u32::MAX))).await;
    world.begin("shop").await;
    let patience = Patience { credentials: Duration::from_millis(300), ..PATIENCE };
    let run = world.rests_by(world.engine_with(patience), "shop").await;
    assert_eq!((run.state, states(&run)), (State::Stuck, vec![StepState::Stuck; 3]), "{run:#?}");
    assert!(run.steps.iter().all(|step| step.problem.as_ref().is_some_and(|p| p.code == Code::AwsCredentials)));
    // Waited for once: each of the others is looked at when it is its turn, and all once more at the end.
    let once = (patience.credentials.as_millis() / patience.longest_pause.as_millis()) as u32 + 1;
    assert!(world.cloud.refused() <= once + 10, "{}", world.cloud.refused());
}

#[tokio::test]
async fn a_persons_credentials_are_waited_for_longer_than_a_call_is_tried() {
    // Those that read hold. The second step, and then the first undo.
    let more = 2 * PATIENCE.tries as usize;
    let gone = [1..1 + more, 3 + more..3 + 2 * more];
    let world =
        World::new(move |number, _| gone.iter().any(|some| some.contains(&number)).then_some(Fault::Expired(0))).await;
    let before = world.cloud.listing();
    world.begin("shop").await;
    let run = world.rests("shop").await;
    assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made; 3]), "{run:#?}");
    assert!(world.test.store.cancel_run("shop", &entry()).await.unwrap());
    let run = world.rests("shop").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone; 3]), "{run:#?}");
    assert_eq!((world.cloud.listing(), world.cloud.calls().len()), (before, 6 + 2 * more));
    // Said once, and not as often as it was tried.
    let tries = run.steps.iter().map(|step| step.tries.iter().map(|one| one.title.as_str()).collect::<Vec<_>>());
    assert_eq!(tries.collect::<Vec<_>>(), [vec![], vec!["Credentials expired"], vec!["Credentials expired"]]);
}

#[tokio::test]
async fn a_persons_credentials_that_do_not_come_back_are_waited_for_once_on_each_way() {
    let world = World::new(|number, _| (number >= 2).then_some(Fault::Expired(0))).await;
    world.begin("shop").await;
    let patience = Patience { credentials: Duration::from_millis(200), ..PATIENCE };
    let run = world.rests_by(world.engine_with(patience), "shop").await;
    let expected = [StepState::Stuck, StepState::Stuck, StepState::Failed];
    assert_eq!((run.state, states(&run).as_slice()), (State::Stuck, expected.as_slice()), "{run:#?}");
    assert!(run.steps.iter().all(|step| step.problem.as_ref().is_some_and(|p| p.code == Code::AwsCredentials)));
    // The first undo waited in vain: the others are tried, and not waited for.
    let deletions = world.cloud.calls().iter().filter(|call| *call == "ecr:DeleteRepository").count();
    assert_eq!(deletions, 1);
}

#[tokio::test]
async fn whoever_cancels_need_not_wait_for_a_persons_credentials() {
    let world = World::new(|_, _| Some(Fault::Expired(0))).await;
    let before = world.cloud.listing();
    world.begin("shop").await;
    let patience = Patience { credentials: Duration::from_secs(3_600), ..PATIENCE };
    let (_never, running) = watch::channel(false);
    let driving = tokio::spawn(world.engine_with(patience).run(running));
    while world.run("shop").await.steps[0].problem.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(world.test.store.cancel_run("shop", &entry()).await.unwrap());
    while world.run("shop").await.state.is_live() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((world.run("shop").await.state, world.cloud.listing()), (State::Undone, before));
    driving.abort();
}

#[tokio::test]
async fn credentials_that_are_away_keep_nobody_who_cancels_waiting() {
    // Whether the first call was made is not known, and is read until they are back.
    let world = World::new(|number, _| (number == 0).then_some(Fault::Expired(u32::MAX))).await;
    world.begin("shop").await;
    let patience = Patience { credentials: Duration::from_secs(3_600), ..PATIENCE };
    let (_never, running) = watch::channel(false);
    let driving = tokio::spawn(world.engine_with(patience).run(running));
    while world.run("shop").await.steps[0].problem.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(world.test.store.cancel_run("shop", &entry()).await.unwrap());
    while world.run("shop").await.state == State::Applying {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let run = world.run("shop").await;
    assert_eq!((run.state, run.steps[0].state), (State::Undoing, StepState::Begun), "the way back finds it out");
    driving.abort();
}

/// A server that was not lent what the plan needs.
struct Lacking(Arc<Fake>);

#[async_trait::async_trait]
impl Cloud for Lacking {
    async fn make(&self, scope: &Scope, call: &Call, course: &Course) -> Result<Option<String>, Problem> {
        self.0.make(scope, call, course).await
    }
    async fn read(&self, scope: &Scope, subject: &Subject) -> Result<Option<Value>, Problem> {
        self.0.read(scope, subject).await
    }
    fn lacks(&self, _: &Plan) -> bool {
        true
    }
}

#[tokio::test]
async fn a_run_is_left_to_the_server_that_was_lent_the_password() {
    let world = World::new(|_, _| None).await;
    world.begin("shop").await;
    let server = |lent| {
        let patience = Patience { lent, ..PATIENCE };
        Arc::new(Engine::new(world.test.store.clone(), Arc::new(Lacking(world.cloud.clone())), patience))
    };
    let (other, (_never, running)) = (server(Duration::from_secs(3_600)), watch::channel(false));
    let driving = tokio::spawn(other.clone().run(running));
    while other.places.put_off(now()).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((world.run("shop").await.state, world.cloud.calls().len()), (State::Checking, 0));
    assert_eq!(world.rests("shop").await.state, State::Applied);
    driving.abort();
    // One that nobody takes in time is taken by whoever is there.
    world.begin("late").await;
    let (_never, running) = watch::channel(false);
    let driving = tokio::spawn(server(Duration::ZERO).run(running));
    while world.run("late").await.state.is_live() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    driving.abort();
}
