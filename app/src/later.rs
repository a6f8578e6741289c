//! Pages whose code is fetched when somebody opens one. What the overview, lists and search need comes with the first
//! visit, the rest in three parts (docs/adr/0008-first-visit.md); [`routes`](crate::routes) says which path leads to which page.

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
use crate::plan::RunPage;
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

#[wasm_split(details, wasm_split_path = leptos::wasm_split, fallible)]
fn details(page: Details) -> Result<AnyView, Missing> {
    Ok(match page {
        Details::Detail => view! { <DetailRoute/> }.into_any(),
        Details::Compare => view! { <ComparePage/> }.into_any(),
        Details::Changes => view! { <ChangesPage/> }.into_any(),
        Details::Activity => view! { <ActivityPage/> }.into_any(),
        Details::Run => view! { <RunPage/> }.into_any(),
    })
}

/// Forms that become plans, which are made in the browser while somebody types.
#[derive(Debug, Clone, Copy)]
enum Wizards {
    Repository,
    PublicRepository,
}

#[wasm_split(wizards, wasm_split_path = leptos::wasm_split, fallible)]
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

#[wasm_split(settings, wasm_split_path = leptos::wasm_split, fallible)]
fn settings(page: Settings) -> Result<AnyView, Missing> {
    Ok(match page {
        Settings::You => view! { <YouPage/> }.into_any(),
        Settings::Tokens => view! { <TokensPage/> }.into_any(),
        Settings::People => view! { <PeoplePage/> }.into_any(),
        Settings::Connections => view! { <ConnectionsPage/> }.into_any(),
    })
}

/// Makes a route of each page: `Name = part(Page)`.
macro_rules! routes {
    ($($name:ident = $part:ident($page:expr);)*) => {$(
        #[doc = concat!("`", stringify!($page), "`, when its code is here.")]
        #[derive(Debug)]
        pub struct $name;

        impl LazyRoute for $name {
            fn data() -> Self {
                Self
            }

            async fn view(_this: Self) -> AnyView {
                $part($page).await.unwrap_or_else(|Missing| view! { <NotFetched/> }.into_any())
            }
        }
    )*};
}

routes! {
    LaterDetail = details(Details::Detail);
    LaterCompare = details(Details::Compare);
    LaterChanges = details(Details::Changes);
    LaterActivity = details(Details::Activity);
    LaterRun = details(Details::Run);
    LaterRepositoryWizard = wizards(Wizards::Repository);
    LaterPublicRepositoryWizard = wizards(Wizards::PublicRepository);
    LaterYou = settings(Settings::You);
    LaterTokens = settings(Settings::Tokens);
    LaterPeople = settings(Settings::People);
    LaterConnections = settings(Settings::Connections);
}

/// In place of a page whose code could not be fetched.
#[component]
fn NotFetched() -> impl IntoView {
    let location = use_location();
    let here = move || format!("{}{}", location.pathname.get(), location.search.get());
    view! {
        <Title text="Not loaded · Gantry"/>
        <Note tone=Tone::Bad>
            <b>"This page could not be loaded"</b>
            <p>"A part of Gantry is missing in this browser: there is no connection to the server, or the server was updated since this page was opened."</p>
            // A whole load, which brings the files that the server has now.
            <div class="ways"><a class="btn" rel="external" href=here>"Load it again"</a></div>
        </Note>
    }
}
