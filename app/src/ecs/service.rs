//! A service: how its deployments do, what runs, what AWS says about it.

use domain::ecs::{Deployment, Service, TaskSet};
use domain::listing::Detail;
use domain::resource::Tone;
use domain::{Kind, Millis, ResourceKey};
use leptos::prelude::*;

use super::detail::{RUNNING, STOPPED};
use crate::resource::Shown;
use crate::sections::charts::{Group, charts};
use crate::sections::children::Children;
use crate::sections::{
    age, arn, badge, card_with, key_of, live, live_further, none, nothing, stack, table_card, text, why, word,
};
use crate::ui::{Age, format};

const CHARTS: &[Group] = &[("CPU and memory", &["%"])];
/// What there is to say of tasks at work.
pub const LIVING: &[&str] = &["health", "started", "definition", "launch", "zone"];
/// What there is to say of tasks that ended.
pub const ENDED: &[&str] = &["stopped", "reason", "definition"];
/// Events on the overview.
const LATEST: usize = 5;

/// The overview.
pub fn tab(shown: Shown) -> AnyView {
    let none = "No numbers from CloudWatch for the last hour: nothing ran, or this endpoint does not measure.";
    stack(vec![
        live::<Service>(shown, |service, detail| match service.task_sets.is_empty() {
            true => deployments(&service, detail.now),
            false => task_sets(&service.task_sets, detail.now),
        }),
        charts(&key_of(shown), CHARTS, none),
        live_further::<Service>(shown, |service, detail| event_card(&service, LATEST, detail.now)),
    ])
}

fn deployments(service: &Service, now: Millis) -> AnyView {
    let heads = [
        ("Task definition", false),
        ("Status", false),
        ("Rollout", false),
        ("Running", true),
        ("Pending", true),
        ("Failed", true),
        ("Started", true),
    ];
    let rows = service.deployments.iter().map(|d| {
        let number = |n: Option<i64>| text(n.map(format::number));
        vec![
            arn(d.task_definition.as_deref()),
            word(d.status.clone()),
            rollout(d),
            text(Some(format!("{} of {}", d.running_count.unwrap_or_default(), d.desired_count.unwrap_or_default()))),
            number(d.pending_count),
            number(d.failed_tasks),
            age(d.created_at.map(|t| t.0), now),
        ]
    });
    table_card(
        "Deployments",
        &heads,
        rows.collect(),
        "AWS lists no deployment: another controller (CodeDeploy, EXTERNAL) makes them.",
    )
}

/// What another controller runs in the service, in place of deployments.
fn task_sets(sets: &[TaskSet], now: Millis) -> AnyView {
    let heads = [
        ("Task definition", false),
        ("Status", false),
        ("Stability", false),
        ("Share", true),
        ("Running", true),
        ("Pending", true),
        ("Created", true),
    ];
    let rows = sets.iter().map(|set| {
        let tone = if set.is_stabilizing() { Tone::Busy } else { Tone::Quiet };
        let (running, wanted) = (set.running_count.unwrap_or_default(), set.computed_desired_count.unwrap_or_default());
        vec![
            arn(set.task_definition.as_deref()),
            word(set.status.clone()),
            badge(set.stability_status.as_deref(), tone),
            text(set.share()),
            text(Some(format!("{running} of {wanted}"))),
            text(set.pending_count.map(format::number)),
            age(set.created_at.map(|t| t.0), now),
        ]
    });
    table_card("Task sets", &heads, rows.collect(), "No task set.")
}

/// The state of the rollout and why.
fn rollout(deployment: &Deployment) -> AnyView {
    let tone = match deployment.rollout_state.as_deref() {
        Some("COMPLETED") => Tone::Good,
        Some("FAILED") => Tone::Bad,
        Some("IN_PROGRESS") => Tone::Busy,
        _ => Tone::Quiet,
    };
    // Of one that is complete AWS only says so once more.
    let reason = deployment.rollout_state_reason.clone().filter(|_| tone != Tone::Good);
    view! { {badge(deployment.rollout_state.as_deref(), tone)}{why(reason)} }.into_any()
}

fn event_card(service: &Service, most: usize, now: Millis) -> AnyView {
    let all = service.events.len();
    if all == 0 {
        return card_with("Events", (), nothing("No event yet."));
    }
    let rows = service.events.iter().take(most).map(|event| {
        let message = event.message.clone().unwrap_or_default();
        let bad = message.contains("unable to") || message.contains("failed") || message.contains("unhealthy");
        let at = event.created_at.map_or_else(none, |at| view! { <Age at=at.0 now=now after=" ago"/> }.into_any());
        view! { <div class="row top"><span class="faint when">{at}</span><span class="grow wrap" class:up=bad>{message}</span></div> }
    });
    let rows = rows.collect_view();
    let right = if all > most { format!("latest {most} of {all}") } else { format::number(all as i64) };
    card_with("Events", right, view! { <div class="list">{rows}</div> })
}

/// What AWS says about it, latest first.
pub fn events(service: Service, detail: Detail) -> AnyView {
    stack(vec![event_card(&service, 100, detail.now)])
}

/// Its tasks, running and stopped.
pub fn tasks(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let (cluster, name) = key.id.split_once('/').unwrap_or_default();
    let cluster = ResourceKey::new(Kind::Cluster, key.scope.clone(), cluster).ok();
    let of = |title, states, sort, empty| {
        let tasks = Children::of(title, Kind::Task, &key, sort, empty).within(cluster.clone());
        tasks.only("service", &[name]).only("state", states)
    };
    stack(vec![
        of("Tasks", RUNNING, "-started", "No task of this service runs.").showing(LIVING).view(),
        of("Stopped tasks", STOPPED, "-stopped", "None has stopped since Gantry started looking.")
            .showing(ENDED)
            .view(),
    ])
}
