//! Single reads: what lists leave open about resources, which of them are to be read, and what AWS refused to say.

use domain::{Kind, Millis, Problem, ResourceKey, Scope};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::collections::{Fence, fence_holds};
use crate::{Result, Store, problem};

/// Kinds whose lists leave open what pages show. Single reads complete them: a function's state and tags, the image of a published version, a
/// repository's tags, a role's tags, boundary and last use, the tags of queues, topics, buckets and tables.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>,
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html>,
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>
pub const READ_ONE_BY_ONE: &[Kind] = &[
    Kind::Function,
    Kind::FunctionVersion,
    Kind::Repository,
    Kind::Role,
    Kind::Queue,
    Kind::Topic,
    Kind::Bucket,
    Kind::Table,
];

/// So many of those that were refused are asked again when somebody asks for their kind. Where one is answered, the others follow.
const PROBED: i64 = 24;

/// Later than any moment.
const NEVER: i64 = i64::MAX;

/// The kinds above as the table names them.
pub(crate) fn read_one_by_one() -> Vec<&'static str> {
    READ_ONE_BY_ONE.iter().map(|kind| kind.stem()).collect()
}

impl Store {
    /// Has the next collect read these as if they were new; of [`READ_ONE_BY_ONE`] the next single reads, whatever their age and whatever
    /// was refused.
    pub async fn reread(&self, keys: &[ResourceKey]) -> Result<()> {
        sqlx::query(
            "with asked as (select id from resources where key = any($1) order by id for no key update)
             update resources r set reread = true from asked where r.id = asked.id",
        )
        .bind(keys.iter().map(ToString::to_string).collect::<Vec<_>>())
        .execute(&self.work)
        .await
        .map_err(problem::of)?;
        Ok(())
    }

    /// Keys of this kind in this scope whose single read is missing, asked for, older than `before`, of another `RevisionId`, read in another
    /// way than now, or said that something is under way; those that were refused once it is their turn again. Versions with a number never
    /// change: of them only those of images are read, once. `$LATEST.PUBLISHED` can be published anew:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html>
    pub async fn unfetched(&self, scope: &Scope, kind: Kind, before: Millis, now: Millis) -> Result<Vec<ResourceKey>> {
        let keys: Vec<String> = sqlx::query_scalar(
            "select r.key from resources r left join refusals f on f.resource = r.id
             where r.kind = $1 and r.account = $2 and r.region = $3 and r.gone is null
             and (r.reread or f.retry_at is null or f.retry_at <= $5 or f.times = 0)
             and (r.reread or f.retry_at <= $5 or r.doc->>'State' = 'Pending' or r.doc->>'LastUpdateStatus' = 'InProgress'
                  or case when r.kind = $6 and not starts_with(r.doc->>'Version', '$')
                     then r.fetched is null and r.doc->>'PackageType' = 'Image' and r.doc->'Code' is null
                     else r.fetched is null or r.fetched < $4 or r.fetched_revision is distinct from r.doc->>'RevisionId' or r.reading <> $7 end)
             order by r.reread desc, r.fetched nulls first, r.id",
        )
        .bind(kind.stem())
        .bind(scope.account.as_str())
        .bind(scope.region.as_str())
        .bind(before.0)
        .bind(now.0)
        .bind(Kind::FunctionVersion.stem())
        .bind(domain::describe::reading(kind))
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        keys.iter().map(|k| ResourceKey::parse(k)).collect()
    }

    /// AWS answered the single read of this one without a part that it refused to say. That is told as other refusals are, but the resource
    /// keeps its pace, and is read before its turn only when somebody asks or another one is answered.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the lease was taken over, [`domain::Code::Database`].
    pub async fn withheld(&self, fence: Fence, key: &ResourceKey, refusal: &Problem) -> Result<()> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        fence_holds(&mut tx, fence).await?;
        sqlx::query(
            "insert into refusals (resource, times, retry_at, problem)
             select id, 0, $2, $3 from resources where key = $1 and gone is null
             on conflict on constraint refusals_pk do update
             set times = excluded.times, retry_at = excluded.retry_at, problem = excluded.problem",
        )
        .bind(key.to_string())
        .bind(NEVER)
        .bind(Json(refusal))
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        tx.commit().await.map_err(problem::of)
    }

    /// AWS refused the single read of this one. It is not asked again until the moment that `retry` gives for so many refusals in a row.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the lease was taken over, [`domain::Code::Database`].
    pub async fn refused(
        &self,
        fence: Fence,
        key: &ResourceKey,
        refusal: &Problem,
        retry: impl Fn(u32) -> Millis + Send,
    ) -> Result<()> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        fence_holds(&mut tx, fence).await?;
        let known: Option<(i64, Option<i32>)> = sqlx::query_as(
            "select r.id, f.times from resources r left join refusals f on f.resource = r.id where r.key = $1 and r.gone is null",
        )
        .bind(key.to_string())
        .fetch_optional(&mut *tx)
        .await
        .map_err(problem::of)?;
        let Some((resource, times)) = known else { return Ok(()) };
        let times = times.unwrap_or(0).saturating_add(1);
        // Whoever asked for it has had the answer. First, as in what a read writes: its row, then refusals
        sqlx::query("update resources set reread = false where id = $1 and reread")
            .bind(resource)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        sqlx::query(
            "insert into refusals (resource, times, retry_at, problem) values ($1, $2, $3, $4)
             on conflict on constraint refusals_pk do update
             set times = excluded.times, retry_at = excluded.retry_at, problem = excluded.problem",
        )
        .bind(resource)
        .bind(times)
        .bind(retry(u32::try_from(times).unwrap_or(1)).0)
        .bind(Json(refusal))
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        tx.commit().await.map_err(problem::of)
    }
}

/// These were read, some of them partly. Where one of them had been refused, whatever was in the way may be gone: the others of its kind
/// there are asked again. One that was read partly before, and is again, changes nothing.
pub(crate) async fn answered(tx: &mut PgConnection, keys: &[&str], partly: &[&str], now: Millis) -> Result<()> {
    let mut places: Vec<(String, String, String)> = sqlx::query_as(
        "delete from refusals f using resources r where f.resource = r.id and r.key = any($1)
         and not (f.times = 0 and r.key = any($2)) returning r.kind, r.account, r.region",
    )
    .bind(keys)
    .bind(partly)
    .fetch_all(&mut *tx)
    .await
    .map_err(problem::of)?;
    places.sort();
    places.dedup();
    for (kind, account, region) in places {
        // What another read is just writing of its own is left alone: neither waits for the other
        sqlx::query(
            "update refusals set retry_at = $4 where resource in (
                 select f.resource from refusals f join resources r on r.id = f.resource
                 where r.kind = $1 and r.account = $2 and r.region = $3 and f.retry_at > $4 for update of f skip locked)",
        )
        .bind(kind)
        .bind(account)
        .bind(region)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
    }
    Ok(())
}

/// Has a few of those that were refused asked again, in these accounts and regions (empty: all).
pub(crate) async fn probe(
    tx: &mut PgConnection,
    kind: Kind,
    accounts: &[String],
    regions: &[String],
    now: Millis,
) -> Result<()> {
    sqlx::query(
        "update refusals set retry_at = $4 where resource in (
             select f.resource from refusals f join resources r on r.id = f.resource
             where r.kind = $1 and r.gone is null and f.retry_at > $4
             and ($2::text[] = '{}' or r.account = any($2)) and ($3::text[] = '{}' or r.region = any($3) or r.region = 'global')
             order by f.retry_at, f.resource limit $5 for update of f skip locked)",
    )
    .bind(kind.stem())
    .bind(accounts)
    .bind(regions)
    .bind(now.0)
    .bind(PROBED)
    .execute(tx)
    .await
    .map_err(problem::of)?;
    Ok(())
}
