//! The right column of a detail page: what a resource points to, what points to it, and its latest changes.

use domain::listing::Connection;
use domain::resource::Tone;
use domain::services::HistoryQuery;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;

use super::detail_page::Shown;
use super::history::headline;
use crate::api;
use crate::layout::use_scopes;
use crate::paths;
use crate::ui::{Age, Card, Icon, Skeleton, StateBadge, icon};

/// The icon of a kind.
pub const fn kind_icon(kind: Kind) -> Icon {
    match kind {
        Kind::Function | Kind::FunctionVersion | Kind::FunctionAlias => Icon::Function,
        Kind::Layer => Icon::Layers,
        Kind::EventSourceMapping => Icon::Link,
        Kind::Service => Icon::Service,
        Kind::Task => Icon::Task,
        Kind::TaskDefinition => Icon::Document,
        Kind::Cluster | Kind::CapacityProvider => Icon::Cluster,
        Kind::EksCluster | Kind::NodeGroup | Kind::FargateProfile | Kind::Addon => Icon::Kubernetes,
        Kind::Repository | Kind::Image => Icon::Image,
        Kind::Role => Icon::Shield,
        Kind::Vpc | Kind::Subnet | Kind::SecurityGroup | Kind::LoadBalancer | Kind::TargetGroup | Kind::HttpApi => {
            Icon::Network
        }
        Kind::Bucket => Icon::Bucket,
        Kind::Queue | Kind::Stream => Icon::Queue,
        Kind::Topic => Icon::Topic,
        Kind::Table => Icon::Table,
        Kind::LogGroup => Icon::Log,
        Kind::Rule | Kind::Schedule => Icon::Clock,
    }
}

/// Rows shown of each group before "… more".
const GROUP: usize = 12;

/// What it points to and what points to it, grouped by what the arrow means.
#[component]
pub fn Connected(
    /// The resource.
    shown: Shown,
) -> impl IntoView {
    let scopes = use_scopes();
    let groups = move || {
        let detail = shown.get();
        if detail.connected.is_empty() {
            return view! { <p class="quiet-line">"Nothing Gantry knows points here or is pointed to."</p> }.into_any();
        }
        let mut groups: Vec<(&'static str, Vec<Connection>)> = vec![];
        for c in &detail.connected {
            let word = if c.outgoing { c.relation.forward() } else { c.relation.backward() };
            match groups.iter_mut().find(|(w, _)| *w == word) {
                Some((_, list)) => list.push(c.clone()),
                None => groups.push((word, vec![c.clone()])),
            }
        }
        let groups = groups.into_iter().map(|(word, list)| {
            let more = list.len().saturating_sub(GROUP);
            let mut rows: Vec<_> = list.into_iter().map(|c| row(c, &scopes.get())).collect();
            let rest: Vec<_> = rows.split_off(rows.len().min(GROUP));
            let rest = (more > 0)
                .then(|| view! { <details class="more"><summary>{format!("{more} more")}</summary>{rest}</details> });
            view! { <h3>{word}</h3>{rows}{rest} }
        });
        groups.collect_view().into_any()
    };
    view! { <Card title="Connected" flush=true><div class="list connected">{groups}</div></Card> }
}

fn row(c: Connection, scopes: &paths::Scopes) -> impl IntoView + use<> {
    // What the arrow means if AWS says it, else what it leads to.
    let kind = c.key.as_ref().map(|k| k.kind.singular().to_owned());
    let note = c.note.clone().or(kind).map(|n| view! { <span class="faint">{n}</span> });
    // Only trouble is worth a badge in a narrow column.
    let state = c.state.clone().filter(|s| s.tone != Tone::Good).map(|s| view! { <StateBadge state=Some(s)/> });
    match c.key {
        Some(key) => view! {
            <a class="row" href=scopes.on(&paths::detail(&key)) title=format!("{}: {}", key.kind.singular(), key.id)>
                {icon(kind_icon(key.kind))}<span class="grow">{c.name}</span>{note}{state}
            </a>
        }
        .into_any(),
        None => view! {
            <span class="row" title=format!("{}\nNot among what Gantry has collected: another account or region, or deleted.", c.name)>
                {icon(Icon::Link)}<span class="grow faint">{c.name.clone()}</span>{note}
            </span>
        }
        .into_any(),
    }
}

/// The latest entries of its history.
#[component]
pub fn ChangesCard(
    /// Of what.
    key_of: ResourceKey,
    /// The resource, whose number of changes says when to ask again.
    shown: Shown,
) -> impl IntoView {
    let scopes = use_scopes();
    let changes = Memo::new(move |_| shown.with(|d| d.changes));
    let key = StoredValue::new(key_of);
    let answer = Resource::new_blocking(
        move || changes.get(),
        move |_| async move {
            api::history(HistoryQuery { key: Some(key.get_value()), limit: 5, ..HistoryQuery::default() }).await
        },
    );
    let all = move || {
        let href = scopes.get().on(&key.with_value(|k| paths::tab(k, "changes")));
        view! { <a href=href>{move || format!("all {}", changes.get())}</a> }
    };
    view! {
        <Card title="Changes" flush=true right=all.into_any()>
            <div class="list">
                <Transition fallback=|| view! { <Skeleton lines=3/> }>
                    {move || Suspend::new(async move {
                        let now = shown.with_untracked(|d| d.now);
                        match answer.await {
                            Ok(list) if list.is_empty() => view! { <p class="quiet-line">"No change since Gantry first saw it."</p> }.into_any(),
                            Ok(list) => list
                                .into_iter()
                                .map(|change| {
                                    let href = key.with_value(|k| format!("{}&to={}", paths::tab(k, "changes"), change.id));
                                    view! {
                                        <a class="row" href=href><span class="grow">{headline(&change)}</span><span class="faint"><Age at=change.at now=now/></span></a>
                                    }
                                })
                                .collect_view()
                                .into_any(),
                            Err(error) => view! { <p class="quiet-line">{error.0.message}</p> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
        </Card>
    }
}
