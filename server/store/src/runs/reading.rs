//! How runs are read: whole, or as lines of a list. Of a run in a format that is not known here nothing but its line is read.

use domain::plan::listing::{OpenRuns, RunsQuery};
use domain::plan::run::{Found, Progress, Run, State, StepState, Try};
use domain::plan::service::RunLine;
use domain::plan::{FORMAT, OLDEST_FORMAT, is_known};
use domain::policy::Role;
use domain::{Code, Millis, Problem, Scope};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgPool};
use std::collections::BTreeMap;

use super::Stored;
use crate::history::containing;
use crate::{Result, Store, problem};

#[derive(FromRow)]
struct RunRow {
    id: String,
    format: i32,
    plan: Json<Value>,
    answers: Json<Value>,
    state: String,
    cancelled: bool,
    problem: Option<Json<Problem>>,
    person: Option<i64>,
    by_name: String,
    role: Option<String>,
    made: i64,
    ended: Option<i64>,
}

#[derive(FromRow)]
struct StepRow {
    state: String,
    attempts: i32,
    after: Option<Json<Value>>,
    problem: Option<Json<Problem>>,
    note: Option<String>,
    request_ids: Vec<String>,
    began: Option<i64>,
    ended: Option<i64>,
    found: Option<Json<Found>>,
    tries: Json<Vec<Try>>,
    transfer: Option<Json<Value>>,
}

#[derive(FromRow)]
struct LineRow {
    id: String,
    format: i32,
    title: String,
    account: String,
    region: String,
    state: String,
    by_name: String,
    made: i64,
    ended: Option<i64>,
    done: i64,
    steps: i64,
}

/// What the journal holds is ours: a word that is none of ours was written by another version.
fn unreadable(what: &str) -> Problem {
    Problem::new(
        Code::Internal,
        "A run of another version",
        format!("The journal of this run says “{what}”, which this version of Gantry does not know."),
    )
}

/// A run whose plan cannot be trusted to mean here what it meant where it was made.
fn foreign(format: u32) -> Problem {
    let message = format!(
        "This run was planned in format {format}; this version of Gantry carries out formats {OLDEST_FORMAT} to {FORMAT}. It is left as it is, \
         until a server of the version that planned it goes on with it."
    );
    Problem::new(Code::Conflict, "A run of another version", message)
}

impl Store {
    /// A run with its journal.
    ///
    /// # Errors
    /// [`Code::Conflict`] for one of another version, whose format is not known here.
    pub async fn run(&self, id: &str) -> Result<Option<Stored>> {
        whole(&self.pages, id).await
    }

    /// The same for whoever drives it: people who keep all connections of pages do not keep it from going on.
    ///
    /// # Errors
    /// [`Code::Conflict`] for one of another version, whose format is not known here.
    pub async fn run_to_drive(&self, id: &str) -> Result<Option<Stored>> {
        whole(&self.runs, id).await
    }

    /// Runs, the latest first, those of other versions among them: of these nothing but the line is read. `now` is what ages in `from` are counted
    /// from.
    pub async fn runs(&self, query: &RunsQuery, now: Millis) -> Result<Vec<RunLine>> {
        let (at, id) = query.before.clone().unwrap_or((Millis(i64::MAX), String::new()));
        let rows: Vec<LineRow> = sqlx::query_as(
            "select id, format, title, account, region, state, by_name, made, ended,
                    (select count(*) from run_steps s where s.run = r.id and s.state = 'made') as done,
                    (select count(*) from run_steps s where s.run = r.id) as steps
             from runs r
             where (made, id) < ($1, $2) and ($4::text[] = '{}' or state = any($4))
               and ($5::text is null or title ilike $5 or by_name ilike $5)
               and ($6::text[] = '{}' or account = any($6)) and ($7::text[] = '{}' or region = any($7))
               and made >= $8 and made < $9
             order by made desc, id desc limit $3",
        )
        .bind(at.0)
        .bind(id)
        .bind(i64::from(query.limit))
        .bind(query.states.iter().map(|state| state.as_str()).collect::<Vec<_>>())
        .bind(Some(&query.text).filter(|text| !text.is_empty()).map(|text| containing(text)))
        .bind(query.accounts.iter().map(|a| a.as_str()).collect::<Vec<_>>())
        .bind(query.regions.iter().map(|r| r.as_str()).collect::<Vec<_>>())
        .bind(query.from.map_or(i64::MIN, |from| from.at(now).0))
        .bind(query.to.map_or(i64::MAX, |to| to.0))
        .fetch_all(&self.searches)
        .await
        .map_err(problem::of)?;
        rows.into_iter().map(line).collect()
    }

    /// How many runs are not over, by place; those of other versions among them. Places without any are left out.
    pub async fn open_runs(&self) -> Result<BTreeMap<Scope, OpenRuns>> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "select account, region, count(*) filter (where state <> 'stuck'), count(*) filter (where state = 'stuck')
             from runs where state in ('checking', 'applying', 'undoing', 'stuck') group by account, region",
        )
        .fetch_all(&self.work)
        .await
        .map_err(problem::of)?;
        rows.into_iter().map(open).collect()
    }
}

async fn whole(pool: &PgPool, id: &str) -> Result<Option<Stored>> {
    let row: Option<RunRow> = sqlx::query_as(
        "select id, format, plan, answers, state, cancelled, problem, person, by_name, role, made, ended from runs where id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
    .map_err(problem::of)?;
    match row {
        Some(row) => Ok(Some(with_steps(pool, row).await?)),
        None => Ok(None),
    }
}

async fn with_steps(pool: &PgPool, row: RunRow) -> Result<Stored> {
    let format = row.format.max(0) as u32;
    if !is_known(format) {
        return Err(foreign(format));
    }
    let plan = serde_json::from_value(row.plan.0).map_err(|e| unreadable(&e.to_string()))?;
    let answers = serde_json::from_value(row.answers.0).map_err(|e| unreadable(&e.to_string()))?;
    let rows: Vec<StepRow> = sqlx::query_as(
        "select state, attempts, after, problem, note, request_ids, began, ended, found, tries,
                case when state = 'begun' then transfer end as transfer
         from run_steps where run = $1 order by n",
    )
    .bind(&row.id)
    .fetch_all(pool)
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
            found: step.found.map(|f| f.0),
            tries: step.tries.0,
            // Only shown: what another version wrote does not keep the run from being read.
            transfer: step.transfer.and_then(|t| serde_json::from_value(t.0).ok()),
        });
    }
    Ok(Stored {
        run: Run {
            id: row.id,
            plan,
            state: State::parse(&row.state).ok_or_else(|| unreadable(&row.state))?,
            cancelled: row.cancelled,
            problem: row.problem.map(|p| p.0),
            steps,
        },
        answers,
        person: row.person,
        by: row.by_name,
        role: row.role.map(|role| Role::parse(&role).map_err(|_| unreadable(&role))).transpose()?,
        made: Millis(row.made),
        ended: row.ended.map(Millis),
    })
}

fn count(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn open((account, region, under_way, stuck): (String, String, i64, i64)) -> Result<(Scope, OpenRuns)> {
    let runs = OpenRuns { under_way: count(under_way), stuck: count(stuck) };
    Ok((Scope::new(account.parse()?, region.parse()?), runs))
}

fn line(row: LineRow) -> Result<RunLine> {
    Ok(RunLine {
        id: row.id,
        title: row.title,
        scope: Scope::new(row.account.parse()?, row.region.parse()?),
        state: State::parse(&row.state).ok_or_else(|| unreadable(&row.state))?,
        by: row.by_name,
        made: Millis(row.made),
        ended: row.ended.map(Millis),
        done: count(row.done),
        steps: count(row.steps),
        format: row.format.max(0) as u32,
    })
}
