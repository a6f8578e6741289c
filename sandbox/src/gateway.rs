//! The thin proxy in front of the emulator: the endpoint everybody is given.
//!
//! Calls pass through as they came, answers stream back. What the emulator lacks, or answers differently from
//! AWS, is put right in the modules beside this one.

mod call;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

use call::Call;

/// What every request needs.
#[derive(Debug)]
pub struct Gateway {
    upstream: String,
    client: reqwest::Client,
}

impl Gateway {
    /// A gateway in front of the emulator on a loopback port.
    pub fn new(port: u16) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { upstream: format!("http://127.0.0.1:{port}"), client })
    }
}

/// Answers until the process ends.
pub async fn serve(listener: TcpListener, gateway: Gateway) -> std::io::Result<()> {
    axum::serve(listener, Router::new().fallback(handle).with_state(Arc::new(gateway))).await
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let call = Call::of(request.method(), request.uri(), request.headers());
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    gateway.forward(request).await
}

impl Gateway {
    async fn forward(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let sent = self
            .client
            .request(parts.method, format!("{}{path}", self.upstream))
            .headers(end_to_end(parts.headers))
            .body(reqwest::Body::wrap_stream(body.into_data_stream()))
            .send()
            .await;
        match sent {
            Ok(answer) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = answer.status();
                *response.headers_mut() = end_to_end(answer.headers().clone());
                *response.body_mut() = Body::from_stream(answer.bytes_stream());
                response
            }
            Err(error) => {
                tracing::warn!("the emulator does not answer: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, "the AWS emulator does not answer").into_response()
            }
        }
    }
}

/// Headers that belong to one connection are not passed on.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection", "expect"] {
        headers.remove(HeaderName::from_static(name));
    }
    headers
}
