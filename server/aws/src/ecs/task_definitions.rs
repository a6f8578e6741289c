//! Task definitions. A revision never changes but for its status, so each is read once; what a list still has is only said to be there.
//!
//! Deregistered revisions leave the list of active ones, and an old account has far more of them than anybody wants to list. Those that
//! something still runs or would start are read once more, as deregistered, and stay; the others are gone, with all they said kept in the
//! history.

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use domain::ecs::TaskDefinition;
use domain::ecs::calls::revision;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::{BTreeSet, HashSet};

use super::{document, seal};
use crate::gather::{Trouble, each};
use crate::wire::take;
use crate::{Bucket, Caller, Feed, Pages, absent};

pub(super) const LIST: &str = "ecs:ListTaskDefinitions";
pub(super) const DESCRIBE: &str = "ecs:DescribeTaskDefinition";
/// So many new ones are delivered together.
const BATCH: usize = 50;
/// What names revisions: what runs them, and what starts them.
const USERS: [Kind; 4] = [Kind::Service, Kind::Task, Kind::Rule, Kind::Schedule];

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

/// The ids of revisions that something collected here names.
async fn named(caller: &Caller, feed: &dyn Feed) -> Result<BTreeSet<String>, Problem> {
    let arns = TaskDefinition::arns(caller.scope());
    let named = feed.named(&USERS, &arns).await?;
    // Who names a family alone means its newest active revision, which the list has.
    let ids =
        named.iter().filter_map(|arn| arn.strip_prefix(&arns)).filter(|id| !id.contains('/') && revision(id).is_some());
    Ok(ids.map(str::to_owned).collect())
}

/// Delivers what there is of these.
async fn read(caller: &Caller, feed: &dyn Feed, ids: &[String], trouble: &mut Trouble) -> Result<(), Problem> {
    for chunk in ids.chunks(BATCH) {
        let read = each(chunk.to_vec(), |id| async move { describe(caller, &id).await }).await;
        let mut batch = vec![];
        for result in read {
            batch.extend(trouble.past(result)?.flatten());
        }
        feed.seen(batch).await?;
    }
    Ok(())
}

/// Says of these that they are as they were.
async fn still(feed: &dyn Feed, ids: Vec<String>) -> Result<(), Problem> {
    if ids.is_empty() { Ok(()) } else { feed.still(Kind::TaskDefinition, ids).await }
}

/// Reads the active task definitions that are not known yet, and the deregistered ones that are still used.
pub(crate) async fn collect_task_definitions(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let known = feed.known(Kind::TaskDefinition).await?;
    let mut trouble = Trouble::default();
    let mut listed = HashSet::new();
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let (arns, next) = page(caller, None, token).await?;
        let ids: Vec<String> = arns.iter().map(|arn| domain::ecs::last(arn).to_owned()).collect();
        listed.extend(ids.iter().cloned());
        let (old, new): (Vec<String>, Vec<String>) = ids.into_iter().partition(|id| known.contains(id));
        still(feed, old).await?;
        read(caller, feed, &new, &mut trouble).await?;
        pages.then(next)?;
    }
    let status = feed.said(Kind::TaskDefinition, "status").await?;
    let deregistered =
        |id: &String| status.get(id).is_some_and(|word| TaskDefinition::DEREGISTERED.contains(&word.as_str()));
    let unlisted = named(caller, feed).await?.into_iter().filter(|id| !listed.contains(id));
    // What is known as active has to be read once more: it is not any longer.
    let (old, new): (Vec<String>, Vec<String>) = unlisted.partition(|id| known.contains(id) && deregistered(id));
    still(feed, old).await?;
    read(caller, feed, &new, &mut trouble).await?;
    if trouble.is_none() {
        feed.complete(Kind::TaskDefinition, None).await?;
    }
    trouble.end()
}

/// Reads one revision, also a deregistered one.
pub(crate) async fn fetch_task_definition(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    describe(caller, &key.id).await
}
