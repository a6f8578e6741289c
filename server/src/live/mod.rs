//! What cannot be cached: change notices and followed logs for open pages ([`socket`]), log events and metrics on demand
//! ([`telemetry`]). Followed logs are read once per log group, however many pages follow ([`follow`]).

mod failing;
pub mod follow;
mod loads;
mod places;
pub mod socket;
pub mod telemetry;
mod totals;

use async_trait::async_trait;
use domain::stream::{MOST_PAGES, ToPage};
use domain::{Kind, Problem};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

use crate::seats::{Seat, Seats};
use follow::Follow;

/// Where change notices come from.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Notices from now on: [`ToPage::Changed`], [`ToPage::Freshness`], [`ToPage::Run`] and [`ToPage::Runs`].
    fn subscribe(&self) -> broadcast::Receiver<ToPage>;
    /// The version that pages show which are made now; 0 while nothing is known.
    fn version(&self) -> i64;
    /// What changed since a page's version, as [`ToPage::Changed`]; `None` when nothing did.
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    async fn since(&self, version: i64) -> Result<Option<ToPage>, Problem>;
    /// What was told in the last while.
    fn lately(&self, within: Duration, version: i64) -> Lately;
}

/// What was told in the last while.
#[derive(Debug, Default)]
pub struct Lately {
    /// Whether resources changed, of which [`Notices::since`] does not tell a page of that version.
    pub changed: bool,
    /// The kinds whose freshness changed.
    pub fresh: Vec<Kind>,
    /// Whether a run went on.
    pub runs: bool,
}

/// Everything open pages listen to.
pub struct Live {
    /// Change notices.
    pub notices: Arc<dyn Notices>,
    /// Followed logs.
    pub follow: Arc<Follow>,
    open: Seats,
}

impl Live {
    /// Over these sources.
    pub fn new(notices: Arc<dyn Notices>, follow: Arc<Follow>) -> Self {
        Self { notices, follow, open: Seats::new(MOST_PAGES) }
    }

    /// A seat for one more open page of this person; `None` when they have [`MOST_PAGES`].
    pub(crate) fn seat(&self, person: i64) -> Option<Seat> {
        self.open.take(person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Silence(broadcast::Sender<ToPage>);

    #[async_trait]
    impl Notices for Silence {
        fn subscribe(&self) -> broadcast::Receiver<ToPage> {
            self.0.subscribe()
        }
        fn version(&self) -> i64 {
            0
        }
        async fn since(&self, _: i64) -> Result<Option<ToPage>, Problem> {
            Ok(None)
        }
        fn lately(&self, _: Duration, _: i64) -> Lately {
            Lately::default()
        }
    }

    struct NoLog;

    #[async_trait]
    impl follow::Source for NoLog {
        async fn since(&self, _: &domain::ResourceKey, _: domain::Millis) -> Result<gantry_aws::LogEvents, Problem> {
            Ok(gantry_aws::LogEvents::default())
        }
    }

    #[test]
    fn a_person_has_twenty_seats_and_gets_them_back() {
        let live = Live::new(Arc::new(Silence(broadcast::channel(1).0)), Arc::new(Follow::new(Arc::new(NoLog))));
        let seats: Vec<_> = (0..MOST_PAGES).map(|_| live.seat(1).unwrap()).collect();
        assert!(live.seat(1).is_none() && live.seat(2).is_some());
        drop(seats);
        assert!(live.seat(1).is_some());
    }
}
