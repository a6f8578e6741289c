//! One HTTP exchange with a registry, guarded: addresses checked at every hop, stalls noticed, answers bounded, and what may
//! pass by itself (a lost connection, 5xx, 429) tried again a bounded number of times.

use crate::guard::{Policy, Refusal};
use crate::problems;
use bytes::{Bytes, BytesMut};
use domain::problem::{Code, Problem};
use domain::wording::in_full;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How patient to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For a connection to be made.
    pub connect_timeout: Duration,
    /// Without a byte moving, after which a peer counts as stalled.
    pub idle_timeout: Duration,
    /// For a registry to put an uploaded layer away: it may check the whole of it first.
    pub commit_timeout: Duration,
    /// How often a failed request is repeated, and a broken transfer resumed without progress in between.
    pub retries: u32,
    /// Pause before the first repetition; doubled for each further one.
    pub backoff: Duration,
    /// How long in all one request waits when the registry answers 429.
    pub rate_limit_wait: Duration,
    /// Bytes sent in one piece of an upload. ECR wants at least 5 MiB for all but the last.
    pub chunk: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            commit_timeout: Duration::from_secs(300),
            retries: 4,
            backoff: Duration::from_millis(500),
            rate_limit_wait: Duration::from_secs(60),
            chunk: 5 << 20,
        }
    }
}

/// The HTTP client for one policy. Cheap to clone; connections are shared.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    pub(crate) policy: Policy,
    pub(crate) settings: Arc<Settings>,
}

/// Says right before a request whether it may still be sent.
pub type Permit = Arc<dyn Fn() -> bool + Send + Sync>;

/// One request that can be sent again.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Asked before each time that it is sent.
    permit: Option<Permit>,
}

impl Call {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, permit: None }
    }
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        // Values are digests, numbers and media types; one that no header can carry is left out and the registry says so.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
    pub(crate) fn body(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }
    pub(crate) fn only_while(mut self, permit: Option<Permit>) -> Self {
        self.permit = permit;
        self
    }
}

/// Why an attempt failed, and whether another may succeed.
pub(crate) enum Trouble {
    Final(Problem),
    Passing(Problem),
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        let (Trouble::Final(problem) | Trouble::Passing(problem)) = trouble;
        problem
    }
}

const MAX_REDIRECTS: usize = 5;

impl Http {
    /// A client that connects only where the policy allows.
    pub fn new(policy: Policy, settings: Settings) -> Result<Self, Problem> {
        let client = Client::builder()
            .user_agent(concat!("gantry/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .dns_resolver(Arc::new(policy.clone()))
            // Each hop is checked here; a proxy would resolve names itself, past the guard.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // Blobs in parallel each want their own connection, not one shared window.
            .http1_only()
            .tcp_nodelay(true)
            .build()
            .map_err(|e| problems::internal("registry-client", &e))?;
        Ok(Self { client, policy, settings: Arc::new(settings) })
    }

    /// One attempt, following redirects of GET and HEAD. `authorization` goes to the first address' origin only.
    pub(crate) async fn attempt(&self, call: &Call, authorization: Option<&HeaderValue>) -> Result<Response, Trouble> {
        let mut url = call.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            self.policy.check(&url).map_err(Trouble::Final)?;
            let host = url.host_str().unwrap_or_default().to_owned();
            let mut request = self.client.request(call.method.clone(), url.clone()).headers(call.headers.clone());
            if let Some(value) = authorization.filter(|_| url.origin() == call.url.origin()) {
                request = request.header(AUTHORIZATION, value.clone());
            }
            if let Some(body) = &call.body {
                request = request.body(body.clone());
            }
            let patience = if call.method == Method::PUT {
                self.settings.commit_timeout
            } else {
                self.patience(call.body.as_ref())
            };
            if call.permit.as_ref().is_some_and(|may_be_sent| !may_be_sent()) {
                return Err(Trouble::Final(problems::cancelled()));
            }
            let response = match tokio::time::timeout(patience, request.send()).await {
                Err(_) => return Err(Trouble::Passing(problems::stalled(&host, patience))),
                Ok(Err(error)) => return Err(failed(&host, &error)),
                Ok(Ok(response)) => response,
            };
            let follows = call.method == Method::GET || call.method == Method::HEAD;
            let moved = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            if !(follows && moved) {
                return Ok(response);
            }
            url = self.location(&response).map_err(Trouble::Final)?;
        }
        let host = call.url.host_str().unwrap_or_default();
        Err(Trouble::Final(problems::rejected(
            "The registry leads in circles",
            format!("{host} redirects more than {MAX_REDIRECTS} times."),
        )))
    }

    /// A body needs time to leave: at least 64 KiB a second, else the connection counts as stalled.
    fn patience(&self, body: Option<&Bytes>) -> Duration {
        self.settings.idle_timeout + Duration::from_secs(body.map_or(0, |b| b.len() as u64 >> 16))
    }

    /// The `Location` of an answer as an absolute, allowed URL.
    pub(crate) fn location(&self, response: &Response) -> Result<Url, Problem> {
        let host = response.url().host_str().unwrap_or_default();
        let text = response.headers().get(LOCATION).and_then(|l| l.to_str().ok());
        let url = text.and_then(|l| response.url().join(l).ok()).ok_or_else(|| {
            problems::rejected("The registry's answer is not usable", format!("{host} names no usable Location."))
        })?;
        self.policy.check(&url)?;
        Ok(url)
    }

    /// Waits as a 429 asks, within bounds; `waited` is what this request waited already.
    pub(crate) async fn wait_out(&self, response: &Response, waited: &mut Duration, tries: u32) -> Result<(), Problem> {
        let asked =
            response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse().ok());
        let asked = asked.map(Duration::from_secs);
        let wait = asked.unwrap_or_else(|| self.backoff(tries));
        if tries >= self.settings.retries || *waited + wait > self.settings.rate_limit_wait {
            return Err(problems::rate_limited(response.url().host_str().unwrap_or_default(), asked));
        }
        *waited += wait;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    pub(crate) fn backoff(&self, tries: u32) -> Duration {
        self.settings.backoff.saturating_mul(1 << tries.min(6))
    }

    /// Repeats what may pass by itself. The answer has any status but 429 and 5xx.
    pub(crate) async fn persist(&self, call: &Call, authorization: Option<&HeaderValue>) -> Result<Response, Problem> {
        let (mut tries, mut limited, mut waited) = (0, 0, Duration::ZERO);
        loop {
            let problem = match self.attempt(call, authorization).await {
                Ok(response) if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                    self.wait_out(&response, &mut waited, limited).await?;
                    limited += 1;
                    continue;
                }
                Ok(response) if response.status().is_server_error() => self.explain(response).await,
                Ok(response) => return Ok(response),
                Err(Trouble::Final(problem)) => return Err(problem),
                Err(Trouble::Passing(problem)) => problem,
            };
            if tries >= self.settings.retries || problem.code == Code::NotImplemented {
                return Err(problem);
            }
            tracing::debug!(url = %call.url.path(), error = %problem, "trying again");
            tokio::time::sleep(self.backoff(tries)).await;
            tries += 1;
        }
    }

    /// The next bytes of a body, or why there are none.
    pub(crate) async fn piece(&self, response: &mut Response) -> Result<Option<Bytes>, Problem> {
        match tokio::time::timeout(self.settings.idle_timeout, response.chunk()).await {
            Err(_) => Err(problems::stalled(response.url().host_str().unwrap_or_default(), self.settings.idle_timeout)),
            Ok(Err(error)) => Err(problems::dropped(response.url().host_str().unwrap_or_default(), &chain(&error))),
            Ok(Ok(piece)) => Ok(piece),
        }
    }

    /// A whole body of at most `limit` bytes.
    pub(crate) async fn body(&self, mut response: Response, limit: usize) -> Result<Bytes, Problem> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.piece(&mut response).await? {
            if body.len() + piece.len() > limit {
                let host = response.url().host_str().unwrap_or_default();
                return Err(problems::rejected(
                    "The registry's answer is too large",
                    format!("{host} sent more than the {} bytes that are allowed here.", in_full(limit as u64)),
                ));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// What a refusal means, with the registry's own words.
    pub(crate) async fn explain(&self, response: Response) -> Problem {
        let status = response.status();
        let host = response.url().host_str().unwrap_or_default().to_owned();
        let words = match self.body(response, 64 << 10).await {
            Ok(body) => words(&body),
            Err(_) => String::new(),
        };
        let with = |text: &str| if words.is_empty() { format!("{text}.") } else { format!("{text}: {words}.") };
        let trusted = self.policy.is_trusted();
        match status.as_u16() {
            401 | 403 if trusted => Problem::new(
                Code::AwsDenied,
                "The registry refuses access",
                with(&format!("{host} answered {status}"))
                    + " Check the role's ECR permissions and the repository's policy.",
            ),
            401 | 403 => Problem::invalid(
                "credentials",
                with(&format!("{host} refuses access to this image ({status})"))
                    + " It may be private, or not exist: check its name, the user name and the password.",
            ),
            404 => Problem::not_found(with(&format!("{host} does not have it"))),
            501 | 405 => {
                Problem::not_implemented(format!("this part of the registry's API ({host} answered {status})"))
            }
            500..=599 => Problem::new(
                Code::AwsUnreachable,
                "The registry has trouble",
                with(&format!("{host} answered {status}")),
            ),
            _ => problems::rejected("The registry refused it", with(&format!("{host} answered {status}"))),
        }
    }
}

fn failed(host: &str, error: &reqwest::Error) -> Trouble {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(refusal) = inner.downcast_ref::<Refusal>() {
            return Trouble::Final(problems::refused(refusal.to_string()));
        }
        source = inner.source();
    }
    Trouble::Passing(if error.is_connect() {
        problems::unreachable(host, &chain(error))
    } else {
        problems::dropped(host, &chain(error))
    })
}

/// The innermost reason: the outer ones repeat the URL, which may carry a signature.
fn chain(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    if inner.is::<reqwest::Error>() { "the request failed".to_owned() } else { inner.to_string() }
}

/// `{"errors":[{"code":…,"message":…}]}`, as registries answer.
fn words(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |v: &serde_json::Value, key: &str| v.get(key).and_then(|t| t.as_str()).unwrap_or_default().to_owned();
    let first = value.get("errors").and_then(|e| e.get(0)).unwrap_or(&value);
    let words = [text(first, "code"), text(first, "message"), text(first, "details")];
    problems::said(&words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(", "))
}
