//! Policies, which AWS gives back in words of its own.

use super::*;
use crate::apply::Cloud;

/// AWS makes the account the ARN of its root user, and the list its only entry.
const TYPED: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["ecr:BatchGetImage"]}]}"#;

fn setting() -> Answers {
    let answers = json!({ "repository": "shop", "policy": TYPED });
    let scope = super::answers("shop").scope;
    serde_json::from_value(json!({ "scope": scope, "wizard": "repository-policy", "answers": answers })).unwrap()
}

async fn facts(world: &World, answers: &Answers) -> Facts {
    let mut facts = vec![];
    for subject in answers.subjects() {
        let state = world.cloud.read(&answers.scope, &subject).await.unwrap();
        facts.push((subject, state));
    }
    Facts::new(facts)
}

/// Begins to set the policy on a repository that has none.
async fn begin(faults: impl FnMut(usize, &domain::plan::Call) -> Option<Fault> + Send + 'static) -> World {
    let world = World::new(faults).await;
    let repository = CreateRepository { repository_name: "shop".into(), ..Default::default() };
    world.cloud.meanwhile(&Ecr::CreateRepository(repository));
    let answers = setting();
    let plan = answers.plan(&facts(&world, &answers).await).unwrap();
    let stored = Stored {
        run: Run::new("shop".into(), plan),
        answers,
        person: None,
        by: "ada".into(),
        role: None,
        made: now(),
        ended: None,
    };
    world.test.store.begin_run(&stored, &entry()).await.unwrap();
    world
}

#[tokio::test]
async fn a_policy_is_made_once_and_known_again_however_aws_writes_it() {
    for fault in [None, Some(Fault::LostAfter), Some(Fault::HangsAfter)] {
        let world = begin(move |number, _| fault.filter(|_| number == 0)).await;
        let run = world.rests("shop").await;
        assert_eq!((run.state, states(&run)), (State::Applied, vec![StepState::Made]), "{fault:?}: {run:#?}");
        assert_eq!(world.cloud.calls(), ["ecr:SetRepositoryPolicy"], "{fault:?}");
        let note = fault.map(|_| "The answer was lost; it was found to be made.");
        assert_eq!(run.steps[0].note.as_deref(), note, "{fault:?}");
        let again = setting();
        let wrong = again.plan(&facts(&world, &again).await).unwrap_err();
        assert_eq!(wrong["nothing"], "This is how it is already.", "{fault:?}");
    }
}

#[tokio::test]
async fn a_policy_that_aws_makes_late_is_found_and_taken_back() {
    let world = begin(|number, _| match number {
        0 => Some(Fault::Late),
        1 => Some(Fault::Denied),
        _ => None,
    })
    .await;
    let before = world.cloud.listing();
    let run = world.rests("shop").await;
    assert_eq!((run.state, run.steps[0].state), (State::Undone, StepState::Undone), "{run:#?}");
    assert_eq!(
        world.cloud.calls(),
        ["ecr:SetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"]
    );
    assert_eq!(world.cloud.listing(), before);
}

#[tokio::test]
async fn a_policy_that_somebody_wrote_between_two_tries_of_its_undo_is_left() {
    let world = begin(|number, _| (number == 1).then_some(Fault::Overtaken)).await;
    assert_eq!(world.rests("shop").await.state, State::Applied);
    assert!(world.test.store.cancel_run("shop", &entry()).await.unwrap());
    let run = world.rests("shop").await;
    assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Left]), "{run:#?}");
    assert_eq!(world.cloud.calls(), ["ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"]);
    assert!(world.cloud.listing().contains("theirs"));
    assert!(run.steps[0].note.as_ref().is_some_and(|note| note.contains("somebody changed it since")), "{run:#?}");
}
