//! Schedules of EventBridge Scheduler.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types;
use domain::events::{DeadLetters, EcsParameters, RetryPolicy};
use domain::resource::{Model, Observed};
use domain::scheduler::{Schedule, Target, Window};
use domain::{Code, Kind, Millis, Problem, ResourceKey, Timestamp};
use std::collections::{HashMap, HashSet};

use crate::gather::{Trouble, each, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// So many are read one by one in one collect: an account can have a million one-time schedules.
const SOME: usize = 2_000;

/// What was read of schedules in collects before.
struct Read {
    /// Without those that somebody wants read again.
    known: HashSet<String>,
    /// Only a read of its own says it.
    roles: HashMap<String, String>,
    modified: HashMap<String, String>,
}

impl Read {
    async fn of(feed: &dyn Feed) -> Result<Self, Problem> {
        Ok(Self {
            known: feed.known(Kind::Schedule).await?,
            roles: feed.said(Kind::Schedule, "Target.RoleArn").await?,
            modified: feed.said(Kind::Schedule, "LastModificationDate").await?,
        })
    }

    /// Whether anything is known of this, also where somebody wants it read again.
    fn has(&self, schedule: &Schedule) -> bool {
        let id = schedule.id();
        self.modified.contains_key(&id) || self.roles.contains_key(&id)
    }

    /// Whether this was read alone since it was last modified. Without that moment nobody knows.
    fn holds(&self, schedule: &Schedule) -> bool {
        let id = schedule.id();
        let read = self.modified.get(&id).and_then(|moment| Millis::parse_rfc3339(moment));
        let (Some(read), Some(Timestamp(listed))) = (read, schedule.last_modification_date) else { return false };
        self.known.contains(&id) && self.roles.contains_key(&id) && same(listed, read)
    }
}

/// Whether these are one moment, told to the millisecond or to the second.
fn same(a: Millis, b: Millis) -> bool {
    a == b || (a.0 / 1000 == b.0 / 1000 && (a.0 % 1000 == 0 || b.0 % 1000 == 0))
}

/// Reads all schedules of all groups. When one runs and what it sets off only a read of its own says: that is made of those that are new or
/// were modified, of some of them in each collect.
pub(crate) async fn collect_schedules(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    collect(caller, feed, SOME).await
}

/// The same with at most `some` reads of single schedules.
async fn collect(caller: &Caller, feed: &dyn Feed, some: usize) -> Result<(), Problem> {
    let before = Read::of(feed).await?;
    let mut trouble = Trouble::default();
    let (mut left, mut waiting, mut all) = (some, 0, 0);
    let mut pages = Pages::new("scheduler:ListSchedules");
    while let Some(token) = pages.next() {
        let request = caller.clients().scheduler().list_schedules().max_results(100).set_next_token(token);
        let page = caller.call(Bucket::Scheduler, "scheduler:ListSchedules", None, request.send()).await?;
        let listed: Vec<Schedule> = page.schedules.into_iter().map(summary).collect();
        all += listed.len();
        let (held, mut open): (Vec<Schedule>, Vec<Schedule>) = listed.into_iter().partition(|s| before.holds(s));
        let mut unread = open.split_off(open.len().min(left));
        left -= open.len();
        waiting += unread.len();
        let whole = |schedule: Schedule| async move {
            let answer = schedule_named(caller, schedule.group_name.as_deref(), &schedule.name).await;
            (schedule, answer)
        };
        let mut batch = vec![];
        for (schedule, answer) in each(open, whole).await {
            match trouble.past(answer)? {
                Some(Some(whole)) => batch.push(caller.observed(&whole)?),
                // Deleted since the list was read.
                Some(None) => {}
                None => unread.push(schedule),
            }
        }
        // What is known of one that was not read says more than the list does.
        let (old, new): (Vec<Schedule>, Vec<Schedule>) = unread.into_iter().partition(|s| before.has(s));
        for schedule in &new {
            batch.push(caller.observed(schedule)?);
        }
        let still: Vec<String> = held.iter().chain(&old).map(Model::id).collect();
        feed.seen(batch).await?;
        if !still.is_empty() {
            feed.still(Kind::Schedule, still).await?;
        }
        pages.then(page.next_token)?;
    }
    feed.complete(Kind::Schedule, None).await?;
    if waiting > 0 {
        trouble.note(not_yet(waiting, all, some));
    }
    trouble.end()
}

/// Of so many schedules so many were not read by themselves yet, of which each collect reads some.
fn not_yet(waiting: usize, all: usize, some: usize) -> Problem {
    let message = format!(
        "When a schedule runs and what it sets off has to be read one by one. Of {all} schedules {waiting} are new or were modified and were \
         not read yet; each collect reads {some}."
    );
    let mut problem = Problem::new(Code::Busy, "Not all schedules were read yet", message);
    problem.operation = Some("scheduler:GetSchedule".to_owned());
    problem
}

/// One schedule.
pub(crate) async fn fetch_schedule(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some((group, name)) = key.id.split_once('/') else { return Ok(None) };
    let schedule = schedule_named(caller, Some(group), name).await?;
    schedule.map(|s| caller.observed(&s)).transpose()
}

async fn schedule_named(caller: &Caller, group: Option<&str>, name: &str) -> Result<Option<Schedule>, Problem> {
    let request = caller.clients().scheduler().get_schedule().set_group_name(group.map(str::to_owned)).name(name);
    let answer = caller.call(Bucket::Scheduler, "scheduler:GetSchedule", Some(name), request.send()).await;
    Ok(absent(answer)?.map(|s| document(caller, s, group, name)))
}

fn summary(s: types::ScheduleSummary) -> Schedule {
    Schedule {
        arn: s.arn,
        name: s.name.unwrap_or_default(),
        group_name: s.group_name,
        state: word(s.state),
        creation_date: when(s.creation_date),
        last_modification_date: when(s.last_modification_date),
        target: s.target.map(|t| Target { arn: t.arn, ..Target::default() }),
        ..Schedule::default()
    }
}

fn document(caller: &Caller, s: GetScheduleOutput, group: Option<&str>, name: &str) -> Schedule {
    Schedule {
        arn: s.arn,
        name: s.name.unwrap_or_else(|| name.to_owned()),
        group_name: s.group_name.or_else(|| group.map(str::to_owned)),
        state: word(s.state),
        creation_date: when(s.creation_date),
        last_modification_date: when(s.last_modification_date),
        target: s.target.map(|t| target(caller, t)),
        schedule_expression: s.schedule_expression,
        schedule_expression_timezone: s.schedule_expression_timezone,
        start_date: when(s.start_date),
        end_date: when(s.end_date),
        description: s.description,
        flexible_time_window: s
            .flexible_time_window
            .map(|w| Window { mode: Some(w.mode.to_string()), maximum_window_in_minutes: w.maximum_window_in_minutes }),
        action_after_completion: word(s.action_after_completion),
        kms_key_arn: s.kms_key_arn,
    }
}

fn target(caller: &Caller, t: types::Target) -> Target {
    Target {
        arn: t.arn,
        role_arn: Some(t.role_arn),
        input: t.input.map(|input| caller.seal(&input)),
        ecs_parameters: t.ecs_parameters.map(|e| EcsParameters {
            task_definition_arn: Some(e.task_definition_arn),
            task_count: e.task_count,
            launch_type: word(e.launch_type),
        }),
        dead_letter_config: t.dead_letter_config.map(|d| DeadLetters { arn: d.arn }),
        retry_policy: t.retry_policy.map(|p| RetryPolicy {
            maximum_retry_attempts: p.maximum_retry_attempts,
            maximum_event_age_in_seconds: p.maximum_event_age_in_seconds,
        }),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
