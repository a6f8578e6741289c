//! Which rows people are looking at: what lists leave open about them is read first.

use domain::ResourceKey;
pub use gantry_store::resources::READ_ONE_BY_ONE;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Keys remembered.
const MOST: usize = 1000;

/// Keys that were just shown, latest last. Shared between the inventory and the collectors.
#[derive(Clone, Debug, Default)]
pub struct Visible(Arc<Mutex<VecDeque<ResourceKey>>>);

impl Visible {
    /// These were shown.
    pub fn report(&self, keys: impl Iterator<Item = ResourceKey>) {
        // Each page of functions comes here: what takes time, making keys and letting them go, is done beside the lock.
        let keys: Vec<ResourceKey> = keys.collect();
        let forgotten: Vec<ResourceKey> = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(keys);
            let excess = known.len().saturating_sub(MOST);
            known.drain(..excess).collect()
        };
        drop(forgotten);
    }

    /// Moves those that were shown to the front, the latest first.
    pub fn first(&self, keys: &mut [ResourceKey]) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |key: &ResourceKey| known.iter().rev().position(|k| k == key).unwrap_or(usize::MAX);
        keys.sort_by_cached_key(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_last_comes_first_and_the_rest_keeps_its_order() {
        let key = |n: u32| ResourceKey::parse(&format!("lambda.function/111122223333/eu-west-1/f{n}")).unwrap();
        let visible = Visible::default();
        visible.report([key(3), key(4)].into_iter());
        let mut keys: Vec<_> = (1..=5).map(key).collect();
        visible.first(&mut keys);
        assert_eq!(keys, [key(4), key(3), key(1), key(2), key(5)]);
    }
}
