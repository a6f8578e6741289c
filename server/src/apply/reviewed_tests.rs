//! What somebody else changes after a run was checked and before its turn came.

use super::super::fake::manifest;
use super::*;
use crate::apply::Cloud;
use domain::ecr::calls::{BatchDeleteImage, ImageIdentifier, PutImage, SetRepositoryPolicy};
use domain::plan::run::Progress;
use gantry_store::runs::Lease;
use serde_json::Value;

fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}

fn tagged(of: char, tag: &str) -> Ecr {
    Ecr::PutImage(PutImage {
        repository_name: "shop".into(),
        image_tag: Some(tag.into()),
        image_digest: Some(digest(of)),
        image_manifest: manifest(&digest(of)),
        ..Default::default()
    })
}

fn untagged(tag: &str) -> Ecr {
    let id = ImageIdentifier { image_digest: None, image_tag: Some(tag.into()) };
    Ecr::BatchDeleteImage(BatchDeleteImage { repository_name: "shop".into(), image_ids: vec![id] })
}

/// Plans this from what there is, as somebody saw it, and begins it.
async fn begin(world: &World, wizard: &str, fields: Value, saw: impl Fn(Value) -> Value) {
    let scope = answers("shop").scope;
    let form = json!({ "scope": scope, "wizard": wizard, "answers": fields });
    let (answers, mut facts): (Answers, _) = (serde_json::from_value(form).unwrap(), vec![]);
    for subject in answers.subjects() {
        let state = world.cloud.read(&scope, &subject).await.unwrap();
        facts.push((subject, state.map(&saw)));
    }
    let run = Run::new("run".into(), answers.plan(&Facts::new(facts)).unwrap());
    let stored = Stored { run, answers, person: None, by: "ada".into(), role: None, made: now(), ended: None };
    world.test.store.begin_run(&stored, &entry()).await.unwrap();
}

/// The same; a lease on the run, which is checked already.
async fn checked(world: &World, wizard: &str, fields: Value) -> Lease {
    begin(world, wizard, fields, |state| state).await;
    let store = &world.test.store;
    let lease = store.lease_run("one", Duration::from_secs(60), &[]).await.unwrap().unwrap();
    store.run_becomes(&lease, State::Applying, None, now(), None).await.unwrap();
    lease
}

#[tokio::test]
async fn a_service_that_somebody_updated_meanwhile_keeps_their_revision() {
    let world = World::new(|_, _| None).await;
    world.cloud.meanwhile(&tagged('a', "1"));
    world.cloud.service("prod", ("web", 12), "web@sha256:0");
    let fields = json!({ "like": "web:12", "containers": ["app"], "services": ["prod/web"], "repository": "shop", "digest": digest('a') });
    let lease = checked(&world, "use-in-task-definition", fields).await;
    world.cloud.service("prod", ("web", 11), "web@sha256:1");
    let theirs = world.cloud.listing();
    world.engine().drive(&lease).await.unwrap();
    let run = world.run("run").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone, StepState::Failed]), "{run:#?}");
    let problem = run.problem.as_ref().unwrap();
    assert_eq!(problem.code, Code::Conflict);
    let words = "taskDefinition was arn:aws:ecs:eu-west-1:111122223333:task-definition/web:12 then, and is arn:aws:ecs:eu-west-1:111122223333:task-definition/web:11 now";
    assert!(problem.message.contains(words), "{problem}");
    assert_eq!(world.cloud.calls(), ["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"]);
    assert_eq!(world.cloud.listing(), theirs);
}

#[tokio::test]
async fn a_tag_that_somebody_moved_between_two_tries_is_left_to_them() {
    let world = World::new(|_, _| None).await;
    world.cloud.meanwhile(&tagged('a', "1"));
    world.cloud.meanwhile(&tagged('b', "prod"));
    let fields = json!({ "repository": "shop", "digest": digest('a'), "tag": "prod" });
    let lease = checked(&world, "tag-image", fields).await;
    // Its first try never reached AWS.
    let begun = Progress { state: StepState::Begun, attempts: 1, began: Some(now()), ..Progress::default() };
    world.test.store.journal(&lease, 0, &begun, None).await.unwrap();
    world.cloud.meanwhile(&tagged('c', "prod"));
    let theirs = world.cloud.listing();
    world.engine().drive(&lease).await.unwrap();
    let run = world.run("run").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Failed]), "{run:#?}");
    let message = &run.problem.as_ref().unwrap().message;
    assert!(message.contains(&digest('b')) && message.contains(&digest('c')), "{message}");
    assert_eq!((world.cloud.listing(), world.cloud.calls()), (theirs, vec![]));
}

#[tokio::test]
async fn a_revision_that_somebody_registers_between_two_tries_stays_beside_the_one_of_the_run() {
    let world = World::new(|_, _| None).await;
    world.cloud.meanwhile(&tagged('a', "1"));
    world.cloud.service("prod", ("web", 12), "web@sha256:0");
    let fields = json!({ "like": "web:12", "containers": ["app"], "services": ["prod/web"], "repository": "shop", "digest": digest('a') });
    let lease = checked(&world, "use-in-task-definition", fields).await;
    // Its first try never reached AWS.
    let begun = Progress { state: StepState::Begun, attempts: 1, began: Some(now()), ..Progress::default() };
    world.test.store.journal(&lease, 0, &begun, None).await.unwrap();
    world.cloud.service("test", ("web", 13), "web@sha256:1");
    world.engine().drive(&lease).await.unwrap();
    let run = world.run("run").await;
    assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made; 2]), "{run:#?}");
    assert_eq!(world.cloud.calls(), ["ecs:RegisterTaskDefinition", "ecs:UpdateService"]);
}

#[tokio::test]
async fn a_policy_that_aws_gives_in_another_order_was_changed_by_nobody() {
    let world = World::new(|_, _| None).await;
    let policy = |sid: &str, actions: [&str; 2]| {
        let who = json!({ "AWS": "arn:aws:iam::444455556666:root" });
        let statement = json!({ "Sid": sid, "Effect": "Allow", "Principal": who, "Action": actions });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let there = policy("pull", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    world
        .cloud
        .meanwhile(&Ecr::CreateRepository(CreateRepository { repository_name: "shop".into(), ..Default::default() }));
    world.cloud.meanwhile(&Ecr::SetRepositoryPolicy(SetRepositoryPolicy {
        repository_name: "shop".into(),
        policy_text: there,
        ..Default::default()
    }));
    let turned = |mut state: Value| {
        if let Some(actions) = state.pointer_mut("/Statement/0/Action").and_then(Value::as_array_mut) {
            actions.reverse();
        }
        state
    };
    let fields = json!({ "repository": "shop", "policy": policy("look", ["ecr:DescribeImages", "ecr:ListImages"]) });
    begin(&world, "repository-policy", fields, turned).await;
    let reviewed = world.run("run").await.plan.steps[0].before.clone().unwrap();
    assert_eq!(reviewed["Statement"][0]["Action"], json!(["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]));
    let run = world.rests("run").await;
    assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made]), "{run:#?}");
}

#[tokio::test]
async fn a_tag_that_has_become_the_last_is_not_taken_off() {
    let world = World::new(|_, _| None).await;
    world.cloud.meanwhile(&tagged('a', "1"));
    world.cloud.meanwhile(&tagged('a', "2"));
    let fields = json!({ "repository": "shop", "digest": digest('a'), "tag": "2" });
    let lease = checked(&world, "untag-image", fields).await;
    world.cloud.meanwhile(&untagged("1"));
    let theirs = world.cloud.listing();
    world.engine().drive(&lease).await.unwrap();
    let run = world.run("run").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Failed]), "{run:#?}");
    assert!(run.problem.as_ref().unwrap().message.contains("last tag"), "{run:#?}");
    assert_eq!((world.cloud.listing(), world.cloud.calls()), (theirs, vec![]));
}

#[tokio::test]
async fn an_image_that_was_there_before_does_not_go_with_the_tag_that_a_run_gave_it() {
    for last in [false, true] {
        let world = World::new(|_, _| None).await;
        world.cloud.meanwhile(&tagged('a', "1"));
        let before = world.cloud.listing();
        let fields = json!({ "repository": "shop", "digest": digest('a'), "tag": "next" });
        let lease = checked(&world, "tag-image", fields).await;
        let store = &world.test.store;
        world.engine().drive(&lease).await.unwrap();
        store.release_run(&lease).await.unwrap();
        if last {
            world.cloud.meanwhile(&untagged("1"));
        }
        let there = world.cloud.listing();
        assert!(store.cancel_run("run", &entry()).await.unwrap());
        let run = world.rests("run").await;
        let (end, left) = if last { (StepState::Left, there) } else { (StepState::Undone, before) };
        assert_eq!((run.state, states(&run)), (State::Undone, vec![end]), "{run:#?}");
        assert_eq!(world.cloud.listing(), left, "{run:#?}");
    }
}
