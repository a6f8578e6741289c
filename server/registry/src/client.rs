//! One repository in one registry, over the OCI distribution API
//! (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md>): manifests, and whether blobs exist.

use crate::auth::{Auth, Credentials, Scope};
use crate::digest::Digest;
use crate::guard::Policy;
use crate::http::{Call, Http, Permit, Settings, Trouble};
use crate::media::{ACCEPT, MAX_MANIFEST, Manifest, RawManifest};
use crate::problems;
use crate::reference::{Reference, check_repository, check_tag};
use crate::remembered::Manifests;
use domain::problem::Problem;
use reqwest::header::{ACCEPT as ACCEPT_HEADER, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, Response, StatusCode};
use std::fmt;
use std::sync::Arc;
use url::Url;

/// How often one request asks for a new token.
const MAX_RENEWED: u32 = 3;

struct Inner {
    http: Http,
    base: Url,
    auth: Auth,
}

/// A repository to read from or write to. Cheap to clone; access is negotiated once for all clones.
#[derive(Clone)]
pub struct Repository {
    inner: Arc<Inner>,
    name: String,
    remembered: Option<Manifests>,
    permit: Option<Permit>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({}{})", self.inner.base, self.name)
    }
}

/// What a request is for: decides the token's scope.
#[derive(Clone, Copy)]
pub(crate) enum Action<'a> {
    Pull,
    Push,
    /// Pushing, and reading from another repository of the same registry.
    Mount(&'a str),
}

impl Repository {
    /// The repository that a person named; refused when the client's policy does not list its registry.
    pub fn source(http: &Http, image: &Reference, credentials: Option<Credentials>) -> Result<Self, Problem> {
        let base = http.policy.registry(image.api_host())?;
        Self::at(http, base, image.repository(), credentials)
    }

    /// A repository of the registry at a base URL that the configuration names, such as ECR's endpoint.
    pub fn destination(
        base: &Url,
        name: &str,
        credentials: Option<Credentials>,
        settings: Settings,
    ) -> Result<Self, Problem> {
        let http = Http::new(Policy::trusted(base)?, settings)?;
        Self::at(&http, base.clone(), name, credentials)
    }

    fn at(http: &Http, mut base: Url, name: &str, credentials: Option<Credentials>) -> Result<Self, Problem> {
        check_repository(name)?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let inner = Inner { http: http.clone(), base, auth: Auth::new(credentials) };
        Ok(Self { inner: Arc::new(inner), name: name.to_owned(), remembered: None, permit: None })
    }

    /// The same, with manifests fetched through it remembered there, and taken from there. Only for what everybody may read: nobody is asked for
    /// credentials there.
    #[must_use]
    pub fn remembering(self, manifests: &Manifests) -> Self {
        Self { remembered: Some(manifests.clone()), ..self }
    }

    /// The same, which puts a manifest only while this says so: asked right before each such request, also when one is tried again.
    #[must_use]
    pub fn only_while(self, permit: Permit) -> Self {
        Self { permit: Some(permit), ..self }
    }

    /// The repository's name within its registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The registry's host, for messages.
    pub fn host(&self) -> &str {
        self.inner.base.host_str().unwrap_or_default()
    }

    pub(crate) fn http(&self) -> &Http {
        &self.inner.http
    }

    /// Whether blobs can be mounted from one to the other instead of being carried.
    pub(crate) fn same_registry(&self, other: &Self) -> bool {
        self.inner.base == other.inner.base
    }

    pub(crate) fn url(&self, rest: &str) -> Result<Url, Problem> {
        let path = format!("v2/{}/{rest}", self.name);
        self.inner.base.join(&path).map_err(|e| problems::internal("registry-url", &e))
    }

    /// Sends with access, negotiating it when the registry asks; repeats what may pass by itself.
    pub(crate) async fn send(&self, call: &Call, action: Action<'_>) -> Result<Response, Problem> {
        self.negotiate(call, action, true).await.map_err(Problem::from)
    }

    /// Sends with access, once.
    pub(crate) async fn send_once(&self, call: &Call, action: Action<'_>) -> Result<Response, Trouble> {
        self.negotiate(call, action, false).await
    }

    async fn negotiate(&self, call: &Call, action: Action<'_>, persist: bool) -> Result<Response, Trouble> {
        let Inner { http, base, auth } = &*self.inner;
        let scope = match action {
            Action::Pull => Scope::repository(&self.name, "pull"),
            Action::Push => Scope::repository(&self.name, "pull,push"),
            Action::Mount(from) => Scope::repository(&self.name, "pull,push").and(Scope::repository(from, "pull")),
        };
        let ours = call.url.origin() == base.origin();
        let mut renewed = 0;
        loop {
            // Upload addresses on another host carry their own permission in the URL.
            let header = if ours { auth.header(&scope).await } else { None };
            let response = if persist {
                http.persist(call, header.as_ref()).await.map_err(Trouble::Final)?
            } else {
                http.attempt(call, header.as_ref()).await?
            };
            // Requests in parallel may use up or outlive a token that was just renewed: a few times, not once.
            let may_ask = ours && renewed < MAX_RENEWED && response.url().origin() == base.origin();
            if response.status() != StatusCode::UNAUTHORIZED || !may_ask {
                return Ok(response);
            }
            renewed += 1;
            let answered = auth.answer(http, self.host(), response.headers(), &scope, header.as_ref()).await;
            answered.map_err(Trouble::Final)?;
            // A user name and password that were refused are not tried again.
            if header.is_some() && auth.header(&scope).await == header {
                return Ok(response);
            }
        }
    }

    /// A manifest by tag or digest, its bytes as they came. The digest is checked: against the one asked for, and the one that
    /// the registry says.
    pub async fn manifest(&self, wanted: &str) -> Result<(RawManifest, Manifest), Problem> {
        let Some(manifests) = &self.remembered else { return self.fetch(wanted).await };
        let place = format!("{}{}", self.inner.base, self.name);
        // What a tag leads to is asked for each time, which costs nothing; a registry that does not say gives the manifest itself.
        let digest = match digest_or_tag(wanted)? {
            Some(digest) => Some(digest),
            None => match self.head(wanted).await {
                Ok(told) => told.flatten(),
                Err(problem) if problem.retryable() => return Err(problem),
                Err(_) => None,
            },
        };
        if let Some(kept) = digest.and_then(|digest| manifests.get(&place, digest)) {
            return RawManifest::read(kept.bytes, Some(&kept.media_type));
        }
        let (raw, manifest) = self.fetch(wanted).await?;
        manifests.keep(&place, &raw);
        Ok((raw, manifest))
    }

    async fn fetch(&self, wanted: &str) -> Result<(RawManifest, Manifest), Problem> {
        let asked = digest_or_tag(wanted)?;
        let call = Call::new(Method::GET, self.url(&format!("manifests/{wanted}"))?).header(ACCEPT_HEADER, ACCEPT);
        let response = self.send(&call, Action::Pull).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(Problem::not_found(format!("{} has no {} “{wanted}”.", self.host(), self.name)));
        }
        if !response.status().is_success() {
            return Err(self.http().explain(response).await);
        }
        let content_type = header(&response, CONTENT_TYPE.as_str());
        let told = header(&response, "docker-content-digest");
        let body = self.http().body(response, MAX_MANIFEST).await?;
        let found = Digest::of(&body);
        let told = told.map(|t| t.parse::<Digest>()).transpose()?;
        for expected in [asked, told].into_iter().flatten() {
            if expected != found {
                return Err(problems::rejected(
                    "The manifest is not what was asked for",
                    format!("{} gave a manifest with the digest {found} as {expected}. It was not used.", self.host()),
                ));
            }
        }
        RawManifest::read(body, content_type.as_deref())
    }

    /// The digest that a tag or digest has in the registry now; `None` when it does not exist. Transfers no manifest.
    pub async fn manifest_digest(&self, wanted: &str) -> Result<Option<Digest>, Problem> {
        let asked = digest_or_tag(wanted)?;
        match self.head(wanted).await? {
            None => Ok(None),
            Some(told) => match told.or(asked) {
                Some(digest) => Ok(Some(digest)),
                // Older registries do not say: the bytes do.
                None => Ok(Some(self.fetch(wanted).await?.0.digest)),
            },
        }
    }

    /// `None` when there is no such manifest; the digest that the registry says, if it does.
    async fn head(&self, wanted: &str) -> Result<Option<Option<Digest>>, Problem> {
        let call = Call::new(Method::HEAD, self.url(&format!("manifests/{wanted}"))?).header(ACCEPT_HEADER, ACCEPT);
        let response = self.send(&call, Action::Pull).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let told = header(&response, "docker-content-digest");
                Ok(Some(told.map(|told| told.parse::<Digest>()).transpose()?))
            }
            _ => Err(self.http().explain(response).await),
        }
    }

    /// Puts a manifest under a tag, or under its digest alone when there is none.
    ///
    /// # Errors
    /// What the registry said; that it was cancelled, where it may no longer be put.
    pub async fn put_manifest(&self, manifest: &RawManifest, tag: Option<&str>) -> Result<(), Problem> {
        if let Some(tag) = tag {
            check_tag(tag)?;
        }
        let name = tag.map_or_else(|| manifest.digest.to_string(), str::to_owned);
        let call = Call::new(Method::PUT, self.url(&format!("manifests/{name}"))?)
            .header(CONTENT_TYPE, &manifest.media_type)
            .body(manifest.bytes.clone())
            .only_while(self.permit.clone());
        let response = self.send(&call, Action::Push).await?;
        if !response.status().is_success() {
            let mut problem = self.http().explain(response).await;
            problem.title = "The registry did not take the manifest".to_owned();
            return Err(problem);
        }
        match header(&response, "docker-content-digest").map(|t| t.parse::<Digest>()).transpose()? {
            Some(told) if told != manifest.digest => Err(problems::rejected(
                "The registry keeps something else",
                format!("{} keeps the manifest as {told} instead of {}.", self.host(), manifest.digest),
            )),
            _ => Ok(()),
        }
    }

    /// Whether a blob is there, and its size if the registry says it.
    pub async fn blob_size(&self, digest: &Digest) -> Result<Option<Option<u64>>, Problem> {
        let call = Call::new(Method::HEAD, self.url(&format!("blobs/{digest}"))?);
        let response = self.send(&call, Action::Push).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                Ok(Some(header(&response, CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok())))
            }
            _ => Err(self.http().explain(response).await),
        }
    }

    /// Whether a blob is there already and need not be sent.
    pub(crate) async fn has_blob(&self, digest: &Digest) -> Result<bool, Problem> {
        Ok(self.blob_size(digest).await?.is_some())
    }
}

fn digest_or_tag(wanted: &str) -> Result<Option<Digest>, Problem> {
    if wanted.contains(':') {
        return wanted.parse().map(Some);
    }
    check_tag(wanted).map(|()| None)
}

pub(crate) fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
}
