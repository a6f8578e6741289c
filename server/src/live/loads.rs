//! CPU and memory of the services of a place, kept for a while: asking service by service costs money at AWS.

use domain::ecs::load::{MOST_ASKED, Measured};
use domain::{Kind, Problem, ResourceKey, Scope};
use gantry_aws::Connections;
use gantry_store::Store;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::telemetry::lock;
use super::totals::Kept;
use crate::clock::now;

/// Once in five minutes is enough, as for failing functions.
const LOADS_KEPT: Duration = Duration::from_secs(300);
/// A fleet that has just begun has its first numbers within a minute: nobody is to wait for them five times as long.
const NOTHING_KEPT: Duration = Duration::from_secs(50);

/// What the places said.
pub struct Loads {
    some: Mutex<Kept<Vec<Measured>>>,
    nothing: Mutex<Kept<Vec<Measured>>>,
}

impl Default for Loads {
    fn default() -> Self {
        let (some, nothing) = (Kept::for_each(LOADS_KEPT), Kept::for_each(NOTHING_KEPT));
        Self { some: Mutex::new(some), nothing: Mutex::new(nothing) }
    }
}

impl Loads {
    /// All services of a place, asked at most once in five minutes, or each minute while CloudWatch has no numbers of any;
    /// `None` when there are too many to ask.
    pub async fn read(
        &self,
        connections: &Connections,
        store: &Store,
        scope: &Scope,
        minutes: u32,
    ) -> Result<Option<Arc<Vec<Measured>>>, Problem> {
        for kept in [&self.some, &self.nothing] {
            if let Some(kept) = lock(kept).fresh(scope, minutes) {
                return Ok(Some(kept));
            }
        }
        let known = store.known(scope, Kind::Service).await?;
        if known.is_empty() {
            return Ok(Some(Arc::default()));
        }
        if known.len() > MOST_ASKED {
            return Ok(None);
        }
        let key = |id: String| ResourceKey { kind: Kind::Service, scope: scope.clone(), id };
        let mut keys: Vec<ResourceKey> = known.into_iter().map(key).collect();
        keys.sort();
        let make = move |caller: gantry_aws::Caller| async move {
            gantry_aws::service_loads(&caller, &keys, minutes, now()).await
        };
        let caller = connections.caller(scope).await?;
        let loads = caller.shared("cloudwatch:GetMetricData", &format!("services {minutes}"), make).await?;
        let nothing = loads.iter().all(|m| m.cpu.is_empty() && m.memory.is_empty());
        let kept = if nothing { &self.nothing } else { &self.some };
        lock(kept).keep(scope, minutes, loads.clone());
        Ok(Some(loads))
    }
}
