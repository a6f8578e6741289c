//! A blob on its way out: POST opens a session, PATCH sends piece after piece (one on its way while the next is gathered, so
//! memory holds two), PUT names the digest and ends it. What broke off is resumed where the registry says it stands; ECR says so only
//! when it refuses a piece.

use crate::client::{Action, Repository, header};
use crate::digest::Digest;
use crate::http::{Call, Trouble};
use crate::problems;
use bytes::{Bytes, BytesMut};
use domain::problem::{Code, Problem};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Method, Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::task::JoinHandle;
use url::Url;

/// Up to here a blob is taken for a small one, of which no whole piece will come.
const SMALL: usize = 64 << 10;

/// A blob being sent. Dropped before the end, its session is closed in the registry.
pub struct BlobUpload {
    repository: Repository,
    /// Where to go on; the registry may change it with every answer.
    location: Option<Url>,
    chunk: usize,
    buffer: BytesMut,
    /// The memory of the piece that was sent before: two of them serve for a whole blob, and leave no holes.
    spare: Option<BytesMut>,
    /// Bytes handed to the registry, or on their way.
    sent: u64,
    inflight: Option<JoinHandle<Result<(Url, Bytes), Problem>>>,
    resumed: Arc<AtomicU32>,
}

/// What opening an upload led to.
pub enum Opened {
    /// The blob is there now: the registry took it from another of its repositories.
    Mounted,
    /// It has to be sent.
    Upload(Box<BlobUpload>),
}

impl Repository {
    /// Opens an upload. With `mount`, a digest and another repository of this registry, it may be unnecessary.
    pub async fn open_upload(&self, mount: Option<(&Digest, &str)>) -> Result<Opened, Problem> {
        let mut url = self.url("blobs/uploads/")?;
        if let Some((digest, from)) = mount {
            url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", from);
        }
        let action = mount.map_or(Action::Push, |(_, from)| Action::Mount(from));
        let call = Call::new(Method::POST, url).header(CONTENT_LENGTH, "0").body(Bytes::new());
        let response = self.send(&call, action).await?;
        match response.status() {
            StatusCode::CREATED if mount.is_some() => Ok(Opened::Mounted),
            StatusCode::ACCEPTED => {
                let least =
                    header(&response, "oci-chunk-min-length").and_then(|v| v.parse::<usize>().ok()).unwrap_or(0);
                Ok(Opened::Upload(Box::new(BlobUpload {
                    repository: self.clone(),
                    location: Some(self.http().location(&response)?),
                    // A registry that wants huge pieces does not get them: memory is bounded here.
                    chunk: self.http().settings.chunk.max(least.min(32 << 20)).max(1),
                    buffer: BytesMut::new(),
                    spare: None,
                    sent: 0,
                    inflight: None,
                    resumed: Arc::default(),
                })))
            }
            // Mounting across repositories may be refused where reading from the other is: then it is sent.
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
                if mount.is_some() =>
            {
                Box::pin(self.open_upload(None)).await
            }
            StatusCode::NOT_FOUND => Err(Problem::not_found(format!(
                "{} has no repository “{}”. Create it first.",
                self.host(),
                self.name()
            ))),
            _ => Err(self.http().explain(response).await),
        }
    }

    /// Sends a blob that is in memory, unless it is there. Says whether it was sent.
    pub async fn put_small_blob(&self, digest: &Digest, bytes: &[u8]) -> Result<bool, Problem> {
        if self.has_blob(digest).await? {
            return Ok(false);
        }
        match self.open_upload(None).await? {
            Opened::Mounted => Ok(false),
            Opened::Upload(mut upload) => {
                upload.write(bytes).await?;
                upload.finish(digest).await?;
                Ok(true)
            }
        }
    }
}

impl BlobUpload {
    /// How often a piece broke off and was resumed.
    pub fn resumed(&self) -> u32 {
        self.resumed.load(Ordering::Relaxed)
    }

    /// Takes the next bytes; waits while two pieces are full.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Problem> {
        while !bytes.is_empty() {
            let room = self.chunk - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            // What grew by itself would hold up to twice a piece, and be copied each time.
            let wanted = self.buffer.len() + now.len();
            if wanted > self.buffer.capacity() {
                self.buffer.reserve(if wanted > SMALL { self.chunk - self.buffer.len() } else { now.len() });
            }
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() >= self.chunk {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Starts sending what is gathered, after the piece before it has arrived.
    async fn flush(&mut self) -> Result<(), Problem> {
        self.settle().await?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut next = self.spare.take().unwrap_or_default();
        next.clear();
        let bytes = std::mem::replace(&mut self.buffer, next).freeze();
        let location = self.location.clone().ok_or_else(|| problems::internal("registry-upload", &"no location"))?;
        let start = self.sent;
        self.sent += bytes.len() as u64;
        let (repository, resumed) = (self.repository.clone(), self.resumed.clone());
        self.inflight = Some(tokio::spawn(async move {
            let next = send_piece(&repository, location, start, &bytes, &resumed).await?;
            Ok((next, bytes))
        }));
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Problem> {
        // Awaited in place: if this future is dropped meanwhile, the piece is not forgotten.
        if let Some(task) = &mut self.inflight {
            let outcome = task.await.map_err(|e| problems::internal("registry-upload", &e));
            self.inflight = None;
            let (location, sent) = outcome??;
            self.location = Some(location);
            // Whoever still holds it keeps it: then there is new memory.
            self.spare = sent.try_into_mut().ok();
        }
        Ok(())
    }

    /// Sends the rest and has the registry check and keep the blob under this digest. Gives its size.
    pub async fn finish(mut self, digest: &Digest) -> Result<u64, Problem> {
        self.flush().await?;
        self.settle().await?;
        let Some(location) = self.location.clone() else {
            return Err(problems::internal("registry-upload", &"no location"));
        };
        let mut url = location;
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let call = Call::new(Method::PUT, url)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, "0")
            .body(Bytes::new());
        let response = match self.repository.send(&call, Action::Push).await {
            Ok(response) => response,
            // The answer may have been lost, not the blob.
            Err(problem) if self.repository.has_blob(digest).await.unwrap_or(false) => {
                tracing::debug!(error = %problem, "the blob is there all the same");
                self.location = None;
                return Ok(self.sent);
            }
            Err(problem) => return Err(problem),
        };
        if response.status().is_success() {
            let told = header(&response, "docker-content-digest");
            self.location = None;
            return match told.map(|t| t.parse::<Digest>()).transpose()? {
                Some(told) if told != *digest => Err(problems::rejected(
                    "The registry keeps something else",
                    format!("{} keeps the blob as {told} instead of {digest}.", self.repository.host()),
                )),
                _ => Ok(self.sent),
            };
        }
        let gone = response.status() == StatusCode::NOT_FOUND;
        let problem = self.repository.http().explain(response).await;
        // Repeated after a lost answer, the session is gone because the first one succeeded. ECR refuses a layer that exists
        // by now with LayerAlreadyExists.
        if (gone || problem.message.contains("LayerAlreadyExists")) && self.repository.has_blob(digest).await? {
            self.location = None;
            return Ok(self.sent);
        }
        Err(if gone { lost(&self.repository) } else { problem })
    }
}

impl Drop for BlobUpload {
    fn drop(&mut self) {
        if let Some(task) = self.inflight.take() {
            task.abort();
        }
        let (Some(location), Ok(runtime)) = (self.location.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let repository = self.repository.clone();
        // A courtesy: registries drop sessions that nobody ends. So a refusal is only noted.
        runtime.spawn(async move {
            if let Err(trouble) = repository.send_once(&Call::new(Method::DELETE, location), Action::Push).await {
                tracing::debug!(error = %Problem::from(trouble), "an upload was not closed");
            }
        });
    }
}

fn lost(repository: &Repository) -> Problem {
    Problem::new(
        Code::AwsUnreachable,
        "The upload was lost",
        format!("{} does not know the upload any more. Try again.", repository.host()),
    )
}

/// Sends one piece, as often as needed; gives the location for the next.
async fn send_piece(
    repository: &Repository,
    mut location: Url,
    start: u64,
    bytes: &Bytes,
    resumed: &AtomicU32,
) -> Result<Url, Problem> {
    let http = repository.http();
    let end = start + bytes.len() as u64;
    let (mut at, mut tries, mut limited, mut waited) = (start, 0, 0, std::time::Duration::ZERO);
    loop {
        let call = Call::new(Method::PATCH, location.clone())
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_RANGE, &format!("{at}-{}", end - 1))
            .body(bytes.slice((at - start) as usize..));
        let (problem, told) = match repository.send_once(&call, Action::Push).await {
            Ok(response) if response.status().is_success() => return http.location(&response),
            Ok(response) if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                http.wait_out(&response, &mut waited, limited).await?;
                limited += 1;
                continue;
            }
            Ok(response) if response.status() == StatusCode::NOT_FOUND => return Err(lost(repository)),
            Ok(response) if response.status() == StatusCode::RANGE_NOT_SATISFIABLE => {
                let problem = http.explain(response).await;
                match wanted_byte(&problem.message) {
                    Some(wanted) if wanted == end => return Ok(location),
                    Some(wanted) if (start..end).contains(&wanted) => {
                        at = wanted;
                        (problem, true)
                    }
                    Some(_) => return Err(lost(repository)),
                    None => (problem, false),
                }
            }
            Ok(response) if response.status().is_server_error() => (http.explain(response).await, false),
            Ok(response) => return Err(http.explain(response).await),
            Err(Trouble::Final(problem)) => return Err(problem),
            Err(Trouble::Passing(problem)) => (problem, false),
        };
        if tries >= http.settings.retries {
            return Err(problem);
        }
        tokio::time::sleep(http.backoff(tries)).await;
        tries += 1;
        resumed.fetch_add(1, Ordering::Relaxed);
        if told {
            continue;
        }
        // Without an answer about where it stands, or with one that cannot be, the piece is sent again: the registry refuses it
        // if it has it or knows no such upload, and the digest decides in the end. ECR answers 404, or where the first piece ended.
        let Some((next, stands)) = standing(repository, &location).await? else { continue };
        if !(start..=end).contains(&stands) {
            continue;
        }
        location = next;
        if stands == end {
            return Ok(location);
        }
        at = stands;
    }
}

/// Where an upload stands: the location to go on with, and how many bytes the registry has. `None` where it does not say.
async fn standing(repository: &Repository, location: &Url) -> Result<Option<(Url, u64)>, Problem> {
    let response = repository.send(&Call::new(Method::GET, location.clone()), Action::Push).await?;
    if response.status() != StatusCode::NO_CONTENT {
        return Ok(None);
    }
    let next = repository.http().location(&response).unwrap_or_else(|_| location.clone());
    Ok(received(&response).map(|stands| (next, stands)))
}

/// ECR refuses a piece with “First byte of the layer part is 0 instead of 11304960”: the byte that it wants next.
fn wanted_byte(message: &str) -> Option<u64> {
    let (_, said) = message.split_once("layer part is ")?;
    let (_, wanted) = said.split_once(" instead of ")?;
    wanted.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `Range: 0-99` says that 100 bytes are there; nothing there is `0-0` for Docker's registry, as is one byte.
fn received(response: &Response) -> Option<u64> {
    let range = header(response, RANGE.as_str())?;
    let last: u64 = range.trim().trim_start_matches("bytes=").split_once('-')?.1.parse().ok()?;
    Some(if last == 0 { 0 } else { last + 1 })
}
