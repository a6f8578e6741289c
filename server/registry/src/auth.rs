//! How registries let somebody in: not at all, Basic, or Bearer tokens from a token server, kept for each scope and renewed.

use crate::http::{Call, Http};
use crate::problems;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::problem::{Code, Problem};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;
use tokio::sync::Mutex;
use url::Url;
use zeroize::{Zeroize, Zeroizing};

/// A user name and a password or access token. Used once, never stored; not printed, and overwritten when dropped.
#[derive(Clone)]
pub struct Credentials {
    /// For ECR: `AWS`.
    pub user: String,
    /// For ECR: the password inside GetAuthorizationToken's token.
    pub password: String,
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl Credentials {
    /// What somebody entered.
    ///
    /// # Errors
    /// [`Code::Invalid`] when no registry could be told these: a user name is needed and has no colon
    /// (<https://www.rfc-editor.org/rfc/rfc7617#section-2>), and neither has control characters.
    pub fn entered(user: &str, password: String) -> Result<Self, Problem> {
        let credentials = Self { user: user.trim().to_owned(), password };
        let wrong = |text: &str| text.is_empty() || text.chars().any(char::is_control);
        if wrong(&credentials.user) || credentials.user.contains(':') {
            return Err(Problem::invalid("user", "A user name is needed beside the password. It has no colon."));
        }
        if wrong(&credentials.password) {
            return Err(Problem::invalid("credentials", "A password or access token is needed beside the user name."));
        }
        Ok(credentials)
    }

    /// From GetAuthorizationToken's `authorizationToken`: base64 of `AWS:password`.
    pub fn from_ecr_token(token: &str) -> Result<Self, Problem> {
        let decoded = STANDARD.decode(token.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let parts = decoded.as_deref().and_then(|text| text.split_once(':'));
        let (user, password) = parts.ok_or_else(|| {
            Problem::new(
                Code::AwsCredentials,
                "ECR's token is not usable",
                "ECR gave an authorization token of an unknown form.",
            )
        })?;
        Ok(Self { user: user.to_owned(), password: password.to_owned() })
    }

    fn header(&self) -> Result<HeaderValue, Problem> {
        let pair = Zeroizing::new(format!("{}:{}", self.user, self.password));
        secret(&Zeroizing::new(format!("Basic {}", Zeroizing::new(STANDARD.encode(pair.as_bytes())).as_str())))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, …)", self.user)
    }
}

fn secret(text: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Problem::invalid(
            "credentials",
            "The registry's token or these credentials contain characters that HTTP cannot carry.",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a request needs: `repository:NAME:pull` and the like, one or several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope(pub(crate) Vec<String>);

impl Scope {
    pub(crate) fn repository(name: &str, actions: &str) -> Self {
        Self(vec![format!("repository:{name}:{actions}")])
    }
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// The state of one registry's access.
pub(crate) struct Auth {
    credentials: Option<Credentials>,
    /// The header last used, for each scope; Basic is kept under every scope alike.
    headers: Mutex<HashMap<Scope, HeaderValue>>,
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Auth {
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials, headers: Mutex::default() }
    }

    /// What to send along, as far as it is known.
    pub(crate) async fn header(&self, scope: &Scope) -> Option<HeaderValue> {
        self.headers.lock().await.get(scope).cloned()
    }

    /// Answers a 401: afterwards [`Self::header`] has something new. `used` is what was refused.
    pub(crate) async fn answer(
        &self,
        http: &Http,
        host: &str,
        challenges: &HeaderMap,
        scope: &Scope,
        used: Option<&HeaderValue>,
    ) -> Result<(), Problem> {
        // Held while asking: requests in parallel share one token.
        let mut headers = self.headers.lock().await;
        if headers.get(scope).is_some_and(|known| Some(known) != used) {
            return Ok(());
        }
        let challenges: Vec<Challenge> =
            challenges.get_all(WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok()).flat_map(parse).collect();
        let of = |scheme: &str| challenges.iter().find(|c| c.scheme.eq_ignore_ascii_case(scheme));
        let header = if let Some(bearer) = of("bearer") {
            self.token(http, host, bearer, scope).await?
        } else if of("basic").is_some() {
            let credentials = self.credentials.as_ref().ok_or_else(|| problems::wants_password(host))?;
            let header = credentials.header()?;
            if used == Some(&header) && !http.policy.is_trusted() {
                return Err(problems::wrong_password(host));
            }
            header
        } else {
            let known: Vec<&str> = challenges.iter().map(|c| c.scheme.as_str()).collect();
            let asked =
                if known.is_empty() { "nothing in particular".to_owned() } else { problems::said(&known.join(", ")) };
            return Err(problems::rejected(
                "The registry asks for an unknown kind of sign-in",
                format!("{host} asks for {asked}. Gantry knows Basic and Bearer."),
            ));
        };
        headers.insert(scope.clone(), header);
        Ok(())
    }

    async fn token(&self, http: &Http, host: &str, bearer: &Challenge, scope: &Scope) -> Result<HeaderValue, Problem> {
        let unusable = |why: &str| {
            problems::rejected(
                "The registry's sign-in is not usable",
                format!("{host} asks for a Bearer token, but {why}."),
            )
        };
        let realm = bearer.value("realm").ok_or_else(|| unusable("does not say where to get it"))?;
        let mut url = Url::parse(realm).map_err(|_| unusable("names a wrong address to get it from"))?;
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = bearer.value("service") {
                query.append_pair("service", service);
            }
            for scope in &scope.0 {
                query.append_pair("scope", scope);
            }
        }
        let basic = self.credentials.as_ref().map(Credentials::header).transpose()?;
        let response = http.persist(&Call::new(Method::GET, url), basic.as_ref()).await?;
        // So Docker Hub and Quay answer a wrong password (401), GHCR a wrong token (403).
        if matches!(response.status().as_u16(), 401 | 403) && !http.policy.is_trusted() {
            return Err(match basic {
                Some(_) => problems::wrong_password(host),
                None => problems::wants_password(host),
            });
        }
        if !response.status().is_success() {
            return Err(http.explain(response).await);
        }
        let body = http.body(response, 256 << 10).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| unusable("the token server's answer is not JSON with a token"))?;
        let token = answer.token.filter(|t| !t.is_empty()).or(answer.access_token);
        let token = Zeroizing::new(token.ok_or_else(|| unusable("the token server gave none"))?);
        secret(&Zeroizing::new(format!("Bearer {}", token.as_str())))
    }
}

#[derive(Debug, PartialEq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    fn value(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// Reads a `WWW-Authenticate` header: several schemes may share one (RFC 9110, section 11.6.1).
fn parse(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return found;
        }
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let value = after.trim_start().strip_prefix('=').filter(|_| !word.is_empty());
        match (value.map(str::trim_start), found.last_mut()) {
            (Some(value), Some(challenge)) => {
                let (value, after) = value_of(value);
                challenge.parameters.push((word.to_owned(), value));
                rest = after;
            }
            // A parameter before any scheme, or a stray “=”.
            (Some(_), None) => return found,
            (None, _) if word.is_empty() => return found,
            (None, _) => {
                found.push(Challenge { scheme: word.to_owned(), parameters: Vec::new() });
                rest = after;
            }
        }
    }
}

fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_as_registries_send_them() {
        let found = parse(
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
        );
        assert_eq!(found[0].value("realm"), Some("https://auth.docker.io/token"));
        assert_eq!(found[0].value("scope"), Some("repository:a/b:pull,push"));
        let found = parse(r#"Basic realm="a \"b\", c", Negotiate, Bearer Realm=x, service = y"#);
        assert_eq!(found.iter().map(|c| c.scheme.as_str()).collect::<Vec<_>>(), ["Basic", "Negotiate", "Bearer"]);
        assert_eq!(found[0].value("realm"), Some(r#"a "b", c"#));
        assert_eq!(found[2].value("service"), Some("y"));
        assert!(parse("").is_empty() && parse("=x").is_empty() && parse(r#"realm="x""#).is_empty());
        assert_eq!(parse(r#"Basic realm="never ends"#).len(), 1);
    }

    #[test]
    fn an_ecr_token_is_a_user_and_a_password() {
        let credentials = Credentials::from_ecr_token(&STANDARD.encode("AWS:secret")).unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("AWS", "secret"));
        assert!(!format!("{credentials:?}").contains("secret"));
        assert!(Credentials::from_ecr_token("%%%").is_err());
    }

    #[test]
    fn what_no_registry_could_be_told_is_refused_beside_its_field() {
        let field = |user: &str, password: &str| Credentials::entered(user, password.to_owned()).unwrap_err().field;
        assert_eq!(Credentials::entered(" ada ", "dckr_pat_1".into()).unwrap().user, "ada");
        for user in ["", " ", "a:b", "a\nb"] {
            assert_eq!(field(user, "x").as_deref(), Some("user"), "{user:?}");
        }
        for password in ["", "a\r\nX: y"] {
            assert_eq!(field("ada", password).as_deref(), Some("credentials"));
        }
    }
}
