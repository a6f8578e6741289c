//! The rail at the left: places with counts. Narrow windows show it as a drawer behind the menu button.

use domain::Kind;
use domain::listing::capital;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::bar::Sandbox;
use super::glance::AtAGlance;
use super::open_runs::InRail;
use super::use_scopes;
use crate::paths;
use crate::resource::kind_icon;
use crate::ui::format::{counted, number};
use crate::ui::{Icon, icon};

/// The groups of the rail.
const GROUPS: &[(&str, &[(Kind, &str)])] = &[
    ("Serverless", &[(Kind::Function, "Functions")]),
    (
        "Containers",
        &[
            (Kind::Service, "Services"),
            (Kind::Task, "Tasks"),
            (Kind::TaskDefinition, "Task definitions"),
            (Kind::Cluster, "Clusters"),
            (Kind::EksCluster, "Kubernetes"),
        ],
    ),
    (
        "Images",
        &[
            (Kind::Repository, "Repositories"),
            (Kind::Image, "Images"),
            (Kind::Registry, "Registries"),
            (Kind::PublicRepository, "Public repositories"),
        ],
    ),
];

/// Kinds that are there but seldom looked for, behind "More kinds".
const MORE: &[(&str, &[Kind])] = &[
    (
        "Lambda",
        &[
            Kind::FunctionVersion,
            Kind::FunctionAlias,
            Kind::FunctionUrl,
            Kind::FunctionPermission,
            Kind::EventInvokeConfig,
            Kind::Layer,
            Kind::EventSourceMapping,
        ],
    ),
    ("Containers", &[Kind::CapacityProvider]),
    ("Kubernetes", &[Kind::Pod, Kind::NodeGroup, Kind::FargateProfile, Kind::Addon]),
    (
        "Events and data",
        &[Kind::Queue, Kind::Topic, Kind::Stream, Kind::Rule, Kind::Schedule, Kind::Bucket, Kind::Table],
    ),
    ("Network", &[Kind::HttpApi, Kind::LoadBalancer, Kind::TargetGroup, Kind::Vpc, Kind::Subnet, Kind::SecurityGroup]),
    ("Other", &[Kind::Role, Kind::LogGroup]),
];

/// Whether the page at `path` belongs to the place at `href`. Connections are a place of their own among the settings.
fn lights(href: &str, path: &str) -> bool {
    match href {
        paths::OVERVIEW => path == href,
        paths::SETTINGS_YOU => path.starts_with("/settings") && !lights(paths::SETTINGS_CONNECTIONS, path),
        _ => path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

/// The rail.
#[component]
pub fn Rail() -> impl IntoView {
    let scopes = use_scopes();
    let location = use_location();
    let path = Memo::new(move |_| location.pathname.get());
    let AtAGlance(glance) = expect_context();
    let place = move |href: &'static str, text: &'static str, sign: Icon, key: Option<&'static str>, more: AnyView| {
        view! {
            <a href=move || scopes.get().on(href) aria-current=move || path.with(|p| lights(href, p)).then_some("page") data-key=key title=text>
                {icon(sign)}<span class="word">{text}</span>{more}
            </a>
        }
    };
    let count = move |kind: Kind| {
        view! {
            <Transition>
                {move || Suspend::new(async move {
                    let counts = glance.await.map(|glance| glance.counts).unwrap_or_default();
                    counts.into_iter().find(|c| c.kind == kind).map(|c| {
                        if c.attention > 0 {
                            let title = counted(i64::from(c.attention), "needs attention", "need attention");
                            view! { <span class="n bad" title=title>{number(i64::from(c.attention))}</span> }.into_any()
                        } else {
                            view! { <span class="n">{number(i64::from(c.total))}</span> }.into_any()
                        }
                    })
                })}
            </Transition>
        }
    };
    let listed = move |kind: Kind, text: String| {
        let href = paths::list(kind);
        let here = Signal::derive({
            let href = href.clone();
            move || path.with(|p| *p == href || p.starts_with(&format!("{href}/")))
        });
        let key = match kind {
            Kind::Function => Some("f"),
            Kind::Service => Some("s"),
            Kind::Task => Some("t"),
            Kind::Repository => Some("r"),
            Kind::Cluster => Some("c"),
            Kind::EksCluster => Some("k"),
            Kind::TaskDefinition => Some("d"),
            _ => None,
        };
        view! {
            <a href=move || scopes.get().on(&href) aria-current=move || here.get().then_some("page") data-key=key title=text.clone()>
                {icon(kind_icon(kind))}<span class="word">{text.clone()}</span>{count(kind)}
            </a>
        }
    };
    let groups = GROUPS
        .iter()
        .map(|(title, kinds)| {
            let items = kinds.iter().map(|(kind, text)| listed(*kind, (*text).to_owned())).collect_view();
            view! { <h3>{*title}</h3>{items} }
        })
        .collect_view();
    let more = MORE
        .iter()
        .map(|(title, kinds)| {
            let items = kinds.iter().map(|kind| listed(*kind, capital(kind.plural()))).collect_view();
            view! { <h3>{*title}</h3>{items} }
        })
        .collect_view();
    let in_more = move |path: &String| {
        let segment = path.trim_start_matches('/').split('/').next();
        MORE.iter().any(|(_, kinds)| kinds.iter().any(|k| Some(k.segment()) == segment))
    };
    // Opens by itself where one of them is shown; only a person closes it.
    let open_more = RwSignal::new(path.with_untracked(in_more));
    Effect::new(move || {
        if path.with(in_more) {
            open_more.set(true);
        }
    });
    view! {
        <input type="checkbox" id="drawer" class="drawer-switch" aria-label="Show the menu"/>
        <nav class="rail" aria-label="Main">
            <a class="brand" href=move || scopes.get().on("/") title="Gantry">
                <svg viewBox="0 0 24 24" aria-hidden="true">
                    <path d="M2.5 5h19M5 5v15.5M19 5v15.5M2.8 20.5h4.4M16.8 20.5h4.4M12 5v4.5"></path>
                    <path class="load" d="M8.7 9.5h6.6v5.6H8.7z"></path>
                </svg>
                <span class="word">"Gantry"</span><Sandbox/>
            </a>
            <a class="find" href=move || scopes.get().on("/search") data-open="search" title="Find anything">
                {icon(Icon::Search)}<span class="word">"Find anything"</span><kbd>"⌘K"</kbd>
            </a>
            <div class="places">
                {place(paths::OVERVIEW, "Overview", Icon::Overview, Some("o"), ().into_any())}
                {groups}
                <h3>"Activity"</h3>
                {place(paths::RUNS, "Runs and audit", Icon::Run, Some("u"), view! { <InRail/> }.into_any())}
                {place(paths::CHANGES, "Changes", Icon::Activity, Some("h"), ().into_any())}
                <details class="rail-more" open=move || open_more.get()>
                    <summary title="More kinds">{icon(Icon::Dots)}<span class="word">"More kinds"</span></summary>
                    {more}
                </details>
            </div>
            <div class="foot">
                {place(paths::SETTINGS_CONNECTIONS, "Connections", Icon::Globe, None, ().into_any())}
                {place(paths::SETTINGS_YOU, "Settings", Icon::Settings, None, ().into_any())}
            </div>
        </nav>
        <label class="drawer-veil" for="drawer" aria-hidden="true"></label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_place() {
        let places = || {
            GROUPS
                .iter()
                .flat_map(|(_, kinds)| kinds.iter().map(|(kind, _)| kind))
                .chain(MORE.iter().flat_map(|(_, kinds)| *kinds))
        };
        for kind in Kind::ALL {
            assert_eq!(places().filter(|k| *k == kind).count(), 1, "{kind}");
        }
    }

    #[test]
    fn a_page_lights_up_one_place() {
        assert!(
            lights("/changes", "/changes") && lights("/images", "/images/1/2/3") && !lights("/images", "/imagesets")
        );
        assert!(lights("/", "/") && !lights("/", "/functions"));
        for page in ["/settings", "/settings/you", "/settings/tokens", "/settings/people"] {
            assert!(lights(paths::SETTINGS_YOU, page), "{page}");
        }
        assert!(!lights(paths::SETTINGS_YOU, paths::SETTINGS_CONNECTIONS));
    }
}
