//! Runs against a cloud of named things, with crashes and failures by the numbers of a seed.

use super::*;
use crate::plan::tests::three_steps;

/// A cloud of named things, with failures by the numbers of a seed.
struct Cloud {
    there: std::collections::BTreeSet<usize>,
    seed: u64,
}

impl Cloud {
    fn chance(&mut self, one_in: u64) -> bool {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33).is_multiple_of(one_in)
    }
}

#[test]
fn a_key_stays_until_what_it_encrypts_is_gone_and_with_what_is_left() {
    let mut run = Run::new("r".into(), three_steps());
    let key = serde_json::json!({ "service": "kms", "operation": "CreateKey", "input": {} });
    run.plan.steps[0].call = serde_json::from_value(key).unwrap();
    run.plan.steps.truncate(2);
    run.steps.truncate(2);
    run.state = State::Undoing;
    (run.steps[0].state, run.steps[1].state) = (StepState::Made, StepState::Stuck);
    assert_eq!((run.waits(0), run.next()), (true, Next::Become(State::Stuck)));
    assert!(run.kept_for(0).is_none());
    run.steps[1].state = StepState::Left;
    assert_eq!((run.waits(0), run.next()), (false, Next::TakeBack(0)));
    assert_eq!(run.kept_for(0).map(|step| step.id.as_str()), Some("lifecycle"));
    run.steps[1].state = StepState::Undone;
    assert!(run.kept_for(0).is_none());
}

#[test]
fn a_revision_stays_while_a_service_that_runs_it_is_stuck() {
    use serde_json::json;
    let ecs = |operation: &str, input: Value| -> Call {
        serde_json::from_value(json!({ "service": "ecs", "operation": operation, "input": input })).unwrap()
    };
    let mut run = Run::new("r".into(), three_steps());
    run.plan.steps[0].call = ecs("RegisterTaskDefinition", json!({ "family": "web", "gantry:like": "web:12" }));
    let runs = json!({ "cluster": "prod", "service": "web", "taskDefinition": "${repository.taskDefinitionArn}" });
    run.plan.steps[1].call = ecs("UpdateService", runs);
    run.plan.steps.truncate(2);
    run.steps.truncate(2);
    run.state = State::Undoing;
    (run.steps[0].state, run.steps[1].state) = (StepState::Made, StepState::Stuck);
    assert_eq!((run.waits(0), run.next()), (true, Next::Become(State::Stuck)));
    // Left, it may run another one by now, which is seen there.
    run.steps[1].state = StepState::Left;
    assert_eq!((run.next(), run.kept_for(0)), (Next::TakeBack(0), None));
    assert_eq!(run.left_over(0).iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["lifecycle"]);
    run.steps[1].state = StepState::Undone;
    assert_eq!((run.next(), run.left_over(0).len()), (Next::TakeBack(0), 0));
}

#[test]
fn what_is_left_is_found_by_its_own_arn_or_by_none() {
    let mut run = Run::new("r".into(), three_steps());
    let repository = "arn:aws:ecr:eu-west-1:111122223333:repository/its";
    assert_eq!(run.arn(0, "ada"), None, "nothing was made");
    for step in &mut run.steps {
        step.state = StepState::Stuck;
    }
    assert_eq!([0, 1, 2].map(|n| run.arn(n, "ada")), [Some(repository.to_owned()), Some(repository.to_owned()), None]);
    run.steps[0].after = Some(serde_json::json!({ "repositoryArn": repository }));
    assert_eq!(run.arn(2, "ada").as_deref(), Some(repository), "now it is known what was tagged");
    let register =
        serde_json::json!({ "service": "ecs", "operation": "RegisterTaskDefinition", "input": { "family": "web" } });
    run.plan.steps[0].call = serde_json::from_value(register).unwrap();
    run.steps[0].after = None;
    assert_eq!(run.arn(0, "ada"), None, "AWS gave it a number that nobody heard");
    let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:13";
    let role = "arn:aws:iam::111122223333:role/pulls";
    run.steps[0].after = Some(serde_json::json!({ "executionRoleArn": role, "taskDefinitionArn": arn }));
    assert_eq!(run.arn(0, "ada").as_deref(), Some(arn));
}

#[test]
fn settings_are_gone_with_their_repository() {
    let mut run = Run::new("r".into(), three_steps());
    run.state = State::Undoing;
    for (step, state) in run.steps.iter_mut().zip([StepState::Made, StepState::Stuck, StepState::Waiting]) {
        step.state = state;
    }
    assert!(!run.went_with_another(1), "the repository is there");
    run.steps[0].state = StepState::Left;
    assert!(!run.went_with_another(1), "it was left as it is");
    run.steps[0].state = StepState::Undone;
    assert!(run.went_with_another(1));
    run.plan.steps[1].depends_on.clear();
    assert!(!run.went_with_another(1), "it is no part of it");
}

#[test]
fn images_stay_until_their_tag_is_decided_and_with_an_index_that_is_left() {
    let mut run = Run::new("r".into(), three_steps());
    let put = |digest: &str, tag: Option<&str>| -> Call {
        let input = serde_json::json!({ "repositoryName": "its", "imageDigest": digest, "imageTag": tag });
        let call = serde_json::json!({ "service": "ecr", "operation": "PutImage", "input": input });
        serde_json::from_value(call).unwrap()
    };
    // A part, the index that leads to it, and the index' tag.
    for (step, call) in run.plan.steps.iter_mut().zip([put("a", None), put("b", None), put("b", Some("1"))]) {
        step.call = call;
    }
    run.plan.steps[2].depends_on.push("lifecycle".into());
    run.state = State::Undoing;
    for (step, state) in run.steps.iter_mut().zip([StepState::Made, StepState::Made, StepState::Stuck]) {
        step.state = state;
    }
    assert_eq!((run.waits(0), run.waits(1), run.next()), (true, true, Next::Become(State::Stuck)));
    // It may lead elsewhere by now.
    run.steps[2].state = StepState::Left;
    assert_eq!((run.kept_for(1), run.next()), (None, Next::TakeBack(1)));
    run.steps[1].state = StepState::Left;
    assert_eq!(run.kept_for(0).map(|step| step.id.as_str()), Some("lifecycle"));
    run.steps[1].state = StepState::Undone;
    assert_eq!((run.kept_for(0), run.next()), (None, Next::TakeBack(0)));
    // An index that was never sent is somebody else's.
    let theirs = |run: &Run| run.theirs_over(0).iter().map(|step| step.id.clone()).collect::<Vec<_>>();
    assert_eq!(theirs(&run), ["lifecycle"]);
    run.steps[1].attempts = 1;
    assert!(theirs(&run).is_empty() && run.theirs_over(1).is_empty());
    run.steps[1] = Progress::default();
    assert!(theirs(&run).is_empty(), "its turn never came");
}

/// Runs until it rests, with crashes between any two writes and somebody who cancels; what a crash loses is everything but the journal.
fn drive(run: &mut Run, cloud: &mut Cloud, kills: u64, failures: u64) {
    for _ in 0..10_000 {
        run.cancelled |= run.state == State::Applying && cloud.chance(40);
        match run.next() {
            Next::Rest => return,
            Next::Check => run.state = State::Applying,
            Next::Become(state) => run.state = state,
            Next::Make(n) => {
                run.steps[n].state = StepState::Begun;
                if cloud.chance(kills) {
                    continue;
                }
                if cloud.chance(failures) {
                    run.steps[n].state = StepState::Failed;
                    continue;
                }
                assert!(cloud.there.insert(n), "step {n} was made twice");
                if cloud.chance(kills) {
                    continue;
                }
                run.steps[n].state = StepState::Made;
            }
            Next::FindOut(n) => {
                let made = cloud.there.contains(&n);
                run.steps[n].state = if made { StepState::Made } else { StepState::Waiting };
            }
            Next::TakeBack(n) => {
                run.steps[n].state = StepState::Undoing;
                if cloud.chance(kills) {
                    continue;
                }
                // What is gone needs no undo: it is read first.
                if cloud.there.contains(&n) {
                    if cloud.chance(failures) {
                        run.steps[n].state = StepState::Stuck;
                        continue;
                    }
                    cloud.there.remove(&n);
                    if cloud.chance(kills) {
                        continue;
                    }
                }
                run.steps[n].state = StepState::Undone;
            }
        }
    }
    panic!("it never ends: {:?}", run.steps);
}

#[test]
fn every_run_ends_and_leaves_what_its_end_says() {
    let mut ends = std::collections::BTreeMap::new();
    for seed in 0..3_000 {
        let mut run = Run::new(seed.to_string(), three_steps());
        let mut cloud = Cloud { there: [].into(), seed: seed * 7919 + 1 };
        run.cancelled = seed % 11 == 0;
        drive(&mut run, &mut cloud, 3, 5);
        let left: Vec<usize> = cloud.there.iter().copied().collect();
        match run.state {
            State::Applied => assert_eq!((left, run.cancelled), (vec![0, 1, 2], false), "seed {seed}"),
            State::Undone => assert!(left.is_empty(), "seed {seed}: {left:?}"),
            State::Stuck => assert_eq!(left, run.stuck().collect::<Vec<_>>(), "seed {seed}"),
            live => panic!("seed {seed} rests as {live:?}"),
        }
        *ends.entry(run.state.as_str()).or_insert(0) += 1;
    }
    assert_eq!(ends.len(), 3, "{ends:?}");
}

#[test]
fn cancelling_is_failing_at_the_step_under_way_also_at_the_last() {
    let mut run = Run::new("r".into(), three_steps());
    run.state = State::Applying;
    run.steps[0].state = StepState::Made;
    run.cancelled = true;
    assert_eq!(run.next(), Next::Become(State::Undoing));
    for step in &mut run.steps {
        step.state = StepState::Made;
    }
    run.steps[2].state = StepState::Begun;
    assert_eq!(run.next(), Next::FindOut(2), "what becomes of it is found out first");
    run.steps[2].state = StepState::Made;
    assert_eq!(run.next(), Next::Become(State::Undoing));
    run.state = State::Undoing;
    assert_eq!(run.next(), Next::TakeBack(2));
}

#[test]
fn what_was_refused_afterwards_is_taken_back_too() {
    let mut run = Run::new("r".into(), three_steps());
    run.state = State::Applying;
    run.steps[0].state = StepState::Made;
    run.steps[1].state = StepState::Made;
    run.steps[1].problem = Some(Problem::new(crate::Code::AwsRejected, "AWS refused", "no"));
    assert_eq!(run.next(), Next::Become(State::Undoing));
    run.state = State::Undoing;
    assert_eq!(run.next(), Next::TakeBack(1));
}

#[test]
fn what_a_stuck_step_wrote_over_waits_for_it() {
    let mut plan = three_steps();
    plan.steps[2].call = plan.steps[1].call.clone();
    let mut run = Run::new("r".into(), plan);
    run.state = State::Undoing;
    (run.steps[0].state, run.steps[1].state) = (StepState::Made, StepState::Made);
    run.steps[2].state = StepState::Stuck;
    assert!(run.waits(1) && !run.waits(0) && !run.waits(2));
    assert_eq!(run.next(), Next::TakeBack(0));
    run.steps[0].state = StepState::Undone;
    assert_eq!(run.next(), Next::Become(State::Stuck));
    // Somebody tried again, and it went.
    run.steps[2].state = StepState::Undone;
    assert_eq!(run.next(), Next::TakeBack(1));
}

#[test]
fn what_a_step_found_is_what_the_last_before_it_left() {
    let mut plan = three_steps();
    plan.steps[2].call = plan.steps[1].call.clone();
    let planned = serde_json::json!({ "rules": [1] });
    plan.steps[2].before = Some(planned.clone());
    let mut run = Run::new("r".into(), plan);
    assert_eq!((run.before(0), run.before(2), run.before(3)), (None, Some(&planned), None));
    let left = serde_json::json!({ "rules": [2] });
    (run.steps[0].state, run.steps[0].after) = (StepState::Made, Some(serde_json::json!({ "repositoryName": "its" })));
    (run.steps[1].state, run.steps[1].after) = (StepState::Made, Some(left.clone()));
    assert_eq!(run.before(2), Some(&left));
    run.steps[1].state = StepState::Undone;
    assert_eq!(run.before(2), Some(&planned));
}

#[test]
fn the_latest_tries_that_failed_are_kept() {
    let mut progress = Progress::default();
    for n in 0..10 {
        progress.try_failed(Millis(n), &Problem::new(crate::Code::AwsThrottled, "Too fast", "Later."));
    }
    let kept: Vec<i64> = progress.tries.iter().map(|one| one.at.0).collect();
    assert_eq!(kept, [2, 3, 4, 5, 6, 7, 8, 9]);
    // As a server of before wrote it.
    let mut older = serde_json::to_value(&progress).unwrap();
    older.as_object_mut().unwrap().remove("tries");
    assert!(serde_json::from_value::<Progress>(older).unwrap().tries.is_empty());
}

#[test]
fn an_unknown_outcome_is_found_out_before_anything_is_taken_back() {
    let mut run = Run::new("r".into(), three_steps());
    run.state = State::Undoing;
    run.steps[0].state = StepState::Made;
    run.steps[1].state = StepState::Begun;
    assert_eq!(run.next(), Next::FindOut(1));
}

fn call(operation: &str, input: Value) -> Call {
    let call = serde_json::json!({ "service": "ecr", "operation": operation, "input": input });
    serde_json::from_value(call).unwrap()
}

#[test]
fn a_step_holds_to_the_review_where_it_could_write_over_what_somebody_else_did() {
    let mut run = Run::new("r".into(), three_steps());
    let holds = |run: &Run| [0, 1, 2].map(|n| run.holds_to_review(n));
    assert_eq!(holds(&run), [true, true, false], "which resource the last tags is for the first to say");
    run.plan.steps[2].call = run.plan.steps[1].call.clone();
    assert_eq!(holds(&run), [true, true, false], "the one before it writes the same");
    let put = |tag: Option<&str>| {
        call("PutImage", serde_json::json!({ "repositoryName": "its", "imageDigest": "a", "imageTag": tag }))
    };
    let scan =
        call("StartImageScan", serde_json::json!({ "repositoryName": "its", "imageId": { "imageDigest": "a" } }));
    for (step, call) in run.plan.steps.iter_mut().zip([put(None), scan, put(Some("1"))]) {
        step.call = call;
    }
    assert_eq!(holds(&run), [false, false, true], "neither content nor a scan writes over anything");
    let service = serde_json::json!({ "cluster": "prod", "service": "web", "taskDefinition": "${repository.arn}" });
    let update = serde_json::json!({ "service": "ecs", "operation": "UpdateService", "input": service });
    run.plan.steps[2].call = serde_json::from_value(update).unwrap();
    assert!(run.holds_to_review(2), "which service it is, is known");
    let register = serde_json::json!({ "family": "web", "gantry:like": "web:12" });
    let register = serde_json::json!({ "service": "ecs", "operation": "RegisterTaskDefinition", "input": register });
    run.plan.steps[2].call = serde_json::from_value(register).unwrap();
    assert!(!run.holds_to_review(2), "a revision of somebody else's stays beside it");
}

#[test]
fn of_images_to_delete_some_may_be_gone_and_the_others_are_as_they_were() {
    use serde_json::json;
    let delete = |ids: Value| call("BatchDeleteImage", json!({ "repositoryName": "its", "imageIds": ids }));
    let (images, tag) =
        (delete(json!([{ "imageDigest": "a" }, { "imageDigest": "b" }])), delete(json!([{ "imageTag": "1" }])));
    let before = json!({ "a": ["1"], "b": [] });
    let finds = |call: &Call, state: Option<Value>| call.finds(Some(&before), state.as_ref());
    assert!(
        finds(&images, Some(before.clone())) && finds(&images, Some(json!({ "a": ["1"] }))) && finds(&images, None)
    );
    assert!(!finds(&images, Some(json!({ "a": ["1", "kept"], "b": [] }))), "somebody gave it a tag");
    assert!(!finds(&tag, None) && finds(&tag, Some(before.clone())));
    assert!(!images.finds(None, Some(&before)) && images.finds(None, None));
}

#[test]
fn a_policy_whose_lists_come_in_another_order_is_as_it_was() {
    use serde_json::json;
    let policy =
        |actions: [&str; 2]| json!({ "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": actions }] });
    let (one, other) =
        (policy(["ecr:BatchGetImage", "ecr:DescribeImages"]), policy(["ecr:DescribeImages", "ecr:BatchGetImage"]));
    let wider = policy(["ecr:BatchGetImage", "ecr:PutImage"]);
    let set = call("SetRepositoryPolicy", json!({ "repositoryName": "its", "policyText": "{}" }));
    assert!(
        set.finds(Some(&one), Some(&other)) && !set.finds(Some(&one), Some(&wider)) && !set.finds(Some(&one), None)
    );
    // Of other documents it counts.
    let rules = call("PutLifecyclePolicy", json!({ "repositoryName": "its", "lifecyclePolicyText": "{}" }));
    assert!(!rules.finds(Some(&one), Some(&other)));
}

#[test]
fn a_call_that_was_sent_twice_or_whose_outcome_nobody_knows_is_doubtful() {
    let of = |attempts, state, known: bool| {
        let after = known.then(|| serde_json::json!({ "Arn": "1a" }));
        Progress { attempts, state, after, ..Progress::default() }.is_doubtful()
    };
    assert!(!of(0, StepState::Waiting, false) && !of(1, StepState::Made, true));
    // Refused at its first try, it was not made.
    assert!(!of(1, StepState::Failed, false) && of(2, StepState::Failed, false));
    assert!(of(1, StepState::Waiting, false) && of(1, StepState::Made, false) && of(2, StepState::Undone, true));
}

#[test]
fn a_step_misses_what_an_earlier_one_left_and_nobody_could_read() {
    let mut run = Run::new("r".into(), three_steps());
    let tags = serde_json::json!([
        { "Key": "gantry:run", "Value": "${run.id}" },
        { "Key": "of", "Value": "${aws:username} ${last.id} ${later.id}" }
    ]);
    run.plan.steps[2].call =
        call("TagResource", serde_json::json!({ "resourceArn": "${repository.repositoryArn}", "tags": tags }));
    assert_eq!(run.misses(2).as_deref(), Some("${repository.repositoryArn}"));
    run.steps[0].after = Some(serde_json::json!({ "repositoryArn": "arn" }));
    assert_eq!((run.misses(2), run.misses(0), run.misses(9)), (None, None, None));
}

#[test]
fn a_step_refers_to_something_new_where_this_run_created_it() {
    let mut run = Run::new("r".into(), three_steps());
    run.steps[0] = Progress { state: StepState::Made, attempts: 1, ..Progress::default() };
    assert_eq!([0, 1, 2, 9].map(|n| run.refers_to_new(n)), [false, false, true, false]);
    // What it found made is not new.
    run.steps[0].attempts = 0;
    assert!(!run.refers_to_new(2));
    run.steps[0].attempts = 1;
    run.plan.steps[0].effect = Effect::Update;
    assert!(!run.refers_to_new(2));
}
