//! The generic detail page. A service's page gives a [`DetailSpec`] with its facts and tabs; name, state, Connected, Changes,
//! JSON and the CLI equivalent are the same for all.

use domain::listing::{Detail, capital};
use domain::resource::Tone;
use domain::stream::ToPage;
use domain::wording::spoken;
use domain::{Code, Kind, Problem, ResourceKey};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use std::sync::Arc;
use std::time::Duration;

use super::cli::Commands;
use super::connected::{ChangesCard, Connected};
use super::freshness::{AgeOfData, CollectButton, FailingScopes};
use super::generic::{self, TagsCard};
use super::history::HistoryTab;
use crate::api::{self, Boot};
use crate::asking::{Asking, refused, until_answered};
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::live::{self, Meanwhile};
use crate::paths::{self, Scopes};
use crate::ui::{
    Age, Copy, CopyButton, Fact, Facts, Json, Note, ProblemNote, ProblemPage, Skeleton, StateBadge, TabLink, Tabs,
};
use crate::unfinished;
use crate::wire::ask;

/// How long news are gathered before a page is asked for again.
const NEWS: Duration = Duration::from_millis(300);

/// The resource a page shows; changes by itself.
pub type Shown = Signal<Arc<Detail>>;

/// A tab of a detail page.
#[derive(Clone, Copy)]
pub struct Tab {
    /// Its id in the URL.
    pub id: &'static str,
    /// What it says.
    pub title: &'static str,
    /// A count beside it.
    pub count: Option<fn(&Detail) -> Option<u32>>,
    /// Its content; made once, follows the signal.
    pub view: fn(Shown) -> AnyView,
}

impl Tab {
    /// A tab without a count.
    pub const fn new(id: &'static str, title: &'static str, view: fn(Shown) -> AnyView) -> Self {
        Self { id, title, count: None, view }
    }
    /// The same with a count.
    pub const fn counting(mut self, count: fn(&Detail) -> Option<u32>) -> Self {
        self.count = Some(count);
        self
    }
}

/// What the page of a kind shows beyond what all share.
#[derive(Clone, Copy)]
pub struct DetailSpec {
    /// Four to eight key facts.
    pub facts: fn(&Detail) -> Vec<Fact>,
    /// The tabs before Changes, JSON and CLI; the first is open unless the URL says otherwise.
    pub tabs: &'static [Tab],
    /// Said above the facts when there is something to say: why it fails.
    pub banner: Option<fn(&Detail) -> Option<AnyView>>,
    /// Buttons beside the name.
    pub actions: Option<fn(Shown) -> AnyView>,
}

/// The page: which resource it is comes from the path.
#[component]
pub fn DetailPage(
    /// The kind's own part.
    spec: DetailSpec,
) -> impl IntoView {
    unfinished::provide();
    let params = use_params_map();
    let key = Memo::new(move |_| {
        params.with(|p| {
            let get = |name: &str| p.get(name).unwrap_or_default();
            paths::detail_key(&get("segment"), &get("account"), &get("region"), &get("id"))
        })
    });
    // Counts up when there may be what was not there, and when what was refused may be answered.
    let again = RwSignal::new(0_u32);
    let meanwhile = Meanwhile::listen(move |message| {
        key.try_with_untracked(|key| key.as_ref().is_ok_and(|key| tells_of(message, key))) == Some(true)
    });
    let answer = ask(
        move || (key.get(), again.get()),
        move |(key, _)| {
            meanwhile.ask();
            async move {
                match key {
                    Ok(key) => api::get(key).await,
                    Err(problem) => Err(AppError(problem)),
                }
            }
        },
    );
    until_answered(again, move || answer.with(refused));
    view! {
        <Transition fallback=|| view! { <Skeleton lines=10/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(detail) => view! { <Loaded detail=detail spec=spec missed=meanwhile.missed()/> }.into_any(),
                    Err(AppError(problem)) => {
                        let missing = key.get_untracked().ok().filter(|_| problem.code == Code::NotFound);
                        let missing = missing.map(|key| missing_yet(key, again, meanwhile.missed()));
                        view! { <Refused problem=problem/>{missing} }.into_any()
                    }
                }
            })}
        </Transition>
    }
}

/// A name that breaks between its pieces, where it breaks at all.
fn breakable(name: &str) -> AnyView {
    let pieces = name.split_inclusive(['/', ':', '@', '_']).map(|piece| view! { {piece.to_owned()}<wbr/> });
    pieces.collect_view().into_any()
}

/// Whether a message may be about the page of this resource, as far as its key says: something of the same service in the same place may be
/// connected from now on, such as a new task of a service.
fn tells_of(message: &ToPage, key: &ResourceKey) -> bool {
    match message {
        ToPage::Changed { keys, .. } => {
            let near = |k: &ResourceKey| k.kind.service() == key.kind.service() && k.scope == key.scope;
            keys.is_empty() || keys.iter().any(near)
        }
        ToPage::Freshness { kinds } => kinds.contains(&key.kind),
        ToPage::Run { .. } | ToPage::Runs | ToPage::Log { .. } | ToPage::LogProblem { .. } | ToPage::SignedOut => false,
    }
}

/// What may only not be collected yet, such as what a run has just made: its page comes by itself when it is. With `missed` it may be already.
fn missing_yet(key: ResourceKey, again: RwSignal<u32>, missed: bool) -> AnyView {
    let kind = key.kind;
    let concerns = move |message: &ToPage| match message {
        ToPage::Changed { keys, kinds, .. } => keys.contains(&key) || (keys.is_empty() && kinds.contains(&kind)),
        ToPage::Freshness { .. }
        | ToPage::Run { .. }
        | ToPage::Runs
        | ToPage::Log { .. }
        | ToPage::LogProblem { .. }
        | ToPage::SignedOut => false,
    };
    let renew = move || {
        again.try_update(|n| *n += 1);
    };
    live::gather(NEWS, concerns, renew);
    if missed {
        set_timeout(renew, NEWS);
    }
    view! {
        <div class="to-list">
            <p class="dim">"If it was made a moment ago, it appears here as soon as it is collected."</p>
            <a class="btn small" href=paths::list(kind)>{format!("All {}", kind.plural())}</a>
        </div>
    }
    .into_any()
}

/// A problem in place of the page, with its status.
#[component]
pub fn Refused(
    /// The problem.
    problem: Problem,
) -> impl IntoView {
    crate::routes::set_status(problem.status());
    view! { <Title text=format!("{} · Gantry", problem.title)/><ProblemPage problem=problem/> }
}

/// Keeps the signal fresh: asks again when the server says that this resource changed. An answer ends the `problem` of a question before it.
/// With `missed` at once, too: what is shown may be from before.
fn follow(key: ResourceKey, detail: RwSignal<Arc<Detail>>, problem: RwSignal<Option<AppError>>, missed: bool) {
    let asking = Asking::default();
    let concerns = {
        let key = key.clone();
        move |message: &ToPage| {
            let connected = |keys: &[ResourceKey]| {
                let shown =
                    |d: &Arc<Detail>| d.connected.iter().any(|c| c.key.as_ref().is_some_and(|k| keys.contains(k)));
                detail.try_with_untracked(shown).unwrap_or(false)
            };
            tells_of(message, &key) || matches!(message, ToPage::Changed { keys, .. } if connected(keys))
        }
    };
    let renew = move || {
        let key = key.clone();
        asking.ask((), move || {
            let key = key.clone();
            // A failed attempt leaves what is shown, with its age.
            async move {
                let fresh = api::get(key).await?;
                detail.try_set(Arc::new(fresh));
                problem.try_set(None);
                Ok(())
            }
        });
    };
    if missed {
        renew();
    }
    live::gather(NEWS, concerns, renew);
}

#[component]
fn Loaded(detail: Detail, spec: DetailSpec, missed: bool) -> impl IntoView {
    let key = detail.row.key.clone();
    let kind = key.kind;
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let query = use_query_map();
    let called = boot.called(&key, &detail.row.name);
    let title = format!("{called} · {} · Gantry", capital(kind.singular()));
    let arn = detail.row.arn.clone();
    let name = detail.row.name.clone();
    let place = format!("{} · {}", boot.account_name(&key.scope.account), key.scope.region);
    let parent = detail.parent.clone();
    let signal = RwSignal::new(Arc::new(detail));
    let shown: Shown = signal.into();
    let problem = RwSignal::new(None);
    follow(key.clone(), signal, problem, missed);

    let own: &'static [Tab] = if spec.tabs.is_empty() { generic::TABS } else { spec.tabs };
    let current = Memo::new(move |_| {
        let wanted = query.with(|q| q.get("tab"));
        let known = |id: &String| own.iter().any(|t| t.id == id) || ["changes", "json", "cli"].contains(&id.as_str());
        wanted.filter(known).unwrap_or_else(|| own.first().map_or("json", |t| t.id).to_owned())
    });
    let links = Signal::derive({
        let key = key.clone();
        move || {
            let scopes = scopes.get();
            let link = |id: &str, title: &str, count: Option<u32>| TabLink {
                id: id.to_owned(),
                title: title.to_owned(),
                count,
                href: scopes.on(&paths::tab(&key, id)),
            };
            let detail = shown.get();
            let mut links: Vec<TabLink> =
                own.iter().map(|t| link(t.id, t.title, t.count.and_then(|count| count(&detail)))).collect();
            links.push(link("changes", "Changes", Some(detail.changes)));
            links.push(link("json", "JSON", None));
            links.push(link("cli", "CLI", None));
            links
        }
    });
    let body = {
        let key = key.clone();
        move || {
            let id = current.get();
            unfinished::about(&key);
            match id.as_str() {
                "changes" => view! { <HistoryTab key_of=key.clone() shown=shown/> }.into_any(),
                "json" => view! { {move || view! { <Json value=shown.get().doc.clone()/> }} }.into_any(),
                "cli" => view! { <Commands shown=shown/> }.into_any(),
                id => own.iter().find(|t| t.id == id).map(|t| (t.view)(shown)).into_any(),
            }
        }
    };
    let freshness = Signal::derive(move || shown.get().freshness.clone().into_iter().collect::<Vec<_>>());
    let now = Signal::derive(move || shown.get().now);
    let own_key = key.clone();
    let only_here =
        Signal::stored(Scopes { accounts: vec![key.scope.account.clone()], regions: vec![key.scope.region.clone()] });
    let gone = move || {
        let detail = shown.get();
        detail.row.gone.map(|at| {
            let text = if kind.outlives_aws() { "AWS no longer lists it" } else { "It no longer exists in AWS" };
            view! {
                <Note tone=Tone::Quiet>
                    {text}" (noticed "<Age at=at now=detail.now after=" ago"/>"). What is shown is how it was last seen."
                </Note>
            }
        })
    };
    let banner = move || {
        let detail = shown.get();
        let own = spec.banner.and_then(|banner| banner(&detail));
        let reason = detail.row.state.clone().filter(|s| matches!(s.tone, Tone::Bad | Tone::Warn)).and_then(|s| {
            let tone = s.tone;
            s.reason.map(|reason| view! { <Note tone=tone><b>{spoken(&s.word)}</b>": "{reason}</Note> }.into_any())
        });
        own.or(reason)
    };
    view! {
        <Title text=title/>
        <div class="head detail-head">
            <div class="grow">
                <div class="title">
                    <h1>{breakable(&called)}</h1>
                    <CopyButton text=name label=""/>
                    {move || {
                        let row = &shown.get().row;
                        // The state it was last seen in is over, unless it is one that lasts: a stopped task.
                        match row.gone.is_some() && !kind.outlives_aws() {
                            true => Some(view! { <span class="badge quiet">"gone"</span> }.into_any()),
                            false => row.state.clone().map(|s| view! { <StateBadge state=Some(s)/> }.into_any()),
                        }
                    }}
                </div>
                <div class="sub">
                    <span class="dim">
                        {capital(kind.singular())}" · "{place}
                        {parent.map(|p| view! { " · in "<a class="ref" href=move || scopes.get().on(&paths::detail(&p))>{p.id.clone()}</a> })}
                    </span>
                    {arn.map(|arn| view! { <Copy text=arn max=64/> })}
                    <span class="read">
                        <AgeOfData kind=kind freshness=freshness now=now/>
                        <CollectButton kind=kind scopes=only_here freshness=freshness problem=problem whole=own_key/>
                    </span>
                </div>
            </div>
            {spec.actions.map(|actions| view! { <div class="acts">{actions(shown)}</div> })}
        </div>
        <div class="stack notes">{move || problem.get().map(|AppError(p)| view! { <ProblemNote problem=p/> })}{gone}{banner}<FailingScopes freshness=freshness now=now/></div>
        {move || view! { <Facts facts=(spec.facts)(&shown.get())/> }}
        <Tabs tabs=links current=Signal::derive(move || current.get())/>
        <div class="cols">
            <div class="stack">{body}</div>
            <div class="stack">
                <aside aria-label="Connected"><Connected shown=shown/></aside>
                <TagsCard shown=shown/>
                <ChangesCard key_of=key shown=shown/>
            </div>
        </div>
    }
}

/// The page of a kind that has none of its own.
pub fn generic_spec(_kind: Kind) -> DetailSpec {
    DetailSpec { facts: generic::facts, tabs: &[], banner: None, actions: None }
}
