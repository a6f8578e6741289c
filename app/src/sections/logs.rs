//! The log of a function or log group: the last events, earlier ones on demand, new ones as they come.

use domain::stream::{LogEvent, ToPage};
use domain::{Code, Millis, Problem, ResourceKey};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_query_map};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::telemetry::log;
use crate::ui::{LogView, Navigate, ProblemNote, moment};
use crate::{live, paths};

/// More than so many events are not kept on a page; the oldest go first.
const KEPT: usize = 2000;

/// New events of a filtered log are asked for so long after the first of them came.
const MATCHED: Duration = Duration::from_secs(1);

/// What one panel knows.
#[derive(Clone, Copy)]
struct Panel {
    events: RwSignal<Vec<Arc<LogEvent>>>,
    group: RwSignal<String>,
    problem: RwSignal<Option<Problem>>,
    /// The group that does not exist: nothing has been written to it yet.
    missing: RwSignal<Option<String>>,
    asked: RwSignal<bool>,
    following: RwSignal<bool>,
    /// What is asked by, as the address says it.
    filter: RwSignal<String>,
    /// JavaScript runs.
    alive: RwSignal<bool>,
    /// Counts the questions, so that a late answer to an old one is dropped.
    question: StoredValue<u32>,
}

impl Panel {
    fn new() -> Self {
        Self {
            events: RwSignal::new(vec![]),
            group: RwSignal::new(String::new()),
            problem: RwSignal::new(None),
            missing: RwSignal::new(None),
            asked: RwSignal::new(false),
            following: RwSignal::new(true),
            filter: RwSignal::new(String::new()),
            alive: RwSignal::new(false),
            question: StoredValue::new(0),
        }
    }

    /// Asks for the last events, or for those before a moment.
    fn ask(self, key: ResourceKey, before: Option<Millis>) {
        let filter = self.filter.get_untracked();
        self.question.update_value(|q| *q += 1);
        let question = self.question.get_value();
        let shown = self.events.get_untracked();
        leptos::task::spawn_local(async move {
            let answer = log(key, filter, before).await;
            if self.question.try_get_value() != Some(question) {
                return;
            }
            self.asked.try_set(true);
            match answer {
                Ok(page) => {
                    self.trouble(None);
                    self.group.try_set(page.group);
                    let found = page.events.into_iter().map(Arc::new).collect();
                    if before.is_none() {
                        self.events.try_update(|events| renew(events, &shown, found));
                    } else {
                        self.add(found);
                    }
                }
                Err(e) => self.trouble(Some(e.0)),
            }
        });
    }

    /// AWS makes the group of a function with its first event, so that there is none is no problem.
    fn trouble(self, problem: Option<Problem>) {
        let missing = problem.as_ref().filter(|p| p.code == Code::NotFound && p.operation.is_some());
        let missing = missing.and_then(|p| p.resource.clone());
        self.problem.try_set(problem.filter(|_| missing.is_none()));
        self.missing.try_set(missing);
    }

    /// Adds events, each once, in the order of time.
    fn add(self, new: Vec<Arc<LogEvent>>) {
        self.events.try_update(|events| merge(events, new));
    }

    /// Asks which of the latest events match the filter, and adds them. Says nothing where something else was asked for meanwhile.
    fn match_new(self, key: ResourceKey) {
        let Some(filter) = self.filter.try_get_untracked() else { return };
        let question = self.question.try_get_value();
        leptos::task::spawn_local(async move {
            let answer = log(key, filter, None).await;
            if self.question.try_get_value() != question {
                return;
            }
            match answer {
                Ok(page) => self.add(page.events.into_iter().map(Arc::new).collect()),
                Err(e) => self.trouble(Some(e.0)),
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
        live::gather(MATCHED, new, move || self.match_new(asked.clone()));
        live::listen(move |message| match message {
            ToPage::Log { key, events } if *key == mine && follows() && !filtered() => {
                self.trouble(None);
                self.asked.try_set(true);
                self.add(events.iter().cloned().map(Arc::new).collect());
            }
            ToPage::LogProblem { key, problem } if *key == mine => {
                self.trouble(Some(problem.clone()));
            }
            _ => {}
        });
        live::follow_log(key.clone());
    }
}

/// Shows an answer in place of what was `shown` when it was asked for. What came by itself meanwhile stays: the answer may be older,
/// and nobody tells it again.
fn renew(events: &mut Vec<Arc<LogEvent>>, shown: &[Arc<LogEvent>], found: Vec<Arc<LogEvent>>) {
    let shown: HashSet<*const LogEvent> = shown.iter().map(Arc::as_ptr).collect();
    events.retain(|e| !shown.contains(&Arc::as_ptr(e)));
    merge(events, found);
}

/// Adds events, each once, in the order of time; the oldest go when there are too many.
fn merge(events: &mut Vec<Arc<LogEvent>>, new: Vec<Arc<LogEvent>>) {
    events.extend(new);
    // Lines of the same millisecond stay as they came: START stands before END.
    events.sort_by_key(|e| e.at);
    let mut known = HashSet::new();
    events.retain(|e| known.insert((e.at, e.id.clone())));
    if events.len() > KEPT {
        events.drain(..events.len() - KEPT);
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
    // A chart leads to the log as it was at a moment: up to the end of that minute.
    let map = use_query_map();
    let at = Memo::new(move |_| {
        let at = map.with(|m| m.get_str("at").and_then(|at| at.parse::<i64>().ok()));
        at.filter(|_| tools).map(|at| Millis(at.saturating_add(60_000)))
    });
    let wanted = Memo::new(move |_| map.with(|m| m.get("filter")).filter(|_| tools).unwrap_or_default());
    panel.filter.set(wanted.get_untracked());
    let again = key.clone();
    Effect::new(move |before: Option<String>| {
        let wanted = wanted.get();
        if before.is_some_and(|before| before != wanted) {
            panel.filter.set(wanted.clone());
            panel.events.set(vec![]);
            panel.asked.set(false);
            let until = at.get_untracked().filter(|_| !panel.following.get_untracked());
            panel.ask(again.clone(), until);
        }
        wanted
    });
    Effect::new(move || {
        panel.alive.set(true);
        let until = at.get();
        panel.following.set(until.is_none() && !past);
        panel.events.set(vec![]);
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
            let until = at.get().map(|until| format!(" at {}", moment(until)));
            view! { <span class="badge quiet">"paused"{until}</span> }.into_any()
        }
    };
    let bar = tools.then(|| toolbar(panel, key.clone(), past));
    let empty = Signal::derive(move || match (panel.asked.get(), past) {
        (false, _) if panel.alive.get() => "Reading the log from AWS…".to_owned(),
        (false, _) => "Reading the log from AWS. This needs JavaScript.".to_owned(),
        (true, _) if panel.missing.with(Option::is_some) => {
            let group = panel.missing.get().unwrap_or_default();
            format!("AWS has no log group {group}. It appears with the first event, unless it was deleted.")
        }
        (true, _) if panel.filter.with(|f| !f.is_empty()) => "No event matches the filter.".to_owned(),
        (true, false) => "No events in the log yet: they appear here when it runs.".to_owned(),
        (true, true) => "It wrote nothing that CloudWatch still has.".to_owned(),
    });
    view! {
        <section class="card">
            <header><h2>{title}</h2>{state}<span class="right mono">{move || panel.group.get()}</span></header>
            {bar}
            {move || panel.problem.get().map(|p| view! { <div class="in"><ProblemNote problem=p/></div> })}
            <LogView events=panel.events follow=panel.following empty=empty/>
        </section>
    }
    .into_any()
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
    let toggle = move |_| {
        panel.following.update(|on| *on = !*on);
        if panel.following.get_untracked() {
            panel.ask(resumed.clone(), None);
        }
    };
    let earlier = move |_| {
        let first = panel.events.with_untracked(|e| e.first().map(|e| e.at));
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
            <button class="btn quiet" r#type="button" on:click=earlier disabled=move || panel.events.with(Vec::is_empty)>"Earlier events"</button>
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

    fn event(at: i64, id: &str) -> Arc<LogEvent> {
        Arc::new(LogEvent { id: id.to_owned(), at: Millis(at), stream: String::new(), message: id.to_owned() })
    }

    #[test]
    fn events_are_shown_once_and_in_order() {
        let mut events = vec![event(2, "b")];
        merge(&mut events, vec![event(2, "b"), event(1, "z"), event(1, "a"), event(2, "c")]);
        assert_eq!(events.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["z", "a", "b", "c"]);
        merge(&mut events, (0..KEPT as i64 + 5).map(|i| event(10 + i, "x")).collect());
        assert_eq!(events.len(), KEPT);
    }

    #[test]
    fn an_answer_that_comes_late_hides_nothing_that_came_by_itself() {
        let mut events = vec![event(1, "shown before")];
        let shown = events.clone();
        // The log is followed while the answer, which is from before these, is on its way.
        merge(&mut events, vec![event(5, "START"), event(6, "END")]);
        renew(&mut events, &shown, vec![event(2, "found")]);
        assert_eq!(events.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["found", "START", "END"]);
    }
}
