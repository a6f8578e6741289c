//! The right column of a detail page: what a resource points to, what points to it, and its latest changes.

use domain::resource::Tone;
use domain::services::HistoryQuery;
use domain::summary::of_part;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;

use super::detail_page::Shown;
use super::ends::{self, End, Whole};
use super::history::headline;
use crate::api;
use crate::layout::use_scopes;
use crate::paths;
use crate::ui::{Age, Card, Icon, Skeleton, StateBadge, icon};
use crate::wire::ask;

/// The icon of a kind.
pub const fn kind_icon(kind: Kind) -> Icon {
    match kind {
        Kind::Function | Kind::FunctionVersion | Kind::FunctionAlias => Icon::Function,
        Kind::FunctionUrl => Icon::Globe,
        Kind::Layer => Icon::Layers,
        Kind::EventSourceMapping | Kind::EventInvokeConfig => Icon::Link,
        Kind::Service => Icon::Service,
        Kind::Task => Icon::Task,
        Kind::TaskDefinition => Icon::Document,
        Kind::Cluster | Kind::CapacityProvider => Icon::Cluster,
        Kind::EksCluster | Kind::NodeGroup | Kind::FargateProfile | Kind::Addon | Kind::Pod => Icon::Kubernetes,
        Kind::Repository | Kind::Image | Kind::Registry | Kind::PublicRepository => Icon::Image,
        Kind::Role | Kind::FunctionPermission => Icon::Shield,
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
    let boot = StoredValue::new(expect_context::<api::Boot>());
    let groups = move || {
        let detail = shown.get();
        if detail.connected.is_empty() {
            return view! { <p class="quiet-line">"Nothing Gantry knows points here or is pointed to."</p> }.into_any();
        }
        let scopes = scopes.get();
        let groups = boot.with_value(|boot| ends::groups(&detail, boot)).into_iter().map(|group| {
            let more = group.ends.len().saturating_sub(GROUP);
            let mut rows: Vec<_> = group.ends.into_iter().map(|end| row(end, &scopes)).collect();
            let rest: Vec<_> = rows.split_off(rows.len().min(GROUP));
            let rest = (more > 0)
                .then(|| view! { <details class="more"><summary>{format!("{more} more")}</summary>{rest}</details> });
            let whole = group.whole.map(|whole| all(whole, &scopes));
            let untold = group.rest.map(|(words, href)| untold(words, href, &scopes));
            view! { {group.heading.map(|h| view! { <h3>{h}</h3> })}{whole}{rows}{rest}{untold} }
        });
        groups.collect_view().into_any()
    };
    view! { <Card title="Connected" flush=true><div class="list connected">{groups}</div></Card> }
}

/// Many as one link.
fn all(whole: Whole, scopes: &paths::Scopes) -> impl IntoView + use<> {
    let trouble = (whole.trouble > 0).then(|| {
        let words = format!("{} need attention", whole.trouble);
        view! { <span class="badge bad" title=words.clone()>{whole.trouble}</span> }
    });
    view! {
        <a class="row" href=scopes.on(&whole.href)>
            {icon(kind_icon(whole.kind))}<span class="grow">{whole.words}</span>{trouble}{icon(Icon::Right)}
        </a>
    }
}

/// That there are more than the server tells, with the list of all.
fn untold(words: String, href: Option<String>, scopes: &paths::Scopes) -> AnyView {
    match href {
        Some(href) => view! {
            <a class="row" href=scopes.on(&href)><span class="grow">{words}</span><span class="faint">"all of them"</span>{icon(Icon::Right)}</a>
        }
        .into_any(),
        None => view! { <p class="quiet-line">{words}</p> }.into_any(),
    }
}

fn row(end: End, scopes: &paths::Scopes) -> impl IntoView + use<> {
    let c = end.connection;
    // Only trouble is worth a badge in a narrow column.
    let state = c.state.filter(|s| s.tone != Tone::Good).map(|s| view! { <StateBadge state=Some(s)/> });
    let sign = icon(c.key.as_ref().or(c.within.as_ref()).map_or(Icon::Link, |key| kind_icon(key.kind)));
    // A badge takes the room beside the name.
    let (under, beside) = match (end.beside, state.is_some()) {
        (Some(beside), true) if end.under.is_empty() => (beside, None),
        (beside, _) => (end.under, beside),
    };
    let body = view! {
        {sign}
        <span class="grow told">
            <span class="cut">{end.name.clone()}</span>
            {(!under.is_empty()).then(|| view! { <small class="faint">{under}</small> })}
        </span>
        {beside.map(|b| view! { <span class="faint">{b}</span> })}
        {state}
    };
    let why = match c.missing {
        true => "All of its kind there were listed, and it is not among them: never made, or deleted.",
        false => "Not among what Gantry has collected: another account or region, or deleted.",
    };
    match (c.key, c.within) {
        (Some(key), _) => {
            let title = format!("{} {}", key.kind.singular(), end.name);
            view! { <a class="row" href=scopes.on(&paths::detail(&key)) title=title>{body}</a> }.into_any()
        }
        (None, Some(repository)) => {
            let title = format!("{}\n{why}\nLeads to its repository.", c.name);
            view! { <a class="row" href=scopes.on(&paths::detail(&repository)) title=title>{body}</a> }.into_any()
        }
        (None, None) => {
            let title = format!("{}\n{why}\nClick to copy", c.name);
            view! { <button class="row" r#type="button" data-copy=c.name title=title>{body}</button> }.into_any()
        }
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
    let answer = ask(
        move || changes.get(),
        move |_| async move {
            let query = HistoryQuery { key: Some(key.get_value()), parts: true, ..HistoryQuery::default() };
            api::history(HistoryQuery { limit: 5, ..query }).await
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
                                    let href = scopes.get_untracked().on(&format!("{}&to={}", paths::tab(&change.key, "changes"), change.id));
                                    let own = key.with_value(|key| change.key == *key);
                                    let words = if own { headline(&change) } else { of_part(&change) };
                                    view! {
                                        <a class="row" href=href><span class="grow" title=words.clone()>{words.clone()}</span><span class="faint"><Age at=change.at now=now/></span></a>
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
