//! Pages whose code is fetched when somebody opens one. What the overview, lists and search need comes with the first
//! visit, the rest in three parts (docs/adr/0008-first-visit.md); [`routes`](crate::routes) says which path leads to which page.
//! What the dialog of an act shows on any page comes in the same way.

use domain::plan::service::Review;
use domain::resource::Tone;
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use leptos_meta::Title;
use leptos_router::LazyRoute;
use leptos_router::hooks::use_location;

use crate::activity::ActivityPage;
use crate::changes::ChangesPage;
use crate::ecr::create_repository::CreateRepositoryPage;
use crate::ecr_public::create_repository::CreatePublicRepositoryPage;
use crate::live;
use crate::plan::acts::Act;
use crate::plan::{RunPage, act as acting, exports};
use crate::resource::ComparePage;
use crate::routes::DetailRoute;
use crate::settings::{ConnectionsPage, PeoplePage, TokensPage, YouPage};
use crate::ui::Note;

/// A part of the program could not be fetched: there is no connection, or the server was updated and has other files now.
#[derive(Debug, Clone, Copy)]
struct Missing;

impl From<SplitLoaderError> for Missing {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// Details, and what happened to what they show.
#[derive(Debug, Clone, Copy)]
enum Details {
    Detail,
    Compare,
    Changes,
    Activity,
    Run,
}

#[wasm_split(details, wasm_split_path = leptos::wasm_split, preload(fetch_details), fallible)]
fn details(page: Details) -> Result<AnyView, Missing> {
    Ok(match page {
        Details::Detail => view! { <DetailRoute/> }.into_any(),
        Details::Compare => view! { <ComparePage/> }.into_any(),
        Details::Changes => view! { <ChangesPage/> }.into_any(),
        Details::Activity => view! { <ActivityPage/> }.into_any(),
        Details::Run => view! { <RunPage/> }.into_any(),
    })
}

#[wasm_split(details, wasm_split_path = leptos::wasm_split, preload(fetch_exports), fallible)]
fn exports_view(plan: Review) -> Result<AnyView, Missing> {
    Ok(exports::all(plan))
}

#[wasm_split(details, wasm_split_path = leptos::wasm_split, preload(fetch_act), fallible)]
fn act_view(act: Act) -> Result<AnyView, Missing> {
    Ok(acting::content(act))
}

/// What stands in the dialog of an act, once its code is here.
pub async fn act(act: Act) -> AnyView {
    act_view(act).await.unwrap_or_else(|Missing| missing("This could not be loaded"))
}

/// Fetches what the page of a run needs. Whoever reads a review is about to ask for it, and sees the run also if the server ends in its middle.
pub async fn fetch_run() {
    // A failure is told by the page, which tries again.
    let _ = fetch_details().await;
}

/// A plan for other tools, once its code is here. It is in the part that most pages with actions have fetched already.
pub async fn exported(plan: Review) -> AnyView {
    exports_view(plan).await.unwrap_or_else(|Missing| missing("This could not be loaded"))
}

/// Forms that become plans, which are made in the browser while somebody types.
#[derive(Debug, Clone, Copy)]
enum Wizards {
    Repository,
    PublicRepository,
}

#[wasm_split(wizards, wasm_split_path = leptos::wasm_split, preload(fetch_wizards), fallible)]
fn wizards(page: Wizards) -> Result<AnyView, Missing> {
    Ok(match page {
        Wizards::Repository => view! { <CreateRepositoryPage/> }.into_any(),
        Wizards::PublicRepository => view! { <CreatePublicRepositoryPage/> }.into_any(),
    })
}

/// Oneself, people, tokens, connections.
#[derive(Debug, Clone, Copy)]
enum Settings {
    You,
    Tokens,
    People,
    Connections,
}

#[wasm_split(settings, wasm_split_path = leptos::wasm_split, preload(fetch_settings), fallible)]
fn settings(page: Settings) -> Result<AnyView, Missing> {
    Ok(match page {
        Settings::You => view! { <YouPage/> }.into_any(),
        Settings::Tokens => view! { <TokensPage/> }.into_any(),
        Settings::People => view! { <PeoplePage/> }.into_any(),
        Settings::Connections => view! { <ConnectionsPage/> }.into_any(),
    })
}

/// Makes a route of each page: `Name = part(Page) after fetch`.
macro_rules! routes {
    ($($name:ident = $part:ident($page:expr) after $fetch:ident;)*) => {$(
        #[doc = concat!("`", stringify!($page), "`, when its code is here.")]
        #[derive(Debug)]
        pub struct $name;

        impl LazyRoute for $name {
            fn data() -> Self {
                Self
            }

            // The server's page can only be taken over at once: the code must be here before that begins.
            async fn preload() {
                // A failure is told by `view`, which tries again.
                let _ = $fetch().await;
            }

            async fn view(_this: Self) -> AnyView {
                $part($page).await.unwrap_or_else(|Missing| view! { <NotFetched/> }.into_any())
            }
        }
    )*};
}

routes! {
    LaterDetail = details(Details::Detail) after fetch_details;
    LaterCompare = details(Details::Compare) after fetch_details;
    LaterChanges = details(Details::Changes) after fetch_details;
    LaterActivity = details(Details::Activity) after fetch_details;
    LaterRun = details(Details::Run) after fetch_details;
    LaterRepositoryWizard = wizards(Wizards::Repository) after fetch_wizards;
    LaterPublicRepositoryWizard = wizards(Wizards::PublicRepository) after fetch_wizards;
    LaterYou = settings(Settings::You) after fetch_settings;
    LaterTokens = settings(Settings::Tokens) after fetch_settings;
    LaterPeople = settings(Settings::People) after fetch_settings;
    LaterConnections = settings(Settings::Connections) after fetch_settings;
}

/// In place of a page whose code could not be fetched. Nobody has entered anything in it yet, so it is loaded again by itself when the
/// connection is back.
#[component]
fn NotFetched() -> impl IntoView {
    live::reopened(|| {
        // The way by hand stays where the browser refuses.
        let _ = window().location().reload();
    });
    view! { <Title text="Not loaded · Gantry"/>{missing("This page could not be loaded")} }
}

/// What is not here, why, and the way to have it.
fn missing(what: &'static str) -> AnyView {
    let location = use_location();
    let here = move || format!("{}{}", location.pathname.get(), location.search.get());
    view! {
        <Note tone=Tone::Bad>
            <b>{what}</b>
            <p>"A part of Gantry is missing in this browser: there is no connection to the server, or the server was updated since this page was opened."</p>
            // A whole load, which brings the files that the server has now.
            <div class="ways"><a class="btn" rel="external" href=here>"Load it again"</a></div>
        </Note>
    }
    .into_any()
}
