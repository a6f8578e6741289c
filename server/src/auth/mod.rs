//! Who asks: sessions of browsers, API tokens of programs, and how either begins and ends.
//!
//! [`identity`] turns a request's cookie or token into an [`Actor`]; [`forms`] are the three plain HTML forms; [`team`] implements
//! [`domain::services::Team`]; [`proof`] asks for the password again. Secrets are only ever stored as hashes; figures are in `docs/security.md`.

pub mod forms;
pub mod identity;
pub mod password;
pub mod proof;
pub mod secret;
pub mod team;
pub mod throttle;

use domain::policy::Actor;
use domain::{Millis, Problem};
use gantry_store::Store;
use gantry_store::audit::Entry;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::now;
use crate::http::rate::Rate;
use password::Passwords;

/// How long an answer of the database about a cookie or token is believed: well under the second within which access must end.
const BELIEVED: Duration = Duration::from_millis(300);
/// Answers kept at once.
const MANY: usize = 4_096;
/// How often a minute one person may sign in, prove the password anew and make tokens, all together.
const PROOFS: u32 = 20;
/// How long the one-time link for the first administrator is good, in milliseconds.
pub const WELCOME_MS: i64 = 15 * 60_000;

type Answers<K, V> = Mutex<HashMap<K, (Instant, V)>>;

/// Everything about signing in. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    /// People, sessions and tokens.
    pub store: Store,
    /// Hashing and its rules.
    pub passwords: Arc<Passwords>,
    /// Cookies are marked Secure and addresses are taken from the proxy.
    pub behind_tls_proxy: bool,
    known: Arc<Answers<String, Actor>>,
    alive: Arc<Answers<i64, bool>>,
    proofs: Arc<Rate>,
    sign_ins: Arc<Rate>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

impl Auth {
    /// Over this store.
    pub fn new(store: Store, passwords: Passwords, behind_tls_proxy: bool) -> Self {
        let (known, alive) = (Arc::default(), Arc::default());
        let (proofs, sign_ins) = (Arc::new(Rate::of_proofs(PROOFS)), Arc::new(Rate::of_proofs(PROOFS)));
        Self { store, passwords: Arc::new(passwords), behind_tls_proxy, known, alive, proofs, sign_ins }
    }

    /// Who this cookie signs in. A page that asks while nobody is at it (`resting`) does not keep the session from ending.
    async fn by_session(&self, secret: &str, resting: bool) -> Result<Option<Actor>, Problem> {
        let key = secret::hashed(secret);
        if let Some(actor) = recall(&self.known, &key) {
            return Ok(Some(actor));
        }
        if resting {
            // Not remembered: what is, is a use that was noted.
            return Ok(self.store.session_at_rest(secret, now()).await?.map(|signed_in| signed_in.actor));
        }
        let actor = self.store.session(secret, now()).await?.map(|signed_in| signed_in.actor);
        if let Some(actor) = &actor {
            remember(&self.known, key, actor.clone());
        }
        Ok(actor)
    }

    /// Who this API token speaks for.
    async fn by_token(&self, secret: &str) -> Result<Option<Actor>, Problem> {
        let key = secret::hashed(secret);
        if let Some(actor) = recall(&self.known, &key) {
            return Ok(Some(actor));
        }
        let actor = self.store.token(secret, now()).await?;
        if let Some(actor) = &actor {
            remember(&self.known, key, actor.clone());
        }
        Ok(actor)
    }

    /// Whether what this actor came in with (session or token) still holds. Does not count as a use of it: an open page that only
    /// listens does not keep its session from ending.
    pub async fn holds(&self, actor: &Actor) -> Result<bool, Problem> {
        if let Some(alive) = recall(&self.alive, &actor.session) {
            return Ok(alive);
        }
        let now = now();
        let alive = if actor.session < 0 {
            let tokens = self.store.tokens(actor.person).await?;
            tokens.iter().any(|t| t.id == -actor.session && t.until > now)
        } else {
            let sessions = self.store.sessions(actor.person, actor.session, now).await?;
            sessions.iter().any(|s| s.current)
        };
        remember(&self.alive, actor.session, alive);
        Ok(alive)
    }

    /// Forgets what was believed: something that ends access was done here.
    pub fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Writes down that somebody gave a wrong password for this person. Beside the answer, because the time that it takes would tell that
    /// the name exists; and only for people there are: their names are slowed down ([`throttle`]), so guessing cannot flood the trail.
    fn note_refusal(&self, name: &str, detail: serde_json::Value) {
        let (store, entry) = (self.store.clone(), entry(None, "session.refuse", name, detail));
        tokio::spawn(async move {
            if let Err(problem) = store.note(&entry).await {
                tracing::error!(%problem, "a failed sign-in is missing in the audit trail");
            }
        });
    }

    /// Makes a new one-time link for the first administrator and answers its token; `None` when there is an administrator.
    pub async fn new_welcome(&self) -> Result<Option<String>, Problem> {
        if self.store.has_administrator().await? {
            return Ok(None);
        }
        let token = secret::random_hex::<32>();
        self.store.create_welcome(&token, Millis(now().0 + WELCOME_MS)).await?;
        Ok(Some(token))
    }
}

/// Who does what, for the audit log: the store writes it in the transaction that does it, so that nothing happens that is not in the log.
pub fn entry(actor: Option<&Actor>, action: &str, subject: &str, detail: serde_json::Value) -> Entry {
    Entry {
        id: 0,
        at: now(),
        person: actor.map(|a| a.person),
        actor: actor.map_or_else(|| "gantry".to_owned(), |a| a.name.clone()),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail,
    }
}

fn recall<K: std::hash::Hash + Eq, V: Clone>(answers: &Answers<K, V>, key: &K) -> Option<V> {
    let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    answers.get(key).filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, value)| value.clone())
}

fn remember<K: std::hash::Hash + Eq, V>(answers: &Answers<K, V>, key: K, value: V) {
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    if answers.len() >= MANY {
        answers.retain(|_, (at, _)| at.elapsed() < BELIEVED);
    }
    answers.insert(key, (Instant::now(), value));
}
