//! How a service was deployed: its latest deployments, and the revisions they name.

use domain::document::partition;
use domain::ecs::deployments::{Deployments, History, MOST, ServiceDeployment, ServiceRevision};
use domain::{Code, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{document, failures};
use crate::wire::take_list;
use crate::{Bucket, Caller, Pages, absent};

const LIST: &str = "ecs:ListServiceDeployments";
const DESCRIBE: &str = "ecs:DescribeServiceDeployments";
const REVISIONS: &str = "ecs:DescribeServiceRevisions";
/// The most of one page.
const PAGE: i32 = 100;
/// More pages are not read: a thousand deployments are more than anybody looks through.
const PAGES: usize = 10;
/// So many revisions can be described at once.
const AT_ONCE: usize = 20;

/// The latest deployments of a service; `None` when it does not exist. That an endpoint lacks the calls is an answer, no trouble.
pub(super) async fn read(caller: &Caller, cluster: &str, service: &str) -> Result<Option<Deployments>, Problem> {
    match absent(history(caller, cluster, service).await) {
        Ok(history) => Ok(history.map(Deployments::Told)),
        Err(problem) if problem.code == Code::NotImplemented => Ok(Some(Deployments::Unsupported)),
        Err(problem) => Err(problem),
    }
}

async fn history(caller: &Caller, cluster: &str, service: &str) -> Result<History, Problem> {
    let mut deployments = listed(caller, cluster, service).await?;
    let total = deployments.len();
    // AWS promises no order.
    deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    deployments.truncate(MOST);
    let mut described = described(caller, service, &deployments).await?;
    for deployment in &mut deployments {
        let own = |other: &ServiceDeployment| other.service_deployment_arn == deployment.service_deployment_arn;
        if let Some(found) = described.iter().position(own) {
            *deployment = described.swap_remove(found);
        }
    }
    let mut arns: Vec<String> = deployments.iter().flat_map(ServiceDeployment::revisions).map(str::to_owned).collect();
    arns.sort();
    arns.dedup();
    let revisions = revisions(caller, service, &arns).await?;
    Ok(History { deployments, revisions, total })
}

/// What the list says of each: enough to know the latest by.
async fn listed(caller: &Caller, cluster: &str, service: &str) -> Result<Vec<ServiceDeployment>, Problem> {
    let mut deployments = vec![];
    let mut pages = Pages::new(LIST);
    for _ in 0..PAGES {
        let Some(token) = pages.next() else { break };
        let request = caller.clients().ecs().list_service_deployments().cluster(cluster).service(service);
        let request = request.max_results(PAGE).set_next_token(token);
        let (page, mut raw) = caller.call_raw(Bucket::EcsServices, LIST, Some(service), request.send()).await?;
        for mut brief in take_list(&mut raw, "serviceDeployments") {
            // As it is called in the description.
            if let Some(arn) = brief.get_mut("targetServiceRevisionArn").map(Value::take) {
                brief["targetServiceRevision"] = json!({ "arn": arn });
            }
            deployments.push(typed(LIST, brief)?);
        }
        pages.then(page.next_token)?;
    }
    Ok(deployments)
}

/// AWS does not describe deployments from before it kept revisions (October 2024): of those the list is all there is.
async fn described(
    caller: &Caller,
    service: &str,
    listed: &[ServiceDeployment],
) -> Result<Vec<ServiceDeployment>, Problem> {
    let arns: Vec<String> = listed.iter().filter_map(|deployment| deployment.service_deployment_arn.clone()).collect();
    if arns.is_empty() {
        return Ok(vec![]);
    }
    let request = caller.clients().ecs().describe_service_deployments().set_service_deployment_arns(Some(arns));
    let (_, mut raw) = caller.call_raw(Bucket::EcsServices, DESCRIBE, Some(service), request.send()).await?;
    failures(DESCRIBE, &raw)?;
    take_list(&mut raw, "serviceDeployments").into_iter().map(|told| typed(DESCRIBE, told)).collect()
}

/// Those of these revisions that AWS still describes; `on` is what they are of, for messages.
pub(super) async fn revisions(caller: &Caller, on: &str, arns: &[String]) -> Result<Vec<ServiceRevision>, Problem> {
    let mut revisions = vec![];
    for some in arns.chunks(AT_ONCE) {
        let request = caller.clients().ecs().describe_service_revisions();
        let request = request.set_service_revision_arns(Some(some.to_vec()));
        let (_, mut raw) = caller.call_raw(Bucket::EcsServices, REVISIONS, Some(on), request.send()).await?;
        failures(REVISIONS, &raw)?;
        for told in take_list(&mut raw, "serviceRevisions") {
            revisions.push(typed(REVISIONS, told)?);
        }
    }
    Ok(revisions)
}

/// What AWS denies of reading how a service was deployed: each call is made, about something of it that does not exist. The service need
/// not exist either.
pub async fn denied(caller: &Caller, cluster: &str, service: &str) -> Vec<Problem> {
    let scope = caller.scope();
    let arn = |what: &str| {
        let partition = partition(&scope.region);
        format!("arn:{partition}:ecs:{}:{}:{what}/{cluster}/{service}/0000000000000000000", scope.region, scope.account)
    };
    let ecs = caller.clients().ecs();
    let list = ecs.list_service_deployments().cluster(cluster).service(service).max_results(1).send();
    let describe = ecs.describe_service_deployments().service_deployment_arns(arn("service-deployment")).send();
    let revisions = ecs.describe_service_revisions().service_revision_arns(arn("service-revision")).send();
    let list = caller.call(Bucket::EcsServices, LIST, Some(service), list).await.err();
    let describe = caller.call(Bucket::EcsServices, DESCRIBE, Some(service), describe).await.err();
    let revisions = caller.call(Bucket::EcsServices, REVISIONS, Some(service), revisions).await.err();
    let all = [list, describe, revisions].into_iter().flatten();
    all.filter(|problem| problem.code == Code::AwsDenied).collect()
}

/// The part of an answer that is known; the rest, secrets of log drivers among it, stays here.
fn typed<T: DeserializeOwned>(operation: &'static str, told: Value) -> Result<T, Problem> {
    serde_json::from_value(document(told)).map_err(|why| {
        let words = format!("{operation} was answered in a way Gantry cannot read: {why}.");
        let mut problem = Problem::new(Code::AwsRejected, "The answer could not be read", words);
        problem.operation = Some(operation.to_owned());
        problem
    })
}

#[cfg(test)]
#[path = "deployments_tests.rs"]
mod tests;
