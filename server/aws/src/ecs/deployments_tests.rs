//! Deployments on wire answers.

use super::*;
use crate::scripted::caller;

const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333";

fn of(what: &str, id: impl std::fmt::Display) -> String {
    format!("{ARN}:{what}/shop/web/{id}")
}

/// Number 1 is the oldest, one begins each minute.
fn brief(number: u32) -> Value {
    json!({
        "serviceDeploymentArn": of("service-deployment", format!("d{number}")), "serviceArn": format!("{ARN}:service/shop/web"),
        "clusterArn": format!("{ARN}:cluster/shop"), "createdAt": 1_763_000_000.0 + f64::from(number) * 60.0,
        "startedAt": 1_763_000_001.5 + f64::from(number) * 60.0, "targetServiceRevisionArn": of("service-revision", number),
        "status": "SUCCESSFUL"
    })
}

fn summary(number: u32, running: i64) -> Value {
    json!({"arn": of("service-revision", number), "requestedTaskCount": 3, "runningTaskCount": running, "pendingTaskCount": 0})
}

fn number(arn: &str) -> u32 {
    arn.rsplit('/').next().unwrap().trim_start_matches('d').parse().unwrap()
}

fn arns(input: &Value, field: &str) -> Vec<String> {
    let arns: Vec<String> = input[field].as_array().unwrap().iter().map(|arn| arn.as_str().unwrap().into()).collect();
    assert!((1..=20).contains(&arns.len()), "AWS describes twenty at once");
    arns
}

/// A service with 25 deployments, told over two pages, oldest first: the last was rolled back, one has a
/// status that is new, and the tenth is from before AWS kept revisions.
fn endpoint(operation: &str, input: &Value) -> (u16, Value) {
    match operation {
        "ListServiceDeployments" => {
            assert_eq!((&input["cluster"], &input["service"]), (&json!("shop"), &json!("web")));
            let (range, next) = if input["nextToken"] == "two" { (13..26, None) } else { (1..13, Some("two")) };
            let deployments: Vec<Value> = range.map(brief).collect();
            (200, json!({"serviceDeployments": deployments, "nextToken": next}))
        }
        "DescribeServiceDeployments" => {
            let mut failures = vec![];
            let mut deployments = vec![];
            for arn in arns(input, "serviceDeploymentArns") {
                let number = number(&arn);
                if number == 10 {
                    failures.push(json!({"arn": of("service-revision", 10), "reason": "MISSING"}));
                    continue;
                }
                let mut told = brief(number);
                told.as_object_mut().unwrap().remove("targetServiceRevisionArn");
                told["targetServiceRevision"] = summary(number, 3);
                told["sourceServiceRevisions"] = json!([summary(number - 1, 0)]);
                told["deploymentConfiguration"] = json!({"strategy": "ROLLING", "maximumPercent": 200});
                if number == 24 {
                    told["status"] = json!("HIBERNATING");
                }
                if number == 25 {
                    told["status"] = json!("ROLLBACK_SUCCESSFUL");
                    told["rollback"] = json!({"reason": "Circuit breaker", "startedAt": 1_763_000_000.25, "serviceRevisionArn": of("service-revision", 24)});
                    told["deploymentCircuitBreaker"] =
                        json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3});
                    told["alarms"] =
                        json!({"status": "MONITORING_COMPLETE", "alarmNames": ["5xx"], "triggeredAlarmNames": []});
                }
                // AWS keeps no order here.
                deployments.insert(0, told);
            }
            (200, json!({"serviceDeployments": deployments, "failures": failures}))
        }
        "DescribeServiceRevisions" => {
            let told = |arn: String| {
                let logs = json!({"logDriver": "splunk", "options": {"splunk-token": "hunter2"}});
                json!({
                    "taskDefinition": format!("{ARN}:task-definition/web:{}", number(&arn)), "serviceRevisionArn": arn, "createdAt": 1_763_000_000.0,
                    "launchType": "FARGATE", "serviceConnectConfiguration": {"enabled": true, "logConfiguration": logs}
                })
            };
            let revisions: Vec<Value> = arns(input, "serviceRevisionArns").into_iter().map(told).collect();
            (200, json!({"serviceRevisions": revisions, "failures": []}))
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_latest_of_all_pages_are_described_with_the_revisions_they_name() {
    let answer = read(&caller(endpoint), "shop", "web").await.unwrap();
    let Some(Deployments::Told(history)) = answer else { panic!("{answer:?}") };
    let numbers: Vec<u32> =
        history.deployments.iter().map(|d| number(d.service_deployment_arn.as_deref().unwrap())).collect();
    assert_eq!(numbers, (6..26).rev().collect::<Vec<u32>>());
    assert_eq!(history.total, 25);
    let last = &history.deployments[0];
    assert_eq!(last.status.as_deref(), Some("ROLLBACK_SUCCESSFUL"));
    let rollback = last.rollback.as_ref().unwrap();
    assert_eq!(rollback.started_at.unwrap().0.0, 1_763_000_000_250);
    let back = history.definition(rollback.service_revision_arn.as_deref().unwrap());
    assert_eq!(back, Some(format!("{ARN}:task-definition/web:24").as_str()));
    assert_eq!(last.target_service_revision.as_ref().unwrap().running_task_count, Some(3));
    assert_eq!(last.deployment_circuit_breaker.as_ref().unwrap().threshold, Some(3));
    assert_eq!(history.deployments[1].status.as_deref(), Some("HIBERNATING"));
    // What is not described keeps what the list says.
    let old = &history.deployments[15];
    assert_eq!((old.status.as_deref(), old.source_service_revisions.len()), (Some("SUCCESSFUL"), 0));
    assert_eq!(old.began().unwrap().0.0, 1_763_000_601_500);
    assert!(history.definition(old.revisions().next().unwrap()).is_some());
    // Each revision once, also the one before the oldest.
    assert_eq!(history.revisions.len(), 21);
    assert!(!json!(history).to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_service_without_deployments_has_none_and_one_that_is_gone_is_gone() {
    let empty = caller(|operation, _| {
        assert_eq!(operation, "ListServiceDeployments", "nothing is left to describe");
        (200, json!({"serviceDeployments": []}))
    });
    let none = Deployments::Told(History::default());
    assert_eq!(read(&empty, "shop", "web").await.unwrap(), Some(none));
    // Fields that AWS leaves out.
    let bare = caller(|operation, _| match operation {
        "ListServiceDeployments" => (200, json!({"serviceDeployments": [{"status": "PENDING"}], "nextToken": null})),
        other => panic!("{other}"),
    });
    let Some(Deployments::Told(history)) = read(&bare, "shop", "web").await.unwrap() else { panic!() };
    assert_eq!((history.total, history.deployments[0].status.as_deref()), (1, Some("PENDING")));
    let gone = caller(|_, _| (400, json!({"__type": "ServiceNotFoundException", "message": "Service not found."})));
    assert_eq!(read(&gone, "shop", "web").await.unwrap(), None);
}

#[tokio::test]
async fn an_endpoint_without_the_calls_is_an_answer_and_a_missing_permission_is_not() {
    let lacking = |operation: &'static str, code: &'static str, status| {
        caller(move |asked, input| match asked == operation {
            true => (status, json!({"__type": code, "message": "no"})),
            false => endpoint(asked, input),
        })
    };
    for operation in ["ListServiceDeployments", "DescribeServiceDeployments", "DescribeServiceRevisions"] {
        for (code, status) in [("NotImplementedException", 501), ("UnknownOperationException", 400)] {
            let answer = read(&lacking(operation, code, status), "shop", "web").await.unwrap();
            assert_eq!(answer, Some(Deployments::Unsupported), "{operation} {code}");
        }
        let denied = read(&lacking(operation, "AccessDeniedException", 400), "shop", "web").await.unwrap_err();
        assert_eq!(denied.iam_action, Some(format!("ecs:{operation}")));
    }
    let refused = caller(|operation, input| match operation {
        "DescribeServiceRevisions" => {
            (200, json!({"serviceRevisions": [], "failures": [{"arn": "x", "reason": "ACCESS_DENIED"}]}))
        }
        _ => endpoint(operation, input),
    });
    assert_eq!(read(&refused, "shop", "web").await.unwrap_err().code, Code::AwsDenied);
}

#[tokio::test]
async fn each_call_that_is_denied_is_named_and_what_does_not_exist_is_no_trouble() {
    let refusing = caller(|operation, input| {
        let code =
            if operation == "ListServiceDeployments" { "ServiceNotFoundException" } else { "AccessDeniedException" };
        let arns = &input["serviceRevisionArns"];
        assert!(arns.is_null() || arns[0].as_str().unwrap().starts_with(&format!("{ARN}:service-revision/shop/web/")));
        (400, json!({"__type": code, "message": "no"}))
    });
    let found = denied(&refusing, "shop", "web").await;
    let actions: Vec<&str> = found.iter().filter_map(|problem| problem.iam_action.as_deref()).collect();
    assert_eq!(actions, ["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"]);
}
