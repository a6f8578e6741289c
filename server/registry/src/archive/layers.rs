//! From tar entries to blobs: small JSON documents wait in memory, layers go out as they come in.

use super::Limits;
use super::compress::Gzip;
use super::known::{Known, Seen};
use super::tar::{Entry, Kind, TarReader};
use crate::client::Repository;
use crate::digest::{Digest, Hasher};
use crate::problems::{archive as bad, said, too_large};
use crate::progress::{Progress, State};
use crate::upload::{BlobUpload, Opened};
use bytes::Bytes;
use domain::problem::{Code, Problem};
use domain::wording::in_full;
use std::collections::HashMap;
use tokio::io::AsyncRead;

/// How a layer is packed in the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Other,
}

/// A blob that is in the destination.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// Of the file in the archive.
    pub(super) original: Digest,
    pub(super) original_size: u64,
    pub(super) packing: Packing,
}

impl Stored {
    /// Whether it was compressed on its way.
    pub(super) fn changed(&self) -> bool {
        self.digest != self.original
    }
}

/// What a name in the archive stands for.
#[derive(Clone, Debug)]
pub(super) enum File {
    Json(Bytes),
    Blob(Stored),
    /// Not a layer and not JSON; only its absence would matter.
    Other,
    Link(String),
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Files(pub(super) HashMap<String, File>);

impl Files {
    /// What a name stands for, links followed.
    pub(super) fn get(&self, name: &str) -> Option<&File> {
        let mut name = name;
        for _ in 0..16 {
            match self.0.get(name)? {
                File::Link(target) => name = target,
                file => return Some(file),
            }
        }
        None
    }
    /// What its layers became is no longer looked up for others of their names and sizes.
    pub(super) fn forget(&self, known: &Known, destination: &Repository) {
        for (name, file) in &self.0 {
            if let File::Blob(stored) = file {
                known.forget(destination, name, stored.original_size);
            }
        }
    }
    pub(super) fn json(&self, name: &str) -> Option<&Bytes> {
        match self.get(name) {
            Some(File::Json(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

/// Reads the archive to its end.
pub(super) async fn receive<R: AsyncRead + Unpin>(
    reader: R,
    destination: &Repository,
    limits: &Limits,
    known: &Known,
    progress: &Progress,
) -> Result<Files, Problem> {
    let mut tar = TarReader::new(reader, limits.clone());
    let mut files = Files::default();
    let mut in_memory = 0;
    while let Some(entry) = tar.next().await? {
        let file = match &entry.kind {
            Kind::Folder => continue,
            Kind::Link(target) => File::Link(target.clone()),
            Kind::File => receive_file(&mut tar, &entry, destination, limits, known, progress).await?,
        };
        if let File::Json(bytes) = &file {
            in_memory += bytes.len() as u64;
            if in_memory > limits.json_total {
                return Err(too_large(format!(
                    "Its JSON documents have more than {} bytes together.",
                    in_full(limits.json_total)
                )));
            }
        }
        if files.0.insert(entry.name.clone(), file).is_some() {
            return Err(bad(format!("It contains “{}” twice.", said(&entry.name))));
        }
    }
    Ok(files)
}

/// The digest that a name under `blobs/` promises.
fn promised(name: &str) -> Result<Option<Digest>, Problem> {
    let Some(rest) = name.strip_prefix("blobs/") else { return Ok(None) };
    match rest.strip_prefix("sha256/").and_then(Digest::from_hex) {
        Some(digest) => Ok(Some(digest)),
        None => {
            Err(bad(format!("“{}” is not a blob's name: only blobs/sha256/ and 64 digits are understood.", said(name))))
        }
    }
}

enum Content {
    Json,
    Tar,
    Packed(Packing),
    Other,
}

fn look(entry: &Entry, head: &[u8], limits: &Limits) -> Content {
    let blob = entry.name.starts_with("blobs/");
    let first = head.iter().find(|b| !b.is_ascii_whitespace());
    match head {
        [0x1f, 0x8b, ..] => Content::Packed(Packing::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Content::Packed(Packing::Zstd),
        _ if head.get(257..262) == Some(b"ustar") => Content::Tar,
        _ if matches!(first, Some(b'{' | b'[')) && entry.size <= limits.json => Content::Json,
        // A layer without a file, or one in the format from before ustar.
        _ if head.len() >= 512 && (head[..512].iter().all(|b| *b == 0) || entry.name.ends_with(".tar")) => Content::Tar,
        _ if blob => Content::Packed(Packing::Other),
        _ => Content::Other,
    }
}

async fn receive_file<R: AsyncRead + Unpin>(
    tar: &mut TarReader<R>,
    entry: &Entry,
    destination: &Repository,
    limits: &Limits,
    known: &Known,
    progress: &Progress,
) -> Result<File, Problem> {
    let promised = promised(&entry.name)?;
    let head = tar.piece().await?.unwrap_or_default();
    let content = look(entry, &head, limits);
    let fits = |found: Digest| match promised {
        Some(promised) if promised != found => Err(bad(format!(
            "“{}” has the digest {found}: its name says another. The archive is damaged.",
            said(&entry.name)
        ))),
        _ => Ok(()),
    };
    match content {
        Content::Json => {
            let mut all = Vec::with_capacity(entry.size as usize);
            all.extend_from_slice(&head);
            while let Some(piece) = tar.piece().await? {
                all.extend_from_slice(&piece);
            }
            fits(Digest::of(&all))?;
            Ok(File::Json(all.into()))
        }
        // Passed over; its rest is read with the next entry.
        Content::Other => Ok(File::Other),
        Content::Tar | Content::Packed(_) => {
            let line = Line { progress, place: progress.add(promised, &entry.name, entry.size, State::Moving) };
            let outcome = match content {
                Content::Tar => match there(known, entry, promised, destination).await {
                    Ok(Some(seen)) => pass_over(tar, head, &seen, &line).await,
                    Ok(None) => compress(tar, head, destination, &line).await,
                    Err(problem) => Err(problem),
                },
                Content::Packed(packing) => carry(tar, head, entry.size, promised, packing, destination, &line).await,
                Content::Json | Content::Other => return Ok(File::Other),
            };
            let outcome = outcome.and_then(|(half, state)| {
                fits(half.original)?;
                Ok((half, state))
            });
            match outcome {
                Ok((half, state)) => match half.commit().await {
                    Ok(stored) => {
                        if stored.changed() {
                            let seen = Seen { original: stored.original, packed: stored.digest, size: stored.size };
                            known.keep(destination, &entry.name, entry.size, seen);
                        }
                        progress.change(line.place, |b| b.digest = Some(stored.digest));
                        progress.end(line.place, state);
                        Ok(File::Blob(stored))
                    }
                    Err(problem) => Err(line.failed(problem)),
                },
                Err(problem) => {
                    known.forget(destination, &entry.name, entry.size);
                    Err(line.failed(problem))
                }
            }
        }
    }
}

/// What a file of this name and size was packed to before, as long as the destination has that.
async fn there(
    known: &Known,
    entry: &Entry,
    promised: Option<Digest>,
    destination: &Repository,
) -> Result<Option<Seen>, Problem> {
    match known.seen(destination, &entry.name, entry.size) {
        Some(seen)
            if promised.is_none_or(|digest| digest == seen.original) && destination.has_blob(&seen.packed).await? =>
        {
            Ok(Some(seen))
        }
        _ => Ok(None),
    }
}

/// Reads and checks what the destination has in packed form.
async fn pass_over<R: AsyncRead + Unpin>(
    tar: &mut TarReader<R>,
    head: Bytes,
    seen: &Seen,
    line: &Line<'_>,
) -> Result<(Half, State), Problem> {
    let (mut hasher, mut original_size) = (Hasher::default(), 0);
    let mut next = Some(head);
    while let Some(piece) = next {
        hasher.update(&piece);
        original_size += piece.len() as u64;
        line.moved(piece.len(), 0);
        next = tar.piece().await?;
    }
    let original = hasher.finish();
    if original != seen.original {
        return Err(Problem::new(
            Code::Conflict,
            "The archive has changed",
            "A layer of it has the name and size of one that arrived before, but other contents. Send it again: now all of it is taken.",
        ));
    }
    let half =
        Half { upload: None, digest: seen.packed, size: seen.size, original, original_size, packing: Packing::Gzip };
    Ok((half, State::Existed))
}

struct Line<'a> {
    progress: &'a Progress,
    place: usize,
}

impl Line<'_> {
    fn moved(&self, bytes: usize, resumed: u32) {
        self.progress.change(self.place, |b| {
            b.done += bytes as u64;
            b.resumed = resumed;
        });
    }
    fn failed(&self, problem: Problem) -> Problem {
        self.progress.end(self.place, State::Failed);
        problem
    }
}

/// A blob that is sent, but not yet kept by the registry.
struct Half {
    upload: Option<Box<BlobUpload>>,
    digest: Digest,
    size: u64,
    original: Digest,
    original_size: u64,
    packing: Packing,
}

impl Half {
    async fn commit(self) -> Result<Stored, Problem> {
        let Self { upload, digest, size, original, original_size, packing } = self;
        if let Some(upload) = upload {
            upload.finish(&digest).await?;
        }
        Ok(Stored { digest, size, original, original_size, packing })
    }
}

async fn open(destination: &Repository) -> Result<Option<Box<BlobUpload>>, Problem> {
    match destination.open_upload(None).await? {
        Opened::Upload(upload) => Ok(Some(upload)),
        Opened::Mounted => Ok(None),
    }
}

/// Byte for byte; only read and checked when the destination has it.
async fn carry<R: AsyncRead + Unpin>(
    tar: &mut TarReader<R>,
    head: Bytes,
    size: u64,
    promised: Option<Digest>,
    packing: Packing,
    destination: &Repository,
    line: &Line<'_>,
) -> Result<(Half, State), Problem> {
    let exists = match promised {
        Some(digest) => destination.has_blob(&digest).await?,
        None => false,
    };
    let mut upload = if exists { None } else { open(destination).await? };
    let mut hasher = Hasher::default();
    let mut next = Some(head);
    while let Some(piece) = next {
        hasher.update(&piece);
        if let Some(upload) = &mut upload {
            upload.write(&piece).await?;
        }
        line.moved(piece.len(), upload.as_ref().map_or(0, |u| u.resumed()));
        next = tar.piece().await?;
    }
    let digest = hasher.finish();
    let state = if exists { State::Existed } else { State::Done };
    Ok((Half { upload, digest, size, original: digest, original_size: size, packing }, state))
}

/// Compressed on its way: what the registry keeps is known only at the end.
async fn compress<R: AsyncRead + Unpin>(
    tar: &mut TarReader<R>,
    head: Bytes,
    destination: &Repository,
    line: &Line<'_>,
) -> Result<(Half, State), Problem> {
    let mut upload = open(destination).await?;
    let (mut before, mut after) = (Hasher::default(), Hasher::default());
    let (mut size, mut original_size) = (0, 0);
    let mut gzip = Gzip::new();
    let mut next = Some(head);
    while let Some(piece) = next {
        before.update(&piece);
        original_size += piece.len() as u64;
        let packed = gzip.write(&piece).await?;
        size += packed.len() as u64;
        after.update(&packed);
        if let Some(upload) = &mut upload {
            upload.write(&packed).await?;
        }
        line.moved(piece.len(), upload.as_ref().map_or(0, |u| u.resumed()));
        next = tar.piece().await?;
    }
    let packed = gzip.finish().await?;
    size += packed.len() as u64;
    after.update(&packed);
    if let Some(upload) = &mut upload {
        upload.write(&packed).await?;
    }
    let (digest, original) = (after.finish(), before.finish());
    Ok((Half { upload, digest, size, original, original_size, packing: Packing::Gzip }, State::Done))
}
