//! A small, strict registry on loopback, as a test sets it up: what it holds, who may, what goes wrong. What it says is in [`answers`].

mod answers;

use axum::Router;
use axum::body::Bytes;
use gantry_registry::{Credentials, Digest, Http, Policy, Reference, Repository, Settings};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// What goes wrong, for requests with this method whose path contains this text, so many times.
#[derive(Clone)]
pub struct Fault {
    pub method: &'static str,
    pub path: String,
    pub times: usize,
    pub what: What,
}

#[derive(Clone)]
pub enum What {
    Answer(u16, Vec<(&'static str, String)>, &'static str),
    /// The body breaks off after so many bytes.
    Cut(usize),
    /// The body stops after so many bytes, the connection stays.
    Stall(usize),
    /// The body never ends.
    Endless,
    /// Other bytes than asked for.
    Swap(Bytes),
    /// An upload's piece is taken up to so many bytes, then 500.
    TakeThenFail(usize),
    /// The request is kept waiting for ever.
    Hang,
}

#[derive(Clone, Default)]
pub enum Access {
    #[default]
    Open,
    Basic(&'static str, &'static str),
    /// Tokens from /token of the same server; each is good for so many requests.
    Bearer(usize),
    /// The same, for who has this password; a wrong one is answered with this status.
    Private(&'static str, &'static str, u16),
    Header(&'static str),
}

#[derive(Default)]
pub struct Inside {
    pub blobs: HashMap<String, Bytes>,
    pub manifests: BTreeMap<(String, String), (String, Bytes)>,
    pub uploads: HashMap<String, Vec<u8>>,
    pub faults: Vec<Fault>,
    pub access: Access,
    pub tokens: HashMap<String, usize>,
    pub storage: Option<String>,
    /// Where tokens are, if not here.
    pub realm: Option<String>,
    pub ranges: bool,
    pub mounts: bool,
    /// Uploads are told of as ECR does: never by GET, and in words where a piece does not follow.
    pub as_ecr: bool,
    pub log: Vec<String>,
    next: usize,
}

#[derive(Clone)]
pub struct Registry {
    pub address: std::net::SocketAddr,
    pub inside: Arc<Mutex<Inside>>,
    pub requests: watch::Sender<usize>,
}

pub fn settings() -> Settings {
    Settings { backoff: Duration::ZERO, chunk: 64 << 10, retries: 3, ..Settings::default() }
}

/// For those tests in which a peer says nothing any more.
pub fn impatient() -> Settings {
    Settings { idle_timeout: Duration::from_secs(1), retries: 1, ..settings() }
}

impl Registry {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inside = Arc::new(Mutex::new(Inside { ranges: true, mounts: true, ..Inside::default() }));
        let registry = Self { address: listener.local_addr().unwrap(), inside, requests: watch::Sender::new(0) };
        let router = Router::new().fallback(answers::answer).with_state(registry.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        registry
    }
    pub fn host(&self) -> String {
        self.address.to_string()
    }
    pub fn with<T>(&self, change: impl FnOnce(&mut Inside) -> T) -> T {
        change(&mut self.inside.lock().unwrap())
    }
    pub fn fault(&self, method: &'static str, path: &str, times: usize, what: What) {
        self.with(|i| i.faults.push(Fault { method, path: path.to_owned(), times, what }));
    }
    pub fn destination(&self, name: &str) -> Repository {
        let base = format!("http://{}/", self.address).parse().unwrap();
        Repository::destination(&base, name, None, settings()).unwrap()
    }
    pub fn source_with(
        &self,
        name: &str,
        credentials: Option<Credentials>,
        settings: Settings,
        more: &[String],
    ) -> Repository {
        let mut exceptions = more.to_vec();
        exceptions.push(self.host());
        let http = Http::new(Policy::sources([] as [&str; 0], exceptions).unwrap(), settings).unwrap();
        let image: Reference = format!("{}/{name}", self.host()).parse().unwrap();
        Repository::source(&http, &image, credentials).unwrap()
    }
    pub fn source(&self, name: &str) -> Repository {
        self.source_with(name, None, settings(), &[])
    }
    pub fn tags(&self) -> Vec<String> {
        self.with(|i| i.manifests.keys().map(|(_, tag)| tag.clone()).filter(|t| !t.contains(':')).collect())
    }
    pub fn count(&self, text: &str) -> usize {
        self.with(|i| i.log.iter().filter(|line| line.contains(text)).count())
    }
    /// Waits until a state is reached.
    pub async fn until(&self, reached: impl Fn(&Inside) -> bool) {
        let mut requests = self.requests.subscribe();
        let waits = async {
            while !self.with(|i| reached(i)) {
                requests.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waits).await.expect("what is waited for does not happen");
    }
    pub fn put_blob(&self, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        self.with(|i| i.blobs.insert(digest.to_string(), bytes));
        digest
    }
    pub fn put_manifest(&self, repository: &str, tag: &str, kind: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        self.with(|i| {
            for name in [tag.to_owned(), digest.to_string()] {
                i.manifests.insert((repository.to_owned(), name), (kind.to_owned(), bytes.clone()));
            }
        });
        digest
    }
}
