//! What the functions and services of the fleet do now: asked from AWS once the page is open, again each minute.

use domain::Kind;
use domain::services::{Failing, FleetMetrics};
use domain::stream::Series;
use leptos::prelude::*;

use super::figures::Answer;
use super::loads::of_services;
use crate::api::Boot;
use crate::layout::use_scopes;
use crate::paths::{self, Scopes};
use crate::resource::kind_icon;
use crate::sections::charts::{Group, cards};
use crate::ui::format::{counted, number};
use crate::ui::{Age, ProblemNote, icon};

const CHARTS: &[Group] = &[("Invocations and errors", &["count"]), ("Duration of all invocations", &["ms"])];

/// Invocations, errors and durations of all functions in the accounts and regions looked at, and the load of their busiest
/// services; places that do not answer are named.
#[component]
pub fn Pulse(
    /// What CloudWatch answered.
    answer: Answer,
) -> impl IntoView {
    let scopes = use_scopes();
    let boot = expect_context::<Boot>();
    let series: RwSignal<Option<Result<Vec<Series>, _>>> = RwSignal::new(None);
    Effect::new(move || series.set(answer.get().map(|answer| answer.map(|fleet| fleet.series))));
    let told = boot.clone();
    let failing = move || {
        let fleet = answer.get().and_then(Result::ok).unwrap_or_default();
        failing(&fleet, &told, &scopes.get())
    };
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
        <section class="pulse" aria-label="What functions and services do now">
            {failing}
            {charts}
            {of_services(answer)}
            {missing}
        </section>
    }
}

/// The functions whose calls fail, most failures first; nothing when none does.
fn failing(fleet: &FleetMetrics, boot: &Boot, scopes: &Scopes) -> Option<AnyView> {
    if fleet.failing.is_empty() && fleet.too_many.is_empty() {
        return None;
    }
    let row = |f: &Failing| {
        let place = format!("{} · {}", boot.account_name(&f.key.scope.account), f.key.scope.region);
        view! {
            <a class="row" href=scopes.on(&paths::tab(&f.key, "logs"))>
                {icon(kind_icon(Kind::Function))}
                <b class="name">{f.key.id.clone()}</b>
                <span class="grow dim">{said(f)}</span>
                <span class="faint hide-s">{place}</span>
                <span class="badge bad">"Failing"</span>
            </a>
        }
    };
    let rows = fleet.failing.iter().map(row).collect_view();
    let too_many = fleet.too_many.iter().map(|scope| {
        let place = format!("{} {}", boot.account_name(&scope.account), scope.region);
        view! { <p class="in faint">{format!("Calls failed in {place}, too; it has too many functions to ask one by one.")}</p> }
    });
    let too_many = too_many.collect_view();
    // When CloudWatch was asked, by the oldest answer: not when they failed.
    let asked = fleet.failing.iter().map(|f| f.at).min();
    let told = asked.map(|at| view! { "counted "<Age at=at now=at after=" ago"/> });
    let card = view! {
        <section class="card">
            <header><h2>"Functions that failed in the last hour"</h2><span class="right">{told}</span></header>
            <div class="list two-lines">{rows}</div>
            {too_many}
        </section>
    };
    Some(card.into_any())
}

/// "12 of 340 calls failed (4 %)"
fn said(f: &Failing) -> String {
    let calls = f.invocations.max(f.errors);
    let share = (f.errors as f64 / calls.max(1) as f64 * 100.0).round();
    let share = if share < 1.0 { "under 1".to_owned() } else { share.to_string() };
    format!("{} of {} failed ({share} %)", number(f.errors), counted(calls, "call", "calls"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_said_with_their_share() {
        let told = |errors, invocations| {
            let key = domain::ResourceKey::parse("lambda.function/111122223333/eu-west-1/a").unwrap();
            said(&Failing { key, errors, invocations, at: domain::Millis(0) })
        };
        assert_eq!(told(12, 340), "12 of 340 calls failed (4 %)");
        assert_eq!(told(1, 1), "1 of 1 call failed (100 %)");
        assert_eq!(told(1, 900), "1 of 900 calls failed (under 1 %)");
        // CloudWatch may have the error before the invocation.
        assert_eq!(told(2, 0), "2 of 2 calls failed (100 %)");
    }
}
