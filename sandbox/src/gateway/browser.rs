//! What is not heard: calls of web pages. The endpoint believes any signature and runs code, so a page that happens to be open in a browser of this
//! machine must not be able to use it. Programs send none of the headers that are looked at here. The emulator does the same at its own port.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::Response;

use super::call::json_error;

/// The refusal of a call that a page of another origin makes, or that asks for a name which is not this machine's: a page elsewhere can point its own
/// name here (DNS rebinding). Browsers tell origin and site by themselves, and no page can leave them out
/// (<https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site>).
pub fn refusal(uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let called = uri.authority().map(Authority::as_str);
    let host = text(header::HOST).or(called).unwrap_or_default();
    if !is_here(host) {
        let message = format!("The sandbox answers to localhost and 127.0.0.1 only, and not to {host}.");
        return Some(refused(&message));
    }
    let own = |origin: &str| origin.split_once("://").is_some_and(|(_, named)| named.eq_ignore_ascii_case(host));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let foreign =
        matches!(site, Some("cross-site" | "same-site")) || text(header::ORIGIN).is_some_and(|origin| !own(origin));
    foreign.then(|| {
        refused(
            "The sandbox does not answer web pages of another origin: it would run code for whoever wrote the page.",
        )
    })
}

fn refused(message: &str) -> Response {
    json_error(StatusCode::FORBIDDEN, "AccessDeniedException", message)
}

/// Whether a `Host` is this machine, something before its name as clients write it for buckets, APIs and accounts, or AWS itself, as registries are
/// asked for. Nobody can have a domain that ends with an address, under `localhost`, or under AWS's own with an address of their choice. Only a program
/// names no host.
fn is_here(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host.as_str(),
    };
    matches!(name, "" | "localhost" | "[::1]")
        || [".localhost", "127.0.0.1", ".amazonaws.com"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn is_refused(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let answer = refusal(&Uri::from_static("/2015-03-31/functions"), &headers);
        if let Some(answer) = &answer {
            assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        }
        answer.is_some()
    }

    #[test]
    fn programs_are_heard_at_every_name_of_this_machine() {
        for host in [
            "127.0.0.1:4566",
            "localhost",
            "LOCALHOST:4566",
            "[::1]:4566",
            "bucket.localhost:4566",
            "a1b2.execute-api.localhost:4566",
            "111122223333.127.0.0.1:4566",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        ] {
            assert!(!is_refused(&[("host", host)]), "{host}");
        }
        assert!(!is_refused(&[]));
        assert!(!is_refused(&[("host", "127.0.0.1:4566"), ("sec-fetch-mode", "cors")]), "as Node's fetch sends it");
    }

    #[test]
    fn names_of_others_are_refused() {
        for host in ["evil.example", "evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example", "?"] {
            assert!(is_refused(&[("host", host)]), "{host}");
        }
    }

    #[test]
    fn pages_are_refused_except_those_of_the_sandbox_itself() {
        let here = ("host", "127.0.0.1:4566");
        for origin in ["https://evil.example", "http://127.0.0.1:4646", "http://127.0.0.1:45667", "null"] {
            assert!(is_refused(&[here, ("origin", origin)]), "{origin}");
        }
        // An image or a form of a page elsewhere names no origin; and one on another port of this machine is another page.
        for site in ["cross-site", "same-site"] {
            assert!(is_refused(&[here, ("sec-fetch-site", site)]), "{site}");
        }
        // An address that somebody typed, and a page that is served from a bucket here.
        assert!(!is_refused(&[here, ("sec-fetch-site", "none")]));
        assert!(!is_refused(&[here, ("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:4566")]));
    }
}
