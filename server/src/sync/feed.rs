//! What a collector delivers goes to the store under the collect's lease.

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use gantry_aws::Feed;
use gantry_store::Store;
use gantry_store::collections::Lease;
use gantry_store::batch::Source;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::inventory::now;

/// Rows of one transaction: small enough not to hold others up.
const BATCH: usize = 500;

/// Delivers to the store.
pub struct StoreFeed<'a> {
    store: &'a Store,
    lease: &'a Lease,
    /// Kinds that were asked for with [`Feed::known`], and whether [`Feed::still`] followed.
    asked: Mutex<HashMap<Kind, bool>>,
}

impl<'a> StoreFeed<'a> {
    /// For one collect.
    pub fn new(store: &'a Store, lease: &'a Lease) -> Self {
        Self { store, lease, asked: Mutex::default() }
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, HashMap<Kind, bool>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Feed for StoreFeed<'_> {
    async fn seen(&self, batch: Vec<Observed>) -> Result<(), Problem> {
        let source = Source::List { fence: self.lease.fence, initial: self.lease.initial };
        for part in batch.chunks(BATCH) {
            self.store.seen(source, part, now()).await?;
        }
        Ok(())
    }

    async fn complete(&self, kind: Kind, parent: Option<&ResourceKey>) -> Result<(), Problem> {
        // A collector that skips what is known has to say that it is still there; without that word nothing is known to be gone
        if kind.immutable() && self.asked().get(&kind) == Some(&false) {
            tracing::warn!(%kind, "sync: the collector did not say which known ones are still listed; none is taken for gone");
            return Ok(());
        }
        self.store.complete(self.lease.fence, &self.lease.scope, kind, parent, self.lease.started, now()).await?;
        Ok(())
    }

    async fn known(&self, kind: Kind) -> Result<HashSet<String>, Problem> {
        let known = self.store.known(&self.lease.scope, kind).await?;
        // with nothing known there is nothing to confirm
        self.asked().insert(kind, known.is_empty());
        Ok(known)
    }

    async fn still(&self, kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        self.asked().insert(kind, true);
        self.store.still(self.lease.fence, &self.lease.scope, kind, &ids, now()).await
    }
}
