//! The thin proxy in front of the emulator: the endpoint everybody is given.
//!
//! Calls pass through as they came, answers stream back. What the emulator lacks, or answers differently from
//! AWS, is put right in the modules beside this one, one per service.

#![allow(clippy::result_large_err, reason = "the error is the answer that the client gets")]

mod browser;
mod call;
mod ecr;
mod ecr_public;
mod ecs;
mod eks;
mod iam;
mod kept;
mod kubernetes;
mod lambda;
mod paging;
mod upstream;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::report::Failure;
use call::{Call, json_error};
use kept::Kept;
use upstream::Upstream;

/// Longest request that is looked into. AWS accepts less for every call concerned.
const LARGEST_READ: usize = 8 * 1024 * 1024;
/// Parts of layers have 20 MiB, written in base64.
const LARGEST_PART: usize = 29 * 1024 * 1024;

/// What an answer of the gateway is, or the error that stands in for it: both go to the client.
type Answer<T = Response> = Result<T, Response>;

/// What every request needs.
#[derive(Debug)]
pub struct Gateway {
    upstream: Upstream,
    kept: Kept,
    blobs: ecr::blobs::Blobs,
    stand_ins: ecr::through::StandIns,
    ecs: ecs::Memory,
}

impl Gateway {
    /// A gateway in front of the emulator on a loopback port; `folder` is for what the emulator cannot keep.
    pub fn new(port: u16, folder: &Path) -> Result<Self, Failure> {
        let upstream =
            Upstream::new(port).map_err(|error| Failure::new(format!("cannot start the gateway: {error}")))?;
        let blobs = folder.join("blobs");
        let blobs =
            ecr::blobs::Blobs::open(blobs.clone()).map_err(|error| Failure::io("open the folder", &blobs, &error))?;
        let kept = Kept::open(folder.join("kept.json"))?;
        Ok(Self { upstream, kept, blobs, stand_ins: Default::default(), ecs: ecs::Memory::default() })
    }
}

/// Answers until the process ends, and meanwhile does the ECS scheduler's work, which the emulator does not.
pub async fn serve(listener: TcpListener, gateway: Gateway) -> std::io::Result<()> {
    let gateway = Arc::new(gateway);
    let serving = axum::serve(listener, Router::new().fallback(handle).with_state(gateway.clone()));
    tokio::select! {
        ended = serving => ended,
        () = ecs::scheduler::run(&gateway) => Ok(()),
    }
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    if let Some(refusal) = browser::refusal(request.uri(), request.headers()) {
        return refusal;
    }
    if let Some(upstream) = request.uri().path().strip_prefix(ecr::through::STAND_INS).map(str::to_owned) {
        return ecr::through::stand_in(&gateway, &upstream, request).await;
    }
    if ecr::registry::is_registry(request.uri().path()) {
        return ecr::registry::answer(&gateway, request).await;
    }
    if kubernetes::is_kubernetes(request.uri().path()) {
        return kubernetes::answer(&gateway, request).await;
    }
    let call = Call::of(request.method(), request.uri(), request.headers());
    if let Some(refusal) = call.refusal() {
        return refusal;
    }
    if !is_ours(&call) {
        return gateway.upstream.forward(request).await;
    }
    let (parts, body) = request.into_parts();
    let most = if call.operation == "UploadLayerPart" { LARGEST_PART } else { LARGEST_READ };
    let body = match axum::body::to_bytes(body, most).await {
        Ok(body) => body,
        Err(error) => {
            return json_error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", &error.to_string());
        }
    };
    let read = Read { call: &call, parts: &parts, body: &body };
    let answer = match call.service.as_str() {
        "ecs" => ecs::answer(&gateway, &read).await,
        "ecr" => ecr::answer(&gateway, &read).await,
        "ecr-public" => ecr_public::answer(&gateway, &read),
        "eks" => eks::answer(&gateway, &read).await,
        "iam" => iam::answer(&gateway, &read).await,
        "lambda" => lambda::answer(&gateway, &read).await,
        _ => gateway.upstream.pass(&read).await,
    };
    answer.unwrap_or_else(|refusal| refusal)
}

/// Whether a module here answers or changes the answer. Everything else streams through untouched.
fn is_ours(call: &Call) -> bool {
    match call.service.as_str() {
        "ecs" => ecs::OPERATIONS.contains(&call.operation.as_str()),
        "ecr" => ecr::is_ours(&call.operation),
        "ecr-public" => true,
        "eks" => eks::is_ours(call),
        "iam" => iam::is_ours(call),
        "lambda" => lambda::is_ours(call),
        _ => false,
    }
}

/// A request whose body was read.
#[derive(Debug)]
struct Read<'a> {
    call: &'a Call,
    parts: &'a Parts,
    body: &'a Bytes,
}

impl Read<'_> {
    /// The body as JSON; an empty one is an empty object, as AWS treats it.
    fn json(&self) -> Result<Value, Response> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(self.body)
            .map_err(|_| json_error(StatusCode::BAD_REQUEST, "SerializationException", "The request is not JSON."))
    }

    /// The first value of a query parameter, decoded.
    fn query(&self, name: &str) -> Option<String> {
        query(&self.parts.uri, name)
    }
}

/// The first value of a query parameter, decoded.
fn query(uri: &axum::http::Uri, name: &str) -> Option<String> {
    field(uri.query()?, name)
}

/// The first value of a field of a form, decoded.
fn field(form: &str, name: &str) -> Option<String> {
    form.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| decode(value))
    })
}

/// Percent decoding of one query value or path part.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = (byte == b'%').then(|| {
            let pair = [rest.clone().next()?, rest.clone().nth(1)?];
            u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()
        });
        match escaped.flatten() {
            Some(value) => {
                bytes.push(value);
                rest.nth(1);
            }
            None => bytes.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A successful answer in JSON.
fn json(value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert("content-type", axum::http::HeaderValue::from_static("application/x-amz-json-1.1"));
    response
}
