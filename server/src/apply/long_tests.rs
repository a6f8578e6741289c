//! Calls that take long: an image on its way.

use super::super::fake::manifest;
use super::*;
use crate::apply::Cloud;
use crate::apply::places::CARRYING;
use domain::ecr::calls::{BatchDeleteImage, ImageIdentifier, PutImage};
use domain::ecr::subject::Subject as EcrSubject;
use domain::ecr::wizards::copy_image;
use domain::plan::Subject;
use gantry_store::runs::Lease;
use serde_json::Value;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Begins to copy an image as `shop:1`.
pub(super) async fn begin(world: &World) {
    begin_from(world, found()).await;
}

/// What there is to copy.
fn found() -> Value {
    json!({ "source": format!("docker.io/library/nginx@{DIGEST}"), "digest": DIGEST })
}

async fn begin_from(world: &World, source: Value) {
    begin_over(world, source, None).await;
}

/// The same where the tag leads there already.
async fn begin_over(world: &World, source: Value, tag: Option<Value>) {
    begin_as(world, "copy", source, tag).await;
}

/// The same under this id.
async fn begin_as(world: &World, id: &str, source: Value, tag: Option<Value>) {
    let form = copy_image::Answers {
        source: "nginx".into(),
        repository: "shop".into(),
        tag: "1".into(),
        ..Default::default()
    };
    let answers = Answers { form: Form::CopyImage(form), ..answers("shop") };
    let state = |subject: Subject| match &subject {
        Subject::Ecr(EcrSubject::Source { .. }) => (subject, Some(source.clone())),
        Subject::Ecr(EcrSubject::Settings { .. }) => (subject, Some(json!({}))),
        Subject::Ecr(EcrSubject::ImageTag { .. }) => (subject, tag.clone()),
        Subject::Ecr(_) | Subject::EcrPublic(_) | Subject::Lambda(_) | Subject::Ecs(_) | Subject::Kms(_) => {
            (subject, None)
        }
    };
    let plan = answers.plan(&Facts::new(answers.subjects().into_iter().map(state).collect())).unwrap();
    let run = Run::new(id.into(), plan);
    let stored = Stored { run, answers, person: None, by: "ada".into(), role: None, made: now(), ended: None };
    world.test.store.begin_run(&stored, &entry()).await.unwrap();
}

/// How somebody else puts the image.
fn theirs(tag: Option<&str>) -> Ecr {
    Ecr::PutImage(PutImage {
        repository_name: "shop".into(),
        image_tag: tag.map(str::to_owned),
        image_digest: Some(DIGEST.into()),
        image_manifest: manifest(DIGEST),
        ..Default::default()
    })
}

/// A lease on the run; somebody else puts the image when the run is checked already.
async fn overtaken(world: &World) -> Lease {
    let store = &world.test.store;
    let lease = store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    store.run_becomes(&lease, State::Applying, None, now(), None).await.unwrap();
    world.cloud.meanwhile(&theirs(None));
    lease
}

#[tokio::test]
async fn a_long_call_says_how_far_it_is_and_cancelling_ends_it_in_the_middle() {
    let world = World::new(|_, call| call.is_long().then_some(Fault::Endless)).await;
    let before = world.cloud.listing();
    begin(&world).await;
    let (stop, stopped) = watch::channel(false);
    let driving = tokio::spawn(world.engine().run(stopped));
    while world.run("copy").await.steps[0].note.as_deref() != Some("1 B of 2 B") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let step = world.run("copy").await.steps.swap_remove(0);
    let told = step.under_way().unwrap();
    assert_eq!((told.done, told.size, told.layers.len(), told.layers[0].done), (1, 2, 1, 1));
    assert!(world.test.store.cancel_run("copy", &entry()).await.unwrap());
    while world.run("copy").await.state.is_live() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(true).unwrap();
    driving.await.unwrap();
    let run = world.run("copy").await;
    assert_eq!((run.state, run.steps[0].state), (State::Undone, StepState::Failed), "{run:#?}");
    assert_eq!((run.steps[0].note.clone(), world.cloud.listing()), (None, before));
    assert!(run.steps.iter().all(|step| step.transfer.is_none()), "{run:#?}");
    assert_eq!(world.cloud.calls(), ["ecr:CopyImage"]);
}

#[tokio::test]
async fn copies_that_stall_leave_room_for_other_runs_and_a_further_copy_waits_for_one_to_end() {
    let world = World::new(|_, call| call.is_long().then_some(Fault::Endless)).await;
    let copies = || world.cloud.calls().iter().filter(|call| *call == "ecr:CopyImage").count();
    let ended = async |id: &str| loop {
        let run = world.run(id).await;
        if !run.state.is_live() {
            return run.state;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let waits = async |id: &str| loop {
        let run = world.run(id).await;
        // A run and its steps are read one after the other.
        let says_so = run.steps[0].note.as_ref().is_some_and(|note| note.contains("no room for it yet"));
        if says_so && run.state == State::Applying {
            return assert_eq!(run.steps[0].attempts, 0);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    for n in 0..CARRYING {
        begin_as(&world, &format!("copy-{n}"), found(), None).await;
    }
    // It is stopped in the middle of copies that do not end.
    let (look, grace) = (Duration::from_millis(50), Duration::from_millis(100));
    let patience = Patience { look, grace, ..PATIENCE };
    let (stop, stopped) = watch::channel(false);
    let driving = tokio::spawn(world.engine_with(patience).run(stopped));
    while copies() < CARRYING {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for id in ["ninth", "tenth"] {
        begin_as(&world, id, found(), None).await;
        waits(id).await;
    }
    world.begin("shop").await;
    assert_eq!(ended("shop").await, State::Applied);
    // Whoever cancels one that waits need not wait.
    assert!(world.test.store.cancel_run("ninth", &entry()).await.unwrap());
    assert_eq!((ended("ninth").await, copies()), (State::Undone, CARRYING));
    assert!(world.test.store.cancel_run("copy-0", &entry()).await.unwrap());
    assert_eq!(ended("copy-0").await, State::Undone);
    while copies() == CARRYING {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(true).unwrap();
    driving.await.unwrap();
    assert_eq!(world.run("tenth").await.steps[0].state, StepState::Begun);
}

#[tokio::test]
async fn a_database_that_has_trouble_once_does_not_end_a_copy() {
    for table in ["run_steps", "runs"] {
        let world = World::new(|_, call| call.is_long().then_some(Fault::Endless)).await;
        begin(&world).await;
        let store = &world.test.store;
        let lease = store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
        // Nobody else asks the database anything meanwhile: whoever waits for the table is this one.
        let engine = world.engine();
        let driving = tokio::spawn(async move { engine.drive(&lease).await });
        while world.run("copy").await.steps[0].note.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.test.break_next_question(table).await;
        // It is watched as before.
        assert!(world.test.store.cancel_run("copy", &entry()).await.unwrap());
        driving.await.unwrap().unwrap();
        let run = world.run("copy").await;
        assert_eq!((run.state, run.steps[0].state, run.steps[0].tries.len()), (State::Undone, StepState::Failed, 1));
        assert_eq!(world.cloud.calls(), ["ecr:CopyImage"]);
    }
}

#[tokio::test]
async fn a_copy_whose_server_died_is_made_again_and_its_undo_takes_all_of_it() {
    let world = World::new(|number, _| (number == 0).then_some(Fault::Endless)).await;
    let before = world.cloud.listing();
    begin(&world).await;
    let (_never, running) = watch::channel(false);
    let dies = tokio::spawn(world.engine().run(running));
    while world.run("copy").await.steps[0].under_way().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dies.abort();
    assert!(dies.await.unwrap_err().is_cancelled());
    world.test.run_out("copy").await;
    let run = world.rests("copy").await;
    assert_eq!((run.state, run.steps[0].attempts), (State::Applied, 2), "{run:#?}");
    assert!(run.steps.iter().all(|step| step.transfer.is_none()), "what the first server told is over: {run:#?}");
    assert!(world.cloud.listing().contains(DIGEST));
    assert!(world.test.store.cancel_run("copy", &entry()).await.unwrap());
    assert_eq!(world.rests("copy").await.state, State::Undone);
    assert_eq!(world.cloud.listing(), before);
    // The image twice, its tag, and the tag away, with which the image goes.
    assert_eq!(world.cloud.calls(), ["ecr:CopyImage", "ecr:CopyImage", "ecr:CopyImage", "ecr:BatchDeleteImage"]);
}

#[tokio::test]
async fn a_tag_that_somebody_moved_while_the_image_travelled_is_left_to_them() {
    let [old, new] = ["d", "e"].map(|of| format!("sha256:{}", of.repeat(64)));
    let moves_to = |digest: &str| {
        Ecr::PutImage(PutImage {
            repository_name: "shop".into(),
            image_tag: Some("1".into()),
            image_digest: Some(digest.to_owned()),
            image_manifest: manifest(digest),
            ..Default::default()
        })
    };
    let tag = Subject::Ecr(EcrSubject::ImageTag { repository: "shop".into(), tag: "1".into() });
    for there in [false, true] {
        let world = World::new(|number, _| (number == 0).then_some(Fault::Endless)).await;
        if there {
            world.cloud.meanwhile(&moves_to(&old));
        }
        let reviewed = world.cloud.read(&answers("shop").scope, &tag).await.unwrap();
        begin_over(&world, found(), reviewed).await;
        let (_never, running) = watch::channel(false);
        let dies = tokio::spawn(world.engine().run(running));
        while world.cloud.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.cloud.meanwhile(&moves_to(&new));
        let theirs = world.cloud.listing();
        dies.abort();
        assert!(dies.await.unwrap_err().is_cancelled());
        world.test.run_out("copy").await;
        let run = world.rests("copy").await;
        assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone, StepState::Failed]), "{run:#?}");
        let (problem, step) = (run.problem.as_ref().unwrap(), &run.steps[1]);
        let was = if there { old.as_str() } else { "did not exist then" };
        assert!(problem.code == Code::Conflict && problem.message.contains(was), "{problem}");
        assert_eq!(step.found.as_ref().and_then(|found| found.state.as_ref()).unwrap()["imageDigest"], new.as_str());
        // The image twice, and away; nothing was sent for the tag.
        assert_eq!(world.cloud.calls(), ["ecr:CopyImage", "ecr:CopyImage", "ecr:BatchDeleteImage"]);
        assert_eq!(world.cloud.listing(), theirs);
    }
}

#[tokio::test]
async fn a_copy_that_was_denied_after_it_had_put_its_image_is_taken_back() {
    let world = World::new(|number, _| match number {
        0 => Some(Fault::DeniedAfter),
        1 => Some(Fault::Denied),
        _ => None,
    })
    .await;
    let before = world.cloud.listing();
    begin(&world).await;
    let run = world.rests("copy").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone, StepState::Failed]), "{run:#?}");
    assert_eq!(world.cloud.listing(), before);
    assert_eq!(world.cloud.calls(), ["ecr:CopyImage", "ecr:CopyImage", "ecr:BatchDeleteImage"]);
}

#[tokio::test]
async fn an_image_that_somebody_put_meanwhile_is_theirs() {
    // Of the run itself only the tag is sent.
    let world = World::new(|_, _| Some(Fault::Denied)).await;
    begin(&world).await;
    // Nothing is sent for the image, and taking back takes nothing.
    let lease = overtaken(&world).await;
    let theirs = world.cloud.listing();
    world.engine().drive(&lease).await.unwrap();
    let run = world.run("copy").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone, StepState::Failed]), "{run:#?}");
    assert!(run.steps[0].note.as_ref().unwrap().contains("left to them"), "{run:#?}");
    assert_eq!((world.cloud.listing(), world.cloud.calls()), (theirs, vec!["ecr:CopyImage".to_owned()]));
}

/// Drives the run to its end, and asks for it to be taken back.
async fn applied_and_cancelled(world: &World, lease: &Lease) {
    let store = &world.test.store;
    world.engine().drive(lease).await.unwrap();
    store.release_run(lease).await.unwrap();
    assert_eq!(world.run("copy").await.state, State::Applied);
    assert!(store.cancel_run("copy", &entry()).await.unwrap());
}

#[tokio::test]
async fn an_image_of_somebody_else_does_not_go_with_its_only_tag() {
    let world = World::new(|_, _| None).await;
    begin(&world).await;
    let lease = overtaken(&world).await;
    applied_and_cancelled(&world, &lease).await;
    let tagged = world.cloud.listing();
    let run = world.rests("copy").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone, StepState::Left]), "{run:#?}");
    assert!(run.steps[1].note.as_ref().unwrap().contains("last tag"), "{run:#?}");
    assert_eq!((world.cloud.listing(), world.cloud.calls()), (tagged, vec!["ecr:CopyImage".to_owned()]));
}

#[tokio::test]
async fn an_image_that_was_there_before_does_not_go_with_the_tag_that_is_left() {
    let world = World::new(|_, _| None).await;
    world.cloud.meanwhile(&theirs(Some("theirs")));
    let mut there = found();
    there["tags"] = json!(["theirs"]);
    begin_from(&world, there).await;
    let run = world.rests("copy").await;
    assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made]), "{run:#?}");
    let id = ImageIdentifier { image_digest: None, image_tag: Some("theirs".into()) };
    let call = BatchDeleteImage { repository_name: "shop".into(), image_ids: vec![id] };
    world.cloud.meanwhile(&Ecr::BatchDeleteImage(call));
    let left = world.cloud.listing();
    assert!(world.test.store.cancel_run("copy", &entry()).await.unwrap());
    let run = world.rests("copy").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Left]), "{run:#?}");
    assert!(run.steps[0].note.as_ref().unwrap().contains("last tag"), "{run:#?}");
    assert_eq!((world.cloud.listing(), world.cloud.calls()), (left, vec!["ecr:CopyImage".to_owned()]));
}

#[tokio::test]
async fn what_an_index_of_somebody_else_leads_to_stays_as_long_as_it_does() {
    for deleted in [false, true] {
        let world = World::new(|_, _| None).await;
        let before = world.cloud.listing();
        let mut index = found();
        index["parts"] = json!([{ "digest": format!("sha256:{}", "b".repeat(64)), "size": 1, "held": false }]);
        begin_from(&world, index).await;
        let lease = overtaken(&world).await;
        applied_and_cancelled(&world, &lease).await;
        if deleted {
            let id = ImageIdentifier { image_digest: Some(DIGEST.into()), image_tag: None };
            let call = BatchDeleteImage { repository_name: "shop".into(), image_ids: vec![id] };
            world.cloud.meanwhile(&Ecr::BatchDeleteImage(call));
        }
        let run = world.rests("copy").await;
        // The part, the index, its tag.
        let (end, undone) = if deleted {
            (vec![StepState::Undone; 3], vec!["ecr:BatchDeleteImage"])
        } else {
            (vec![StepState::Left, StepState::Undone, StepState::Left], vec![])
        };
        assert_eq!((run.state, states(&run)), (State::Undone, end), "{run:#?}");
        assert_eq!(world.cloud.calls(), [vec!["ecr:CopyImage"; 2], undone].concat());
        assert_eq!(world.cloud.listing() == before, deleted);
    }
}

#[tokio::test]
async fn an_image_that_somebody_tagged_since_stays() {
    let world = World::new(|_, _| None).await;
    begin(&world).await;
    assert_eq!(world.rests("copy").await.state, State::Applied);
    world.cloud.meanwhile(&theirs(Some("theirs")));
    assert!(world.test.store.cancel_run("copy", &entry()).await.unwrap());
    let run = world.rests("copy").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Left, StepState::Undone]), "{run:#?}");
    let listing = world.cloud.listing();
    assert!(listing.contains("theirs") && listing.contains(DIGEST), "{listing}");
}
