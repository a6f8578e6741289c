//! So many of something at once for each person.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who sits on how many.
#[derive(Clone, Debug)]
pub struct Seats {
    most: usize,
    taken: Arc<Mutex<HashMap<i64, usize>>>,
}

impl Seats {
    /// At most so many for each person.
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// One more for this person; `None` when they have all of theirs.
    pub fn take(&self, person: i64) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(person).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { person, taken: self.taken.clone() })
    }
}

/// A seat, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    person: i64,
    taken: Arc<Mutex<HashMap<i64, usize>>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.person) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_so_many_and_whoever_leaves_makes_room() {
        let seats = Seats::new(2);
        let (one, _two) = (seats.take(1).unwrap(), seats.take(1).unwrap());
        assert!(seats.take(1).is_none());
        assert!(seats.take(2).is_some(), "somebody else's");
        drop(one);
        assert!(seats.take(1).is_some());
    }
}
