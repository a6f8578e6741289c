//! The audit log: who did what, written in the transaction that does it. Append-only (a trigger refuses everything else), each entry's hash
//! covers the one before.

use domain::Millis;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, Postgres, Transaction};

use crate::{Result, Store, locks, problem};

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number; 0 before it is appended.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// The person, if it was one.
    pub person: Option<i64>,
    /// Their name then; `gantry` for the program itself.
    pub actor: String,
    /// What: `people.create`, `session.start`.
    pub action: String,
    /// On what.
    pub subject: String,
    /// More facts; never secrets.
    pub detail: Value,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    person: Option<i64>,
    actor: String,
    action: String,
    subject: String,
    detail: Json<Value>,
    hash: Vec<u8>,
}

impl Row {
    /// The entry and its hash.
    fn entry(self) -> (Entry, Vec<u8>) {
        let entry = Entry {
            id: self.id,
            at: Millis(self.at),
            person: self.person,
            actor: self.actor,
            action: self.action,
            subject: self.subject,
            detail: self.detail.0,
        };
        (entry, self.hash)
    }
}

fn chained(previous: &[u8], entry: &Entry) -> Vec<u8> {
    let text = serde_json::json!([entry.at.0, entry.person, entry.actor, entry.action, entry.subject, entry.detail]);
    Sha256::new().chain_update(previous).chain_update(crate::hash(&text)).finalize().to_vec()
}

/// Appends an entry within a transaction: what it tells of is written with it, or neither.
pub(crate) async fn append(tx: &mut PgConnection, entry: &Entry) -> Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(locks::AUDIT).execute(&mut *tx).await.map_err(problem::of)?;
    let previous: Option<Vec<u8>> = sqlx::query_scalar("select hash from audit order by id desc limit 1")
        .fetch_optional(&mut *tx)
        .await
        .map_err(problem::of)?;
    sqlx::query(
        "insert into audit (at, person, actor, action, subject, detail, hash) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(entry.at.0)
    .bind(entry.person)
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.subject)
    .bind(Json(&entry.detail))
    .bind(chained(&previous.unwrap_or_default(), entry))
    .execute(&mut *tx)
    .await
    .map_err(problem::of)?;
    Ok(())
}

/// Appends the entry and commits: the act and its entry, both or neither. The entry comes last, so that nobody waits for whoever holds the
/// log's lock longer than a commit takes.
pub(crate) async fn commit(mut tx: Transaction<'_, Postgres>, entry: &Entry) -> Result<()> {
    append(&mut tx, entry).await?;
    tx.commit().await.map_err(problem::of)
}

impl Store {
    /// The latest entries, the latest first.
    pub async fn audit_latest(&self, limit: u32) -> Result<Vec<Entry>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, at, person, actor, action, subject, detail, hash from audit order by id desc limit $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        Ok(rows.into_iter().map(|row| row.entry().0).collect())
    }

    /// Goes through the whole log; answers the number of the first entry whose hash does not fit, if there is one.
    pub async fn audit_broken_at(&self) -> Result<Option<i64>> {
        let (mut previous, mut last) = (vec![], 0);
        loop {
            let rows: Vec<Row> = sqlx::query_as(
                "select id, at, person, actor, action, subject, detail, hash from audit where id > $1 order by id limit 1000",
            )
            .bind(last)
            .fetch_all(&self.work)
            .await
            .map_err(problem::of)?;
            if rows.is_empty() {
                return Ok(None);
            }
            for row in rows {
                let (entry, hash) = row.entry();
                if chained(&previous, &entry) != hash {
                    return Ok(Some(entry.id));
                }
                (previous, last) = (hash, entry.id);
            }
        }
    }
}
