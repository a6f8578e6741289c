//! How far the first collect is: for whoever waits for a new installation to fill.

use gantry_store::collections::Collection;
use std::sync::Arc;
use std::time::Duration;

use crate::inventory::Memory;

/// (collections that were read at least once or cannot be, all collections).
pub fn of(collections: &[Collection]) -> (u64, u64) {
    let tried = collections.iter().filter(|c| c.freshness.complete.is_some() || c.freshness.failing.is_some());
    (tried.count() as u64, collections.len() as u64)
}

/// Calls back with each step of the first collect until every collection was tried once. Says nothing when that was so from the start.
pub async fn first_collect(memory: Arc<Memory>, report: impl Fn(u64, u64)) {
    let mut last = None;
    loop {
        let collections = memory.snapshot().collections.clone();
        let (done, total) = of(&collections);
        if total > 0 && last != Some(done) {
            if done < total || last.is_some() {
                report(done, total);
            }
            last = Some(done);
        }
        if total > 0 && done == total {
            return;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
