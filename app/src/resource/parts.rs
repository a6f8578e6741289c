//! Rows that open to their parts: an index to the image of each platform, an image to its signatures.

use domain::ResourceKey;
use domain::listing::{ListQuery, MAX_LIMIT, Parts, Row};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api;
use crate::asking::Asking;
use crate::error::AppError;
use crate::ui::format::counted;
use crate::ui::{Icon, icon};

/// Which rows of a list are open, and their parts as far as they have arrived.
#[derive(Clone, Copy)]
pub struct Opened {
    open: RwSignal<BTreeMap<ResourceKey, Vec<Arc<Row>>>>,
    problem: RwSignal<Option<AppError>>,
    asking: Asking<ResourceKey>,
}

impl Opened {
    /// None is; what goes wrong is put into `problem`.
    pub fn new(problem: RwSignal<Option<AppError>>) -> Self {
        Self { open: RwSignal::new(BTreeMap::new()), problem, asking: Asking::default() }
    }

    /// The parts of a row that is open. Reactive.
    pub fn parts(self, key: &ResourceKey) -> Vec<Arc<Row>> {
        self.open.with(|open| open.get(key).cloned().unwrap_or_default())
    }

    /// Asks again for the parts of all that is open.
    pub fn renew(self) {
        let keys = self.open.try_with_untracked(|open| open.keys().cloned().collect::<Vec<_>>());
        keys.into_iter().flatten().for_each(|key| self.load(key));
    }

    fn toggle(self, key: ResourceKey) {
        if self.open.try_update(|open| open.remove(&key)).flatten().is_none() {
            self.open.update(|open| {
                open.insert(key.clone(), vec![]);
            });
            self.load(key);
        }
    }

    fn load(self, key: ResourceKey) {
        self.asking.ask(key.clone(), move || {
            let key = key.clone();
            async move {
                let question =
                    ListQuery { parts: Parts::Of(key.clone()), limit: MAX_LIMIT, ..ListQuery::all(key.kind) };
                let answer = api::list(question).await;
                if let Err(error) = &answer {
                    self.problem.try_set(Some(error.clone()));
                }
                answer.map(|page| {
                    let rows = page.rows.into_iter().map(Arc::new).collect();
                    // It may have been closed in the meantime.
                    self.open.try_update(|open| open.get_mut(&key).map(|parts| *parts = rows));
                })
            }
        });
    }

    /// The button that opens a row, if it has parts.
    pub fn button(self, row: &Row) -> Option<AnyView> {
        if row.parts == 0 {
            return None;
        }
        let (key, shown) = (row.key.clone(), row.key.clone());
        let is_open = Signal::derive(move || self.open.with(|open| open.contains_key(&shown)));
        let label = format!("Parts of {}", row.name);
        let sign = move || icon(if is_open.get() { Icon::Down } else { Icon::Right });
        Some(
            view! {
                <button
                    class="row-open" r#type="button" title=counted(i64::from(row.parts), "part", "parts") aria-label=label
                    aria-expanded=move || is_open.get().to_string() on:click=move |_| self.toggle(key.clone())
                >
                    {sign}
                </button>
            }
            .into_any(),
        )
    }
}
