//! Copies images from other registries into ECR: looks at what would come, and carries it.

use app::plan::transfer::words;
use domain::document::scope_of_registry;
use domain::ecr::calls::CopyImage;
use domain::ecr::subject::{IMAGES_A_CALL, Subject as Ecr};
use domain::plan::Subject;
use domain::wording::in_full;
use domain::{Problem, Scope};
use gantry_aws::{Connections, execute, registry};
use gantry_registry::{
    Child, Contents, Credentials, DEFAULT_SOURCES, Http, Limits, Manifests, Platforms, Policy, Progress, Reference,
    Repository, Settings, copy_and_tag, inspect, inspect_alone,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

use super::Course;
use super::lent::Loans;
use super::meter::Meter;
use crate::config;

/// Between two words on how far a copy is.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes of the manifests that are remembered: a thousand large ones.
const REMEMBERED: usize = 16 << 20;

/// The registries that images may come from.
pub struct Registries {
    http: Http,
    largest: u64,
    lent: Arc<Loans>,
    /// Of images that everybody may read: review, start and run of a copy look at the same.
    manifests: Manifests,
}

/// An image elsewhere, as answers and plans name it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// As a person writes it.
    pub reference: &'a str,
    /// One platform; empty for all.
    pub platform: &'a str,
    /// The name of lent credentials; empty for none.
    pub credentials: &'a str,
}

/// Which addresses may be asked.
///
/// # Errors
/// When the configuration names no host or address.
pub fn policy(config: &config::Registries) -> Result<Policy, Problem> {
    match &config.allow {
        Some(hosts) => Policy::sources(hosts, &config.exceptions),
        None => Policy::sources(DEFAULT_SOURCES, &config.exceptions),
    }
}

impl Registries {
    /// As configured.
    ///
    /// # Errors
    /// When the configuration names no host or address.
    pub fn new(config: &config::Registries) -> Result<Self, Problem> {
        let http = Http::new(policy(config)?, Settings::default())?;
        let largest = config.max_image_bytes.unwrap_or(Limits::default().total);
        Ok(Self { http, largest, lent: Arc::default(), manifests: Manifests::up_to(REMEMBERED) })
    }

    /// The credentials that people lent this server.
    pub fn lent(&self) -> Arc<Loans> {
        self.lent.clone()
    }

    /// What would be copied, and the tags that this repository's image of that digest has; of an index what it leads to, in the order in which it
    /// is copied, and which of that is there. Or what is wrong with the way it was named.
    ///
    /// # Errors
    /// When a registry or AWS does not answer.
    pub async fn inspect(
        &self,
        connections: &Connections,
        scope: &Scope,
        wanted: Wanted<'_>,
        repository: &str,
    ) -> Result<Value, Problem> {
        let found = match self.look(connections, wanted).await {
            Ok(found) => found,
            Err(problem) if problem.retryable() => return Err(problem),
            Err(problem) => {
                let own = |field: &&str| matches!(*field, "platform" | "credentials");
                let field = problem.field.as_deref().filter(own).unwrap_or("source");
                return Ok(json!({ "wrong": { "field": field, "message": problem.message } }));
            }
        };
        let (source, contents) = found;
        let digest = contents.top.digest.to_string();
        let blobs: BTreeMap<String, u64> = contents.blobs.iter().map(|b| (b.digest.to_string(), b.size)).collect();
        let mut digests = vec![digest.clone()];
        digests.extend(contents.children.iter().map(|child| child.manifest.digest.to_string()));
        let held = held(connections, scope, repository, &digests).await?;
        let part = |child: &Child| {
            let digest = child.manifest.digest.to_string();
            json!({
                "digest": digest,
                "platform": child.platform.as_ref().map(ToString::to_string),
                "size": child.size,
                "held": held.contains_key(&digest),
                "parts": child.parts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        };
        Ok(json!({
            "source": format!("{}/{}@{digest}", source.registry(), source.repository()),
            "digest": digest,
            "mediaType": contents.top.media_type,
            "size": contents.size(),
            "blobs": blobs,
            "platforms": contents.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "tags": held.get(&digest),
            "parts": contents.children.iter().map(part).collect::<Vec<_>>(),
        }))
    }

    async fn look(&self, connections: &Connections, wanted: Wanted<'_>) -> Result<(Reference, Contents), Problem> {
        let reference: Reference = wanted.reference.parse()?;
        let platforms = match wanted.platform {
            "" => Platforms::All,
            one => Platforms::One(one.parse()?),
        };
        let source = self.source(connections, &reference, wanted.credentials).await?;
        let contents = inspect(&source, &reference.wanted(), &platforms).await?;
        self.fits(&contents)?;
        Ok((reference, contents))
    }

    fn fits(&self, contents: &Contents) -> Result<(), Problem> {
        if contents.size() > self.largest {
            let message = format!(
                "It has {} bytes; this Gantry copies images of at most {} (registries.max_image_bytes).",
                in_full(contents.size()),
                in_full(self.largest)
            );
            return Err(Problem::invalid("source", message));
        }
        Ok(())
    }

    /// Carries an image, or one manifest of it with its layers. Until its last request nothing has the tag, nor the digest where there is no tag.
    ///
    /// # Errors
    /// What a registry or AWS said; what arrived until then is not carried again.
    pub async fn copy(
        &self,
        connections: &Connections,
        scope: &Scope,
        input: &CopyImage,
        course: &Course,
    ) -> Result<(), Problem> {
        let credentials = input.source_credentials.as_deref().unwrap_or_default();
        self.lent.hold(credentials);
        let (source, contents) = if input.alone == Some(true) {
            let reference: Reference = input.source.parse()?;
            let source = self.source(connections, &reference, credentials).await?;
            let contents = inspect_alone(&source, &reference.wanted()).await?;
            self.fits(&contents)?;
            (source, contents)
        } else {
            // The digest is that of the platform's own image: all of it is wanted.
            let wanted = Wanted { reference: &input.source, platform: "", credentials };
            let (reference, contents) = self.look(connections, wanted).await?;
            (self.source(connections, &reference, credentials).await?, contents)
        };
        let asks = course.clone();
        let destination = own(connections, scope, &input.repository_name).await?;
        let destination = destination.only_while(Arc::new(move || asks.may_be_sent()));
        let tags: Vec<String> = Some(input.image_tag.clone()).filter(|tag| !tag.is_empty()).into_iter().collect();
        let progress = Progress::default();
        let (seen, began) = (progress.watch(), Instant::now());
        let work = copy_and_tag(&source, &destination, &contents, &tags, &progress, &course.cancel);
        let mut work = std::pin::pin!(work);
        let (mut meter, mut look) = (Meter::default(), tokio::time::interval(LOOK));
        loop {
            tokio::select! {
                // First, because it is due at once after a stop: nothing is carried for another server.
                biased;
                _ = look.tick() => {
                    if !course.may_be_sent() {
                        course.cancel.cancel();
                    }
                    let transfer = meter.look(began.elapsed(), &seen.borrow());
                    course.say(words(&transfer), Some(transfer));
                }
                outcome = &mut work => {
                    outcome?;
                    course.say(Meter::end(began.elapsed(), &seen.borrow()), None);
                    return Ok(());
                }
            }
        }
    }

    /// A source: a registry that is allowed, or the ECR of an account that is connected.
    async fn source(
        &self,
        connections: &Connections,
        reference: &Reference,
        credentials: &str,
    ) -> Result<Repository, Problem> {
        if !credentials.is_empty() {
            let credentials = self.lent.find(credentials, reference.api_host())?;
            return Repository::source(&self.http, reference, Some(credentials));
        }
        let connected = |scope: &Scope| {
            connections.configs().any(|c| c.account == scope.account && c.regions.contains(&scope.region))
        };
        match scope_of_registry(reference.registry()).filter(connected) {
            Some(scope) => own(connections, &scope, reference.repository()).await,
            None => Ok(Repository::source(&self.http, reference, None)?.remembering(&self.manifests)),
        }
    }
}

/// The tags of each of these images that a repository has.
async fn held(
    connections: &Connections,
    scope: &Scope,
    repository: &str,
    digests: &[String],
) -> Result<Map<String, Value>, Problem> {
    let caller = connections.caller(scope).await?;
    let mut held = Map::new();
    for digests in digests.chunks(IMAGES_A_CALL) {
        let images = Subject::Ecr(Ecr::Images { repository: repository.to_owned(), digests: digests.to_vec() });
        if let Some(Value::Object(found)) = execute::read(&caller, &images).await? {
            held.extend(found);
        }
    }
    Ok(held)
}

/// A repository of a connected account.
pub(crate) async fn own(connections: &Connections, scope: &Scope, name: &str) -> Result<Repository, Problem> {
    let registry = registry::open(&connections.caller(scope).await?).await?;
    let base = Url::parse(&registry.base)
        .map_err(|e| Problem::invalid("endpoint_url", format!("{} is not an address: {e}.", registry.base)))?;
    Repository::destination(&base, name, Some(Credentials::from_ecr_token(&registry.token)?), Settings::default())
}
