//! What no run answers for any more, and runs of other versions.

use super::super::sweep::sweep;
use super::*;
use domain::plan::sweep::Verdict;
use domain::plan::{FORMAT, OLDEST_FORMAT};

#[tokio::test]
async fn what_aws_makes_after_the_end_is_found_by_a_sweep() {
    let world = World::new(|number, _| match number {
        0 => Some(Fault::AfterTheEnd),
        1 => Some(Fault::Denied),
        _ => None,
    })
    .await;
    world.begin("shop").await;
    let run = world.rests("shop").await;
    assert_eq!(run.state, State::Undone);
    let scopes = [run.plan.scope.clone()];
    let look = async || sweep(&*world.cloud, &scopes, Some(&world.test.store)).await.unwrap();
    let before = look().await;
    assert!(before.is_clean() && before.found.is_empty(), "{before}");
    world.cloud.arrive();
    // Another run that answers for what it made.
    world.begin("kept").await;
    assert_eq!(world.rests("kept").await.state, State::Applied);
    let after = look().await;
    let found: Vec<_> = after
        .found
        .iter()
        .map(|f| (f.marked.key.as_ref().unwrap().id.as_str(), f.marked.run.as_str(), f.verdict))
        .collect();
    assert_eq!(found, [("shop", "shop", Verdict::Orphan), ("kept", "kept", Verdict::Kept)], "{after}");
    assert_eq!((after.found[0].marked.step.as_str(), after.found[0].marked.by.as_str()), ("repository", "ada"));
    assert!(!after.is_clean());
    // Without the database everything that a run made is listed.
    let alone = sweep(&*world.cloud, &scopes, None).await.unwrap();
    assert_eq!(alone.found.iter().map(|f| f.verdict).collect::<Vec<_>>(), [Verdict::Unknown; 2]);
    // A database that does not know the run says so too.
    let another = TestStore::fresh().await;
    let strange = sweep(&*world.cloud, &scopes, Some(&another.store)).await.unwrap();
    assert_eq!(strange.found.iter().map(|f| f.verdict).collect::<Vec<_>>(), [Verdict::Orphan; 2]);
}

#[tokio::test]
async fn a_run_of_the_format_before_ends_and_one_of_a_later_is_not_touched() {
    let world = World::new(|_, _| None).await;
    world.begin_in("later", FORMAT + 1).await;
    world.begin_in("older", OLDEST_FORMAT).await;
    world.begin("now").await;
    for id in ["older", "now"] {
        assert_eq!(world.rests(id).await.state, State::Applied, "{id}");
    }
    let made = world.cloud.listing();
    assert!(made.contains("older") && made.contains("now") && !made.contains("later"), "{made}");
    assert_eq!(world.test.store.run("later").await.unwrap_err().title, "A run of another version");
    // What it made elsewhere is neither kept nor orphaned.
    let tag = |key: &str, value: &str| domain::document::Tag { key: key.into(), value: value.into() };
    let tags = vec![tag("gantry:run", "later"), tag("gantry:step", "repository")];
    let theirs = CreateRepository { repository_name: "later".into(), tags, ..Default::default() };
    world.cloud.meanwhile(&Ecr::CreateRepository(theirs));
    let scopes = [world.run("now").await.plan.scope];
    let sweep = sweep(&*world.cloud, &scopes, Some(&world.test.store)).await.unwrap();
    let later = sweep.found.iter().find(|f| f.marked.run == "later").unwrap();
    assert_eq!(later.verdict, Verdict::Unknown);
}
