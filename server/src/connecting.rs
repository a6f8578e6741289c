//! How the connections become known to all parts of a server: at the start, or later where AWS has to say first whose the credentials are
//! that happen to be there. Until then nothing is said of what is wanted, so nothing that is collected already rests.

use async_trait::async_trait;
use domain::services::{ConnectionStatus, Instance};
use domain::{Problem, Region};
use gantry_aws::{ConnectionConfig, Connections};
use gantry_store::Store;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;

use crate::connections::Source;
use crate::{servers, sync};

/// The pause before AWS is asked for the second time; each after it is twice as long.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What pages know of the connections.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<RwLock<State>>);

#[derive(Debug, Default)]
struct State {
    connections: Arc<Vec<ConnectionStatus>>,
    awaited: Option<Problem>,
}

impl Known {
    /// The connections as configured, their freshness left empty.
    pub fn connections(&self) -> Arc<Vec<ConnectionStatus>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).connections.clone()
    }

    /// Why they are not known yet.
    pub fn awaited(&self) -> Option<Problem> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).awaited.clone()
    }

    /// They are known.
    pub fn tell(&self, connections: Vec<ConnectionStatus>) {
        let known = State { connections: Arc::new(connections), awaited: None };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// They are not known yet, for this reason.
    pub fn wait(&self, mut problem: Problem) {
        let message = problem.message.trim_end();
        problem.message = format!(
            "Without a gantry.toml, AWS credentials that are there make the connection. {message} Gantry tries again by itself within a minute."
        );
        self.0.write().unwrap_or_else(PoisonError::into_inner).awaited = Some(problem);
    }
}

/// Says which connections there are.
#[async_trait]
pub trait Ask: Send + Sync {
    /// The connections, or why they are not known.
    async fn ask(&self) -> Result<Vec<ConnectionConfig>, Problem>;
}

#[async_trait]
impl Ask for Source {
    async fn ask(&self) -> Result<Vec<ConnectionConfig>, Problem> {
        self.read().await
    }
}

/// All that has to hear of the connections.
pub struct Connecting {
    /// Where it is said what is wanted.
    pub store: Store,
    /// What this server is called there.
    pub name: String,
    /// What calls go through.
    pub connections: Connections,
    /// What pages show.
    pub known: Known,
    /// The facts about this installation.
    pub instance: watch::Sender<Arc<Instance>>,
}

impl Connecting {
    /// Over a server that knows no connection yet, called by this name on its database.
    pub fn new(store: Store, name: String, connections: Connections, password_min: usize) -> Self {
        let (instance, _) = watch::channel(Arc::new(instance(&connections, password_min)));
        Self { store, name, connections, known: Known::default(), instance }
    }

    /// Asks for the connections and tells everybody; answers whether they are known now.
    ///
    /// # Errors
    /// When they cannot work, [`domain::Code::Database`].
    pub async fn begin(&self, ask: &dyn Ask) -> Result<bool, Problem> {
        match ask.ask().await {
            Ok(configs) => {
                self.connections.know(configs)?;
                self.tell().await.map(|()| true)
            }
            Err(problem) => {
                tracing::warn!(%problem, "no connection yet: AWS credentials are looked for again and again");
                self.known.wait(problem);
                Ok(false)
            }
        }
    }

    /// Tells everybody of the connections, which are known.
    async fn tell(&self) -> Result<(), Problem> {
        self.known.tell(sync::aws::statuses(&self.connections).await);
        let password_min = self.instance.borrow().password_min;
        self.instance.send_replace(Arc::new(instance(&self.connections, password_min)));
        servers::join(&self.store, &self.name, &self.connections).await
    }

    /// Goes on asking until the connections are known, then on saying that this server lives.
    pub async fn stay(self, known: bool, ask: impl Ask) {
        if !known {
            self.ask_again(&ask, PAUSE).await;
        }
        servers::stay(self.store, self.name, self.connections).await;
    }

    async fn ask_again(&self, ask: &dyn Ask, mut pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            // Without connections that work nothing is said yet: it would be that nothing is wanted.
            match ask.ask().await.and_then(|configs| self.connections.know(configs)) {
                Ok(()) => {
                    match self.tell().await {
                        Ok(()) => tracing::info!("AWS has said whose the credentials are: collecting begins"),
                        // Said again with the next sign of life.
                        Err(problem) => tracing::warn!(%problem, "what is wanted could not be stored yet"),
                    }
                    return;
                }
                Err(problem) => {
                    tracing::debug!(%problem, "no connection yet");
                    self.known.wait(problem);
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// What every page shows about this installation.
fn instance(connections: &Connections, password_min: usize) -> Instance {
    let mut accounts: Vec<_> = connections.configs().map(|c| (c.account.clone(), c.name.clone())).collect();
    accounts.sort();
    accounts.dedup_by(|a, b| a.0 == b.0);
    let regions: BTreeSet<Region> = connections.configs().flat_map(|c| c.regions.iter().cloned()).collect();
    Instance {
        sandbox: connections.configs().any(|c| c.sandbox),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        accounts,
        regions: regions.into_iter().collect(),
        password_min,
    }
}

#[cfg(test)]
#[path = "connecting_tests.rs"]
mod tests;
