//! The emulator behind the gateway: passing calls on, and asking it questions of our own.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::call::json_error;
use super::{Answer, Read};

/// An account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// 12 digits.
    pub account: String,
    /// `eu-west-1`
    pub region: String,
}

/// The emulator.
#[derive(Debug)]
pub struct Upstream {
    base: String,
    client: reqwest::Client,
}

impl Upstream {
    /// The emulator on a loopback port.
    pub fn new(port: u16) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { base: format!("http://127.0.0.1:{port}"), client })
    }

    /// What asks: it uses no proxy and follows nobody elsewhere.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Passes a call on, both ways as a stream.
    pub async fn forward(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = self
            .client
            .request(parts.method.clone(), format!("{}{path}", self.base))
            .headers(end_to_end(parts.headers.clone()));
        streamed(request.body(reqwest::Body::wrap_stream(body.into_data_stream()))).await
    }

    /// Passes on a call whose body was read.
    pub async fn pass(&self, read: &Read<'_>) -> Answer {
        Ok(streamed(self.again(read)).await)
    }

    /// Passes on a call and reads its JSON answer. An answer that is an error, or no JSON, goes to the client as it is.
    pub async fn pass_json(&self, read: &Read<'_>) -> Result<Value, Response> {
        read_json(self.again(read)).await
    }

    fn again(&self, read: &Read<'_>) -> reqwest::RequestBuilder {
        let path = read.parts.uri.path_and_query().map_or("/", |path| path.as_str());
        self.client
            .request(read.parts.method.clone(), format!("{}{path}", self.base))
            .headers(end_to_end(read.parts.headers.clone()))
            .body(read.body.clone())
    }

    /// Asks the emulator something in a JSON protocol, in somebody's account and region.
    pub async fn ask(&self, scope: &Scope, service: &str, target: &str, body: &Value) -> Result<Value, Response> {
        let request = self
            .client
            .post(&self.base)
            .header("authorization", signature(scope, service))
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        read_json(request).await
    }

    /// Asks for something by path.
    pub async fn get(&self, scope: &Scope, service: &str, path: &str) -> Result<Value, Response> {
        read_json(self.client.get(format!("{}{path}", self.base)).header("authorization", signature(scope, service)))
            .await
    }

    /// Passes a call on to a container registry, under the registry's own name: that tells account and region.
    pub async fn to_registry(
        &self,
        method: &axum::http::Method,
        registry: &str,
        path: &str,
        headers: &HeaderMap,
        body: reqwest::Body,
    ) -> Response {
        let mut headers = end_to_end(headers.clone());
        headers.remove("authorization");
        headers.remove("content-length");
        headers.remove("host");
        let request = self.client.request(method.clone(), format!("{}{path}", self.base)).headers(headers);
        streamed(request.header("host", registry).body(body)).await
    }

    /// Asks something in the query protocol; the answer is XML.
    pub async fn query(&self, scope: &Scope, service: &str, form: &str) -> Result<String, Response> {
        let request = self
            .client
            .post(&self.base)
            .header("authorization", signature(scope, service))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        let answer = request.send().await.map_err(|error| silent(&error))?;
        answer.text().await.map_err(|error| silent(&error))
    }
}

/// The text of the first element of this name in an XML answer.
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    Some(xml.split_once(&format!("<{name}>"))?.1.split_once("</")?.0)
}

/// What tells the emulator account and region. It checks no signatures.
fn signature(scope: &Scope, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={}/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
        scope.account, scope.region
    )
}

async fn streamed(request: reqwest::RequestBuilder) -> Response {
    match request.send().await {
        Ok(answer) => {
            let (status, headers) = (answer.status(), for_programs(answer.headers().clone()));
            let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(error) => silent(&error),
    }
}

async fn read_json(request: reqwest::RequestBuilder) -> Result<Value, Response> {
    let answer = request.send().await.map_err(|error| silent(&error))?;
    let (status, mut headers) = (answer.status(), for_programs(answer.headers().clone()));
    let bytes = answer.bytes().await.map_err(|error| silent(&error))?;
    if status.is_success()
        && let Ok(value) = serde_json::from_slice(&bytes)
    {
        return Ok(value);
    }
    headers.remove("content-length");
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Err(response)
}

fn silent(error: &reqwest::Error) -> Response {
    tracing::warn!("the emulator does not answer: {error}");
    json_error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", "The AWS emulator does not answer.")
}

/// Headers that belong to one connection are not passed on.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in
        ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection", "expect"]
    {
        headers.remove(HeaderName::from_static(name));
    }
    headers
}

/// Headers of an answer: the emulator lets every web page read it, and the sandbox none.
fn for_programs(headers: HeaderMap) -> HeaderMap {
    let mut headers = end_to_end(headers);
    let open = headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect::<Vec<_>>();
    for name in open {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn no_answer_tells_browsers_that_pages_may_read_it() {
        let told = [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-headers", "*"),
            ("etag", "x"),
            ("connection", "close"),
        ];
        let headers = told.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let kept = for_programs(headers.into_iter().collect());
        assert_eq!(kept.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["etag"]);
    }
}
