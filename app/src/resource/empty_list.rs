//! What a list says when there is nothing in it.

use domain::listing::Freshness;
use domain::{AccountId, Kind, Millis};
use leptos::prelude::*;

use super::freshness::{CollectButton, oldest};
use crate::api::Boot;
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::paths;
use crate::ui::{Age, Empty};

/// Accounts that no connection leads to.
fn strangers(wanted: &[AccountId], boot: &Boot) -> Vec<String> {
    let known = |id: &&AccountId| !boot.instance.accounts.iter().any(|(a, _)| a == *id);
    wanted.iter().filter(known).map(ToString::to_string).collect()
}

/// Why there is none: nobody looks there, or AWS had none when it was last asked, which can be asked again.
#[component]
pub fn EmptyList(
    /// The kind listed.
    kind: Kind,
    /// What to do when there are none.
    words: StoredValue<String>,
    /// One entry per scope.
    #[prop(into)]
    freshness: Signal<Vec<Freshness>>,
    /// The server's clock.
    #[prop(into)]
    now: Signal<Millis>,
    /// Set when AWS cannot be asked again.
    problem: RwSignal<Option<AppError>>,
) -> impl IntoView {
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let read = move || match freshness.with(|f| oldest(f)) {
        Some(at) => view! { "Last read from AWS "<Age at=at now=now.get() after=" ago"/>"." }.into_any(),
        None => "Not read from AWS yet.".into_any(),
    };
    move || {
        let strangers = scopes.with(|s| strangers(&s.accounts, &boot));
        if strangers.is_empty() {
            return view! {
                <Empty title=format!("No {} here", kind.plural())>
                    <p>{words.get_value()}</p>
                    <p class="faint">{read}</p>
                    <CollectButton kind=kind scopes=scopes freshness=freshness problem=problem words="Read now"/>
                </Empty>
            }
            .into_any();
        }
        let (accounts, lead) = (strangers.join(", "), if strangers.len() == 1 { "account" } else { "accounts" });
        view! {
            <Empty title=format!("No connection leads to {lead} {accounts}")>
                <p>{format!("Gantry reads only the accounts it is connected to, so it cannot know what {} there are.", kind.plural())}</p>
                <a class="btn small" href=paths::list(kind)>"All accounts"</a>
                <a class="btn quiet small" href=scopes.with(|s| s.on(paths::SETTINGS_CONNECTIONS))>"Connections"</a>
            </Empty>
        }
        .into_any()
    }
}
