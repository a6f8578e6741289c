//! The servers on one database: each says that it lives and what it wants collected, so that nothing rests that a live one wants, and they
//! divide AWS's quotas between them.

use domain::{Kind, Millis, Problem, Scope};
use gantry_aws::Connections;
use gantry_store::Store;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::clock::now;
use crate::sync;

/// How often a server says that it lives.
const BEAT: Duration = Duration::from_secs(5);
/// A server that said nothing for so many milliseconds is dead: as long as a lease lasts.
const DEAD: i64 = 30_000;

/// At this moment, a server that has said nothing since the moment answered is dead.
pub fn dead(at: Millis) -> Millis {
    Millis(at.0 - DEAD)
}

/// A name that no other server has.
pub fn name() -> String {
    format!("{}-{:x}", std::process::id(), RandomState::new().hash_one(now()))
}

/// Says once that this server lives and wants collected what its connections lead to.
///
/// # Errors
/// [`domain::Code::Conflict`] when the servers on this database make digests with another key, [`domain::Code::Database`].
pub async fn join(store: &Store, name: &str, connections: &Connections) -> Result<(), Problem> {
    let mut servers = beat(store, name, &connections.digest_key(), &sync::aws::wanted(connections)).await?;
    // The sandbox has no quotas.
    servers.retain(|scope, _| !connections.configs().any(|c| c.sandbox && c.account == scope.account));
    connections.divide(servers);
    Ok(())
}

/// Goes on saying so.
pub async fn stay(store: Store, name: String, connections: Connections) {
    loop {
        tokio::time::sleep(BEAT).await;
        if let Err(problem) = join(&store, &name, &connections).await {
            tracing::warn!(%problem, "it could not be said that this server lives; tried again soon");
        }
    }
}

async fn beat(
    store: &Store,
    name: &str,
    digest_key: &[u8],
    wanted: &[(Scope, Kind)],
) -> Result<HashMap<Scope, u32>, Problem> {
    let beat = |at: Millis| store.beat(name, at, dead(at));
    if let Some(servers) = beat(now()).await? {
        return Ok(servers);
    }
    // New here, or counted as dead while it could not say anything.
    store.want(name, digest_key, wanted, now()).await?;
    Ok(beat(now()).await?.unwrap_or_default())
}
