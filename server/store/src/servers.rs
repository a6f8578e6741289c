//! Which servers run on this database, and what each of them wants to be collected. A collection rests only when no live server wants it; each
//! server collects what it wants itself, for only there it has a connection.

use domain::{AccountId, Kind, Millis, Region, Scope};
use sqlx::PgConnection;
use std::collections::HashMap;

use crate::settings::same_digest_key;
use crate::singles::read_one_by_one;
use crate::within::told_within;
use crate::{Result, Store, changes, locks, problem};

impl Store {
    /// Says that this server, whose digest key has this fingerprint, lives, and that it wants exactly these to be collected. What nobody
    /// collected yet is due at once.
    ///
    /// # Errors
    /// [`domain::Code::Conflict`] when the digest key in use is another one ([`Store::use_digest_key`]), [`domain::Code::Database`].
    pub async fn want(&self, server: &str, digest_key: &[u8], wanted: &[(Scope, Kind)], now: Millis) -> Result<()> {
        let column = |f: &dyn Fn(&(Scope, Kind)) -> String| wanted.iter().map(f).collect::<Vec<_>>();
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        in_turn(&mut tx).await?;
        same_digest_key(&mut tx, digest_key).await?;
        sqlx::query(
            "insert into servers (id, seen) values ($1, $2) on conflict (id) do update set seen = excluded.seen",
        )
        .bind(server)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        sqlx::query("delete from server_wants where server = $1")
            .bind(server)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        sqlx::query(
            "with wanted as (insert into server_wants (server, account, region, kind, singles)
                             select distinct $1::text, account, region, kind, singles from unnest($2::text[], $3::text[], $4::text[]) as w (account, region, kind)
                             join (values (false), (true)) as part (singles) on not singles or kind = any($5)
                             returning account, region, kind, singles)
             insert into collections (account, region, kind, singles)
             select account, region, kind, singles from wanted order by 1, 2, 3, 4
             on conflict on constraint collections_scope do nothing",
        )
        .bind(server)
        .bind(column(&|(s, _)| s.account.to_string()))
        .bind(column(&|(s, _)| s.region.to_string()))
        .bind(column(&|(_, k)| k.stem().to_owned()))
        .bind([read_one_by_one(), told_within().0].concat())
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        enable(&mut tx).await?;
        tx.commit().await.map_err(problem::of)
    }

    /// Says that this server lives, and forgets those that have not said so since `dead`, unless it has not said so itself: then the database
    /// was away, and the others are about to. Answers how many servers want something in each account and region; `None` when this server was
    /// forgotten, or never said what it wants.
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    pub async fn beat(&self, server: &str, now: Millis, dead: Millis) -> Result<Option<HashMap<Scope, u32>>> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        in_turn(&mut tx).await?;
        let before: Option<i64> = sqlx::query_scalar(
            "update servers s set seen = $2 from (select seen from servers where id = $1) was where s.id = $1 returning was.seen",
        )
        .bind(server)
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(problem::of)?;
        let Some(before) = before else { return Ok(None) };
        if before >= dead.0 {
            let silent = sqlx::query("delete from servers where seen < $1").bind(dead.0);
            silent.execute(&mut *tx).await.map_err(problem::of)?;
        }
        enable(&mut tx).await?;
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "select account, region, count(distinct server) from server_wants where not singles group by account, region",
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(problem::of)?;
        tx.commit().await.map_err(problem::of)?;
        let mut counted = HashMap::new();
        for (account, region, servers) in rows {
            let scope = Scope::new(AccountId::parse(&account)?, Region::parse(&region)?);
            counted.insert(scope, u32::try_from(servers).unwrap_or(u32::MAX));
        }
        Ok(Some(counted))
    }

    /// Forgets a server that goes away. What it alone wanted rests from the next beat of another one; without others it stays as it is, to go
    /// on where it was when one starts.
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    pub async fn sign_off(&self, server: &str) -> Result<()> {
        sqlx::query("delete from servers where id = $1").bind(server).execute(&self.work).await.map_err(problem::of)?;
        Ok(())
    }
}

/// One server after the other: two that touch the same rows in another order would wait for each other.
pub(crate) async fn in_turn(tx: &mut PgConnection) -> Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(locks::SERVERS).execute(tx).await.map_err(problem::of)?;
    Ok(())
}

/// Has exactly those collections not rest that a server wants.
async fn enable(tx: &mut PgConnection) -> Result<()> {
    let kinds: Vec<String> = sqlx::query_scalar(
        "with wrong as (
             select o.id from collections o where o.enabled <> exists (
                 select from server_wants w where (w.account, w.region, w.kind, w.singles) = (o.account, o.region, o.kind, o.singles))
             order by o.id for update of o),
         changed as (update collections c set enabled = not c.enabled from wrong where c.id = wrong.id returning c.kind)
         select distinct kind from changed",
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(problem::of)?;
    for kind in kinds {
        sqlx::query("select pg_notify($1, $2)")
            .bind(changes::COLLECTIONS)
            .bind(kind)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
    }
    Ok(())
}
