//! Clusters and capacity providers.

use aws_sdk_ecs::types::{CapacityProviderField, ClusterField};
use domain::ecs::{CapacityProvider, Cluster};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::HashSet;

use super::{document, failures};
use crate::gather::{Trouble, each};
use crate::wire::take_list;
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "ecs:ListClusters";
const DESCRIBE: &str = "ecs:DescribeClusters";
const PROVIDERS: &str = "ecs:DescribeCapacityProviders";
/// So many clusters can be described at once.
const AT_ONCE: usize = 100;

/// The ARNs of all clusters.
async fn arns(caller: &Caller) -> Result<Vec<String>, Problem> {
    let mut arns = vec![];
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().ecs().list_clusters().max_results(100).set_next_token(token);
        let page = caller.call(Bucket::EcsClusters, LIST, None, request.send()).await?;
        arns.extend(page.cluster_arns.unwrap_or_default());
        pages.then(page.next_token)?;
    }
    Ok(arns)
}

async fn describe(caller: &Caller, clusters: Vec<String>) -> Result<Vec<Observed>, Problem> {
    let request = caller
        .clients()
        .ecs()
        .describe_clusters()
        .set_clusters(Some(clusters))
        .include(ClusterField::Tags)
        .include(ClusterField::Settings)
        .include(ClusterField::Configurations);
    let (_, mut raw) = caller.call_raw(Bucket::EcsClusters, DESCRIBE, None, request.send()).await?;
    failures(DESCRIBE, &raw)?;
    let docs = take_list(&mut raw, "clusters").into_iter().map(document);
    docs.map(|doc| caller.observed_raw::<Cluster>(doc)).collect()
}

/// Reads all clusters.
pub(crate) async fn collect_clusters(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    for chunk in arns(caller).await?.chunks(AT_ONCE) {
        feed.seen(describe(caller, chunk.to_vec()).await?).await?;
    }
    feed.complete(Kind::Cluster, None).await
}

/// Reads one cluster; a deleted one is still described for a while, as `INACTIVE`.
pub(crate) async fn fetch_cluster(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some(found) = absent(describe(caller, vec![key.id.clone()]).await)? else { return Ok(None) };
    Ok(found.into_iter().find(|o| o.key == *key && o.doc["status"] != "INACTIVE"))
}

/// Does something for each cluster, several at a time, and then says that everything of the kind was read, if it was.
///
/// What goes wrong in one cluster does not keep the others from being read.
pub(super) async fn cluster_by_cluster<F>(
    caller: &Caller,
    feed: &dyn Feed,
    kind: Kind,
    read: impl Fn(ResourceKey) -> F,
) -> Result<(), Problem>
where
    F: Future<Output = Result<(), Problem>>,
{
    let mut trouble = Trouble::default();
    let mut clusters = vec![];
    for arn in arns(caller).await? {
        let key = ResourceKey::new(Kind::Cluster, caller.scope().clone(), domain::ecs::last(&arn));
        clusters.extend(trouble.past(key)?);
    }
    let reads = each(clusters, |cluster| {
        let done = read(cluster.clone());
        async move {
            // A cluster that was deleted since has nothing left.
            if absent(done.await)?.is_none() {
                tracing::debug!(cluster = %cluster, "gone while it was read");
            }
            feed.complete(kind, Some(&cluster)).await
        }
    });
    for result in reads.await {
        trouble.past(result)?;
    }
    if trouble.is_none() {
        feed.complete(kind, None).await?;
    }
    trouble.end()
}

/// A page of capacity providers: of those that belong to no cluster, or of those that this one can use.
async fn providers(
    caller: &Caller,
    name: Option<&str>,
    cluster: Option<&str>,
    token: Option<String>,
) -> Result<(Vec<Observed>, Option<String>), Problem> {
    let request = caller
        .clients()
        .ecs()
        .describe_capacity_providers()
        .set_capacity_providers(name.map(|n| vec![n.to_owned()]))
        .set_cluster(cluster.map(str::to_owned))
        .include(CapacityProviderField::Tags)
        .set_next_token(token);
    let on = name.or(cluster);
    let (page, mut raw) = caller.call_raw(Bucket::EcsCapacityProviders, PROVIDERS, on, request.send()).await?;
    failures(PROVIDERS, &raw)?;
    let docs = take_list(&mut raw, "capacityProviders").into_iter().map(document);
    let found: Result<Vec<Observed>, Problem> = docs.map(|doc| caller.observed_raw::<CapacityProvider>(doc)).collect();
    Ok((found?, page.next_token))
}

/// All pages of that.
async fn all_providers(caller: &Caller, cluster: Option<&str>) -> Result<Vec<Observed>, Problem> {
    let mut all = vec![];
    let mut pages = Pages::new(PROVIDERS);
    while let Some(token) = pages.next() {
        let (found, next) = providers(caller, None, cluster, token).await?;
        all.extend(found);
        pages.then(next)?;
    }
    Ok(all)
}

/// Reads all capacity providers, AWS's own `FARGATE` and `FARGATE_SPOT` among them, and those of
/// [managed instances](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeCapacityProviders.html), which AWS tells only to
/// whom names their cluster. They live in no cluster, so what is gone of those of groups, and of each cluster's, is said by their ids.
pub(crate) async fn collect_capacity_providers(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    const KIND: Kind = Kind::CapacityProvider;
    let groups = feed.said(KIND, "autoScalingGroupProvider.autoScalingGroupArn").await?;
    let managed = &feed.said(KIND, "cluster").await?;
    let found = all_providers(caller, None).await?;
    let told: &HashSet<ResourceKey> = &found.iter().map(|o| o.key.clone()).collect();
    feed.seen(found).await?;
    feed.complete_of(KIND, groups.into_keys().collect()).await?;
    cluster_by_cluster(caller, feed, KIND, |cluster| async move {
        let mut found = all_providers(caller, Some(&cluster.id)).await?;
        found.retain(|o| !told.contains(&o.key));
        if !found.is_empty() {
            feed.seen(found).await?;
        }
        let own = managed.iter().filter(|(_, arn)| domain::ecs::last(arn) == cluster.id);
        feed.complete_of(KIND, own.map(|(id, _)| id.clone()).collect()).await
    })
    .await
}

/// Reads one capacity provider.
pub(crate) async fn fetch_capacity_provider(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let named = absent(providers(caller, Some(&key.id), None, None).await)?.map(|(found, _)| found);
    if let Some(found) = named.into_iter().flatten().find(|o| o.key == *key) {
        return Ok(Some(found));
    }
    for arn in arns(caller).await? {
        let its = absent(all_providers(caller, Some(domain::ecs::last(&arn))).await)?;
        if let Some(found) = its.into_iter().flatten().find(|o| o.key == *key) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
