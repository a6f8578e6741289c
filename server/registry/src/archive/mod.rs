//! An image archive as it arrives: what `docker save` wrote (before and since it writes OCI layouts), Podman's and others' likes of
//! it, and OCI layouts, each optionally compressed as a whole. Layers go to the destination as they are read: one that is not
//! compressed is compressed on its way, everything else goes byte for byte.

mod assemble;
mod compress;
mod known;
mod layers;
mod layout;
mod tar;

pub use known::Known;

use crate::client::Repository;
use crate::media::{Descriptor, Platform, RawManifest};
use crate::problems;
use crate::progress::Progress;
use async_compression::tokio::bufread::GzipDecoder;
use domain::problem::{Code, Problem};
use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader, ReadBuf};
use tokio_util::sync::CancellationToken;

/// What an archive may have.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes in all, after decompression.
    pub total: u64,
    /// Bytes of one file in it.
    pub entry: u64,
    /// Files, folders and links.
    pub entries: u64,
    /// Bytes of one JSON document; larger ones are taken for layers.
    pub json: u64,
    /// Bytes of all JSON documents together: they wait in memory until it is known what they are.
    pub json_total: u64,
    /// How many times larger than compressed an archive may become …
    pub ratio: u64,
    /// … beyond this many bytes.
    pub ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 50 << 30,
            entry: 20 << 30,
            entries: 100_000,
            json: 4 << 20,
            json_total: 64 << 20,
            ratio: 200,
            ratio_from: 256 << 20,
        }
    }
}

/// What an archive held. Its layers and configurations are in the destination; no manifest is, so nothing can be pulled.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The images, in the archive's order.
    pub images: Vec<ArchiveImage>,
}

/// One image of an archive, ready to be tagged.
#[derive(Clone, Debug)]
pub struct ArchiveImage {
    /// Names as the archive gives them: `nginx:1.27`, or a tag alone.
    pub names: Vec<String>,
    /// What it runs on: several for an index.
    pub platforms: Vec<Platform>,
    /// What to PUT: see [`Repository::put_manifest`].
    pub manifest: RawManifest,
    /// Of an index: the manifests below it, to PUT before it, each after those that it names itself.
    pub children: Vec<RawManifest>,
    /// Its configuration; `None` for an index.
    pub config: Option<Descriptor>,
    /// Its layers, the lowest first; of an index, those of all its images.
    pub layers: Vec<Descriptor>,
    /// The digest is not the archive's own, because layers were compressed or the archive's format has no manifest.
    pub rebuilt: bool,
}

impl ArchiveImage {
    /// The tags that its names carry, each once.
    pub fn tags(&self) -> Vec<String> {
        let tag = |name: &String| match name.rsplit_once(':') {
            Some((_, tag)) if !tag.contains('/') => tag.to_owned(),
            _ => name.clone(),
        };
        let mut tags: Vec<String> =
            self.names.iter().map(tag).filter(|tag| crate::reference::check_tag(tag).is_ok()).collect();
        let mut seen = HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        tags
    }
}

/// Reads an archive to its end and sends what is in it to the destination, all but what would make an image visible: the manifests.
/// What earlier archives were made of, and this one is again, is not sent again.
pub async fn push_archive<R: AsyncRead + Send + Unpin>(
    reader: R,
    destination: &Repository,
    limits: &Limits,
    known: &Known,
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<Archive, Problem> {
    let work = async {
        let mut reader = BufReader::with_capacity(64 << 10, reader);
        let start = reader.fill_buf().await.map_err(|e| problems::archive(format!("It cannot be read: {e}.")))?;
        let gzip = match start {
            [] => return Err(problems::archive("It is empty.")),
            [0x1f, ..] => true,
            // zstd, xz, bzip2, ZIP
            [0x28, 0xb5, ..] | [0xfd, b'7', ..] | [b'B', b'Z', ..] | [b'P', b'K', ..] => {
                return Err(problems::archive(
                    "It is compressed in a way that is not known here: send a tar, or a tar compressed with gzip.",
                ));
            }
            _ => false,
        };
        let files = if gzip {
            let packed = Arc::new(AtomicU64::new(0));
            let mut decoder = GzipDecoder::new(Counted { inner: reader, count: packed.clone() });
            decoder.multiple_members(true);
            let bounded = Bounded { inner: decoder, packed, unpacked: 0, limits: limits.clone() };
            layers::receive(bounded, destination, limits, known, progress).await?
        } else {
            layers::receive(reader, destination, limits, known, progress).await?
        };
        let outcome = assemble::assemble(&files, destination, progress).await;
        // The next one may be whole, with layers of the same names and sizes.
        if matches!(&outcome, Err(problem) if problem.code == Code::Invalid) {
            files.forget(known, destination);
        }
        outcome
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(problems::cancelled()),
        outcome = work => outcome,
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.count.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        outcome
    }
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Counted<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().inner).poll_fill_buf(cx)
    }
    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.count.fetch_add(amount as u64, Ordering::Relaxed);
        Pin::new(&mut self.inner).consume(amount);
    }
}

/// Stops a stream that becomes much larger than it was.
struct Bounded<R> {
    inner: R,
    packed: Arc<AtomicU64>,
    unpacked: u64,
    limits: Limits,
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.unpacked += (buffer.filled().len() - before) as u64;
        let allowed = self.packed.load(Ordering::Relaxed).saturating_mul(self.limits.ratio);
        if self.unpacked > self.limits.ratio_from && self.unpacked > allowed {
            return Poll::Ready(Err(std::io::Error::other(problems::too_large(format!(
                "Decompressed it becomes more than {} times larger. Images do not; such a file is made to fill memory or disk.",
                self.limits.ratio
            )))));
        }
        outcome
    }
}
