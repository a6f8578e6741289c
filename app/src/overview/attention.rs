//! What needs a person, worst first; and what changed, latest first.

use domain::listing::{Row, capital};
use domain::plan::run::State as Far;
use domain::plan::service::RunLine;
use domain::resource::State;
use domain::services::{Findings, Late, Overview};
use domain::{Kind, ResourceKey};
use leptos::prelude::*;
use std::collections::BTreeSet;

use super::fleet::{count_of, those_late};
use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::plan::words;
use crate::resource::{headline, kind_icon};
use crate::ui::format::{counted, number, short_digests};
use crate::ui::{Age, Badge, Empty, Icon, StateBadge, icon};

/// So many rows of a kind are shown before the others are asked for.
const FIRST: usize = 3;

/// Runs that are stuck, and rows that need a person, by kind; the first few of each, so that one kind does not hide another.
pub fn needs_a_person(overview: &Overview, boot: &Boot, scopes: &Scopes) -> AnyView {
    let stuck = i64::from(overview.runs.stuck);
    let nothing = overview.attention.is_empty() && overview.repositories.is_empty() && overview.late.is_empty();
    if nothing && stuck == 0 {
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
        let title = capital(kind.plural());
        let (count, href) = in_trouble(overview, kind, lines.len());
        let heading =
            view! { <a href=scopes.on(&href)>{title.clone()}</a>" "<span class="faint">{number(count)}</span> };
        group(&title, heading.into_any(), lines)
    });
    let groups = groups.collect_view();
    let lines: Vec<AnyView> = overview.repositories.iter().map(|found| images(found, boot, scopes)).collect();
    let repositories = i64::from(overview.repositories_total);
    let images = (!lines.is_empty()).then(|| {
        let title = "Repositories with findings";
        let words = counted(i64::from(count_of(overview, Kind::Image).attention), "image", "images");
        let href = scopes.on(&paths::attention(Kind::Image));
        let heading = view! { {title}" "<span class="faint">{number(repositories)}", "<a href=href>{words}</a></span> };
        group(title, heading.into_any(), lines)
    });
    let late = overview.late.iter().map(|late| ended(late, scopes)).collect_view();
    let runs = (stuck > 0).then(|| {
        let title = "Stuck runs";
        let href = scopes.on(&paths::runs_in(Far::Stuck.as_str()));
        let heading = view! { <a href=href>{title}</a>" "<span class="faint">{number(stuck)}</span> };
        group(title, heading.into_any(), overview.stuck.iter().map(|run| undecided(run, boot, scopes)).collect())
    });
    let (total, shown) = (i64::from(overview.attention_total), overview.attention.len() as i64);
    let more =
        (total > shown).then(|| view! { <p class="in faint">{format!("The worst {shown} of {}.", number(total))}</p> });
    let all = total + repositories + overview.late.len() as i64 + stuck;
    view! {
        <section class="card">
            <header><h2>"Needs a person"</h2><span class="right">{number(all)}</span></header>
            <div class="list two-lines">{runs}{groups}{images}{late}</div>
            {more}
        </section>
    }
    .into_any()
}

/// How many of a kind are in a bad state, and the list of these; `shown` of them are listed here.
fn in_trouble(overview: &Overview, kind: Kind, shown: usize) -> (i64, String) {
    let all = paths::attention(kind);
    if overview.late.iter().all(|late| late.kind != kind) {
        return (i64::from(count_of(overview, kind).attention), all);
    }
    // Those on an ended runtime have a line of their own.
    let rows = overview.attention.iter().filter(|row| row.key.kind == kind);
    let states: BTreeSet<&str> = rows.filter_map(|row| row.state.as_ref()).map(|state| state.word.as_str()).collect();
    let states: Vec<&str> = states.into_iter().collect();
    (shown as i64, format!("{}&attention=1", paths::filtered_by(kind, "state", &states)))
}

/// A run of which somebody has to decide what becomes of what it made.
fn undecided(run: &RunLine, boot: &Boot, scopes: &Scopes) -> AnyView {
    let (tone, word) = words::state(run.state);
    let title = short_digests(&run.title);
    view! {
        <a class="row" href=scopes.on(&paths::run(&run.id))>
            {icon(Icon::Run)}
            <b class="name" title=title.clone()>{title.clone()}</b>
            <span class="grow dim">{format!("Begun by {}: not all could be taken back, decide what becomes of it", run.by)}</span>
            <span class="faint hide-s">{boot.place(&run.scope)}</span>
            <Badge tone=tone text=word/>
        </a>
    }
    .into_any()
}

/// The functions whose runtime has ended, in one line.
fn ended(late: &Late, scopes: &Scopes) -> AnyView {
    let what = counted(i64::from(late.count), late.kind.singular(), late.kind.plural());
    let verb = if late.count == 1 { "runs" } else { "run" };
    view! {
        <a class="row" href=scopes.on(&those_late(late))>
            {icon(kind_icon(late.kind))}
            <b class="name">{what}</b>
            <span class="grow dim">{format!("{verb} on a runtime that AWS no longer patches")}</span>
            <span class="badge warn">"Runtime ended"</span>
        </a>
    }
    .into_any()
}

/// The first rows under their heading, the others behind what opens them.
fn group(title: &str, heading: AnyView, mut lines: Vec<AnyView>) -> AnyView {
    // One more row takes no more room than the words that hide it.
    let rest = if lines.len() > FIRST + 1 { lines.split_off(FIRST) } else { vec![] };
    let rest = (!rest.is_empty()).then(|| {
        let words = format!("Show {} more", rest.len());
        view! { <details class="more"><summary>{words}</summary>{rest}</details> }
    });
    view! {
        <div class="group" role="group" aria-label=title.to_owned()>
            <h3>{heading}</h3>
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
    boot.place(&key.scope)
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
        let title = if scopes.is_all() { "No change yet" } else { "No change in this choice yet" };
        view! { <Empty title=title><p>"From the first collect on, every change of every resource is kept."</p></Empty> }
            .into_any()
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
