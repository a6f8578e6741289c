//! What layers became that were compressed on their way. Their digest in the registry is known only at the end of that, so without
//! this an archive that is sent a second time would be compressed and sent a second time.

use crate::client::Repository;
use crate::digest::Digest;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many are remembered; then it begins anew.
const MOST: usize = 10_000;

/// One layer, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) original: Digest,
    pub(super) packed: Digest,
    pub(super) size: u64,
}

type Key = (String, String, u64);

/// The memory, for as long as the process lives. A hint only: the contents are checked each time, and the registry is asked whether it
/// still has the blob.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<Key, Seen>>);

fn key(destination: &Repository, name: &str, size: u64) -> Key {
    (format!("{destination:?}"), name.to_owned(), size)
}

impl Known {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn seen(&self, destination: &Repository, name: &str, size: u64) -> Option<Seen> {
        self.all().get(&key(destination, name, size)).copied()
    }
    pub(super) fn keep(&self, destination: &Repository, name: &str, size: u64, seen: Seen) {
        let mut all = self.all();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(key(destination, name, size), seen);
    }
    pub(super) fn forget(&self, destination: &Repository, name: &str, size: u64) {
        self.all().remove(&key(destination, name, size));
    }
}
