//! What AWS tells only resource by resource, such as the URLs of a function: of which resources it is to be read again before their list
//! has its next turn.

use domain::{Kind, Millis, ResourceKey, Scope};
use sqlx::PgConnection;

use crate::collections::{Fence, fence_holds};
use crate::{Result, Store, problem};

/// Kinds that AWS tells so, each with what they are within: what changes there may have changed them too, and their own lists take their time.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html>
pub const TOLD_WITHIN: &[(Kind, Kind)] = &[
    (Kind::FunctionUrl, Kind::Function),
    (Kind::FunctionPermission, Kind::Function),
    (Kind::EventInvokeConfig, Kind::Function),
];

/// What resources of this kind are within, if AWS tells them so.
pub fn whole_of(kind: Kind) -> Option<Kind> {
    TOLD_WITHIN.iter().find(|(part, _)| *part == kind).map(|(_, whole)| *whole)
}

/// Those kinds as the table names them, and beside them what they are within.
pub(crate) fn told_within() -> (Vec<&'static str>, Vec<&'static str>) {
    TOLD_WITHIN.iter().map(|(part, whole)| (part.stem(), whole.stem())).unzip()
}

/// Older than any read.
const ASKED: i64 = -1;

impl Store {
    /// Resources in this scope within which this kind is to be read: they changed or have another `RevisionId` since that was done, somebody
    /// asks for it, or they are newer than the last complete list of the kind. None before there is one.
    pub async fn within_due(&self, scope: &Scope, kind: Kind) -> Result<Vec<ResourceKey>> {
        let Some(whole) = whole_of(kind) else { return Ok(vec![]) };
        let keys: Vec<String> = sqlx::query_scalar(
            "select r.key from resources r
             left join within_reads w on w.resource = r.id and w.kind = $1
             left join collections l on not l.singles and (l.account, l.region, l.kind) = (r.account, r.region, $1)
             where r.kind = $2 and r.account = $3 and r.region = $4 and r.gone is null
             and case when w.at is null then r.changed >= l.covers
                 else r.changed > w.at or r.doc->>'RevisionId' is distinct from w.revision end
             order by w.at nulls last, r.id",
        )
        .bind(kind.stem())
        .bind(whole.stem())
        .bind(scope.account.as_str())
        .bind(scope.region.as_str())
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        keys.iter().map(|key| ResourceKey::parse(key)).collect()
    }

    /// This kind was asked for within these, whatever the answer: they are not asked again until they change.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the lease was taken over, [`domain::Code::Database`].
    pub async fn asked_within(&self, fence: Fence, kind: Kind, wholes: &[ResourceKey], at: Millis) -> Result<()> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        fence_holds(&mut tx, fence).await?;
        read_within(&mut tx, kind, wholes, at).await?;
        tx.commit().await.map_err(problem::of)
    }

    /// Has all that AWS tells only within these read again now.
    pub async fn reread_within(&self, wholes: &[ResourceKey], now: Millis) -> Result<()> {
        let (parts, of) = told_within();
        let wholes: Vec<&ResourceKey> = wholes.iter().filter(|key| of.contains(&key.kind.stem())).collect();
        if wholes.is_empty() {
            return Ok(());
        }
        // One after the other: what writes a read holds the lease's row first
        sqlx::query(
            "insert into within_reads (resource, kind, at)
             select r.id, told.part, $4 from resources r
             join unnest($2::text[], $3::text[]) as told (part, whole) on told.whole = r.kind
             where r.key = any($1) and r.gone is null order by 1, 2
             on conflict on constraint within_reads_pk do update set at = excluded.at",
        )
        .bind(wholes.iter().map(ToString::to_string).collect::<Vec<_>>())
        .bind(&parts)
        .bind(&of)
        .bind(ASKED)
        .execute(&self.work)
        .await
        .map_err(problem::of)?;
        sqlx::query(
            "with asked as (
                 select id from collections where enabled and singles and kind = any($1) and account || '/' || region = any($2)
                 order by id for update)
             update collections c set requested = $3, due_at = least(c.due_at, $3) from asked where c.id = asked.id",
        )
        .bind(&parts)
        .bind(wholes.iter().map(|key| key.scope.to_string()).collect::<Vec<_>>())
        .bind(now.0)
        .execute(&self.work)
        .await
        .map_err(problem::of)?;
        Ok(())
    }
}

/// This kind was read within these until `at`. What changed while one was read waits for its list: the moment is short, and a collect that
/// begins with its wholes would else read each of them twice.
pub(crate) async fn read_within(tx: &mut PgConnection, kind: Kind, wholes: &[ResourceKey], at: Millis) -> Result<()> {
    sqlx::query(
        "insert into within_reads (resource, kind, at, revision)
         select id, $2, $3, doc->>'RevisionId' from resources where key = any($1) order by id
         on conflict on constraint within_reads_pk do update
         set at = greatest(within_reads.at, excluded.at), revision = excluded.revision",
    )
    .bind(wholes.iter().map(ToString::to_string).collect::<Vec<_>>())
    .bind(kind.stem())
    .bind(at.0)
    .execute(tx)
    .await
    .map_err(problem::of)?;
    Ok(())
}
