//! What `cargo xtask up` waits for before it says that Gantry is ready, at the first start on a data folder: the demo
//! fleet, and then the first collect, so that pages are full when they are opened. Later starts wait for neither.

use std::time::{Duration, Instant};

/// How long each of them may take before Gantry is ready without it.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// A server that has something to collect for the first time says so within a second or two.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// How far a first start is.
#[derive(Debug)]
pub struct FirstStart {
    fleet: Wait,
    collect: Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Something else comes first.
    Ahead,
    /// Nothing was heard of it; after this time there is nothing to wait for.
    Silent(Instant),
    /// Until this time.
    Going(Instant),
    Over,
}

impl FirstStart {
    /// Waits for nothing unless it is the first start, and for a fleet only where one is made.
    pub fn new(is_first: bool, with_fleet: bool) -> Self {
        let wait = |waits: bool| if waits { Wait::Ahead } else { Wait::Over };
        Self { fleet: wait(is_first && with_fleet), collect: wait(is_first) }
    }

    /// Whether the server may start, now that everything else is there: the fleet first, then one collect sees all of it.
    pub fn may_serve(&mut self, now: Instant) -> bool {
        if self.fleet == Wait::Ahead {
            self.fleet = Wait::Going(now + PATIENCE);
        }
        self.fleet == Wait::Over
    }

    /// The fleet is complete, or will not be.
    pub fn fleet_ended(&mut self) {
        self.fleet = Wait::Over;
    }

    /// The server answers. What it has to collect it says before or soon after.
    pub fn server_answers(&mut self, now: Instant) {
        if self.collect == Wait::Ahead {
            self.collect = Wait::Silent(now + FIRST_WORD);
        }
    }

    /// The first collect moved on.
    pub fn collected(&mut self, done: Option<u64>, total: Option<u64>, now: Instant) {
        if done.is_some() && done == total {
            self.collect = Wait::Over;
        } else if matches!(self.collect, Wait::Ahead | Wait::Silent(_)) {
            self.collect = Wait::Going(now + PATIENCE);
        }
    }

    /// Whether there is nothing left to wait for.
    pub fn is_over(&self) -> bool {
        self.fleet == Wait::Over && self.collect == Wait::Over
    }

    /// How long to listen before [`Self::give_up`]; none where nothing has a limit.
    pub fn remaining(&self, now: Instant) -> Option<Duration> {
        [self.fleet, self.collect]
            .iter()
            .filter_map(Wait::limit)
            .min()
            .map(|until| until.saturating_duration_since(now))
    }

    /// Stops waiting for what had time enough, and says so of each that goes on without being waited for.
    pub fn give_up(&mut self, now: Instant) -> Vec<String> {
        let minutes = PATIENCE.as_secs() / 60;
        let mut said = Vec::new();
        for (wait, what) in [(&mut self.fleet, "Making the demo fleet"), (&mut self.collect, "The first collect")] {
            if wait.limit().is_none_or(|until| now < until) {
                continue;
            }
            if matches!(wait, Wait::Going(_)) {
                said.push(format!("{what} takes longer than {minutes} minutes. It goes on, and pages fill meanwhile."));
            }
            *wait = Wait::Over;
        }
        said
    }
}

impl Wait {
    fn limit(&self) -> Option<Instant> {
        match self {
            Self::Silent(until) | Self::Going(until) => Some(*until),
            Self::Ahead | Self::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_start_waits_for_the_fleet_and_then_for_the_collect() {
        let now = Instant::now();
        let mut start = FirstStart::new(true, true);
        assert!(start.remaining(now).is_none(), "a build may take as long as it likes");
        assert!(!start.may_serve(now));
        assert_eq!(start.remaining(now), Some(PATIENCE));
        start.fleet_ended();
        assert!(start.may_serve(now));
        start.server_answers(now);
        assert!(!start.is_over());
        start.collected(Some(0), Some(9), now);
        start.collected(Some(8), Some(9), now + PATIENCE / 2);
        assert_eq!(start.remaining(now), Some(PATIENCE), "counted from the first word");
        assert!(!start.is_over());
        start.collected(Some(9), Some(9), now);
        assert!(start.is_over() && start.remaining(now).is_none());
    }

    #[test]
    fn a_fleet_that_is_made_before_the_rest_is_there_holds_nothing_up() {
        let now = Instant::now();
        let mut start = FirstStart::new(true, true);
        start.fleet_ended();
        assert!(start.may_serve(now));
    }

    #[test]
    fn a_later_start_waits_for_nothing() {
        let now = Instant::now();
        let mut start = FirstStart::new(false, true);
        assert!(start.may_serve(now) && start.is_over());
        start.server_answers(now);
        // A new connection is collected for the first time.
        start.collected(Some(1), Some(2), now);
        assert!(start.is_over() && start.remaining(now).is_none());
    }

    #[test]
    fn what_takes_too_long_is_said_and_not_waited_for() {
        let now = Instant::now();
        let mut start = FirstStart::new(true, true);
        assert!(!start.may_serve(now));
        assert!(start.give_up(now).is_empty());
        assert!(start.give_up(now + PATIENCE)[0].starts_with("Making the demo fleet takes longer than 5 minutes"));
        assert!(start.may_serve(now));
        start.server_answers(now);
        start.collected(Some(1), Some(2), now);
        assert!(start.give_up(now + PATIENCE)[0].starts_with("The first collect takes longer than 5 minutes"));
        assert!(start.is_over());
    }

    #[test]
    fn a_server_that_says_nothing_has_nothing_to_collect() {
        let now = Instant::now();
        let mut start = FirstStart::new(true, false);
        assert!(start.may_serve(now));
        start.server_answers(now);
        assert_eq!(start.remaining(now), Some(FIRST_WORD));
        assert!(start.give_up(now + FIRST_WORD).is_empty());
        assert!(start.is_over());
    }

    #[test]
    fn a_word_of_the_collect_before_the_server_answers_counts() {
        let now = Instant::now();
        let mut start = FirstStart::new(true, false);
        start.collected(Some(0), Some(9), now);
        start.server_answers(now);
        assert_eq!(start.remaining(now), Some(PATIENCE));
    }
}
