//! What a run made and others use by the time it is taken back.

use super::refused::{applied, elsewhere, entered};
use super::*;
use domain::kms::way_back::asked;

#[tokio::test]
async fn a_key_that_encrypts_what_others_made_since_stays_with_its_alias() {
    // A template names the key as it was written.
    for (operation, name) in [
        ("CreateRepository", "the repository theirs"),
        ("CreateRepositoryCreationTemplate", "the creation template theirs"),
    ] {
        let world = World::new(|_, _| None).await;
        let fields = json!({ "name": "new", "encryption": { "type": "new_key", "alias": "images" } });
        let run = applied(&world, "new", &entered("eu-west-1", "create-repository", fields)).await;
        assert_eq!((run.state, asked(&run, 0).is_some()), (State::Applied, true), "{run:#?}");
        let of_repository = operation == "CreateRepository";
        let key =
            if of_repository { run.steps[0].after.as_ref().unwrap()["Arn"].clone() } else { json!("alias/images") };
        let encryption = json!({ "encryptionType": "KMS", "kmsKey": key });
        let input = if of_repository {
            json!({ "repositoryName": "theirs", "encryptionConfiguration": encryption })
        } else {
            json!({ "prefix": "theirs", "appliedFor": ["REPLICATION"], "encryptionConfiguration": encryption })
        };
        elsewhere(&world, "ecr", operation, input);
        assert!(world.test.store.cancel_run("new", &entry()).await.unwrap());
        let run = world.rests("new").await;
        let expected = vec![StepState::Left, StepState::Left, StepState::Undone];
        assert_eq!((run.state, states(&run)), (State::Undone, expected), "{run:#?}");
        // The alias says why, and the key that the alias needs it.
        assert!(run.steps[1].note.as_ref().is_some_and(|note| note.contains(name)), "{run:#?}");
        assert!(!world.cloud.calls().contains(&"kms:ScheduleKeyDeletion".to_owned()));
    }
}

#[tokio::test]
async fn a_key_that_nothing_else_is_encrypted_with_goes() {
    let world = World::new(|_, _| None).await;
    let fields = json!({ "name": "new", "encryption": { "type": "new_key", "alias": "images" } });
    applied(&world, "new", &entered("eu-west-1", "create-repository", fields)).await;
    let other =
        json!({ "repositoryName": "other", "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "key-9" } });
    elsewhere(&world, "ecr", "CreateRepository", other);
    assert!(world.test.store.cancel_run("new", &entry()).await.unwrap());
    let run = world.rests("new").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone; 3]), "{run:#?}");
}

/// A run that gave the service `web` its next revision, of which the one before was deregistered since.
async fn deployed(world: &World) {
    let digest = format!("sha256:{}", "a".repeat(64));
    elsewhere(world, "ecr", "CreateRepository", json!({ "repositoryName": "shop" }));
    let image = json!({ "repositoryName": "shop", "imageDigest": digest, "imageTag": "1", "imageManifest": "{}" });
    elsewhere(world, "ecr", "PutImage", image);
    world.cloud.service("prod", ("web", 12), "old@sha256:0");
    let fields = json!({ "like": "web:12", "containers": ["app"], "services": ["prod/web"], "repository": "shop",
        "digest": digest });
    let run = applied(world, "deploy", &entered("eu-west-1", "use-in-task-definition", fields)).await;
    assert_eq!(run.state, State::Applied, "{run:#?}");
    elsewhere(world, "ecs", "DeregisterTaskDefinition", json!({ "taskDefinition": "web:12" }));
    assert!(world.test.store.cancel_run("deploy", &entry()).await.unwrap());
    let run = world.rests("deploy").await;
    assert_eq!((run.state, states(&run)), (State::Stuck, vec![StepState::Made, StepState::Stuck]), "{run:#?}");
}

#[tokio::test]
async fn a_revision_stays_as_long_as_a_service_runs_it_that_could_not_be_put_back() {
    let world = World::new(|_, _| None).await;
    deployed(&world).await;
    assert!(world.test.store.decide_step("deploy", 1, Some("Left by ada."), &entry()).await.unwrap());
    let run = world.rests("deploy").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Left; 2]), "{run:#?}");
    assert!(run.steps[0].note.as_ref().is_some_and(|note| note.contains("Have web in prod run")), "{run:#?}");
    assert!(!world.cloud.calls().contains(&"ecs:DeregisterTaskDefinition".to_owned()));
}

#[tokio::test]
async fn a_revision_goes_once_the_service_that_was_left_runs_another() {
    let world = World::new(|_, _| None).await;
    deployed(&world).await;
    world.cloud.service("prod", ("web", 14), "newer@sha256:1");
    assert!(world.test.store.decide_step("deploy", 1, Some("Left by ada."), &entry()).await.unwrap());
    let run = world.rests("deploy").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone, StepState::Left]), "{run:#?}");
}
