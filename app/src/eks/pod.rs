//! A pod: its containers with what they run, where it is, what made it.

use domain::Kind;
use domain::eks::Pod;
use domain::eks::pod::{Container, ContainerStatus};
use domain::listing::{Connection, Detail};
use domain::resource::Relation;
use leptos::prelude::*;

use crate::paths;
use crate::sections::{age, connected, here, none, pair_card, short_digest, stack, table_card, text, word, words};
use crate::ui::format::{number, without_registries};

/// The overview.
pub fn view(pod: Pod, detail: Detail) -> AnyView {
    stack(vec![containers(&pod, &detail), facts(&pod, &detail)])
}

fn containers(pod: &Pod, detail: &Detail) -> AnyView {
    let (prepares, own) = (pod.spec.init_containers.len(), pod.spec.containers.len());
    let rows = pod.containers().enumerate().map(|(n, (container, status))| {
        let role = match n {
            n if n < prepares => "prepares",
            n if n < prepares + own => "runs",
            _ => "debugs",
        };
        let digest = status.and_then(ContainerStatus::digest);
        vec![
            view! { <b>{container.name.clone()}</b> }.into_any(),
            text(Some(role)),
            image(container, digest, detail),
            word(status.and_then(state)),
            text(status.and_then(|status| status.ready).map(|ready| if ready { "yes" } else { "no" })),
            text(status.and_then(|status| status.restart_count).map(number)),
            short_digest(digest),
        ]
    });
    let heads = [
        ("Container", false),
        ("Role", false),
        ("Image", false),
        ("State", false),
        ("Ready", false),
        ("Restarts", true),
        ("Digest", false),
    ];
    table_card("Containers", &heads, rows.collect(), "Kubernetes lists no container.")
}

/// What a container waits for, or why it ended.
fn state(status: &ContainerStatus) -> Option<String> {
    match status.state.waiting.as_ref().or(status.state.terminated.as_ref()) {
        Some(reason) => reason.reason.clone(),
        None => Some("Running".to_owned()),
    }
}

/// The image as it was asked for, leading to what really runs if that is collected.
fn image(container: &Container, digest: Option<&str>, detail: &Detail) -> AnyView {
    let Some(asked) = container.image.as_deref().filter(|asked| !asked.is_empty()) else { return none() };
    let runs = |c: &&Connection| {
        let key = c.key.as_ref().filter(|_| c.outgoing && c.relation == Relation::Image);
        key.is_some_and(|key| match digest {
            Some(digest) => key.id.ends_with(digest),
            None => c.note.as_ref() == Some(&container.name),
        })
    };
    let shown = without_registries(asked);
    match detail.connected.iter().find(runs).and_then(|c| c.key.as_ref()) {
        Some(key) => {
            let href = here(&paths::detail(key));
            view! { <a class="ref cut" href=href title=asked.to_owned()>{shown}</a> }.into_any()
        }
        None => text(Some(shown)),
    }
}

fn facts(pod: &Pod, detail: &Detail) -> AnyView {
    let labels: Vec<String> = pod.metadata.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pair_card(
        "Pod",
        vec![
            ("Cluster", connected(detail, Some(Kind::EksCluster), Some(&pod.cluster))),
            ("Namespace", text(Some(pod.metadata.namespace.clone()))),
            ("Phase", word(pod.status.phase.clone())),
            ("Reason", word(pod.status.reason.clone())),
            ("Message", text(pod.status.message.clone())),
            ("Made by", text(pod.owner())),
            ("Node", text(pod.spec.node_name.clone())),
            ("Labels", words(&labels)),
            ("Created", age(pod.metadata.creation_timestamp.map(|t| t.0), detail.now)),
            ("Being deleted since", age(pod.metadata.deletion_timestamp.map(|t| t.0), detail.now)),
        ],
    )
}
