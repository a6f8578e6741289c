//! What there is: tiles, and the fleet by account and region.

use domain::services::{Count, Overview};
use domain::{AccountId, Kind, Region};
use leptos::prelude::*;
use std::collections::BTreeMap;

use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::ui::format::number;

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

fn count_of(overview: &Overview, kind: Kind) -> Count {
    overview.counts.iter().find(|c| c.kind == kind).cloned().unwrap_or(Count { kind, total: 0, bad: 0 })
}

/// The four figures at the top.
pub fn tiles(overview: &Overview, scopes: &Scopes) -> AnyView {
    let tile = |title: &'static str, kind: Kind| {
        let count = count_of(overview, kind);
        let href = scopes.on(&paths::list(kind));
        let late = overview.late.iter().find(|(late, _)| *late == kind).map_or(0, |(_, n)| *n);
        let small = match (count.bad, late) {
            (0, 0) => view! { <small class="faint">"all well"</small> }.into_any(),
            (0, late) => {
                view! { <small class="dim">{format!("{} on ended runtimes", number(i64::from(late)))}</small> }
                    .into_any()
            }
            (bad, _) => {
                view! { <small class="up">{format!("{} in a bad state", number(i64::from(bad)))}</small> }.into_any()
            }
        };
        view! { <div class="card kpi"><dt>{title}</dt><dd><a href=href>{number(i64::from(count.total))}</a>{small}</dd></div> }
    };
    let (desired, running) = overview.tasks;
    let short = running < desired;
    view! {
        <dl class="kpis">
            {tile("Functions", Kind::Function)}
            {tile("Services", Kind::Service)}
            <div class="card kpi">
                <dt>"Tasks running"</dt>
                <dd>
                    <a href=scopes.on(&paths::list(Kind::Task))>{number(i64::from(running))}</a>
                    <small class:up=short class:faint=!short>{format!("of {} wanted", number(i64::from(desired)))}</small>
                </dd>
            </div>
            {tile("Images", Kind::Image)}
        </dl>
    }
    .into_any()
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
                n => view! { <a href=here.on(&paths::list(*kind)) aria-label=label>{number(i64::from(n))}</a> }.into_any(),
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
