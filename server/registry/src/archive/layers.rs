//! From tar entries to blobs: small JSON documents wait in memory, layers go out as they come in.

use super::Limits;
use super::compress::Gzip;
use super::tar::{Entry, Kind, TarReader};
use crate::client::Repository;
use crate::digest::{Digest, Hasher};
use crate::problems::{archive as bad, said, too_large};
use crate::progress::{Progress, State};
use crate::upload::{BlobUpload, Opened};
use bytes::Bytes;
use domain::problem::Problem;
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
pub(super) struct Files(HashMap<String, File>);

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
    progress: &Progress,
) -> Result<Files, Problem> {
    let mut tar = TarReader::new(reader, limits.clone());
    let mut files = Files::default();
    let mut in_memory = 0;
    while let Some(entry) = tar.next().await? {
        let file = match &entry.kind {
            Kind::Folder => continue,
            Kind::Link(target) => File::Link(target.clone()),
            Kind::File => receive_file(&mut tar, &entry, destination, limits, progress).await?,
        };
        if let File::Json(bytes) = &file {
            in_memory += bytes.len() as u64;
            if in_memory > limits.json_total {
                return Err(too_large(format!(
                    "Its JSON documents have more than {} bytes together.",
                    limits.json_total
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
                Content::Tar => compress(tar, head, destination, &line).await,
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
                        progress.change(line.place, |b| b.digest = Some(stored.digest));
                        progress.end(line.place, state);
                        Ok(File::Blob(stored))
                    }
                    Err(problem) => Err(line.failed(problem)),
                },
                Err(problem) => Err(line.failed(problem)),
            }
        }
    }
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
