//! Sessions of the role of a connection: one for collecting, and one for each person whose runs change something, so that CloudTrail says who did.
//!
//! AWS's limits of names and tags: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::Tag;
use domain::Region;
use domain::plan::reference::tag_value;
use domain::policy::{Actor, Role};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::clients::Clients;
use crate::connections::ConnectionConfig;

/// How many seconds a session for collecting lasts: the most there is where the identity that assumes the role is itself a role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>
const COLLECTING: i32 = 3600;
/// The same for a person's: the least that AWS gives. A run that takes longer gets another one of the same name.
const ACTING: i32 = 900;
/// People whose sessions one connection keeps, those who acted last.
const PEOPLE: usize = 32;
/// The most characters of a session's name and of a source identity.
const LONGEST: usize = 64;
/// The name of sessions for collecting, and the beginning of people's.
const NAME: &str = "gantry";

/// On whose behalf AWS is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id, while they exist.
    pub id: Option<i64>,
    /// What they were called when they asked for it.
    pub name: String,
    /// Their role when they asked for it, if it is known.
    pub role: Option<Role>,
}

impl From<&Actor> for Person {
    fn from(actor: &Actor) -> Self {
        Self { id: Some(actor.person), name: actor.name.clone(), role: Some(actor.role) }
    }
}

impl Person {
    /// The name of their sessions: `gantry-ada`.
    fn session_name(&self) -> String {
        format!("{NAME}-{}", self.in_letters(LONGEST - NAME.len() - 1))
    }

    /// Their name in at most so many letters, digits and signs that AWS allows. Where that is not all of it, their id says whose it is.
    fn in_letters(&self, most: usize) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let mut name: String = self.name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
        if name != self.name || name.len() > most {
            let id = self.id.map(|id| format!("-{id}")).unwrap_or_default();
            name.truncate(most - id.len());
            name.push_str(&id);
        }
        name
    }

    /// Who they are, for [`Told::source_identity`]: at least two characters.
    fn source_identity(&self) -> String {
        let mut name = self.in_letters(LONGEST);
        while name.len() < 2 {
            name.push('_');
        }
        name
    }

    fn tags(&self) -> Vec<Tag> {
        let role = self.role.map(|role| ("gantry:role", role.as_str().to_owned()));
        let tags = [("gantry:person", tag_value(&self.name))].into_iter().chain(role);
        // A tag with a key and a value is complete.
        tags.filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
    }
}

/// What AWS is told of a person besides the name of the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Needs `sts:SetSourceIdentity` in the trust policy of the role.
    pub(crate) source_identity: bool,
    /// Needs `sts:TagSession` there.
    pub(crate) tags: bool,
}

/// Assumes a role whenever the SDK asks for credentials, which it does before the last ones expire. The SDK's own provider of roles sends no
/// source identity.
#[derive(Debug)]
struct Assumed(AssumeRoleFluentBuilder);

impl Assumed {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let answer = self.0.clone().send().await.map_err(CredentialsError::provider_error)?;
        let given = answer.credentials.ok_or_else(|| CredentialsError::unhandled("STS gave no credentials"))?;
        let expiry = SystemTime::try_from(given.expiration).map_err(CredentialsError::unhandled)?;
        let credentials = Credentials::builder()
            .access_key_id(given.access_key_id)
            .secret_access_key(given.secret_access_key)
            .session_token(given.session_token)
            .expiry(expiry)
            .provider_name("AssumeRole");
        // Some services have endpoints of each account.
        let account = answer.assumed_role_user.as_ref().and_then(|user| user.arn.split(':').nth(4));
        Ok(match account {
            Some(account) => credentials.account_id(account).build(),
            None => credentials.build(),
        })
    }
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// Clients with the credentials of one session, by region.
pub(crate) struct Session {
    sdk: SdkConfig,
    clients: Mutex<HashMap<Region, Arc<Clients>>>,
}

impl Session {
    /// That of a connection for collecting: under its role where it assumes one, else that of `base`.
    pub(crate) fn collecting(base: &SdkConfig, config: &ConnectionConfig) -> Self {
        Self::assumed(base, config, |request| request.role_session_name(NAME).duration_seconds(COLLECTING))
    }

    /// That of a person.
    pub(crate) fn acting(base: &SdkConfig, config: &ConnectionConfig, person: &Person, told: Told) -> Self {
        Self::assumed(base, config, |request| {
            request
                .role_session_name(person.session_name())
                .duration_seconds(ACTING)
                .set_source_identity(told.source_identity.then(|| person.source_identity()))
                .set_tags(told.tags.then(|| person.tags()))
        })
    }

    fn assumed(
        base: &SdkConfig,
        config: &ConnectionConfig,
        named: impl FnOnce(AssumeRoleFluentBuilder) -> AssumeRoleFluentBuilder,
    ) -> Self {
        let Some(role) = &config.role_arn else { return Self { sdk: base.clone(), clients: Mutex::default() } };
        // What is asked for once a quarter of an hour needs no cache, and the one of `base` belongs to its credentials.
        let sts = aws_sdk_sts::Client::new(&base.to_builder().identity_cache(IdentityCache::no_cache()).build());
        let request = sts.assume_role().role_arn(role).set_external_id(config.external_id.clone());
        let sdk = base
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(Assumed(named(request))))
            .identity_cache(IdentityCache::lazy().build())
            .build();
        Self { sdk, clients: Mutex::default() }
    }

    /// Its clients in a region.
    pub(crate) fn clients(&self, region: &Region) -> Arc<Clients> {
        let mut made = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = made.entry(region.clone()).or_insert_with(|| {
            let sdk = self.sdk.to_builder().region(aws_config::Region::new(region.to_string())).build();
            Arc::new(Clients::new(sdk, region.clone()))
        });
        Arc::clone(clients)
    }
}

/// The sessions of people on one connection. Nobody gets another's: whoever has another name, id or role is somebody else.
#[derive(Default)]
pub(crate) struct People(Mutex<Vec<(Person, Arc<Session>)>>);

impl People {
    /// A person's session, made if there is none; the one that was not used for longest makes room.
    pub(crate) fn session(&self, person: &Person, make: impl FnOnce() -> Session) -> Arc<Session> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = match all.iter().position(|(of, _)| of == person) {
            Some(at) => all.remove(at).1,
            None => Arc::new(make()),
        };
        all.push((person.clone(), Arc::clone(&session)));
        let extra = all.len().saturating_sub(PEOPLE);
        all.drain(..extra);
        session
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
