//! Runs of plans: what was reviewed, and the journal of its steps. Whoever drives a run holds its lease; every write names the fencing
//! number of that lease and is refused once another server has taken it. How they are read is in [`reading`].

mod reading;

use domain::plan::run::{Progress, Run, State, StepState};
use domain::plan::{Answers, FORMAT, OLDEST_FORMAT};
use domain::policy::Role;
use domain::{Code, Millis, Problem};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::time::Duration;

use crate::audit::{self, Entry};
use crate::{Result, Store, durable, problem};

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
    /// Their role then, or that of the token they used; none of runs that are older than this being kept.
    pub role: Option<Role>,
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

fn milliseconds(time: Duration) -> i64 {
    i64::from(i32::try_from(time.as_millis()).unwrap_or(i32::MAX))
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
            "insert into runs (id, title, account, region, plan, answers, state, person, by_name, made, format, role)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
        .bind(run.plan.format as i32)
        .bind(stored.role.map(Role::as_str))
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

    /// How many runs have something left to do that no server of this version does: formats it does not know, and their runs.
    pub async fn foreign_runs(&self) -> Result<Vec<(u32, u64)>> {
        let rows: Vec<(i32, i64)> = sqlx::query_as(
            "select format, count(*) from runs
             where state in ('checking', 'applying', 'undoing') and format not between $1 and $2 group by format order by format",
        )
        .bind(OLDEST_FORMAT as i32)
        .bind(FORMAT as i32)
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        Ok(rows.into_iter().map(|(format, many)| (format.max(0) as u32, many.max(0) as u64)).collect())
    }

    /// Takes a run that has something left to do and that nobody drives: those of older formats first, of these the oldest. Runs of formats that
    /// this version does not know are left to servers that do, and those of `put_off`, which this server has no room for now or leaves to another, unless
    /// they are on their way back or somebody cancelled them. The lease lasts so long by Postgres's clock: those of servers may differ.
    pub async fn lease_run(&self, owner: &str, lasts: Duration, put_off: &[String]) -> Result<Option<Lease>> {
        let lease: Option<(String, i64)> = sqlx::query_as(
            "update runs set owner = $1, lease_until = (extract(epoch from statement_timestamp()) * 1000)::bigint + $2, fence = fence + 1
             where id = (select id from runs where state in ('checking', 'applying', 'undoing')
                           and (lease_until is null or lease_until < (extract(epoch from statement_timestamp()) * 1000)::bigint)
                           and format between $3 and $4 and (id <> all($5) or cancelled or state = 'undoing')
                         order by format, made limit 1 for update skip locked)
             returning id, fence",
        )
        .bind(owner)
        .bind(milliseconds(lasts))
        .bind(OLDEST_FORMAT as i32)
        .bind(FORMAT as i32)
        .bind(put_off)
        .fetch_optional(&self.runs)
        .await
        .map_err(problem::of)?;
        Ok(lease.map(|(run, fence)| Lease { run, fence }))
    }

    /// Keeps a lease for so long from now on. One that was given back stays so: a heartbeat can arrive after it.
    ///
    /// # Errors
    /// [`Code::Conflict`] when another server has taken it, or it was given back.
    pub async fn extend_run(&self, lease: &Lease, lasts: Duration) -> Result<()> {
        let done = sqlx::query(
            "update runs set lease_until = (extract(epoch from statement_timestamp()) * 1000)::bigint + $3
             where id = $1 and fence = $2 and owner is not null",
        )
        .bind(&lease.run)
        .bind(lease.fence)
        .bind(milliseconds(lasts))
        .execute(&self.runs)
        .await
        .map_err(problem::of)?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(lost()) }
    }

    /// Gives a lease back.
    pub async fn release_run(&self, lease: &Lease) -> Result<()> {
        sqlx::query("update runs set owner = null, lease_until = null where id = $1 and fence = $2")
            .bind(&lease.run)
            .bind(lease.fence)
            .execute(&self.runs)
            .await
            .map_err(problem::of)?;
        Ok(())
    }

    /// Writes how far a step is; an intent comes with its audit entry, and without that entry it is not written.
    ///
    /// # Errors
    /// [`Code::Conflict`] when another server has taken the run.
    pub async fn journal(&self, lease: &Lease, n: usize, step: &Progress, intent: Option<&Entry>) -> Result<()> {
        let mut tx = self.runs.begin().await.map_err(problem::of)?;
        hold(&mut tx, lease).await?;
        sqlx::query(
            "update run_steps set state = $3, attempts = $4, after = $5, problem = $6, note = $7, request_ids = $8, began = $9, ended = $10,
                    found = $11, tries = $12, transfer = $13
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
        .bind(step.found.as_ref().map(Json))
        .bind(Json(&step.tries))
        .bind(step.under_way().map(Json))
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        changed(&mut tx, &lease.run).await?;
        if let Some(entry) = intent {
            audit::append(&mut tx, entry).await?;
        }
        tx.commit().await.map_err(problem::of)
    }

    /// Writes how far a run is, and why, if there is a reason; an end comes with its audit entry. Answers whether it did: one that somebody
    /// cancelled does not become applied.
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
    ) -> Result<bool> {
        let mut tx = self.runs.begin().await.map_err(problem::of)?;
        hold(&mut tx, lease).await?;
        let done = sqlx::query(
            "update runs set state = $2, problem = coalesce($3, problem), ended = $4
             where id = $1 and not (cancelled and $2 = 'applied')",
        )
        .bind(&lease.run)
        .bind(state.as_str())
        .bind(problem.map(Json))
        .bind((!state.is_live()).then_some(now.0))
        .execute(&mut *tx)
        .await
        .map_err(problem::of)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        changed(&mut tx, &lease.run).await?;
        if let Some(entry) = entry {
            audit::append(&mut tx, entry).await?;
        }
        tx.commit().await.map_err(problem::of)?;
        Ok(true)
    }

    /// Asks for a run to be taken back: whoever drives it sees it before the next step, and after the last. One that was applied begins to be undone.
    /// Answers whether there was something to ask for.
    pub async fn cancel_run(&self, id: &str, entry: &Entry) -> Result<bool> {
        self.cancel_run_in(id, &[State::Applied, State::Checking, State::Applying], entry).await
    }

    /// The same, if the run is in one of these states.
    pub async fn cancel_run_in(&self, id: &str, states: &[State], entry: &Entry) -> Result<bool> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let done = sqlx::query(
            "update runs set cancelled = true, state = case when state = 'applied' then 'undoing' else state end, ended = null
             where id = $1 and (state = 'applied' or (not cancelled and state in ('checking', 'applying'))) and state = any($2)",
        )
        .bind(id)
        .bind(states.iter().map(|state| state.as_str()).collect::<Vec<_>>())
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

    /// Who asked last for a run to be taken back, by their name then.
    pub async fn cancelled_by(&self, id: &str) -> Result<Option<String>> {
        sqlx::query_scalar(
            "select actor from audit where action = 'run.cancel' and subject = $1 order by id desc limit 1",
        )
        .bind(id)
        .fetch_optional(&self.pages)
        .await
        .map_err(problem::of)
    }

    /// Decides about a step that is stuck: its undo is tried again, or it stays as it is, for the reason noted. Answers whether it was stuck.
    pub async fn decide_step(&self, id: &str, n: usize, leave: Option<&str>, entry: &Entry) -> Result<bool> {
        let mut tx = self.pages.begin().await.map_err(problem::of)?;
        let state = if leave.is_some() { StepState::Left } else { StepState::Undoing };
        let done = sqlx::query(
            "update run_steps set state = $3, note = coalesce($4, note) where run = $1 and n = $2 and state = 'stuck'
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
    sqlx::query("select pg_notify($1, $2)").bind(RUNS).bind(id).execute(&mut *tx).await.map_err(problem::of)?;
    durable(tx).await
}
