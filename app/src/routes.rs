//! Which page answers which path, and which kind has a page of its own.

use domain::plan::Answers;
use domain::{Kind, Problem, ResourceKey};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Redirect, Route, Router, Routes};
use leptos_router::hooks::{use_location, use_params_map, use_query_map};
use leptos_router::{Lazy, NavigateOptions, path};

use crate::api::{self, Boot};
use crate::error::AppError;
use crate::later;
use crate::layout::{Frame, use_scopes};
use crate::overview::OverviewPage;
use crate::paths;
use crate::resource::{DetailPage, DetailSpec, ListPage, ListSpec, Refused, generic_spec};
use crate::search::SearchPage;
use crate::sign_in::{SignInPage, WelcomePage};
use crate::ui::{Clock, Skeleton};
use crate::wire::{ask, shared};
use crate::{ecr, ecr_public, ecs, eks, lambda, nearby};

/// What the list of a kind says.
pub fn list_spec(kind: Kind) -> ListSpec {
    let own = lambda::list::spec(kind).or_else(|| ecs::list::spec(kind)).or_else(|| ecr::list::spec(kind));
    let own = own.or_else(|| ecr_public::list::spec(kind)).or_else(|| eks::list::spec(kind));
    own.unwrap_or_else(|| ListSpec::of(kind))
}

/// What the page of a kind shows.
pub fn detail_spec(kind: Kind) -> DetailSpec {
    let own = lambda::detail::spec(kind).or_else(|| ecs::detail::spec(kind)).or_else(|| ecr::detail::spec(kind));
    let own = own.or_else(|| ecr_public::detail::spec(kind)).or_else(|| eks::detail::spec(kind));
    own.or_else(|| nearby::spec(kind)).unwrap_or_else(|| generic_spec(kind))
}

/// What can be done with rows of a kind that are picked together, besides what all share.
pub fn bulk(kind: Kind, keys: &[ResourceKey]) -> Option<AnyView> {
    ecr::act::bulk_of(kind, keys)
}

/// What is gone once the plan of these answers was applied.
pub fn deleted(answers: &Answers) -> Vec<ResourceKey> {
    ecr::act::deleted(answers)
}

/// The app.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let boot = shared(boot);
    provide_context(Clock::start(boot.now));
    // Of what changed since then it is told when it listens, and asks for no more than that again.
    crate::live::have(boot.shows);
    provide_context(boot);
    view! {
        <Title text="Gantry" formatter=title/>
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/sign-in") view=SignInPage/>
                <Route path=path!("/welcome") view=WelcomePage/>
                <ParentRoute path=path!("") view=Frame>
                    <Route path=path!("") view=OverviewPage/>
                    <Route path=path!("/changes") view={Lazy::<later::LaterChanges>::new()}/>
                    <Route path=path!("/runs") view={Lazy::<later::LaterActivity>::new()}/>
                    <Route path=path!("/runs/:id") view={Lazy::<later::LaterRun>::new()}/>
                    <Route path=path!("/settings") view={Lazy::<later::LaterYou>::new()}/>
                    <Route path=path!("/settings/you") view={Lazy::<later::LaterYou>::new()}/>
                    <Route path=path!("/settings/tokens") view={Lazy::<later::LaterTokens>::new()}/>
                    <Route path=path!("/settings/people") view={Lazy::<later::LaterPeople>::new()}/>
                    <Route path=path!("/settings/connections") view={Lazy::<later::LaterConnections>::new()}/>
                    <Route path=path!("/search") view=SearchPage/>
                    <Route path=path!("/compare") view={Lazy::<later::LaterCompare>::new()}/>
                    <Route path=path!("/resolve") view=ResolvePage/>
                    <Route path=path!("/repositories/new") view={Lazy::<later::LaterRepositoryWizard>::new()}/>
                    <Route path=path!("/public-repositories/new") view={Lazy::<later::LaterPublicRepositoryWizard>::new()}/>
                    <Route path=path!("/:segment") view=ListRoute/>
                    <Route path=path!("/:segment/:account/:region/*id") view={Lazy::<later::LaterDetail>::new()}/>
                    <Route path=path!("/*any") view=NotFound/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// A title as it is written: `leptos_meta` puts it into the document as it is, and names in it may hold markup (the `Name` tag of a VPC). The
/// browser sets it as text.
fn title(text: String) -> String {
    if cfg!(feature = "ssr") { text.replace('&', "&amp;").replace('<', "&lt;") } else { text }
}

/// What every page knows, on the server from its context; the browser reads what the server wrote.
fn boot() -> Boot {
    let services = use_context::<domain::services::Services>();
    let modules = use_context::<crate::Assets>().map(|a| a.modules).unwrap_or_default();
    #[cfg(feature = "ssr")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64);
    #[cfg(not(feature = "ssr"))]
    let now = 0;
    let nowhere = domain::services::Instance {
        sandbox: false,
        version: String::new(),
        accounts: vec![],
        regions: vec![],
        password_min: 0,
    };
    Boot {
        actor: services.as_ref().and_then(|s| s.actor.clone()),
        shows: services.as_ref().map_or(0, |s| s.shows),
        instance: services.map_or(nowhere, |s| (*s.instance).clone()),
        now: domain::Millis(now),
        modules,
    }
}

/// `/{segment}`
#[component]
fn ListRoute() -> impl IntoView {
    let params = use_params_map();
    let segment = Memo::new(move |_| params.with(|p| p.get("segment")).unwrap_or_default());
    move || match segment.with(|s| Kind::from_segment(s)) {
        Some(kind) => view! { <ListPage spec=list_spec(kind)/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    }
}

/// `/{segment}/{account}/{region}/{*id}`
#[component]
pub fn DetailRoute() -> impl IntoView {
    let params = use_params_map();
    let segment = Memo::new(move |_| params.with(|p| p.get("segment")).unwrap_or_default());
    move || match segment.with(|s| Kind::from_segment(s)) {
        Some(kind) => view! { <DetailPage spec=detail_spec(kind)/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    }
}

/// What a reference leads to: an image that is not collected to its repository, whose tags say what there is.
async fn meant(reference: String) -> Result<Option<ResourceKey>, AppError> {
    let found = api::resolve(reference.clone()).await;
    let repository = domain::reference::repository(&reference).filter(|_| !matches!(found, Ok(Some(_))));
    match repository {
        Some(repository) => api::resolve(repository.to_owned()).await,
        None => found,
    }
}

/// `/resolve?ref=…`: goes to whatever the reference means.
#[component]
fn ResolvePage() -> impl IntoView {
    let query = use_query_map();
    let scopes = use_scopes();
    let reference = Memo::new(move |_| query.with(|q| q.get("ref")).unwrap_or_default());
    let answer = ask(move || reference.get(), meant);
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(Some(key)) => {
                        let path = scopes.get_untracked().on(&paths::detail(&key));
                        // In place of this address: Back would come here and be sent on again.
                        let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
                        view! { <Redirect path=path options=options/> }.into_any()
                    }
                    Ok(None) => {
                        let shown: String = reference.get_untracked().chars().take(300).collect();
                        let message = format!(
                            "Gantry knows nothing called “{shown}”. It may be in an account or region without a connection, or deleted."
                        );
                        view! { <Refused problem=Problem::not_found(message)/> }.into_any()
                    }
                    Err(AppError(problem)) => view! { <Refused problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// No such page.
#[component]
fn NotFound() -> impl IntoView {
    let path: String = use_location().pathname.get_untracked().chars().take(120).collect();
    view! { <Refused problem=Problem::not_found(format!("There is no page at {path}."))/> }
}

/// The HTTP status of the page, while it is rendered on the server.
pub fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>()
        && let Ok(status) = http::StatusCode::from_u16(status)
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}
