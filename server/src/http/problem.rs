//! Problems as HTTP answers: JSON for programs (`application/problem+json`), a small page for people.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Code, Problem};
use std::sync::Arc;

use super::observe::REQUEST_ID;
use super::{LARGEST_BODY, LARGEST_DOCUMENT};

/// A problem on its way out. Handlers answer `Result<_, Refusal>` and use `?`.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(&self.0);
        response.extensions_mut().insert(Arc::new(self.0));
        response
    }
}

/// The problem as JSON, under its status.
pub fn json(problem: &Problem) -> Response {
    let mut response = axum::Json(problem).into_response();
    *response.status_mut() = status(problem);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if problem.retryable() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The HTTP status of a problem.
pub fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A body of more than [`LARGEST_BODY`], of what carries documents [`LARGEST_DOCUMENT`].
pub fn too_large() -> Problem {
    let message = format!(
        "A request has at most {} KiB, one with a plan {}. Shorten what you enter, or send it in parts.",
        LARGEST_BODY / 1024,
        LARGEST_DOCUMENT / 1024
    );
    Problem::new(Code::TooLarge, "The request is too large", message)
}

/// Middleware: a refusal of the framework (no such method, unreadable form, body too large) becomes a problem like any other.
pub async fn of_the_framework(response: Response) -> Response {
    let status = response.status();
    let text = response.headers().get(header::CONTENT_TYPE).is_none_or(|v| v.as_bytes().starts_with(b"text/plain"));
    let refused = status.is_client_error() || status.is_server_error();
    if !refused || !text || response.extensions().get::<Arc<Problem>>().is_some() {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::not_found("There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Code::Invalid, "Not possible here", "This address does not answer to that method.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::REQUEST_TIMEOUT => {
            Problem::new(Code::Invalid, "Too slow", "The request did not arrive within 30 seconds.")
        }
        status if status.is_client_error() => Problem::unreadable("It is not what this address takes."),
        _ => Problem::new(Code::Internal, "Gantry made a mistake", "Something failed inside Gantry."),
    };
    let mut replaced = Refusal(problem).into_response();
    *replaced.status_mut() = status;
    keep(&[header::ALLOW, REQUEST_ID], &response, &mut replaced);
    replaced
}

/// Copies these headers to the answer that takes another's place. By the request's id the listener tells our answers from the HTTP
/// library's own.
fn keep(names: &[HeaderName], from: &Response, to: &mut Response) {
    for name in names {
        if let Some(value) = from.headers().get(name) {
            to.headers_mut().insert(name.clone(), value.clone());
        }
    }
}

/// Middleware: whoever asked for a page gets a problem as a page.
pub async fn pages_for_people(css: Arc<str>, request: Request, next: Next) -> Response {
    let person = wants_page(&request);
    let reading = request.method() == Method::GET;
    let response = next.run(request).await;
    match response.extensions().get::<Arc<Problem>>().cloned() {
        Some(problem) if person => {
            let mut page = page(&problem, &css, response.status());
            keep(&[REQUEST_ID], &response, &mut page);
            // It has no scripts that could ask again.
            if reading && response.status() == StatusCode::SERVICE_UNAVAILABLE {
                page.headers_mut().insert(header::REFRESH, HeaderValue::from_static("5"));
            }
            page
        }
        _ => response,
    }
}

fn wants_page(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    !request.uri().path().starts_with("/api/") && accepts.contains("text/html")
}

/// A page without the app: for what goes wrong before or while the app renders.
fn page(problem: &Problem, css: &str, status: StatusCode) -> Response {
    let mut links = String::new();
    for way in problem.recovery() {
        links.push_str(&format!("<a href=\"{}\">{}</a> ", escape(&way.href), escape(&way.label)));
    }
    let reference =
        problem.reference.as_ref().map_or(String::new(), |r| format!("<p>Reference: <code>{}</code></p>", escape(r)));
    let sheet =
        if css.is_empty() { String::new() } else { format!("<link rel=\"stylesheet\" href=\"{}\">", escape(css)) };
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · Gantry</title>{sheet}</head><body class=\"problem-page\"><main><h1>{title}</h1><p>{message}</p>{reference}\
         <p>{links}</p></main></body></html>",
        title = escape(&problem.title),
        message = escape(&problem.message),
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    );
    response
}

/// Makes text safe inside HTML elements and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_page_shows_text_and_never_markup() {
        let problem = Problem::not_found("<script>alert(1)</script> & “quotes”");
        let response = page(&problem, "/x.css", StatusCode::NOT_FOUND);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
    }
}
