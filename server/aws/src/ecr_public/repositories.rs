//! Repositories of the account's public registry, with what the Public Gallery says of them.

use aws_sdk_ecrpublic::types;
use domain::document::Tag;
use domain::ecr_public::{Catalog, Repository};
use domain::plan::sweep::Marked;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, when};
use crate::{Bucket, Caller, Feed, Pages, absent};

const DESCRIBE: &str = "ecr-public:DescribeRepositories";

/// Reads all repositories. Catalog data and tags cost a call each; what may not be read hides no repository.
pub(crate) async fn collect_repositories(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new(DESCRIBE);
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr_public().describe_repositories().max_results(1000).set_next_token(token);
        let page = caller.call(Bucket::EcrPublic, DESCRIBE, None, request.send()).await?;
        let listed: Vec<Repository> = page.repositories.into_iter().flatten().map(document).collect();
        let mut batch = Vec::with_capacity(listed.len());
        for (mut repository, catalog, tags) in each(listed, |repository| described(caller, repository)).await {
            repository.catalog_data = trouble.past(catalog)?.flatten();
            repository.tags = trouble.past(tags)?.flatten();
            batch.push(caller.observed(&repository)?);
        }
        feed.seen(batch).await?;
        pages.then(page.next_token)?;
    }
    feed.complete(Kind::PublicRepository, None).await?;
    trouble.end()
}

/// One repository with catalog data and tags.
pub(crate) async fn fetch_repository(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some(repository) = bare(caller, &key.id).await? else { return Ok(None) };
    let (mut repository, catalog, tags) = described(caller, repository).await;
    repository.catalog_data = catalog?;
    repository.tags = tags?;
    caller.observed(&repository).map(Some)
}

/// Every repository that carries the tags of a run, and whose those are. Its tags are all read anew: a sweep trusts nothing it knew.
///
/// # Errors
/// What AWS said; nothing is left out without an error.
pub(crate) async fn marked(caller: &Caller) -> Result<Vec<Marked>, Problem> {
    let mut found = vec![];
    let mut pages = Pages::new(DESCRIBE);
    while let Some(token) = pages.next() {
        let request = caller.clients().ecr_public().describe_repositories().max_results(1000).set_next_token(token);
        let page = caller.call(Bucket::EcrPublic, DESCRIBE, None, request.send()).await?;
        let listed: Vec<Repository> = page.repositories.into_iter().flatten().map(document).collect();
        let tagged = |repository: Repository| async move {
            let arn = repository.repository_arn.unwrap_or_default();
            let tags = tags(caller, &arn).await;
            (repository.repository_name, arn, tags)
        };
        for (name, arn, tags) in each(listed, tagged).await {
            // It was deleted after it was listed.
            let Some(tags) = tags? else { continue };
            let key = ResourceKey::new(Kind::PublicRepository, caller.scope().clone(), &name)?;
            let tag = |name: &str| tags.iter().find(|tag| tag.key == name).map(|tag| tag.value.clone());
            found.extend(Marked::of(key, arn, tag));
        }
        pages.then(page.next_token)?;
    }
    Ok(found)
}

type Read<T> = Result<Option<T>, Problem>;

async fn described(caller: &Caller, repository: Repository) -> (Repository, Read<Catalog>, Read<Vec<Tag>>) {
    let arn = repository.repository_arn.clone().unwrap_or_default();
    let (catalog, tags) = futures::join!(catalog(caller, &repository.repository_name), tags(caller, &arn));
    (repository, catalog, tags)
}

/// One repository, without catalog data and tags.
pub(super) async fn bare(caller: &Caller, name: &str) -> Read<Repository> {
    let request = caller.clients().ecr_public().describe_repositories().repository_names(name);
    let answer = absent(caller.call(Bucket::EcrPublic, DESCRIBE, Some(name), request.send()).await)?;
    Ok(answer.and_then(|a| a.repositories).and_then(|r| r.into_iter().next()).map(document))
}

/// What the gallery says of a repository; nothing where nobody has said anything, or there is no such repository.
pub(super) async fn catalog(caller: &Caller, name: &str) -> Read<Catalog> {
    let request = caller.clients().ecr_public().get_repository_catalog_data().repository_name(name);
    let sent = request.send();
    let answer = caller.call(Bucket::EcrPublic, "ecr-public:GetRepositoryCatalogData", Some(name), sent).await;
    Ok(absent(answer)?.and_then(|a| a.catalog_data).map(|c| Catalog {
        description: c.description,
        architectures: c.architectures.unwrap_or_default(),
        operating_systems: c.operating_systems.unwrap_or_default(),
        logo_url: c.logo_url,
        about_text: c.about_text,
        usage_text: c.usage_text,
        marketplace_certified: c.marketplace_certified,
    }))
}

/// The tags of a repository by key; nothing when it does not exist.
pub(super) async fn tags(caller: &Caller, arn: &str) -> Read<Vec<Tag>> {
    let request = caller.clients().ecr_public().list_tags_for_resource().resource_arn(arn);
    let answer = caller.call(Bucket::EcrPublic, "ecr-public:ListTagsForResource", Some(arn), request.send()).await;
    Ok(absent(answer)?.map(|a| {
        let pair = |t: types::Tag| Tag { key: t.key.unwrap_or_default(), value: t.value.unwrap_or_default() };
        let mut tags: Vec<Tag> = a.tags.into_iter().flatten().map(pair).collect();
        tags.sort_by(|a, b| a.key.cmp(&b.key));
        tags
    }))
}

fn document(r: types::Repository) -> Repository {
    Repository {
        registry_id: r.registry_id,
        repository_name: r.repository_name.unwrap_or_default(),
        repository_arn: r.repository_arn,
        repository_uri: r.repository_uri,
        created_at: when(r.created_at),
        catalog_data: None,
        tags: None,
    }
}
