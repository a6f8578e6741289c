//! What the rail and the bar say of the fleet, asked once for both.

use domain::services::Glance;
use domain::stream::ToPage;
use leptos::prelude::*;
use std::time::Duration;

use super::use_scopes;
use crate::api;
use crate::live;
use crate::overview::{SELDOM, anything_changed};
use crate::wire::{Wire, ask};

/// How long news of runs is gathered before it is asked for again.
const GATHER: Duration = Duration::from_secs(1);
/// How often it is asked for whatever is told: where nothing is collected any more nobody tells that.
const ANYWAY: Duration = Duration::from_secs(60);

/// The answer, in context of every page; `None` where it could not be had.
#[derive(Clone, Copy)]
pub struct AtAGlance(pub Resource<Option<Glance>, Wire>);

/// Asks, and again when something changed. Called once, by the frame.
pub fn start() -> AtAGlance {
    let scopes = use_scopes();
    let fleet = anything_changed(SELDOM);
    let runs = live::count(GATHER, ToPage::is_of_runs);
    let anyway = RwSignal::new(0_u32);
    Effect::new(move || {
        let again = move || {
            anyway.try_update(|n| *n += 1);
        };
        if let Ok(handle) = set_interval_with_handle(again, ANYWAY) {
            on_cleanup(move || handle.clear());
        }
    });
    let glance = ask(
        move || {
            let scopes = scopes.get();
            (scopes.accounts, scopes.regions, [fleet.get(), runs.get(), anyway.get()])
        },
        |(accounts, regions, _)| async move { api::glance(accounts, regions).await.ok() },
    );
    AtAGlance(glance)
}
