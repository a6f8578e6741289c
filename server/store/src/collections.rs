//! What is collected when, and by whom: schedules and leases. A lease ends by itself when its owner stops renewing it; each claim gets a
//! larger fencing number, and a write that carries an older one is refused. The list of a kind has one, and what lists leave open
//! ([`crate::singles`]) another.
//!
//! Whoever writes several rows of `collections` locks them first, in the order of their ids: two servers that did it in different orders would
//! wait for each other.

use domain::listing::Freshness;
use domain::{AccountId, Code, Kind, Millis, Problem, Region, Scope};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};

use crate::singles;
use crate::within::told_within;
use crate::{Result, Store, changes, kinds, problem, resources};

/// Proof of a lease: which collection, and the how-manieth claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The collection.
    pub collection: i64,
    /// The number its claim got.
    pub fencing: i64,
}

/// Which part of a kind is read under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Its list.
    List,
    /// What the list leaves open, resource by resource, of kinds in [`singles::READ_ONE_BY_ONE`]; what is within resources that changed, of
    /// kinds in [`crate::within::TOLD_WITHIN`].
    Singles,
}

/// A claimed collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// To be carried by every write.
    pub fence: Fence,
    /// Where to collect.
    pub scope: Scope,
    /// What to collect.
    pub kind: Kind,
    /// Which part of it.
    pub part: Part,
    /// When it was claimed: what is not seen from here on is gone at the end.
    pub started: Millis,
    /// No collect was complete yet.
    pub initial: bool,
    /// Failures in a row before this one.
    pub failures: u32,
}

/// A collection as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Kind, scope and what pages show of it.
    pub freshness: Freshness,
    /// When the last complete collect began, or the last round of collects that each ask a part: everything not gone was seen since.
    pub covers: Option<Millis>,
    /// Failures in a row.
    pub failures: u32,
}

#[derive(FromRow)]
struct Row {
    account: String,
    region: String,
    kind: String,
    lease_until: Option<i64>,
    complete_at: Option<i64>,
    covers: Option<i64>,
    failing_since: Option<i64>,
    failures: i32,
    problem: Option<Json<Problem>>,
    details_since: Option<i64>,
    details: Option<Json<Problem>>,
}

fn place(account: &str, region: &str, kind: &str) -> Result<(Scope, Kind)> {
    Ok((Scope::new(AccountId::parse(account)?, Region::parse(region)?), Kind::parse(kind)?))
}

/// Refuses a write whose lease somebody else has taken since. Keeps the collection from being claimed until the transaction ends.
pub(crate) async fn fence_holds(tx: &mut PgConnection, fence: Fence) -> Result<()> {
    let held: Option<i64> = sqlx::query_scalar("select id from collections where id = $1 and fencing = $2 for share")
        .bind(fence.collection)
        .bind(fence.fencing)
        .fetch_optional(tx)
        .await
        .map_err(problem::of)?;
    held.map(|_| ()).ok_or_else(resources::taken_over)
}

async fn notify(tx: &mut PgConnection, kind: &str) -> Result<()> {
    sqlx::query("select pg_notify($1, $2)")
        .bind(changes::COLLECTIONS)
        .bind(kind)
        .execute(tx)
        .await
        .map_err(problem::of)?;
    Ok(())
}

impl Store {
    /// Claims the list that is due longest of those that this server wants ([`Store::want`]), until `until`; not in scopes in `busy`.
    /// Requested ones go first.
    /// Two servers never get the same: rows being claimed are skipped, and a claimed row is leased.
    pub async fn claim(&self, owner: &str, busy: &[Scope], now: Millis, until: Millis) -> Result<Option<Lease>> {
        self.claim_part(Part::List, owner, busy, now, until).await
    }

    /// The same of single reads. They are due, too, when their list, or that of what they are within, has ended since they last began, unless
    /// they fail.
    pub async fn claim_singles(
        &self,
        owner: &str,
        busy: &[Scope],
        now: Millis,
        until: Millis,
    ) -> Result<Option<Lease>> {
        self.claim_part(Part::Singles, owner, busy, now, until).await
    }

    async fn claim_part(
        &self,
        part: Part,
        owner: &str,
        busy: &[Scope],
        now: Millis,
        until: Millis,
    ) -> Result<Option<Lease>> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        let (parts, wholes) = told_within();
        #[allow(clippy::type_complexity)]
        let row: Option<(i64, i64, String, String, String, bool, i32)> = sqlx::query_as(
            "update collections c set owner = $1, lease_until = $2, fencing = c.fencing + 1, started = $3, requested = null
             from (select d.id from collections d
                   where d.enabled and d.singles = $5 and (d.lease_until is null or d.lease_until <= $3)
                   and (d.due_at <= $3 or d.singles and d.failures = 0 and exists (
                       select from collections l where not l.singles and l.complete_at > d.started
                       and (l.account, l.region) = (d.account, d.region)
                       and (l.kind = d.kind or (d.kind, l.kind) in (
                           select told.part, told.whole from unnest($6::text[], $7::text[]) as told (part, whole)))))
                   and not (d.account || '/' || d.region = any($4))
                   and exists (select from server_wants w where w.server = $1
                               and (w.account, w.region, w.kind, w.singles) = (d.account, d.region, d.kind, d.singles))
                   order by d.requested nulls last, d.complete_at is not null, d.due_at, d.id limit 1 for update of d skip locked) due
             where c.id = due.id
             returning c.id, c.fencing, c.account, c.region, c.kind, c.complete_at is null, c.failures",
        )
        .bind(owner)
        .bind(until.0)
        .bind(now.0)
        .bind(busy.iter().map(ToString::to_string).collect::<Vec<_>>())
        .bind(part == Part::Singles)
        .bind(&parts)
        .bind(&wholes)
        .fetch_optional(&mut *tx)
        .await
        .map_err(problem::of)?;
        let Some((collection, fencing, account, region, kind, initial, failures)) = row else {
            return Ok(None);
        };
        // Pages show only that a list is being read
        if part == Part::List {
            notify(&mut tx, &kind).await?;
        }
        tx.commit().await.map_err(problem::of)?;
        let (scope, kind) = place(&account, &region, &kind)?;
        let fence = Fence { collection, fencing };
        Ok(Some(Lease {
            fence,
            scope,
            kind,
            part,
            started: now,
            initial,
            failures: u32::try_from(failures).unwrap_or(0),
        }))
    }

    /// Keeps a lease until `until`; answers whether it was still ours.
    pub async fn renew(&self, fence: Fence, until: Millis) -> Result<bool> {
        let done =
            sqlx::query("update collections set lease_until = $3 where id = $1 and fencing = $2 and owner is not null")
                .bind(fence.collection)
                .bind(fence.fencing)
                .bind(until.0)
                .execute(&self.work)
                .await
                .map_err(problem::of)?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends a collect that read everything, and says when the next is due. A request made meanwhile makes it due at once. Single reads still
    /// fail while one of them is refused: the reason of one is kept, rather one that names a missing permission.
    pub async fn finish(&self, lease: &Lease, now: Millis, due: Millis) -> Result<()> {
        self.finish_covering(lease, Some(lease.started), now, due).await
    }

    /// The same of a collect of which, with those before it, everything was read since `covers`; what was known of that stays, if it says none.
    pub async fn finish_covering(&self, lease: &Lease, covers: Option<Millis>, now: Millis, due: Millis) -> Result<()> {
        self.end(
            lease,
            "update collections c set owner = null, lease_until = null, complete_at = $3, covers = coalesce($7, c.covers), failures = 0,
             failing_since = case when w.refusal is not null then coalesce(c.failing_since, $4) end, problem = w.refusal,
             due_at = case when c.requested is null then $5 else $3 end
             from (select o.id, (select f.problem from refusals f join resources r on r.id = f.resource
                                 where o.singles and r.gone is null and (r.account, r.region, r.kind) = (o.account, o.region, o.kind)
                                 order by f.problem->>'code' <> 'aws_denied', f.retry_at, f.resource limit 1) as refusal
                   from collections o where o.id = $1) w
             where c.id = w.id and c.fencing = $2 and $6::jsonb is null",
            covers,
            now,
            due,
            None,
        )
        .await
    }

    /// Ends a collect that failed; rows keep their age. `whole` says that everything was listed nevertheless: then only single resources
    /// could not be read to their end. A list that was whole until now fails since now, however long some of it could not be read.
    pub async fn fail(&self, lease: &Lease, failed: &Problem, whole: bool, now: Millis, due: Millis) -> Result<()> {
        let sql = if whole {
            "update collections set owner = null, lease_until = null, complete_at = $3, covers = $7, failing_since = coalesce(failing_since, $4),
             failures = failures + 1, problem = $6, due_at = case when requested is null then $5 else $3 end where id = $1 and fencing = $2"
        } else {
            "update collections set owner = null, lease_until = null, covers = coalesce($7, covers), failures = failures + 1,
             failing_since = case when not singles and complete_at >= failing_since then $4 else coalesce(failing_since, $4) end,
             problem = $6, due_at = case when requested is null then $5 else $3 end where id = $1 and fencing = $2"
        };
        self.end(lease, sql, whole.then_some(lease.started), now, due, Some(failed)).await
    }

    async fn end(
        &self,
        lease: &Lease,
        sql: &'static str,
        covers: Option<Millis>,
        now: Millis,
        due: Millis,
        failed: Option<&Problem>,
    ) -> Result<()> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        let done = sqlx::query(sql)
            .bind(lease.fence.collection)
            .bind(lease.fence.fencing)
            .bind(now.0)
            .bind(lease.started.0)
            .bind(due.0)
            .bind(failed.map(Json))
            .bind(covers.map(|covers| covers.0))
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        if done.rows_affected() == 0 {
            return Err(resources::taken_over());
        }
        notify(&mut tx, lease.kind.stem()).await?;
        tx.commit().await.map_err(problem::of)
    }

    /// What a collect before this one left; null if it left nothing.
    pub async fn left(&self, fence: Fence) -> Result<Value> {
        let place: Option<Value> = sqlx::query_scalar("select place from collections where id = $1")
            .bind(fence.collection)
            .fetch_one(&self.work)
            .await
            .map_err(problem::of)?;
        Ok(place.unwrap_or_default())
    }

    /// Leaves the place where the next collect goes on.
    ///
    /// # Errors
    /// [`Code::Conflict`] when the lease was taken over, [`Code::Database`].
    pub async fn leave(&self, fence: Fence, place: &Value) -> Result<()> {
        let done = sqlx::query("update collections set place = $3 where id = $1 and fencing = $2")
            .bind(fence.collection)
            .bind(fence.fencing)
            .bind(place)
            .execute(&self.work)
            .await
            .map_err(problem::of)?;
        if done.rows_affected() == 0 { Err(resources::taken_over()) } else { Ok(()) }
    }

    /// Gives all leases of this owner back, to be claimed at once: it is going away.
    pub async fn release(&self, owner: &str) -> Result<()> {
        sqlx::query(
            "with own as (select id from collections where owner = $1 order by id for update)
             update collections c set owner = null, lease_until = null, fencing = c.fencing + 1 from own where c.id = own.id",
        )
        .bind(owner)
        .execute(&self.work)
        .await
        .map_err(problem::of)?;
        Ok(())
    }

    /// Makes this kind due now, in these accounts and regions (empty: all); what is being collected is collected again, and some of what was
    /// refused is asked again. Answers how many collections that are.
    pub async fn request(&self, kind: Kind, accounts: &[AccountId], regions: &[Region], now: Millis) -> Result<u64> {
        let accounts: Vec<String> = accounts.iter().map(ToString::to_string).collect();
        let regions: Vec<String> = regions.iter().map(ToString::to_string).collect();
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let done = sqlx::query(
            "with asked as (
                 select id from collections where enabled and kind = $1
                 and ($2::text[] = '{}' or account = any($2)) and ($3::text[] = '{}' or region = any($3) or region = 'global')
                 order by id for update)
             update collections c set requested = $4, due_at = least(c.due_at, $4) from asked where c.id = asked.id",
        )
        .bind(kind.stem())
        .bind(&accounts)
        .bind(&regions)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        singles::probe(&mut tx, kind, &accounts, &regions, now).await?;
        notify(&mut tx, kind.stem()).await?;
        tx.commit().await.map_err(problem::of)?;
        Ok(done.rows_affected())
    }

    /// The configured lists, each with what is in the way of its single reads.
    pub async fn collections(&self, now: Millis) -> Result<Vec<Collection>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select l.account, l.region, l.kind, l.lease_until, l.complete_at, l.covers, l.failing_since, l.failures, l.problem,
                    s.failing_since as details_since, s.problem as details
             from collections l left join collections s on s.singles and s.enabled
                 and (s.account, s.region, s.kind) = (l.account, l.region, l.kind)
             where l.enabled and not l.singles and l.kind = any($1) order by l.account, l.region, l.kind",
        )
        .bind(kinds::known())
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        let trouble = |since: Option<i64>, problem: Option<Json<Problem>>| {
            let unknown = || Problem::new(Code::Internal, "Collecting fails", "The reason was not stored.");
            since.map(|since| (Millis(since), problem.map_or_else(unknown, |p| p.0)))
        };
        rows.into_iter()
            .map(|row| {
                let (scope, kind) = place(&row.account, &row.region, &row.kind)?;
                let freshness = Freshness {
                    scope,
                    kind,
                    complete: row.complete_at.map(Millis),
                    failing: trouble(row.failing_since, row.problem),
                    details: trouble(row.details_since, row.details),
                    running: row.lease_until.is_some_and(|until| until > now.0),
                };
                let failures = u32::try_from(row.failures).unwrap_or(0);
                Ok(Collection { freshness, covers: row.covers.map(Millis), failures })
            })
            .collect()
    }
}
