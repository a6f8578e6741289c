//! Servers and their leases: who lost one, was stopped past it, waited past it, or is told to stop, sends and writes nothing any more.

use super::*;
use crate::apply::held::Moment;
use gantry_store::runs::Lease;

#[tokio::test]
async fn a_server_that_lost_its_lease_cannot_write() {
    let world = World::new(|_, _| None).await;
    world.begin("shop").await;
    let store = &world.test.store;
    let lease = async |owner| store.lease_run(owner, Duration::from_secs(60), &[]).await.unwrap();
    let first = lease("a").await.unwrap();
    assert_eq!(lease("b").await, None);
    world.test.run_out("shop").await;
    let second = lease("b").await.unwrap();
    assert_eq!(second, Lease { run: "shop".into(), fence: first.fence + 1 });
    let step = world.run("shop").await.steps[0].clone();
    let refused = store.journal(&first, 0, &step, None).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert_eq!(store.extend_run(&first, Duration::from_secs(60)).await.unwrap_err().code, Code::Conflict);
    store.journal(&second, 0, &step, None).await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_stopped_past_its_lease_sends_nothing_any_more() {
    let world = World::new(|_, _| None).await;
    world.begin("shop").await;
    let store = &world.test.store;
    let lease = store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    store.run_becomes(&lease, State::Applying, None, now(), None).await.unwrap();
    let engine = world.engine();
    // It was away between its intent and its call: by the database's word the lease is still its own.
    engine.holds(&lease, Moment::now() - PATIENCE.lease);
    assert_eq!(engine.drive(&lease).await.unwrap_err().title, "The lease has run out");
    assert!(world.cloud.calls().is_empty());
    assert_eq!(world.run("shop").await.steps[0].state, StepState::Begun);
    store.release_run(&lease).await.unwrap();
    // Whoever takes it finds out that nothing was made, and makes it.
    assert_eq!(world.rests("shop").await.state, State::Applied);
    assert_eq!(world.cloud.calls().len(), 3);
}

#[tokio::test]
async fn a_server_that_took_its_run_again_sends_nothing_under_the_lease_before() {
    let world = World::new(|_, _| None).await;
    world.begin("shop").await;
    let store = &world.test.store;
    let lease = async || store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    let first = lease().await;
    world.test.run_out("shop").await;
    let second = lease().await;
    let (engine, now) = (world.engine(), Moment::now());
    engine.holds(&first, now - PATIENCE.lease);
    engine.holds(&second, now + Duration::from_secs(60));
    assert_eq!(engine.still_holds(&first).unwrap_err().title, "The lease has run out");
    // Whoever drove it before ends: that is no word about the lease after.
    engine.held.no_more(&first);
    engine.still_holds(&second).unwrap();
    engine.holds(&second, now - PATIENCE.lease);
    assert_eq!(engine.still_holds(&second).unwrap_err().title, "The lease has run out");
}

#[tokio::test]
async fn a_call_that_waited_past_the_lease_is_not_sent_and_nothing_is_written_of_it() {
    for undo in [false, true] {
        let mut away = true;
        let world = World::new(move |_, call| {
            let now = if undo { "DeleteRepositoryPolicy" } else { "PutLifecyclePolicy" };
            (call.operation() == now && std::mem::take(&mut away)).then_some(Fault::Away)
        })
        .await;
        world.begin("shop").await;
        if undo {
            world.rests("shop").await;
            assert!(world.test.store.cancel_run("shop", &entry()).await.unwrap());
        }
        let store = &world.test.store;
        let lease = store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
        let engine = world.engine();
        engine.holds(&lease, Moment::now() + Duration::from_secs(60));
        assert_eq!(engine.drive(&lease).await.unwrap_err().title, "The lease has run out");
        // As before it was sent: whoever goes on reads first.
        let run = world.run("shop").await;
        let (n, state) = if undo { (2, StepState::Undoing) } else { (1, StepState::Begun) };
        assert_eq!((run.steps[n].state, &run.steps[n].problem), (state, &None), "{run:#?}");
        let listing = world.cloud.listing();
        assert_eq!((listing.contains("rulePriority"), listing.contains("BatchGetImage")), (undo, undo), "{listing}");
        store.release_run(&lease).await.unwrap();
        assert_eq!(world.rests("shop").await.state, if undo { State::Undone } else { State::Applied });
    }
}

#[tokio::test]
async fn a_server_told_to_stop_ends_the_call_under_way_and_begins_no_other() {
    let world = World::new(|_, _| None).await;
    world.begin("shop").await;
    let (stop, stopped) = watch::channel(false);
    let driving = tokio::spawn(world.engine().run(stopped));
    while world.cloud.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    driving.await.unwrap();
    // Its outcome is written, and the lease given back: the next need not wait.
    assert_eq!(states(&world.run("shop").await), [StepState::Made, StepState::Waiting, StepState::Waiting]);
    assert!(world.test.store.lease_run("next", Duration::from_secs(1), &[]).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_told_to_stop_whose_call_does_not_end_keeps_the_lease_until_it_runs_out() {
    let world = World::new(|_, call| call.is_long().then_some(Fault::Endless)).await;
    long::begin(&world).await;
    let (stop, stopped) = watch::channel(false);
    let patience = Patience { grace: Duration::from_millis(100), ..PATIENCE };
    let driving = tokio::spawn(world.engine_with(patience).run(stopped));
    while world.cloud.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    driving.await.unwrap();
    assert_eq!(states(&world.run("copy").await), [StepState::Begun, StepState::Waiting]);
    // Nobody gave it back.
    assert!(world.test.store.lease_run("next", Duration::from_secs(1), &[]).await.unwrap().is_none());
}

#[tokio::test]
async fn a_run_that_cannot_be_read_is_not_taken_again_before_its_lease_runs_out() {
    let world = World::new(|_, _| None).await;
    world.begin("shop").await;
    world.test.make_unreadable("shop").await;
    let store = &world.test.store;
    let taken = async |owner| store.lease_run(owner, Duration::from_secs(60), &[]).await.unwrap();
    let lease = taken("one").await.unwrap();
    let (_never, running) = watch::channel(false);
    let engine = world.engine();
    let place = engine.places.free().unwrap();
    engine.hold(lease, Moment::now(), place, running).await;
    assert_eq!(taken("next").await, None);
    world.test.run_out("shop").await;
    assert!(taken("next").await.is_some());
}

#[tokio::test]
async fn a_lease_is_renewed_by_the_next_try_where_the_database_had_trouble() {
    let world = World::new(|_, _| None).await;
    world.begin("shop").await;
    let lease = world.test.store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    // Two seconds between two tries, and more than three for the first answer that comes.
    let engine = world.engine_with(Patience { lease: Duration::from_secs(6), ..PATIENCE });
    engine.holds(&lease, Moment::now() + Duration::from_secs(60));
    let asks_twice = async {
        world.test.break_next_question("runs").await;
        world.test.break_next_question("runs").await;
    };
    tokio::select! {
        problem = engine.renew(&lease) => panic!("given up: {problem}"),
        () = asks_twice => {}
    }
    // One that is no longer its own is not.
    world.test.store.release_run(&lease).await.unwrap();
    assert_eq!(engine.renew(&lease).await.code, Code::Conflict);
}
