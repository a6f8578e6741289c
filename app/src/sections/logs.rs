//! The log of a function or log group: the last events, earlier ones on demand, new ones as they come.

mod panel;
mod window;

use domain::{Kind, Millis, ResourceKey};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_query_map};
use std::borrow::Cow;

use self::panel::Panel;
use crate::paths;
use crate::ui::{LogView, Navigate, ProblemNote, moment};

/// In milliseconds, as charts count.
const MINUTE: i64 = 60_000;

/// The log of a resource. `tools` adds filter, pause and earlier events.
pub fn log_card(key: &ResourceKey, title: &'static str, tools: bool) -> AnyView {
    card(key, title, tools, false)
}

/// The log of something that writes no more.
pub fn past_log_card(key: &ResourceKey, title: &'static str) -> AnyView {
    card(key, title, true, true)
}

fn card(key: &ResourceKey, title: &'static str, tools: bool, past: bool) -> AnyView {
    let panel = Panel::new();
    if !past {
        panel.listen(key);
    }
    // Only in the browser: the page must not wait for AWS.
    let first = key.clone();
    // A chart leads to the log as it was in a minute: up to its end.
    let map = use_query_map();
    let at = Memo::new(move |_| {
        let at = map.with(|m| m.get_str("at").and_then(|at| at.parse::<i64>().ok()));
        at.filter(|_| tools).map(Millis)
    });
    let end = |at: Millis| Millis(at.0.saturating_add(MINUTE));
    let wanted = Memo::new(move |_| map.with(|m| m.get("filter")).filter(|_| tools).unwrap_or_default());
    panel.filter.set(wanted.get_untracked());
    let again = key.clone();
    Effect::new(move |before: Option<String>| {
        let wanted = wanted.get();
        if before.is_some_and(|before| before != wanted) {
            panel.filter.set(wanted.clone());
            panel.clear();
            panel.asked.set(false);
            let until = at.get_untracked().filter(|_| !panel.following.get_untracked()).map(end);
            panel.ask(again.clone(), until);
        }
        wanted
    });
    Effect::new(move || {
        panel.alive.set(true);
        let until = at.get().map(end);
        panel.following.set(until.is_none() && !past);
        panel.clear();
        panel.ask(first.clone(), until);
    });
    let state = move || {
        if !panel.asked.get() {
            view! { <span class="badge quiet">"asking AWS"</span> }.into_any()
        } else if panel.problem.get().is_some() {
            view! { <span class="badge bad">"not following"</span> }.into_any()
        } else if panel.following.get() {
            view! { <span class="badge good">"following"</span> }.into_any()
        } else if past {
            view! { <span class="badge quiet">"ended"</span> }.into_any()
        } else {
            let at = at.get().map(|at| format!(" at {}", moment(at)));
            view! { <span class="badge quiet">"paused"{at}</span> }.into_any()
        }
    };
    let bar = tools.then(|| toolbar(panel, key.clone(), past));
    let (kind, back, on) = (key.kind, key.clone(), key.clone());
    let newest = move |_: leptos::ev::MouseEvent| panel.newest(back.clone(), !past);
    let go_on = move |_: leptos::ev::MouseEvent| panel.back(on.clone());
    let empty = Signal::derive(move || match (panel.asked.get(), past) {
        (false, _) if panel.alive.get() => "Reading the log from AWS…".to_owned(),
        (false, _) => "Reading the log from AWS. This needs JavaScript.".to_owned(),
        // What is there is not known; the problem stands above.
        (true, _) if panel.problem.with(Option::is_some) => String::new(),
        (true, _) if panel.absent.get() => nothing_yet(kind, &panel.group.get()),
        (true, _) if panel.stopped().is_some() => "Nothing found so far.".to_owned(),
        (true, _) if panel.filter.with(|f| !f.is_empty()) => "No event matches the filter.".to_owned(),
        (true, false) => "No events in the log yet: they appear here when it runs.".to_owned(),
        (true, true) => "It wrote nothing that CloudWatch still has.".to_owned(),
    });
    view! {
        <section class="card">
            <header><h2>{title}</h2>{state}<span class="right mono">{move || panel.group.get()}</span></header>
            {bar}
            {move || panel.problem.get().map(|p| view! { <div class="in"><ProblemNote problem=p/></div> })}
            <LogView events=panel.events follow=panel.following minute=at empty=empty/>
            <div class="in-note dim" role="status">{move || notes(panel)}</div>
            <Show when=move || tools && panel.stopped().is_some()>
                <div class="in-note">
                    <button class="btn small" r#type="button" disabled=move || panel.searching.get() on:click=go_on.clone()>
                        {move || if panel.searching.get() { "Searching…" } else { "Go on" }}
                    </button>
                </div>
            </Show>
            <Show when=move || panel.moved.get()>
                <div class="in-note">
                    <button class="btn small" r#type="button" on:click=newest.clone()>"Back to the newest events"</button>
                </div>
            </Show>
        </section>
    }
    .into_any()
}

/// What to say where AWS has no such group: it makes that of a function with its first event, and of a container mostly, too.
fn nothing_yet(kind: Kind, group: &str) -> String {
    match kind {
        Kind::Function => format!("No logs yet: the function has not run, or its log group {group} was deleted."),
        _ => format!("No logs yet: nothing has been written to {group}, or it was deleted."),
    }
}

/// What the lines do not show.
fn notes(panel: Panel) -> Option<String> {
    let begins = || panel.begins.get() && panel.events.with(|lines| !lines.is_empty());
    let begins = begins().then(|| "There are no events in the two weeks before these.".to_owned());
    let moved = panel.moved.get().then(|| "Newer events are not shown.".to_owned());
    window::left_out(panel.skipped.get()).or(panel.stopped().map(unsearched)).or(begins).or(moved)
}

/// That the search stopped. What it says in whole seconds was searched.
fn unsearched(searched: Millis) -> String {
    let second = moment(Millis(searched.0.saturating_add(999)));
    format!("Searched back to {second}; what is older was not searched yet.")
}

fn toolbar(panel: Panel, key: ResourceKey, past: bool) -> AnyView {
    let (filtered, resumed) = (key.clone(), key.clone());
    let typed = RwSignal::new(panel.filter.get_untracked());
    Effect::new(move |before: Option<()>| {
        let filter = panel.filter.get();
        if before.is_some() {
            typed.set(filter);
        }
    });
    // A filtered log has an address to be sent to somebody.
    let (map, path) = (use_query_map(), use_location().pathname);
    let navigate = Navigate::here();
    let narrow = move |filter: &str| {
        let href = format!("{}{}", path.get_untracked(), narrowed(map.get_untracked(), filter));
        let options = NavigateOptions { scroll: false, ..NavigateOptions::default() };
        navigate.to(&href, options);
    };
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let filter = typed.get_untracked().trim().to_owned();
        match filter == panel.filter.get_untracked() {
            true => panel.ask(filtered.clone(), None),
            false => narrow(&filter),
        }
    };
    let clear = move |_: leptos::ev::MouseEvent| narrow("");
    let toggle = move |_| match panel.following.get_untracked() {
        true => panel.following.set(false),
        false => panel.newest(resumed.clone(), true),
    };
    let earlier = move |_| panel.back(key.clone());
    view! {
        <div class="in filters">
            <form class="inline" on:submit=search>
                <label class="input">
                    <input name="pattern" aria-label="Filter pattern" autocomplete="off" maxlength="200" placeholder="Filter: ERROR, \"timed out\" …" bind:value=typed/>
                </label>
                <button class="btn" r#type="submit">"Filter"</button>
                <Show when=move || panel.filter.with(|f| !f.is_empty())>
                    <button class="btn quiet" r#type="button" on:click=clear>"Clear"</button>
                </Show>
            </form>
            {(!past).then(|| view! {
                <button class="btn" r#type="button" on:click=toggle>
                    {move || if panel.following.get() { "Pause" } else { "Follow" }}
                </button>
            })}
            <Show when=move || panel.events.with(|lines| !lines.is_empty())>
                <button class="btn quiet" r#type="button" on:click=earlier.clone()>"Earlier events"</button>
            </Show>
        </div>
    }
    .into_any()
}

/// The query of the page with this filter of its log.
fn narrowed(query: impl IntoIterator<Item = (Cow<'static, str>, String)>, filter: &str) -> String {
    let rest = query.into_iter().filter(|(name, _)| name != "filter");
    let rest = rest.map(|(name, value)| format!("{}={}", paths::encode(&name), paths::encode(&value)));
    let own = (!filter.is_empty()).then(|| format!("filter={}", paths::encode(filter)));
    let query = rest.chain(own).collect::<Vec<_>>().join("&");
    if query.is_empty() { query } else { format!("?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_search_stopped_is_said_in_seconds_that_were_searched() {
        let said = |searched| unsearched(Millis(951_782_400_000_i64 + searched));
        assert!(said(0).starts_with("Searched back to 2000-02-29 00:00:00 UTC;"));
        assert_eq!([said(1), said(1_000)], [said(1_000), said(1_000)]);
    }

    #[test]
    fn a_filter_stands_in_the_address_once() {
        let query = || [(Cow::from("tab"), "logs".to_owned()), (Cow::from("filter"), "old".to_owned())];
        assert_eq!(narrowed(query(), "timed out"), "?tab=logs&filter=timed%20out");
        assert_eq!(narrowed(query(), ""), "?tab=logs");
        assert_eq!(narrowed([], "a&b"), "?filter=a%26b");
        assert_eq!(narrowed([], ""), "");
    }
}
