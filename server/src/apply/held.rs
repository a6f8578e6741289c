//! Which leases on runs this server holds, by its own clocks: nothing is sent once one has run out.

use gantry_store::runs::Lease;
use std::collections::HashMap;
use std::ops::{Add, Sub};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// So long before its end a lease counts as over: a request asks before its connection is made, and reaches AWS after that. Of short leases it
/// is a sixth.
const MARGIN: Duration = Duration::from_millis(500);

/// A moment by two clocks: the steady one stands still while the machine is suspended, and the other can be set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// Whether it is over by either clock at another moment.
    fn is_over(self, now: Self) -> bool {
        self.steady <= now.steady || self.wall <= now.wall
    }
}

impl Add<Duration> for Moment {
    type Output = Self;
    fn add(self, time: Duration) -> Self {
        Self { steady: self.steady + time, wall: self.wall + time }
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;
    fn sub(self, time: Duration) -> Self {
        Self { steady: self.steady - time, wall: self.wall - time }
    }
}

/// Until when each lease on a run that is driven here holds in any case, by run and fencing number: the same server can have taken the run again.
/// A process that was stopped for a while looks here before it sends anything: another server may have gone on meanwhile.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<(String, i64), Moment>>);

impl Held {
    /// Notes a lease that was taken or renewed for so long, asked for at this moment.
    pub(super) fn note(&self, lease: &Lease, asked: Moment, lasts: Duration) {
        let until = asked + lasts.saturating_sub(MARGIN.min(lasts / 6));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((lease.run.clone(), lease.fence), until);
    }

    pub(super) fn no_more(&self, lease: &Lease) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(lease.run.clone(), lease.fence));
    }

    /// Whether a lease still holds. One that nobody noted is a test's.
    pub(super) fn still(&self, lease: &Lease) -> bool {
        self.holds_at(lease, Moment::now())
    }

    fn holds_at(&self, lease: &Lease, now: Moment) -> bool {
        let until =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(lease.run.clone(), lease.fence)).copied();
        until.is_none_or(|until| !until.is_over(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_here_before_it_ends_in_the_database() {
        let (held, lease, asked) = (Held::default(), Lease { run: "a".into(), fence: 1 }, Moment::now());
        for (lasts, holds, over) in [(3_000, 2_499, 2_500), (300, 249, 250)] {
            held.note(&lease, asked, Duration::from_millis(lasts));
            let at = |time| held.holds_at(&lease, asked + Duration::from_millis(time));
            assert_eq!((at(0), at(holds), at(over)), (true, true, false), "{lasts}");
        }
    }

    #[test]
    fn a_lease_ends_while_the_machine_is_suspended_and_also_where_its_clock_is_set_back() {
        let (held, lease, asked) = (Held::default(), Lease { run: "a".into(), fence: 1 }, Moment::now());
        held.note(&lease, asked, Duration::from_secs(3));
        let hour = Duration::from_secs(3_600);
        assert!(!held.holds_at(&lease, Moment { wall: asked.wall + hour, ..asked }));
        assert!(!held.holds_at(&lease, Moment { steady: asked.steady + hour, wall: asked.wall - hour }));
    }
}
