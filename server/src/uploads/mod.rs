//! Image archives that people send, on their way into a registry: read as they come, nothing kept whole. What they leave behind are
//! layers that nothing leads to; that an image can be pulled is for a plan ([`domain::ecr::wizards::put_images`]).
//!
//! How far an upload is, and why it was refused, is told to whoever sends it by its id: a browser that is refused in the middle of a
//! body mostly does not see the answer.
//!
//! An upload outlives the request that began it: when the connection breaks, it waits a while for another request that goes on.

mod kept;

use axum::body::Body;
use domain::ecr::upload::Upload;
use domain::ecr::wizards::put_images::{Image, MOST_BYTES, MOST_MANIFESTS, Manifest};
use domain::policy::{Actor, Permission, decide};
use domain::wording::in_full;
use domain::{Code, Problem, Scope};
use futures::StreamExt;
use gantry_aws::{Connections, Person};
use gantry_registry::{ArchiveImage, Intake, Known, Limits, RawManifest, intake, push_archive};
use gantry_store::Store;
use gantry_store::audit::Entry;
use serde_json::json;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::apply::copy::own;
use crate::clock::now;
use kept::{Kept, broke_off};

/// So many uploads of one person at once.
const ABREAST: usize = 3;
/// So many of everybody: each holds some dozen megabytes.
const ABREAST_ALL: usize = 12;
/// How long one whose connection broke waits for its sender to go on.
pub const WAITS: Duration = Duration::from_secs(5 * 60);
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
    /// Bytes of this request, if they were declared.
    pub size: Option<u64>,
    /// Where in the archive they begin, of an upload that goes on; none of a new one.
    pub offset: Option<u64>,
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

    fn find(&self, actor: &Actor, id: &str) -> Result<Arc<Kept>, Problem> {
        decide(actor, Permission::ChangeAws)?;
        let all = self.all();
        let found = all.iter().find(|kept| kept.person == actor.person && kept.id == id);
        let unknown =
            || Problem::not_found("There is no upload with this id, or it ended more than a quarter of an hour ago.");
        found.cloned().ok_or_else(unknown)
    }

    /// How far an upload of this person is.
    ///
    /// # Errors
    /// When this server knows no such upload.
    pub fn told(&self, actor: &Actor, id: &str) -> Result<Upload, Problem> {
        Ok(self.find(actor, id)?.told(Instant::now()))
    }

    /// Ends an upload of this person. One that ended stays as it is.
    ///
    /// # Errors
    /// When this server knows no such upload.
    pub fn cancel(&self, actor: &Actor, id: &str) -> Result<Upload, Problem> {
        let kept = self.find(actor, id)?;
        kept.end(Err(cancelled()));
        Ok(kept.told(Instant::now()))
    }

    /// Ends those whose sender has been away for [`WAITS`] at this time. Each sees to it by itself, too.
    pub fn give_up(&self, now: Instant) {
        self.all().iter().for_each(|kept| kept.give_up(now));
    }

    /// Takes an archive, or the rest of one; its layers go to the repository as they are read.
    ///
    /// # Errors
    /// What is wrong with the archive, or what AWS said. What arrived until then is not sent again.
    pub async fn receive(self: &Arc<Self>, actor: &Actor, wanted: &Wanted, body: Body) -> Result<Upload, Problem> {
        decide(actor, Permission::ChangeAws)?;
        let (kept, offset) = match wanted.offset {
            Some(offset) => {
                let kept = self.again(actor, wanted, offset)?;
                // Who asks only how it ended sends nothing.
                if kept.ended().is_none() && wanted.size != Some(0) {
                    self.note(actor, wanted).await?;
                }
                (kept, offset)
            }
            None => (self.begin(actor, wanted)?, 0),
        };
        let sending = kept.turn();
        let fed = async {
            self.feed(&kept, offset, body).await?;
            kept.over().await;
            Ok::<_, Problem>(())
        };
        tokio::select! {
            biased;
            () = kept.over() => {}
            () = sending.taken_over() => return Err(taken_over()),
            fed = fed => fed?,
        }
        let told = kept.told(Instant::now());
        told.problem.clone().map_or(Ok(told), Err)
    }

    /// Begins to read what requests will bring.
    fn begin(self: &Arc<Self>, actor: &Actor, wanted: &Wanted) -> Result<Arc<Kept>, Problem> {
        let (kept, reader) = self.enter(actor, wanted)?;
        if let Err(problem) = self.may_begin(&kept) {
            kept.end(Err(problem.clone()));
            return Err(problem);
        }
        let (uploads, own, actor, wanted) = (self.clone(), kept.clone(), actor.clone(), wanted.clone());
        let work = async move {
            // Should it panic, that is how it ended.
            let _ending = Ending(own.clone());
            tokio::select! {
                biased;
                () = own.watched() => {}
                outcome = uploads.carry(&actor, &wanted, &own, reader) => own.end(outcome),
            }
        };
        tokio::spawn(work.in_current_span());
        Ok(kept)
    }

    /// The upload that this request goes on with.
    fn again(&self, actor: &Actor, wanted: &Wanted, offset: u64) -> Result<Arc<Kept>, Problem> {
        let kept = self.find(actor, &wanted.id)?;
        let whole = wanted.size.map(|rest| offset.saturating_add(rest));
        let fits = kept.size.zip(whole).is_none_or(|(size, whole)| size == whole);
        if kept.scope != wanted.scope || kept.repository != wanted.repository || !fits {
            return Err(Problem::new(
                Code::Conflict,
                "Not the same upload",
                "The upload with this id goes to another repository, or its archive has another size.",
            ));
        }
        let received = kept.received();
        if offset > received {
            let message =
                format!("These bytes begin at {offset}, but only {received} have arrived. Go on from {received}.");
            return Err(Problem::new(Code::Conflict, "A part is missing", message));
        }
        Ok(kept)
    }

    /// Notes that it begins.
    fn enter(&self, actor: &Actor, wanted: &Wanted) -> Result<(Arc<Kept>, Intake), Problem> {
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
                "There was an upload with this id. Choose another, or say at which offset it goes on.",
            ));
        }
        let (feed, reader) = intake();
        let kept = Arc::new(Kept::new(actor.person, wanted, feed));
        all.push(kept.clone());
        Ok((kept, reader))
    }

    fn may_begin(&self, own: &Kept) -> Result<(), Problem> {
        if let Some(size) = own.size.filter(|size| *size > self.limits.total) {
            return Err(self.too_large(&format!("It has {} bytes", in_full(size))));
        }
        let all = self.all();
        let going = || all.iter().filter(|kept| kept.ended().is_none());
        let of = |person: Option<i64>| going().filter(move |kept| person.is_none_or(|one| kept.person == one));
        for (person, most) in [(Some(own.person), ABREAST), (None, ABREAST_ALL)] {
            while of(person).count() > most {
                let waiting = of(person).filter_map(|kept| Some((kept.broke()?, kept)));
                let Some((_, longest)) = waiting.min_by_key(|(broke, _)| *broke) else {
                    let message = format!(
                        "A person sends at most {ABREAST} archives at once, all together {ABREAST_ALL}. Wait until one has ended."
                    );
                    return Err(Problem::new(Code::Busy, "Too many uploads at once", message));
                };
                // Who is here goes before who may come back.
                longest.end(Err(broke_off()));
            }
        }
        Ok(())
    }

    fn too_large(&self, what: &str) -> Problem {
        let message = format!(
            "{what}; this Gantry takes archives of at most {} (registries.max_image_bytes).",
            in_full(self.limits.total)
        );
        let mut problem = Problem::new(Code::TooLarge, "The archive is too large", message);
        problem.field = Some("archive".to_owned());
        problem
    }

    /// Writes into the audit trail who sends what where; nothing is sent without it.
    async fn note(&self, actor: &Actor, wanted: &Wanted) -> Result<(), Problem> {
        let mut detail =
            json!({ "scope": wanted.scope.to_string(), "repository": wanted.repository, "bytes": wanted.size });
        if let Some(offset) = wanted.offset {
            detail["offset"] = offset.into();
        }
        let entry = Entry {
            id: 0,
            at: now(),
            person: Some(actor.person),
            actor: actor.name.clone(),
            action: if wanted.offset.is_some() { "upload.resume" } else { "upload.begin" }.into(),
            subject: wanted.id.clone(),
            detail,
        };
        self.store.note(&entry).await
    }

    async fn carry(&self, actor: &Actor, wanted: &Wanted, kept: &Kept, reader: Intake) -> Result<Vec<Image>, Problem> {
        let connections = self.connections.acting_for(Person::from(actor));
        let destination = own(&connections, &wanted.scope, &wanted.repository).await?;
        self.note(actor, wanted).await?;
        let never = CancellationToken::new();
        let archive = push_archive(reader, &destination, &self.limits, &self.known, &kept.progress, &never).await?;
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

    /// Hands on what one request brings. Ends well, too, when the reader reads no further: it knows why.
    async fn feed(&self, kept: &Kept, mut offset: u64, body: Body) -> Result<(), Problem> {
        let Some(feed) = kept.feed() else { return Ok(()) };
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| {
                tracing::debug!(%error, "an upload broke off");
                broke_off()
            })?;
            let end = offset + piece.len() as u64;
            // Also of what decompresses to nothing.
            if end > self.limits.total {
                let problem = self.too_large("It has more bytes than allowed");
                kept.end(Err(problem.clone()));
                return Err(problem);
            }
            if feed.feed(offset, &piece).await.is_err() {
                return Ok(());
            }
            offset = end;
        }
        kept.complete();
        feed.finish().await.inspect_err(|problem| kept.end(Err(problem.clone())))
    }
}

/// Notes an end that nobody noted.
struct Ending(Arc<Kept>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(Err(broke_off()));
    }
}

fn cancelled() -> Problem {
    Problem::new(
        Code::Conflict,
        "The upload was cancelled",
        "Nothing was tagged. Send the same file again: layers that arrived are not sent again.",
    )
}

fn taken_over() -> Problem {
    Problem::new(Code::Conflict, "Another request goes on", "A later request sends the rest of this archive.")
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
