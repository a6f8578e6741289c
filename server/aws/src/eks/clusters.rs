//! Clusters.

use domain::eks::Cluster;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use super::document;
use crate::gather::{Trouble, each};
use crate::wire::take;
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all clusters.
pub(crate) async fn collect_clusters(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let names = names(caller).await?;
    let mut batch = vec![];
    let read = |name: String| async move {
        let cluster = cluster(caller, &name).await;
        (name, cluster)
    };
    for (name, cluster) in each(names, read).await {
        batch.extend(trouble.past_listed(name, cluster)?);
    }
    feed.seen(batch).await?;
    trouble.complete(feed, Kind::EksCluster, None).await?;
    trouble.end()
}

/// One cluster.
pub(crate) async fn fetch_cluster(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    cluster(caller, &key.id).await
}

/// The names of all clusters.
pub(super) async fn names(caller: &Caller) -> Result<Vec<String>, Problem> {
    let mut names = vec![];
    let mut pages = Pages::new("eks:ListClusters");
    while let Some(token) = pages.next() {
        let request = caller.clients().eks().list_clusters().max_results(100).set_next_token(token);
        let page = caller.call(Bucket::Eks, "eks:ListClusters", None, request.send()).await?;
        names.extend(page.clusters.unwrap_or_default());
        pages.then(page.next_token)?;
    }
    Ok(names)
}

async fn cluster(caller: &Caller, name: &str) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().eks().describe_cluster().name(name);
    let answer = caller.call_raw(Bucket::Eks, "eks:DescribeCluster", Some(name), request.send()).await;
    let Some((_, mut raw)) = absent(answer)? else { return Ok(None) };
    let doc = document(caller, take(&mut raw, "cluster"), &[("name", name)]);
    doc.map(|doc| caller.observed_raw::<Cluster>(doc)).transpose()
}
