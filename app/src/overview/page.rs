//! The page: asks once, asks again when something changed.
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use domain::services::Overview;
use domain::stream::ToPage;
use domain::{AccountId, Region};
use leptos::prelude::*;
use leptos_meta::Title;
use std::time::Duration;

use super::pulse::Pulse;
use super::{attention, collecting, deployments, fleet};
use crate::api::Boot;
#[cfg(feature = "ssr")]
use crate::api::services;
use crate::asking::{refused, until_answered};
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::live;
use crate::paths::Scopes;
use crate::sections::charts::{MINUTES, each_minute};
use crate::sections::telemetry::of_fleet;
use crate::ui::format::counted;
use crate::ui::{Head, ProblemNote, Skeleton};
use crate::wire::{Call, ask};

/// How long changes are gathered before the page is asked for again.
const GATHER: Duration = Duration::from_secs(1);
/// The same for collects that only began or ended: they do so all the time.
pub const SELDOM: Duration = Duration::from_secs(15);

/// What the first page shows.
#[server(prefix = "/api/fn", endpoint = "overview", protocol = Call)]
pub async fn first_page(accounts: Vec<AccountId>, regions: Vec<Region>) -> Result<Overview, AppError> {
    let (services, actor) = services()?;
    Ok(services.inventory.overview(&actor, &accounts, &regions).await?)
}

/// Counts up when anything changed, and `collects` after a collect began, ended or failed.
pub fn anything_changed(collects: Duration) -> Signal<u32> {
    // Each waits by itself: what changed must not wait for what hardly matters.
    let changes = live::count(GATHER, |message| matches!(message, ToPage::Changed { .. }));
    let collects = live::count(collects, |message| matches!(message, ToPage::Freshness { kinds } if !kinds.is_empty()));
    Signal::derive(move || changes.get().wrapping_add(collects.get()))
}

/// `/`
#[component]
pub fn OverviewPage() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let again = anything_changed(SELDOM);
    let runs = live::count(GATHER, ToPage::is_of_runs);
    let asked = RwSignal::new(0_u32);
    let answer = ask(
        move || {
            let scopes = scopes.get();
            (scopes.accounts, scopes.regions, [again.get(), runs.get(), asked.get()])
        },
        |(accounts, regions, _)| first_page(accounts, regions),
    );
    until_answered(asked, move || answer.with(refused));
    let pulse = each_minute(move || {
        let scopes = scopes.get();
        of_fleet(scopes.accounts, scopes.regions, MINUTES)
    });
    let accounts = boot.instance.accounts.len();
    let regions = boot.instance.regions.len();
    let all = format!(
        "Everything your team runs, in {} and {}.",
        counted(accounts as i64, "account", "accounts"),
        counted(regions as i64, "region", "regions")
    );
    let line = move || match scopes.get().is_all() {
        true => all.clone(),
        false => "What your team runs in the accounts and regions chosen above.".to_owned(),
    };
    let boot = StoredValue::new(boot);
    // Parts of their own, so that the charts between them stay as they are when the rest is drawn again.
    let part = move |draw: fn(&Overview, &Boot, &Scopes) -> AnyView| {
        view! {
            <Transition>
                {move || Suspend::new(async move {
                    let overview = answer.await.ok().filter(is_something)?;
                    Some(boot.with_value(|boot| draw(&overview, boot, &scopes.get_untracked())))
                })}
            </Transition>
        }
    };
    view! {
        <Title text="Overview · Gantry"/>
        <Head title="Overview" explanation=view! { {line} }.into_any()/>
        <Transition fallback=|| view! { <Skeleton lines=10/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(overview) if is_something(&overview) => fleet::tiles(&overview, &scopes.get_untracked(), pulse),
                    Ok(_) => collecting::first_run(),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
        <div class="cols overview">
            <div class="stack">
                {part(|overview, boot, scopes| {
                    (attention::needs_a_person(overview, boot, scopes), collecting::failing(overview, boot)).into_any()
                })}
                <Pulse answer=pulse/>
                {part(|overview, boot, _| fleet::by_account_and_region(overview, boot))}
            </div>
            <aside class="stack" aria-label="Changes and deployments">
                {part(deployments::deployments)}
                {part(|overview, _, scopes| attention::what_changed(overview, scopes))}
            </aside>
        </div>
    }
}

/// Whether there is anything to show yet.
fn is_something(overview: &Overview) -> bool {
    overview.counts.iter().any(|c| c.total > 0) || !overview.failing.is_empty()
}
