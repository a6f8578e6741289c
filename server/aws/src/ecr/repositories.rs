//! Repositories of the private registry.

use aws_sdk_ecr::types;
use domain::document::Tag;
use domain::ecr::{Encryption, Repository, Scanning, TagMutabilityExclusion};
use domain::plan::sweep::Marked;
use domain::resource::Observed;
use domain::{Code, Kind, Problem, ResourceKey};

use crate::gather::{each, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

const DESCRIBE: &str = "ecr:DescribeRepositories";

/// Reads all repositories. Their tags cost a call each: [`fetch_repository`] has them.
pub(crate) async fn collect_repositories(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut pages = Pages::new(DESCRIBE);
    while let Some(token) = pages.next() {
        let (listed, next) = page(caller, token).await?;
        let batch: Result<Vec<Observed>, Problem> = listed.iter().map(|r| caller.observed(r)).collect();
        feed.seen(batch?).await?;
        pages.then(next)?;
    }
    feed.complete(Kind::Repository, None).await
}

/// One repository with its tags.
pub(crate) async fn fetch_repository(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some(repository) = described(caller, &key.id).await? else { return Ok(None) };
    let (repository, tags) = tagged(caller, repository).await;
    tags?;
    caller.observed(&repository).map(Some)
}

/// One repository, without its tags.
pub(super) async fn described(caller: &Caller, name: &str) -> Result<Option<Repository>, Problem> {
    let request = caller.clients().ecr().describe_repositories().repository_names(name);
    let answer = absent(caller.call(Bucket::Ecr, DESCRIBE, Some(name), request.send()).await)?;
    Ok(answer.and_then(|a| a.repositories).and_then(|r| r.into_iter().next()).map(document))
}

/// The repositories that carry the tags of a run. Each repository's tags are read now, whatever was collected.
pub(crate) async fn marked(caller: &Caller) -> Result<Vec<Marked>, Problem> {
    let mut found = vec![];
    let mut pages = Pages::new(DESCRIBE);
    while let Some(token) = pages.next() {
        let (listed, next) = page(caller, token).await?;
        for (repository, tags) in each(listed, |repository| tagged(caller, repository)).await {
            match tags {
                Err(problem) if problem.code == Code::NotFound => continue,
                tags => tags?,
            }
            let key = ResourceKey::new(Kind::Repository, caller.scope().clone(), &repository.repository_name)?;
            let tags = repository.tags.unwrap_or_default();
            let tag = |name: &str| tags.iter().find(|tag| tag.key == name).map(|tag| tag.value.clone());
            found.extend(Marked::of(key, repository.repository_arn.unwrap_or_default(), tag));
        }
        pages.then(next)?;
    }
    Ok(found)
}

/// The names of all repositories.
pub(super) async fn names(caller: &Caller) -> Result<Vec<String>, Problem> {
    names_of(caller, |_| true).await
}

/// The names of the repositories of which this holds.
pub(super) async fn names_of(
    caller: &Caller,
    holds: impl Fn(&Repository) -> bool + Send,
) -> Result<Vec<String>, Problem> {
    let mut names = vec![];
    let mut pages = Pages::new(DESCRIBE);
    while let Some(token) = pages.next() {
        let (listed, next) = page(caller, token).await?;
        names.extend(listed.into_iter().filter(|r| holds(r)).map(|r| r.repository_name));
        pages.then(next)?;
    }
    Ok(names)
}

async fn page(caller: &Caller, token: Option<String>) -> Result<(Vec<Repository>, Option<String>), Problem> {
    let request = caller.clients().ecr().describe_repositories().max_results(1000).set_next_token(token);
    let page = caller.call(Bucket::Ecr, DESCRIBE, None, request.send()).await?;
    Ok((page.repositories.into_iter().flatten().map(document).collect(), page.next_token))
}

async fn tagged(caller: &Caller, mut repository: Repository) -> (Repository, Result<(), Problem>) {
    let Some(arn) = repository.repository_arn.clone() else { return (repository, Ok(())) };
    let request = caller.clients().ecr().list_tags_for_resource().resource_arn(&arn);
    match caller.call(Bucket::Ecr, "ecr:ListTagsForResource", Some(&arn), request.send()).await {
        Ok(answer) => {
            let tags = answer.tags.into_iter().flatten();
            let mut tags: Vec<Tag> = tags.map(|t| Tag { key: t.key, value: t.value }).collect();
            tags.sort_by(|a, b| a.key.cmp(&b.key));
            repository.tags = Some(tags);
            (repository, Ok(()))
        }
        Err(problem) => (repository, Err(problem)),
    }
}

fn document(r: types::Repository) -> Repository {
    Repository {
        registry_id: r.registry_id,
        repository_name: r.repository_name.unwrap_or_default(),
        repository_arn: r.repository_arn,
        repository_uri: r.repository_uri,
        created_at: when(r.created_at),
        image_tag_mutability: word(r.image_tag_mutability),
        image_tag_mutability_exclusion_filters: r
            .image_tag_mutability_exclusion_filters
            .into_iter()
            .flatten()
            .map(|f| TagMutabilityExclusion { filter_type: f.filter_type.to_string(), filter: f.filter })
            .collect(),
        image_scanning_configuration: r
            .image_scanning_configuration
            .map(|s| Scanning { scan_on_push: Some(s.scan_on_push) }),
        encryption_configuration: r
            .encryption_configuration
            .map(|e| Encryption { encryption_type: Some(e.encryption_type.to_string()), kms_key: e.kms_key }),
        tags: None,
    }
}
