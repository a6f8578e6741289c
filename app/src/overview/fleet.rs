//! What there is: tiles, and the fleet by account and region.

use domain::ecs::Task;
use domain::services::{Count, Late, Overview};
use domain::{AccountId, Kind, Region};
use leptos::prelude::*;
use std::collections::BTreeMap;

use super::figures::{Answer, figures};
use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::ui::format::{counted, number};

/// The kinds with a column in the fleet table.
const FLEET: &[(Kind, &str)] = &[
    (Kind::Function, "Functions"),
    (Kind::Service, "Services"),
    (Kind::Task, "Tasks"),
    (Kind::Cluster, "Clusters"),
    (Kind::EksCluster, "Kubernetes"),
    (Kind::Repository, "Repositories"),
    (Kind::Image, "Images"),
];

/// The numbers of a kind.
pub fn count_of(overview: &Overview, kind: Kind) -> Count {
    overview.counts.iter().find(|c| c.kind == kind).cloned().unwrap_or(Count { kind, total: 0, attention: 0 })
}

/// The list of those that are late, the latest end last.
pub fn those_late(late: &Late) -> String {
    let runtimes: Vec<&str> = late.runtimes.iter().map(String::as_str).collect();
    format!("{}&sort=runtime_ends", paths::filtered_by(late.kind, "runtime", &runtimes))
}

/// What is to be said of those of a kind that need a person: a link to them.
fn trouble(count: &Count, scopes: &Scopes) -> AnyView {
    match count.attention {
        0 => view! { <small class="faint">"all well"</small> }.into_any(),
        n => {
            let words = counted(i64::from(n), "needs attention", "need attention");
            view! { <small class="up"><a href=scopes.on(&paths::attention(count.kind))>{words}</a></small> }.into_any()
        }
    }
}

/// The four figures at the top.
pub fn tiles(overview: &Overview, scopes: &Scopes, pulse: Answer) -> AnyView {
    let services = count_of(overview, Kind::Service);
    let listed = scopes.on(&paths::list(Kind::Service));
    let of_services = trouble(&services, scopes);
    let (desired, running) = overview.tasks;
    let short = running < desired;
    // Tasks of no service run, too: what services lack is not to be hidden by them.
    let wanted = (desired > 0).then(|| {
        let words = format!("services run {} of {} wanted", number(i64::from(running)), number(i64::from(desired)));
        view! { <small class:up=short class:faint=!short>{words}</small> }
    });
    let tasks = scopes.on(&paths::filtered_by(Kind::Task, "state", Task::RUNNING));
    view! {
        <dl class="kpis">
            {figures(pulse)}
            <div class="card kpi">
                <dt>"Services"</dt>
                <dd><a href=listed>{number(i64::from(services.total))}</a>{of_services}</dd>
            </div>
            <div class="card kpi">
                <dt>"Tasks running"</dt>
                <dd>
                    <a href=tasks>{number(i64::from(overview.running))}</a>
                    {wanted}
                </dd>
            </div>
        </dl>
    }
    .into_any()
}

/// The list of what is counted of a kind: not the tasks that have ended.
fn counted_list(kind: Kind) -> String {
    if kind == Kind::Task { paths::filtered_by(kind, "state", Task::NOT_ENDED) } else { paths::list(kind) }
}

/// Numbers by account and region; global kinds are left out, they belong to no region.
pub fn by_account_and_region(overview: &Overview, boot: &Boot) -> AnyView {
    let mut places: BTreeMap<(&AccountId, &Region), BTreeMap<Kind, u32>> = BTreeMap::new();
    for (account, region, kind, n) in &overview.fleet {
        if FLEET.iter().any(|(k, _)| k == kind) {
            places.entry((account, region)).or_default().insert(*kind, *n);
        }
    }
    if places.is_empty() {
        return ().into_any();
    }
    let head = FLEET.iter().map(|(_, title)| view! { <th scope="col" class="num">{*title}</th> }).collect_view();
    let rows = places.into_iter().map(|((account, region), counts)| {
        let here = Scopes { accounts: vec![account.clone()], regions: vec![region.clone()] };
        let cells = FLEET.iter().map(|(kind, title)| {
            let n = counts.get(kind).copied().unwrap_or_default();
            let label = format!("{title} in {} {region}: {n}", boot.account_name(account));
            let cell = match n {
                0 => view! { <span class="faint">"0"</span> }.into_any(),
                n => view! { <a href=here.on(&counted_list(*kind)) aria-label=label>{number(i64::from(n))}</a> }.into_any(),
            };
            view! { <td class="num">{cell}</td> }
        });
        view! {
            <tr>
                <td class="name"><a href=here.on(paths::OVERVIEW)>{boot.account_name(account)}</a>" "<small>{region.to_string()}</small></td>
                {cells.collect_view()}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card">
            <header><h2>"Fleet by account and region"</h2></header>
            <div class="scroll plain" tabindex="0" role="region" aria-label="Fleet by account and region">
                <table class="table"><thead><tr><th scope="col">"Account"</th>{head}</tr></thead><tbody>{rows}</tbody></table>
            </div>
        </section>
    }
    .into_any()
}
