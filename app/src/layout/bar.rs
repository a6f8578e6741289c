//! The bar at the top: where one is, the scope, how live the page is, runs that are not over, the colour scheme, the person.

use domain::policy::Role;
use leptos::prelude::*;

use super::crumbs::Crumbs;
use super::light::Light;
use super::open_runs::InBar;
use super::scope_picker::ScopePicker;
use super::use_scopes;
use crate::api::Boot;
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
            <InBar/>
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
