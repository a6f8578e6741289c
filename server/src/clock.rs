//! The time that everything stored carries: the database's clock, so that servers whose own clocks differ agree on leases and on what was
//! seen first. Each server keeps its difference from it.

use domain::{Millis, Problem};
use gantry_store::Store;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the database's clock is ahead of this machine's, in milliseconds.
static AHEAD: AtomicI64 = AtomicI64::new(0);
/// Smaller differences are how long the question took.
const NOISE: i64 = 250;
/// From here on somebody should hear of it: AWS refuses requests at five minutes.
const WORTH_SAYING: i64 = 5_000;
/// How often the clocks are compared.
const PERIOD: Duration = Duration::from_secs(30);

/// The database's clock, as well as this machine knows it.
pub fn now() -> Millis {
    Millis(local() + AHEAD.load(Ordering::Relaxed))
}

fn local() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// What the database is ahead, when it answered `there` to a question asked at `asked` and answered by `answered`; `None` when the way there
/// and back was too long to tell.
fn ahead(asked: i64, there: i64, answered: i64) -> Option<i64> {
    let (ahead, way) = (there - i64::midpoint(asked, answered), (answered - asked) / 2);
    match ahead.abs() > NOISE.max(way) {
        true => Some(ahead),
        false => (way <= NOISE).then_some(0),
    }
}

/// Compares the clocks once.
///
/// # Errors
/// When the database does not answer; the difference known so far stays, as it does when the answer took too long to tell.
pub async fn compare(store: &Store) -> Result<(), Problem> {
    let asked = local();
    let there = store.clock().await?;
    let Some(new) = ahead(asked, there.0, local()) else { return Ok(()) };
    let old = AHEAD.swap(new, Ordering::Relaxed);
    if new.abs() >= WORTH_SAYING && (new - old).abs() > NOISE {
        tracing::warn!(
            seconds = new / 1000,
            "this machine's clock differs from the database's; the database's is used"
        );
    }
    Ok(())
}

/// Goes on comparing until it is dropped.
pub async fn follow(store: Store) {
    loop {
        tokio::time::sleep(PERIOD).await;
        // A database that is away was logged where it was met.
        let _ = compare(&store).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_when_the_way_there_and_back_does_not_explain_it() {
        assert_eq!(ahead(1_000, 1_040, 1_100), Some(0));
        assert_eq!(ahead(1_000, 1_900, 3_000), None, "a slow answer says little");
        assert_eq!(ahead(1_000, 601_050, 1_100), Some(600_000));
        assert_eq!(ahead(601_000, 1_050, 601_100), Some(-600_000));
    }
}
