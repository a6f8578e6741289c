//! The bar at the top: where one is, the scope, how live the page is, the colour scheme, the person.

use domain::policy::Role;
use domain::stream::MOST_PAGES;
use leptos::prelude::*;

use super::crumbs::Crumbs;
use super::scope_picker::ScopePicker;
use super::use_scopes;
use crate::api::Boot;
use crate::live::{Live, LiveState};
use crate::paths;
use crate::ui::{Icon, Menu, icon};

/// The bar.
#[component]
pub fn Bar() -> impl IntoView {
    let scopes = use_scopes();
    view! {
        <header class="bar">
            <label class="btn quiet only-icon drawer-button" for="drawer" title="Menu">{icon(Icon::Menu)}</label>
            <Crumbs/>
            <a class="btn quiet only-icon find-small" href=move || scopes.get().on("/search") data-open="search" aria-label="Find anything">{icon(Icon::Search)}</a>
            <Sandbox/>
            <ScopePicker/>
            <Light/>
            <Scheme/>
            <Person/>
        </header>
    }
}

/// That this is the sandbox: in the rail, and in the bar where the rail is narrow or away.
#[component]
pub fn Sandbox() -> impl IntoView {
    expect_context::<Boot>().instance.sandbox.then(|| {
        view! { <span class="badge warn plain sandbox" title="This is the built-in demo cloud. Nothing here is real or costs anything.">"Sandbox"</span> }
    })
}

/// Whether changes arrive by themselves.
#[component]
fn Light() -> impl IntoView {
    let live = expect_context::<Live>();
    let look = move || match live.0.get() {
        LiveState::Connecting => ("quiet", "Cached", "What is shown was true when the page was made.".to_owned()),
        LiveState::Open => ("good", "Live", "Changes appear by themselves within a second.".to_owned()),
        LiveState::Lost => (
            "warn",
            "Reconnecting",
            "Gantry does not answer right now. What is shown may be old; the page catches up by itself.".to_owned(),
        ),
        LiveState::Full => ("warn", "Not live", full()),
        LiveState::SignedOut => ("bad", "Signed out", "Sign in again to go on.".to_owned()),
    };
    view! {
        <span class=move || format!("badge light {}", look().0) title=move || look().2 role="status">{move || look().1}</span>
    }
}

/// Why a page does not update by itself.
pub(super) fn full() -> String {
    format!(
        "{MOST_PAGES} pages are open already; this one does not update by itself. Close one of the others, or load this one again."
    )
}

/// Light, dark, or as the system says; `app/js/kit.js` keeps the choice.
#[component]
fn Scheme() -> impl IntoView {
    let option = |value: &'static str, sign: Icon, text: &'static str| {
        view! { <button class="option" r#type="button" data-theme-set=value>{icon(sign)}<span class="grow">{text}</span></button> }
    };
    let label = view! { <span class="scheme-light">{icon(Icon::Sun)}</span><span class="scheme-dark">{icon(Icon::Moon)}</span> }.into_any();
    view! {
        <Menu label=label name="Colour scheme" class="btn quiet only-icon" right=true>
            <div class="options">
                {option("system", Icon::Screen, "As the system")}{option("light", Icon::Sun, "Light")}{option("dark", Icon::Moon, "Dark")}
            </div>
        </Menu>
    }
}

/// Who is signed in, and out.
#[component]
fn Person() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let Some(actor) = boot.actor.clone() else {
        return view! { <a class="btn small" href=paths::SIGN_IN rel="external">"Sign in"</a> }.into_any();
    };
    let label = view! { {icon(Icon::Person)} }.into_any();
    let option = move |path: &'static str, text: &'static str| {
        view! { <a class="option" href=move || scopes.get().on(path)>{text}</a> }
    };
    let people = (actor.role == Role::Administrator).then(|| option(paths::SETTINGS_PEOPLE, "People"));
    view! {
        <Menu label=label name=format!("Signed in as {}", actor.name) class="btn quiet only-icon" right=true>
            <div class="who"><b>{actor.name.clone()}</b><span class="dim">{actor.role.as_str()}</span></div>
            <div class="options">
                {option(paths::SETTINGS_YOU, "Your sessions")}
                {option(paths::SETTINGS_TOKENS, "API tokens")}
                {people}
                {option(paths::SETTINGS_CONNECTIONS, "Connections")}
                <button class="option" r#type="button" data-open="help">"Keyboard shortcuts"<kbd>"?"</kbd></button>
            </div>
            <form method="post" action="/sign-out"><button class="option" r#type="submit">{icon(Icon::Out)}"Sign out"</button></form>
            <div class="version faint">"Gantry "{boot.instance.version.clone()}</div>
        </Menu>
    }
    .into_any()
}
