//! One upload, while it goes on and for a while after.

use domain::ecr::upload::{LayerState, Upload, UploadLayer, UploadState};
use domain::ecr::wizards::put_images::Image;
use domain::{Code, Problem};
use gantry_registry::{BlobProgress, Progress, State};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Wanted;

/// The speed is that of so long.
const LATELY: Duration = Duration::from_secs(8);

/// How one ended, and when.
type End = (Instant, Result<Vec<Image>, Problem>);

pub(super) struct Kept {
    pub(super) person: i64,
    pub(super) id: String,
    repository: String,
    pub(super) size: Option<u64>,
    received: AtomicU64,
    pub(super) progress: Progress,
    /// What had arrived when somebody looked.
    looks: Mutex<VecDeque<(Instant, u64)>>,
    end: Mutex<Option<End>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn broke_off() -> Problem {
    Problem::new(
        Code::Conflict,
        "The upload broke off",
        "The connection ended before the archive did. Nothing was tagged. Send the same file again: layers that arrived are not sent again.",
    )
}

impl Kept {
    pub(super) fn new(person: i64, wanted: &Wanted) -> Self {
        Self {
            person,
            id: wanted.id.clone(),
            repository: wanted.repository.clone(),
            size: wanted.size,
            received: AtomicU64::new(0),
            progress: Progress::default(),
            looks: Mutex::new([(Instant::now(), 0)].into()),
            end: Mutex::default(),
        }
    }
    /// Counts what arrived; gives the sum.
    pub(super) fn count(&self, bytes: usize) -> u64 {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64
    }
    pub(super) fn end(&self, outcome: Result<Vec<Image>, Problem>) {
        *lock(&self.end) = Some((Instant::now(), outcome));
    }
    pub(super) fn ended(&self) -> Option<Instant> {
        lock(&self.end).as_ref().map(|(at, _)| *at)
    }
    fn speed(&self, now: Instant, received: u64) -> Option<u64> {
        let mut looks = lock(&self.looks);
        // One look before that time stays: the speed since then.
        while looks.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= LATELY) {
            looks.pop_front();
        }
        let (began, before) = *looks.front()?;
        looks.push_back((now, received));
        let seconds = now.duration_since(began).as_secs_f64();
        (seconds >= 0.3).then(|| (received.saturating_sub(before) as f64 / seconds) as u64)
    }
    /// How far it is now.
    pub(super) fn told(&self, now: Instant) -> Upload {
        let received = self.received.load(Ordering::Relaxed);
        let end = lock(&self.end).clone();
        let speed = if end.is_none() { self.speed(now, received) } else { None };
        let (state, images, problem) = match end.map(|(_, outcome)| outcome) {
            None => (UploadState::Receiving, vec![], None),
            Some(Ok(images)) => (UploadState::Received, images, None),
            Some(Err(problem)) => (UploadState::Failed, vec![], Some(problem)),
        };
        let layers = self.progress.watch().borrow().iter().map(layer).collect();
        let (id, repository, size) = (self.id.clone(), self.repository.clone(), self.size);
        Upload { id, repository, state, received, size, speed, layers, images, problem }
    }
}

fn layer(blob: &BlobProgress) -> UploadLayer {
    let state = match blob.state {
        State::Waiting | State::Moving => LayerState::Moving,
        State::Existed | State::Mounted => LayerState::Existed,
        State::Done => LayerState::Done,
        State::Failed => LayerState::Failed,
    };
    let digest = blob.digest.map(|digest| digest.to_string());
    UploadLayer { name: blob.name.clone(), digest, size: blob.size, done: blob.done, state }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let scope = domain::Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let wanted = Wanted { id: "abcdefgh".into(), scope, repository: "a".into(), size: Some(9000) };
        let kept = Kept::new(1, &wanted);
        let began = lock(&kept.looks)[0].0;
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        assert_eq!(kept.told(began).speed, None);
        // Fast at first, then slow: what was long ago does not count.
        kept.count(8000);
        assert_eq!(kept.told(at(1)).speed, Some(8000));
        assert_eq!(kept.told(at(10)).speed, Some(0));
        kept.count(500);
        assert_eq!(kept.told(at(20)).speed, Some(50));
        kept.end(Err(broke_off()));
        let told = kept.told(at(21));
        assert_eq!((told.state, told.speed, told.received), (UploadState::Failed, None, 8500));
    }
}
