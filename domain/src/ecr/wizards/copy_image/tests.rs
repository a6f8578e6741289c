//! What copies of images do, and what they refuse.

use super::*;
use crate::plan::export::cli;
use crate::plan::run::{Run, State, StepState};
use serde_json::json;

fn answers() -> Answers {
    Answers {
        source: "nginx:1.27".into(),
        platform: "linux/arm64".into(),
        repository: "shop/web".into(),
        tag: "1".into(),
        credentials: String::new(),
    }
}

fn plan(answers: &Answers, settings: Value, tag: Option<Value>, source: Value) -> Result<Plan, FieldErrors> {
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let states = [Some(settings).filter(|s| !s.is_null()), tag, Some(source)];
    answers.plan(&scope, &Facts::new(answers.subjects().into_iter().zip(states).collect()))
}

fn done(plan: &Plan) -> Vec<String> {
    let undo = |step: &Step| match &step.undo {
        Undo::Call(call) => call.operation().to_owned(),
        Undo::Never(_) => "Never".to_owned(),
    };
    plan.steps.iter().map(|step| format!("{} · {}", step.says, undo(step))).collect()
}

fn source(tags: Value) -> Value {
    let digest = format!("sha256:{}", "a".repeat(64));
    json!({ "source": format!("docker.io/library/nginx@{digest}"), "digest": digest, "size": 71_234_567,
            "platforms": ["linux/arm64/v8"], "tags": tags })
}

#[test]
fn a_tag_becomes_a_digest_and_what_was_there_decides_the_way_back() {
    let mutable = json!({ "imageTagMutability": "MUTABLE" });
    let new = plan(&answers(), mutable.clone(), None, source(Value::Null)).unwrap();
    assert_eq!(
        done(&new),
        [
            "Copy nginx:1.27 (aaaaaaaaaaaa, linux/arm64/v8, 68 MiB) to shop/web · BatchDeleteImage",
            "Tag aaaaaaaaaaaa of shop/web with 1 · BatchDeleteImage",
        ]
    );
    for (step, tag) in new.steps.iter().zip([Value::Null, "1".into()]) {
        let input = step.call.input();
        assert!(input["source"].as_str().unwrap().starts_with("docker.io/library/nginx@sha256:aaa"));
        assert_eq!(
            (&input["imageTag"], &input["alone"], &input["platform"]),
            (&tag, &true.into(), &"linux/arm64".into())
        );
    }
    let text = cli::script(&new);
    assert!(
        text.contains("skopeo copy --all") && text.contains("dkr.ecr.eu-west-1.amazonaws.com/shop/web:1'"),
        "{text}"
    );
    assert!(!text.contains("--src-creds"), "{text}");
    assert!(new.steps[0].call.input().get("sourceCredentials").is_none());
    let private = Answers { credentials: "0a1b".into(), ..answers() };
    let private = plan(&private, mutable.clone(), None, source(Value::Null)).unwrap();
    assert_eq!(private.steps[0].call.input()["sourceCredentials"], "0a1b");
    let text = cli::script(&private);
    assert!(text.contains("--src-creds \"${SOURCE_USER:?}:${SOURCE_PASSWORD:?}\"") && !text.contains("0a1b"), "{text}");
    let mut ecr = source(Value::Null);
    ecr["source"] = "444455556666.dkr.ecr.us-east-1.amazonaws.com/base/web@sha256:a".into();
    let text = cli::script(&plan(&answers(), mutable.clone(), None, ecr).unwrap());
    assert!(text.contains("--src-creds \"AWS:$(aws ecr get-login-password --region us-east-1)\""), "{text}");
    let old = json!({ "imageDigest": "sha256:b", "imageManifest": "{}", "imageManifestMediaType": "x" });
    let moved = plan(&answers(), mutable.clone(), Some(old), source(Value::Null)).unwrap();
    assert_eq!(done(&moved)[1], "Move the tag 1 of shop/web to aaaaaaaaaaaa · PutImage");
    // What is there is adopted.
    let untagged = plan(&answers(), mutable.clone(), None, source(json!([]))).unwrap();
    assert_eq!(done(&untagged), ["Tag aaaaaaaaaaaa of shop/web with 1 · Never"]);
    let tagged = plan(&answers(), mutable, None, source(json!(["2"]))).unwrap();
    assert_eq!(done(&tagged), ["Tag aaaaaaaaaaaa of shop/web with 1 · BatchDeleteImage"]);
}

#[test]
fn what_an_index_leads_to_is_copied_before_it_by_steps_of_its_own() {
    let digest = |of: char| format!("sha256:{}", of.to_string().repeat(64));
    let part = |of: char, platform: Option<&str>, size: u64, held: bool| json!({ "digest": digest(of), "platform": platform, "size": size, "held": held });
    let mut index = source(Value::Null);
    index["parts"] = json!([
        part('b', Some("linux/amd64"), 30_000_000, false),
        part('c', Some("linux/arm64"), 40_000_000, true),
        part('d', None, 5_000, false),
    ]);
    let private = Answers { credentials: "0a1b".into(), platform: String::new(), ..answers() };
    let plan = plan(&private, json!({}), None, index).unwrap();
    assert_eq!(
        done(&plan),
        [
            "Copy a part of nginx:1.27 (bbbbbbbbbbbb, linux/amd64, 29 MiB) to shop/web · BatchDeleteImage",
            "Copy a part of nginx:1.27 (dddddddddddd, 4.9 KiB) to shop/web · BatchDeleteImage",
            "Copy nginx:1.27 (aaaaaaaaaaaa, linux/arm64/v8, 68 MiB) to shop/web · BatchDeleteImage",
            "Tag aaaaaaaaaaaa of shop/web with 1 · BatchDeleteImage",
        ]
    );
    let input = plan.steps[1].call.input();
    assert_eq!(
        input,
        json!({ "source": format!("docker.io/library/nginx@{}", digest('d')), "repositoryName": "shop/web",
            "imageDigest": digest('d'), "alone": true, "sourceCredentials": "0a1b" })
    );
    let after: Vec<String> = plan.steps.iter().map(|step| step.depends_on.join(" ")).collect();
    assert_eq!(after, ["", "", "part-1 part-2", "part-1 part-2 image"]);
    let Undo::Call(back) = &plan.steps[1].undo else { panic!() };
    assert_eq!(back.input()["imageIds"], json!([{ "imageDigest": digest('d') }]));
    assert_eq!(back.subject(), plan.steps[1].call.subject());
    // The one command that has a tag brings all of it.
    assert_eq!(cli::script(&plan).matches("skopeo copy --all").count(), 1);
}

#[test]
fn an_index_in_the_index_depends_on_those_of_its_parts_that_are_new() {
    let digest = |of: char| format!("sha256:{}", of.to_string().repeat(64));
    let part = |of: char, held: bool, parts: &[char]| {
        let parts: Vec<String> = parts.iter().copied().map(digest).collect();
        json!({ "digest": digest(of), "size": 1, "held": held, "parts": parts })
    };
    let mut index = source(Value::Null);
    index["parts"] = json!([
        part('b', false, &[]),
        part('c', true, &[]),
        part('d', false, &[]),
        part('e', false, &['c', 'd']),
        part('f', false, &['b', 'e']),
    ]);
    let plan = plan(&Answers { platform: String::new(), ..answers() }, json!({}), None, index).unwrap();
    let after: Vec<(&str, String)> =
        plan.steps.iter().map(|step| (step.id.as_str(), step.depends_on.join(" "))).collect();
    let whole = "part-1 part-2 part-3 part-4";
    let all = format!("{whole} image");
    let expected = [
        ("part-1", ""),
        ("part-2", ""),
        ("part-3", "part-2"),
        ("part-4", "part-1 part-3"),
        ("image", whole),
        ("tag", all.as_str()),
    ];
    assert_eq!(after, expected.map(|(id, needs)| (id, needs.to_owned())));
    // The index in the index stays, because somebody tagged it: what it leads to stays, and the rest goes.
    let mut run = Run::new("r".into(), plan);
    run.state = State::Undoing;
    let states = [StepState::Made, StepState::Made, StepState::Left, StepState::Undone, StepState::Undone];
    for (step, state) in run.steps.iter_mut().zip(states) {
        step.state = state;
    }
    assert_eq!(run.kept_for(1).map(|step| step.id.as_str()), Some("part-3"));
    assert!(run.kept_for(0).is_none());
}

#[test]
fn only_what_is_new_to_the_repository_costs_something() {
    let of = |with: Value, tags: Value| {
        let mut source = source(tags);
        source.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        plan(&answers(), json!({}), None, source).unwrap().steps[0].monthly
    };
    let blobs = json!({ "sha256:base": 1_000_000_000, "sha256:app": 500_000_000 });
    let held = |held: Value, replicas: u32| json!({ "blobs": blobs, "stored": { "held": held, "replicas": replicas } });
    assert_eq!(of(held(json!([]), 0), Value::Null), Some(150_000));
    assert_eq!(of(held(json!(["sha256:base"]), 1), Value::Null), Some(100_000));
    assert_eq!(of(held(json!([]), 0), json!([])), Some(0), "the repository has this very image");
    assert_eq!(of(json!({}), Value::Null), None);
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    assert_eq!(answers().plan(&scope, &Facts::default()).unwrap().steps[0].monthly, None, "nobody looked yet");
}

#[test]
fn what_is_wrong_is_said_beside_its_field() {
    let field = |outcome: Result<Plan, FieldErrors>| outcome.unwrap_err().into_keys().next().unwrap();
    let immutable = json!({ "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "dev-*" }] });
    let old = Some(json!({ "imageDigest": "sha256:b" }));
    assert_eq!(field(plan(&answers(), immutable.clone(), old.clone(), source(Value::Null))), "tag");
    let excepted = Answers { tag: "dev-1".into(), ..answers() };
    assert!(plan(&excepted, immutable.clone(), old, source(Value::Null)).is_ok());
    let same = Some(json!({ "imageDigest": format!("sha256:{}", "a".repeat(64)) }));
    assert_eq!(field(plan(&answers(), immutable.clone(), same, source(json!(["1"])))), "nothing");
    assert_eq!(field(plan(&answers(), Value::Null, None, source(Value::Null))), "repository");
    let wrong = json!({ "wrong": { "field": "platform", "message": "It has no image for it." } });
    assert_eq!(field(plan(&answers(), immutable.clone(), None, wrong)), "platform");
    for (name, answers) in [
        ("source", Answers { source: "https://ghcr.io/a".into(), ..answers() }),
        ("platform", Answers { platform: "arm".into(), ..answers() }),
        ("tag", Answers { tag: "-x".into(), ..answers() }),
    ] {
        assert_eq!(field(plan(&answers, immutable.clone(), None, source(Value::Null))), name);
    }
}
