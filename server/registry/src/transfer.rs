//! Copying from registry to registry: blobs first, children before the index, and the tag last and by itself, so that whatever
//! goes wrong before leaves nothing that anybody could pull.

use crate::client::Repository;
use crate::digest::Digest;
use crate::media::{Descriptor, Manifest, Platform, RawManifest};
use crate::problems;
use crate::progress::{Progress, State};
use crate::upload::Opened;
use domain::problem::{Code, Problem};
use domain::wording::in_full;
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;
use std::collections::HashSet;
use tokio_util::sync::CancellationToken;

/// Blobs moved at the same time: more of them want more memory, and are hardly faster.
const PARALLEL: usize = 3;
/// Manifests of an index read at the same time.
const ABREAST: usize = 4;
/// A configuration is read for its platform only.
const MAX_CONFIG: u64 = 8 << 20;
const MAX_MANIFESTS: usize = 500;
const MAX_DEPTH: usize = 3;

/// Which of an index' platforms to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platforms {
    /// Everything, attestations included; the index keeps its digest.
    All,
    /// One: its manifest becomes what is tagged. Of an image without an index, a check.
    One(Platform),
}

/// What a copy would move: read from the source, nothing written yet.
#[derive(Clone, Debug)]
pub struct Contents {
    /// What gets the tag.
    pub top: RawManifest,
    /// Manifests that the top one names, each after those that it names itself.
    pub children: Vec<Child>,
    /// Layers and configurations, each once.
    pub blobs: Vec<Descriptor>,
    /// The platforms among them.
    pub platforms: Vec<Platform>,
}

/// A manifest that an index leads to.
#[derive(Clone, Debug)]
pub struct Child {
    /// As it came.
    pub manifest: RawManifest,
    /// What the index says that it is for; none of attestations and the like.
    pub platform: Option<Platform>,
    /// Bytes of its configuration and layers, of those that others have too as well.
    pub size: u64,
    /// Of an index in the index: what it leads to itself.
    pub parts: Vec<Digest>,
}

impl Contents {
    /// Bytes of all blobs.
    pub fn size(&self) -> u64 {
        self.blobs.iter().map(|b| b.size).fold(0, u64::saturating_add)
    }
}

/// Reads what an image consists of. `wanted` is a tag or a digest.
pub async fn inspect(source: &Repository, wanted: &str, platforms: &Platforms) -> Result<Contents, Problem> {
    let (top, manifest) = source.manifest(wanted).await?;
    let mut walk =
        Walk { source, children: Vec::new(), blobs: Vec::new(), platforms: Vec::new(), seen: HashSet::new() };
    let top = match (platforms, &manifest) {
        (Platforms::All, _) => {
            walk.visit(&manifest, None, 0).await?;
            top
        }
        (Platforms::One(wanted), Manifest::Image { .. }) => {
            walk.visit(&manifest, None, 0).await?;
            if !walk.platforms.iter().any(|p| p.serves(wanted)) {
                return Err(lacks(source, wanted, &walk.platforms));
            }
            top
        }
        (Platforms::One(wanted), Manifest::Index(entries)) => {
            let known = |d: &Descriptor| d.platform.clone().filter(Platform::is_known);
            let exact = |d: &&Descriptor| known(d).as_ref() == Some(wanted);
            let serves = |d: &&Descriptor| known(d).is_some_and(|p| p.serves(wanted));
            let Some(entry) = entries.iter().find(exact).or_else(|| entries.iter().find(serves)) else {
                return Err(lacks(source, wanted, &entries.iter().filter_map(known).collect::<Vec<_>>()));
            };
            let (child, manifest) = fetch(source, entry).await?;
            walk.visit(&manifest, entry.platform.as_ref(), 1).await?;
            child
        }
    };
    let Walk { children, blobs, platforms, .. } = walk;
    Ok(Contents { top, children, blobs, platforms })
}

/// Reads what one manifest names itself: of an index nothing that it leads to. `wanted` is a tag or a digest.
///
/// # Errors
/// When the registry does not answer, or with something else.
pub async fn inspect_alone(source: &Repository, wanted: &str) -> Result<Contents, Problem> {
    let (top, manifest) = source.manifest(wanted).await?;
    let mut blobs: Vec<Descriptor> = vec![];
    for blob in own_blobs(&manifest) {
        if !blobs.iter().any(|b| b.digest == blob.digest) {
            blobs.push(blob.clone());
        }
    }
    Ok(Contents { top, children: vec![], blobs, platforms: vec![] })
}

/// The layers and the configuration that a manifest names. Layers that may not be redistributed (Windows' base) stay where their URLs say.
fn own_blobs(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    let all: Vec<&Descriptor> = match manifest {
        Manifest::Index(_) => vec![],
        Manifest::Image { config, layers } => layers.iter().chain([config]).collect(),
    };
    all.into_iter().filter(|blob| blob.urls.is_empty())
}

/// The manifest of an entry of an index.
async fn fetch(source: &Repository, entry: &Descriptor) -> Result<(RawManifest, Manifest), Problem> {
    let (raw, manifest) = source.manifest(&entry.digest.to_string()).await?;
    if raw.bytes.len() as u64 != entry.size {
        return Err(problems::rejected(
            "The index is not usable",
            format!(
                "It says that {} has {} bytes, but it has {}.",
                entry.digest,
                in_full(entry.size),
                in_full(raw.bytes.len() as u64)
            ),
        ));
    }
    Ok((raw, manifest))
}

fn lacks(source: &Repository, wanted: &Platform, found: &[Platform]) -> Problem {
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let has = if found.is_empty() { "It names no platforms.".into() } else { format!("It has {}.", found.join(", ")) };
    Problem::invalid("platform", format!("{} has no image for {wanted}. {has}", source.name()))
}

struct Walk<'a> {
    source: &'a Repository,
    children: Vec<Child>,
    blobs: Vec<Descriptor>,
    platforms: Vec<Platform>,
    seen: HashSet<Digest>,
}

impl Walk<'_> {
    async fn visit(&mut self, manifest: &Manifest, platform: Option<&Platform>, depth: usize) -> Result<(), Problem> {
        match manifest {
            Manifest::Index(entries) => {
                if depth >= MAX_DEPTH || self.seen.len() + entries.len() > MAX_MANIFESTS {
                    return Err(problems::rejected(
                        "The index is not usable",
                        "It names too many manifests, or too deeply nested ones.",
                    ));
                }
                let mut once = HashSet::new();
                let new: Vec<&Descriptor> =
                    entries.iter().filter(|e| !self.seen.contains(&e.digest) && once.insert(e.digest)).collect();
                let fetches: Vec<_> = new.iter().map(|entry| fetch(self.source, entry)).collect();
                let fetched: Vec<_> = futures::stream::iter(fetches).buffered(ABREAST).try_collect().await?;
                for (entry, (raw, manifest)) in new.into_iter().zip(fetched) {
                    // An index before it may lead to it, too.
                    if !self.seen.insert(entry.digest) {
                        continue;
                    }
                    let platform = entry.platform.as_ref();
                    Box::pin(self.visit(&manifest, platform, depth + 1)).await?;
                    let size = own_blobs(&manifest).map(|blob| blob.size).fold(0, u64::saturating_add);
                    let platform = platform.filter(|p| p.is_known()).cloned();
                    let parts = match &manifest {
                        Manifest::Index(entries) => entries.iter().map(|entry| entry.digest).collect(),
                        Manifest::Image { .. } => vec![],
                    };
                    self.children.push(Child { manifest: raw, platform, size, parts });
                }
            }
            Manifest::Image { config, .. } => {
                match platform {
                    Some(platform) if platform.is_known() => self.platforms.push(platform.clone()),
                    Some(_) => {}
                    None => self.platforms.extend(self.configured(config).await?),
                }
                for blob in own_blobs(manifest) {
                    if !self.blobs.iter().any(|b| b.digest == blob.digest) {
                        self.blobs.push(blob.clone());
                    }
                }
            }
        }
        Ok(())
    }

    /// The platform that an image's configuration names; artifacts have none.
    async fn configured(&self, config: &Descriptor) -> Result<Option<Platform>, Problem> {
        if !config.media_type.contains("image") {
            return Ok(None);
        }
        let bytes = self.source.small_blob(config.digest, config.size, MAX_CONFIG).await?;
        Ok(platform_of(&bytes))
    }
}

/// The platform in an image's configuration.
pub(crate) fn platform_of(config: &[u8]) -> Option<Platform> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(flatten)]
        platform: Platform,
    }
    serde_json::from_slice::<Config>(config).ok().map(|c| c.platform).filter(Platform::is_known)
}

/// Moves everything but the top manifest: blobs that the destination lacks, then the children by their digests. Afterwards one
/// PUT of `contents.top` under a tag makes the image exist; see [`Repository::put_manifest`].
pub async fn copy(
    source: &Repository,
    destination: &Repository,
    contents: &Contents,
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<(), Problem> {
    let work = async {
        // Written down first, so that the whole is known from the start.
        let places: Vec<(usize, &Descriptor)> = (contents.blobs.iter())
            .map(|blob| (progress.add(Some(blob.digest), "", blob.size, State::Waiting), blob))
            .collect();
        let moves: Vec<_> =
            places.into_iter().map(|(place, blob)| copy_blob(source, destination, blob, progress, place)).collect();
        futures::stream::iter(moves).buffer_unordered(PARALLEL).try_collect::<()>().await?;
        for child in &contents.children {
            destination.put_manifest(&child.manifest, None).await?;
        }
        Ok(())
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(problems::cancelled()),
        outcome = work => outcome,
    }
}

/// [`copy`], and then the tags. Without tags the image is put under its digest alone.
pub async fn copy_and_tag(
    source: &Repository,
    destination: &Repository,
    contents: &Contents,
    tags: &[String],
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<(), Problem> {
    for tag in tags {
        crate::reference::check_tag(tag)?;
    }
    copy(source, destination, contents, progress, cancel).await?;
    // The last moment at which cancelling still means that nothing is tagged.
    if cancel.is_cancelled() {
        return Err(problems::cancelled());
    }
    if tags.is_empty() {
        return destination.put_manifest(&contents.top, None).await;
    }
    for tag in tags {
        destination.put_manifest(&contents.top, Some(tag)).await?;
    }
    Ok(())
}

async fn copy_blob(
    source: &Repository,
    destination: &Repository,
    blob: &Descriptor,
    progress: &Progress,
    place: usize,
) -> Result<(), Problem> {
    let mut again = true;
    loop {
        match move_blob(source, destination, blob, progress, place).await {
            Ok(state) => {
                progress.end(place, state);
                return Ok(());
            }
            // An upload that the registry forgot starts anew, once.
            Err(problem) if again && problem.code == Code::AwsUnreachable && problem.title == "The upload was lost" => {
                again = false;
                progress.change(place, |b| {
                    b.done = 0;
                    b.resumed += 1;
                });
            }
            Err(problem) => {
                progress.end(place, State::Failed);
                return Err(problem);
            }
        }
    }
}

async fn move_blob(
    source: &Repository,
    destination: &Repository,
    blob: &Descriptor,
    progress: &Progress,
    place: usize,
) -> Result<State, Problem> {
    if destination.has_blob(&blob.digest).await? {
        return Ok(State::Existed);
    }
    let mount = (source.same_registry(destination) && source.name() != destination.name())
        .then(|| (&blob.digest, source.name()));
    let mut upload = match destination.open_upload(mount).await? {
        Opened::Mounted => return Ok(State::Mounted),
        Opened::Upload(upload) => upload,
    };
    progress.change(place, |b| b.state = State::Moving);
    let mut reader = source.blob(blob.digest, blob.size);
    while let Some(piece) = reader.next().await? {
        upload.write(&piece).await?;
        let resumed = reader.resumed() + upload.resumed();
        progress.change(place, |b| {
            b.done += piece.len() as u64;
            b.resumed = b.resumed.max(resumed);
        });
    }
    upload.finish(&blob.digest).await?;
    Ok(State::Done)
}
