//! Services with their deployments and events.

use aws_sdk_ecs::types::ServiceField;
use domain::ecs::Service;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use super::clusters::cluster_by_cluster;
use super::{document, failures, seal};
use crate::wire::take_list;
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "ecs:ListServices";
const DESCRIBE: &str = "ecs:DescribeServices";
/// So many services can be described at once.
const AT_ONCE: usize = 10;

async fn describe(caller: &Caller, cluster: &str, services: Vec<String>) -> Result<Vec<Observed>, Problem> {
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
    docs.map(|doc| caller.observed_raw::<Service>(doc)).collect()
}

/// Reads all services of all clusters.
pub(crate) async fn collect_services(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    cluster_by_cluster(caller, feed, Kind::Service, |cluster| async move {
        let mut pages = Pages::new(LIST);
        while let Some(token) = pages.next() {
            let request =
                caller.clients().ecs().list_services().cluster(&cluster.id).max_results(100).set_next_token(token);
            let page = caller.call(Bucket::EcsServices, LIST, Some(&cluster.id), request.send()).await?;
            for chunk in page.service_arns.unwrap_or_default().chunks(AT_ONCE) {
                feed.seen(describe(caller, &cluster.id, chunk.to_vec()).await?).await?;
            }
            pages.then(page.next_token)?;
        }
        Ok(())
    })
    .await
}

/// Reads one service; a deleted one is still described for a while, as `INACTIVE`.
pub(crate) async fn fetch_service(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some((cluster, service)) = key.id.split_once('/') else { return Ok(None) };
    let Some(found) = absent(describe(caller, cluster, vec![service.to_owned()]).await)? else { return Ok(None) };
    Ok(found.into_iter().find(|o| o.key == *key && o.doc["status"] != "INACTIVE"))
}
