//! A cluster: what runs in it and where its capacity comes from.

use domain::Kind;
use domain::ecs::Cluster;
use domain::listing::Detail;
use domain::wording::capacity as capacity_words;
use leptos::prelude::*;

use super::detail::{RUNNING, STOPPED};
use super::service::{ENDED, LIVING};
use crate::resource::Shown;
use crate::sections::children::Children;
use crate::sections::{arn, key_of, live, pair_card, stack, table_card, text};
use crate::ui::format;

/// The overview.
pub fn tab(shown: Shown) -> AnyView {
    let services = Children::of("Services", Kind::Service, &key_of(shown), "name", "No service in this cluster.");
    stack(vec![live::<Cluster>(shown, view), services.view()])
}

fn view(cluster: Cluster, _detail: Detail) -> AnyView {
    // Its counts are the facts above.
    let namespace = cluster.service_connect_defaults.as_ref().and_then(|d| d.namespace.as_deref());
    let connect = namespace.map(|namespace| pair_card("Service Connect", vec![("Namespace", arn(Some(namespace)))]));
    stack(connect.into_iter().chain([capacity(&cluster)]).collect())
}

fn capacity(cluster: &Cluster) -> AnyView {
    let rows = cluster.capacity_providers.iter().map(|name| {
        let item = cluster.default_capacity_provider_strategy.iter().find(|i| i.capacity_provider == *name);
        let number = |n: Option<i64>| text(n.map(format::number));
        vec![
            text(Some(capacity_words(name))),
            text(Some(if item.is_some() { "Yes" } else { "No" })),
            number(item.and_then(|i| i.weight)),
            number(item.and_then(|i| i.base)),
        ]
    });
    let heads = [("Capacity provider", false), ("In the default strategy", false), ("Weight", true), ("Base", true)];
    let none = "No capacity provider: tasks say their launch type themselves.";
    table_card("Capacity", &heads, rows.collect(), none)
}

/// Its tasks, running and stopped.
pub fn tasks(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let of = |title, states, sort, empty| Children::of(title, Kind::Task, &key, sort, empty).only("state", states);
    stack(vec![
        of("Tasks", RUNNING, "-started", "Nothing runs in this cluster.").showing(LIVING).view(),
        of("Stopped tasks", STOPPED, "-stopped", "None has stopped since Gantry started looking.")
            .showing(ENDED)
            .view(),
    ])
}
