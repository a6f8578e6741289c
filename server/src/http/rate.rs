//! How often one person may ask: a bucket of requests that refills every second.

use domain::{Code, Problem};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Buckets are dropped when there are more than this: those that are full again hold no information.
const MANY: usize = 10_000;

/// One bucket per person.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    buckets: Mutex<HashMap<i64, (f64, Instant)>>,
}

impl Rate {
    /// Allows this many requests a second on average, and twice that many at once: a page with its data is several requests.
    pub fn new(per_second: u32) -> Self {
        Self { per_second: f64::from(per_second), buckets: Mutex::default() }
    }

    /// Takes one request of this person.
    ///
    /// # Errors
    /// [`Code::Busy`] when there is none left.
    pub fn take(&self, person: i64, now: Instant) -> Result<(), Problem> {
        let most = self.per_second * 2.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > MANY {
            buckets.retain(|_, (_, at)| now.duration_since(*at).as_secs() < 2);
        }
        let (left, at) = buckets.entry(person).or_insert((most, now));
        *left = (*left + now.duration_since(*at).as_secs_f64() * self.per_second).min(most);
        *at = now;
        if *left < 1.0 {
            let message = format!(
                "Gantry answers {} requests a second per person. Wait a moment and try again.",
                self.per_second
            );
            return Err(Problem::new(Code::Busy, "Too many requests", message));
        }
        *left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_empties_refills_and_is_ones_own() {
        let rate = Rate::new(10);
        let now = Instant::now();
        assert!((0..20).all(|_| rate.take(1, now).is_ok()));
        assert_eq!(rate.take(1, now).unwrap_err().code, Code::Busy);
        assert!(rate.take(2, now).is_ok());
        let later = now + Duration::from_millis(500);
        assert!((0..5).all(|_| rate.take(1, later).is_ok()));
        assert!(rate.take(1, later).is_err());
    }
}
