//! Task definitions. A revision never changes, so each is read once; what a list still has is only said to be there.
//!
//! Deregistered revisions leave the list of active ones: they are gone then, with all they said kept in the history.

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use domain::ecs::TaskDefinition;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use super::{document, seal};
use crate::gather::{Trouble, each};
use crate::wire::take;
use crate::{Bucket, Caller, Feed, Pages, absent};

pub(super) const LIST: &str = "ecs:ListTaskDefinitions";
pub(super) const DESCRIBE: &str = "ecs:DescribeTaskDefinition";
/// So many new ones are delivered together.
const BATCH: usize = 50;

/// Nothing, where there is no such revision: ECS has no code of its own for that.
pub(super) fn no_revision<T>(result: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match result {
        Err(problem) if problem.message.contains("Unable to describe task definition") => Ok(None),
        other => absent(other),
    }
}

/// A page of the ARNs of active revisions: of all families, or of one with the latest first.
pub(super) async fn page(
    caller: &Caller,
    family: Option<&str>,
    token: Option<String>,
) -> Result<(Vec<String>, Option<String>), Problem> {
    let request = caller
        .clients()
        .ecs()
        .list_task_definitions()
        .set_family_prefix(family.map(str::to_owned))
        .set_sort(family.map(|_| SortOrder::Desc))
        .status(TaskDefinitionStatus::Active)
        .max_results(100)
        .set_next_token(token);
    let page = caller.call(Bucket::EcsTaskDefinitions, LIST, family, request.send()).await?;
    Ok((page.task_definition_arns.unwrap_or_default(), page.next_token))
}

async fn describe(caller: &Caller, id: &str) -> Result<Option<Observed>, Problem> {
    let request =
        caller.clients().ecs().describe_task_definition().task_definition(id).include(TaskDefinitionField::Tags);
    let result = caller.call_raw(Bucket::EcsTaskDefinitions, DESCRIBE, Some(id), request.send()).await;
    let Some((_, mut raw)) = no_revision(result)? else { return Ok(None) };
    let mut doc = document(take(&mut raw, "taskDefinition"));
    let tags = take(&mut raw, "tags");
    if tags.as_array().is_some_and(|tags| !tags.is_empty()) {
        doc["tags"] = tags;
    }
    seal(caller, &mut doc);
    Ok(Some(caller.observed_raw::<TaskDefinition>(doc)?))
}

/// Reads the active task definitions that are not known yet.
pub(crate) async fn collect_task_definitions(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let known = feed.known(Kind::TaskDefinition).await?;
    let mut trouble = Trouble::default();
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let (arns, next) = page(caller, None, token).await?;
        let ids = arns.iter().map(|arn| domain::ecs::last(arn).to_owned());
        let (old, new): (Vec<String>, Vec<String>) = ids.partition(|id| known.contains(id));
        if !old.is_empty() {
            feed.still(Kind::TaskDefinition, old).await?;
        }
        for chunk in new.chunks(BATCH) {
            let read = each(chunk.to_vec(), |id| async move { describe(caller, &id).await }).await;
            let mut batch = vec![];
            for result in read {
                batch.extend(trouble.past(result)?.flatten());
            }
            feed.seen(batch).await?;
        }
        pages.then(next)?;
    }
    if trouble.is_none() {
        feed.complete(Kind::TaskDefinition, None).await?;
    }
    trouble.end()
}

/// Reads one revision; a deregistered one is still described, as `INACTIVE`, and counts as gone.
pub(crate) async fn fetch_task_definition(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    Ok(describe(caller, &key.id).await?.filter(|o| o.doc["status"] == "ACTIVE"))
}
