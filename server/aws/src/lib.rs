//! The only code that knows the AWS SDK. It turns AWS's answers into [`domain::resource::Observed`] documents and its errors into
//! [`domain::Problem`]s ([`problem`]), through clients made per connection and region ([`clients`]) and limiters per quota bucket ([`limits`]).
//!
//! A service's calls are in the module with its endpoint prefix. Start at [`collect`].

use async_trait::async_trait;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::HashSet;

/// Where a collector delivers what it reads, and what it may ask about what is already known.
///
/// Implemented by the server over the store; every delivery is checked against the lease's fencing number there.
#[async_trait]
pub trait Feed: Send + Sync {
    /// These exist. Delivered page by page, as soon as a page is read.
    async fn seen(&self, batch: Vec<Observed>) -> Result<(), Problem>;
    /// Everything of this kind that exists was delivered since the collect began: within the parent if one is given, else in the whole scope.
    /// Only said after the last page arrived without an error: what was not delivered is gone.
    async fn complete(&self, kind: Kind, parent: Option<&ResourceKey>) -> Result<(), Problem>;
    /// Ids of this kind in this scope that are known and not gone, so that what never changes is fetched once.
    async fn known(&self, kind: Kind) -> Result<HashSet<String>, Problem>;
}
