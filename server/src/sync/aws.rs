//! The collector of real endpoints, and what the configured connections ask to be collected.

use async_trait::async_trait;
use domain::resource::Observed;
use domain::services::ConnectionStatus;
use domain::{Kind, Problem, ResourceKey, Scope};
use gantry_aws::{ConnectionConfig, Connections, Feed};
use std::collections::BTreeSet;
use std::time::Duration;

use super::Collector;

/// Reads through these connections.
#[derive(Clone)]
pub struct Aws(pub Connections);

#[async_trait]
impl Collector for Aws {
    async fn collect(&self, scope: &Scope, kind: Kind, feed: &dyn Feed) -> Result<(), Problem> {
        gantry_aws::collect(&self.0.caller(scope).await?.last(), kind, feed).await
    }
    async fn fetch(&self, key: &ResourceKey, awaited: bool) -> Result<Option<Observed>, Problem> {
        let caller = self.0.caller(&key.scope).await?;
        gantry_aws::fetch(&if awaited { caller } else { caller.last() }, key).await
    }
    async fn within(&self, kind: Kind, wholes: &[ResourceKey], awaited: bool, feed: &dyn Feed) -> Result<(), Problem> {
        let Some(first) = wholes.first() else { return Ok(()) };
        let caller = self.0.caller(&first.scope).await?;
        gantry_aws::within(&if awaited { caller } else { caller.last() }, kind, wholes, feed).await
    }
    /// The sandbox has no quotas, and who tries something out in it wants to see it.
    fn longest_pause(&self, scope: &Scope) -> Option<Duration> {
        let sandbox = self.0.configs().any(|c| c.sandbox && c.account == scope.account);
        sandbox.then_some(Duration::from_secs(45))
    }
}

/// Every kind in every region of every connection where AWS has it; what has no region once per account.
pub fn wanted(connections: &Connections) -> Vec<(Scope, Kind)> {
    let mut wanted = BTreeSet::new();
    for connection in connections.configs() {
        for region in &connection.regions {
            let scope = Scope::new(connection.account.clone(), region.clone());
            for scope in [scope.global(), scope] {
                wanted.extend(Kind::ALL.iter().filter(|k| k.is_in(&scope.region)).map(|k| (scope.clone(), *k)));
            }
        }
    }
    wanted.into_iter().collect()
}

/// The connections as pages show them, their freshness to be filled in.
pub async fn statuses(connections: &Connections) -> Vec<ConnectionStatus> {
    futures::future::join_all(connections.configs().map(|c| status(connections, c))).await
}

async fn status(connections: &Connections, c: &ConnectionConfig) -> ConnectionStatus {
    ConnectionStatus {
        name: c.name.clone(),
        account: c.account.clone(),
        regions: c.regions.clone(),
        credentials: c.credentials(),
        long_lived: !c.sandbox && connections.long_lived(&c.name).await == Some(true),
        endpoint: c.endpoint_url.clone(),
        sandbox: c.sandbox,
        freshness: vec![],
    }
}
