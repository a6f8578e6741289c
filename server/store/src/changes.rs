//! LISTEN/NOTIFY: one message per batch that changed something, one per change of a collection, one per line in the journal of a run.

use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::runs::RUNS;
use crate::{Result, Store, problem};

/// Channel of versions.
pub(crate) const VERSIONS: &str = "gantry";
/// What that channel says when resources were deleted.
pub(crate) const PRUNED: &str = "pruned";
/// Channel of collections.
pub(crate) const COLLECTIONS: &str = "gantry_collections";

/// Something other servers, or this one, wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Resources changed; the store is at this version now.
    Version(i64),
    /// A collect of this kind (stem) began, ended or failed, or was asked for.
    Collection(String),
    /// The run with this id began or went on.
    Run(String),
    /// Resources that were gone for long were deleted: what is remembered of them should be, too.
    Pruned,
    /// The connection was lost and made again: anything may have happened.
    Again,
}

/// Hears what is written to the store.
#[derive(Debug)]
pub struct Changes(PgListener);

impl Store {
    /// Starts listening; everything committed from now on is heard.
    pub async fn changes(&self) -> Result<Changes> {
        // A pool of its own: closing the store must not wait for someone who listens for ever
        let own = PgPoolOptions::new().max_connections(1).connect_lazy_with((*self.work.connect_options()).clone());
        let mut listener = PgListener::connect_with(&own).await.map_err(problem::of)?;
        listener.listen_all([VERSIONS, COLLECTIONS, RUNS]).await.map_err(problem::of)?;
        Ok(Changes(listener))
    }
}

impl Changes {
    /// The next notice.
    ///
    /// # Errors
    /// [`domain::Code::Database`] while Postgres cannot be reached; call again.
    pub async fn next(&mut self) -> Result<Notice> {
        let Some(notification) = self.0.try_recv().await.map_err(problem::of)? else {
            return Ok(Notice::Again);
        };
        Ok(match notification.channel() {
            VERSIONS if notification.payload() == PRUNED => Notice::Pruned,
            VERSIONS => notification.payload().parse().map_or(Notice::Again, Notice::Version),
            RUNS => Notice::Run(notification.payload().to_owned()),
            _ => Notice::Collection(notification.payload().to_owned()),
        })
    }
}
