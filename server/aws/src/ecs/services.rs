//! Services with their deployments and events.

use aws_sdk_ecs::types::ServiceField;
use domain::ecs::Service;
use domain::ecs::deployments::ServiceRevision;
use domain::ecs::service::RevisionImage;
use domain::resource::Observed;
use domain::{Code, Kind, Problem, ResourceKey};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

use super::clusters::cluster_by_cluster;
use super::{deployments, document, failures, seal};
use crate::gather::Trouble;
use crate::wire::take_list;
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "ecs:ListServices";
const DESCRIBE: &str = "ecs:DescribeServices";
/// So many services can be described at once.
const AT_ONCE: usize = 10;

/// Services, and what kept the images of their revisions from being read.
async fn describe(
    caller: &Caller,
    cluster: &str,
    services: Vec<String>,
) -> Result<(Vec<Observed>, Option<Problem>), Problem> {
    let request = caller
        .clients()
        .ecs()
        .describe_services()
        .cluster(cluster)
        .set_services(Some(services))
        .include(ServiceField::Tags);
    let (_, mut raw) = caller.call_raw(Bucket::EcsServices, DESCRIBE, Some(cluster), request.send()).await?;
    failures(DESCRIBE, &raw)?;
    let docs = take_list(&mut raw, "services").into_iter().map(|service| {
        let mut doc = document(service);
        seal(caller, &mut doc);
        doc
    });
    let mut docs: Vec<Value> = docs.collect();
    let untold = images(caller, cluster, &mut docs).await.err();
    let services: Result<Vec<Observed>, Problem> =
        docs.into_iter().map(|doc| caller.observed_raw::<Service>(doc)).collect();
    Ok((services?, untold))
}

/// The ARNs of the revisions that a service runs now. One of another controller has task sets instead.
fn current(service: &Value) -> impl Iterator<Item = &str> {
    let own = matches!(service["deploymentController"]["type"].as_str(), None | Some("ECS"));
    let revisions = service["currentServiceRevisions"].as_array().filter(|_| own);
    revisions.into_iter().flatten().filter_map(|revision| revision["arn"].as_str())
}

/// Adds to services what their current revisions start tasks from. A revision looks tags up while it is deployed: it is read each time. That an
/// endpoint lacks the call, or that the services have just gone, is no trouble.
async fn images(caller: &Caller, cluster: &str, services: &mut [Value]) -> Result<(), Problem> {
    let mut arns: Vec<String> = services.iter().flat_map(current).map(str::to_owned).collect();
    arns.sort();
    arns.dedup();
    let mut revisions = match deployments::revisions(caller, cluster, &arns).await {
        Err(problem) if problem.code == Code::NotImplemented => return Ok(()),
        Err(problem) if is_refused(&problem) => one_by_one(caller, cluster, &arns).await?,
        told => told?,
    };
    // AWS promises no order.
    revisions.sort_by(|a, b| a.service_revision_arn.cmp(&b.service_revision_arn));
    for service in services {
        let own: Vec<&str> = current(service).collect();
        let told = revisions.iter().filter(|r| r.service_revision_arn.as_deref().is_some_and(|arn| own.contains(&arn)));
        let images: Vec<&RevisionImage> = told.flat_map(|revision| &revision.container_images).collect();
        if !images.is_empty() {
            service["gantry:images"] = json!(images);
        }
    }
    Ok(())
}

/// Whether AWS answers that it does not describe one of them; it does not those from before October 25, 2024.
fn is_refused(problem: &Problem) -> bool {
    matches!(problem.code, Code::NotFound | Code::AwsRejected)
}

/// The revisions that AWS describes, where it refuses all for the sake of one.
async fn one_by_one(caller: &Caller, cluster: &str, arns: &[String]) -> Result<Vec<ServiceRevision>, Problem> {
    let mut revisions = vec![];
    for arn in arns {
        match deployments::revisions(caller, cluster, std::slice::from_ref(arn)).await {
            Err(problem) if is_refused(&problem) => {}
            told => revisions.extend(told?),
        }
    }
    Ok(revisions)
}

/// Reads all services of all clusters. Without the images of its revisions a service is still worth showing.
pub(crate) async fn collect_services(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let untold = &Mutex::new(Trouble::default());
    cluster_by_cluster(caller, feed, Kind::Service, |cluster| async move {
        let mut pages = Pages::new(LIST);
        while let Some(token) = pages.next() {
            let request =
                caller.clients().ecs().list_services().cluster(&cluster.id).max_results(100).set_next_token(token);
            let page = caller.call(Bucket::EcsServices, LIST, Some(&cluster.id), request.send()).await?;
            for chunk in page.service_arns.unwrap_or_default().chunks(AT_ONCE) {
                let (services, problem) = describe(caller, &cluster.id, chunk.to_vec()).await?;
                feed.seen(services).await?;
                if let Some(problem) = problem {
                    untold.lock().unwrap_or_else(PoisonError::into_inner).note(problem);
                }
            }
            pages.then(page.next_token)?;
        }
        Ok(())
    })
    .await?;
    // All services are listed.
    let mut untold = untold.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *untold).end()
}

/// Reads one service; a deleted one is still described for a while, as `INACTIVE`. Where its revisions may not be read, the list says so.
pub(crate) async fn fetch_service(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some((cluster, service)) = key.id.split_once('/') else { return Ok(None) };
    let found = absent(describe(caller, cluster, vec![service.to_owned()]).await)?;
    let Some((found, untold)) = found else { return Ok(None) };
    if let Some(problem) = untold.filter(|problem| problem.code != Code::AwsDenied) {
        return Err(problem);
    }
    Ok(found.into_iter().find(|o| o.key == *key && o.doc["status"] != "INACTIVE"))
}
