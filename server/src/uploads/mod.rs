//! Image archives that people send, on their way into a registry: read as they come, nothing kept whole. What they leave behind are
//! layers that nothing leads to; that an image can be pulled is for a plan ([`domain::ecr::wizards::put_images`]).
//!
//! How far an upload is, and why it was refused, is told to whoever sends it by its id: a browser that is refused in the middle of a
//! body mostly does not see the answer.

mod kept;

use axum::body::Body;
use domain::ecr::upload::Upload;
use domain::ecr::wizards::put_images::{Image, MOST_BYTES, MOST_MANIFESTS, Manifest};
use domain::policy::{Actor, Permission, decide};
use domain::{Code, Problem, Scope};
use futures::StreamExt;
use gantry_aws::Connections;
use gantry_registry::{ArchiveImage, Known, Limits, RawManifest, Upload as Feed, intake, push_archive};
use gantry_store::Store;
use gantry_store::audit::Entry;
use serde_json::json;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use crate::apply::copy::own;
use crate::clock::now;
use kept::{Kept, broke_off};

/// So many uploads of one person at once.
const ABREAST: usize = 3;
/// So many of everybody: each holds some dozen megabytes.
const ABREAST_ALL: usize = 12;
/// How long it can be asked how one ended.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);
/// At most so many that ended are remembered, of everybody.
const REMEMBERED_MOST: usize = 200;
/// Bytes of JSON documents that may wait in memory.
const WAITING: u64 = 16 << 20;

/// What somebody wants to send.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What the sender calls it: 8 to 64 letters and digits.
    pub id: String,
    /// Account and region.
    pub scope: Scope,
    /// The repository's name.
    pub repository: String,
    /// Bytes, if they were declared.
    pub size: Option<u64>,
}

/// All uploads of this server.
pub struct Uploads {
    connections: Connections,
    store: Store,
    limits: Limits,
    known: Known,
    all: Mutex<Vec<Arc<Kept>>>,
}

impl Uploads {
    /// Over these connections; archives of at most `largest` bytes.
    pub fn new(connections: Connections, store: Store, largest: Option<u64>) -> Self {
        let usual = Limits::default();
        let total = largest.unwrap_or(usual.total);
        let limits = Limits { total, entry: usual.entry.min(total), json_total: WAITING, ..usual };
        Self { connections, store, limits, known: Known::default(), all: Mutex::default() }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Kept>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far an upload of this person is.
    ///
    /// # Errors
    /// When this server knows no such upload.
    pub fn told(&self, actor: &Actor, id: &str) -> Result<Upload, Problem> {
        decide(actor, Permission::ChangeAws)?;
        let all = self.all();
        let found = all.iter().find(|kept| kept.person == actor.person && kept.id == id);
        let unknown =
            || Problem::not_found("There is no upload with this id, or it ended more than a quarter of an hour ago.");
        found.map(|kept| kept.told(Instant::now())).ok_or_else(unknown)
    }

    /// Reads an archive to its end and sends its layers to the repository.
    ///
    /// # Errors
    /// What is wrong with the archive, or what AWS said. What arrived until then is not sent again.
    pub async fn receive(&self, actor: &Actor, wanted: &Wanted, body: Body) -> Result<Upload, Problem> {
        decide(actor, Permission::ChangeAws)?;
        let kept = self.enter(actor, wanted)?;
        // Should this future be dropped with the connection, that is how it ended.
        let ending = Ending(&kept);
        let outcome = match self.may_begin(&kept) {
            Ok(()) => self.carry(actor, wanted, &kept, body).await,
            Err(problem) => Err(problem),
        };
        kept.end(outcome.clone());
        drop(ending);
        outcome.map(|_| kept.told(Instant::now()))
    }

    /// Notes that it begins.
    fn enter(&self, actor: &Actor, wanted: &Wanted) -> Result<Arc<Kept>, Problem> {
        if !(8..=64).contains(&wanted.id.len()) || !wanted.id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Problem::invalid("id", "An upload's id is 8 to 64 letters and digits of your own."));
        }
        let mut all = self.all();
        let ended = |kept: &Arc<Kept>| kept.ended().is_some();
        all.retain(|kept| kept.ended().is_none_or(|at| at.elapsed() < REMEMBERED));
        while all.iter().filter(|kept| ended(kept)).count() > REMEMBERED_MOST {
            let Some(oldest) = all.iter().position(ended) else { break };
            all.remove(oldest);
        }
        if all.iter().any(|kept| kept.person == actor.person && kept.id == wanted.id) {
            return Err(Problem::new(
                Code::Conflict,
                "The id is taken",
                "There was an upload with this id. Choose another.",
            ));
        }
        let kept = Arc::new(Kept::new(actor.person, wanted));
        all.push(kept.clone());
        Ok(kept)
    }

    fn may_begin(&self, own: &Kept) -> Result<(), Problem> {
        if let Some(size) = own.size.filter(|size| *size > self.limits.total) {
            return Err(self.too_large(&format!("It has {size} bytes")));
        }
        let all = self.all();
        let going = || all.iter().filter(|kept| kept.ended().is_none());
        let mine = going().filter(|kept| kept.person == own.person).count();
        if mine > ABREAST || going().count() > ABREAST_ALL {
            let message = format!(
                "A person sends at most {ABREAST} archives at once, all together {ABREAST_ALL}. Wait until one has ended."
            );
            return Err(Problem::new(Code::Busy, "Too many uploads at once", message));
        }
        Ok(())
    }

    fn too_large(&self, what: &str) -> Problem {
        let message = format!(
            "{what}; this Gantry takes archives of at most {} (registries.max_image_bytes).",
            self.limits.total
        );
        let mut problem = Problem::new(Code::TooLarge, "The archive is too large", message);
        problem.field = Some("archive".to_owned());
        problem
    }

    async fn carry(&self, actor: &Actor, wanted: &Wanted, kept: &Kept, body: Body) -> Result<Vec<Image>, Problem> {
        let destination = own(&self.connections, &wanted.scope, &wanted.repository).await?;
        let detail =
            json!({ "scope": wanted.scope.to_string(), "repository": wanted.repository, "bytes": wanted.size });
        let entry = Entry {
            id: 0,
            at: now(),
            person: Some(actor.person),
            actor: actor.name.clone(),
            action: "upload.begin".into(),
            subject: wanted.id.clone(),
            detail,
        };
        self.store.note(&entry).await?;
        let (feed, reader) = intake();
        let never = CancellationToken::new();
        let push = push_archive(reader, &destination, &self.limits, &self.known, &kept.progress, &never);
        let mut push = std::pin::pin!(push);
        let archive = tokio::select! {
            biased;
            outcome = &mut push => outcome,
            fed = self.feed(feed, kept, body) => match fed {
                Ok(()) => push.await,
                Err(problem) => Err(problem),
            },
        }?;
        let images = archive.images.into_iter().map(image).collect::<Result<Vec<_>, _>>()?;
        let manifests = || images.iter().flat_map(|image| image.parts.iter().chain([&image.manifest]));
        if manifests().count() > MOST_MANIFESTS || manifests().map(|m| m.text.len()).sum::<usize>() > MOST_BYTES {
            let message = format!(
                "It holds {} images and parts of such: more than can be put at once. Save fewer of them into one archive.",
                manifests().count()
            );
            return Err(Problem::new(Code::TooLarge, "The archive holds too many images", message));
        }
        Ok(images)
    }

    /// Hands on what arrives. Ends well, too, when the reader reads no further: it knows why.
    async fn feed(&self, feed: Feed, kept: &Kept, body: Body) -> Result<(), Problem> {
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| {
                tracing::debug!(%error, "an upload broke off");
                broke_off()
            })?;
            // Also of what decompresses to nothing.
            if kept.count(piece.len()) > self.limits.total {
                return Err(self.too_large("It has more bytes than allowed"));
            }
            if feed.feed(feed.received(), &piece).await.is_err() {
                return Ok(());
            }
        }
        feed.finish().await
    }
}

/// Notes an end that nobody noted.
struct Ending<'a>(&'a Kept);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.0.ended().is_none() {
            self.0.end(Err(broke_off()));
        }
    }
}

fn manifest(raw: &RawManifest) -> Result<Manifest, Problem> {
    let text = std::str::from_utf8(&raw.bytes)
        .map_err(|_| Problem::invalid("archive", "A manifest in it is not UTF-8, so it is not JSON either."))?;
    Ok(Manifest { digest: raw.digest.to_string(), media_type: raw.media_type.clone(), text: text.to_owned() })
}

fn image(found: ArchiveImage) -> Result<Image, Problem> {
    let mut seen = HashSet::new();
    let size = found.layers.iter().filter(|layer| seen.insert(layer.digest)).map(|layer| layer.size).sum();
    Ok(Image {
        manifest: manifest(&found.manifest)?,
        parts: found.children.iter().map(manifest).collect::<Result<_, _>>()?,
        tags: found.tags(),
        platforms: found.platforms.iter().map(ToString::to_string).collect(),
        size,
    })
}
