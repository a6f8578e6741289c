//! The key of the digests that stand in place of secrets: out of a file, or kept in the database.

use domain::Problem;
use gantry_store::Store;
use gantry_store::settings::DigestKey;
use sha2::{Digest, Sha256};
use std::fs::Metadata;
use std::path::Path;

use crate::auth::secret;
use crate::clock::now;
use crate::servers;

/// What names the file, as messages say it.
const VARIABLE: &str = "GANTRY_DIGEST_KEY_FILE";
/// A key is as hard to guess as so many random bytes.
const LEAST: u64 = 32;
/// What is longer is no key.
const MOST: u64 = 4_096;

/// The key of this server's digests; that of the file where one is named.
///
/// # Errors
/// One line that names the file when it is no good; [`domain::Code::Conflict`] when other servers on this database use another key,
/// [`domain::Code::Database`].
pub async fn agree(store: &Store, file: Option<&Path>) -> Result<[u8; 32], Problem> {
    let (named, fresh) = (file.map(read).transpose()?, secret::random_key());
    let key = match &named {
        Some(key) => DigestKey::File(key),
        None => DigestKey::Database { fresh: &fresh },
    };
    let digests = store.use_digest_key(key, gantry_aws::fingerprint, servers::dead(now())).await?;
    if digests.renewed > 0 {
        let documents = digests.renewed;
        tracing::info!(
            documents,
            "the digest key is another one: documents with digests are read anew, without entries in their histories"
        );
    }
    Ok(digests.key)
}

/// The SHA-256 of what the file says, every byte of it.
fn read(path: &Path) -> Result<[u8; 32], Problem> {
    let wrong = |why: String| Problem::invalid(VARIABLE, format!("{VARIABLE}: {}: {why}", path.display()));
    let unreadable = |e: std::io::Error| wrong(format!("cannot be read: {e}"));
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(wrong("is not a file".to_owned()));
    }
    if is_open(&about) {
        return Err(wrong("everybody on this machine may read or write it; chmod 600 it".to_owned()));
    }
    match about.len() {
        short @ ..LEAST => Err(wrong(format!("has {short} bytes; a key has at least {LEAST} random ones"))),
        LEAST..=MOST => Ok(Sha256::digest(std::fs::read(path).map_err(unreadable)?).into()),
        long => Err(wrong(format!("has {long} bytes; a key has at most {MOST}"))),
    }
}

/// Whether others than the owner and the group may read or write it.
#[cfg(unix)]
fn is_open(about: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    about.mode() & 0o006 != 0
}

#[cfg(not(unix))]
fn is_open(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
#[path = "digest_key_tests.rs"]
mod tests;
