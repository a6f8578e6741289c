//! Collecting with a made-up AWS against a real Postgres: what is stored, shared between servers, and told to open pages.

use async_trait::async_trait;
use domain::listing::ListQuery;
use domain::policy::{Actor, Role};
use domain::resource::Observed;
use domain::services::Inventory;
use domain::stream::ToPage;
use domain::{Code, Kind, Problem, ResourceKey, Scope};
use gantry_aws::Feed;
use gantry_store::Store;
use gantry_store::testing::TestStore;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};

use super::Collector;
use super::pool::{Pool, Settings};
use crate::connecting::Known;
use crate::inventory::{Answers, Memory, Visible};

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

fn function(name: &str, revision: &str, state: Option<&str>) -> Observed {
    let arn = format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}");
    let mut doc = json!({"FunctionName": name, "FunctionArn": arn, "RevisionId": revision});
    if let Some(state) = state {
        doc["State"] = json!(state);
    }
    Observed { key: ResourceKey::new(Kind::Function, scope(), name).unwrap(), doc }
}

fn url(function: &str, auth: &str) -> Observed {
    let arn = format!("arn:aws:lambda:eu-west-1:111122223333:function:{function}");
    let doc = json!({"FunctionUrl": format!("https://{function}.on.aws/"), "FunctionArn": arn, "AuthType": auth});
    Observed { key: ResourceKey::new(Kind::FunctionUrl, scope(), function).unwrap(), doc }
}

/// An AWS with some functions.
#[derive(Default)]
struct Fake {
    functions: Mutex<BTreeMap<String, String>>,
    /// The team that all of them are tagged with, which only a single read says.
    team: Mutex<Option<String>>,
    /// Nobody may read the tags.
    tags_denied: AtomicBool,
    /// The functions that may not be read alone.
    denied: Mutex<Vec<String>>,
    /// The sign-in of the URLs of some.
    urls: Mutex<BTreeMap<String, String>>,
    /// How often URLs were read of each.
    asked_for_urls: Mutex<BTreeMap<String, usize>>,
    /// How often each was read alone.
    reads: Mutex<BTreeMap<String, usize>>,
    broken: AtomicBool,
    /// Collects at once in a scope, now and at most.
    now: AtomicUsize,
    most: AtomicUsize,
    collects: Mutex<HashMap<Kind, usize>>,
    /// When set, a collect waits for it.
    gate: Option<Notify>,
}

#[async_trait]
impl Collector for Fake {
    async fn collect(&self, scope: &Scope, kind: Kind, feed: &dyn Feed) -> Result<(), Problem> {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        *self.collects.lock().unwrap().entry(kind).or_default() += 1;
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let functions = self.functions.lock().unwrap().clone();
        let names: Vec<String> = functions.keys().cloned().collect();
        let mut pages: Vec<Vec<Observed>> = vec![];
        if kind == Kind::Function && *scope == self::scope() {
            let page = |chunk: &[(String, String)]| chunk.iter().map(|(n, r)| function(n, r, None)).collect();
            pages = functions.into_iter().collect::<Vec<_>>().chunks(2).map(page).collect();
        }
        if kind == Kind::FunctionUrl && *scope == self::scope() {
            let urls = self.urls.lock().unwrap().clone();
            pages = vec![urls.iter().map(|(function, auth)| url(function, auth)).collect()];
        }
        let result = async {
            for page in pages {
                feed.seen(page).await?;
                if self.broken.load(Ordering::SeqCst) {
                    return Err(Problem::new(Code::AwsThrottled, "Throttled", "…"));
                }
            }
            // AWS tells them function by function.
            let asked = if kind == Kind::FunctionUrl { names } else { vec![] };
            for name in asked {
                let function = ResourceKey::new(Kind::Function, scope.clone(), name)?;
                feed.complete(kind, Some(&function)).await?;
            }
            feed.complete(kind, None).await
        };
        let result = result.await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        result
    }
    async fn fetch(&self, key: &ResourceKey, _: bool) -> Result<Option<Observed>, Problem> {
        *self.reads.lock().unwrap().entry(key.id.clone()).or_default() += 1;
        if self.denied.lock().unwrap().contains(&key.id) {
            let mut denied = Problem::new(Code::AwsDenied, "Access denied", "…");
            denied.iam_action = Some("lambda:GetFunction".into());
            return Err(denied);
        }
        let functions = self.functions.lock().unwrap();
        let team = self.team.lock().unwrap().clone();
        Ok(functions.get(&key.id).map(|revision| {
            let mut function = function(&key.id, revision, Some("Active"));
            if self.tags_denied.load(Ordering::SeqCst) {
                function.doc["TagsError"] = json!({"ErrorCode": "AccessDeniedException"});
            } else if let Some(team) = team {
                function.doc["Tags"] = json!({"team": team});
            }
            function
        }))
    }
    async fn within(&self, kind: Kind, wholes: &[ResourceKey], _: bool, feed: &dyn Feed) -> Result<(), Problem> {
        assert_eq!(kind, Kind::FunctionUrl);
        let mut denied = None;
        for whole in wholes {
            *self.asked_for_urls.lock().unwrap().entry(whole.id.clone()).or_default() += 1;
            if self.denied.lock().unwrap().contains(&whole.id) {
                denied = Some(Problem::new(Code::AwsDenied, "Access denied", "…"));
                continue;
            }
            let auth = self.urls.lock().unwrap().get(&whole.id).cloned();
            feed.seen(auth.iter().map(|auth| url(&whole.id, auth)).collect()).await?;
            feed.complete(kind, Some(whole)).await?;
        }
        denied.map_or(Ok(()), Err)
    }
}

fn fast() -> Settings {
    Settings { idle: Duration::from_millis(10), ..Settings::default() }
}

struct Server {
    stop: watch::Sender<bool>,
    pool: tokio::task::JoinHandle<()>,
}

impl Server {
    fn start(name: &str, store: &Store, fake: &Arc<Fake>, settings: Settings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let pool = Pool::new(name.to_owned(), store.clone(), fake.clone(), Visible::default(), settings);
        Self { stop, pool: tokio::spawn(pool.run(stopped)) }
    }
    async fn end(self) {
        self.stop.send(true).unwrap();
        self.pool.await.unwrap();
    }
}

/// Waits until the store says so; the test's own time limit is the runner's.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = std::time::Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "what is waited for does not happen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn viewer() -> Actor {
    Actor { person: 1, name: "ada".into(), role: Role::Viewer, session: 1 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_aws_has_reaches_lists_and_open_pages_and_what_it_lacks_leaves_them() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function)]).await.unwrap();
    let fake = Arc::new(Fake::default());
    fake.functions.lock().unwrap().extend((0..5).map(|n| (format!("f{n}"), "1".to_owned())));
    let memory = Memory::new(store.clone());
    let follower = tokio::spawn(memory.clone().follow());
    until(async || memory.loaded().load(Ordering::Acquire).then_some(())).await;
    let answers = Answers::new(memory.clone(), Known::default(), Visible::default());
    let mut notices = memory.subscribe();
    let server = Server::start("a", store, &fake, fast());

    let list = async || answers.list(&viewer(), &ListQuery::all(Kind::Function)).await.unwrap();
    let page = until(async || Some(list().await).filter(|p| p.matched == 5 && p.freshness[0].complete.is_some())).await;
    assert!(page.version > 0 && page.freshness.len() == 1);
    // lists say nothing about the state: it was asked for one by one
    until(async || {
        list().await.rows.iter().all(|r| r.state.as_ref().is_some_and(|s| s.word == "Active")).then_some(())
    })
    .await;
    let key = ResourceKey::new(Kind::Function, scope(), "f3").unwrap();
    let (written, mut told) = (store.get(&key).await.unwrap().unwrap().version, false);
    // Lists know a moment before pages are told. What is read before anything was known is told without names:
    // up to a version, which f3's own may lie before while another function is still to come.
    until(async || {
        while let Ok(notice) = notices.try_recv() {
            if let ToPage::Changed { version, keys, .. } = notice {
                told |= version >= written && (keys.is_empty() || keys.contains(&key));
            }
        }
        told.then_some(())
    })
    .await;

    // a page that fails leaves everything as it was
    fake.functions.lock().unwrap().remove("f4");
    fake.broken.store(true, Ordering::SeqCst);
    answers.refresh(&viewer(), Kind::Function, &[], &[]).await.unwrap();
    let failing = until(async || list().await.freshness[0].failing.clone()).await;
    assert_eq!(failing.1.code, Code::AwsThrottled);
    assert_eq!(list().await.matched, 5);

    fake.broken.store(false, Ordering::SeqCst);
    answers.refresh(&viewer(), Kind::Function, &[], &[]).await.unwrap();
    until(async || (list().await.matched == 4).then_some(())).await;
    until(async || list().await.freshness[0].failing.is_none().then_some(())).await;
    let nothing = answers.refresh(&viewer(), Kind::Role, &[], &[]).await.unwrap_err();
    assert_eq!(nothing.code, Code::NotFound);
    server.end().await;
    follower.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_the_work_and_never_crowd_a_scope() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    // None is due again before a minute has passed, and nothing is waited for longer.
    let kinds: Vec<_> = Kind::ALL.iter().filter(|k| k.promise_seconds() >= 180).map(|k| (scope(), *k)).collect();
    store.configure(&kinds).await.unwrap();
    let fake = Arc::new(Fake::default());
    let settings = Settings { per_scope: 3, ..fast() };
    let servers = [Server::start("a", store, &fake, settings), Server::start("b", store, &fake, settings)];
    let all = async || {
        let collections = store.collections(domain::Millis(0)).await.unwrap();
        collections.iter().all(|c| c.freshness.complete.is_some()).then_some(())
    };
    until(all).await;
    for server in servers {
        server.end().await;
    }
    assert!(fake.collects.lock().unwrap().values().all(|n| *n == 1), "{:?}", fake.collects.lock().unwrap());
    assert!(fake.most.load(Ordering::SeqCst) <= 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_gives_its_work_back_at_once() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function)]).await.unwrap();
    let stuck = Arc::new(Fake { gate: Some(Notify::new()), ..Fake::default() });
    let first = Server::start("a", store, &stuck, fast());
    until(async || stuck.collects.lock().unwrap().contains_key(&Kind::Function).then_some(())).await;
    first.end().await;
    let fake = Arc::new(Fake::default());
    let second = Server::start("b", store, &fake, fast());
    until(async || store.collections(domain::Millis(0)).await.unwrap()[0].freshness.complete).await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_asks_gets_the_whole_document_of_its_resource() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function)]).await.unwrap();
    let fake = Arc::new(Fake::default());
    fake.functions.lock().unwrap().insert("f".to_owned(), "1".to_owned());
    let server = Server::start("a", store, &fake, fast());
    let key = ResourceKey::new(Kind::Function, scope(), "f").unwrap();
    let doc = async || store.get(&key).await.unwrap().map(|stored| stored.doc);
    until(async || doc().await.filter(|doc| doc["State"] == "Active")).await;

    // Tags come without a new revision: no list says that there is something to read.
    *fake.team.lock().unwrap() = Some("payments".to_owned());
    let answers = Answers::new(Memory::new(store.clone()), Known::default(), Visible::default());
    answers.reread(&viewer(), &key).await.unwrap();
    until(async || doc().await.filter(|doc| doc["Tags"]["team"] == "payments")).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_denied_names_what_is_missing_and_holds_up_no_other() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function)]).await.unwrap();
    let fake = Arc::new(Fake::default());
    fake.functions.lock().unwrap().extend((0..5).map(|n| (format!("f{n}"), "1".to_owned())));
    fake.denied.lock().unwrap().push("f2".to_owned());
    let memory = Memory::new(store.clone());
    let follower = tokio::spawn(memory.clone().follow());
    let answers = Answers::new(memory.clone(), Known::default(), Visible::default());
    let server = Server::start("a", store, &fake, fast());
    let list = async || answers.list(&viewer(), &ListQuery::all(Kind::Function)).await.unwrap();
    let details = async || list().await.freshness.first().and_then(|f| f.details.clone());
    let active = async || list().await.rows.iter().filter(|r| r.state.is_some()).count();

    let (_, problem) = until(async || details().await).await;
    assert_eq!(problem.iam_action.as_deref(), Some("lambda:GetFunction"));
    until(async || (active().await == 4).then_some(())).await;
    let page = list().await;
    assert!(page.freshness[0].failing.is_none(), "the list works");
    let overview = answers.overview(&viewer(), &[], &[]).await.unwrap();
    assert_eq!(overview.failing.iter().map(|f| f.kind).collect::<Vec<_>>(), [Kind::Function]);

    // The permission was added, and somebody asks again from the list.
    fake.denied.lock().unwrap().clear();
    answers.refresh(&viewer(), Kind::Function, &[], &[]).await.unwrap();
    until(async || (active().await == 5).then_some(())).await;
    until(async || details().await.is_none().then_some(())).await;
    server.end().await;
    follower.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_that_are_denied_are_named_and_hold_up_no_state() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function)]).await.unwrap();
    let fake = Arc::new(Fake::default());
    fake.functions.lock().unwrap().extend(["a", "b"].map(|name| (name.to_owned(), "1".to_owned())));
    *fake.team.lock().unwrap() = Some("shop".to_owned());
    fake.tags_denied.store(true, Ordering::SeqCst);
    let memory = Memory::new(store.clone());
    let follower = tokio::spawn(memory.clone().follow());
    let answers = Answers::new(memory.clone(), Known::default(), Visible::default());
    let server = Server::start("a", store, &fake, fast());
    let list = async || answers.list(&viewer(), &ListQuery::all(Kind::Function)).await.unwrap();
    let details = async || list().await.freshness.first().and_then(|f| f.details.clone());

    let (_, problem) = until(async || details().await).await;
    assert_eq!(problem.iam_action.as_deref(), Some("lambda:ListTags"));
    until(async || list().await.rows.iter().all(|row| row.state.is_some()).then_some(())).await;
    assert!(fake.reads.lock().unwrap().values().all(|times| *times == 1), "nobody asks again at once");

    // The permission was added, and somebody asks again from the list.
    fake.tags_denied.store(false, Ordering::SeqCst);
    answers.refresh(&viewer(), Kind::Function, &[], &[]).await.unwrap();
    until(async || list().await.rows.iter().all(|row| row.tags.contains_key("team")).then_some(())).await;
    until(async || details().await.is_none().then_some(())).await;
    server.end().await;
    follower.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_read_no_function_twice() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let fake = Arc::new(Fake::default());
    fake.functions.lock().unwrap().extend((0..60).map(|n| (format!("f{n:02}"), "1".to_owned())));
    store.configure(&[(scope(), Kind::Function)]).await.unwrap();
    let servers = [Server::start("a", store, &fake, fast()), Server::start("b", store, &fake, fast())];
    let open = async || {
        let known = store.known(&scope(), Kind::Function).await.unwrap().len();
        let open = store.unfetched(&scope(), Kind::Function, domain::Millis(0), domain::Millis(0)).await.unwrap();
        (known == 60 && open.is_empty()).then_some(())
    };
    until(open).await;
    for server in servers {
        server.end().await;
    }
    let reads = fake.reads.lock().unwrap();
    assert!(reads.len() == 60 && reads.values().all(|n| *n == 1), "{reads:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_urls_of_a_function_that_changed_are_read_again_at_once() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    store.configure(&[(scope(), Kind::Function), (scope(), Kind::FunctionUrl)]).await.unwrap();
    let fake = Arc::new(Fake::default());
    fake.functions.lock().unwrap().extend(["a", "b", "c"].map(|name| (name.to_owned(), "1".to_owned())));
    fake.urls.lock().unwrap().insert("a".to_owned(), "AWS_IAM".to_owned());
    fake.denied.lock().unwrap().push("c".to_owned());
    let server = Server::start("a", store, &fake, fast());
    let key = |kind, id: &str| ResourceKey::new(kind, scope(), id).unwrap();
    let stored = async |kind, id: &str| store.get(&key(kind, id)).await.unwrap();
    let settled = async || {
        let complete = store.collections(domain::Millis(0)).await.unwrap();
        let complete = complete.iter().all(|list| list.freshness.complete.is_some());
        (complete && store.within_due(&scope(), Kind::FunctionUrl).await.unwrap().is_empty()).then_some(())
    };
    until(settled).await;
    let before = fake.asked_for_urls.lock().unwrap().clone();

    // Somebody gives two of them other settings: one of them lets everyone in, and of the other AWS tells nothing.
    fake.urls.lock().unwrap().insert("a".to_owned(), "NONE".to_owned());
    for changed in ["a", "c"] {
        fake.functions.lock().unwrap().insert(changed.to_owned(), "2".to_owned());
    }
    let answers = Answers::new(Memory::new(store.clone()), Known::default(), Visible::default());
    answers.refresh(&viewer(), Kind::Function, &[], &[]).await.unwrap();
    until(async || stored(Kind::FunctionUrl, "a").await.filter(|url| url.doc["AuthType"] == "NONE")).await;
    until(settled).await;
    let asked = fake.asked_for_urls.lock().unwrap().clone();
    let more = |function: &str| asked.get(function).unwrap_or(&0) - before.get(function).unwrap_or(&0);
    assert_eq!((more("a"), more("b"), more("c")), (1, 0, 1), "before {before:?}, now {asked:?}");

    // The page of the third asks, which has got one without being changed.
    fake.urls.lock().unwrap().insert("b".to_owned(), "NONE".to_owned());
    answers.reread(&viewer(), &key(Kind::Function, "b")).await.unwrap();
    until(async || stored(Kind::FunctionUrl, "b").await).await;
    assert_eq!(fake.collects.lock().unwrap()[&Kind::FunctionUrl], 1, "no list was needed");
    server.end().await;
}
