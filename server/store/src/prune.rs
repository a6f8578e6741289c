//! What is kept for how long. One server at a time prunes, in small transactions, so that nobody waits for it.

use domain::{Kind, Millis};

use crate::{Result, Store, changes, problem};

/// Rows deleted in one transaction.
const BATCH: i64 = 2_000;
/// The lock that keeps servers from pruning at once: a number of our own choice.
const LOCK: i64 = 0x6741_6e74_7250;
/// A day in milliseconds.
const DAY: i64 = 86_400_000;
/// Failed sign-ins count for minutes; a day is plenty.
const LOGIN_FAILURES: i64 = DAY;
/// Tokens are shown as expired for so long.
const EXPIRED_TOKENS: i64 = 30 * DAY;

/// For how many days things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Tasks that AWS forgot, and pods that are gone.
    pub tasks: u32,
    /// Entries of histories, and other resources that are gone.
    pub history: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { tasks: 30, history: 400 }
    }
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Resources, with their histories.
    pub resources: u64,
    /// Entries of histories of resources that stay.
    pub history: u64,
}

impl Store {
    /// Deletes what was kept long enough; nothing when another server is at it. The latest entry of each history stays, whatever its age, and
    /// so does the audit log. Other servers hear of deleted resources ([`changes::Notice::Pruned`]).
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    pub async fn prune(&self, keep: Keep, now: Millis) -> Result<Pruned> {
        let before = |days: u32| now.0 - i64::from(days) * DAY;
        let mut lock = self.work.begin().await.map_err(problem::of)?;
        let ours: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut *lock)
            .await
            .map_err(problem::of)?;
        if !ours {
            return Ok(Pruned::default());
        }
        // It lies still while the deletes run elsewhere. Nobody but pruning waits for its lock.
        sqlx::query("set local idle_in_transaction_session_timeout = 0")
            .execute(&mut *lock)
            .await
            .map_err(problem::of)?;
        let fleeting: Vec<&str> = Kind::ALL.iter().filter(|k| k.fleeting()).map(|k| k.stem()).collect();
        let tasks =
            "delete from resources where id in (select id from resources where kind = any($1) and gone < $2 limit $3)";
        let others =
            "delete from resources where id in (select id from resources where kind <> all($1) and gone < $2 limit $3)";
        let mut pruned = Pruned::default();
        for (sql, days) in [(tasks, keep.tasks), (others, keep.history)] {
            pruned.resources += self.in_batches(sql, &fleeting, before(days)).await?;
        }
        // Now: they are deleted, whatever becomes of the rest.
        if pruned.resources > 0 {
            sqlx::query("select pg_notify($1, $2)")
                .bind(changes::VERSIONS)
                .bind(changes::PRUNED)
                .execute(&self.work)
                .await
                .map_err(problem::of)?;
        }
        let entries = "delete from history where id in (
                 select h.id from history h where h.at < $2 and $1::text[] is not null
                 and exists (select from history later where later.resource = h.resource and later.id > h.id) limit $3)";
        pruned.history = self.in_batches(entries, &fleeting, before(keep.history)).await?;
        for (sql, moment) in [
            ("delete from tokens where until < $1", now.0 - EXPIRED_TOKENS),
            ("delete from welcomes where until < $1", now.0),
            ("delete from login_failures where at < $1", now.0 - LOGIN_FAILURES),
        ] {
            sqlx::query(sql).bind(moment).execute(&self.work).await.map_err(problem::of)?;
        }
        lock.commit().await.map_err(problem::of)?;
        Ok(pruned)
    }

    async fn in_batches(&self, sql: &'static str, kinds: &[&str], before: i64) -> Result<u64> {
        let mut all = 0;
        loop {
            let done = sqlx::query(sql)
                .bind(kinds)
                .bind(before)
                .bind(BATCH)
                .execute(&self.work)
                .await
                .map_err(problem::of)?
                .rows_affected();
            all += done;
            if done < BATCH as u64 {
                return Ok(all);
            }
        }
    }
}
