//! The windows of rows of a list that the browser has, asked for one at a time and again after each change.

use domain::Millis;
use domain::listing::{Facet, Freshness, ListQuery, Page, Row};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::query::FIRST_ROWS;
use crate::api;
use crate::error::AppError;
use crate::live::{AGAIN, Turns};

/// What is known of a list: its rows by window, and what the last answer said of the whole.
#[derive(Clone, Copy)]
pub struct Windows {
    /// Rows that match without filters.
    pub total: RwSignal<u32>,
    /// Rows that match.
    pub matched: RwSignal<u32>,
    /// Counts per filter.
    pub facets: RwSignal<Vec<Facet>>,
    /// One entry per scope.
    pub freshness: RwSignal<Vec<Freshness>>,
    /// The server's clock.
    pub now: RwSignal<Millis>,
    /// Why the last question was not answered.
    pub problem: RwSignal<Option<AppError>>,
    /// [`FIRST_ROWS`] rows each, by number.
    pub rows: RwSignal<BTreeMap<u32, Vec<Arc<Row>>>>,
    /// Rows that are looked at, the last excluded.
    pub range: RwSignal<(u32, u32)>,
    query: StoredValue<ListQuery>,
    turns: StoredValue<Turns<u32>>,
}

impl Windows {
    /// Begins with the answer to the first question.
    pub fn new(query: ListQuery, page: Page) -> Self {
        let start = query.offset;
        let first = page.rows.into_iter().map(Arc::new).collect();
        Self {
            total: RwSignal::new(page.total),
            matched: RwSignal::new(page.matched),
            facets: RwSignal::new(page.facets),
            freshness: RwSignal::new(page.freshness),
            now: RwSignal::new(page.now),
            problem: RwSignal::new(None),
            rows: RwSignal::new(BTreeMap::from([(start / FIRST_ROWS, first)])),
            range: RwSignal::new((start, start + FIRST_ROWS)),
            query: StoredValue::new(query),
            turns: StoredValue::default(),
        }
    }

    /// The windows that are looked at.
    fn seen(self) -> RangeInclusive<u32> {
        let (from, to) = self.range.try_get_untracked().unwrap_or_default();
        (from / FIRST_ROWS)..=(to.saturating_sub(1) / FIRST_ROWS)
    }

    /// Shows these rows, and asks for those of them that are not here.
    pub fn look_at(self, range: (u32, u32)) {
        self.range.set(range);
        for window in self.seen() {
            let missing = self.rows.with_untracked(|w| !w.contains_key(&window));
            if missing && window * FIRST_ROWS < self.matched.get_untracked() {
                self.load(window);
            }
        }
    }

    /// Asks again for what is looked at. Other windows are forgotten: they are asked for when they come into view.
    pub fn renew(self) {
        let seen = self.seen();
        if self.rows.try_update_untracked(|w| w.retain(|n, _| seen.contains(n))).is_some() {
            seen.for_each(|window| self.load(window));
        }
    }

    fn load(self, window: u32) {
        if self.turns.try_update_value(|t| t.take(window)) != Some(true) {
            return;
        }
        let question = ListQuery { offset: window * FIRST_ROWS, limit: FIRST_ROWS, ..self.query.get_value() };
        spawn_local(async move {
            let answer = api::list(question).await;
            // The list may have been left in the meantime.
            let Some(once_more) = self.turns.try_update_value(|t| t.done(window)) else { return };
            let refused = answer.as_ref().is_err_and(|AppError(problem)| problem.retryable());
            match answer {
                Ok(page) => self.show(window, page),
                Err(error) => {
                    self.problem.try_set(Some(error));
                }
            }
            if refused {
                set_timeout(move || self.load_if_seen(window), AGAIN);
            } else if once_more {
                self.load_if_seen(window);
            }
        });
    }

    fn load_if_seen(self, window: u32) {
        if self.seen().contains(&window) {
            self.load(window);
        }
    }

    fn show(self, window: u32, page: Page) {
        self.total.try_set(page.total);
        self.matched.try_set(page.matched);
        self.facets.try_update(|f| {
            if *f != page.facets {
                *f = page.facets
            }
        });
        self.freshness.try_set(page.freshness);
        self.now.try_set(page.now);
        self.rows.try_update(|w| w.insert(window, page.rows.into_iter().map(Arc::new).collect()));
        self.problem.try_update(|p| {
            if p.is_some() {
                *p = None
            }
        });
    }
}
