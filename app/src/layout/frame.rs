//! Puts rail, bar and page together, and what lies over them.

use domain::resource::Tone;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_location;

use super::bar::Bar;
use super::glance;
use super::help::HelpDialog;
use super::light::full;
use super::rail::Rail;
use crate::live::{Live, LiveState};
use crate::paths;
use crate::plan::acts::{ActDialog, Acts};
use crate::search::SearchDialog;
use crate::ui::Note;

/// The frame; pages appear inside.
#[component]
pub fn Frame() -> impl IntoView {
    let live = crate::live::start();
    provide_context(live);
    provide_context(super::use_scopes());
    provide_context(glance::start());
    Acts::provide();
    crate::lasting::provide();
    view! {
        <a class="skip" href="#page">"Skip to the page"</a>
        <div class="shell">
            <Rail/>
            <Bar/>
            <main id="page" tabindex="-1">
                <div class="notes" role="status">
                    {move || (live.0.get() == LiveState::Full).then(|| view! { <Note tone=Tone::Warn><p>{full()}</p></Note> })}
                </div>
                <Outlet/>
            </main>
        </div>
        <SearchDialog/>
        <HelpDialog/>
        <ActDialog/>
        <SignedOut live=live/>
        <div id="toasts" class="toasts" role="status" aria-live="polite"></div>
    }
}

/// Over an open page whose session ended: the page stays as it is.
#[component]
fn SignedOut(live: Live) -> impl IntoView {
    let location = use_location();
    let next = move || {
        let (path, query) = (location.pathname.get(), location.search.get());
        paths::sign_in(&if query.is_empty() { path } else { format!("{path}?{query}") })
    };
    let link = NodeRef::<leptos::html::A>::new();
    Effect::new(move || {
        if let Some(link) = link.get() {
            // Without the focus nothing changes for whoever cannot see the overlay.
            let _ = link.focus();
        }
    });
    move || {
        (live.0.get() == LiveState::SignedOut).then(|| {
            view! {
                <div class="overlay" role="dialog" aria-modal="true" aria-label="Signed out">
                    <div class="overlay-box">
                        <h2>"You are signed out"</h2>
                        <p>"Your session has ended. Sign in again and this page comes back as it was."</p>
                        <a class="btn primary" href=next rel="external" node_ref=link>"Sign in"</a>
                    </div>
                </div>
            }
        })
    }
}
