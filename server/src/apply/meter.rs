//! How far a transfer is: what is done, layer by layer, how fast it goes, how long it will take.

use app::ui::format;
use domain::plan::transfer::{LayerProgress, LayerState, Transfer};
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

/// A blob as pages and the API know it.
pub(crate) fn layer(blob: &BlobProgress) -> LayerProgress {
    let state = match blob.state {
        State::Waiting => LayerState::Waiting,
        State::Moving => LayerState::Moving,
        State::Existed | State::Mounted => LayerState::Existed,
        State::Done => LayerState::Done,
        State::Failed => LayerState::Failed,
    };
    let digest = blob.digest.map(|digest| digest.to_string());
    LayerProgress { name: blob.name.clone(), digest, size: blob.size, done: blob.done, state }
}

impl Meter {
    /// How far these blobs are, so long after the beginning.
    pub fn look(&mut self, at: Duration, blobs: &[BlobProgress]) -> Transfer {
        // What the destination has already is done at once: it says nothing about the speed.
        let there = |b: &&BlobProgress| matches!(b.state, State::Existed | State::Mounted);
        let moved: u64 = blobs.iter().filter(|b| !there(b)).map(|b| b.done).sum();
        let speed = self.speed(at, moved);
        Transfer::of(blobs.iter().map(layer).collect(), speed)
    }

    /// Bytes a second between the latest looks; none where nothing moved.
    fn speed(&mut self, at: Duration, moved: u64) -> Option<u64> {
        self.0.push_back((at, moved));
        if self.0.len() > LOOKS {
            self.0.pop_front();
        }
        let (began, before) = self.0.front()?;
        let seconds = at.saturating_sub(*began).as_secs_f64();
        let speed = (moved.saturating_sub(*before) as f64 / seconds) as u64;
        (seconds >= 0.5 && speed > 0).then_some(speed)
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
    fn what_stands_still_has_no_speed() {
        let mut meter = Meter::default();
        let at = |done: u64| [blob(100, done, State::Moving), blob(50, 0, State::Waiting)];
        let speeds: Vec<_> =
            (0_u64..12).map(|second| meter.look(Duration::from_secs(second), &at(second.min(1) * 40)).speed).collect();
        assert_eq!(speeds[..4], [None, Some(40), Some(20), Some(13)]);
        assert_eq!(speeds[11], None, "it moved longer ago than the latest looks");
    }

    #[test]
    fn what_was_there_already_says_nothing_about_the_speed() {
        const MIB: u64 = 1 << 20;
        let mut meter = Meter::default();
        let at = |done: u64| [blob(900 * MIB, 900 * MIB, State::Existed), blob(124 * MIB, done, State::Moving)];
        let first = meter.look(Duration::ZERO, &at(0));
        assert_eq!((first.done, first.size, first.speed), (900 * MIB, 1024 * MIB, None));
        let second = meter.look(Duration::from_secs(2), &at(24 * MIB));
        assert_eq!((second.done, second.speed, second.left()), (924 * MIB, Some(12 * MIB), Some(9)));
        let states: Vec<_> = second.layers.iter().map(|layer| (layer.state, layer.done)).collect();
        assert_eq!(states, [(LayerState::Existed, 900 * MIB), (LayerState::Moving, 24 * MIB)]);
        let done = [blob(900 * MIB, 900 * MIB, State::Existed), blob(124 * MIB, 124 * MIB, State::Done)];
        assert_eq!(Meter::end(Duration::from_secs(9), &done), "124 MiB copied in 9.0 s; 900 MiB were there already.");
    }
}
