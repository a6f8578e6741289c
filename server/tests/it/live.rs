//! The WebSocket of open pages.

use crate::world::World;
use domain::policy::Role;
use domain::stream::{FULL, FromPage, MOST_PAGES, ToPage};
use domain::{Code, Kind, ResourceKey, Scope};
use futures::{SinkExt, StreamExt};
use gantry::clock::now;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(world: &World, cookie: &str, origin: Option<&str>) -> Result<Socket, Box<Error>> {
    let mut request = format!("{}/live", world.url.replace("http", "ws")).into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    Ok(connect_async(request).await.map_err(Box::new)?.0)
}

fn status(result: Result<Socket, Box<Error>>) -> u16 {
    match result {
        Err(error) => match *error {
            Error::Http(response) => response.status().as_u16(),
            other => panic!("{other}"),
        },
        Ok(_) => 101,
    }
}

async fn next(socket: &mut Socket) -> ToPage {
    loop {
        match socket.next().await.expect("open").unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn say(socket: &mut Socket, message: &FromPage) {
    socket.send(Message::text(serde_json::to_string(message).unwrap())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_pages_of_this_origin_with_a_session_may_listen_and_twenty_at_most() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    // A page that was asleep when its session ended learns it as any other.
    let mut nobody = open(&world, "", Some(&world.url)).await.unwrap();
    assert_eq!(next(&mut nobody).await, ToPage::SignedOut);
    assert_eq!(status(open(&world, &cookie, Some("https://evil.example")).await), 403);
    assert_eq!(status(open(&world, &cookie, None).await), 403);
    let mut sockets = vec![];
    for _ in 0..MOST_PAGES {
        sockets.push(open(&world, &cookie, Some(&world.url)).await.unwrap());
    }
    // A page learns the code of a socket that was open only.
    let mut one_more = open(&world, &cookie, Some(&world.url)).await.unwrap();
    say(&mut one_more, &FromPage::Since { version: 0 }).await;
    let Some(Ok(Message::Close(Some(close)))) = one_more.next().await else { panic!("not told") };
    assert_eq!(u16::from(close.code), FULL);
    assert!(close.reason.contains("20 pages"), "{}", close.reason);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn changes_arrive_and_what_was_missed_is_caught_up_with() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    world.function("before", json!({})).await;
    let start = world.memory.snapshot().version;
    let missed = world.function("missed", json!({})).await;
    let mut socket = open(&world, &cookie, Some(&world.url)).await.unwrap();
    say(&mut socket, &FromPage::Since { version: start }).await;
    let ToPage::Changed { keys, version, .. } = next(&mut socket).await else { panic!() };
    assert!(keys.contains(&missed) && version > start);
    // Each is heard of: looked for every five seconds, all of them would take longer.
    let (began, mut later) = (std::time::Instant::now(), missed);
    for n in 0..8 {
        later = world.function(&format!("later-{n}"), json!({})).await;
        let ToPage::Changed { keys, .. } = next(&mut socket).await else { panic!() };
        assert_eq!(keys, std::slice::from_ref(&later));
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());
    say(&mut socket, &FromPage::FollowLog { key: later.clone() }).await;
    assert!(
        matches!(next(&mut socket).await, ToPage::LogProblem { key, .. } if key == later),
        "no connection leads there"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn following_a_log_counts_as_a_request() {
    let world = World::with(1, false).await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let mut socket = open(&world, &cookie, Some(&world.url)).await.unwrap();
    let place = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    for n in 0..20 {
        let key = ResourceKey::new(Kind::Function, place.clone(), format!("f{n}")).unwrap();
        say(&mut socket, &FromPage::FollowLog { key }).await;
    }
    // Each is told why not: most because there were too many, the others because there is no such function.
    let mut codes = vec![];
    while codes.len() < 20 {
        if let ToPage::LogProblem { problem, .. } = next(&mut socket).await {
            codes.push(problem.code);
        }
    }
    let refused = codes.iter().filter(|code| **code == Code::Busy).count();
    assert!((1..20).contains(&refused), "{codes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_told_while_a_page_was_on_its_way_is_told_again() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let store = &world.test.store;
    world.function("f", json!({})).await;
    let place = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    store.configure(&[(place, Kind::Queue)]).await.unwrap();
    // Tells all servers that there is something to look at.
    store.request(Kind::Queue, &[], &[], now()).await.unwrap();
    let began = std::time::Instant::now();
    while world.memory.snapshot().collections.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert!(began.elapsed().as_secs() < 60);
    }
    let fresh = ToPage::Freshness { kinds: vec![Kind::Queue] };
    let mut list = open(&world, &cookie, Some(&world.url)).await.unwrap();
    say(&mut list, &FromPage::Since { version: world.memory.snapshot().version }).await;
    assert_eq!(next(&mut list).await, fresh);
    // A page that shows no version.
    let mut other = open(&world, &cookie, Some(&world.url)).await.unwrap();
    say(&mut other, &FromPage::Since { version: 0 }).await;
    assert!(matches!(next(&mut other).await, ToPage::Changed { version: 0, keys, .. } if keys.is_empty()));
    assert_eq!(next(&mut other).await, fresh);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_page_knows_from_which_version_on_it_wants_to_hear() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    world.function("f", json!({})).await;
    let version = world.memory.snapshot().version;
    assert!(version > 0);
    for path in ["/", "/functions", "/functions/111122223333/eu-west-1/f", "/changes"] {
        let page = world.page(path, &cookie).await;
        // What the browser reads is a text in a script.
        let read = page.body.replace('\\', "");
        assert!(page.status == 200 && read.contains(&format!("\"shows\":{version}")), "{path}: {}", page.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_page_that_missed_nothing_is_answered_all_the_same() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    // Nothing is collected, as before there is a connection.
    world.function("f", json!({})).await;
    let mut socket = open(&world, &cookie, Some(&world.url)).await.unwrap();
    say(&mut socket, &FromPage::Since { version: world.memory.snapshot().version }).await;
    let answer = tokio::time::timeout(std::time::Duration::from_secs(60), next(&mut socket)).await;
    assert_eq!(answer.expect("an answer"), ToPage::Freshness { kinds: vec![] });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_page_that_asks_again_what_it_missed_is_closed() {
    let world = World::new().await;
    let cookie = world.session(world.person("Ada", Role::Viewer).await).await;
    let mut socket = open(&world, &cookie, Some(&world.url)).await.unwrap();
    say(&mut socket, &FromPage::Since { version: 0 }).await;
    next(&mut socket).await;
    say(&mut socket, &FromPage::Since { version: 0 }).await;
    let closed = async { while !matches!(socket.next().await, Some(Ok(Message::Close(_))) | None) {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), closed).await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_the_database_was_away_any_run_may_have_gone_on() {
    let world = World::new().await;
    let mut news = world.memory.subscribe();
    world.test.break_connections().await;
    let told = async { while news.recv().await.unwrap() != ToPage::Runs {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), told).await.expect("told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_page_hears_at_once_that_its_session_ended() {
    let world = World::new().await;
    let ada = world.person("Ada", Role::Viewer).await;
    let cookie = world.session(ada).await;
    let mut socket = open(&world, &cookie, Some(&world.url)).await.unwrap();
    world.get("/api/v1/me", &cookie).await;
    let began = std::time::Instant::now();
    world.test.store.remove_person(ada, &gantry_store::testing::entry()).await.unwrap();
    assert_eq!(next(&mut socket).await, ToPage::SignedOut);
    // A second is promised; several tests run here.
    let limit = std::time::Duration::from_secs(30);
    assert!(began.elapsed() < limit, "{:?}", began.elapsed());
    // Requests and sockets look each in their own time.
    while world.get("/api/v1/me", &cookie).await.status != 401 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert!(began.elapsed() < limit, "{:?}", began.elapsed());
    }
}
