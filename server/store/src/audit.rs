//! The audit log: who did what, written in the transaction that does it. Append-only (a trigger refuses everything else), each entry's hash
//! covers the one before.

use domain::Millis;
use domain::audit::{AuditEntry, AuditQuery, result};
use domain::plan::run::StepState;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, Postgres, Transaction};

use crate::history::containing;
use crate::{Result, Store, durable, locks, problem};

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

/// An entry, and what the journal says by now of the step that it is about.
#[derive(FromRow)]
struct Told {
    #[sqlx(flatten)]
    row: Row,
    step: Option<String>,
    refusal: Option<String>,
}

impl Told {
    fn entry(self) -> AuditEntry {
        let step = self.step.as_deref().and_then(StepState::parse).map(|state| (state, self.refusal.as_deref()));
        let result = result(&self.row.action, step);
        let Entry { id, at, person, actor, action, subject, detail } = self.row.entry().0;
        AuditEntry { id, at, person, actor, action, subject, result, detail }
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
    durable(tx).await
}

/// Appends the entry and commits: the act and its entry, both or neither. The entry comes last, so that nobody waits for whoever holds the
/// log's lock longer than a commit takes.
pub(crate) async fn commit(mut tx: Transaction<'_, Postgres>, entry: &Entry) -> Result<()> {
    append(&mut tx, entry).await?;
    tx.commit().await.map_err(problem::of)
}

impl Store {
    /// Writes an entry about what no row of its own tells.
    pub async fn note(&self, entry: &Entry) -> Result<()> {
        commit(self.pages.begin().await.map_err(problem::of)?, entry).await
    }

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

    /// Entries, the latest first; `now` is what ages in `from` are counted from. Those of calls name the run and the id of its step: what came of
    /// them is read from the journal with them.
    pub async fn audit(&self, query: &AuditQuery, now: Millis) -> Result<Vec<AuditEntry>> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let rows: Vec<Told> = sqlx::query_as(
            "select a.id, a.at, a.person, a.actor, a.action, a.subject, a.detail, a.hash, s.state as step, s.problem ->> 'title' as refusal
             from (
               select id, at, person, actor, action, subject, detail, hash from audit
               where id < $1 and at >= $2 and at < $3 and ($4::text is null or lower(actor) = lower($4))
                 and ($5::text is null or starts_with(action, $5)) and ($6::text is null or subject ilike $6 or detail::text ilike $6)
               order by id desc limit $7) a
             left join runs r on a.action in ('run.step', 'run.undo') and r.id = split_part(a.subject, '/', 1)
             left join lateral (
               select n - 1 as n
               from jsonb_array_elements(case jsonb_typeof(r.plan -> 'steps') when 'array' then r.plan -> 'steps' end) with ordinality e (step, n)
               where step ->> 'id' = split_part(a.subject, '/', 2) limit 1) p on true
             left join run_steps s on s.run = r.id and s.n = p.n
             order by a.id desc",
        )
        .bind(query.before.unwrap_or(i64::MAX))
        .bind(query.from.map_or(i64::MIN, |from| from.at(now).0))
        .bind(query.to.map_or(i64::MAX, |to| to.0))
        .bind(text(&query.actor))
        .bind(text(&query.action))
        .bind(text(&query.text).map(|text| containing(&text)))
        .bind(i64::from(query.limit))
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        Ok(rows.into_iter().map(Told::entry).collect())
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
