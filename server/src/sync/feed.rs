//! What a collector delivers goes to the store under the collect's lease.

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Kind, Millis, Problem, ResourceKey};
use gantry_aws::Feed;
use gantry_store::Store;
use gantry_store::batch::Source;
use gantry_store::collections::Lease;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::clock::now;

/// Rows of one transaction: small enough not to hold others up.
const BATCH: usize = 500;

/// Delivers to the store.
pub struct StoreFeed<'a> {
    store: &'a Store,
    lease: &'a Lease,
    whole: AtomicBool,
    covers: Mutex<Option<Millis>>,
}

impl<'a> StoreFeed<'a> {
    /// For one collect.
    pub fn new(store: &'a Store, lease: &'a Lease) -> Self {
        Self { store, lease, whole: AtomicBool::new(false), covers: Mutex::new(Some(lease.started)) }
    }

    /// Since when everything of the kind was read, if the collect ends well; none where nothing more can be said than before it.
    pub fn covered(&self) -> Option<Millis> {
        *self.covers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether everything of the kind was listed: what fails after that concerns single resources.
    pub fn whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Feed for StoreFeed<'_> {
    async fn seen(&self, batch: Vec<Observed>) -> Result<(), Problem> {
        let Lease { fence, initial, started, .. } = *self.lease;
        let source = Source::List { fence, initial, began: started };
        for part in batch.chunks(BATCH) {
            self.store.seen(source, part, now()).await?;
        }
        Ok(())
    }

    async fn complete(&self, kind: Kind, parent: Option<&ResourceKey>) -> Result<(), Problem> {
        self.store.complete(self.lease.fence, &self.lease.scope, kind, parent, self.lease.started, now()).await?;
        if kind == self.lease.kind && parent.is_none() {
            self.whole.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn complete_of(&self, kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        let Lease { fence, scope, started, .. } = self.lease;
        self.store.complete_of(*fence, scope, kind, &ids, *started, now()).await.map(|_| ())
    }

    async fn known(&self, kind: Kind) -> Result<HashSet<String>, Problem> {
        self.store.known_as_read_now(&self.lease.scope, kind).await
    }

    async fn named(&self, by: &[Kind], prefix: &str) -> Result<HashSet<String>, Problem> {
        self.store.named(&self.lease.scope, by, prefix).await
    }

    async fn said(&self, kind: Kind, field: &str) -> Result<HashMap<String, String>, Problem> {
        self.store.said(&self.lease.scope, kind, field).await
    }

    async fn left(&self) -> Result<Value, Problem> {
        self.store.left(self.lease.fence).await
    }

    async fn leave(&self, place: Value) -> Result<(), Problem> {
        self.store.leave(self.lease.fence, &place).await
    }

    fn began(&self) -> Millis {
        self.lease.started
    }

    fn covers(&self, since: Option<Millis>) {
        *self.covers.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    async fn still(&self, kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        self.store.still(self.lease.fence, &self.lease.scope, kind, &ids, now()).await
    }

    async fn again(&self, kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        // What has an impossible id was left out of what is stored.
        let keys = ids.into_iter().filter_map(|id| ResourceKey::new(kind, self.lease.scope.clone(), id).ok());
        self.store.reread(&keys.collect::<Vec<_>>()).await
    }
}
