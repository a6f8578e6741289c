//! What runs in a cluster, cluster by cluster: one that cannot be read keeps what is known of it, and the others go on.
//!
//! Of each pod only the fields of its model are read: nothing else of the answer gets beyond this file.

use domain::eks::Pod;
use domain::resource::Observed;
use domain::{Code, Kind, Problem, ResourceKey};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::clusters::names;
use super::kubernetes::{Line, Open, PLAIN, Server, bearer, open, refused, server, unusable};
use crate::gather::{Trouble, each, orphans};
use crate::{Bucket, Caller, Feed, Pages};

/// No permissions of IAM: the cluster itself says who may.
const LIST: &str = "kubernetes:listPods";
const READ: &str = "kubernetes:readPod";
/// So many pods a page.
const PAGE: u32 = 500;
/// What a list is answered with when its next page is asked for too late.
const EXPIRED: u16 = 410;

/// A page of pods: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodList>
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    kind: String,
    metadata: Next,
    items: Option<Vec<Pod>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    r#continue: Option<String>,
}

/// Reads the pods of all clusters.
pub(crate) async fn collect_pods(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    collect(caller, feed, &open).await
}

/// Reads one pod.
pub(crate) async fn fetch_pod(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    fetch(caller, key, &open).await
}

async fn collect(caller: &Caller, feed: &dyn Feed, open: &Open) -> Result<(), Problem> {
    let known = feed.known(Kind::Pod).await?;
    let clusters = names(caller).await?;
    let reads = each(clusters.clone(), |cluster| async move { of(caller, feed, open, &cluster).await });
    let mut trouble = Trouble::default();
    for read in reads.await {
        // Also when it may pass by itself: a cluster that nobody can reach from here says nothing of the others.
        if let Err(problem) = read {
            trouble.note(problem);
        }
    }
    let kinds = (Kind::Pod, Kind::EksCluster);
    orphans(caller, feed, kinds, &clusters, &known, |id| Some(id.split_once('/')?.0)).await?;
    if trouble.is_none() {
        feed.complete(Kind::Pod, None).await?;
    }
    trouble.end()
}

/// Reads the pods of a cluster.
async fn of(caller: &Caller, feed: &dyn Feed, open: &Open, cluster: &str) -> Result<(), Problem> {
    let key = ResourceKey::new(Kind::EksCluster, caller.scope().clone(), cluster)?;
    // Without an API server nothing runs.
    if let Some(server) = server(caller, cluster).await? {
        let line = open(&server)?;
        list(caller, feed, &server, line.as_ref()).await?;
    }
    feed.complete(Kind::Pod, Some(&key)).await
}

async fn list(caller: &Caller, feed: &dyn Feed, server: &Server, line: &dyn Line) -> Result<(), Problem> {
    let cluster = server.cluster.as_str();
    let mut again = true;
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let more = token.map(|token| format!("&continue={}", utf8_percent_encode(&token, PLAIN))).unwrap_or_default();
        let path = format!("/api/v1/pods?limit={PAGE}{more}");
        let bearer = bearer(caller, LIST, cluster).await?;
        let (status, body) = caller.plain(Bucket::Kubernetes, LIST, line.get(&path, &bearer)).await?;
        // What was delivered is delivered once more, and what is gone since is so at the next collect.
        if status == EXPIRED && again && !more.is_empty() {
            again = false;
            pages = Pages::new(LIST);
            continue;
        }
        if status != 200 {
            return Err(placed(refused(cluster, status, &body), LIST));
        }
        let page: Page = serde_json::from_slice(&body).map_err(|error| unreadable(cluster, LIST, &error))?;
        if page.kind != "PodList" {
            return Err(placed(unusable(cluster, "it answers with something that is no list of pods"), LIST));
        }
        let pods = page.items.unwrap_or_default().into_iter().map(|pod| observed(caller, cluster, pod));
        let pods: Result<Vec<Observed>, Problem> = pods.collect();
        feed.seen(pods?).await?;
        pages.then(page.metadata.r#continue)?;
    }
    Ok(())
}

async fn fetch(caller: &Caller, key: &ResourceKey, open: &Open) -> Result<Option<Observed>, Problem> {
    let mut parts = key.id.splitn(3, '/');
    let (Some(cluster), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    // Nothing else is a name in Kubernetes, and nothing else leaves its place in a path.
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
    };
    if !is_name(namespace) || !is_name(name) {
        return Ok(None);
    }
    let Some(server) = server(caller, cluster).await? else { return Ok(None) };
    let line = open(&server)?;
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let bearer = bearer(caller, READ, cluster).await?;
    let (status, body) = caller.plain(Bucket::Kubernetes, READ, line.get(&path, &bearer)).await?;
    match status {
        200 => {
            let pod: Pod = serde_json::from_slice(&body).map_err(|error| unreadable(cluster, READ, &error))?;
            observed(caller, cluster, pod).map(Some)
        }
        404 => Ok(None),
        _ => Err(placed(refused(cluster, status, &body), READ)),
    }
}

/// A pod does not say in which cluster it is.
fn observed(caller: &Caller, cluster: &str, mut pod: Pod) -> Result<Observed, Problem> {
    cluster.clone_into(&mut pod.cluster);
    caller.observed(&pod)
}

fn unreadable(cluster: &str, operation: &'static str, error: &serde_json::Error) -> Problem {
    tracing::warn!(operation, cluster, %error, "an answer cannot be read");
    let message =
        format!("The API server of the EKS cluster {cluster} describes its pods in a way Gantry cannot read: {error}.");
    let mut problem = Problem::new(Code::AwsRejected, "The answer could not be read", message);
    problem.resource = Some(cluster.to_owned());
    placed(problem, operation)
}

fn placed(mut problem: Problem, operation: &'static str) -> Problem {
    problem.operation = Some(operation.to_owned());
    problem
}

#[cfg(test)]
#[path = "pods_tests.rs"]
mod tests;
