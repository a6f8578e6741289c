//! Keeps the store as fresh as each kind promises: what is due ([`schedule`]) is claimed under a lease ([`pool`]), read from AWS by a
//! [`Collector`] and delivered to the store ([`feed`]). What lists leave open is read one by one, what people look at first ([`followup`]),
//! under leases of its own. Any number of servers share the work through them; nothing is collected twice.

pub mod aws;
pub mod feed;
pub mod followup;
pub mod pool;
pub mod progress;
pub mod schedule;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey, Scope};
use gantry_aws::Feed;
use std::time::Duration;

/// Reads AWS. Implemented by [`aws::Aws`]; tests use their own.
#[async_trait]
pub trait Collector: Send + Sync + 'static {
    /// Reads everything of a kind in a scope and delivers it page by page; see [`gantry_aws::collect`].
    async fn collect(&self, scope: &Scope, kind: Kind, feed: &dyn Feed) -> Result<(), Problem>;
    /// Reads one resource afresh; `None` when AWS says that it does not exist. What is `awaited` by somebody who looks at it goes before
    /// what is collected.
    async fn fetch(&self, key: &ResourceKey, awaited: bool) -> Result<Option<Observed>, Problem>;
    /// Reads what of this kind is within these resources of a scope and delivers it; see [`gantry_aws::within`]. What is `awaited` goes first.
    async fn within(&self, kind: Kind, wholes: &[ResourceKey], awaited: bool, feed: &dyn Feed) -> Result<(), Problem>;
    /// The longest pause between two collects of this place, where it may be asked more often than AWS.
    fn longest_pause(&self, _: &Scope) -> Option<Duration> {
        None
    }
}
