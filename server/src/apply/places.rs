//! How many runs a server drives at once. Those that take long have places of their own, so that others go on beside them however many they
//! are. A run has one place at a time.

use domain::Millis;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Runs driven at once by one server, beside those that carry images and those that wait.
const AT_ONCE: usize = 8;
/// Runs that carry images at once: each keeps tens of megabytes of them in memory.
pub(super) const CARRYING: usize = 8;
/// Runs that wait at once, for credentials or for AWS to answer at all. One more waits in the place that it has.
const WAITING: usize = 64;

/// What a run does in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Driven,
    Carrying,
    Waiting,
}

struct Taken {
    /// Tells it from a later place of the same run.
    number: u64,
    sort: Sort,
    /// Frees the place when it goes.
    _permit: OwnedSemaphorePermit,
}

#[derive(Default)]
struct Inside {
    /// By run.
    taken: HashMap<String, Taken>,
    /// Runs that found no place to carry an image.
    put_off: BTreeSet<String>,
    /// Runs that are left to another server, each until then.
    left: HashMap<String, Millis>,
    entered: u64,
}

impl Inside {
    fn is(&self, run: &str, sort: Sort) -> bool {
        self.taken.get(run).is_some_and(|taken| taken.sort == sort)
    }

    fn moves(&mut self, run: &str, sort: Sort, permit: OwnedSemaphorePermit) {
        if let Some(taken) = self.taken.get_mut(run) {
            (taken.sort, taken._permit) = (sort, permit);
        }
    }
}

/// The places of a server.
pub(super) struct Places {
    driven: Arc<Semaphore>,
    carrying: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    inside: Mutex<Inside>,
}

/// The place of a run, until this is dropped.
pub(super) struct Place<'p> {
    places: &'p Places,
    run: String,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut inside = self.places.inside();
        if inside.taken.get(&self.run).is_some_and(|taken| taken.number == self.number) {
            inside.taken.remove(&self.run);
        }
    }
}

impl Default for Places {
    fn default() -> Self {
        let [driven, carrying, waiting] = [AT_ONCE, CARRYING, WAITING].map(|many| Arc::new(Semaphore::new(many)));
        Self { driven, carrying, waiting, inside: Mutex::default() }
    }
}

impl Places {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more run, if one is free.
    pub(super) fn free(&self) -> Option<OwnedSemaphorePermit> {
        self.driven.clone().try_acquire_owned().ok()
    }

    /// Gives a run its place.
    pub(super) fn enter(&self, run: &str, permit: OwnedSemaphorePermit) -> Place<'_> {
        let mut inside = self.inside();
        inside.entered += 1;
        let number = inside.entered;
        inside.taken.insert(run.to_owned(), Taken { number, sort: Sort::Driven, _permit: permit });
        Place { places: self, run: run.to_owned(), number }
    }

    /// Has a run carry an image, for the rest of its way; `false` where no place is free for that, and it is put off. One without a place is a test's.
    pub(super) fn carries(&self, run: &str) -> bool {
        let mut inside = self.inside();
        if !inside.taken.contains_key(run) || inside.is(run, Sort::Carrying) {
            return true;
        }
        match self.carrying.clone().try_acquire_owned() {
            Ok(permit) => {
                inside.moves(run, Sort::Carrying, permit);
                true
            }
            Err(_) => {
                inside.put_off.insert(run.to_owned());
                false
            }
        }
    }

    /// Leaves a run to another server until then.
    pub(super) fn leave(&self, run: &str, until: Millis) {
        self.inside().left.insert(run.to_owned(), until);
    }

    /// The runs that need not be taken now: no place is free to carry their images, or another server is better off with them.
    pub(super) fn put_off(&self, now: Millis) -> Vec<String> {
        let mut inside = self.inside();
        if self.carrying.available_permits() > 0 {
            inside.put_off.clear();
        }
        inside.left.retain(|_, until| *until > now);
        inside.put_off.iter().chain(inside.left.keys()).cloned().collect()
    }

    /// A run waits from now on, and its place is another's. One that carries images keeps its own.
    pub(super) fn waits(&self, run: &str) {
        let mut inside = self.inside();
        if inside.is(run, Sort::Driven)
            && let Ok(permit) = self.waiting.clone().try_acquire_owned()
        {
            inside.moves(run, Sort::Waiting, permit);
        }
    }

    /// A run has waited: it goes on as soon as there is room.
    pub(super) async fn goes_on(&self, run: &str) {
        let waited = self.inside().is(run, Sort::Waiting);
        if waited && let Ok(permit) = self.driven.clone().acquire_owned().await {
            self.inside().moves(run, Sort::Driven, permit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn enters<'p>(places: &'p Places, run: &str) -> Place<'p> {
        places.enter(run, places.free().expect("a place is free"))
    }

    #[tokio::test]
    async fn who_waits_leaves_its_place_and_goes_on_when_there_is_room() {
        let places = Places::default();
        let runs: Vec<String> = (0..AT_ONCE).map(|n| n.to_string()).collect();
        let taken: Vec<Place<'_>> = runs.iter().map(|run| enters(&places, run)).collect();
        assert!(places.free().is_none());
        // One that does not wait goes on at once.
        places.goes_on("0").await;
        for run in &runs {
            places.waits(run);
            places.waits(run);
        }
        let others: Vec<Place<'_>> = (0..AT_ONCE).map(|n| enters(&places, &format!("other-{n}"))).collect();
        let mut back = std::pin::pin!(places.goes_on("0"));
        assert!(tokio::time::timeout(Duration::ZERO, &mut back).await.is_err(), "there is no room");
        drop(others);
        back.await;
        assert_eq!(places.driven.available_permits(), AT_ONCE - 1);
        drop(taken);
        assert_eq!((places.driven.available_permits(), places.waiting.available_permits()), (AT_ONCE, WAITING));
    }

    #[tokio::test]
    async fn who_carries_an_image_leaves_its_place_and_a_further_one_is_put_off_until_one_has_ended() {
        let places = Places::default();
        let runs: Vec<String> = (0..CARRYING).map(|n| n.to_string()).collect();
        let mut taken: Vec<Place<'_>> = runs.iter().map(|run| enters(&places, run)).collect();
        assert!(runs.iter().all(|run| places.carries(run) && places.carries(run)));
        places.waits("0");
        assert_eq!((places.driven.available_permits(), places.waiting.available_permits()), (AT_ONCE, WAITING));
        let ninth = enters(&places, "ninth");
        assert!(!places.carries("ninth"));
        drop(ninth);
        assert_eq!((places.put_off(Millis(0)), places.driven.available_permits()), (vec!["ninth".to_owned()], AT_ONCE));
        taken.pop();
        assert!(places.put_off(Millis(0)).is_empty());
        let _ninth = enters(&places, "ninth");
        assert!(places.carries("ninth") && places.carries("a run without a place"));
    }

    #[test]
    fn a_run_that_was_taken_again_keeps_its_new_place() {
        let places = Places::default();
        let (first, second) = (enters(&places, "a"), enters(&places, "a"));
        drop(first);
        assert_eq!(places.driven.available_permits(), AT_ONCE - 1);
        drop(second);
        assert_eq!(places.driven.available_permits(), AT_ONCE);
    }
}
