//! What needs a person, worst first; and what changed, latest first.

use domain::services::Overview;
use leptos::prelude::*;

use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::resource::{headline, kind_icon};
use crate::ui::format::{counted, number};
use crate::ui::{Age, Empty, StateBadge, icon};

/// Rows that need a person.
pub fn needs_a_person(overview: &Overview, boot: &Boot, scopes: &Scopes) -> AnyView {
    let total = i64::from(overview.attention_total);
    if overview.attention.is_empty() && overview.late.is_empty() {
        return view! {
            <section class="card">
                <header><h2>"Needs a person"</h2><span class="right">"0"</span></header>
                <Empty title="Nothing needs you"><p>"No function, service or image is in a bad state. What stops or fails appears here by itself."</p></Empty>
            </section>
        }
        .into_any();
    }
    let rows = overview.attention.iter().map(|row| {
        let reason = row.state.as_ref().and_then(|s| s.reason.clone()).unwrap_or_default();
        let place = format!("{} · {}", boot.account_name(&row.key.scope.account), row.key.scope.region);
        view! {
            <a class="row" href=scopes.on(&paths::detail(&row.key))>
                {icon(kind_icon(row.key.kind))}
                <b class="name">{row.name.clone()}</b>
                <span class="grow dim" title=reason.clone()>{reason.clone()}</span>
                <span class="faint hide-s">{place}</span>
                <StateBadge state=row.state.clone()/>
            </a>
        }
    });
    let rows = rows.collect_view();
    let late = overview.late.iter().map(|(kind, n)| {
        let what = counted(i64::from(*n), kind.singular(), kind.plural());
        let verb = if *n == 1 { "runs" } else { "run" };
        // The latest end comes last: what ended long ago comes first.
        let href = scopes.on(&format!("{}?attention=1&sort=runtime_ends", paths::list(*kind)));
        view! {
            <a class="row" href=href>
                {icon(kind_icon(*kind))}
                <b class="name">{what}</b>
                <span class="grow dim">{format!("{verb} on a runtime that AWS no longer patches")}</span>
                <span class="badge warn">"Runtime ended"</span>
            </a>
        }
    });
    let late = late.collect_view();
    let shown = overview.attention.len() as i64;
    let more =
        (total > shown).then(|| view! { <p class="in faint">{format!("The worst {shown} of {}.", number(total))}</p> });
    view! {
        <section class="card">
            <header><h2>"Needs a person"</h2><span class="right">{number(total + overview.late.len() as i64)}</span></header>
            <div class="list two-lines">{rows}{late}</div>
            {more}
        </section>
    }
    .into_any()
}

/// The latest changes.
pub fn what_changed(overview: &Overview, scopes: &Scopes) -> AnyView {
    let now = overview.now;
    let rows = overview.changes.iter().map(|change| {
        let words = headline(change);
        let what = format!("{} · {}", change.name, change.key.kind.singular());
        view! {
            <a class="row top" href=scopes.on(&paths::tab(&change.key, "changes"))>
                {icon(kind_icon(change.key.kind))}
                <span class="grow told">
                    <span class="sentence" title=words.clone()>{words.clone()}</span>
                    <small class="dim cut" title=change.key.id.clone()>{what}</small>
                </span>
                <span class="faint"><Age at=change.at now=now/></span>
            </a>
        }
    });
    let rows = rows.collect_view();
    let body = if overview.changes.is_empty() {
        view! { <Empty title="No change yet"><p>"From the first collect on, every change of every resource is kept."</p></Empty> }.into_any()
    } else {
        view! { <div class="list">{rows}</div> }.into_any()
    };
    view! {
        <section class="card">
            <header><h2>"What changed"</h2><span class="right"><a href=scopes.on(paths::CHANGES)>"All changes"</a></span></header>
            {body}
        </section>
    }
    .into_any()
}
