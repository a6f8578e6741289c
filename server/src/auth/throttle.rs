//! Guessing passwords gets slow: per account from the fifth failure on, per address by the minute. Kept in Postgres, so that it
//! holds over restarts and for several servers.
//!
//! Never a lasting lock: what strangers guess does not touch whoever is signed in, and at an address that has not guessed itself it costs a minute
//! at most.

use domain::{Millis, Problem};
use gantry_store::Store;
use gantry_store::failures::Failures;
use std::net::{IpAddr, Ipv6Addr};

/// Failures of an account that cost nothing.
const FREE: u32 = 4;
/// The longest wait, in seconds.
const LONGEST: i64 = 15 * 60;
/// The longest wait for what others guessed, in seconds: at an address with at most [`FREE`] failures of its own for this name.
const LONGEST_FOR_OTHERS: i64 = 60;
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

/// Seconds until one may try again after these failures, at most so many after the last; 0 means now.
fn left((failures, last): Failures, longest: i64, now: Millis) -> i64 {
    let until = |last: Millis| last.0 + wait(failures).min(longest) * 1000;
    last.map_or(0, |last| (until(last) - now.0 + 999).div_euclid(1000)).max(0)
}

/// Whether one may try.
#[derive(Debug)]
pub enum Turn {
    /// Yes; it counts as failed until it is known how it ends.
    Try(Try),
    /// In so many seconds.
    Wait(i64),
}

/// A try that is counted as failed. Left alone it stays so.
#[derive(Debug)]
#[must_use]
pub struct Try {
    counted: Vec<String>,
    /// What a right password has forgotten as a whole.
    cleared: Vec<String>,
    at: Millis,
}

impl Try {
    /// The password was right.
    ///
    /// # Errors
    /// [`domain::Code::Database`].
    pub async fn succeeded(self, store: &Store) -> Result<(), Problem> {
        for subject in self.counted.iter().filter(|subject| !self.cleared.contains(subject)) {
            store.login_untried(subject, self.at).await?;
        }
        for subject in &self.cleared {
            store.login_succeeded(subject).await?;
        }
        Ok(())
    }

    /// Nobody looked at the password, so it is no guess.
    pub async fn take_back(self, store: &Store) {
        for subject in &self.counted {
            if let Err(problem) = store.login_untried(subject, self.at).await {
                tracing::warn!(%problem, "a try that nobody looked at stays counted");
            }
        }
    }
}

/// Whether somebody at this address may try to sign in by this name.
///
/// # Errors
/// [`domain::Code::Database`].
pub async fn sign_in(store: &Store, name: &str, address: &str, now: Millis) -> Result<Turn, Problem> {
    let (address, name, both) = (by_address(address), by_name(name), by_both(name, address));
    let (minute, day) = (Millis(now.0 - 60_000), Millis(now.0 - MEMORY));
    let subjects = [(address.as_str(), minute), (name.as_str(), day), (both.as_str(), day)];
    let seconds = store
        .login_tried(subjects, now, move |[(at_address, _), of_name, (of_both, _)]| {
            let longest = if of_both > FREE { LONGEST } else { LONGEST_FOR_OTHERS };
            let of_address = if at_address >= PER_MINUTE { 60 } else { 0 };
            left(of_name, longest, now).max(of_address)
        })
        .await?;
    if seconds > 0 {
        return Ok(Turn::Wait(seconds));
    }
    Ok(Turn::Try(Try { counted: vec![address, name.clone(), both.clone()], cleared: vec![name, both], at: now }))
}

/// Whether somebody who is signed in may try to prove anew who they are. What others guess at sign-in does not count here; what fails here
/// counts there, too ([`by_name`]), and what succeeds ends the wait there.
///
/// # Errors
/// [`domain::Code::Database`].
pub async fn proof(store: &Store, person: i64, name: &str, now: Millis) -> Result<Turn, Problem> {
    let own = by_person(person);
    let subjects = [(own.as_str(), Millis(now.0 - MEMORY))];
    let seconds = store.login_tried(subjects, now, move |[failures]| left(failures, LONGEST, now)).await?;
    if seconds > 0 {
        return Ok(Turn::Wait(seconds));
    }
    Ok(Turn::Try(Try { counted: vec![own.clone()], cleared: vec![own, by_name(name)], at: now }))
}

/// The subject of an account's failures, in whatever case: the store compares them as it does names. Names are shortened: nobody's name is longer.
pub fn by_name(name: &str) -> String {
    format!("name:{}", name.chars().take(100).collect::<String>())
}

/// The subject of an address's failures.
pub fn by_address(address: &str) -> String {
    format!("address:{}", place(address))
}

/// The subject of an account's failures from one address. It begins as no other does, for a name may be any text.
fn by_both(name: &str, address: &str) -> String {
    format!("from {} {}", place(address), by_name(name))
}

/// The subject of what somebody who is signed in gave wrong.
pub fn by_person(person: i64) -> String {
    format!("proof:{person}")
}

/// What counts as one address: of IPv6 the network, of which one machine may have all addresses.
fn place(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        _ => address.to_owned(),
    }
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

    #[test]
    fn one_machine_is_one_address_in_ipv6_too() {
        assert_eq!(by_address("203.0.113.9"), "address:203.0.113.9");
        assert_eq!(by_address("2001:db8:1:2:3:4:5:6"), "address:2001:db8:1:2::/64");
        assert_eq!(by_address("2001:db8:1:2::9"), "address:2001:db8:1:2::/64");
        assert_ne!(by_address("2001:db8:1:3::9"), by_address("2001:db8:1:2::9"));
        assert_eq!(by_address("unknown"), "address:unknown");
        assert_ne!(by_both("ada", "203.0.113.9"), by_name("ada from 203.0.113.9"));
    }
}
