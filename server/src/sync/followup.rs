//! What a list leaves open about a resource (a function's state) is read one by one after the list, what people look at first.

use domain::{Kind, Millis, Problem, ResourceKey, Scope};
use futures::StreamExt;
use gantry_store::Store;
use gantry_store::batch::Source;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::Collector;
use crate::clock::now;
use crate::inventory::Visible;

/// A single read this old is made again: tags change without a new revision.
const OLD: i64 = 30 * 60_000;
/// Reads at once, per scope and kind.
const AT_ONCE: usize = 6;
/// Reads between two looks at what people see.
const CHUNK: usize = 24;

/// Runs single reads; at most one run per scope and kind.
#[derive(Clone)]
pub struct FollowUp {
    store: Store,
    collector: Arc<dyn Collector>,
    visible: Visible,
    running: Arc<Mutex<HashSet<(Scope, Kind)>>>,
}

impl FollowUp {
    /// Over these.
    pub fn new(store: Store, collector: Arc<dyn Collector>, visible: Visible) -> Self {
        Self { store, collector, visible, running: Arc::default() }
    }

    /// Reads what is open of this kind in this scope; returns at once when that is under way. Trouble ends it, the next list begins it again.
    pub async fn run(&self, scope: &Scope, kind: Kind) {
        let place = (scope.clone(), kind);
        let lock = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !lock().insert(place.clone()) {
            return;
        }
        if let Err(problem) = self.read_all(scope, kind).await {
            tracing::warn!(%scope, %kind, %problem, "sync: single reads ended early");
        }
        lock().remove(&place);
    }

    async fn read_all(&self, scope: &Scope, kind: Kind) -> Result<(), Problem> {
        let mut open = self.store.unfetched(scope, kind, Millis(now().0 - OLD)).await?;
        while !open.is_empty() {
            self.visible.first(&mut open);
            let rest = open.split_off(open.len().min(CHUNK));
            let reads = futures::stream::iter(open.into_iter().map(|key| self.read(key))).buffer_unordered(AT_ONCE);
            let results: Vec<Result<(), Problem>> = reads.collect().await;
            // one that AWS refuses is no reason to leave the others; an endpoint that does not answer is
            if let Some(problem) = results
                .into_iter()
                .filter_map(Result::err)
                .find(|p| p.retryable() || p.code == domain::Code::NotImplemented)
            {
                return Err(problem);
            }
            open = rest;
        }
        Ok(())
    }

    async fn read(&self, key: ResourceKey) -> Result<(), Problem> {
        let began = now();
        let read = self.collector.fetch(&key).await;
        match read {
            Ok(Some(observed)) => self.store.seen(Source::Single { began }, &[observed], now()).await.map(|_| ()),
            Ok(None) => self.store.absent(&key, began, now()).await.map(|_| ()),
            Err(problem) => {
                tracing::debug!(%key, %problem, "sync: a single read failed");
                Err(problem)
            }
        }
    }
}
