//! A server of one's own, and people who use it.

use domain::policy::{Actor, Role};
use domain::resource::Observed;
use domain::services::Instance;
use domain::{Kind, Millis, ResourceKey, Scope};
use gantry::apply::Aws;
use gantry::apply::copy::Registries;
use gantry::auth::Auth;
use gantry::auth::password::Passwords;
use gantry::clock::now;
use gantry::connecting::Known;
use gantry::http::rate::Rate;
use gantry::http::site::Site;
use gantry::http::{Parts, Web, listener, router};
use gantry::inventory::{Answers, Memory, Visible};
use gantry::live::Live;
use gantry::live::follow::Follow;
use gantry::live::telemetry::AwsTelemetry;
use gantry::plans::Planner;
use gantry::uploads::Uploads;
use gantry_aws::{ConnectionConfig, Connections};
use gantry_store::batch::Source;
use gantry_store::sessions::NewSession;
use gantry_store::testing::{TestStore, entry};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The most bytes of an archive.
pub const LARGEST: u64 = 4_000_000;
/// A good password.
pub const PASSWORD: &str = "lumpy otter quilt";

/// A connection to a stand-in for AWS.
pub fn connected(endpoint_url: String) -> ConnectionConfig {
    ConnectionConfig {
        name: "shop".into(),
        account: "111122223333".parse().unwrap(),
        regions: vec!["eu-west-1".parse().unwrap()],
        profile: None,
        role_arn: None,
        external_id: None,
        source_identity: false,
        endpoint_url: Some(endpoint_url),
        access_key: Some("111122223333".into()),
        secret_key: Some("sandbox".into()),
        sandbox: true,
        found: None,
    }
}

/// A running server.
pub struct World {
    pub test: TestStore,
    pub auth: Auth,
    pub memory: Arc<Memory>,
    /// What plans are made from; nobody drives their runs.
    pub cloud: Arc<Aws>,
    pub uploads: Arc<Uploads>,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Each request has a connection of its own.
    client: reqwest::Client,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
    /// The cookie it sets, as `name=value`.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

impl World {
    /// A server that has read everything stored.
    pub async fn new() -> Self {
        Self::with(1_000, false).await
    }

    pub async fn with(requests_per_second: u32, behind_tls_proxy: bool) -> Self {
        Self::connected(requests_per_second, behind_tls_proxy, vec![]).await
    }

    pub async fn connected(
        requests_per_second: u32,
        behind_tls_proxy: bool,
        connections: Vec<ConnectionConfig>,
    ) -> Self {
        Self::reaching(requests_per_second, behind_tls_proxy, connections, &gantry::config::Registries::default()).await
    }

    /// With these registries, too.
    pub async fn reaching(
        requests_per_second: u32,
        behind_tls_proxy: bool,
        connections: Vec<ConnectionConfig>,
        registries: &gantry::config::Registries,
    ) -> Self {
        let test = TestStore::fresh().await;
        let store = test.store.clone();
        let auth = Auth::new(store.clone(), Passwords::new(15), behind_tls_proxy);
        let memory = Memory::new(store.clone());
        tokio::spawn(memory.clone().follow());
        let connections = Connections::new(connections, &[7; 32]).unwrap();
        let telemetry = Arc::new(AwsTelemetry::new(connections.clone(), store));
        let assets =
            json!({ "js": "/pkg/app.1.js", "wasm": "/pkg/app.1.wasm", "css": "/pkg/main.1.css", "modules": {} });
        let site = Site::of(vec![
            ("assets.json".to_owned(), assets.to_string().into()),
            ("pkg/main.1.css".to_owned(), "main { color: red }".into()),
            ("pkg/main.1.css.br".to_owned(), "brotli".into()),
            ("favicon.svg".to_owned(), "<svg/>".into()),
        ]);
        let instance =
            Instance { sandbox: false, version: "1".into(), accounts: vec![], regions: vec![], password_min: 15 };
        let registries = Registries::new(registries).unwrap();
        let lent = registries.lent();
        let cloud = Arc::new(Aws::new(connections.clone(), registries));
        let uploads = Arc::new(Uploads::new(connections.clone(), test.store.clone(), Some(LARGEST)));
        let web = Web::new(Parts {
            inventory: Arc::new(Answers::new(memory.clone(), Known::default(), Visible::default())),
            telemetry: telemetry.clone(),
            plans: Arc::new(Planner::new(test.store.clone(), cloud.clone(), lent)),
            uploads: uploads.clone(),
            auth: auth.clone(),
            live: Live::new(memory.clone(), Arc::new(Follow::new(telemetry))),
            instance: tokio::sync::watch::channel(Arc::new(instance)).1,
            known: Known::default(),
            site: Arc::new(site.unwrap()),
            rate: Rate::new(requests_per_second),
            loaded: memory.loaded(),
        });
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        tokio::spawn(listener::serve(socket, router(web), async {
            let _ = stopped.await;
        }));
        let loaded = memory.loaded();
        // Noticed by looking: nobody is told of the first load.
        while !loaded.load(Ordering::Acquire) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let client = client.pool_max_idle_per_host(0).build().unwrap();
        Self { test, auth, memory, url, client, cloud, uploads, stop: Some(stop) }
    }

    /// Makes a person and answers their id.
    pub async fn person(&self, name: &str, role: Role) -> i64 {
        let hash = self.auth.passwords.hash(PASSWORD).await.unwrap();
        self.test.store.create_person(name, &hash, role, now(), &entry()).await.unwrap()
    }

    /// A session of a person that began and was last used at this moment: their cookie.
    pub async fn session_at(&self, person: i64, at: Millis) -> String {
        let secret = gantry::auth::secret::random_hex::<32>();
        self.begin_session(person, &secret, at).await;
        format!("gantry={secret}")
    }

    async fn begin_session(&self, person: i64, secret: &str, at: Millis) -> i64 {
        let store = &self.test.store;
        let name = store.person(person).await.unwrap().name;
        let password = store.credentials(&name).await.unwrap().unwrap().password;
        let new = NewSession { person, password: &password, secret, agent: "test" };
        store.create_session(new, at, &entry()).await.unwrap().unwrap()
    }

    /// A person in a session that begins now, as services are told who asks.
    pub async fn actor(&self, person: i64, name: &str, role: Role) -> Actor {
        let secret = gantry::auth::secret::random_hex::<32>();
        let session = self.begin_session(person, &secret, now()).await;
        Actor { person, name: name.to_owned(), role, session }
    }

    /// A session that begins now: the cookie.
    pub async fn session(&self, person: i64) -> String {
        self.session_at(person, now()).await
    }

    /// Stores a function and waits until pages know it.
    pub async fn function(&self, name: &str, more: serde_json::Value) -> ResourceKey {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let key = ResourceKey::new(Kind::Function, scope, name).unwrap();
        let mut doc = json!({ "FunctionName": name, "FunctionArn": format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}") });
        doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut news = self.memory.subscribe();
        let observed = Observed { key: key.clone(), doc };
        self.test.store.seen(Source::Single { began: now(), fence: None }, &[observed], now()).await.unwrap();
        while self.memory.snapshot().find(&key).is_none() {
            let _ = tokio::time::timeout(Duration::from_millis(100), news.recv()).await;
        }
        key
    }

    /// Sends what a program would send.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let map: HeaderMap = headers
            .iter()
            .map(|(k, v)| (HeaderName::from_bytes(k.as_bytes()).unwrap(), HeaderValue::from_str(v).unwrap()))
            .collect();
        let url = format!("{}{path}", self.url);
        let request = self.client.request(method.parse().unwrap(), url).headers(map).body(body.to_owned());
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie)], "").await
    }

    /// A page as a browser asks for it.
    pub async fn page(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie), ("accept", "text/html")], "").await
    }

    /// A form as a browser of this origin sends it.
    pub async fn form(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(k, v)| format!("{k}={}", gantry::auth::forms::encoded(v))).collect();
        let headers = [
            ("cookie", cookie),
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &self.url),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, &body.join("&")).await
    }

    /// Signs in by the form.
    pub async fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.form("/sign-in", "", &[("name", name), ("password", password), ("next", "/functions?q=a")]).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}
