//! Calls that take long: an image on its way.

use super::*;
use domain::ecr::subject::Subject as EcrSubject;
use domain::ecr::wizards::copy_image;
use domain::plan::Subject;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Begins to copy an image as `shop:1`.
pub(super) async fn begin(world: &World) {
    let form = copy_image::Answers {
        source: "nginx".into(),
        repository: "shop".into(),
        tag: "1".into(),
        ..Default::default()
    };
    let answers = Answers { form: Form::CopyImage(form), ..answers("shop") };
    let source = json!({ "source": format!("docker.io/library/nginx@{DIGEST}"), "digest": DIGEST });
    let state = |subject: Subject| match &subject {
        Subject::Ecr(EcrSubject::Source { .. }) => (subject, Some(source.clone())),
        Subject::Ecr(EcrSubject::Settings { .. }) => (subject, Some(json!({}))),
        Subject::Ecr(_) | Subject::EcrPublic(_) | Subject::Lambda(_) | Subject::Ecs(_) | Subject::Kms(_) => {
            (subject, None)
        }
    };
    let plan = answers.plan(&Facts::new(answers.subjects().into_iter().map(state).collect())).unwrap();
    let run = Run::new("copy".into(), plan);
    let stored = Stored { run, answers, person: None, by: "ada".into(), made: now(), ended: None };
    world.test.store.begin_run(&stored, &entry()).await.unwrap();
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
    assert!(world.test.store.cancel_run("copy", &entry()).await.unwrap());
    while world.run("copy").await.state.is_live() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(true).unwrap();
    driving.await.unwrap();
    let run = world.run("copy").await;
    assert_eq!((run.state, run.steps[0].state), (State::Undone, StepState::Failed), "{run:#?}");
    assert_eq!((run.steps[0].note.clone(), world.cloud.listing()), (None, before));
    assert_eq!(world.cloud.calls(), ["ecr:CopyImage"]);
}

#[tokio::test]
async fn a_copy_whose_server_died_is_made_again_and_its_undo_takes_the_tag() {
    let world = World::new(|number, _| (number == 0).then_some(Fault::Endless)).await;
    let before = world.cloud.listing();
    begin(&world).await;
    let (_never, running) = watch::channel(false);
    let dies = tokio::spawn(world.engine().run(running));
    while world.cloud.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dies.abort();
    let run = world.rests("copy").await;
    assert_eq!((run.state, run.steps[0].attempts), (State::Applied, 2), "{run:#?}");
    assert!(world.cloud.listing().contains(DIGEST));
    assert!(world.test.store.cancel_run("copy", &entry()).await.unwrap());
    assert_eq!(world.rests("copy").await.state, State::Undone);
    assert_eq!(world.cloud.listing(), before);
    assert_eq!(world.cloud.calls(), ["ecr:CopyImage", "ecr:CopyImage", "ecr:BatchDeleteImage"]);
}
