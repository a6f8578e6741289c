//! Credentials that are lent for one copy: who may, what they open, and where they must not be afterwards.

use crate::world::{Answer, World, connected};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::policy::Role;
use gantry::apply::copy::Registries;
use gantry::apply::{Aws, Engine, Patience};
use gantry_aws::{ConnectionConfig, Connections};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tracing_subscriber::fmt::MakeWriter;

const SECRET: &str = "dckr_pat_Tr0ub4dor";
/// `ada:` and the secret.
const BASIC: &str = "Basic YWRhOmRja3JfcGF0X1RyMHViNGRvcg==";
const CONFIG: &str = r#"{"architecture":"amd64","os":"linux"}"#;
const LAYER: &str = "a layer";
/// Bytes of the image's configuration and layer.
pub const SIZE: u64 = (CONFIG.len() + LAYER.len()) as u64;

fn sha(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>())
}

fn manifest() -> String {
    json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "size": CONFIG.len(), "digest": sha(CONFIG.as_bytes()) },
        "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", "size": LAYER.len(), "digest": sha(LAYER.as_bytes()) }] })
    .to_string()
}

/// An ECR with one repository, `shop/web`, and what was put there; beside it the same image twice: `public/app` for everybody, `private/app`
/// for who has the password.
#[derive(Clone, Default)]
pub struct Fake(Arc<Mutex<Vec<(String, Bytes)>>>, Arc<Layer>);

/// How the layer of the image goes out.
#[derive(Default)]
struct Layer {
    asked: AtomicUsize,
    stalls: AtomicBool,
}

impl Fake {
    /// Whether whoever asks for the layer waits for ever.
    pub fn stall(&self, stalls: bool) {
        self.1.stalls.store(stalls, Ordering::Release);
    }
    /// How often somebody asked for the layer.
    pub fn asked(&self) -> usize {
        self.1.asked.load(Ordering::Acquire)
    }
    /// The digests and tags under which manifests were put, in order.
    pub fn put(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }

    /// Those of one copy.
    pub fn once() -> [String; 2] {
        [sha(manifest().as_bytes()), "v1".to_owned()]
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let header = |name: &str| parts.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let private = path.strip_prefix("/v2/private/app/");
    if private.is_some() && header("authorization") != BASIC {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic realm=\"x\"")]).into_response();
    }
    if let Some(wanted) = private.or_else(|| path.strip_prefix("/v2/public/app/")) {
        if wanted.ends_with(&sha(LAYER.as_bytes())) {
            fake.1.asked.fetch_add(1, Ordering::AcqRel);
            if fake.1.stalls.load(Ordering::Acquire) {
                std::future::pending::<()>().await;
            }
        }
        let held = [manifest(), CONFIG.into(), LAYER.into()];
        let found = held.iter().find(|text| wanted.ends_with(&sha(text.as_bytes())) || wanted == "manifests/v1");
        return match found {
            Some(text) => {
                ([("content-type", "application/vnd.oci.image.manifest.v1+json")], text.clone()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let put = fake.0.lock().unwrap().clone();
    let (image, tagged) = (put.first().map(|(_, text)| text.clone()), put.iter().any(|(name, _)| name == "v1"));
    if !path.starts_with("/v2/") {
        let json = |status: StatusCode, value: Value| {
            (status, [("content-type", "application/x-amz-json-1.1")], value.to_string()).into_response()
        };
        let target = header("x-amz-target");
        return match target.rsplit_once('.').map_or("", |(_, operation)| operation) {
            "GetAuthorizationToken" => {
                json(StatusCode::OK, json!({ "authorizationData": [{ "authorizationToken": "QVdTOnNlY3JldA==" }] }))
            }
            "DescribeRepositories" => json(
                StatusCode::OK,
                json!({ "repositories": [{ "repositoryName": "shop/web",
                "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/shop/web", "imageTagMutability": "MUTABLE" }] }),
            ),
            "BatchGetImage" => json(
                StatusCode::OK,
                match image.filter(|_| tagged) {
                    Some(text) => json!({ "images": [{ "imageId": { "imageDigest": sha(&text), "imageTag": "v1" },
                    "imageManifest": String::from_utf8(text.to_vec()).unwrap() }], "failures": [] }),
                    None => json!({ "images": [], "failures": [{ "failureCode": "ImageNotFound" }] }),
                },
            ),
            "DescribeImages" => match image {
                Some(text) => {
                    let tags: Vec<&str> = tagged.then_some("v1").into_iter().collect();
                    json(StatusCode::OK, json!({ "imageDetails": [{ "imageDigest": sha(&text), "imageTags": tags }] }))
                }
                None => json(StatusCode::BAD_REQUEST, json!({ "__type": "ImageNotFoundException", "message": "none" })),
            },
            _ => json(StatusCode::BAD_REQUEST, json!({ "__type": "UnknownOperationException", "message": "none" })),
        };
    }
    assert_ne!(header("authorization"), BASIC, "the password must not leave its registry");
    if let Some(name) = path.strip_prefix("/v2/shop/web/manifests/").filter(|_| parts.method == Method::PUT) {
        fake.0.lock().unwrap().push((name.to_owned(), body));
        return StatusCode::CREATED.into_response();
    }
    let at = "/v2/shop/web/blobs/uploads/1";
    match parts.method {
        Method::HEAD => StatusCode::NOT_FOUND.into_response(),
        Method::POST | Method::PATCH => (StatusCode::ACCEPTED, [("location", at)]).into_response(),
        _ => StatusCode::CREATED.into_response(),
    }
}

/// A server that these registries can be reached from, and an operator who uses it.
pub struct Set {
    pub fake: Fake,
    pub world: World,
    pub cookie: String,
    host: String,
    pub config: ConnectionConfig,
    pub registries: gantry::config::Registries,
}

impl Set {
    pub async fn new() -> Self {
        Self::up_to(None).await
    }

    /// One that copies images of at most so many bytes.
    pub async fn up_to(max_image_bytes: Option<u64>) -> Self {
        let fake = Fake::default();
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = socket.local_addr().unwrap().to_string();
        let router = axum::Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        let config = connected(format!("http://{host}"));
        let registries =
            gantry::config::Registries { exceptions: vec![host.clone()], max_image_bytes, ..Default::default() };
        let world = World::reaching(500, false, vec![config.clone()], &registries).await;
        let cookie = world.session(world.person("Ada", Role::Operator).await).await;
        Self { fake, world, cookie, host, config, registries }
    }

    pub async fn post(&self, path: &str, cookie: &str, body: &Value) -> Answer {
        let headers = [
            ("cookie", cookie),
            ("content-type", "application/json"),
            ("origin", &*self.world.url),
            ("sec-fetch-site", "same-origin"),
        ];
        self.world.send("POST", path, &headers, &body.to_string()).await
    }

    async fn lend(&self, password: &str) -> String {
        let body = json!({ "image": format!("{}/private/app:v1", self.host), "user": "ada", "password": password });
        let lent = self.post("/api/v1/source-credentials", &self.cookie, &body).await;
        assert_eq!(lent.status, 201, "{}", lent.body);
        assert_eq!(lent.json()["registry"], self.host);
        lent.json()["id"].as_str().unwrap().to_owned()
    }

    fn answers(&self, credentials: &str) -> Value {
        self.copying("private/app", credentials)
    }

    /// Answers that copy the image of this name.
    pub fn copying(&self, name: &str, credentials: &str) -> Value {
        let answers = json!({ "source": format!("{}/{name}:v1", self.host), "repository": "shop/web", "tag": "v1",
            "credentials": credentials });
        json!({ "scope": { "account": "111122223333", "region": "eu-west-1" }, "wizard": "copy-image", "answers": answers })
    }

    async fn begin(&self, credentials: &str) -> String {
        self.begin_with(&self.answers(credentials)).await
    }

    /// Begins the copy; answers the run's id.
    pub async fn begin_with(&self, answers: &Value) -> String {
        let reviewed = self.post("/api/v1/plans", &self.cookie, answers).await;
        let hash = reviewed.json()["plan"]["hash"].as_str().unwrap_or_else(|| panic!("{}", reviewed.body)).to_owned();
        assert!(!reviewed.body.contains(SECRET));
        let begun = self.post("/api/v1/runs", &self.cookie, &json!({ "answers": answers, "hash": hash })).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        begun.json()["id"].as_str().unwrap().to_owned()
    }

    /// Drives the run over this cloud; answers how it is when it rests.
    pub async fn drive(&self, cloud: Arc<Aws>, id: &str) -> Value {
        let (stop, stopped) = watch::channel(false);
        // Nothing is left to the server that was lent something: each of these tests has one.
        let patience = Patience { poll: Duration::from_millis(10), lent: Duration::ZERO, ..unhurried() };
        let driving = tokio::spawn(Arc::new(Engine::new(self.world.test.store.clone(), cloud, patience)).run(stopped));
        let rests = async {
            loop {
                let view = self.world.get(&format!("/api/v1/runs/{id}"), &self.cookie).await.json();
                if ["applied", "undone", "stuck"].iter().any(|state| view["run"]["state"] == *state) {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let view = tokio::time::timeout(Duration::from_secs(120), rests).await.unwrap();
        stop.send(true).unwrap();
        driving.await.unwrap();
        view
    }
}

/// Nobody loses a run because a machine is slow; of a server that dies the test takes the lease away.
pub fn unhurried() -> Patience {
    Patience { lease: Duration::from_secs(60), ..Patience::default() }
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

// One thread: what is logged there is logged here.
#[tokio::test]
async fn a_private_image_is_copied_and_its_password_is_nowhere_afterwards() {
    let log = Log::default();
    // While there is one listener only, whichever thread comes past a place that logs for the first time decides by its own listener, and tests
    // beside this one have none. With two, all listeners are asked.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let everything = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(everything);
    let set = Set::new().await;
    // Those that tests beside this one came past just before.
    tracing::callsite::rebuild_interest_cache();
    let none = set.post("/api/v1/plans", &set.cookie, &set.answers("")).await.json();
    assert!(none["wrong"]["credentials"].as_str().unwrap().contains("wants a user name"), "{none}");
    let wrong = set.lend("not-it").await;
    let wrong = set.post("/api/v1/plans", &set.cookie, &set.answers(&wrong)).await.json();
    assert!(wrong["wrong"]["credentials"].as_str().unwrap().contains("does not take"), "{wrong}");
    let lent = set.lend(SECRET).await;
    let run = set.begin(&lent).await;
    let view = set.drive(set.world.cloud.clone(), &run).await;
    assert_eq!(view["run"]["state"], "applied", "{view}");
    assert_eq!(set.fake.put(), Fake::once());
    assert_eq!(view["answers"]["answers"]["credentials"], lent.as_str());
    for secret in [SECRET, "not-it", BASIC.trim_start_matches("Basic ")] {
        assert_eq!(set.world.test.holding(secret).await, [""; 0], "{secret}");
        assert!(!String::from_utf8_lossy(&log.0.lock().unwrap()).contains(secret), "{secret} was logged");
    }
    // What is looked for can be found.
    assert!(!set.world.test.holding(&lent).await.is_empty());
    assert!(String::from_utf8_lossy(&log.0.lock().unwrap()).contains(&set.host));
    // With the run they have ended.
    let again = set.post("/api/v1/plans", &set.cookie, &set.answers(&lent)).await.json();
    assert!(again["wrong"]["credentials"].as_str().unwrap().contains("Enter them again"), "{again}");
}

#[tokio::test]
async fn a_server_that_does_not_have_them_takes_the_run_back_and_says_why() {
    let set = Set::new().await;
    let run = set.begin(&set.lend(SECRET).await).await;
    // Another server, or this one after a restart.
    let connections = Connections::new(vec![set.config.clone()], &[7; 32]).unwrap();
    let other = Arc::new(Aws::new(connections, Registries::new(&set.registries).unwrap()));
    let view = set.drive(other, &run).await;
    assert_eq!(view["run"]["state"], "undone", "{view}");
    let problem = &view["run"]["problem"];
    assert_eq!(problem["field"], "credentials");
    assert!(problem["message"].as_str().unwrap().contains("a restart forgets them"), "{problem}");
    assert!(set.fake.put().is_empty());
}

#[tokio::test]
async fn those_of_a_run_that_waits_are_not_forgotten_for_later_ones() {
    let set = Set::new().await;
    let run = set.begin(&set.lend(SECRET).await).await;
    // More than may wait for one person.
    for _ in 0..10 {
        set.lend(SECRET).await;
    }
    let view = set.drive(set.world.cloud.clone(), &run).await;
    assert_eq!(view["run"]["state"], "applied", "{view}");
    assert_eq!(set.fake.put(), Fake::once());
}

#[tokio::test]
async fn they_are_their_persons_own_and_what_is_refused_is_not_repeated() {
    let set = Set::new().await;
    let lent = set.lend(SECRET).await;
    let grace = set.world.session(set.world.person("Grace", Role::Operator).await).await;
    let hers = set.post("/api/v1/plans", &grace, &set.answers(&lent)).await.json();
    assert!(hers["wrong"]["credentials"].as_str().unwrap().contains("not in this server's memory"), "{hers}");
    let viewer = set.world.session(set.world.person("Vic", Role::Viewer).await).await;
    let body = json!({ "image": "ghcr.io/a/b", "user": "ada", "password": SECRET });
    assert_eq!(set.post("/api/v1/source-credentials", &viewer, &body).await.status, 403);
    for (body, field) in [
        (json!({ "image": "ghcr.io/a/b", "user": "ada", "password": [SECRET] }), "body"),
        (json!({ "image": "https://x", "user": "ada", "password": SECRET }), "source"),
        (json!({ "image": "ghcr.io/a/b", "user": "a:b", "password": SECRET }), "user"),
    ] {
        let refused = set.post("/api/v1/source-credentials", &set.cookie, &body).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some(field)));
        assert!(!refused.body.contains(SECRET), "{}", refused.body);
    }
}
