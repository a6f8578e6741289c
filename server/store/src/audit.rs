//! The audit log: who did what, written in the transaction that does it. Append-only (a trigger refuses everything else), each entry's hash
//! covers the one before.

use domain::Millis;
use domain::audit::{Actions, AuditEntry, AuditQuery, Outcome, result};
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

/// What the journal says of a step, as entries are chosen by it: `made`, `made!` with a problem, nothing where no journal has it.
fn key(state: Option<StepState>, problem: bool) -> String {
    format!("{}{}", state.map_or("", StepState::as_str), if problem { "!" } else { "" })
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
    /// them is read from the journal with them. An entry that says no account and region itself is in those of the run that it names.
    pub async fn audit(&self, query: &AuditQuery, now: Millis) -> Result<Vec<AuditEntry>> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (only, all_but) = match query.result.map(Outcome::actions) {
            None => (None, None),
            Some(Actions::Only(actions)) => (Some(actions), None),
            Some(Actions::AllBut(actions)) => (None, Some(actions)),
        };
        let steps = query.result.map(Outcome::steps).filter(|steps| !steps.is_empty());
        let steps =
            steps.map(|steps| steps.into_iter().map(|(state, problem)| key(state, problem)).collect::<Vec<_>>());
        // Where steps decide, how many entries are enough is known only with them.
        let most = steps.is_none().then_some(i64::from(query.limit));
        let rows: Vec<Told> = sqlx::query_as(
            "select a.id, a.at, a.person, a.actor, a.action, a.subject, a.detail, a.hash, s.state as step, s.problem ->> 'title' as refusal
             from (
               select t.id, t.at, t.person, t.actor, t.action, t.subject, t.detail, t.hash from audit t
               where t.id < $1 and t.at >= $2 and t.at < $3 and ($4::text is null or lower(t.actor) = lower($4))
                 and ($5::text is null or starts_with(t.action, $5))
                 and ($6::text is null or t.subject ilike $6 or t.detail::text ilike $6)
                 and ($7::text[] is null or t.action = any($7)) and ($8::text[] is null or t.action <> all($8))
                 and (($9::text[] = '{}' and $10::text[] = '{}') or exists (
                   select from (
                     select split_part(t.detail ->> 'scope', '/', 1) as account, split_part(t.detail ->> 'scope', '/', 2) as region
                     where t.detail ? 'scope'
                     union all
                     select w.account, w.region from runs w
                     where not t.detail ? 'scope' and starts_with(t.action, 'run.') and w.id = split_part(t.subject, '/', 1)) p
                   where ($9 = '{}' or p.account = any($9)) and ($10 = '{}' or p.region = any($10))))
               order by t.id desc limit $11) a
             left join runs r on a.action = any($12) and r.id = split_part(a.subject, '/', 1)
               -- Plans are long: of runs in which no call ended so none is opened.
               and ($13::text[] is null or '' = any($13) or exists (
                 select from run_steps w where w.run = r.id
                   and coalesce(w.state, '') || case when w.problem ->> 'title' is null then '' else '!' end = any($13)))
             left join lateral (
               select n - 1 as n
               from jsonb_array_elements(case jsonb_typeof(r.plan -> 'steps') when 'array' then r.plan -> 'steps' end) with ordinality e (step, n)
               where step ->> 'id' = split_part(a.subject, '/', 2) limit 1) p on true
             left join run_steps s on s.run = r.id and s.n = p.n
             where $13::text[] is null or a.action <> all($12)
               or coalesce(s.state, '') || case when s.problem ->> 'title' is null then '' else '!' end = any($13)
             order by a.id desc limit $14",
        )
        .bind(query.before.unwrap_or(i64::MAX))
        .bind(query.from.map_or(i64::MIN, |from| from.at(now).0))
        .bind(query.to.map_or(i64::MAX, |to| to.0))
        .bind(text(&query.actor))
        .bind(text(&query.action))
        .bind(text(&query.text).map(|text| containing(&text)))
        .bind(only)
        .bind(all_but)
        .bind(query.accounts.iter().map(|a| a.as_str()).collect::<Vec<_>>())
        .bind(query.regions.iter().map(|r| r.as_str()).collect::<Vec<_>>())
        .bind(most)
        .bind(Outcome::CALLS.to_vec())
        .bind(steps)
        .bind(i64::from(query.limit))
        .fetch_all(&self.searches)
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
