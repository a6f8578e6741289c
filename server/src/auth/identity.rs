//! From a request to an [`Actor`]: the session's cookie, or `Authorization: Bearer gantry_…`.

use app::wire::RESTING;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::policy::{Actor, Permission, decide};
use domain::{Code, Problem};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::secret::TOKEN_PREFIX;
use super::{Auth, forms};
use crate::http::Web;
use crate::http::listener::Peer;
use crate::http::problem::Refusal;

/// How long a browser keeps the cookie; the server ends sessions earlier when they rest.
const COOKIE_SECONDS: i64 = gantry_store::sessions::LIFE_MS / 1000;
/// How often it is looked whether a request that goes on is still allowed: with what is believed meanwhile, within a second.
const LOOK: Duration = Duration::from_millis(500);

/// Who asks; nobody when signed out. In the extensions of every request that reaches a handler.
#[derive(Clone, Debug)]
pub struct Identity(pub Option<Actor>);

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Identity>().cloned().unwrap_or(Identity(None)))
    }
}

/// Someone who is signed in; handlers that take it answer 401 to everybody else.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Ok(identity) = Identity::from_request_parts(parts, state).await;
        Ok(Self(identity.0.ok_or_else(Problem::no_credentials)?))
    }
}

/// Middleware: finds out who asks, and how often they already did.
pub async fn identify(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let resting = request.uri().query() == Some(RESTING);
    let actor = match web.auth.who(request.headers(), resting).await {
        Ok(actor) => actor,
        Err(problem) => return Refusal(problem).into_response(),
    };
    if let Some(actor) = &actor
        && let Err(problem) = web.rate.take(actor.person, Instant::now())
    {
        return Refusal(problem).into_response();
    }
    request.extensions_mut().insert(Identity(actor));
    next.run(request).await
}

impl Auth {
    /// Who sent these headers.
    ///
    /// # Errors
    /// [`Code::SignedOut`] for a token that is unknown or ended (a cookie that is makes nobody), [`Code::Database`].
    pub async fn of(&self, headers: &HeaderMap) -> Result<Option<Actor>, Problem> {
        self.who(headers, false).await
    }

    async fn who(&self, headers: &HeaderMap, resting: bool) -> Result<Option<Actor>, Problem> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|v| v.strip_prefix("Bearer ")).map(str::trim);
            let actor = match token {
                Some(token) if token.starts_with(TOKEN_PREFIX) && token.len() <= 100 => self.by_token(token).await?,
                _ => None,
            };
            let unknown = || {
                Problem::new(
                    Code::SignedOut,
                    "Unknown token",
                    "This API token does not exist or has ended. Make one under Settings → Tokens.",
                )
            };
            return actor.map(Some).ok_or_else(unknown);
        }
        match self.cookie(headers) {
            Some(secret) if secret.len() == 64 => self.by_session(&secret, resting).await,
            _ => Ok(None),
        }
    }

    /// Waits until who sent these headers may no longer do this, and answers why. For requests that go on for longer than access may after it
    /// was ended; each look counts as a use of the session or token.
    pub async fn refused(&self, headers: &HeaderMap, permission: Permission) -> Problem {
        loop {
            tokio::time::sleep(LOOK).await;
            let allowed = match self.of(headers).await {
                Ok(Some(actor)) => decide(&actor, permission),
                Ok(None) => Err(Problem::signed_out()),
                // Without the database nobody can be signed out, and nothing new is known either.
                Err(problem) if problem.code == Code::Database => Ok(()),
                Err(problem) => Err(problem),
            };
            if let Err(problem) = allowed {
                return problem;
            }
        }
    }

    /// The cookie's name: with the prefix that pins it to this host where it may be Secure.
    /// <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes>
    pub fn cookie_name(&self) -> &'static str {
        if self.behind_tls_proxy { "__Host-gantry" } else { "gantry" }
    }

    /// The session id a browser sent.
    pub fn cookie(&self, headers: &HeaderMap) -> Option<String> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == self.cookie_name())
            .map(|(_, value)| value.to_owned())
    }

    /// The header that gives a browser its session, or takes it away.
    pub fn set_cookie(&self, secret: Option<&str>) -> (HeaderName, HeaderValue) {
        let secure = if self.behind_tls_proxy { "; Secure" } else { "" };
        let (value, age) = secret.map_or(("", 0), |s| (s, COOKIE_SECONDS));
        let text = format!("{}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}", self.cookie_name());
        (header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))
    }

    /// The header that hands the page of a form the name that was typed into it. Not in the page's address: those are kept in histories
    /// and logs, and some type their password there.
    pub fn typed_name(&self, page: &str, name: &str) -> (HeaderName, HeaderValue) {
        let secure = if self.behind_tls_proxy { "; Secure" } else { "" };
        let name: String = name.chars().take(forms::LONGEST_NAME).collect();
        let (cookie, value) = (app::sign_in::TYPED_NAME, forms::encoded(&name));
        let text = format!("{cookie}={value}; Path={page}; Max-Age=300; HttpOnly; SameSite=Strict{secure}");
        (header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))
    }

    /// The address a request came from, as far as it can be believed: behind a declared proxy, what the proxy added last.
    pub fn address(&self, headers: &HeaderMap, peer: Option<Peer>) -> String {
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|v| v.to_str().ok());
        let last = forwarded.and_then(|v| v.rsplit(',').next()).map(str::trim);
        match last.and_then(forwarded_address) {
            Some(address) if self.behind_tls_proxy => address.to_string(),
            _ => peer.map_or_else(|| "unknown".to_owned(), |p| p.0.ip().to_string()),
        }
    }
}

/// An address as proxies write it: alone, with the port, IPv6 in brackets or not.
fn forwarded_address(text: &str) -> Option<IpAddr> {
    let alone = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    alone.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_address_is_read_with_its_port_and_without() {
        for (text, address) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("203.0.113.9:51234", Some("203.0.113.9")),
            ("2001:db8::9", Some("2001:db8::9")),
            ("[2001:db8::9]", Some("2001:db8::9")),
            ("[2001:db8::9]:51234", Some("2001:db8::9")),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(forwarded_address(text).map(|found| found.to_string()).as_deref(), address, "{text}");
        }
    }
}
