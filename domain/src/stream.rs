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
    /// Send what changed since this version (0: only from now on).
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
        /// The kinds whose freshness changed.
        kinds: Vec<Kind>,
    },
    /// A run began or went on: pages that show it ask again.
    Run {
        /// Its id.
        id: String,
    },
    /// New events of a followed log.
    Log {
        /// The function or log group as asked for.
        key: ResourceKey,
        /// The events, oldest first.
        events: Vec<LogEvent>,
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

/// Events of a log, oldest first, with a token for earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogPage {
    /// The events.
    pub events: Vec<LogEvent>,
    /// The log group read.
    pub group: String,
    /// The server's clock.
    pub now: Millis,
}

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
