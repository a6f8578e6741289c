//! The workers: claim what is due, collect it under a lease that is renewed while it runs, say when it is due again.

use domain::{Code, Millis, Problem, Scope};
use gantry_store::Store;
use gantry_store::collections::{Lease, Part};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::feed::StoreFeed;
use super::followup::FollowUp;
use super::{Collector, schedule};
use crate::clock::now;
use crate::inventory::Visible;

/// How much at once, and how long a lease lasts.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Lists read at once.
    pub at_once: usize,
    /// Lists read at once in one account and region.
    pub per_scope: usize,
    /// Kinds in accounts and regions whose resources are read one by one at once. They hold up no list.
    pub singles: usize,
    /// How long a lease lasts without being renewed.
    pub lease: Duration,
    /// How often it is renewed.
    pub heartbeat: Duration,
    /// The pause before looking again when nothing is due.
    pub idle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            at_once: 12,
            per_scope: 4,
            singles: 48,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            idle: Duration::from_millis(300),
        }
    }
}

/// Collects for this server.
pub struct Pool {
    store: Store,
    collector: Arc<dyn Collector>,
    follow_up: FollowUp,
    owner: String,
    settings: Settings,
}

impl Pool {
    /// Over this store, reading through this collector what the server of this name wants ([`Store::want`]).
    pub fn new(
        owner: String,
        store: Store,
        collector: Arc<dyn Collector>,
        visible: Visible,
        settings: Settings,
    ) -> Self {
        let follow_up = FollowUp::new(store.clone(), collector.clone(), visible);
        Self { store, collector, follow_up, owner, settings }
    }

    /// Works until `stop` becomes true (or its sender is dropped), then gives its leases back.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let pool = Arc::new(self);
        futures::future::join(pool.work(Part::List, stop.clone()), pool.work(Part::Singles, stop)).await;
        if let Err(problem) = pool.store.release(&pool.owner).await {
            tracing::warn!(%problem, "sync: leases could not be given back; they end by themselves");
        }
    }

    async fn work(self: &Arc<Self>, part: Part, mut stop: watch::Receiver<bool>) {
        let at_once = match part {
            Part::List => self.settings.at_once,
            Part::Singles => self.settings.singles,
        };
        let mut running: JoinSet<Scope> = JoinSet::new();
        let mut per_scope: HashMap<Scope, usize> = HashMap::new();
        while !*stop.borrow() {
            let claimed = match running.len() < at_once {
                true => self.claim(part, &per_scope).await,
                false => None,
            };
            if let Some(lease) = claimed {
                *per_scope.entry(lease.scope.clone()).or_default() += 1;
                let pool = self.clone();
                running.spawn(async move {
                    pool.collect(&lease).await;
                    lease.scope
                });
                continue;
            }
            tokio::select! {
                Some(done) = running.join_next() => match done {
                    Ok(scope) => {
                        if let Some(count) = per_scope.get_mut(&scope) {
                            *count -= 1;
                        }
                    }
                    Err(error) => {
                        // Its scope is unknown, so count again from what still runs: nothing, at worst
                        tracing::error!(%error, "sync: a collect ended with a fault of Gantry");
                        per_scope.clear();
                    }
                },
                () = tokio::time::sleep(self.settings.idle) => {}
                changed = stop.changed() => if changed.is_err() { break },
            }
        }
        running.shutdown().await;
    }

    async fn claim(&self, part: Part, per_scope: &HashMap<Scope, usize>) -> Option<Lease> {
        let busy: Vec<Scope> = per_scope
            .iter()
            .filter(|(_, count)| **count >= self.settings.per_scope)
            .map(|(scope, _)| scope.clone())
            .collect();
        let began = now();
        // A database that is away was logged where it was met; what is due stays due
        let claimed = match part {
            Part::List => self.store.claim(&self.owner, &busy, began, self.until(began)).await,
            Part::Singles => self.store.claim_singles(&self.owner, &busy, began, self.until(began)).await,
        };
        claimed.ok().flatten()
    }

    fn until(&self, from: Millis) -> Millis {
        Millis(from.0 + i64::try_from(self.settings.lease.as_millis()).unwrap_or(30_000))
    }

    async fn collect(&self, lease: &Lease) {
        let feed = StoreFeed::new(&self.store, lease);
        let result = tokio::select! {
            result = self.read(lease, &feed) => result,
            problem = self.keep(lease) => Err(problem),
        };
        let ended = now();
        let stored = match result {
            Ok(under_way) => {
                let due = match under_way {
                    true => schedule::soon(ended),
                    false => schedule::after_success(&lease.scope, lease.kind, ended),
                };
                let longest = self.collector.longest_pause(&lease.scope);
                let longest = longest.and_then(|pause| i64::try_from(pause.as_millis()).ok());
                let due = longest.map_or(due, |pause| Millis(due.0.min(ended.0 + pause)));
                self.store.finish_covering(lease, feed.covered(), ended, due).await
            }
            // taken over: the new owner says how it ends
            Err(problem) if problem.code == Code::Conflict => Err(problem),
            Err(problem) => {
                let due = match problem.code {
                    // AWS itself answered the list: a place beside it may be out of reach for long.
                    Code::AwsUnreachable if feed.whole() => schedule::after_success(&lease.scope, lease.kind, ended),
                    _ => schedule::after_failure(&lease.scope, lease.kind, lease.failures + 1, &problem, ended),
                };
                tracing::warn!(scope = %lease.scope, kind = %lease.kind, part = ?lease.part, %problem, failures = lease.failures + 1, "sync: a collect failed");
                self.store.fail(lease, &problem, feed.whole(), ended, due).await
            }
        };
        if let Err(problem) = stored {
            tracing::warn!(scope = %lease.scope, kind = %lease.kind, %problem, "sync: the end of a collect was not stored");
        }
    }

    /// Reads what the lease is for; answers whether some of it is under way in AWS.
    async fn read(&self, lease: &Lease, feed: &StoreFeed<'_>) -> Result<bool, Problem> {
        match lease.part {
            Part::List => self.collector.collect(&lease.scope, lease.kind, feed).await.map(|()| false),
            Part::Singles => self.follow_up.run(lease).await,
        }
    }

    /// Renews the lease until it is lost.
    async fn keep(&self, lease: &Lease) -> Problem {
        loop {
            tokio::time::sleep(self.settings.heartbeat).await;
            match self.store.renew(lease.fence, self.until(now())).await {
                Ok(true) => {}
                Ok(false) => {
                    return Problem::new(
                        Code::Conflict,
                        "Collected elsewhere",
                        "Another server took over this collect.",
                    );
                }
                Err(problem) => tracing::warn!(%problem, kind = %lease.kind, "sync: a lease could not be renewed"),
            }
        }
    }
}
