//! How a service was deployed: read from AWS when the tab is opened, and again when the service's own document tells of something new.

use domain::ecs::deployments::{
    AlarmWatch, CircuitBreakerWatch, Deployments, History, LifecycleHook, RevisionSummary, Rollback, ServiceDeployment,
};
use domain::ecs::subject::Subject;
use domain::plan;
use domain::resource::Tone;
use domain::wording::inside;
use domain::{Code, Millis, Problem};
use leptos::prelude::*;
use serde_json::Value;

use crate::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::{
    age, arn, badge, card, exact, key_of, none, nothing, several, short, table_card_with, text, why,
};
use crate::ui::{ProblemNote, format};

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let now = shown.with_untracked(|detail| detail.now);
    let Some((cluster, service)) = key.id.split_once('/') else { return ().into_any() };
    let subject = plan::Subject::Ecs(Subject::Deployments { cluster: cluster.to_owned(), service: service.to_owned() });
    let own = subject.clone();
    live_state::read_following(
        key.scope,
        vec![subject],
        move || told(shown),
        move |facts, again| match facts.of(&own).flatten().cloned().map(serde_json::from_value::<Deployments>) {
            Some(Ok(Deployments::Told(history))) => table(&history, now, again),
            Some(Ok(Deployments::Unsupported)) => card(
                "Deployments",
                nothing(
                    "Not supported by this endpoint: it cannot say how the service was deployed. What runs is under Overview.",
                ),
            ),
            Some(Err(why)) => {
                let words = format!("The server answered in a way this page cannot read: {why}. Load it again.");
                view! { <ProblemNote problem=Problem::new(Code::Internal, "The answer could not be read", words)/> }
                    .into_any()
            }
            None => card("Deployments", nothing("AWS has no such service any more.")),
        },
    )
}

/// What the service's own document tells of its deployments: another one, or another state of one.
fn told(shown: Shown) -> Vec<Value> {
    shown.with(|detail| {
        let all = detail.doc["deployments"].as_array().into_iter().flatten();
        all.flat_map(|one| [one["id"].clone(), one["rolloutState"].clone()]).collect()
    })
}

fn table(history: &History, now: Millis, again: Reread) -> AnyView {
    let all = &history.deployments;
    let count = (history.total > all.len()).then(|| format!("latest {} of {}", all.len(), history.total));
    let right = view! {
        {count.map(|words| view! { <span class="faint">{words}" "</span> })}
        <button class="btn quiet small" r#type="button" on:click=move |_| again.now()>"Read again"</button>
    };
    // Columns in which nothing would stand leave their room to the reasons.
    let weighs = all.iter().any(|d| traffic(d).is_some());
    let breaks = all.iter().any(|d| d.deployment_circuit_breaker.as_ref().is_some_and(CircuitBreakerWatch::is_on));
    let alarmed = all.iter().any(|d| d.alarms.as_ref().is_some_and(|alarms| !alarms.names().is_empty()));
    let returns = all.iter().any(|d| d.rollback.is_some());
    let mut heads = vec![("Task definition", false), ("Status", false), ("Running", true), ("Pending", true)];
    heads.extend(weighs.then_some(("Traffic", true)));
    heads.extend(returns.then_some(("Rollback", false)));
    heads.extend(breaks.then_some(("Circuit breaker", false)));
    heads.extend(alarmed.then_some(("Alarms", false)));
    heads.extend([("Began", true), ("Took", true)]);
    let rows = all.iter().map(|deployment| {
        let target = deployment.target_service_revision.as_ref();
        let mut cells = vec![
            from_to(deployment, history),
            status(deployment),
            text(target.and_then(running)),
            text(target.and_then(|target| target.pending_task_count).map(format::number)),
        ];
        cells.extend(weighs.then(|| text(traffic(deployment))));
        cells.extend(returns.then(|| deployment.rollback.as_ref().map_or_else(none, |back| rollback(back, history))));
        cells.extend(breaks.then(|| deployment.deployment_circuit_breaker.as_ref().map_or_else(none, breaker)));
        cells.extend(alarmed.then(|| deployment.alarms.as_ref().map_or_else(none, alarms)));
        cells.push(age(deployment.began().map(|at| at.0), now));
        let took = deployment.began().zip(deployment.ended());
        cells.push(text(took.map(|(began, ended)| format::duration(((ended.0.0 - began.0.0) / 1000).max(0)))));
        cells
    });
    let empty =
        "AWS lists no deployment. Those that another controller (CodeDeploy, EXTERNAL) makes are not among them.";
    table_card_with("Deployments", right, &heads, rows.collect(), empty)
}

/// What it deploys, and in place of what.
fn from_to(deployment: &ServiceDeployment, history: &History) -> AnyView {
    let target = deployment.target_service_revision.as_ref();
    let target = target.map_or_else(none, |target| revision(target.arn.as_deref(), history));
    let sources: Vec<AnyView> = deployment
        .source_service_revisions
        .iter()
        .map(|source| {
            // What is left of it matters while it is being replaced.
            let left = source.running_task_count.filter(|left| *left > 0 && deployment.is_under_way());
            let left = left.map(|left| format!(" ({} still running)", format::number(left)));
            view! { {revision(source.arn.as_deref(), history)}<span class="faint">{left}</span> }.into_any()
        })
        .collect();
    let from = (!sources.is_empty()).then(|| view! { <span class="faint">" from "</span>{several(sources)} });
    view! { {target}{from} }.into_any()
}

/// The task definition of a revision of the service; its own number where AWS describes it no more.
fn revision(revision: Option<&str>, history: &History) -> AnyView {
    match revision.and_then(|revision| history.definition(revision)) {
        Some(definition) => arn(Some(definition)),
        None => exact(revision.map(short)),
    }
}

/// "2 of 3"
fn running(revision: &RevisionSummary) -> Option<String> {
    let running = revision.running_task_count?;
    Some(match revision.requested_task_count {
        Some(requested) => format!("{} of {}", format::number(running), format::number(requested)),
        None => format::number(running),
    })
}

/// The share of the traffic it is to get.
fn traffic(deployment: &ServiceDeployment) -> Option<String> {
    let weight = deployment.target_service_revision.as_ref()?.requested_production_traffic_weight?;
    Some(format!("{weight} %"))
}

fn status(deployment: &ServiceDeployment) -> AnyView {
    let tone = deployment.tone();
    // Of one that went well AWS only says so once more.
    let reason = deployment.status_reason.clone().filter(|_| tone != Tone::Good);
    let stage = deployment.lifecycle_stage.as_deref().filter(|_| deployment.is_under_way());
    let stage = stage.map(|stage| format!("Stage: {}", inside(stage)));
    let hooks = deployment.lifecycle_hook_details.iter().map(|hook| why(Some(hook_words(hook)))).collect_view();
    view! { {badge(deployment.status.as_deref(), tone)}{why(stage)}{why(reason)}{hooks} }.into_any()
}

/// "Hook check-orders: awaiting action; then it rolls back"
fn hook_words(hook: &LifecycleHook) -> String {
    let name = hook.target_arn.as_deref().map(short).map(str::to_owned);
    let name = name.or_else(|| hook.target_type.as_deref().map(inside)).unwrap_or_default();
    let status = hook.status.as_deref().map(|status| format!(": {}", inside(status))).unwrap_or_default();
    let waits = matches!(hook.status.as_deref(), Some("AWAITING_ACTION" | "IN_PROGRESS"));
    let then = match hook.timeout_action.as_deref().filter(|_| waits) {
        Some("CONTINUE") => "; when its time is over, the deployment goes on",
        Some("ROLLBACK") => "; when its time is over, the deployment is rolled back",
        _ => "",
    };
    format!("Hook {name}{status}{then}")
}

fn rollback(rollback: &Rollback, history: &History) -> AnyView {
    let to = rollback.service_revision_arn.as_deref();
    let to = to.map(|to| view! { <span class="faint">"to "</span>{revision(Some(to), history)} });
    view! { {to}{why(rollback.reason.clone())} }.into_any()
}

/// The tone of what watches over a deployment.
fn watch_tone(status: Option<&str>) -> Tone {
    match status {
        Some("TRIGGERED") => Tone::Bad,
        Some("MONITORING") => Tone::Busy,
        _ => Tone::Quiet,
    }
}

fn breaker(breaker: &CircuitBreakerWatch) -> AnyView {
    if !breaker.is_on() {
        return none();
    }
    let failures = breaker.failure_count.unwrap_or_default();
    let status = breaker.status.as_deref();
    // A breaker that is off has no threshold to reach: "12 of 3" would say that it should have stopped.
    let threshold = breaker.threshold.filter(|threshold| *threshold > 0 && status != Some("DISABLED"));
    let words = match threshold {
        Some(threshold) => format!("{} of {} failures", format::number(failures), format::number(threshold)),
        None => format::counted(failures, "failure", "failures"),
    };
    view! { {badge(status, watch_tone(status))}" "<span class="faint">{words}</span> }.into_any()
}

fn alarms(alarms: &AlarmWatch) -> AnyView {
    let names: Vec<AnyView> = alarms
        .names()
        .into_iter()
        .map(|(name, triggered)| match triggered {
            true => view! { <span class="up">{format!("{name} (triggered)")}</span> }.into_any(),
            false => view! { <span>{name.to_owned()}</span> }.into_any(),
        })
        .collect();
    if names.is_empty() {
        return none();
    }
    let status = alarms.status.as_deref();
    view! { {badge(status, watch_tone(status))}" "{several(names)} }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_say_what_they_wait_for() {
        let hook = |value: Value| hook_words(&serde_json::from_value(value).unwrap());
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:check-orders";
        assert_eq!(
            hook(
                serde_json::json!({"targetArn": function, "targetType": "AWS_LAMBDA", "status": "SUCCEEDED", "timeoutAction": "ROLLBACK"})
            ),
            "Hook check-orders: succeeded"
        );
        assert_eq!(
            hook(serde_json::json!({"targetType": "PAUSE", "status": "AWAITING_ACTION", "timeoutAction": "CONTINUE"})),
            "Hook pause: awaiting action; when its time is over, the deployment goes on"
        );
        assert_eq!(hook(serde_json::json!({"targetType": "PAUSE"})), "Hook pause");
    }

    #[test]
    fn counts_and_shares_are_said_as_far_as_aws_says_them() {
        let revision = |value: Value| running(&serde_json::from_value(value).unwrap());
        let both = serde_json::json!({"runningTaskCount": 2, "requestedTaskCount": 3});
        assert_eq!(revision(both).as_deref(), Some("2 of 3"));
        assert_eq!(revision(serde_json::json!({"runningTaskCount": 2})).as_deref(), Some("2"));
        assert_eq!(revision(serde_json::json!({"requestedTaskCount": 3})), None);
        let deployment = serde_json::json!({"targetServiceRevision": {"requestedProductionTrafficWeight": 12.5}});
        assert_eq!(traffic(&serde_json::from_value(deployment).unwrap()).as_deref(), Some("12.5 %"));
    }
}
