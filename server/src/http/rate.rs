//! How often one person may do something: a bucket that refills as time goes on.

use domain::{Code, Problem};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Buckets are dropped when there are more than this: those that are full again hold no information.
const MANY: usize = 10_000;

/// One bucket per person.
#[derive(Debug)]
pub struct Rate {
    most: f64,
    per_second: f64,
    /// What is said to whoever has to wait.
    refusal: (&'static str, String),
    buckets: Mutex<HashMap<i64, (f64, Instant)>>,
}

impl Rate {
    /// Allows this many requests a second on average, and twice that many at once: a page with its data is several requests.
    pub fn new(per_second: u32) -> Self {
        let message = format!("Gantry answers {per_second} requests a second per person. Wait a moment and try again.");
        let per_second = f64::from(per_second);
        Self { most: per_second * 2.0, per_second, refusal: ("Too many requests", message), buckets: Mutex::default() }
    }

    /// Allows this many sign-ins, confirmations and the like a minute, and at once: each is an entry in the audit trail.
    pub fn of_proofs(per_minute: u32) -> Self {
        let message = format!(
            "Each person signs in, confirms and makes tokens at most {per_minute} times a minute. Wait a minute and try again."
        );
        let most = f64::from(per_minute);
        Self { most, per_second: most / 60.0, refusal: ("Too often", message), buckets: Mutex::default() }
    }

    /// Takes one of this person's.
    ///
    /// # Errors
    /// [`Code::Busy`] when there is none left.
    pub fn take(&self, person: i64, now: Instant) -> Result<(), Problem> {
        let most = self.most;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > MANY {
            buckets.retain(|_, (_, at)| now.duration_since(*at).as_secs_f64() < most / self.per_second);
        }
        let (left, at) = buckets.entry(person).or_insert((most, now));
        *left = (*left + now.duration_since(*at).as_secs_f64() * self.per_second).min(most);
        *at = now;
        if *left < 1.0 {
            let (title, message) = &self.refusal;
            return Err(Problem::new(Code::Busy, *title, message.clone()));
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

    #[test]
    fn proofs_are_counted_by_the_minute() {
        let rate = Rate::of_proofs(20);
        let now = Instant::now();
        assert!((0..20).all(|_| rate.take(1, now).is_ok()));
        let refused = rate.take(1, now + Duration::from_secs(2)).unwrap_err();
        assert_eq!((refused.code, refused.title.as_str()), (Code::Busy, "Too often"));
        assert!(rate.take(1, now + Duration::from_secs(4)).is_ok());
        assert!((0..20).all(|_| rate.take(1, now + Duration::from_secs(70)).is_ok()));
    }
}
