//! Single reads: what a list leaves open about resources (a function's state) is read one by one after the list, what people look at first.
//! One resource that AWS refuses waits, and the others go on. What AWS tells only by what it is within (a function's URLs) is read again when
//! that changes.

use domain::{Code, Problem, ResourceKey};
use futures::StreamExt;
use gantry_store::Store;
use gantry_store::batch::Source;
use gantry_store::collections::Lease;
use gantry_store::within::whole_of;
use std::sync::Arc;

use super::feed::StoreFeed;
use super::{Collector, schedule};
use crate::clock::now;
use crate::inventory::Visible;

/// Reads at once, per scope and kind.
const AT_ONCE: usize = 6;
/// Reads between two looks at what people see.
const CHUNK: usize = 24;

/// Makes single reads.
#[derive(Clone)]
pub struct FollowUp {
    store: Store,
    collector: Arc<dyn Collector>,
    visible: Visible,
}

impl FollowUp {
    /// Over these.
    pub fn new(store: Store, collector: Arc<dyn Collector>, visible: Visible) -> Self {
        Self { store, collector, visible }
    }

    /// Reads what is open of the lease's kind in its scope; answers whether something still is: it is under way in AWS, or new.
    ///
    /// # Errors
    /// What the next read would meet, too: the endpoint is away, asks for patience, takes no credentials; the lease or the store is lost.
    pub async fn run(&self, lease: &Lease) -> Result<bool, Problem> {
        if whole_of(lease.kind).is_some() {
            return self.within(lease).await;
        }
        let mut open = self.open(lease).await?;
        while !open.is_empty() {
            let shown = self.visible.first(&mut open);
            let rest = open.split_off(open.len().min(CHUNK));
            let reads = open
                .into_iter()
                .enumerate()
                .map(|(n, key)| async move { (self.read(lease, &key, n < shown).await, key) });
            let results: Vec<_> = futures::stream::iter(reads).buffer_unordered(AT_ONCE).collect().await;
            self.take(lease, results).await?;
            open = rest;
        }
        Ok(!self.open(lease).await?.is_empty())
    }

    /// Reads what of the lease's kind is within resources that changed; answers whether more of them did meanwhile.
    async fn within(&self, lease: &Lease) -> Result<bool, Problem> {
        // What appears is news: its list was complete before
        let lease = &Lease { initial: false, ..lease.clone() };
        let feed = StoreFeed::new(&self.store, lease);
        let mut open = self.store.within_due(&lease.scope, lease.kind).await?;
        while !open.is_empty() {
            let shown = self.visible.first(&mut open);
            let now_read = if shown > 0 { shown } else { open.len() };
            let rest = open.split_off(now_read.min(CHUNK));
            match self.collector.within(lease.kind, &open, shown > 0, &feed).await {
                Err(problem) if meets_all(&problem, false) => return Err(problem),
                Err(problem) => {
                    tracing::warn!(scope = %lease.scope, kind = %lease.kind, %problem, "sync: what is within some was refused");
                    self.store.asked_within(lease.fence, lease.kind, &open, now()).await?;
                }
                Ok(()) => {}
            }
            open = rest;
        }
        Ok(!self.store.within_due(&lease.scope, lease.kind).await?.is_empty())
    }

    async fn open(&self, lease: &Lease) -> Result<Vec<ResourceKey>, Problem> {
        let now = now();
        let before = schedule::read_before(lease.kind, now);
        self.store.unfetched(&lease.scope, lease.kind, before, now).await
    }

    async fn read(&self, lease: &Lease, key: &ResourceKey, awaited: bool) -> Result<(), Problem> {
        let began = now();
        match self.collector.fetch(key, awaited).await? {
            Some(observed) => {
                let source = Source::Single { began, fence: Some(lease.fence) };
                let withheld = gantry_aws::withheld(&observed);
                self.store.seen(source, &[observed], now()).await?;
                match withheld {
                    Some(problem) => self.store.withheld(lease.fence, key, &problem).await,
                    None => Ok(()),
                }
            }
            None => self.store.absent(lease.fence, key, began, now()).await.map(|_| ()),
        }
    }

    /// Has those wait that were refused.
    async fn take(&self, lease: &Lease, results: Vec<(Result<(), Problem>, ResourceKey)>) -> Result<(), Problem> {
        let answers = results.iter().any(|(result, _)| result.is_ok());
        let (mut end, mut refused) = (None, None);
        for (result, key) in results {
            let Err(problem) = result else { continue };
            if meets_all(&problem, answers) {
                end.get_or_insert(problem);
                continue;
            }
            tracing::debug!(%key, %problem, "sync: a single read was refused");
            let retry = |times| schedule::after_refusal(&lease.scope, lease.kind, times, now());
            self.store.refused(lease.fence, &key, &problem, retry).await?;
            refused.get_or_insert(problem);
        }
        if let Some(problem) = refused {
            tracing::warn!(scope = %lease.scope, kind = %lease.kind, %problem, "sync: single reads were refused");
        }
        end.map_or(Ok(()), Err)
    }
}

/// Whether the next read would meet this, too. `answers` says that AWS answered others: then it has a fault with this one only.
fn meets_all(problem: &Problem, answers: bool) -> bool {
    match problem.code {
        Code::AwsUnreachable => !answers,
        Code::Busy
        | Code::Conflict
        | Code::AwsThrottled
        | Code::AwsCredentials
        | Code::NotImplemented
        | Code::Database => true,
        Code::Invalid
        | Code::SignedOut
        | Code::ConfirmPassword
        | Code::Forbidden
        | Code::NotFound
        | Code::NotConnected
        | Code::TooLarge
        | Code::AwsDenied
        | Code::AwsRejected
        | Code::Internal => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_refused_is_no_reason_to_leave_the_others() {
        let meets = |code, answers| meets_all(&Problem::new(code, "", ""), answers);
        assert!(!meets(Code::AwsDenied, false) && !meets(Code::AwsRejected, true));
        assert!(meets(Code::AwsThrottled, true) && meets(Code::AwsCredentials, true));
        assert!(meets(Code::AwsUnreachable, false), "nobody is there");
        assert!(!meets(Code::AwsUnreachable, true), "somebody is there, who has a fault with one resource");
    }
}
