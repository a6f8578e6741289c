//! Guessing passwords gets slow: per account from the fifth failure on, per address by the minute. Kept in Postgres, so that it
//! holds over restarts and for several servers. Never a permanent lock.

use domain::{Millis, Problem};
use gantry_store::Store;

/// Failures of an account that cost nothing.
const FREE: u32 = 4;
/// The longest wait, in seconds.
const LONGEST: i64 = 15 * 60;
/// Failures of an address within a minute.
const PER_MINUTE: u32 = 30;
/// How far back failures of an account count, in milliseconds: a day.
const MEMORY: i64 = 86_400_000;

/// Seconds to wait after the last of so many failures.
pub const fn wait(failures: u32) -> i64 {
    if failures <= FREE {
        return 0;
    }
    let doublings = failures - FREE - 1;
    if doublings >= 10 { LONGEST } else { 1 << doublings }
}

/// Seconds until this name or this address may try again; 0 means now.
///
/// # Errors
/// [`domain::Code::Database`].
pub async fn seconds_left(store: &Store, name: &str, address: &str, now: Millis) -> Result<i64, Problem> {
    let account = seconds_left_of(store, name, now).await?;
    let (failures, _) = store.login_failures(&by_address(address), Millis(now.0 - 60_000)).await?;
    let address = if failures >= PER_MINUTE { 60 } else { 0 };
    Ok(account.max(address))
}

/// Seconds until this name may try again, wherever from; 0 means now.
///
/// # Errors
/// [`domain::Code::Database`].
pub async fn seconds_left_of(store: &Store, name: &str, now: Millis) -> Result<i64, Problem> {
    let (failures, last) = store.login_failures(&by_name(name), Millis(now.0 - MEMORY)).await?;
    let left = last.map_or(0, |last| (last.0 + wait(failures) * 1000 - now.0 + 999).div_euclid(1000));
    Ok(left.max(0))
}

/// The subject of an account's failures. Names are shortened: nobody's name is longer.
pub fn by_name(name: &str) -> String {
    format!("name:{}", name.to_lowercase().chars().take(100).collect::<String>())
}

/// The subject of an address's failures.
pub fn by_address(address: &str) -> String {
    format!("address:{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_the_fifth_failure_and_end_at_a_quarter_of_an_hour() {
        assert_eq!((0..=8).map(wait).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(wait(14), 512);
        assert_eq!(wait(15), 900);
        assert_eq!(wait(u32::MAX), 900);
    }
}
