//! Random secrets and their hashes.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// `N` random bytes.
///
/// # Panics
/// When the operating system gives none: then nothing secret can be made, and nothing else is right to do.
#[allow(clippy::expect_used)]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random source");
    bytes
}

/// `N` random bytes as hexadecimal digits.
pub fn random_hex<const N: usize>() -> String {
    hex(&random::<N>())
}

/// A key of 256 random bits.
pub fn random_key() -> [u8; 32] {
    random()
}

/// SHA-256 as hexadecimal digits: what is kept in place of a secret.
pub fn hashed(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What API tokens begin with, so that people and scanners recognise them.
pub const TOKEN_PREFIX: &str = "gantry_";

/// A new API token: 256 random bits after the prefix.
pub fn new_token() -> String {
    format!("{TOKEN_PREFIX}{}", random_hex::<32>())
}
