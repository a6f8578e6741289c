//! Manifests that were fetched lately. What a digest names never changes, and registries count each manifest that is fetched: Docker Hub gives who
//! does not sign in a hundred in six hours. <https://docs.docker.com/docker-hub/usage/pulls/>

use crate::digest::Digest;
use crate::media::RawManifest;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Registry and repository, and the digest there: that one repository shows a manifest says nothing of another.
type Key = (String, Digest);

/// Manifests by digest, up to so many bytes together; the ones that were used least lately go first. Clones share them.
#[derive(Clone)]
pub struct Manifests {
    most: usize,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Default)]
struct Inside {
    all: HashMap<Key, (u64, RawManifest)>,
    bytes: usize,
    /// Counts what is put in and asked for.
    uses: u64,
}

impl fmt::Debug for Manifests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Manifests({} of {} bytes)", inside.bytes, self.most)
    }
}

impl Manifests {
    /// None yet, and never more than so many bytes.
    pub fn up_to(most: usize) -> Self {
        Self { most, inside: Arc::default() }
    }

    /// One that was fetched from this repository.
    pub(crate) fn get(&self, repository: &str, digest: Digest) -> Option<RawManifest> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.uses += 1;
        let now = inside.uses;
        let (used, manifest) = inside.all.get_mut(&(repository.to_owned(), digest))?;
        *used = now;
        Some(manifest.clone())
    }

    /// Keeps one; its bytes were compared with its digest.
    pub(crate) fn keep(&self, repository: &str, manifest: &RawManifest) {
        if manifest.bytes.len() > self.most {
            return;
        }
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.uses += 1;
        let now = inside.uses;
        let key = (repository.to_owned(), manifest.digest);
        if inside.all.insert(key, (now, manifest.clone())).is_none() {
            inside.bytes += manifest.bytes.len();
        }
        while inside.bytes > self.most {
            let oldest = inside.all.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            let Some((_, gone)) = oldest.and_then(|key| inside.all.remove(&key)) else { return };
            inside.bytes = inside.bytes.saturating_sub(gone.bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn manifest(text: &'static str) -> RawManifest {
        let bytes = Bytes::from_static(text.as_bytes());
        RawManifest { digest: Digest::of(&bytes), bytes, media_type: "m".into() }
    }

    #[test]
    fn those_used_least_lately_make_room_and_a_repository_has_its_own() {
        let manifests = Manifests::up_to(10);
        let [a, b, c, large] = ["aaaa", "bbbb", "cccc", "more than ten"].map(manifest);
        let there = |one: &RawManifest| manifests.get("x", one.digest).is_some();
        manifests.keep("x", &a);
        manifests.keep("x", &a);
        manifests.keep("x", &b);
        assert!(there(&b) && there(&a));
        manifests.keep("x", &c);
        assert_eq!([there(&a), there(&b), there(&c)], [true, false, true]);
        manifests.keep("x", &large);
        assert_eq!([there(&a), there(&c), there(&large)], [true, true, false]);
        assert!(manifests.get("y", a.digest).is_none());
        assert_eq!(format!("{manifests:?}"), "Manifests(8 of 10 bytes)");
    }
}
