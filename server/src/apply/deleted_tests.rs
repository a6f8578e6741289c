//! What a run deleted is gone from what is shown once AWS says so, not only when its list has had its turn.

use super::super::fake::manifest;
use super::*;
use crate::apply::Cloud;
use domain::ecr::calls::PutImage;
use domain::ecr::wizards::images::Delete;
use domain::resource::Observed;
use domain::{Kind, ResourceKey};
use gantry_store::batch::Source;

fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}

/// Puts an image that was collected, too.
async fn collected(world: &World, scope: &Scope, of: char) -> ResourceKey {
    let put = PutImage {
        repository_name: "shop".into(),
        image_tag: Some(of.into()),
        image_digest: Some(digest(of)),
        image_manifest: manifest(&digest(of)),
        ..Default::default()
    };
    world.cloud.meanwhile(&Ecr::PutImage(put));
    let key = ResourceKey::new(Kind::Image, scope.clone(), format!("shop@{}", digest(of))).unwrap();
    let doc = json!({
        "registryId": "111122223333", "repositoryName": "shop", "imageDigest": digest(of), "imageTags": [of.to_string()],
    });
    let source = Source::Single { began: now(), fence: None };
    world.test.store.seen(source, &[Observed { key: key.clone(), doc }], now()).await.unwrap();
    key
}

#[tokio::test]
async fn images_that_a_run_deleted_are_gone_when_it_ends_and_no_others() {
    for fault in [None, Some(Fault::LostAfter), Some(Fault::Denied)] {
        let world = World::new(move |number, _| fault.filter(|_| number == 0)).await;
        let scope = answers("shop").scope;
        let mut keys = vec![];
        for of in ['a', 'b', 'c'] {
            keys.push(collected(&world, &scope, of).await);
        }
        let digests = vec![digest('a'), digest('b')];
        let form = Form::DeleteImages(Delete { repository: "shop".into(), digests, ..Delete::default() });
        let (answers, mut facts) = (Answers { scope: scope.clone(), form }, vec![]);
        for subject in answers.subjects() {
            let state = world.cloud.read(&scope, &subject).await.unwrap();
            facts.push((subject, state));
        }
        let run = Run::new("run".into(), answers.plan(&Facts::new(facts)).unwrap());
        let stored = Stored { run, answers, person: None, by: "ada".into(), role: None, made: now(), ended: None };
        world.test.store.begin_run(&stored, &entry()).await.unwrap();
        let run = world.rests("run").await;
        let deleted = fault != Some(Fault::Denied);
        assert_eq!(run.state == State::Applied, deleted, "{fault:?}: {run:#?}");
        let mut gone = vec![];
        for key in &keys {
            gone.push(world.test.store.get(key).await.unwrap().unwrap().gone.is_some());
        }
        assert_eq!(gone, [deleted, deleted, false], "{fault:?}");
    }
}
