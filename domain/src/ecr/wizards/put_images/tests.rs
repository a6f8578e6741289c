//! What putting uploaded images does, and what it refuses.

use super::*;
use serde_json::json;

fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}
fn manifest(of: char) -> Manifest {
    Manifest { digest: digest(of), media_type: "application/x".into(), text: format!("{{\"{of}\":1}}") }
}
fn answers(tags: &[&str]) -> Answers {
    let image = Image {
        manifest: manifest('a'),
        parts: vec![manifest('b'), manifest('c')],
        tags: tags.iter().map(|t| (*t).to_owned()).collect(),
        platforms: vec!["linux/amd64".into(), "linux/arm64".into()],
        size: 12_000_000,
    };
    Answers { repository: "shop/web".into(), images: vec![image] }
}
fn plan(answers: &Answers, held: Value, tags: &[Option<Value>]) -> Result<Plan, FieldErrors> {
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let settings = json!({ "imageTagMutability": "IMMUTABLE" });
    let states = [Some(settings), Some(held)].into_iter().chain(tags.iter().cloned());
    answers.plan(&scope, &Facts::new(answers.subjects().into_iter().zip(states).collect()))
}
fn done(plan: &Plan) -> Vec<String> {
    let undo = |step: &Step| match &step.undo {
        Undo::Call(call) => call.operation().to_owned(),
        other => format!("{other:?}").split('(').next().unwrap().to_owned(),
    };
    plan.steps.iter().map(|step| format!("{} · {}", step.says, undo(step))).collect()
}

#[test]
fn parts_come_before_their_index_and_tags_last() {
    let plan = plan(&answers(&["1", "1.0"]), json!({}), &[None, None]).unwrap();
    assert_eq!(
        done(&plan),
        [
            "Put bbbbbbbbbbbb, a part of aaaaaaaaaaaa, into shop/web · BatchDeleteImage",
            "Put cccccccccccc, a part of aaaaaaaaaaaa, into shop/web · BatchDeleteImage",
            "Put the image (aaaaaaaaaaaa, linux/amd64, linux/arm64, 11 MiB) into shop/web · BatchDeleteImage",
            "Tag aaaaaaaaaaaa of shop/web with 1 · BatchDeleteImage",
            "Tag aaaaaaaaaaaa of shop/web with 1.0 · BatchDeleteImage",
        ]
    );
    let after = |n: usize| plan.steps[n].depends_on.join(" ");
    assert_eq!(
        [0, 1, 2, 3, 4].map(after),
        ["", "", "image-1 image-2", "image-1 image-2 image-3", "image-1 image-2 image-3"]
    );
    let input = plan.steps[2].call.input();
    assert_eq!(input["imageManifest"], "{\"a\":1}");
    assert_eq!((&input["imageDigest"], &input["imageTag"]), (&json!(digest('a')), &Value::Null));
    assert_eq!(plan.steps[3].call.input()["imageTag"], "1");
}

#[test]
fn an_index_in_the_index_depends_on_its_own_parts() {
    let mut answers = answers(&["1"]);
    let mut inner = manifest('d');
    inner.text = json!({ "manifests": [{ "digest": digest('c') }, { "digest": digest('f') }] }).to_string();
    answers.images[0].parts.push(inner);
    let plan = plan(&answers, json!({}), &[None]).unwrap();
    let after: Vec<String> = plan.steps.iter().map(|step| step.depends_on.join(" ")).collect();
    let whole = "image-1 image-2 image-3";
    let all = format!("{whole} image-4");
    assert_eq!(after, ["", "", "image-2", whole, all.as_str()]);
}

#[test]
fn a_layer_costs_something_once_and_a_tag_nothing() {
    let text = |own: char| {
        json!({ "config": { "digest": digest(own), "size": 0 }, "layers": [{ "digest": digest('0'), "size": 1_000_000_000 },
            { "digest": digest('1'), "size": 2_000_000_000 }] })
        .to_string()
    };
    let mut answers = answers(&["1"]);
    answers.images[0].manifest.text = json!({ "manifests": [] }).to_string();
    answers.images[0].parts[0].text = text('8');
    answers.images[0].parts[1].text = text('9');
    let monthly = |stored: Option<Value>| {
        let plan = plan(&answers, json!({}), &[None, stored]).unwrap();
        plan.steps.iter().map(|step| step.monthly).collect::<Vec<_>>()
    };
    let there = json!({ "held": [digest('1')], "replicas": 0 });
    assert_eq!(monthly(Some(there)), [Some(100_000), Some(0), Some(0), Some(0)]);
    assert_eq!(monthly(Some(json!({ "held": [], "replicas": 1 }))), [Some(600_000), Some(0), Some(0), Some(0)]);
    assert_eq!(monthly(None), [None, None, None, Some(0)]);
    let subjects = answers.subjects();
    let layers = subjects.iter().find_map(|subject| match subject {
        plan::Subject::Ecr(Subject::Stored { layers, .. }) => Some(layers.len()),
        _ => None,
    });
    assert_eq!(layers, Some(4));
}

#[test]
fn what_is_there_is_adopted_and_what_would_delete_it_is_not_offered() {
    let held = json!({ digest('b'): [], digest('c'): [], digest('a'): [] });
    let steps = done(&plan(&answers(&["1", "2"]), held.clone(), &[None, None]).unwrap());
    assert_eq!(
        steps,
        ["Tag aaaaaaaaaaaa of shop/web with 1 · Never", "Tag aaaaaaaaaaaa of shop/web with 2 · BatchDeleteImage"]
    );
    let here = Some(json!({ "imageDigest": digest('a') }));
    let nothing = plan(&answers(&["1"]), held, &[here]).unwrap_err();
    assert!(nothing.contains_key("nothing"), "{nothing:?}");
}

#[test]
fn what_was_put_gets_other_tags_without_being_put_again() {
    let held = json!({ digest('a'): ["1"], digest('b'): [], digest('c'): [] });
    let plan = plan(&answers(&["1.0"]), held, &[None]).unwrap();
    assert_eq!(done(&plan), ["Tag aaaaaaaaaaaa of shop/web with 1.0 · BatchDeleteImage"]);
    assert_eq!(plan.steps[0].call.input()["imageManifest"], "{\"a\":1}");
}

#[test]
fn what_is_wrong_is_said_beside_its_field() {
    let elsewhere = Some(json!({ "imageDigest": digest('f') }));
    let taken = plan(&answers(&["1"]), json!({}), &[elsewhere]).unwrap_err();
    assert!(taken["tags-0"].contains("its tags stay"), "{taken:?}");
    for (wrong, field) in [
        (answers(&[]), "tags-0"),
        (answers(&["-x"]), "tags-0"),
        (answers(&["a", "a"]), "tags-0"),
        (Answers::default(), "images"),
        (answers(&(0..21).map(|n| ["a", "b", "c"][n % 3]).collect::<Vec<_>>()), "images"),
    ] {
        let errors = plan(&wrong, json!({}), &[]).unwrap_err();
        assert!(errors.contains_key(field), "{errors:?}");
        assert!(wrong.subjects().is_empty());
    }
    let mut large = answers(&["1"]);
    large.images[0].manifest.text = "x".repeat(MOST_BYTES);
    assert!(plan(&large, json!({}), &[]).unwrap_err()["images"].contains("fewer images"));
}

#[test]
fn tags_are_typed_with_spaces_or_commas() {
    assert_eq!(tags(" 1, 1.0 latest,1 "), ["1", "1.0", "latest"]);
    assert!(tags(" , ").is_empty());
}
