//! A blob on its way in: piece by piece, resumed where it broke off, its size and digest checked at the end.

use crate::client::{Action, Repository, header};
use crate::digest::{Digest, Hasher};
use crate::http::Call;
use crate::problems;
use bytes::Bytes;
use domain::problem::{Code, Problem};
use domain::wording::in_full;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};

/// A blob being read. The end is told only when size and digest are right.
pub struct BlobReader {
    repository: Repository,
    digest: Digest,
    size: u64,
    done: u64,
    hasher: Hasher,
    response: Option<Response>,
    /// What came after the part that was passed over, when a registry does not resume.
    pending: Option<Bytes>,
    checked: bool,
    /// Failures since the last byte that arrived.
    failures: u32,
    resumed: u32,
}

/// A transfer may be resumed this often in all: a peer that gives a byte each time is not a connection.
const MAX_RESUMED: u32 = 50;

impl Repository {
    /// Reads a blob of a known digest and size. Nothing is asked before the first piece is wanted.
    pub fn blob(&self, digest: Digest, size: u64) -> BlobReader {
        let repository = self.clone();
        BlobReader {
            repository,
            digest,
            size,
            done: 0,
            hasher: Hasher::default(),
            response: None,
            pending: None,
            checked: false,
            failures: 0,
            resumed: 0,
        }
    }

    /// A small blob as a whole, such as an image's configuration.
    pub async fn small_blob(&self, digest: Digest, size: u64, limit: u64) -> Result<Bytes, Problem> {
        if size > limit {
            return Err(problems::rejected(
                "This part of the image is too large",
                format!("{digest} has {} bytes; at most {} are read here.", in_full(size), in_full(limit)),
            ));
        }
        let mut reader = self.blob(digest, size);
        let mut all = Vec::with_capacity(size as usize);
        while let Some(piece) = reader.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }
}

impl BlobReader {
    /// How often the download broke off and was resumed.
    pub fn resumed(&self) -> u32 {
        self.resumed
    }

    /// The next piece; `None` when the whole blob has come and is right.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        while self.done < self.size {
            match self.piece().await {
                Ok(piece) => return Ok(Some(piece)),
                Err(problem) => self.again_after(problem).await?,
            }
        }
        self.response = None;
        if self.checked {
            return Ok(None);
        }
        let found = std::mem::take(&mut self.hasher).finish();
        if found == self.digest {
            self.checked = true;
            return Ok(None);
        }
        Err(self.wrong(format!("the content has the digest {found}")))
    }

    /// Decides whether to go on after a failure, and waits a little.
    async fn again_after(&mut self, problem: Problem) -> Result<(), Problem> {
        self.response = None;
        self.pending = None;
        let http = self.repository.http();
        if problem.code != Code::AwsUnreachable || self.failures >= http.settings.retries || self.resumed >= MAX_RESUMED
        {
            return Err(problem);
        }
        tokio::time::sleep(http.backoff(self.failures)).await;
        self.failures += 1;
        self.resumed += 1;
        Ok(())
    }

    async fn piece(&mut self) -> Result<Bytes, Problem> {
        let mut response = match self.response.take() {
            Some(response) => response,
            None => self.open().await?,
        };
        let piece = match self.pending.take() {
            Some(piece) => Some(piece),
            None => self.repository.http().piece(&mut response).await?,
        };
        let Some(piece) = piece.filter(|p| !p.is_empty()) else {
            let why = format!("{} of {} bytes came", in_full(self.done), in_full(self.size));
            return Err(problems::dropped(self.repository.host(), &why));
        };
        if piece.len() as u64 > self.size - self.done {
            return Err(self.wrong(format!("more than the {} bytes that the manifest says came", in_full(self.size))));
        }
        self.response = Some(response);
        self.done += piece.len() as u64;
        self.failures = 0;
        self.hasher.update(&piece);
        Ok(piece)
    }

    async fn open(&mut self) -> Result<Response, Problem> {
        let mut call = Call::new(Method::GET, self.repository.url(&format!("blobs/{}", self.digest))?);
        if self.done > 0 {
            call = call.header(RANGE, &format!("bytes={}-", self.done));
        }
        let mut response = self.repository.send(&call, Action::Pull).await?;
        match response.status() {
            StatusCode::OK => {
                // Asked for the rest, got all of it: pass over what is here already.
                let mut skip = self.done;
                while skip > 0 {
                    let piece = self.repository.http().piece(&mut response).await?;
                    let Some(mut piece) = piece else {
                        return Err(problems::dropped(
                            self.repository.host(),
                            "it ended before the place to resume from",
                        ));
                    };
                    if piece.len() as u64 > skip {
                        self.pending = Some(piece.split_off(skip as usize));
                    }
                    skip -= piece.len() as u64;
                }
                Ok(response)
            }
            StatusCode::PARTIAL_CONTENT if self.done > 0 => {
                let range = header(&response, CONTENT_RANGE.as_str()).unwrap_or_default();
                let start =
                    range.trim().strip_prefix("bytes").and_then(|r| r.trim().split('-').next()?.parse::<u64>().ok());
                if start != Some(self.done) {
                    return Err(self.wrong("another part than the one asked for came".to_owned()));
                }
                Ok(response)
            }
            _ => Err(self.repository.http().explain(response).await),
        }
    }

    fn wrong(&self, why: String) -> Problem {
        problems::rejected(
            "A part of the image is not what its manifest says",
            format!("{} was asked for {}, but {why}. It was not used.", self.repository.host(), self.digest),
        )
    }
}
