//! An archive that arrives in several requests. Each says at which offset it begins, so that a browser whose connection broke
//! asks how much is here and goes on from there; the reader behind sees one stream.

use crate::problems;
use domain::problem::{Code, Problem};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::Mutex;

/// Bytes between the requests and the reader.
const BUFFER: usize = 256 << 10;

/// The side that requests feed. Cheap to clone; when the last clone is dropped without [`Upload::finish`], the reader sees a
/// broken stream, never an end.
#[derive(Clone)]
pub struct Upload {
    stream: Arc<Mutex<Option<DuplexStream>>>,
    received: Arc<AtomicU64>,
    finished: Arc<AtomicBool>,
}

/// The side that [`crate::push_archive`] reads.
pub struct Intake {
    stream: DuplexStream,
    finished: Arc<AtomicBool>,
}

/// A pair of both sides.
pub fn intake() -> (Upload, Intake) {
    let (near, far) = tokio::io::duplex(BUFFER);
    let finished = Arc::new(AtomicBool::new(false));
    let upload =
        Upload { stream: Arc::new(Mutex::new(Some(near))), received: Arc::default(), finished: finished.clone() };
    (upload, Intake { stream: far, finished })
}

impl Upload {
    /// How many bytes are here: the offset at which to go on.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    /// Takes bytes that begin at `offset` of the archive, as fast as they are read. What is here already is passed over. Safe to
    /// drop at any time: [`Self::received`] counts exactly what was taken. Gives the new offset.
    pub async fn feed(&self, offset: u64, bytes: &[u8]) -> Result<u64, Problem> {
        let mut guard = self.stream.lock().await;
        let received = self.received();
        let Some(skip) = received.checked_sub(offset) else {
            return Err(Problem::new(
                Code::Conflict,
                "A part is missing",
                format!("These bytes begin at {offset}, but only {received} have arrived. Go on from there."),
            ));
        };
        let stream = guard
            .as_mut()
            .ok_or_else(|| Problem::new(Code::Conflict, "The upload has ended", "The archive was complete already."))?;
        let mut rest = bytes.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default();
        while !rest.is_empty() {
            let taken = stream.write(rest).await.map_err(|_| {
                Problem::new(
                    Code::Conflict,
                    "The upload has ended",
                    "Gantry stopped reading this archive; its run says why.",
                )
            })?;
            self.received.fetch_add(taken as u64, Ordering::AcqRel);
            rest = &rest[taken..];
        }
        Ok(self.received())
    }

    /// Says that the archive is complete.
    pub async fn finish(&self) -> Result<(), Problem> {
        let stream = self.stream.lock().await.take();
        if let Some(mut stream) = stream {
            self.finished.store(true, Ordering::Release);
            stream.shutdown().await.map_err(|e| problems::internal("registry-intake", &e))?;
        }
        Ok(())
    }
}

impl AsyncRead for Intake {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let ended = matches!(outcome, Poll::Ready(Ok(()))) && buffer.filled().len() == before && buffer.remaining() > 0;
        if ended && !self.finished.load(Ordering::Acquire) {
            return Poll::Ready(Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the upload was given up")));
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn requests_that_overlap_make_one_stream() {
        let (upload, mut intake) = intake();
        assert_eq!(upload.feed(0, b"abc").await.unwrap(), 3);
        assert_eq!(upload.feed(1, b"bcde").await.unwrap(), 5);
        assert_eq!(upload.feed(0, b"ab").await.unwrap(), 5);
        assert!(upload.feed(6, b"x").await.unwrap_err().message.contains("only 5 have arrived"));
        upload.finish().await.unwrap();
        assert!(upload.feed(5, b"x").await.is_err());
        let mut all = String::new();
        intake.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "abcde");
    }

    #[tokio::test]
    async fn a_request_that_breaks_off_loses_nothing() {
        let (upload, mut intake) = intake();
        let big: Vec<u8> = (0..BUFFER + 10).map(|i| i as u8).collect();
        // Nobody reads yet: it fills the buffer, waits, and is dropped.
        let waits = tokio::select! { biased; r = upload.feed(0, &big) => Some(r), () = std::future::ready(()) => None };
        assert!(waits.is_none());
        let received = upload.received();
        assert!(received <= BUFFER as u64);
        let feeding = upload.clone();
        let rest = big.clone();
        let task = tokio::spawn(async move {
            feeding.feed(received, &rest[received as usize..]).await.unwrap();
            feeding.finish().await.unwrap();
        });
        let mut all = Vec::new();
        intake.read_to_end(&mut all).await.unwrap();
        task.await.unwrap();
        assert_eq!(all, big);
    }

    #[tokio::test]
    async fn given_up_is_not_the_end() {
        let (upload, mut intake) = intake();
        upload.feed(0, b"abc").await.unwrap();
        drop(upload);
        let mut all = Vec::new();
        assert_eq!(intake.read_to_end(&mut all).await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    }
}
