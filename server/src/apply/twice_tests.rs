//! Every plan there is, step by step: each step and each undo tried twice, each refused in turn. Judged by a listing of the cloud.

use super::super::Cloud;
use super::super::fake::manifest;
use super::*;
use domain::plan::{Plan, Undo};
use serde_json::Value;

const RULES: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}"#;
const OTHER_RULES: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}"#;
const PULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}"#;
const LOOK: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"look","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:DescribeImages"]}]}"#;

fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}

/// Answers of each wizard and action; of those that write documents, to write the first, another, and none.
fn cases() -> Vec<(&'static str, Value)> {
    let (a, b) = (digest('a'), digest('b'));
    vec![
        (
            "create-repository",
            json!({ "name": "new", "lifecycle": RULES, "permissions": PULL, "tags": [["team", "web"]] }),
        ),
        (
            "change-repository",
            json!({ "repository": "shop", "immutable": true, "exclusions": ["dev-*"], "scan_on_push": true,
                "tags": [["team", "web"], ["new", "2"]] }),
        ),
        ("lifecycle-policy", json!({ "repository": "bare", "policy": RULES })),
        ("lifecycle-policy", json!({ "repository": "shop", "policy": OTHER_RULES })),
        ("lifecycle-policy", json!({ "repository": "shop", "policy": "" })),
        ("repository-policy", json!({ "repository": "bare", "policy": PULL })),
        ("repository-policy", json!({ "repository": "shop", "policy": LOOK })),
        ("repository-policy", json!({ "repository": "shop", "policy": "" })),
        ("tag-image", json!({ "repository": "shop", "digest": a, "tag": "next" })),
        ("tag-image", json!({ "repository": "shop", "digest": a, "tag": "prod" })),
        ("untag-image", json!({ "repository": "shop", "digest": a, "tag": "2" })),
        ("copy-image", json!({ "source": format!("nginx@{}", digest('c')), "repository": "shop", "tag": "nginx" })),
        ("copy-image", json!({ "source": format!("nginx@{}", digest('c')), "repository": "shop", "tag": "prod" })),
        ("delete-images", json!({ "repository": "shop", "digests": [a, b] })),
        ("scan-images", json!({ "repository": "shop", "digests": [a, b] })),
        ("delete-repository", json!({ "repository": "bare" })),
        ("delete-repository", json!({ "repository": "shop", "force": true })),
    ]
}

/// A repository with everything, and one with nothing.
fn cloud(faults: impl FnMut(usize, &domain::plan::Call) -> Option<Fault> + Send + 'static) -> Fake {
    let fake = Fake::new(faults);
    let call = |operation: &str, input: Value| {
        fake.meanwhile(&serde_json::from_value(json!({ "operation": operation, "input": input })).unwrap());
    };
    let tags = json!([{ "Key": "team", "Value": "shop" }, { "Key": "old", "Value": "1" }]);
    call("CreateRepository", json!({ "repositoryName": "bare" }));
    call("CreateRepository", json!({ "repositoryName": "shop", "tags": tags }));
    call("PutLifecyclePolicy", json!({ "repositoryName": "shop", "lifecyclePolicyText": RULES }));
    call("SetRepositoryPolicy", json!({ "repositoryName": "shop", "policyText": PULL }));
    let scan = json!({ "repositoryName": "shop", "imageScanningConfiguration": { "scanOnPush": false } });
    call("PutImageScanningConfiguration", scan);
    for (of, tag) in [('a', "1"), ('a', "2"), ('b', "prod"), ('b', "3")] {
        let image = json!({ "repositoryName": "shop", "imageDigest": digest(of), "imageTag": tag,
            "imageManifest": manifest(&digest(of)), "imageManifestMediaType": "m" });
        call("PutImage", image);
    }
    fake
}

struct Twice {
    world: World,
    runs: u32,
}

/// A run that has begun.
struct Begun {
    id: String,
    plan: Plan,
    /// What there was.
    before: String,
}

impl Twice {
    async fn new() -> Self {
        Self { world: World::new(|_, _| None).await, runs: 0 }
    }

    /// What these answers plan in a new cloud.
    async fn plan((wizard, answers): &(&'static str, Value)) -> (Answers, Plan) {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let text = json!({ "scope": scope, "wizard": wizard, "answers": answers });
        let answers: Answers = serde_json::from_value(text).unwrap();
        let (there, mut facts) = (cloud(|_, _| None), vec![]);
        for subject in answers.subjects() {
            let state = there.read(&answers.scope, &subject).await.unwrap();
            facts.push((subject, state));
        }
        let plan = answers.plan(&Facts::new(facts)).unwrap_or_else(|wrong| panic!("{wizard}: {wrong:?}"));
        (answers, plan)
    }

    /// Begins a run of these answers in a cloud of its own.
    async fn begin(
        &mut self,
        case: &(&'static str, Value),
        faults: impl FnMut(usize, &domain::plan::Call) -> Option<Fault> + Send + 'static,
    ) -> Begun {
        self.runs += 1;
        self.world.cloud = Arc::new(cloud(faults));
        let id = format!("run-{}", self.runs);
        let (answers, plan) = Self::plan(case).await;
        let run = Run::new(id.clone(), plan.clone());
        let stored = Stored { run, answers, person: None, by: "ada".into(), made: now(), ended: None };
        self.world.test.store.begin_run(&stored, &entry()).await.unwrap();
        Begun { id, plan, before: self.world.cloud.listing() }
    }

    /// What there is, without the run's id.
    fn listing(&self, begun: &Begun) -> String {
        self.world.cloud.listing().replace(&begun.id, "RUN")
    }
}

fn can_go_back(plan: &Plan) -> bool {
    plan.steps.iter().all(|step| matches!(step.undo, Undo::Call(_)))
}

/// Those that can be taken back whole.
async fn reversible() -> Vec<(&'static str, Value)> {
    let mut found = vec![];
    for case in cases() {
        if can_go_back(&Twice::plan(&case).await.1) {
            found.push(case);
        }
    }
    assert!(found.len() >= 13, "{found:?}");
    found
}

#[tokio::test]
async fn every_step_tried_twice_makes_the_same_as_once() {
    let mut twice = Twice::new().await;
    for case in cases() {
        let begun = twice.begin(&case, |_, _| None).await;
        let run = twice.world.rests(&begun.id).await;
        assert_eq!(run.state, State::Applied, "{case:?}: {run:#?}");
        let made = twice.listing(&begun);
        assert_ne!(made, begun.before, "{case:?}");
        for n in 0..begun.plan.steps.len() {
            for (fault, sent) in
                [(Fault::LostAfter, 0), (Fault::HangsAfter, 0), (Fault::LostBefore, 1), (Fault::Throttled, 1)]
            {
                // A copy may be silent for long, and is waited for.
                if fault == Fault::HangsAfter && begun.plan.steps[n].call.is_long() {
                    continue;
                }
                let begun = twice.begin(&case, move |number, _| (number == n).then_some(fault)).await;
                let run = twice.world.rests(&begun.id).await;
                let what = format!("{fault:?} at step {n} of {case:?}: {run:#?}");
                assert_eq!(
                    (run.state, states(&run)),
                    (State::Applied, vec![StepState::Made; run.steps.len()]),
                    "{what}"
                );
                assert_eq!(twice.listing(&begun), made, "{what}");
                // What was made is not sent again.
                assert_eq!(twice.world.cloud.calls().len(), begun.plan.steps.len() + sent, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn whichever_step_of_whichever_plan_is_refused_nothing_is_left() {
    let mut twice = Twice::new().await;
    for case in cases() {
        let steps = Twice::plan(&case).await.1.steps.len();
        for n in 0..steps {
            let begun = twice.begin(&case, move |number, _| (number == n).then_some(Fault::Denied)).await;
            let run = twice.world.rests(&begun.id).await;
            assert_eq!((run.state, run.steps[n].state), (State::Undone, StepState::Failed), "{case:?}: {run:#?}");
            // What cannot be taken back stays, and its step says so.
            let left = run.steps.iter().any(|step| step.state == StepState::Left);
            assert_eq!(left, !can_go_back(&begun.plan) && n > 0, "{case:?}");
            assert!(left || twice.world.cloud.listing() == begun.before, "step {n} of {case:?}: {run:#?}");
        }
    }
}

#[tokio::test]
async fn every_undo_tried_twice_takes_back_the_same_as_once() {
    let mut twice = Twice::new().await;
    for case in reversible().await {
        let steps = Twice::plan(&case).await.1.steps.len();
        for n in 0..steps {
            for fault in [Fault::LostAfter, Fault::HangsAfter, Fault::LostBefore, Fault::Throttled] {
                let begun = twice.begin(&case, move |number, _| (number == steps + n).then_some(fault)).await;
                assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
                assert!(twice.world.test.store.cancel_run(&begun.id, &entry()).await.unwrap());
                let run = twice.world.rests(&begun.id).await;
                let what = format!("{fault:?} at undo {n} of {case:?}: {run:#?}");
                assert_eq!((run.state, states(&run)), (State::Undone, vec![StepState::Undone; steps]), "{what}");
                assert_eq!(twice.world.cloud.listing(), begun.before, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn an_undo_that_was_made_and_not_written_down_is_made_again_without_harm() {
    let mut twice = Twice::new().await;
    for case in reversible().await {
        let begun = twice.begin(&case, |_, _| None).await;
        assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
        let store = &twice.world.test.store;
        assert!(store.cancel_run(&begun.id, &entry()).await.unwrap());
        let lease = store.lease_run("one", now(), Millis(now().0 + 60_000)).await.unwrap().unwrap();
        let engine = twice.world.engine();
        for n in (0..begun.plan.steps.len()).rev() {
            let stored = store.run(&begun.id).await.unwrap().unwrap();
            engine.take_back(&lease, &stored, n).await.unwrap();
            let (once, calls) = (twice.world.cloud.listing(), twice.world.cloud.calls().len());
            // The same journal again: its end was never written.
            engine.take_back(&lease, &stored, n).await.unwrap();
            assert_eq!((twice.world.cloud.listing(), twice.world.cloud.calls().len()), (once, calls), "{case:?}");
            let progress = store.run(&begun.id).await.unwrap().unwrap().run.steps[n].clone();
            assert_eq!(progress.state, StepState::Undone, "undo {n} of {case:?}: {progress:#?}");
        }
        assert_eq!(twice.world.cloud.listing(), begun.before, "{case:?}");
        store.release_run(&lease).await.unwrap();
        assert_eq!(twice.world.rests(&begun.id).await.state, State::Undone);
    }
}

#[tokio::test]
async fn an_undo_that_is_refused_in_turn_is_stuck_alone_and_can_be_tried_again() {
    let mut twice = Twice::new().await;
    for case in reversible().await {
        let steps = Twice::plan(&case).await.1.steps.len();
        for n in 0..steps {
            let begun = twice.begin(&case, move |number, _| (number == steps + n).then_some(Fault::Denied)).await;
            assert_eq!(twice.world.rests(&begun.id).await.state, State::Applied);
            let store = &twice.world.test.store;
            assert!(store.cancel_run(&begun.id, &entry()).await.unwrap());
            let run = twice.world.rests(&begun.id).await;
            let stuck: Vec<usize> = run.stuck().collect();
            // What went with what it belonged to is not stuck.
            let gone = case.0 == "create-repository" && n + 1 < steps;
            let expected = if gone { vec![] } else { vec![steps - 1 - n] };
            assert_eq!((run.state == State::Stuck, stuck.clone()), (!gone, expected), "{case:?}: {run:#?}");
            for n in stuck {
                assert!(store.decide_step(&begun.id, n, None, &entry()).await.unwrap());
            }
            assert_eq!(twice.world.rests(&begun.id).await.state, State::Undone);
            assert_eq!(twice.world.cloud.listing(), begun.before, "{case:?}");
        }
    }
}
