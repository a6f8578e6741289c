//! What every answer says to the browser about security, and what the server refuses to listen to.
//! Figures and reasons: `docs/security.md`.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::wording::in_full;
use domain::{Code, Problem};

use super::problem::Refusal;

/// The longest path and query answered, in bytes. Browsers and proxies commonly stop there too.
pub const LONGEST_URI: usize = 8 * 1024;

/// The policy of pages: scripts and styles of this origin or with this nonce, WebAssembly, nothing from anywhere else.
/// <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy>
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         object-src 'none'; frame-ancestors 'none'"
    )
}

/// The policy of everything that is not a page: nothing may run or load.
const STRICT: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// How the server is reached, which decides what is believed of a request.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// A proxy in front speaks TLS.
    pub behind_tls_proxy: bool,
}

/// Middleware: the security headers of every answer.
pub async fn secure(reach: Reach, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Half a year, this host only: whoever put TLS in front keeps it.
    if reach.behind_tls_proxy {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=15552000"));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(STRICT));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Middleware: refuses addresses that are too long, hosts that are not ours, and requests that another site's page made.
pub async fn guard(reach: Reach, request: Request, next: Next) -> Response {
    let checked = short_enough(&request)
        .and_then(|()| our_host(reach, request.headers()))
        .and_then(|()| same_site(request.method(), request.headers()));
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal,
    }
}

fn short_enough(request: &Request) -> Result<(), Response> {
    let length = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    if length <= LONGEST_URI {
        return Ok(());
    }
    let problem = Problem::new(
        Code::TooLarge,
        "The address is too long",
        format!(
            "An address has at most {} bytes; this one has {}. Use shorter names or fewer filters.",
            in_full(LONGEST_URI as u64),
            in_full(length as u64)
        ),
    );
    let mut response = Refusal(problem).into_response();
    *response.status_mut() = axum::http::StatusCode::URI_TOO_LONG;
    Err(response)
}

/// Without a proxy only names of this machine are answered, so that a page elsewhere cannot reach a console on loopback by pointing
/// its own name there (DNS rebinding).
fn our_host(reach: Reach, headers: &HeaderMap) -> Result<(), Response> {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    if !host.is_empty()
        && (reach.behind_tls_proxy
            || matches!(name, "localhost" | "127.0.0.1" | "[::1]")
            || name.ends_with(".localhost"))
    {
        return Ok(());
    }
    let message =
        "This server answers to localhost and 127.0.0.1 only. Behind a proxy it needs behind_tls_proxy = true.";
    Err(Refusal(Problem::new(Code::Invalid, "Unknown host", message)).into_response())
}

/// Cross-site request forgery: what changes something, and the WebSocket, must come from a page of this origin.
/// Browsers say so themselves: `Sec-Fetch-Site` (on trustworthy origins), `Origin` (always on these requests).
/// Programs send neither; they carry no cookie either.
fn same_site(method: &Method, headers: &HeaderMap) -> Result<(), Response> {
    let socket = headers.get(header::UPGRADE).is_some();
    if !socket && matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let origin = text(header::ORIGIN);
    let host = text(header::HOST).unwrap_or_default();
    let origin_is_ours =
        origin.map(|o| o.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host)));
    let fine = match (site, origin_is_ours) {
        (Some("same-origin"), None | Some(true)) | (None, Some(true)) => true,
        (Some(_), _) | (None, Some(false)) => false,
        (None, None) => headers.get(header::COOKIE).is_none(),
    };
    if fine {
        return Ok(());
    }
    let message = match (site, origin_is_ours) {
        // Browsers say this of a page of the address that they see; of another they say so.
        (Some("same-origin"), Some(false)) => {
            "The proxy in front of Gantry does not pass the browser's Host header on, so it cannot be told whether this request came from \
             a page of Gantry. Nothing was done. Have the proxy pass it on: in nginx “proxy_set_header Host $http_host”, in Apache \
             “ProxyPreserveHost On”."
        }
        _ => "This request came from a page of another site, so nothing was done. Open Gantry itself and try there.",
    };
    Err(Refusal(Problem::forbidden(message)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_pages_of_this_origin_and_programs_without_cookies_may_change_anything() {
        let host = ("host", "localhost:4646");
        for (rest, allowed) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-origin"), ("origin", "http://localhost:4646")], true),
            (vec![("origin", "http://localhost:4646")], true),
            (vec![], true),
            (vec![("cookie", "gantry=x")], false),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "http://localhost:4646")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")], false),
            (vec![("origin", "http://localhost:4647")], false),
            (vec![("origin", "null")], false),
        ] {
            let mut all = vec![host];
            all.extend(rest.clone());
            assert_eq!(same_site(&Method::POST, &headers(&all)).is_ok(), allowed, "{rest:?}");
            all.push(("upgrade", "websocket"));
            assert_eq!(same_site(&Method::GET, &headers(&all)).is_ok(), allowed, "socket {rest:?}");
        }
        assert!(same_site(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")])).is_ok());
    }

    #[test]
    fn a_proxy_that_keeps_the_host_to_itself_is_told_from_another_site() {
        let why = |site: &'static str| {
            let sent = [("host", "127.0.0.1:4646"), ("origin", "https://gantry.example"), ("sec-fetch-site", site)];
            let refused = same_site(&Method::POST, &headers(&sent)).unwrap_err();
            refused.extensions().get::<Arc<Problem>>().unwrap().message.clone()
        };
        assert!(why("same-origin").contains("Host header"), "{}", why("same-origin"));
        assert!(why("cross-site").contains("another site"), "{}", why("cross-site"));
    }

    #[test]
    fn a_foreign_host_name_is_refused_unless_a_proxy_vouches_for_it() {
        let (plain, proxied) = (Reach { behind_tls_proxy: false }, Reach { behind_tls_proxy: true });
        for ours in ["localhost:4646", "127.0.0.1:80", "[::1]:4646", "localhost", "gantry.localhost:4646"] {
            assert!(our_host(plain, &headers(&[("host", ours)])).is_ok(), "{ours}");
        }
        for other in ["evil.example", "evil.example:4646", "127.0.0.1.evil.example"] {
            assert!(our_host(plain, &headers(&[("host", other)])).is_err(), "{other}");
            assert!(our_host(proxied, &headers(&[("host", other)])).is_ok(), "{other}");
        }
        assert!(our_host(proxied, &HeaderMap::new()).is_err());
    }
}
