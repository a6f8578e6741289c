//! What was called how often: plain counts per operation and scope, for metrics and for the figures of a collect.

use domain::Scope;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts of one operation in one scope since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Calls made, the SDK's own retries not counted.
    pub calls: u64,
    /// Requests sent: calls and retries.
    pub attempts: u64,
    /// Requests that AWS throttled.
    pub throttles: u64,
    /// Calls that ended in a problem.
    pub errors: u64,
    /// Seconds spent in calls, waiting for the limiter not counted.
    pub seconds: f64,
}

/// All counts.
#[derive(Debug, Default)]
pub struct Counters {
    tallies: Mutex<BTreeMap<(&'static str, Scope), Tally>>,
}

impl Counters {
    fn change(&self, operation: &'static str, scope: &Scope, change: impl FnOnce(&mut Tally)) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        change(tallies.entry((operation, scope.clone())).or_default());
    }
    pub(crate) fn attempt(&self, operation: &'static str, scope: &Scope, throttled: bool) {
        self.change(operation, scope, |t| {
            t.attempts += 1;
            t.throttles += u64::from(throttled);
        });
    }
    pub(crate) fn call(&self, operation: &'static str, scope: &Scope, took: Duration, failed: bool) {
        self.change(operation, scope, |t| {
            t.calls += 1;
            t.errors += u64::from(failed);
            t.seconds += took.as_secs_f64();
        });
    }
    /// The counts as they are now: (operation such as `ecs:ListServices`, scope, counts).
    pub fn snapshot(&self) -> Vec<(&'static str, Scope, Tally)> {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.iter().map(|((operation, scope), tally)| (*operation, scope.clone(), *tally)).collect()
    }
}
