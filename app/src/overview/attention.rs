//! What needs a person, worst first; and what changed, latest first.

use domain::listing::{Row, capital};
use domain::resource::State;
use domain::services::{Findings, Overview};
use domain::{Kind, ResourceKey};
use leptos::prelude::*;

use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::resource::{headline, kind_icon};
use crate::ui::format::{counted, number};
use crate::ui::{Age, Empty, StateBadge, icon};

/// So many rows of a kind are shown before the others are asked for.
const FIRST: usize = 3;

/// Rows that need a person, by kind; the first few of each, so that one kind does not hide another.
pub fn needs_a_person(overview: &Overview, boot: &Boot, scopes: &Scopes) -> AnyView {
    if overview.attention.is_empty() && overview.repositories.is_empty() && overview.late.is_empty() {
        return view! {
            <section class="card">
                <header><h2>"Needs a person"</h2><span class="right">"0"</span></header>
                <Empty title="Nothing needs you"><p>"No function, service or image is in a bad state. What stops or fails appears here by itself."</p></Empty>
            </section>
        }
        .into_any();
    }
    let mut kinds: Vec<(Kind, Vec<AnyView>)> = vec![];
    for row in &overview.attention {
        let line = one(row, boot, scopes);
        match kinds.iter_mut().find(|(kind, _)| *kind == row.key.kind) {
            Some((_, lines)) => lines.push(line),
            None => kinds.push((row.key.kind, vec![line])),
        }
    }
    let groups = kinds.into_iter().map(|(kind, lines)| {
        let all = lines.len();
        group(kind, &capital(kind.plural()), all as i64, lines, scopes)
    });
    let groups = groups.collect_view();
    let lines: Vec<AnyView> = overview.repositories.iter().map(|found| images(found, boot, scopes)).collect();
    let repositories = i64::from(overview.repositories_total);
    let images =
        (!lines.is_empty()).then(|| group(Kind::Image, "Repositories with findings", repositories, lines, scopes));
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
    let (total, shown) = (i64::from(overview.attention_total), overview.attention.len() as i64);
    let more =
        (total > shown).then(|| view! { <p class="in faint">{format!("The worst {shown} of {}.", number(total))}</p> });
    let all = total + repositories + overview.late.len() as i64;
    view! {
        <section class="card">
            <header><h2>"Needs a person"</h2><span class="right">{number(all)}</span></header>
            <div class="list two-lines">{groups}{images}{late}</div>
            {more}
        </section>
    }
    .into_any()
}

/// The rows of one kind under its name, which leads to all of them.
fn group(kind: Kind, title: &str, count: i64, mut lines: Vec<AnyView>, scopes: &Scopes) -> AnyView {
    // One more row takes no more room than the words that hide it.
    let rest = if lines.len() > FIRST + 1 { lines.split_off(FIRST) } else { vec![] };
    let rest = (!rest.is_empty()).then(|| {
        let words = format!("Show {} more", rest.len());
        view! { <details class="more"><summary>{words}</summary>{rest}</details> }
    });
    let href = scopes.on(&format!("{}?attention=1", paths::list(kind)));
    view! {
        <div class="group" role="group" aria-label=title.to_owned()>
            <h3><a href=href>{title.to_owned()}</a>" "<span class="faint">{number(count)}</span></h3>
            {lines}
            {rest}
        </div>
    }
    .into_any()
}

fn line(href: String, kind: Kind, name: String, reason: String, place: String, state: Option<State>) -> AnyView {
    view! {
        <a class="row" href=href>
            {icon(kind_icon(kind))}
            <b class="name" title=name.clone()>{name.clone()}</b>
            <span class="grow dim" title=reason.clone()>{reason.clone()}</span>
            <span class="faint hide-s">{place}</span>
            <StateBadge state=state/>
        </a>
    }
    .into_any()
}

fn place(key: &ResourceKey, boot: &Boot) -> String {
    format!("{} · {}", boot.account_name(&key.scope.account), key.scope.region)
}

fn one(row: &Row, boot: &Boot, scopes: &Scopes) -> AnyView {
    let reason = row.state.as_ref().and_then(|s| s.reason.clone()).unwrap_or_default();
    let href = scopes.on(&paths::detail(&row.key));
    line(href, row.key.kind, row.name.clone(), reason, place(&row.key, boot), row.state.clone())
}

/// A repository whose images have findings.
fn images(found: &Findings, boot: &Boot, scopes: &Scopes) -> AnyView {
    let key = &found.repository;
    let state = found.worst.state.clone();
    let findings = state.as_ref().and_then(|s| s.reason.clone()).unwrap_or_default();
    let count = counted(i64::from(found.images), "image", "images");
    // Its name without that of the repository, which stands beside it.
    let name = found.worst.name.strip_prefix(&key.id).unwrap_or(&found.worst.name);
    let words = format!("{count}, the worst {}: {findings}", name.trim_start_matches(':'));
    let href = scopes.on(&format!("{}?attention=1", paths::detail(key)));
    line(href, Kind::Image, key.id.clone(), words, place(key, boot), state)
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
