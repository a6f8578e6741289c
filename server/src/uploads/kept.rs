//! One upload, while it goes on and for a while after.

use domain::ecr::upload::{Upload, UploadState};
use domain::ecr::wizards::put_images::Image;
use domain::{Code, Problem, Scope};
use gantry_registry::{Progress, Upload as Feed};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use super::{WAITS, Wanted};
use crate::apply::meter::layer;

/// The speed is that of so long.
const LATELY: Duration = Duration::from_secs(8);
/// How often it is looked whether the sender has been away for too long.
const LOOK: Duration = Duration::from_secs(2);

/// How one ended, and when.
type End = (Instant, Result<Vec<Image>, Problem>);

pub(super) struct Kept {
    pub(super) person: i64,
    pub(super) id: String,
    pub(super) scope: Scope,
    pub(super) repository: String,
    pub(super) size: Option<u64>,
    /// None once it ended: what waits in it is memory.
    feed: Mutex<Option<Feed>>,
    /// What had arrived when it ended.
    received: AtomicU64,
    /// All of it has arrived, so nobody has to come back.
    complete: AtomicBool,
    turn: Mutex<Turn>,
    pub(super) progress: Progress,
    /// What had arrived when somebody looked.
    looks: Mutex<VecDeque<(Instant, u64)>>,
    end: Mutex<Option<End>>,
    over: CancellationToken,
}

/// Whose turn it is to send.
#[derive(Default)]
struct Turn {
    /// Says to that request that a later one took over.
    taken_over: CancellationToken,
    /// Since when it is nobody's.
    broke: Option<Instant>,
}

/// One request's turn. Dropped before all has arrived, the upload waits for another request.
pub(super) struct Sending<'a> {
    kept: &'a Kept,
    taken_over: CancellationToken,
}

impl Sending<'_> {
    /// Until a later request goes on in place of this one.
    pub(super) async fn taken_over(&self) {
        self.taken_over.cancelled().await;
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let mut turn = lock(&self.kept.turn);
        if !self.taken_over.is_cancelled() && !self.kept.complete.load(Ordering::Acquire) {
            turn.broke = Some(Instant::now());
        }
    }
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
    pub(super) fn new(person: i64, wanted: &Wanted, feed: Feed) -> Self {
        Self {
            person,
            id: wanted.id.clone(),
            scope: wanted.scope.clone(),
            repository: wanted.repository.clone(),
            size: wanted.size,
            feed: Mutex::new(Some(feed)),
            received: AtomicU64::new(0),
            complete: AtomicBool::new(false),
            turn: Mutex::default(),
            progress: Progress::default(),
            looks: Mutex::new([(Instant::now(), 0)].into()),
            end: Mutex::default(),
            over: CancellationToken::new(),
        }
    }
    /// Where what arrives goes; none once it ended.
    pub(super) fn feed(&self) -> Option<Feed> {
        lock(&self.feed).clone()
    }
    /// The offset at which to go on.
    pub(super) fn received(&self) -> u64 {
        lock(&self.feed).as_ref().map_or_else(|| self.received.load(Ordering::Acquire), Feed::received)
    }
    /// All of it has arrived.
    pub(super) fn complete(&self) {
        self.complete.store(true, Ordering::Release);
    }
    /// It is the turn of a request; one before it that does not know yet that its connection broke stops.
    pub(super) fn turn(&self) -> Sending<'_> {
        let mut turn = lock(&self.turn);
        turn.taken_over.cancel();
        *turn = Turn::default();
        // The pause says nothing about the speed.
        *lock(&self.looks) = [(Instant::now(), self.received())].into();
        Sending { kept: self, taken_over: turn.taken_over.clone() }
    }
    /// Since when it waits for its sender.
    pub(super) fn broke(&self) -> Option<Instant> {
        lock(&self.turn).broke
    }
    /// Ends it when its sender has been away for too long.
    pub(super) fn give_up(&self, now: Instant) {
        if self.broke().is_some_and(|broke| now.saturating_duration_since(broke) >= WAITS) {
            self.end(Err(broke_off()));
        }
    }
    /// The first end holds.
    pub(super) fn end(&self, outcome: Result<Vec<Image>, Problem>) {
        {
            let mut end = lock(&self.end);
            if end.is_some() {
                return;
            }
            *end = Some((Instant::now(), outcome));
        }
        {
            let mut feed = lock(&self.feed);
            if let Some(feed) = feed.as_ref() {
                self.received.store(feed.received(), Ordering::Release);
            }
            *feed = None;
        }
        self.over.cancel();
    }
    /// Until it ended.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }
    /// The same; sees to it that it ends when its sender stays away.
    pub(super) async fn watched(&self) {
        while tokio::time::timeout(LOOK, self.over()).await.is_err() {
            self.give_up(Instant::now());
        }
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
        let received = self.received();
        let end = lock(&self.end).clone();
        let waits = self.broke().is_some();
        let speed = if end.is_none() && !waits { self.speed(now, received) } else { None };
        let (state, images, problem) = match end.map(|(_, outcome)| outcome) {
            None if waits => (UploadState::Waiting, vec![], None),
            None => (UploadState::Receiving, vec![], None),
            Some(Ok(images)) => (UploadState::Received, images, None),
            Some(Err(problem)) => (UploadState::Failed, vec![], Some(problem)),
        };
        let layers = self.progress.watch().borrow().iter().map(layer).collect();
        let (id, repository, size) = (self.id.clone(), self.repository.clone(), self.size);
        Upload { id, repository, state, received, size, speed, layers, images, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let wanted = Wanted { id: "abcdefgh".into(), scope, repository: "a".into(), size: Some(9000), offset: None };
        Kept::new(1, &wanted, gantry_registry::intake().0)
    }

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let kept = kept();
        let began = lock(&kept.looks)[0].0;
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        assert_eq!(kept.speed(began, 0), None);
        // Fast at first, then slow: what was long ago does not count.
        assert_eq!(kept.speed(at(1), 8000), Some(8000));
        assert_eq!(kept.speed(at(10), 8000), Some(0));
        assert_eq!(kept.speed(at(20), 8500), Some(50));
        kept.end(Err(broke_off()));
        let told = kept.told(at(21));
        assert_eq!((told.state, told.speed), (UploadState::Failed, None));
    }

    #[test]
    fn it_waits_for_its_sender_and_not_for_ever() {
        let kept = kept();
        let first = kept.turn();
        let second = kept.turn();
        drop(first);
        assert_eq!(kept.broke(), None, "the second goes on");
        drop(second);
        let broke = kept.broke().unwrap();
        kept.give_up(broke + WAITS - Duration::from_secs(1));
        assert_eq!(kept.told(broke).state, UploadState::Waiting);
        let third = kept.turn();
        kept.give_up(broke + WAITS);
        assert_eq!(kept.told(broke).state, UploadState::Receiving, "the sender is back");
        kept.complete();
        drop(third);
        assert_eq!(kept.broke(), None, "all of it is here");
        kept.end(Ok(vec![]));
        kept.end(Err(broke_off()));
        assert_eq!(kept.told(broke).state, UploadState::Received, "the first end holds");
    }
}
