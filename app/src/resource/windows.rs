//! The windows of rows of a list that the browser has, asked for one at a time and again after each change.

use domain::Millis;
use domain::listing::{Facet, Freshness, ListQuery, Page, Row};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::query::FIRST_ROWS;
use crate::api;
use crate::asking::Asking;
use crate::error::AppError;

/// How far apart questions about rows that come into view are at least. Somebody who drags to the end passes all windows in a second or
/// two: asked for one by one they would be more than the server answers one person, and the last would wait for all others.
const PACE: Duration = Duration::from_millis(100);

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
    asking: Asking<u32>,
    /// The last questions about rows that came into view are less than [`PACE`] ago.
    pausing: StoredValue<bool>,
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
            asking: Asking::default(),
            pausing: StoredValue::new(false),
        }
    }

    /// The question for so many of the rows that match, from the first on; none where the list was left.
    pub fn all(self, limit: u32) -> Option<ListQuery> {
        self.query.try_get_value().map(|query| ListQuery { offset: 0, limit, ..query })
    }

    /// The windows that are looked at.
    fn seen(self) -> RangeInclusive<u32> {
        let (from, to) = self.range.try_get_untracked().unwrap_or_default();
        (from / FIRST_ROWS)..=(to.saturating_sub(1) / FIRST_ROWS)
    }

    /// Those and the ones beside them.
    fn near(self) -> RangeInclusive<u32> {
        let seen = self.seen();
        seen.start().saturating_sub(1)..=seen.end() + 1
    }

    /// Shows these rows, and asks for those of them that are neither here nor on their way; if none is missing, for those beside them,
    /// so that they are here before they are scrolled to.
    pub fn look_at(self, range: (u32, u32)) {
        self.range.set(range);
        if self.pausing.try_get_value() == Some(false) {
            self.ask_for_missing();
        }
    }

    fn ask_for_missing(self) {
        let exists = |window: &u32| window * FIRST_ROWS < self.matched.try_get_untracked().unwrap_or_default();
        let here = |window: &u32| self.rows.try_with_untracked(|w| w.contains_key(window)).unwrap_or(true);
        let missing = |window: &u32| exists(window) && !here(window) && !self.asking.is_under_way(window);
        let mut windows: Vec<u32> = self.seen().filter(missing).collect();
        if windows.is_empty() {
            windows = self.near().filter(missing).collect();
        }
        if windows.is_empty() {
            return;
        }
        windows.into_iter().for_each(|window| self.load(window));
        self.pausing.set_value(true);
        let asked_for = self.range.try_get_untracked();
        let end = move || {
            // Nothing if the list was left in the meantime. What was refused is asked for again once somebody has scrolled.
            let well = self.problem.try_with_untracked(Option::is_none) == Some(true);
            let moved = self.range.try_get_untracked() != asked_for;
            if self.pausing.try_set_value(false).is_none() && (well || moved) {
                self.ask_for_missing();
            }
        };
        set_timeout(end, PACE);
    }

    /// Asks again for what is looked at. Other windows are forgotten: they are asked for when they come into view.
    pub fn renew(self) {
        let seen = self.seen();
        if self.rows.try_update_untracked(|w| w.retain(|n, _| seen.contains(n))).is_some() {
            // What is on its way may be from before the change.
            let again = |window: &u32| seen.contains(window) || self.asking.is_under_way(window);
            self.near().filter(again).for_each(|window| self.load(window));
        }
    }

    fn load(self, window: u32) {
        self.asking.ask(window, move || async move {
            // It may have gone out of view, or the list been left, before it was asked again.
            let Some(query) = self.query.try_get_value().filter(|_| self.near().contains(&window)) else {
                return Ok(());
            };
            let question = ListQuery { offset: window * FIRST_ROWS, limit: FIRST_ROWS, ..query };
            let answer = api::list(question).await;
            if let Err(error) = &answer {
                self.problem.try_set(Some(error.clone()));
            }
            answer.map(|page| self.show(window, page))
        });
    }

    fn show(self, window: u32, page: Page) {
        put(self.total, page.total);
        put(self.matched, page.matched);
        put(self.facets, page.facets);
        put(self.freshness, page.freshness);
        self.now.try_set(page.now);
        self.rows.try_update(|w| w.insert(window, page.rows.into_iter().map(Arc::new).collect()));
        put(self.problem, None);
    }
}

/// Sets what differs only: each window brings the facets again, whose menus are not drawn again for it.
fn put<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    signal.try_maybe_update(|now| {
        let differs = *now != value;
        if differs {
            *now = value;
        }
        (differs, ())
    });
}
