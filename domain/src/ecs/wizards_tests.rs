//! Another image for a task definition and its services.

use super::*;
use crate::ecr::inventory::tests::held;
use serde_json::json;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition";

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

fn wanted() -> UseImage {
    UseImage {
        like: "web:12".into(),
        containers: vec!["app".into()],
        services: vec!["prod/web".into()],
        repository: "shop/web".into(),
        digest: DIGEST.into(),
    }
}

fn latest() -> Value {
    json!({
        "taskDefinitionArn": format!("{ARN}/web:12"), "status": "ACTIVE", "executionRoleArn": "arn:aws:iam::111122223333:role/e",
        "containerDefinitions": [{ "name": "app", "image": "old@sha256:0" }, { "name": "proxy", "image": "envoy:1" }],
    })
}

fn runs(task_definition: &str) -> Value {
    json!({ "status": "ACTIVE", "taskDefinition": format!("{ARN}/{task_definition}") })
}

fn planned(
    wanted: &UseImage,
    latest: Option<Value>,
    service: Option<Value>,
    platforms: &[&str],
) -> Result<Plan, FieldErrors> {
    let mut image = held(DIGEST, 1, &["2.0"], &[], &[]);
    image.platforms = platforms.iter().map(|p| (*p).to_owned()).collect();
    let inventory = serde_json::to_value(Inventory { images: vec![image], ..Inventory::default() }).unwrap();
    let states = [latest, Some(inventory), service];
    let subjects = wanted.subjects();
    wanted.plan(&scope(), &Facts::new(subjects.into_iter().zip(states).collect()))
}

#[test]
fn the_next_revision_is_like_the_latest_and_services_run_it() {
    let plan = planned(&wanted(), Some(latest()), Some(runs("web:11")), &["linux/amd64"]).unwrap();
    insta::assert_json_snapshot!(plan);
    let without = UseImage { services: vec![], ..wanted() };
    let plan = planned(&without, Some(latest()), None, &[]).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan::lint::lint(&plan)[0].severity, Severity::Hint);
}

#[test]
fn a_check_before_the_run_reads_the_latest_revision_and_each_service() {
    let plan = planned(&wanted(), Some(latest()), Some(runs("web:11")), &["linux/amd64"]).unwrap();
    // Both are known before anything is made: a revision registered in the meantime shows.
    assert!(plan.steps.iter().all(|step| !step.call.subject().is_to_come()));
    assert_eq!(plan.steps[0].call.subject(), wanted().subjects()[0]);
}

#[test]
fn what_would_not_run_is_said_before() {
    let said = |wanted: &UseImage, latest: Value, service: Value, platform: &str, field: &str| {
        let errors = planned(wanted, Some(latest), Some(service), &[platform]).unwrap_err();
        errors.get(field).cloned().unwrap_or_else(|| panic!("{errors:?}"))
    };
    let newer = json!({ "taskDefinitionArn": format!("{ARN}/web:13"), "containerDefinitions": [{ "name": "app", "image": "x" }] });
    assert!(said(&wanted(), newer, runs("web:12"), "linux/amd64", "like").contains("web:13"));
    assert!(said(&wanted(), latest(), runs("web:12"), "linux/arm64", "digest").contains("X86_64"));
    assert!(said(&wanted(), latest(), runs("api:3"), "linux/amd64", "services").contains("runs api"));
    let blue = json!({ "taskDefinition": format!("{ARN}/web:12"), "deploymentController": "CODE_DEPLOY" });
    assert!(said(&wanted(), latest(), blue, "linux/amd64", "services").contains("CODE_DEPLOY"));
    let other = UseImage { containers: vec!["db".into()], ..wanted() };
    assert!(said(&other, latest(), runs("web:12"), "linux/amd64", "containers").contains("no container db"));
    let uri = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web@{DIGEST}");
    let mut same = latest();
    same["containerDefinitions"][0]["image"] = uri.into();
    assert!(said(&wanted(), same, runs("web:12"), "linux/amd64", "containers").contains("already"));
    let errors = planned(&wanted(), None, None, &["linux/amd64"]).unwrap_err();
    assert!(errors["like"].contains("no active revision") && errors["services"].contains("no service web"));
    let errors = UseImage::default().plan(&scope(), &Facts::default()).unwrap_err();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["containers", "like", "repository"]);
}

#[test]
fn a_service_whose_revision_is_deregistered_is_not_promised_it_back() {
    let wanted = UseImage { services: vec!["prod/api".into(), "prod/web".into()], ..wanted() };
    let mut image = held(DIGEST, 1, &["2.0"], &[], &[]);
    image.platforms = vec!["linux/amd64".into()];
    let inventory = serde_json::to_value(Inventory { images: vec![image], ..Inventory::default() }).unwrap();
    for gone in [json!("INACTIVE"), json!("DELETE_IN_PROGRESS"), Value::Null] {
        let served = json!({ "prod/api": gone, "prod/web": "ACTIVE" });
        let states = [latest(), inventory.clone(), runs("web:10"), runs("web:11"), served].map(Some);
        let facts = Facts::new(wanted.subjects().into_iter().zip(states).collect());
        let plan = wanted.plan(&scope(), &facts).unwrap();
        // What cannot be taken back comes last.
        let undos: Vec<_> = plan.steps[1..].iter().map(|step| (step.says.as_str(), &step.undo)).collect();
        let [(web, Undo::Call(back)), (api, Undo::Never(why))] = undos[..] else { panic!("{undos:?}") };
        assert!(web.contains("web in prod") && api.contains("api in prod"), "{web} {api}");
        assert_eq!(back.input()["taskDefinition"], format!("{ARN}/web:11"));
        assert!(why.starts_with("web:10, which api runs now, is deregistered"), "{why}");
    }
}
