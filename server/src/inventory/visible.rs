//! Which rows people are looking at: what lists leave open about them is read first.

use domain::ResourceKey;
pub use gantry_store::singles::READ_ONE_BY_ONE;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keys remembered.
const MOST: usize = 1000;

/// Keys that were just shown, latest last. Shared between the inventory and the collectors.
#[derive(Clone, Debug, Default)]
pub struct Visible(Arc<Shown>);

#[derive(Debug, Default)]
struct Shown {
    keys: Mutex<VecDeque<ResourceKey>>,
    /// What was reported last, in a number.
    last: AtomicU64,
}

impl Visible {
    /// These were shown.
    pub fn report<'k>(&self, keys: impl Iterator<Item = &'k ResourceKey> + Clone) {
        // Each page of functions comes here, mostly the same one for many people: its keys are the latest already.
        let mut all = DefaultHasher::new();
        keys.clone().for_each(|key| key.hash(&mut all));
        let all = all.finish();
        if self.0.last.swap(all, Ordering::Relaxed) == all {
            return;
        }
        // What takes time, making keys and letting them go, is done beside the lock.
        let keys: Vec<ResourceKey> = keys.cloned().collect();
        let forgotten: Vec<ResourceKey> = {
            let mut known = self.known();
            known.extend(keys);
            let excess = known.len().saturating_sub(MOST);
            known.drain(..excess).collect()
        };
        drop(forgotten);
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<ResourceKey>> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves those that were shown to the front, the latest first, and says how many they are.
    pub fn first(&self, keys: &mut [ResourceKey]) -> usize {
        // Pages that report wait for the lock: there may be many keys, so they are compared beside it.
        let known: Vec<ResourceKey> = self.known().iter().cloned().collect();
        // Of a key that is there twice the later place counts.
        let places: HashMap<&ResourceKey, usize> = known.iter().enumerate().map(|(place, key)| (key, place)).collect();
        keys.sort_by_cached_key(|key| places.get(key).map_or(usize::MAX, |place| known.len() - place));
        keys.iter().take_while(|key| places.contains_key(*key)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_last_comes_first_and_the_rest_keeps_its_order() {
        let key = |n: u32| ResourceKey::parse(&format!("lambda.function/111122223333/eu-west-1/f{n}")).unwrap();
        let visible = Visible::default();
        visible.report([key(4), key(3)].iter());
        visible.report([key(3), key(4)].iter());
        visible.report([key(3), key(4)].iter());
        assert_eq!(visible.known().len(), 4, "the same once more changes nothing");
        let mut keys: Vec<_> = (1..=5).map(key).collect();
        assert_eq!(visible.first(&mut keys), 2);
        assert_eq!(keys, [key(4), key(3), key(1), key(2), key(5)]);
        assert_eq!([visible.first(&mut [key(3)]), visible.first(&mut [key(1)]), visible.first(&mut [])], [1, 0, 0]);
    }
}
