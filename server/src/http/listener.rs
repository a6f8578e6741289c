//! The connection loop: limits on how long a head may take and how large it may be, and clean answers where the HTTP library itself
//! refuses a request before any of our code sees it.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tower::ServiceExt;

/// The largest head of a request, in bytes.
const HEAD: usize = 16 * 1024;
/// How long a head may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long whoever reads an answer may take nothing of it.
const READER_TIME: Duration = Duration::from_secs(30);
/// How long requests under way may take to finish when the server ends.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where a request came from, in its extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Serves until `stop`, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Mostly "too many open files": wait for some to close.
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD);
        let connection =
            builder.serve_connection_with_upgrades(TokioIo::new(Wire::new(stream, READER_TIME)), service).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::trace!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(LAST_WORDS) => {}
    }
}

/// A stream that ends when the other side takes nothing of what is written to it.
struct Way {
    stream: TcpStream,
    /// For how long it may take nothing.
    patience: Duration,
    /// While it takes nothing: when to give up.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Way {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, buf) {
            self.stalled = None;
            return Poll::Ready(written);
        }
        let patience = self.patience;
        ready!(self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(std::io::ErrorKind::TimedOut.into()))
    }
}

/// A connection on which the HTTP library's own refusals (it answers an overlong head with a bare status line) become pages, and which
/// on closing reads what still arrives, so that the answer is not lost to a reset.
struct Wire {
    way: Way,
    /// Our page instead of the library's answer: its bytes, how many are written, how many the library believes it wrote.
    instead: Option<(Vec<u8>, usize, usize)>,
    /// While closing: when to stop reading.
    lingering: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { way: Way { stream, patience, stalled: None }, instead: None, lingering: None }
    }
}

/// Our page for a refusal of the HTTP library: every answer of our own carries a request id.
fn page_instead(written: &[u8]) -> Option<Vec<u8>> {
    if !written.starts_with(b"HTTP/1.1 4") || written.windows(13).any(|w| w.eq_ignore_ascii_case(b"x-request-id:")) {
        return None;
    }
    let (status, text) = match &written[9..12] {
        b"414" | b"431" => ("414 URI Too Long", "The address is too long. Use shorter names or fewer filters."),
        b"408" => ("408 Request Timeout", "The request did not arrive in time."),
        _ => ("400 Bad Request", "The request could not be read."),
    };
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gantry</title><h1>{text}</h1><p><a href=\"/\">Back to the overview</a></p>"
    );
    Some(
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\
             x-content-type-options: nosniff\r\ncontent-security-policy: default-src 'none'\r\ncache-control: no-store\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    )
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.way.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        let this = &mut *self;
        if this.instead.is_none() {
            match page_instead(buf) {
                Some(page) => this.instead = Some((page, 0, buf.len())),
                None => return this.way.poll_write(cx, buf),
            }
        }
        let Some((page, done, believed)) = &mut this.instead else { return Poll::Ready(Ok(0)) };
        while *done < page.len() {
            *done += ready!(this.way.poll_write(cx, &page[*done..]))?;
        }
        let believed = *believed;
        this.instead = None;
        Poll::Ready(Ok(believed))
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.way.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        if this.lingering.is_none() {
            ready!(Pin::new(&mut this.way.stream).poll_shutdown(cx))?;
        }
        let until = this.lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_secs(2))));
        let mut scratch = [0_u8; 8192];
        loop {
            if until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut this.way.stream).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn whoever_takes_nothing_of_an_answer_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _reader = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut wire = Wire::new(stream, Duration::from_millis(20));
        // Until the system's own buffers are full.
        let given_up = loop {
            if let Err(error) = wire.write_all(&[b' '; 64 * 1024]).await {
                break error;
            }
        };
        assert_eq!(given_up.kind(), std::io::ErrorKind::TimedOut);
    }

    #[test]
    fn only_the_librarys_own_refusals_are_replaced() {
        let page = page_instead(b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n").unwrap();
        assert!(page.starts_with(b"HTTP/1.1 414 "));
        assert!(page_instead(b"HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\n\r\n").is_none());
        assert!(page_instead(b"HTTP/1.1 200 OK\r\n\r\n").is_none());
        assert!(page_instead(b"HTTP").is_none());
    }
}
