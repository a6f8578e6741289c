//! How far a transfer is, blob by blob. Written for every piece, so it only changes numbers in place; watchers look when they like.

use crate::digest::Digest;
use serde::Serialize;
use tokio::sync::watch;

/// What happens to a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its turn has not come.
    Waiting,
    /// On its way.
    Moving,
    /// The destination had it already.
    Existed,
    /// The registry took it from another of its repositories.
    Mounted,
    /// Sent and checked.
    Done,
    /// Given up; the transfer's Problem says why.
    Failed,
}

/// One blob: a layer or a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlobProgress {
    /// Its digest; `None` while a layer is compressed on its way and has none yet.
    pub digest: Option<Digest>,
    /// Its name inside an archive, else empty.
    pub name: String,
    /// Bytes to move.
    pub size: u64,
    /// Bytes moved.
    pub done: u64,
    /// What happens to it.
    pub state: State,
    /// How often its connection broke and was taken up again.
    pub resumed: u32,
}

/// Where a transfer writes how far it is.
#[derive(Clone, Debug)]
pub struct Progress(watch::Sender<Vec<BlobProgress>>);

impl Default for Progress {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl Progress {
    /// A receiver that sees the newest state; it never slows the transfer down.
    pub fn watch(&self) -> watch::Receiver<Vec<BlobProgress>> {
        self.0.subscribe()
    }

    /// A new line; gives its place.
    pub(crate) fn add(&self, digest: Option<Digest>, name: &str, size: u64, state: State) -> usize {
        let mut place = 0;
        self.0.send_modify(|blobs| {
            place = blobs.len();
            blobs.push(BlobProgress { digest, name: name.to_owned(), size, done: 0, state, resumed: 0 });
        });
        place
    }

    pub(crate) fn change(&self, place: usize, change: impl FnOnce(&mut BlobProgress)) {
        self.0.send_modify(|blobs| {
            if let Some(blob) = blobs.get_mut(place) {
                change(blob);
            }
        });
    }

    /// The end of a blob; `done` follows from the state.
    pub(crate) fn end(&self, place: usize, state: State) {
        self.change(place, |blob| {
            blob.state = state;
            if state != State::Failed {
                blob.done = blob.size;
            }
        });
    }
}
