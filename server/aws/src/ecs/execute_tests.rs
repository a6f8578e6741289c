//! What plans read and change of ECS, on wire answers.

use super::tests::{ARN, names};
use super::*;
use crate::scripted::caller;
use domain::Kind;
use serde_json::json;

fn family(operation: &str, input: &Value) -> (u16, Value) {
    let runs = [(9, Some("r9")), (10, None), (8, None)];
    let arn = |n: u32| format!("{ARN}:task-definition/web:{n}");
    match operation {
        "ListTaskDefinitions" => {
            assert_eq!(
                (&input["familyPrefix"], &input["status"], &input["sort"]),
                (&json!("web"), &json!("ACTIVE"), &json!("DESC"))
            );
            let other = format!("{ARN}:task-definition/webhook:99");
            (200, json!({"taskDefinitionArns": [other, arn(10), arn(9), arn(8)]}))
        }
        "DescribeTaskDefinition" => {
            let id = domain::ecs::last(input["taskDefinition"].as_str().unwrap()).to_owned();
            let number: u32 = id.strip_prefix("web:").unwrap().parse().unwrap();
            let Some((_, run)) = runs.iter().find(|(n, _)| *n == number) else {
                return (400, json!({"__type": "ClientException", "message": "Unable to describe task definition."}));
            };
            let mut tags = vec![json!({"key": "team", "value": "shop"}), json!({"key": "aws:stack", "value": "s"})];
            tags.extend(run.map(|run| json!({"key": "gantry:run", "value": run})));
            (
                200,
                json!({"tags": tags, "taskDefinition": {
                    "taskDefinitionArn": arn(number), "family": "web", "revision": number, "status": "ACTIVE", "cpu": "256",
                    "executionRoleArn": "arn:aws:iam::111122223333:role/e", "compatibilities": ["FARGATE"], "registeredAt": 1.0,
                    "containerDefinitions": [
                        {"name": "app", "image": "old", "environment": [{"name": "PASSWORD", "value": "hunter2"}]},
                        {"name": "proxy", "image": "envoy"}
                    ]
                }}),
            )
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_next_revision_is_the_one_of_the_run_or_else_the_latest() {
    use domain::ecs::subject::Subject;
    let caller = caller(family);
    let next = |after, run: &str| {
        let subject = Subject::NextRevision { family: "web".into(), after, run: run.into() };
        let caller = &caller;
        async move { read(caller, &subject).await.unwrap().unwrap() }
    };
    let (own, latest) = (next(8, "r9").await, next(8, "${run.id}").await);
    assert!(own["taskDefinitionArn"].as_str().unwrap().ends_with("/web:9"));
    assert_eq!((&own["run"], &latest["run"]), (&json!("r9"), &Value::Null));
    assert!(latest["taskDefinitionArn"].as_str().unwrap().ends_with("/web:10"));
    // What a run registered before the one it is like is not its own.
    assert!(next(9, "r9").await["taskDefinitionArn"].as_str().unwrap().ends_with("/web:10"));
    assert!(!own.to_string().contains("hunter2"), "states are stored with plans");
    let revision = Subject::Revision { task_definition: "web:9".into() };
    assert_eq!(read(&caller, &revision).await.unwrap(), Some(own));
    let gone = Subject::Revision { task_definition: "web:7".into() };
    assert_eq!(read(&caller, &gone).await.unwrap(), None);
}

#[tokio::test]
async fn a_sweep_finds_revisions_that_runs_registered_on_every_page() {
    let pages = |operation: &str, input: &Value| match (operation, input["nextToken"].as_str()) {
        ("ListTaskDefinitions", token) => {
            let (n, next) = if token.is_none() { (10, Some("more")) } else { (9, None) };
            assert_eq!((&input["status"], &input["familyPrefix"]), (&json!("ACTIVE"), &Value::Null));
            // The last one is deregistered and deleted before it is read.
            let arns = [n, n - 3].map(|n| format!("{ARN}:task-definition/web:{n}"));
            (200, json!({ "taskDefinitionArns": arns, "nextToken": next }))
        }
        _ => family(operation, input),
    };
    let found = marked(&caller(pages)).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|m| (m.key.as_ref().unwrap(), m.run.as_str()))
        .map(|(key, run)| (key.kind, key.id.as_str(), run))
        .collect();
    assert_eq!(found, [(Kind::TaskDefinition, "web:9", "r9")]);
    let denied = move |operation: &str, input: &Value| match operation {
        "DescribeTaskDefinition" => (400, json!({"__type": "AccessDeniedException", "message": "no"})),
        _ => pages(operation, input),
    };
    assert_eq!(marked(&caller(denied)).await.unwrap_err().code, Code::AwsDenied);
}

#[tokio::test]
async fn all_revisions_that_a_step_registered_are_found_and_none_that_somebody_copied_its_tags_to() {
    use domain::Millis;
    use domain::ecs::calls::{ContainerImage, RegisterTaskDefinition};
    use domain::plan::sweep::Origin;
    let caller = caller(|operation, input| {
        let (status, mut answer) = match operation {
            // One page each; that of 8 ends it.
            "ListTaskDefinitions" => {
                let next = input["nextToken"].as_str().map_or(14, |token| token.parse().unwrap());
                assert!(next >= 8, "what is older is not listed");
                let token = (next - 1).to_string();
                return (
                    200,
                    json!({"taskDefinitionArns": [format!("{ARN}:task-definition/web:{next}")], "nextToken": token}),
                );
            }
            _ => (200, json!({"taskDefinition": {"family": "web", "status": "ACTIVE", "registeredAt": 100.0}})),
        };
        let arn = input["taskDefinition"].as_str().unwrap();
        let of =
            |run: &str, step: &str| json!([{"key": "gantry:run", "value": run}, {"key": "gantry:step", "value": step}]);
        answer["taskDefinition"]["taskDefinitionArn"] = arn.into();
        answer["tags"] = match arn.rsplit(':').next().unwrap() {
            "14" => of("r1", "revision"),
            "13" => of("r1", "another"),
            "12" => of("r2", "revision"),
            "11" | "10" | "9" => of("r1", "revision"),
            other => panic!("{other} is the one it is like, or older"),
        };
        if arn.ends_with(":14") {
            answer["taskDefinition"]["registeredAt"] = json!(9_000.0);
        }
        let image = if arn.ends_with(":10") { "theirs" } else { "new" };
        answer["taskDefinition"]["containerDefinitions"] = json!([{"name": "app", "image": image}, {"name": "proxy"}]);
        (status, answer)
    });
    let input = RegisterTaskDefinition {
        family: "web".into(),
        like: "web:8".into(),
        container_definitions: vec![ContainerImage { name: "app".into(), image: "new".into() }],
        ..Default::default()
    };
    let tag = |name: &str| Some(if name == "gantry:run" { "r1" } else { "revision" }.to_owned());
    let window = Millis(50_000)..=Millis(400_000);
    let found = all_registered(&caller, &input, &Origin::of(tag).unwrap(), &window).await.unwrap();
    let found: Vec<_> = found.iter().map(|state| state["taskDefinitionArn"].as_str().unwrap()).collect();
    assert_eq!(found, [11, 9].map(|n| format!("{ARN}:task-definition/web:{n}")));
}

#[tokio::test]
async fn a_revision_is_registered_like_another_with_its_secrets_and_other_images() {
    let sent = std::sync::Arc::new(std::sync::Mutex::new(Value::Null));
    let wire = sent.clone();
    let caller = caller(move |operation, input| match operation {
        "RegisterTaskDefinition" => {
            *wire.lock().unwrap() = input.clone();
            (200, json!({}))
        }
        _ => family(operation, input),
    });
    let call = serde_json::from_value(json!({ "operation": "RegisterTaskDefinition", "input": {
        "family": "web", "gantry:like": "web:9", "containerDefinitions": [{"name": "app", "image": "new"}],
        "tags": [{"key": "gantry:run", "value": "r11"}]
    }}));
    make(&caller, &call.unwrap()).await.unwrap();
    let sent = sent.lock().unwrap().clone();
    assert_eq!(sent["containerDefinitions"][0]["image"], "new");
    assert_eq!(sent["containerDefinitions"][0]["environment"][0]["value"], "hunter2");
    assert_eq!(sent["containerDefinitions"][1]["image"], "envoy");
    let tags = json!([{"key": "team", "value": "shop"}, {"key": "gantry:run", "value": "r11"}]);
    assert_eq!((&sent["tags"], &sent["cpu"], &sent["family"]), (&tags, &json!("256"), &json!("web")));
    assert!(sent.get("registeredAt").is_none());
}

#[tokio::test]
async fn a_service_is_read_as_what_it_runs() {
    use domain::ecs::subject::Subject;
    let caller = caller(|operation, input| match (operation, names(input, "services")[0].as_str()) {
        ("DescribeServices", "web") => (
            200,
            json!({"services": [{"serviceName": "web", "status": "ACTIVE", "taskDefinition": "t:1", "deploymentController": {"type": "CODE_DEPLOY"}}]}),
        ),
        ("DescribeServices", "late") => (200, json!({"services": [{"serviceName": "late", "status": "INACTIVE"}]})),
        ("DescribeServices", _) => (200, json!({"services": [], "failures": [{"arn": "x", "reason": "MISSING"}]})),
        other => panic!("{other:?}"),
    });
    let of = |service: &str| {
        let subject = Subject::Service { cluster: "shop".into(), service: service.into() };
        let caller = &caller;
        async move { read(caller, &subject).await.unwrap() }
    };
    let web = json!({"status": "ACTIVE", "taskDefinition": "t:1", "deploymentController": "CODE_DEPLOY"});
    assert_eq!((of("web").await, of("late").await, of("gone").await), (Some(web), None, None));
    let sent = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
    let wire = sent.clone();
    let caller = crate::scripted::caller(move |operation, input| {
        wire.lock().unwrap().push((operation.to_owned(), input.clone()));
        (200, json!({}))
    });
    let calls = [
        json!({"operation": "UpdateService", "input": {"cluster": "shop", "service": "web", "taskDefinition": "t:2"}}),
        json!({"operation": "DeregisterTaskDefinition", "input": {"taskDefinition": "t:2"}}),
    ];
    for call in &calls {
        make(&caller, &serde_json::from_value(call.clone()).unwrap()).await.unwrap();
    }
    let wanted = calls.map(|call| (call["operation"].as_str().unwrap().to_owned(), call["input"].clone()));
    assert_eq!(*sent.lock().unwrap(), wanted);
}
