//! How the collecting goes: the first time, and where it fails.

use domain::listing::{Freshness, capital};
use domain::services::{ConnectionStatus, Overview};
use domain::{Millis, Problem};
use leptos::prelude::*;
use std::time::Duration;

use super::page::anything_changed;
use crate::api::Boot;
use crate::error::AppError;
use crate::paths;
use crate::sections::here;
use crate::settings::connections;
use crate::ui::format::counted;
use crate::ui::{Age, Empty, ProblemNote, Skeleton, missing};
use crate::wire::ask;

/// The collectors that fail, each with the missing permission.
pub fn failing(overview: &Overview, boot: &Boot) -> AnyView {
    let now = overview.now;
    let row = |f: &Freshness, (since, problem): &(Millis, Problem)| {
        let (since, calm) = (*since, problem.is_calm());
        let place = format!("{} {}", boot.account_name(&f.scope.account), f.scope.region);
        let action = missing(problem).map(|actions| view! { <span class="dim">{actions}</span> });
        view! {
            <details class="failing" class:quiet=calm>
                <summary>
                    <b>{capital(f.kind.plural())}</b>" in "{place}": "{problem.title.clone()}" "{action}
                    <span class="faint">" since "<Age at=since now=now after=" ago"/></span>
                </summary>
                <ProblemNote problem=problem.clone()/>
            </details>
        }
        .into_any()
    };
    let all = overview.failing.iter().flat_map(|f| f.troubles().map(move |trouble| (f, trouble)));
    let rows: Vec<AnyView> = all.map(|(f, trouble)| row(f, trouble)).collect();
    if rows.is_empty() {
        return ().into_any();
    }
    view! {
        <section class="card">
            <header><h2>"Cannot be read from AWS"</h2><span class="right"><a href=here(paths::SETTINGS_CONNECTIONS)>"Connections"</a></span></header>
            <div class="in stack">{rows}</div>
        </section>
    }
    .into_any()
}

/// What the page says while nothing has been collected.
pub fn first_run() -> AnyView {
    let again = anything_changed(Duration::from_secs(1));
    let answer = ask(move || again.get(), |_| connections());
    view! {
        <Transition fallback=|| view! { <Skeleton lines=6/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(all) => progress(&all),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

fn progress(all: &[ConnectionStatus]) -> AnyView {
    if all.is_empty() {
        return view! {
            <Empty title="No connection to AWS yet">
                <p>"Name an account in gantry.toml and start Gantry again; or start the sandbox, which needs no account. Then everything appears here by itself."</p>
            </Empty>
        }
        .into_any();
    }
    let rows = all.iter().map(|connection| {
        let lists = connection.freshness.len();
        let read = connection.freshness.iter().filter(|f| f.complete.is_some()).count();
        let running: Vec<&Freshness> = connection.freshness.iter().filter(|f| f.running).collect();
        let now = running.iter().take(4).map(|f| format!("{} in {}", f.kind.plural(), f.scope.region)).collect::<Vec<_>>().join(", ");
        let now = if now.is_empty() { String::new() } else { format!("reading {now}") };
        view! {
            <div class="row">
                <b class="name">{connection.name.clone()}</b>
                <span class="grow dim">{now}</span>
                <span class="faint">{format!("{read} of {} read", counted(lists as i64, "list", "lists"))}</span>
                <progress max=lists.max(1).to_string() value=read.to_string() aria-label=format!("Lists of {} read", connection.name)></progress>
            </div>
        }
    });
    let rows = rows.collect_view();
    let done = all.iter().all(|c| c.freshness.iter().all(|f| f.complete.is_some()));
    let words = if done {
        "Every list was read, and AWS has nothing in the accounts and regions looked at."
    } else {
        "Gantry reads your accounts for the first time: functions, services, tasks, images, clusters and what they are connected with. They appear here by themselves."
    };
    view! {
        <section class="card">
            <header><h2>{if done { "Nothing there" } else { "Collecting" }}</h2></header>
            <p class="in dim">{words}</p>
            <div class="list">{rows}</div>
        </section>
    }
    .into_any()
}
