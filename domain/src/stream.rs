//! What flows without being asked for: messages between an open page and the server over one WebSocket (`/live`).
//!
//! The page says which version of the store it has; the server answers with what came since and then with each change.
//! After a reconnect the page says its version again, so nothing is missed.

use serde::{Deserialize, Serialize};

use crate::identity::ResourceKey;
use crate::kind::Kind;
use crate::problem::Problem;
use crate::time::Millis;

/// From an open page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromPage {
    /// Send what changed since this version (0: only from now on). What was told just before, while the page was on its way, is told again
    /// where that has no version: freshness, what Gantry makes of what is stored, and to a page without a version that anything changed.
    /// There is an answer in any case, to the first of a connection: with another that is closed, for making one counts as a request.
    Since {
        /// The version the page has.
        version: i64,
    },
    /// Follow the log of this function or log group from now on.
    FollowLog {
        /// The function or log group.
        key: ResourceKey,
    },
    /// Stop following.
    UnfollowLog {
        /// The function or log group.
        key: ResourceKey,
    },
}

/// To an open page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToPage {
    /// These changed; pages that show them ask again for just those.
    Changed {
        /// The store's version after these changes; 0 when only what Gantry makes of it has changed, as with time.
        version: i64,
        /// Which resources; empty with `kinds` set when there are too many to name (more than 200).
        keys: Vec<ResourceKey>,
        /// Their kinds, each once.
        kinds: Vec<Kind>,
    },
    /// A collect began, ended or failed: ages on the page may be redrawn.
    Freshness {
        /// The kinds whose freshness changed; none where that only says that the page is heard.
        kinds: Vec<Kind>,
    },
    /// A run began or went on: pages that show it ask again.
    Run {
        /// Its id.
        id: String,
    },
    /// Any run may have begun or gone on while nothing was told: pages that show one ask again.
    Runs,
    /// New events of a followed log.
    Log {
        /// The function or log group as asked for.
        key: ResourceKey,
        /// The events, oldest first; none where the page was too slow to be told all that came, or where the log could not be read for a while
        /// and can be again: it asks for the newest events.
        events: Vec<LogEvent>,
        /// What came between those told before and these.
        skipped: Skipped,
    },
    /// Following failed; it goes on trying unless the problem is final.
    LogProblem {
        /// The function or log group as asked for.
        key: ResourceKey,
        /// Why.
        problem: Problem,
    },
    /// The session ended: show the sign-in over the page.
    SignedOut,
}

/// The most pages that a person may have open and listening. One more is told so by [`FULL`].
pub const MOST_PAGES: usize = 20;
/// The code that closes the WebSocket of a page beyond [`MOST_PAGES`]: of those that are an application's own.
/// <https://developer.mozilla.org/en-US/docs/Web/API/CloseEvent/code>
pub const FULL: u16 = 4029;

impl ToPage {
    /// Whether a page that shows runs asks again.
    pub fn is_of_runs(&self) -> bool {
        matches!(self, Self::Run { .. } | Self::Runs)
    }
    /// Whether a page that shows this run asks again.
    pub fn is_of_run(&self, shown: &str) -> bool {
        matches!(self, Self::Run { id } if id == shown) || *self == Self::Runs
    }
}

/// The most events of a log that a page shows, and that it is told at once.
pub const SHOWN: usize = 2_000;

/// New events of a followed log that pages were not told, because more came than they show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// There are more than were counted.
    pub uncounted: bool,
}

impl Skipped {
    /// Nothing was left out.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), uncounted: self.uncounted || other.uncounted }
    }
}

/// The latest of these events, which are sorted by time: so many, and what else came in the millisecond of the oldest of them. Who asks
/// for those before it then misses none.
pub fn latest(mut events: Vec<LogEvent>, limit: usize) -> Vec<LogEvent> {
    let oldest = events.len().checked_sub(limit).and_then(|n| events.get(n)).map(|event| event.at);
    let Some(oldest) = oldest else { return events };
    let first = events.partition_point(|event| event.at < oldest);
    events.split_off(first)
}

/// One event of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogEvent {
    /// CloudWatch's id, unique within the group.
    pub id: String,
    /// When it happened.
    pub at: Millis,
    /// The log stream.
    pub stream: String,
    /// The text as written: untrusted.
    pub message: String,
}

/// Events of a log, oldest first. Those before them are had by asking for what was before the moment of the first, or before `searched` where
/// that is said: an answer holds all events of that millisecond.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogPage {
    /// The events.
    pub events: Vec<LogEvent>,
    /// The log groups read, separated by commas.
    pub group: String,
    /// None of its log groups exists: AWS makes that of a function with its first event. It may also have been deleted.
    pub absent: bool,
    /// The time for the search was over: everything from this moment on was searched, nothing before it. Asking for what was before it goes on
    /// with the search. None where the search went to its end: two weeks back, or as many events as an answer has.
    pub searched: Option<Millis>,
    /// The server's clock.
    pub now: Millis,
}

/// What charts may cover, in minutes: an hour, six, a day, a week, thirty days. Each metric that is asked for costs money at AWS
/// (<https://aws.amazon.com/cloudwatch/pricing/>), and answers are kept by length: with any allowed, whoever counts up would have all asked anew.
pub const CHART_LENGTHS: [u32; 5] = [60, 360, 1_440, 10_080, 43_200];

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// `invocations`, `errors`, `duration p95`, `CPU` …
    pub name: String,
    /// `count`, `ms`, `%`.
    pub unit: String,
    /// (moment, value), oldest first; a missing minute is missing, not zero.
    pub points: Vec<(Millis, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_run_hears_of_that_run_and_when_any_may_have_gone_on() {
        let of = |id: &str| ToPage::Run { id: id.into() };
        assert!(of("a").is_of_run("a") && !of("b").is_of_run("a") && ToPage::Runs.is_of_run("a"));
        assert!(of("a").is_of_runs() && ToPage::Runs.is_of_runs() && !ToPage::SignedOut.is_of_runs());
    }

    #[test]
    fn the_latest_events_begin_with_a_whole_millisecond() {
        let event =
            |at: i64| LogEvent { id: String::new(), at: Millis(at), stream: String::new(), message: String::new() };
        let latest = |limit: usize| -> Vec<i64> {
            let events = [1, 2, 2, 2, 3].map(event).to_vec();
            latest(events, limit).iter().map(|event| event.at.0).collect()
        };
        assert_eq!(latest(1), [3]);
        for limit in 2..=4 {
            assert_eq!(latest(limit), [2, 2, 2, 3], "{limit}");
        }
        assert_eq!([latest(5), latest(6)], [[1, 2, 2, 2, 3]; 2]);
    }
}
