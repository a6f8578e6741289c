//! How far a transfer is, in words: what is done, how fast it goes, how long it will take.

use app::ui::format;
use gantry_registry::{BlobProgress, State};
use std::collections::VecDeque;
use std::time::Duration;

/// The speed is that of so many of the latest looks.
const LOOKS: usize = 10;

/// Watches a transfer by looking from time to time.
#[derive(Default)]
pub struct Meter(VecDeque<(Duration, u64)>);

fn size(bytes: u64) -> String {
    format::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}

impl Meter {
    /// What to say of these blobs, so long after the beginning.
    pub fn look(&mut self, at: Duration, blobs: &[BlobProgress]) -> String {
        let of: u64 = blobs.iter().map(|b| b.size).sum();
        let done: u64 = blobs.iter().map(|b| b.done).sum();
        // What the destination has already is done at once: it says nothing about the speed.
        let there = |b: &&BlobProgress| matches!(b.state, State::Existed | State::Mounted);
        let moved = done - blobs.iter().filter(there).map(|b| b.done).sum::<u64>().min(done);
        self.0.push_back((at, moved));
        if self.0.len() > LOOKS {
            self.0.pop_front();
        }
        let far = format!("{} of {}", size(done), size(of));
        let Some((began, before)) = self.0.front() else { return far };
        let seconds = at.saturating_sub(*began).as_secs_f64();
        let bytes = moved.saturating_sub(*before);
        if seconds < 0.5 || bytes == 0 {
            return far;
        }
        let speed = bytes as f64 / seconds;
        let left = ((of.saturating_sub(done)) as f64 / speed).ceil() as i64;
        format!("{far}, {}/s, {} left", size(speed as u64), format::duration(left))
    }

    /// What to say once all is there.
    pub fn end(at: Duration, blobs: &[BlobProgress]) -> String {
        let sum = |wanted: fn(&State) -> bool| blobs.iter().filter(|b| wanted(&b.state)).map(|b| b.size).sum::<u64>();
        let there = sum(|state| matches!(state, State::Existed | State::Mounted));
        let moved = sum(|state| matches!(state, State::Done));
        let skipped = if there > 0 { format!("; {} were there already", size(there)) } else { String::new() };
        let took = format::took(i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
        format!("{} copied in {took}{skipped}.", size(moved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(size: u64, done: u64, state: State) -> BlobProgress {
        BlobProgress { digest: None, name: String::new(), size, done, state, resumed: 0 }
    }

    #[test]
    fn what_was_there_already_says_nothing_about_the_speed() {
        const MIB: u64 = 1 << 20;
        let mut meter = Meter::default();
        let at = |done: u64| [blob(900 * MIB, 900 * MIB, State::Existed), blob(124 * MIB, done, State::Moving)];
        assert_eq!(meter.look(Duration::ZERO, &at(0)), "900 MiB of 1 GiB");
        assert_eq!(meter.look(Duration::from_secs(2), &at(24 * MIB)), "924 MiB of 1 GiB, 12 MiB/s, 9 s left");
        let done = [blob(900 * MIB, 900 * MIB, State::Existed), blob(124 * MIB, 124 * MIB, State::Done)];
        assert_eq!(Meter::end(Duration::from_secs(9), &done), "124 MiB copied in 9.0 s; 900 MiB were there already.");
    }
}
