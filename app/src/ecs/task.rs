//! A task: why it stopped before anything else, its containers, network and times.

use domain::Kind;
use domain::ecs::Task;
use domain::listing::Detail;
use domain::resource::Tone;
use domain::wording::capacity;
use leptos::prelude::*;

use super::stopped;
use crate::resource::generic;
use crate::sections::{
    age, badge, connected, exact, none, on_off, pair_card, reference, short, short_digest, stack, table_card, text,
    why as why_words, word,
};
use crate::ui::{Fact, Note, format};

/// The overview.
pub fn view(task: Task, detail: Detail) -> AnyView {
    stack(vec![containers(&task), times(&task, &detail), place(&task)])
}

/// What stands above the tabs; its service is a link.
pub fn facts(detail: &Detail) -> Vec<Fact> {
    let mut facts = generic::facts(detail);
    let task: Option<Task> = serde_json::from_value(detail.doc.clone()).ok();
    let service = task.as_ref().and_then(|task| Some(format!("{}/{}", task.cluster(), task.service()?)));
    if let (Some(service), Some(fact)) = (service, facts.iter_mut().find(|fact| fact.label == "Service")) {
        fact.value = connected(detail, Some(Kind::Service), Some(&service));
    }
    facts
}

/// Why it stopped, in AWS's words and in plain ones.
pub fn why(detail: &Detail) -> Option<AnyView> {
    let task: Task = serde_json::from_value(detail.doc.clone()).ok()?;
    let reason = task.why_stopped();
    let meaning = stopped::meaning(&task);
    if reason.is_none() && meaning.is_empty() {
        return None;
    }
    let tone = detail.row.state.as_ref().map_or(Tone::Quiet, |s| s.tone);
    let tone = if matches!(tone, Tone::Good | Tone::Busy) { Tone::Quiet } else { tone };
    let code = task.stop_code.clone();
    let plain = meaning.into_iter().map(|m| view! { <p>{m}</p> }).collect_view();
    Some(
        view! {
            <Note tone=tone>
                <h2>"Why it stopped"</h2>
                <p><b>{reason.unwrap_or_default()}</b></p>
                {plain}
                {code.map(|c| view! { <p class="faint">"Stop code "<code>{c}</code></p> })}
            </Note>
        }
        .into_any(),
    )
}

fn containers(task: &Task) -> AnyView {
    // The reason is what one comes for: what nothing is said of leaves it the room.
    let digests = task.containers.iter().any(|c| c.image_digest.is_some());
    let healths = task.containers.iter().any(|c| c.health_status.as_deref().is_some_and(|h| h != "UNKNOWN"));
    let rows = task.containers.iter().map(|c| {
        let image = c.image.clone().unwrap_or_default();
        let link = c.image_reference().map_or_else(none, |r| reference(&r, short_image(&image)));
        let exit = c.exit_code.map(|code| {
            let bad = code != 0;
            view! { <span class:up=bad>{code.to_string()}</span> }.into_any()
        });
        let health = match c.health_status.as_deref() {
            Some("HEALTHY") => Tone::Good,
            Some("UNHEALTHY") => Tone::Bad,
            _ => Tone::Quiet,
        };
        let status = view! { {word(c.last_status.clone())}{why_words(c.reason.clone())} }.into_any();
        let mut cells = vec![view! { <b>{c.name.clone()}</b> }.into_any(), link, status, exit.unwrap_or_else(none)];
        cells.extend(healths.then(|| badge(c.health_status.as_deref(), health)));
        cells.extend(digests.then(|| short_digest(c.image_digest.clone())));
        cells
    });
    let mut heads = vec![("Container", false), ("Image", false), ("Status", false), ("Exit code", true)];
    heads.extend(healths.then_some(("Health", false)));
    heads.extend(digests.then_some(("Digest", false)));
    table_card("Containers", &heads, rows.collect(), "AWS lists no container.")
}

/// Without the registry's host.
pub fn short_image(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, rest)) if host.contains('.') || host.contains(':') => rest,
        _ => image,
    }
}

fn times(task: &Task, detail: &Detail) -> AnyView {
    let at = |t: Option<domain::Timestamp>| age(t.map(|t| t.0), detail.now);
    let group = task.group.clone();
    pair_card(
        "Life",
        vec![
            ("Task definition", connected(detail, None, task.task_definition_arn.as_deref())),
            ("Cluster", connected(detail, None, task.cluster_arn.as_deref())),
            ("Group", text(group)),
            ("Started by", text(task.started_by.clone())),
            ("Created", at(task.created_at)),
            ("Started", at(task.started_at)),
            ("Stopping since", at(task.stopping_at)),
            ("Stopped", at(task.stopped_at)),
            ("Wanted status", word(task.desired_status.clone())),
            ("Last seen by AWS", age(detail.row.gone, detail.now)),
        ],
    )
}

fn place(task: &Task) -> AnyView {
    let attached = |name: &str| task.attachment_detail(name).map(str::to_owned);
    let size = |n: &Option<String>, unit: &str| n.as_ref().map(|n| format::quantity(n, unit));
    pair_card(
        "Where it runs",
        vec![
            ("Launch type", word(task.launch_type.clone())),
            ("Capacity provider", text(task.capacity_provider_name.as_deref().map(capacity))),
            (
                "Platform",
                text(task.platform_family.clone().zip(task.platform_version.clone()).map(|(f, v)| format!("{f} {v}"))),
            ),
            ("CPU", text(size(&task.cpu, "units"))),
            ("Memory", text(size(&task.memory, "MiB"))),
            ("Zone", text(task.availability_zone.clone())),
            ("Private address", exact(attached("privateIPv4Address"))),
            ("Subnet", exact(attached("subnetId"))),
            ("Network interface", exact(attached("networkInterfaceId"))),
            ("Container instance", text(task.container_instance_arn.as_deref().map(short))),
            ("ECS Exec", on_off(task.enable_execute_command)),
        ],
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn images_lose_their_registry_but_not_their_path() {
        assert_eq!(super::short_image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:1"), "team/web:1");
        assert_eq!(super::short_image("library/nginx:1"), "library/nginx:1");
        assert_eq!(super::short_image("nginx"), "nginx");
    }
}
