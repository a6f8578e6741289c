//! Tasks, running and stopped. AWS forgets stopped ones after about an hour; the store keeps them.

use aws_sdk_ecs::types::{DesiredStatus, TaskField};
use domain::ecs::Task;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::HashSet;

use super::clusters::cluster_by_cluster;
use super::{document, failures, seal};
use crate::wire::take_list;
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "ecs:ListTasks";
const DESCRIBE: &str = "ecs:DescribeTasks";
/// So many tasks can be described at once.
const AT_ONCE: usize = 100;

async fn describe(caller: &Caller, cluster: &str, tasks: Vec<String>) -> Result<Vec<Observed>, Problem> {
    let request =
        caller.clients().ecs().describe_tasks().cluster(cluster).set_tasks(Some(tasks)).include(TaskField::Tags);
    let (_, mut raw) = caller.call_raw(Bucket::EcsTasks, DESCRIBE, Some(cluster), request.send()).await?;
    failures(DESCRIBE, &raw)?;
    let docs = take_list(&mut raw, "tasks").into_iter().map(|task| {
        let mut doc = document(task);
        seal(caller, &mut doc);
        doc
    });
    docs.map(|doc| caller.observed_raw::<Task>(doc)).collect()
}

/// Reads all tasks of all clusters.
pub(crate) async fn collect_tasks(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    cluster_by_cluster(caller, feed, Kind::Task, |cluster| async move {
        let mut read = HashSet::new();
        // In this order, a task that stops in between is in both lists and not in none.
        for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
            let mut pages = Pages::new(LIST);
            while let Some(token) = pages.next() {
                let request = caller
                    .clients()
                    .ecs()
                    .list_tasks()
                    .cluster(&cluster.id)
                    .desired_status(status.clone())
                    .max_results(100)
                    .set_next_token(token);
                let page = caller.call(Bucket::EcsTasks, LIST, Some(&cluster.id), request.send()).await?;
                let mut arns = page.task_arns.unwrap_or_default();
                arns.retain(|arn| read.insert(arn.clone()));
                for chunk in arns.chunks(AT_ONCE) {
                    feed.seen(describe(caller, &cluster.id, chunk.to_vec()).await?).await?;
                }
                pages.then(page.next_token)?;
            }
        }
        Ok(())
    })
    .await
}

/// Reads one task.
pub(crate) async fn fetch_task(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some((cluster, task)) = key.id.split_once('/') else { return Ok(None) };
    let Some(found) = absent(describe(caller, cluster, vec![task.to_owned()]).await)? else { return Ok(None) };
    Ok(found.into_iter().find(|o| o.key == *key))
}
