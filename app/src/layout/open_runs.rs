//! Runs that are not over, said in the rail and in the bar of every page.

use domain::plan::listing::{OpenRuns, UNDER_WAY};
use domain::plan::run::State;
use leptos::prelude::*;

use super::glance::AtAGlance;
use super::use_scopes;
use crate::paths::{self, Scopes};
use crate::ui::format::{counted, number};

/// The number in the rail: of those that are stuck, or else of those under way.
#[component]
pub fn InRail() -> impl IntoView {
    let AtAGlance(glance) = expect_context();
    view! {
        <Transition>
            {move || Suspend::new(async move { in_rail(glance.await.map(|glance| glance.runs).unwrap_or_default()) })}
        </Transition>
    }
}

fn in_rail(runs: OpenRuns) -> Option<AnyView> {
    match (i64::from(runs.stuck), i64::from(runs.under_way)) {
        (0, 0) => None,
        (0, n) => {
            let title = format!("{} under way", counted(n, "run", "runs"));
            Some(view! { <span class="n" title=title>{number(n)}</span> }.into_any())
        }
        (n, _) => {
            let title = format!("{} stuck", counted(n, "run is", "runs are"));
            Some(view! { <span class="n bad" title=title>{number(n)}</span> }.into_any())
        }
    }
}

/// Links to them in the bar; nothing while there are none.
#[component]
pub fn InBar() -> impl IntoView {
    let AtAGlance(glance) = expect_context();
    let scopes = use_scopes();
    view! {
        <span class="open-runs">
            <Transition>
                {move || {
                    scopes.track();
                    Suspend::new(async move {
                        let runs = glance.await.map(|glance| glance.runs).unwrap_or_default();
                        in_bar(runs, &scopes.get_untracked())
                    })
                }}
            </Transition>
        </span>
    }
}

fn in_bar(runs: OpenRuns, scopes: &Scopes) -> AnyView {
    let (stuck, under_way) = (i64::from(runs.stuck), i64::from(runs.under_way));
    let under_way = (under_way > 0).then(|| {
        // A narrow bar has no room for both.
        let class = if stuck > 0 { "badge busy hide-s" } else { "badge busy" };
        let href = scopes.on(&paths::runs_in(UNDER_WAY));
        view! { <a class=class href=href title="Under way">{counted(under_way, "run", "runs")}</a> }
    });
    let stuck = (stuck > 0).then(|| {
        let href = scopes.on(&paths::runs_in(State::Stuck.as_str()));
        let title = "What a run made could not be taken back: somebody has to decide";
        view! { <a class="badge bad" href=href title=title>{format!("{} stuck", number(stuck))}</a> }
    });
    view! { {under_way}{stuck} }.into_any()
}
