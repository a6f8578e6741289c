//! Schedules of EventBridge Scheduler.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types;
use domain::events::{DeadLetters, EcsParameters, RetryPolicy};
use domain::resource::Observed;
use domain::scheduler::{Schedule, Target, Window};
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Only so many are read one by one, which says when they run: an account can have a million one-time schedules.
const READ_ALONE: usize = 1000;

/// Reads all schedules of all groups.
pub(crate) async fn collect_schedules(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut read = 0;
    let mut pages = Pages::new("scheduler:ListSchedules");
    while let Some(token) = pages.next() {
        let request = caller.clients().scheduler().list_schedules().max_results(100).set_next_token(token);
        let page = caller.call(Bucket::Scheduler, "scheduler:ListSchedules", None, request.send()).await?;
        let mut listed: Vec<Schedule> = page.schedules.into_iter().map(summary).collect();
        let rest = listed.split_off(listed.len().min(READ_ALONE - read));
        read += listed.len();
        let whole = |schedule: Schedule| async move {
            let answer = schedule_named(caller, schedule.group_name.as_deref(), &schedule.name).await;
            (schedule, answer)
        };
        let mut batch = vec![];
        for (schedule, answer) in each(listed, whole).await {
            match trouble.past(answer)? {
                Some(Some(whole)) => batch.push(caller.observed(&whole)?),
                // Deleted since the list was read.
                Some(None) => {}
                None => batch.push(caller.observed(&schedule)?),
            }
        }
        for schedule in &rest {
            batch.push(caller.observed(schedule)?);
        }
        feed.seen(batch).await?;
        pages.then(page.next_token)?;
    }
    feed.complete(Kind::Schedule, None).await?;
    trouble.end()
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
