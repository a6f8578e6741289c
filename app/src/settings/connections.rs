//! Connections to AWS: per region and kind what works, how old it is, and which permission is missing.

use domain::listing::{Freshness, capital, past_promise};
use domain::resource::Tone;
use domain::services::ConnectionStatus;
use domain::{Millis, Region};
use leptos::prelude::*;
use std::collections::BTreeMap;

use super::SettingsFrame;
use super::api::connections;
use crate::api::Boot;
use crate::error::AppError;
use crate::overview::anything_changed;
use crate::ui::format::counted;
use crate::ui::{Age, Badge, Copy, Empty, Note, ProblemNote, Skeleton, now_or};
use crate::wire::ask;

/// `/settings/connections`
#[component]
pub fn ConnectionsPage() -> impl IntoView {
    let now = expect_context::<Boot>().now;
    let again = anything_changed(std::time::Duration::from_secs(1));
    let answer = ask(move || again.get(), |_| connections());
    let opened = StoredValue::new(Opened::new());
    view! {
        <SettingsFrame tab="connections">
            <p class="dim">
                "Connections are named in "<code>"gantry.toml"</code>" and read when Gantry starts; without the file, AWS credentials that are there make one. "<code>"gantry connections check"</code>
                " says on the command line what works."
            </p>
            <Transition fallback=|| view! { <Skeleton lines=8/> }>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(all) if all.is_empty() => view! {
                            <section class="card">
                                <Empty title="No connection"><p>"Add one to gantry.toml: a name, an account, its regions, and a profile or a role to assume."</p></Empty>
                            </section>
                        }
                        .into_any(),
                        // Ages are counted from the browser's clock once it ticks; new answers come while the page is open.
                        Ok(all) => all.into_iter().map(|c| one(c, now_or_untracked(now), opened)).collect_view().into_any(),
                        Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                    }
                })}
            </Transition>
        </SettingsFrame>
    }
}

fn now_or_untracked(now: Millis) -> Millis {
    untrack(|| now_or(now))
}

/// Whether there is something to mend.
fn fails(freshness: &Freshness) -> bool {
    freshness.troubles().any(|(_, problem)| !problem.is_calm())
}

/// "2 lists failing", "1 list not supported".
fn troubles<'a>(lists: impl Iterator<Item = &'a Freshness>) -> Vec<String> {
    let (bad, calm): (Vec<_>, Vec<_>) = lists.filter(|f| !f.is_well()).partition(|f| fails(f));
    [(bad.len(), "failing"), (calm.len(), "not supported")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, how)| format!("{} {how}", counted(n as i64, "list", "lists")))
        .collect()
}

/// The regions, by connection, that somebody opened or shut: they stay so when the page is drawn again.
type Opened = BTreeMap<(String, Region), bool>;

fn one(connection: ConnectionStatus, now: Millis, opened: StoredValue<Opened>) -> AnyView {
    let trouble = troubles(connection.freshness.iter());
    let (tone, words) = match trouble.as_slice() {
        [] => (Tone::Good, "works".to_owned()),
        all if connection.freshness.iter().any(fails) => (Tone::Bad, all.join(", ")),
        all => (Tone::Good, format!("works, {}", all.join(", "))),
    };
    let mut regions: Vec<Region> = connection.freshness.iter().map(|f| f.scope.region.clone()).collect();
    regions.sort();
    regions.dedup();
    let blocks = regions.iter().map(|region| {
        let mut lists: Vec<&Freshness> = connection.freshness.iter().filter(|f| f.scope.region == *region).collect();
        // Trouble first.
        lists.sort_by_key(|f| (f.is_well(), f.kind));
        let bad = lists.iter().any(|f| fails(f));
        let trouble = troubles(lists.iter().copied());
        let words = if trouble.is_empty() { "everything works".to_owned() } else { trouble.join(", ") };
        let rows = lists.into_iter().map(|f| row(f, now)).collect_view();
        let place = (connection.name.clone(), region.clone());
        let open = opened.with_value(|opened| opened.get(&place).copied()).unwrap_or(bad);
        let turn = move |_| {
            opened.update_value(|opened| {
                opened.insert(place.clone(), !opened.get(&place).copied().unwrap_or(open));
            });
        };
        view! {
            <details open=open>
                <summary on:click=turn>
                    <b>{region.to_string()}</b>" "
                    <span class="dim">{words}</span>
                </summary>
                <div class="list">{rows}</div>
            </details>
        }
    });
    let blocks = blocks.collect_view();
    view! {
        <section class="card">
            <header>
                <h2>{connection.name.clone()}</h2>
                <Badge tone=tone text=words/>
                {connection.sandbox.then(|| view! { <span class="badge plain">"sandbox"</span> })}
            </header>
            <dl class="pairs">
                <div><dt>"Account"</dt><dd><Copy text=connection.account.to_string()/></dd></div>
                <div><dt>"Credentials"</dt><dd>{connection.credentials.clone()}</dd></div>
                {connection.endpoint.clone().map(|e| view! { <div><dt>"Endpoint"</dt><dd><code>{e}</code></dd></div> })}
            </dl>
            <div class="in stack">
                {connection.long_lived.then(|| view! {
                    <Note tone=Tone::Warn>
                        <b>"Long-lived keys"</b>
                        <p>"They hold until somebody deletes them. Keys that expire come from a profile of IAM Identity Center, or from the role of the machine."</p>
                    </Note>
                })}
                {blocks}
            </div>
        </section>
    }
    .into_any()
}

fn row(freshness: &Freshness, now: Millis) -> AnyView {
    let kind = freshness.kind;
    let age = match freshness.complete {
        Some(at) => {
            let late = past_promise(kind, at, now);
            view! { <span class="data-age" class:late=late><Age at=at now=now after=" old"/></span> }.into_any()
        }
        None if freshness.failing.is_some() => {
            view! { <span class="data-age late">"never read completely"</span> }.into_any()
        }
        None => view! { <span class="data-age late">"never read"</span> }.into_any(),
    };
    let state = match (freshness.is_well(), freshness.running) {
        (false, _) if fails(freshness) => view! { <Badge tone=Tone::Bad text="failing"/> }.into_any(),
        (false, _) => view! { <Badge tone=Tone::Quiet text="not supported"/> }.into_any(),
        (true, true) => view! { <Badge tone=Tone::Busy text="reading"/> }.into_any(),
        (true, false) => view! { <Badge tone=Tone::Good text="works"/> }.into_any(),
    };
    let trouble = freshness.troubles().cloned().map(|(since, problem)| {
        view! {
            <div class="in">
                <p class="faint">"Since "<Age at=since now=now after=" ago"/></p>
                <ProblemNote problem=problem/>
            </div>
        }
    });
    let trouble = trouble.collect_view();
    view! { <div class="row"><span class="grow">{capital(kind.plural())}</span>{age}{state}</div>{trouble} }.into_any()
}
