//! Connections as configured, and the callers made from them: credentials per connection and person (`sessions`), clients per region of these.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::config::AppName;
use aws_sdk_sts::config::retry::RetryConfig;
use domain::policy::Role;
use domain::{AccountId, Problem, Region, Scope};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::OnceCell;

use crate::call::{Caller, Common};
use crate::counters::Tally;
use crate::identity::{self, Verdict};
use crate::limits::{Bucket, Limits, Turn};
use crate::sealing::Sealer;
use crate::sessions::{People, Person, Session, Told};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one attempt of a call may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long credentials are waited for when nothing but their kind is of interest.
const GLANCE: Duration = Duration::from_secs(2);
/// The first attempt and the SDK's standard retries.
const ATTEMPTS: u32 = 3;

/// One way into one account, as written in `gantry.toml`.
///
/// Credentials come from, in this order: the keys, the profile, the default chain of the AWS SDKs. With a role ARN, those only
/// serve to assume that role. <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionConfig {
    /// What people call it; unique.
    pub name: String,
    /// The account it leads to.
    pub account: AccountId,
    /// The regions to collect; the first one also serves what has no region.
    pub regions: Vec<Region>,
    /// A profile of the shared AWS configuration files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// A role to assume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// What the role's trust policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The role's trust policy allows `sts:SetSourceIdentity` and `sts:TagSession`: sessions of people carry a source identity and tags.
    #[serde(default)]
    pub source_identity: bool,
    /// Another endpoint for all services: an emulator, a proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// A static access key, together with `secret_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// The secret of the access key.
    #[serde(default, skip_serializing)]
    pub secret_key: Option<String>,
    /// It leads to the sandbox.
    #[serde(default)]
    pub sandbox: bool,
    /// Where the default chain found its credentials, in words, if that was looked at.
    #[serde(skip)]
    pub found: Option<String>,
}

impl fmt::Debug for ConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection {} to {} ({})", self.name, self.account, self.credentials())
    }
}

impl ConnectionConfig {
    /// How it gets credentials, in words: "role arn:… through profile work".
    pub fn credentials(&self) -> String {
        let base = match (&self.access_key, &self.profile) {
            (Some(_), _) => "static keys".to_owned(),
            (None, Some(profile)) => format!("profile {profile}"),
            (None, None) => match &self.found {
                Some(found) => format!("the default chain: {found}"),
                None => "the default chain".to_owned(),
            },
        };
        match &self.role_arn {
            Some(role) => format!("role {role} through {base}"),
            None => base,
        }
    }

    /// Refuses what cannot work, naming the field.
    pub fn check(&self) -> Result<(), Problem> {
        let field =
            |field: &str, message: &str| Err(Problem::invalid(field, format!("Connection “{}”: {message}", self.name)));
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            return field("name", "a name has 1 to 100 characters.");
        }
        if self.regions.is_empty() || self.regions.contains(&Region::global()) {
            return field("regions", "name at least one region, such as eu-west-1.");
        }
        if self.access_key.is_some() != self.secret_key.is_some() {
            return field("secret_key", "access_key and secret_key belong together.");
        }
        if self.access_key.is_some() && self.profile.is_some() {
            return field("profile", "give either keys or a profile.");
        }
        if self.external_id.is_some() && self.role_arn.is_none() {
            return field("external_id", "an external id needs a role_arn.");
        }
        if self.source_identity && self.role_arn.is_none() {
            return field("source_identity", "a source identity needs a role_arn.");
        }
        if self.endpoint_url.as_ref().is_some_and(|u| !u.starts_with("http://") && !u.starts_with("https://")) {
            return field("endpoint_url", "an endpoint starts with http:// or https://.");
        }
        Ok(())
    }
}

/// A connection with what is made lazily: its credentials, and sessions with clients per region.
struct Connection {
    config: ConnectionConfig,
    /// With the credentials of its identity, which assumes the role where there is one.
    base: OnceCell<SdkConfig>,
    account: Verdict,
    collecting: OnceLock<Session>,
    people: People,
}

impl Connection {
    async fn base(&self) -> &SdkConfig {
        self.base.get_or_init(|| loader(&self.config).load()).await
    }

    /// What AWS is told of people.
    fn told(&self) -> Told {
        Told { source_identity: self.config.source_identity, tags: self.config.source_identity }
    }
}

/// All connections of this process with their limiters and counters.
#[derive(Clone)]
pub struct Connections {
    /// Set once they are known.
    list: Arc<OnceLock<Vec<Connection>>>,
    common: Arc<Common>,
    sealer: Sealer,
    /// On whose behalf its callers act; nobody's when collecting.
    person: Option<Arc<Person>>,
    /// When the calls of its callers go.
    turn: Turn,
}

impl Connections {
    /// Checks the configuration; no call is made. `sealing_key` must stay the same over restarts.
    pub fn new(configs: Vec<ConnectionConfig>, sealing_key: &[u8; 32]) -> Result<Self, Problem> {
        Self::with_limits(configs, sealing_key, Limits::default())
    }

    /// The same with another share of AWS's quotas.
    pub fn with_limits(
        configs: Vec<ConnectionConfig>,
        sealing_key: &[u8; 32],
        limits: Limits,
    ) -> Result<Self, Problem> {
        let connections = Self::awaited(sealing_key, limits);
        connections.know(configs)?;
        Ok(connections)
    }

    /// Connections that are not known yet: until [`Connections::know`] says which they are there are none.
    pub fn awaited(sealing_key: &[u8; 32], limits: Limits) -> Self {
        Self {
            list: Arc::default(),
            common: Arc::new(Common { limits, ..Common::default() }),
            sealer: Sealer::new(sealing_key),
            person: None,
            turn: Turn::default(),
        }
    }

    /// Says which connections there are, to all clones of these. What was said first holds.
    ///
    /// # Errors
    /// When they cannot work; then nothing was said.
    pub fn know(&self, configs: Vec<ConnectionConfig>) -> Result<(), Problem> {
        for (n, config) in configs.iter().enumerate() {
            config.check()?;
            for other in &configs[..n] {
                if other.name == config.name {
                    return Err(Problem::invalid("name", format!("Two connections are called “{}”.", config.name)));
                }
                if let Some(region) = config.regions.iter().find(|r| other.regions.contains(r))
                    && other.account == config.account
                {
                    return Err(Problem::invalid(
                        "regions",
                        format!(
                            "Connections “{}” and “{}” both lead to {} in {region}.",
                            other.name, config.name, config.account
                        ),
                    ));
                }
            }
        }
        let list = configs.into_iter().map(|config| Connection {
            config,
            base: OnceCell::new(),
            account: Verdict::default(),
            collecting: OnceLock::new(),
            people: People::default(),
        });
        let _ = self.list.set(list.collect());
        Ok(())
    }

    fn list(&self) -> &[Connection] {
        self.list.get().map_or(&[], Vec::as_slice)
    }

    /// The same for what a person does: where a connection assumes a role, its callers do under a session of this person's own.
    pub fn acting_for(&self, person: Person) -> Self {
        Self { person: Some(Arc::new(person)), ..self.clone() }
    }

    /// The same for what a run calls and reads: it goes before everything else.
    pub fn for_runs(&self) -> Self {
        Self { turn: Turn::Run, ..self.clone() }
    }

    /// The [`crate::fingerprint`] of the key that seals what these answer.
    pub fn digest_key(&self) -> [u8; 32] {
        self.sealer.fingerprint()
    }

    /// The connections as configured.
    pub fn configs(&self) -> impl Iterator<Item = &ConnectionConfig> {
        self.list().iter().map(|c| &c.config)
    }

    /// Says how many servers call AWS in each account and region, this one among them ([`Limits::divide`]).
    pub fn divide(&self, servers: HashMap<Scope, u32>) {
        self.common.limits.divide(servers);
    }

    /// Counts per operation and scope since the process began.
    pub fn counters(&self) -> Vec<(&'static str, Scope, Tally)> {
        self.common.counters.snapshot()
    }

    /// Requests per second let through now, where that is learnt ([`Limits::learned`]).
    pub fn rates(&self) -> Vec<(Scope, Bucket, f64)> {
        self.common.limits.learned()
    }

    /// A caller for this scope, through the connection that leads there.
    ///
    /// `global` goes through the account's first connection. Not found when no connection leads there; refused when its credentials belong
    /// to another account.
    pub async fn caller(&self, scope: &Scope) -> Result<Caller, Problem> {
        let global = scope.region == Region::global();
        let connection = self
            .list()
            .iter()
            .find(|c| c.config.account == scope.account && (global || c.config.regions.contains(&scope.region)))
            .ok_or_else(|| Problem::not_found(format!("No connection leads to {scope}.")))?;
        self.through(connection, scope.clone()).await
    }

    async fn through(&self, connection: &Connection, scope: Scope) -> Result<Caller, Problem> {
        let config = &connection.config;
        let region = match (scope.region == Region::global(), config.regions.first()) {
            (true, Some(first)) => first.clone(),
            _ => scope.region.clone(),
        };
        let base = connection.base().await;
        let collecting = connection.collecting.get_or_init(|| Session::collecting(base, config));
        let mut caller = self.caller_with(collecting, config, scope, &region);
        connection.account.check(&caller).await?;
        if let Some(person) = self.person.as_ref().filter(|_| config.role_arn.is_some()) {
            let make = || Session::acting(base, config, person, connection.told());
            caller.clients = connection.people.session(person, make).clients(&region);
        }
        Ok(caller)
    }

    fn caller_with(&self, session: &Session, config: &ConnectionConfig, scope: Scope, region: &Region) -> Caller {
        Caller {
            scope,
            clients: session.clients(region),
            common: Arc::clone(&self.common),
            sealer: self.sealer.clone(),
            emulator: config.endpoint_url.is_some(),
            turn: self.turn,
            permit: None,
        }
    }

    /// Whether the connection of this name begins with keys that hold until somebody deletes them, whatever role it assumes with them; not
    /// known where there are no credentials, or none in time.
    pub async fn long_lived(&self, name: &str) -> Option<bool> {
        let connection = self.list().iter().find(|c| c.config.name == name)?;
        let keys = async {
            let provider = connection.base().await.credentials_provider()?;
            let keys = provider.provide_credentials().await;
            keys.inspect_err(|error| tracing::debug!(connection = name, %error, "no credentials yet")).ok()
        };
        // What expires comes with a token. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html
        tokio::time::timeout(GLANCE, keys).await.ok().flatten().map(|keys| keys.session_token().is_none())
    }

    /// What stands in the way of sessions of people's own through the connection of this name: each missing permission by itself. Nothing
    /// where it assumes no role.
    pub async fn refused_sessions(&self, name: &str) -> Vec<Problem> {
        let found = self.list().iter().find(|c| c.config.name == name && c.config.role_arn.is_some());
        let Some((connection, region)) = found.and_then(|c| Some((c, c.config.regions.first()?))) else {
            return vec![];
        };
        let (config, base) = (&connection.config, connection.base().await);
        let person = Person { id: None, name: "connections-check".to_owned(), role: Some(Role::Operator) };
        // AWS names the first of those that are missing only.
        let told = match connection.told() {
            Told { source_identity: true, tags: true } => {
                vec![Told { source_identity: true, tags: false }, Told { source_identity: false, tags: true }]
            }
            told => vec![told],
        };
        let mut problems: Vec<Problem> = vec![];
        for told in told {
            let session = Session::acting(base, config, &person, told);
            let scope = Scope::new(config.account.clone(), region.clone());
            let caller = self.caller_with(&session, config, scope, region);
            problems.extend(identity::account(&caller).await.err());
        }
        problems.dedup_by(|a, b| a.message == b.message);
        problems
    }
}

pub(crate) fn loader(config: &ConnectionConfig) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    // Said to AWS with every request, and so in CloudTrail.
    if let Ok(name) = AppName::new("gantry") {
        loader = loader.app_name(name);
    }
    if let Some(first) = config.regions.first() {
        loader = loader.region(aws_config::Region::new(first.to_string()));
    }
    if let Some(url) = &config.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let (Some(access), Some(secret)) = (&config.access_key, &config.secret_key) {
        loader = loader.credentials_provider(Credentials::new(access, secret, None, None, "gantry.toml"));
    }
    loader
}

#[cfg(test)]
#[path = "connections_tests.rs"]
mod tests;
