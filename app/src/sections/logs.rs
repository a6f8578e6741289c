//! The log of a function or log group: the last events, earlier ones on demand, new ones as they come.

mod window;

use domain::stream::{Skipped, ToPage};
use domain::{Kind, Millis, Problem, ResourceKey};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_query_map};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use self::window::Lines;
use super::telemetry::log;
use crate::ui::{LogView, Navigate, ProblemNote, moment};
use crate::{live, paths};

/// New events of a filtered log are asked for so long after the first of them came.
const MATCHED: Duration = Duration::from_secs(1);

/// In milliseconds, as charts count.
const MINUTE: i64 = 60_000;

/// What one panel knows.
#[derive(Clone, Copy)]
struct Panel {
    events: RwSignal<Lines>,
    group: RwSignal<String>,
    problem: RwSignal<Option<Problem>>,
    /// There is no such group: nothing has been written to it yet.
    absent: RwSignal<bool>,
    /// What came and is not among the events.
    skipped: RwSignal<Skipped>,
    /// Newer events had to go for earlier ones.
    moved: RwSignal<bool>,
    /// Nothing was found before the events.
    begins: RwSignal<bool>,
    asked: RwSignal<bool>,
    following: RwSignal<bool>,
    /// What is asked by, as the address says it.
    filter: RwSignal<String>,
    /// JavaScript runs.
    alive: RwSignal<bool>,
    /// Counts the questions, so that a late answer to an old one is dropped.
    question: StoredValue<u32>,
    /// The question whose new events are being matched.
    matching: StoredValue<Option<u32>>,
    /// Something came since that was asked.
    unmatched: StoredValue<bool>,
}

impl Panel {
    fn new() -> Self {
        Self {
            events: RwSignal::new(vec![]),
            group: RwSignal::new(String::new()),
            problem: RwSignal::new(None),
            absent: RwSignal::new(false),
            skipped: RwSignal::new(Skipped::default()),
            moved: RwSignal::new(false),
            begins: RwSignal::new(false),
            asked: RwSignal::new(false),
            following: RwSignal::new(true),
            filter: RwSignal::new(String::new()),
            alive: RwSignal::new(false),
            question: StoredValue::new(0),
            matching: StoredValue::new(None),
            unmatched: StoredValue::new(false),
        }
    }

    /// Asks for the last events, or for those before a moment.
    fn ask(self, key: ResourceKey, before: Option<Millis>) {
        let filter = self.filter.get_untracked();
        self.question.update_value(|q| *q += 1);
        let question = self.question.get_value();
        let shown = self.events.get_untracked();
        leptos::task::spawn_local(async move {
            let answer = log(key.clone(), filter, before).await;
            if self.question.try_get_value() != Some(question) {
                return;
            }
            self.asked.try_set(true);
            match answer {
                Ok(page) => {
                    self.problem.try_set(None);
                    self.group.try_set(page.group);
                    self.absent.try_set(page.absent);
                    self.skipped.try_set(Skipped::default());
                    let found: Lines = page.events.into_iter().map(Arc::new).collect();
                    match before {
                        None => {
                            self.moved.try_set(false);
                            self.begins.try_set(false);
                            self.events.try_update(|lines| window::renew(lines, &shown, found));
                        }
                        Some(before) => self.earlier(key, before, found),
                    }
                }
                Err(e) => {
                    self.problem.try_set(Some(e.0));
                }
            }
        });
    }

    /// Adds what was found before a moment.
    fn earlier(self, key: ResourceKey, before: Millis, found: Lines) {
        let known = self.events.try_with_untracked(|lines| window::holds(lines, &found));
        if known == Some(true) && !found.is_empty() {
            // That was only what is there of its first millisecond.
            return self.ask(key, Some(Millis(before.0 - 1)));
        }
        self.begins.try_set(found.is_empty());
        if self.events.try_update(|lines| window::prepend(lines, found)) == Some(true) {
            self.moved.try_set(true);
        }
    }

    /// Shows nothing until something else was asked for.
    fn clear(self) {
        self.events.set(vec![]);
        self.skipped.set(Skipped::default());
        self.moved.set(false);
        self.begins.set(false);
    }

    /// Goes back to the newest events, and on with those that come unless nothing does.
    fn newest(self, key: ResourceKey, follow: bool) {
        self.following.set(follow);
        self.ask(key, None);
    }

    /// Asks which of the latest events match the filter, and adds them. Says nothing where something else was asked for meanwhile. A search
    /// may take longer than lines take to come, so one is asked at a time.
    fn match_new(self, key: ResourceKey) {
        let Some(filter) = self.filter.try_get_untracked() else { return };
        let Some(question) = self.question.try_get_value() else { return };
        if self.matching.try_get_value() == Some(Some(question)) {
            self.unmatched.try_set_value(true);
            return;
        }
        self.matching.try_set_value(Some(question));
        self.unmatched.try_set_value(false);
        leptos::task::spawn_local(async move {
            let answer = log(key.clone(), filter, None).await;
            if self.question.try_get_value() != Some(question) {
                return;
            }
            self.matching.try_set_value(None);
            match answer {
                Ok(page) => {
                    self.problem.try_set(None);
                    let found: Lines = page.events.into_iter().map(Arc::new).collect();
                    self.events.try_update(|lines| {
                        // More matched than one answer holds: what lies between is had by going back from these.
                        if !lines.is_empty() && !found.is_empty() && !window::meet(lines, &found) {
                            lines.clear();
                            self.skipped.try_update(|all| all.uncounted = true);
                        }
                        window::append(lines, found);
                    });
                    let followed = self.following.try_get_untracked() == Some(true);
                    if followed && self.unmatched.try_get_value() == Some(true) {
                        self.match_new(key);
                    }
                }
                Err(e) => {
                    self.problem.try_set(Some(e.0));
                }
            }
        });
    }

    /// Takes new events as they come. Which of them match a filter is for AWS to say: its patterns are a language of their own.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
    fn listen(self, key: &ResourceKey) {
        let follows = move || self.following.try_get_untracked() == Some(true);
        let filtered = move || self.filter.try_with_untracked(|filter| !filter.is_empty()) == Some(true);
        let (mine, own) = (key.clone(), key.clone());
        let new = move |message: &ToPage| {
            matches!(message, ToPage::Log { key, .. } if *key == own) && follows() && filtered()
        };
        let asked = key.clone();
        live::gather(MATCHED, new, move || {
            if follows() && filtered() {
                self.match_new(asked.clone());
            }
        });
        live::listen(move |message| match message {
            ToPage::Log { key, events, skipped } if *key == mine && follows() && !filtered() => {
                if events.is_empty() {
                    // Something was missed, or may have been.
                    return self.ask(key.clone(), None);
                }
                self.problem.try_set(None);
                self.absent.try_set(false);
                self.asked.try_set(true);
                self.skipped.try_update(|all| *all = all.and(*skipped));
                let new = events.iter().cloned().map(Arc::new).collect();
                self.events.try_update(|lines| window::append(lines, new));
            }
            // Whoever looks at what was keeps it; that the log can be read again is news all the same.
            ToPage::Log { key, .. } if *key == mine => {
                self.problem.try_set(None);
            }
            ToPage::LogProblem { key, problem } if *key == mine => {
                self.problem.try_set(Some(problem.clone()));
            }
            _ => {}
        });
        live::follow_log(key.clone());
        self.catch_up(key.clone());
    }

    /// Asks for the newest events when the connection was broken: what came meanwhile is not told.
    fn catch_up(self, key: ResourceKey) {
        live::reopened(move || {
            if self.following.get_untracked() {
                self.ask(key.clone(), None);
            }
        });
    }
}

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
    let (kind, back) = (key.kind, key.clone());
    let newest = move |_: leptos::ev::MouseEvent| panel.newest(back.clone(), !past);
    let empty = Signal::derive(move || match (panel.asked.get(), past) {
        (false, _) if panel.alive.get() => "Reading the log from AWS…".to_owned(),
        (false, _) => "Reading the log from AWS. This needs JavaScript.".to_owned(),
        // What is there is not known; the problem stands above.
        (true, _) if panel.problem.with(Option::is_some) => String::new(),
        (true, _) if panel.absent.get() => nothing_yet(kind, &panel.group.get()),
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
    window::left_out(panel.skipped.get()).or(begins).or(moved)
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
    let earlier = move |_| {
        // Who reads what was is not to be carried off by what comes.
        panel.following.set(false);
        // Including its millisecond: what came by itself may have begun in the middle of it.
        let first = panel.events.with_untracked(|e| e.first().map(|e| Millis(e.at.0.saturating_add(1))));
        panel.ask(key.clone(), first);
    };
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
    fn a_filter_stands_in_the_address_once() {
        let query = || [(Cow::from("tab"), "logs".to_owned()), (Cow::from("filter"), "old".to_owned())];
        assert_eq!(narrowed(query(), "timed out"), "?tab=logs&filter=timed%20out");
        assert_eq!(narrowed(query(), ""), "?tab=logs");
        assert_eq!(narrowed([], "a&b"), "?filter=a%26b");
        assert_eq!(narrowed([], ""), "");
    }
}
