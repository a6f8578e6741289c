//! Secrets never leave the process in readable form: [`Sealer`] turns a value into its length and a keyed hash.

use domain::resource::Sealed;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// Seals values with one key. The same value gives the same seal, so that a change can be seen.
#[derive(Clone)]
pub struct Sealer(Hmac<Sha256>);

impl Sealer {
    /// A sealer with this key, which stays the same over restarts, so that seals stay comparable.
    pub fn new(key: &[u8; 32]) -> Self {
        // A key shorter than a block is padded with zeros: RFC 2104.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Self(Hmac::new(&block.into()))
    }

    /// The seal of a value: its length in bytes and the first 16 hex digits of its HMAC-SHA-256.
    pub fn seal(&self, value: &str) -> Sealed {
        let mut mac = self.0.clone();
        mac.update(value.as_bytes());
        let digest = mac.finalize().into_bytes().iter().take(8).map(|b| format!("{b:02x}")).collect();
        Sealed { length: value.len(), digest }
    }

    /// The [`fingerprint`] of its key.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(b"gantry: the fingerprint of a digest key");
        mac.finalize().into_bytes().into()
    }
}

/// What tells this key from others and says nothing about it: its HMAC-SHA-256 of a text that is no value of a resource.
pub fn fingerprint(key: &[u8; 32]) -> [u8; 32] {
    Sealer::new(key).fingerprint()
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_shows_a_change_and_nothing_else() {
        let sealer = Sealer::new(&[7; 32]);
        let seal = sealer.seal("hunter2");
        assert_eq!((seal.length, seal.digest.len()), (7, 16));
        assert_eq!(seal, sealer.seal("hunter2"));
        assert_ne!(seal.digest, sealer.seal("hunter3").digest);
        assert_ne!(seal.digest, Sealer::new(&[8; 32]).seal("hunter2").digest);
        assert!(!serde_json::to_string(&seal).unwrap().contains("hunter"));
    }

    #[test]
    fn a_fingerprint_tells_keys_apart() {
        assert_eq!(fingerprint(&[7; 32]), Sealer::new(&[7; 32]).fingerprint());
        assert_ne!(fingerprint(&[7; 32]), fingerprint(&[8; 32]));
        assert!(!fingerprint(&[7; 32]).windows(4).any(|bytes| bytes == [7; 4]));
    }
}
