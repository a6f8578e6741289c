//! Runs of plans: what was reviewed, and the journal of its steps. Whoever drives a run holds its lease; every write names the fencing
//! number of that lease and is refused once another server has taken it.

use domain::plan::listing::RunsQuery;
use domain::plan::run::{Progress, Run, State, StepState};
use domain::plan::{Answers, Plan};
use domain::{Code, Millis, Problem};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};

use crate::audit::{self, Entry};
use crate::history::containing;
use crate::{Result, Store, problem};

/// Channel of runs: the id of one that changed.
pub(crate) const RUNS: &str = "gantry_runs";

/// A run, and who started it when.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The plan and how far it is.
    pub run: Run,
    /// What the plan was made from.
    pub answers: Answers,
    /// Who started it, if they still exist.
    pub person: Option<i64>,
    /// Their name then.
    pub by: String,
    /// When.
    pub made: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
}

/// A lease on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run's id.
    pub run: String,
    /// Greater than that of every lease on it before.
    pub fence: i64,
}

#[derive(FromRow)]
struct RunRow {
    id: String,
    plan: Json<Plan>,
    answers: Json<Answers>,
    state: String,
    cancelled: bool,
    problem: Option<Json<Problem>>,
    person: Option<i64>,
    by_name: String,
    made: i64,
    ended: Option<i64>,
}

#[derive(FromRow)]
struct StepRow {
    state: String,
    attempts: i32,
    after: Option<Json<serde_json::Value>>,
    problem: Option<Json<Problem>>,
    note: Option<String>,
    request_ids: Vec<String>,
    began: Option<i64>,
    ended: Option<i64>,
}

/// A query for whole rows.
macro_rules! select {
    ($rest:literal) => {
        concat!("select id, plan, answers, state, cancelled, problem, person, by_name, made, ended from runs ", $rest)
    };
}

/// What the journal holds is ours: a word that is none of ours was written by another version.
fn unreadable(what: &str) -> Problem {
    Problem::new(
        Code::Internal,
        "A run of another version",
        format!("The journal of this run says “{what}”, which this version of Gantry does not know."),
    )
}

fn lost() -> Problem {
    Problem::new(Code::Conflict, "The lease was lost", "Another server goes on with this run.")
}

impl Store {
    /// Writes a run that begins, with the audit entry that tells of it.
    pub async fn begin_run(&self, stored: &Stored, entry: &Entry) -> Result<()> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let run = &stored.run;
        sqlx::query(
            "insert into runs (id, title, account, region, plan, answers, state, person, by_name, made)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&run.id)
        .bind(&run.plan.title)
        .bind(run.plan.scope.account.as_str())
        .bind(run.plan.scope.region.as_str())
        .bind(Json(&run.plan))
        .bind(Json(&stored.answers))
        .bind(run.state.as_str())
        .bind(stored.person)
        .bind(&stored.by)
        .bind(stored.made.0)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        sqlx::query("insert into run_steps (run, n, state) select $1, n, $2 from generate_series(0, $3 - 1) n")
            .bind(&run.id)
            .bind(StepState::Waiting.as_str())
            .bind(run.steps.len() as i32)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        changed(&mut tx, &run.id).await?;
        audit::commit(tx, entry).await
    }

    /// A run with its journal.
    pub async fn run(&self, id: &str) -> Result<Option<Stored>> {
        let row: Option<RunRow> =
            sqlx::query_as(select!("where id = $1")).bind(id).fetch_optional(&self.pages).await.map_err(problem::of)?;
        match row {
            Some(row) => Ok(Some(self.with_steps(row).await?)),
            None => Ok(None),
        }
    }

    /// Runs, the latest first.
    pub async fn runs(&self, query: &RunsQuery) -> Result<Vec<Stored>> {
        let (at, id) = query.before.clone().unwrap_or((Millis(i64::MAX), String::new()));
        let rows: Vec<RunRow> = sqlx::query_as(select!(
            "where (made, id) < ($1, $2) and ($4::text is null or state = $4)
               and ($5::text is null or title ilike $5 or by_name ilike $5)
               and ($6::text[] = '{}' or account = any($6)) and ($7::text[] = '{}' or region = any($7))
             order by made desc, id desc limit $3"
        ))
        .bind(at.0)
        .bind(id)
        .bind(i64::from(query.limit))
        .bind(query.state.map(State::as_str))
        .bind(Some(&query.text).filter(|text| !text.is_empty()).map(|text| containing(text)))
        .bind(query.accounts.iter().map(|a| a.as_str()).collect::<Vec<_>>())
        .bind(query.regions.iter().map(|r| r.as_str()).collect::<Vec<_>>())
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        let mut runs = vec![];
        for row in rows {
            runs.push(self.with_steps(row).await?);
        }
        Ok(runs)
    }

    async fn with_steps(&self, row: RunRow) -> Result<Stored> {
        let rows: Vec<StepRow> = sqlx::query_as(
            "select state, attempts, after, problem, note, request_ids, began, ended from run_steps where run = $1 order by n",
        )
        .bind(&row.id)
        .fetch_all(&self.pages)
        .await
        .map_err(problem::of)?;
        let mut steps = vec![];
        for step in rows {
            steps.push(Progress {
                state: StepState::parse(&step.state).ok_or_else(|| unreadable(&step.state))?,
                attempts: step.attempts.max(0) as u32,
                after: step.after.map(|v| v.0),
                problem: step.problem.map(|p| p.0),
                note: step.note,
                request_ids: step.request_ids,
                began: step.began.map(Millis),
                ended: step.ended.map(Millis),
            });
        }
        Ok(Stored {
            run: Run {
                id: row.id,
                plan: row.plan.0,
                state: State::parse(&row.state).ok_or_else(|| unreadable(&row.state))?,
                cancelled: row.cancelled,
                problem: row.problem.map(|p| p.0),
                steps,
            },
            answers: row.answers.0,
            person: row.person,
            by: row.by_name,
            made: Millis(row.made),
            ended: row.ended.map(Millis),
        })
    }

    /// Takes the oldest run that has something left to do and that nobody drives.
    pub async fn lease_run(&self, owner: &str, now: Millis, until: Millis) -> Result<Option<Lease>> {
        let lease: Option<(String, i64)> = sqlx::query_as(
            "update runs set owner = $1, lease_until = $3, fence = fence + 1
             where id = (select id from runs where state in ('checking', 'applying', 'undoing')
                           and (lease_until is null or lease_until < $2)
                         order by made limit 1 for update skip locked)
             returning id, fence",
        )
        .bind(owner)
        .bind(now.0)
        .bind(until.0)
        .fetch_optional(&self.work)
        .await
        .map_err(problem::of)?;
        Ok(lease.map(|(run, fence)| Lease { run, fence }))
    }

    /// Keeps a lease for longer.
    ///
    /// # Errors
    /// [`Code::Conflict`] when another server has taken it.
    pub async fn extend_run(&self, lease: &Lease, until: Millis) -> Result<()> {
        let done = sqlx::query("update runs set lease_until = $3 where id = $1 and fence = $2")
            .bind(&lease.run)
            .bind(lease.fence)
            .bind(until.0)
            .execute(&self.work)
            .await
            .map_err(problem::of)?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(lost()) }
    }

    /// Gives a lease back.
    pub async fn release_run(&self, lease: &Lease) -> Result<()> {
        sqlx::query("update runs set owner = null, lease_until = null where id = $1 and fence = $2")
            .bind(&lease.run)
            .bind(lease.fence)
            .execute(&self.work)
            .await
            .map_err(problem::of)?;
        Ok(())
    }

    /// Writes how far a step is; an intent comes with its audit entry, and without that entry it is not written.
    ///
    /// # Errors
    /// [`Code::Conflict`] when another server has taken the run.
    pub async fn journal(&self, lease: &Lease, n: usize, step: &Progress, intent: Option<&Entry>) -> Result<()> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        hold(&mut tx, lease).await?;
        sqlx::query(
            "update run_steps set state = $3, attempts = $4, after = $5, problem = $6, note = $7, request_ids = $8, began = $9, ended = $10
             where run = $1 and n = $2",
        )
        .bind(&lease.run)
        .bind(n as i32)
        .bind(step.state.as_str())
        .bind(step.attempts as i32)
        .bind(step.after.as_ref().map(Json))
        .bind(step.problem.as_ref().map(Json))
        .bind(&step.note)
        .bind(&step.request_ids)
        .bind(step.began.map(|at| at.0))
        .bind(step.ended.map(|at| at.0))
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        changed(&mut tx, &lease.run).await?;
        if let Some(entry) = intent {
            audit::append(&mut tx, entry).await?;
        }
        tx.commit().await.map_err(problem::of)
    }

    /// Writes how far a run is, and why, if there is a reason; an end comes with its audit entry.
    ///
    /// # Errors
    /// [`Code::Conflict`] when another server has taken the run.
    pub async fn run_becomes(
        &self,
        lease: &Lease,
        state: State,
        problem: Option<&Problem>,
        now: Millis,
        entry: Option<&Entry>,
    ) -> Result<()> {
        let mut tx = self.work.begin().await.map_err(problem::of)?;
        hold(&mut tx, lease).await?;
        sqlx::query("update runs set state = $2, problem = coalesce($3, problem), ended = $4 where id = $1")
            .bind(&lease.run)
            .bind(state.as_str())
            .bind(problem.map(Json))
            .bind((!state.is_live()).then_some(now.0))
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        changed(&mut tx, &lease.run).await?;
        if let Some(entry) = entry {
            audit::append(&mut tx, entry).await?;
        }
        tx.commit().await.map_err(problem::of)
    }

    /// Asks for a run to be taken back: whoever drives it sees it before the next step. One that was applied begins to be undone.
    /// Answers whether there was something to ask for.
    pub async fn cancel_run(&self, id: &str, entry: &Entry) -> Result<bool> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let done = sqlx::query(
            "update runs set cancelled = true, state = case when state = 'applied' then 'undoing' else state end, ended = null
             where id = $1 and (state = 'applied' or (not cancelled and state in ('checking', 'applying')))",
        )
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        changed(&mut tx, id).await?;
        audit::commit(tx, entry).await?;
        Ok(true)
    }

    /// Decides about a step that is stuck: its undo is tried again, or it stays as it is, for the reason noted. Answers whether it was stuck.
    pub async fn decide_step(&self, id: &str, n: usize, leave: Option<&str>, entry: &Entry) -> Result<bool> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let state = if leave.is_some() { StepState::Left } else { StepState::Undoing };
        let done = sqlx::query(
            "update run_steps set state = $3, note = coalesce($4, note), attempts = 0 where run = $1 and n = $2 and state = 'stuck'
               and exists (select 1 from runs where id = $1 and state = 'stuck')",
        )
        .bind(id)
        .bind(n as i32)
        .bind(state.as_str())
        .bind(leave)
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("update runs set state = 'undoing', ended = null where id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(problem::of)?;
        changed(&mut tx, id).await?;
        audit::commit(tx, entry).await?;
        Ok(true)
    }
}

/// Holds the run's row, so that nobody takes the lease before this transaction ends.
async fn hold(tx: &mut PgConnection, lease: &Lease) -> Result<()> {
    let held: Option<i32> = sqlx::query_scalar("select 1 from runs where id = $1 and fence = $2 for update")
        .bind(&lease.run)
        .bind(lease.fence)
        .fetch_optional(tx)
        .await
        .map_err(problem::of)?;
    held.map(|_| ()).ok_or_else(lost)
}

async fn changed(tx: &mut PgConnection, id: &str) -> Result<()> {
    sqlx::query("select pg_notify($1, $2)").bind(RUNS).bind(id).execute(tx).await.map_err(problem::of)?;
    Ok(())
}
