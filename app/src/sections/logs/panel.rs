//! What a log's panel knows, and how it asks for it: the last events, earlier ones, those that match a filter, new ones as they come.

use domain::stream::{SHOWN, Skipped, ToPage};
use domain::{Millis, Problem, ResourceKey};
use leptos::prelude::*;
use std::sync::Arc;
use std::time::Duration;

use super::window::{self, Lines};
use crate::live;
use crate::sections::telemetry::log;

/// New events of a filtered log are asked for so long after the first of them came.
const MATCHED: Duration = Duration::from_secs(1);

/// What one panel knows.
#[derive(Clone, Copy)]
pub struct Panel {
    /// The events shown, oldest first.
    pub events: RwSignal<Lines>,
    /// Its log group.
    pub group: RwSignal<String>,
    /// Why it could not be read.
    pub problem: RwSignal<Option<Problem>>,
    /// There is no such group: nothing has been written to it yet.
    pub absent: RwSignal<bool>,
    /// What came and is not among the events.
    pub skipped: RwSignal<Skipped>,
    /// Newer events had to go for earlier ones.
    pub moved: RwSignal<bool>,
    /// Nothing was found before the events.
    pub begins: RwSignal<bool>,
    /// Where the search stopped because it took long: nothing before this moment was searched.
    pub searched: RwSignal<Option<Millis>>,
    /// A question is on its way.
    pub searching: RwSignal<bool>,
    /// An answer came.
    pub asked: RwSignal<bool>,
    /// New events are shown as they come.
    pub following: RwSignal<bool>,
    /// What is asked by, as the address says it.
    pub filter: RwSignal<String>,
    /// JavaScript runs.
    pub alive: RwSignal<bool>,
    /// Counts the questions, so that a late answer to an old one is dropped.
    question: StoredValue<u32>,
    /// The question whose new events are being matched.
    matching: StoredValue<Option<u32>>,
    /// Something came since that was asked.
    unmatched: StoredValue<bool>,
}

impl Panel {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            events: RwSignal::new(vec![]),
            group: RwSignal::new(String::new()),
            problem: RwSignal::new(None),
            absent: RwSignal::new(false),
            skipped: RwSignal::new(Skipped::default()),
            moved: RwSignal::new(false),
            begins: RwSignal::new(false),
            searched: RwSignal::new(None),
            searching: RwSignal::new(false),
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
    pub fn ask(self, key: ResourceKey, before: Option<Millis>) {
        let filter = self.filter.get_untracked();
        self.question.update_value(|q| *q += 1);
        let question = self.question.get_value();
        let shown = self.events.get_untracked();
        self.searching.try_set(true);
        leptos::task::spawn_local(async move {
            let answer = log(key.clone(), filter, before).await;
            if self.question.try_get_value() != Some(question) {
                return;
            }
            self.asked.try_set(true);
            self.searching.try_set(false);
            match answer {
                Ok(page) => {
                    self.problem.try_set(None);
                    self.searched.try_set(page.searched);
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
        self.begins.try_set(found.is_empty() && self.searched.try_get_untracked() == Some(None));
        if self.events.try_update(|lines| window::prepend(lines, found)) == Some(true) {
            self.moved.try_set(true);
        }
    }

    /// Where the search stopped, while the lines reach back to there: of as many as a page shows the oldest may have gone, and are had again by
    /// going back from the first.
    pub fn stopped(self) -> Option<Millis> {
        self.searched.get().filter(|_| self.events.with(|lines| lines.len() < SHOWN))
    }

    /// Asks for what was before: on from where the search stopped, or before the first event.
    pub fn back(self, key: ResourceKey) {
        // Who reads what was is not to be carried off by what comes.
        self.following.set(false);
        // Including its millisecond: what came by itself may have begun in the middle of it.
        let first = self.events.with_untracked(|e| e.first().map(|e| Millis(e.at.0.saturating_add(1))));
        self.ask(key, untrack(|| self.stopped()).or(first));
    }

    /// Shows nothing until something else was asked for.
    pub fn clear(self) {
        self.events.set(vec![]);
        self.skipped.set(Skipped::default());
        self.moved.set(false);
        self.begins.set(false);
        self.searched.set(None);
    }

    /// Goes back to the newest events, and on with those that come unless nothing does.
    pub fn newest(self, key: ResourceKey, follow: bool) {
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
                    if self.problem.try_with_untracked(Option::is_some) == Some(true) {
                        // What was asked before may have got no answer.
                        self.searched.try_set(page.searched);
                    }
                    self.problem.try_set(None);
                    let found: Lines = page.events.into_iter().map(Arc::new).collect();
                    self.events.try_update(|lines| {
                        // More matched than one answer holds, or could be searched for: what lies between is had by going back from these.
                        if !lines.is_empty() && !found.is_empty() && !window::meet(lines, &found) {
                            lines.clear();
                            self.searched.try_set(page.searched);
                            if page.searched.is_none() {
                                self.skipped.try_update(|all| all.uncounted = true);
                            }
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
    pub fn listen(self, key: &ResourceKey) {
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
