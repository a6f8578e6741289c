//! The outermost layer: an id for each request, one log line and one measurement when it is answered, an answer when a handler
//! panics or takes too long.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Code, Problem};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

use super::problem::Refusal;

/// The header that carries the id, in answers.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest a request may take; AWS calls give up earlier.
pub const LONGEST: Duration = Duration::from_secs(30);

/// What is sent here is as long as an image and may take as long as it goes on: each piece of it has to arrive in time
/// ([`super::BODY_TIME`]), and so has each answer of the registry.
const UPLOADS: &str = "/api/v1/uploads";

/// The id of a request, in its extensions: what a [`Problem`] refers to.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// Middleware: see the module.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id: Arc<str> = fresh_id().into();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let path = clipped(request.uri().path());
    let kind = kind(&path);
    // The query stays out of the log: it may hold the one-time link's token.
    let span = tracing::info_span!("http", id = %id, %method, path = %path);
    let streams = method == Method::POST && path == UPLOADS;
    let work = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let answered = if streams { Ok(work.await) } else { tokio::time::timeout(LONGEST, work).await };
    let _in = span.enter();
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_text(&*panic), "a handler panicked");
            Refusal(Problem::internal(id.to_string())).into_response()
        }
        Err(_) => {
            tracing::error!("no answer within {} s", LONGEST.as_secs());
            let mut problem =
                Problem::new(Code::Busy, "That took too long", "Gantry gave up after 30 seconds. Try again.");
            problem.reference = Some(id.to_string());
            Refusal(problem).into_response()
        }
    };
    let took = began.elapsed();
    let status = response.status();
    metrics::counter!("gantry_http_requests_total", "method" => method.as_str().to_owned(), "status" => status.as_u16().to_string())
        .increment(1);
    metrics::histogram!("gantry_http_request_seconds", "kind" => kind).record(took.as_secs_f64());
    let ms = took.as_secs_f64() * 1000.0;
    if status.is_server_error() {
        tracing::warn!(status = status.as_u16(), ms, "answered");
    } else {
        tracing::debug!(status = status.as_u16(), ms, "answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// 64 random bits as 16 hex digits: unique enough to find a request in a log.
fn fresh_id() -> String {
    crate::auth::secret::random_hex::<8>()
}

/// What is measured apart; paths themselves are without number.
fn kind(path: &str) -> &'static str {
    const KINDS: [(&str, &str); 4] =
        [("/api/v1/", "api"), ("/api/fn/", "function"), ("/pkg/", "file"), ("/live", "live")];
    KINDS.iter().find(|(prefix, _)| path.starts_with(prefix)).map_or("page", |(_, kind)| kind)
}

fn clipped(path: &str) -> String {
    path.chars().take(200).collect()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}
