//! Layers and configurations of images, on disk: the emulator would hold them in memory and write them down again
//! every few seconds. Whatever their size, only a piece of one is in memory.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use futures::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::gateway::upstream::Scope;

const PIECE: u64 = 128 * 1024;
/// No part of a repository's name begins with it.
const BLOBS: &str = "_blobs";

/// All registries' blobs, and what is being uploaded.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    uploads: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Upload>>>>,
}

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The registry.
    pub scope: Scope,
    /// The repository's name.
    pub repository: String,
}

/// A blob that is being uploaded. It ends with the process: clients begin again, as with any registry.
#[derive(Debug)]
pub struct Upload {
    place: Place,
    path: PathBuf,
    file: File,
    hash: Sha256,
    /// Bytes that are written.
    pub size: u64,
}

/// Why an upload did not become a blob.
#[derive(Debug)]
pub enum Incomplete {
    /// Its content has this digest instead.
    Digest(String),
    /// The disk failed.
    Disk(io::Error),
}

impl Blobs {
    /// The blobs in a folder.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        let uploads = folder.join("uploads");
        if uploads.exists() {
            std::fs::remove_dir_all(&uploads)?;
        }
        std::fs::create_dir_all(&uploads)?;
        Ok(Self { folder, uploads: Mutex::default() })
    }

    /// Where a repository's blobs are. `None` for what is no name of a repository.
    fn within(&self, place: &Place) -> Option<PathBuf> {
        let Scope { account, region } = &place.scope;
        let safe = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        };
        let mut parts = [account.as_str(), region.as_str()].into_iter().chain(place.repository.split('/'));
        parts.all(safe).then(|| self.folder.join(account).join(region).join(&place.repository).join(BLOBS))
    }

    fn path(&self, place: &Place, digest: &str) -> Option<PathBuf> {
        let hex = digest.strip_prefix("sha256:")?;
        let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| Some(self.within(place)?.join(hex)))?
    }

    /// The size of a blob that is there.
    pub async fn size(&self, place: &Place, digest: &str) -> Option<u64> {
        tokio::fs::metadata(self.path(place, digest)?).await.ok().map(|found| found.len())
    }

    /// A blob as a stream.
    pub async fn read(&self, place: &Place, digest: &str) -> io::Result<Body> {
        let path = self.path(place, digest).ok_or(io::ErrorKind::NotFound)?;
        let file = File::open(path).await?;
        let size = file.metadata().await?.len();
        Ok(Body::from_stream(futures::stream::try_unfold((file, size), |(mut file, left)| async move {
            if left == 0 {
                return Ok::<_, io::Error>(None);
            }
            let mut piece = vec![0; usize::try_from(left.min(PIECE)).unwrap_or_default()];
            let count = file.read(&mut piece).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            piece.truncate(count);
            Ok(Some((Bytes::from(piece), (file, left - count as u64))))
        })))
    }

    /// Makes a blob of one repository one of another too, without a copy. Whether it was there.
    pub async fn link(&self, from: &Place, to: &Place, digest: &str) -> io::Result<bool> {
        let (Some(source), Some(target)) = (self.path(from, digest), self.path(to, digest)) else { return Ok(false) };
        if !tokio::fs::try_exists(&source).await? {
            return Ok(false);
        }
        make_parent(&target).await?;
        match tokio::fs::hard_link(source, target).await {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(true),
        }
    }

    /// Removes a blob. Whether it was there.
    pub async fn remove(&self, place: &Place, digest: &str) -> io::Result<bool> {
        let Some(path) = self.path(place, digest) else { return Ok(false) };
        match tokio::fs::remove_file(path).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes all blobs of a repository.
    pub async fn clear(&self, place: &Place) -> io::Result<()> {
        let Some(folder) = self.within(place) else { return Ok(()) };
        match tokio::fs::remove_dir_all(folder).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Begins an upload; gives its id.
    pub async fn begin(&self, place: Place) -> io::Result<String> {
        let name = crate::random_name().map_err(|failure| io::Error::other(failure.to_string()))?;
        let (a, b, c, d, e) = (&name[..8], &name[8..12], &name[12..16], &name[16..20], &name[20..]);
        let id = format!("{a}-{b}-{c}-{d}-{e}");
        let path = self.folder.join("uploads").join(&id);
        let file = File::create(&path).await?;
        let upload = Upload { place, path, file, hash: Sha256::new(), size: 0 };
        self.lock().insert(id.clone(), Arc::new(tokio::sync::Mutex::new(upload)));
        Ok(id)
    }

    /// An upload into a repository.
    pub async fn upload(&self, place: &Place, id: &str) -> Option<Arc<tokio::sync::Mutex<Upload>>> {
        let upload = self.lock().get(id).cloned()?;
        let fits = upload.lock().await.place == *place;
        fits.then_some(upload)
    }

    /// Makes a blob of what was uploaded. After a wrong digest the upload is over as well.
    pub async fn complete(&self, id: &str, upload: &mut Upload, digest: &str) -> Result<(), Incomplete> {
        self.lock().remove(id);
        let result = self.keep(upload, digest).await;
        if result.is_err() {
            let _ = tokio::fs::remove_file(&upload.path).await;
        }
        result
    }

    async fn keep(&self, upload: &mut Upload, digest: &str) -> Result<(), Incomplete> {
        let actual = digest_of(upload.hash.clone());
        let target = self.path(&upload.place, digest);
        let Some(target) = target.filter(|_| actual == digest) else { return Err(Incomplete::Digest(actual)) };
        let work = async {
            upload.file.flush().await?;
            make_parent(&target).await?;
            tokio::fs::rename(&upload.path, &target).await
        };
        work.await.map_err(Incomplete::Disk)
    }

    /// Ends an upload without a blob.
    pub async fn cancel(&self, id: &str, upload: &Upload) -> io::Result<()> {
        self.lock().remove(id);
        tokio::fs::remove_file(&upload.path).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<Upload>>>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    /// Adds what comes, as it comes. What came before a failure stays.
    pub async fn add<E: Into<axum::BoxError>>(
        &mut self,
        mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> io::Result<()> {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(io::Error::other)?;
            self.file.write_all(&piece).await?;
            self.hash.update(&piece);
            self.size += piece.len() as u64;
        }
        self.file.flush().await
    }
}

async fn make_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => tokio::fs::create_dir_all(parent).await,
        None => Ok(()),
    }
}

fn digest_of(hash: Sha256) -> String {
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The digest of some bytes.
pub fn digest(bytes: &[u8]) -> String {
    digest_of(Sha256::new().chain_update(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn place(repository: &str) -> Place {
        let scope = Scope { account: "111122223333".into(), region: "eu-west-1".into() };
        Place { scope, repository: repository.into() }
    }

    #[tokio::test]
    async fn keeps_what_was_uploaded_under_its_digest_only() {
        let folder = Folder(std::env::temp_dir().join(crate::random_name().unwrap()));
        let blobs = Blobs::open(folder.0.clone()).unwrap();
        let (web, other) = (place("team/web"), place("team/other"));
        let pieces = || futures::stream::iter(["ab", "c"].map(|text| Ok::<_, io::Error>(Bytes::from(text))));
        let id = blobs.begin(web.clone()).await.unwrap();
        assert!(blobs.upload(&other, &id).await.is_none());
        let upload = blobs.upload(&web, &id).await.unwrap();
        upload.lock().await.add(pieces()).await.unwrap();
        let right = digest(b"abc");
        blobs.complete(&id, &mut *upload.lock().await, &right).await.unwrap();
        assert_eq!(blobs.size(&web, &right).await, Some(3));
        assert!(blobs.link(&web, &other, &right).await.unwrap());
        blobs.clear(&web).await.unwrap();
        assert_eq!(blobs.size(&web, &right).await, None);
        let body = blobs.read(&other, &right).await.unwrap();
        assert_eq!(axum::body::to_bytes(body, 10).await.unwrap(), "abc");

        let id = blobs.begin(web.clone()).await.unwrap();
        let upload = blobs.upload(&web, &id).await.unwrap();
        let result = blobs.complete(&id, &mut *upload.lock().await, &right).await;
        assert!(matches!(result, Err(Incomplete::Digest(actual)) if actual == digest(b"")));
        assert!(blobs.upload(&web, &id).await.is_none());
        assert_eq!(std::fs::read_dir(folder.0.join("uploads")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn no_name_leads_out_of_the_folder() {
        let folder = Folder(std::env::temp_dir().join(crate::random_name().unwrap()));
        let blobs = Blobs::open(folder.0.clone()).unwrap();
        for name in ["..", "a/../../b", "/etc", "a//b", "_blobs", ""] {
            assert_eq!(blobs.within(&place(name)), None, "{name}");
        }
        assert_eq!(blobs.path(&place("a"), "sha256:../../x"), None);
    }
}
