//! What ECS does with load balancers: running tasks of a service are registered in its target groups, others are taken out.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html>

use std::collections::BTreeSet;

use axum::response::Response;
use serde_json::Value;

use super::lock;
use super::story;
use super::view::Cluster;
use crate::gateway::Gateway;
use crate::gateway::upstream::Scope;

const SERVICE: &str = "elasticloadbalancing";

/// Brings the target groups of a service up to date; asks the emulator only when something changed.
pub async fn follow(gateway: &Gateway, scope: &Scope, service: &Value, view: &Cluster) -> Result<(), Response> {
    let tasks = story::tasks_of(service, view);
    let wanted: BTreeSet<String> = tasks
        .iter()
        .filter(|seen| seen.shown["lastStatus"] == "RUNNING")
        .filter_map(|seen| address(&seen.shown))
        .collect();
    for balancer in service["loadBalancers"].as_array().into_iter().flatten() {
        let Some(group) = balancer["targetGroupArn"].as_str() else { continue };
        let known = lock(&gateway.ecs.targets).get(group).cloned();
        let known = match known {
            Some(known) => known,
            None => registered(
                &gateway.upstream.query(scope, SERVICE, &form("DescribeTargetHealth", group, [].iter(), 0)).await?,
            ),
        };
        let port = balancer["containerPort"].as_u64().unwrap_or(80);
        for (action, targets) in [("RegisterTargets", &wanted - &known), ("DeregisterTargets", &known - &wanted)] {
            if !targets.is_empty() {
                gateway.upstream.query(scope, SERVICE, &form(action, group, targets.iter(), port)).await?;
            }
        }
        lock(&gateway.ecs.targets).insert(group.to_owned(), wanted.clone());
    }
    Ok(())
}

/// The task's address in its subnet.
fn address(task: &Value) -> Option<String> {
    let details = task["attachments"].as_array()?.iter().flat_map(|a| a["details"].as_array().into_iter().flatten());
    let mut addresses = details.filter(|d| d["name"] == "privateIPv4Address").filter_map(|d| d["value"].as_str());
    addresses.next().map(str::to_owned)
}

/// A request of the query protocol. Nothing in it needs more escaping than the ARN's colons and slashes, which are allowed as they are.
fn form<'a>(action: &str, group: &str, targets: impl Iterator<Item = &'a String>, port: u64) -> String {
    let mut text = format!("Action={action}&Version=2015-12-01&TargetGroupArn={group}");
    for (number, target) in targets.enumerate() {
        let number = number + 1;
        text += &format!("&Targets.member.{number}.Id={target}&Targets.member.{number}.Port={port}");
    }
    text
}

/// The addresses that DescribeTargetHealth answers.
fn registered(xml: &str) -> BTreeSet<String> {
    xml.split("<Id>").skip(1).filter_map(|rest| rest.split("</Id>").next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn requests_and_answers_are_those_of_the_query_protocol() {
        let targets = ["10.0.1.7".to_owned(), "10.0.2.9".to_owned()];
        assert_eq!(
            form("RegisterTargets", "arn:aws:x:targetgroup/a/1", targets.iter(), 8080),
            "Action=RegisterTargets&Version=2015-12-01&TargetGroupArn=arn:aws:x:targetgroup/a/1&Targets.member.1.Id=10.0.1.7&Targets.member.1.Port=8080\
             &Targets.member.2.Id=10.0.2.9&Targets.member.2.Port=8080"
        );
        let xml = "<m><Target><Id>10.0.1.7</Id><Port>1</Port></Target></m><m><Target><Id>10.0.2.9</Id></Target></m>";
        assert_eq!(registered(xml), BTreeSet::from(targets));
        let task = json!({ "attachments": [{ "details": [{ "name": "subnetId", "value": "s" }, { "name": "privateIPv4Address", "value": "10.0.1.7" }] }] });
        assert_eq!(address(&task).as_deref(), Some("10.0.1.7"));
    }
}
