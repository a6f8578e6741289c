//! Settings: oneself, one's tokens, everyone, the connections to AWS.

mod api;
mod connections;
mod form;
mod password;
mod people;
mod tokens;
mod you;

pub use api::connections;
pub use connections::ConnectionsPage;
pub use people::PeoplePage;
pub use tokens::TokensPage;
pub use you::YouPage;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::layout::use_scopes;
use crate::paths;
use crate::ui::{Head, TabLink, Tabs};

/// The heading and the tabs that all pages of the settings share.
#[component]
pub fn SettingsFrame(
    /// The open tab: `you`, `tokens`, `people` or `connections`.
    tab: &'static str,
    /// The page.
    children: Children,
) -> impl IntoView {
    let scopes = use_scopes();
    let tabs = Signal::derive(move || {
        let link = |id: &str, title: &str, path: &str| TabLink {
            id: id.to_owned(),
            title: title.to_owned(),
            count: None,
            href: scopes.with(|s| s.on(path)),
        };
        vec![
            link("you", "You", paths::SETTINGS_YOU),
            link("tokens", "Tokens", paths::SETTINGS_TOKENS),
            link("people", "People", paths::SETTINGS_PEOPLE),
            link("connections", "Connections", paths::SETTINGS_CONNECTIONS),
        ]
    });
    view! {
        <Title text="Settings · Gantry"/>
        <div class="narrow">
            <Head title="Settings"/>
            <Tabs tabs=tabs current=Signal::stored(tab.to_owned())/>
            <div class="stack">{children()}</div>
        </div>
    }
}
