//! What the functions of the fleet do now: asked from AWS once the page is open, again each minute.

use domain::stream::Series;
use leptos::prelude::*;

use crate::api::Boot;
use crate::layout::use_scopes;
use crate::sections::charts::{Group, MINUTES, cards, each_minute};
use crate::sections::telemetry::of_fleet;
use crate::ui::ProblemNote;

const CHARTS: &[Group] = &[("Invocations and errors", &["count"]), ("Duration of all invocations", &["ms"])];

/// Invocations, errors and durations of all functions in the accounts and regions looked at; places that do not answer are named.
#[component]
pub fn Pulse() -> impl IntoView {
    let scopes = use_scopes();
    let boot = expect_context::<Boot>();
    let answer = each_minute(move || {
        let scopes = scopes.get();
        of_fleet(scopes.accounts, scopes.regions, MINUTES)
    });
    let series: RwSignal<Option<Result<Vec<Series>, _>>> = RwSignal::new(None);
    Effect::new(move || {
        let new = answer.get().map(|answer| answer.map(|fleet| fleet.series));
        if new.is_some() {
            series.set(new);
        }
    });
    let missing = move || {
        let missing = answer.get().and_then(Result::ok).map(|fleet| fleet.missing).unwrap_or_default();
        // One note for all places that have the same trouble would hide which; there are seldom many.
        let note = |(scope, mut problem): (domain::Scope, domain::Problem)| {
            problem.title = format!("{} {}: {}", boot.account_name(&scope.account), scope.region, problem.title);
            view! { <ProblemNote problem=problem/> }
        };
        missing.into_iter().map(note).collect_view()
    };
    // Where nobody answers, nothing is known: not that no function ran.
    let silent = Memo::new(move |_| {
        let fleet = answer.get().and_then(Result::ok);
        fleet.is_some_and(|f| !f.missing.is_empty() && f.series.iter().all(|s| s.points.is_empty()))
    });
    let charts = move || {
        (!silent.get())
            .then(|| cards(series, CHARTS, "No function ran in the last hour, or CloudWatch has no numbers yet."))
    };
    view! {
        <section class="pulse" aria-label="What the functions do now">
            {charts}
            {missing}
        </section>
    }
}
