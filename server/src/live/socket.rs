//! `/live`: one WebSocket per open page, speaking [`domain::stream`]. Its origin was checked before it came here
//! ([`crate::http::headers::guard`]).

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use domain::policy::{Actor, Permission, decide};
use domain::stream::{FULL, FromPage, MOST_PAGES, Skipped, ToPage};
use domain::{Kind, Problem, ResourceKey};
use futures::stream::SelectAll;
use futures::{SinkExt, StreamExt};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_stream::wrappers::BroadcastStream;

use crate::auth::identity::Identity;
use crate::http::Web;
use crate::http::problem::Refusal;
use crate::seats::Seat;

/// The largest message of a page, in bytes.
const LARGEST: usize = 16 * 1024;
/// Logs one page may follow at once.
const FOLLOWED: usize = 20;
/// How long a page may be on its way before it listens: what was told in the meantime it is told again.
const ON_ITS_WAY: Duration = Duration::from_secs(15);
/// How often it is looked whether the session still holds.
const CHECK: Duration = Duration::from_millis(300);
/// How often a sign of life is sent.
const PING: Duration = Duration::from_secs(20);
/// How long a page may take to accept a message before it counts as gone.
const SEND: Duration = Duration::from_secs(10);

/// `GET /live`
pub async fn open(
    State(web): State<Web>,
    Identity(actor): Identity,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map(|upgrade| upgrade.max_message_size(LARGEST));
    let Some(actor) = actor else {
        let upgrade = upgrade.map_err(|_| Problem::no_credentials())?;
        return Ok(upgrade.on_upgrade(|socket| refuse(socket, signed_out())));
    };
    decide(&actor, Permission::ReadResources)?;
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let seat = web.live.seat(actor.person);
    let listen = move |socket: WebSocket| async move {
        match seat {
            Some(seat) => Page { web, actor, told: Told(0), asked: false }.listen(socket, seat).await,
            None => refuse(socket, vec![full()]).await,
        }
    };
    Ok(upgrade.on_upgrade(listen))
}

/// Says that too many pages listen.
fn full() -> Message {
    Message::Close(Some(CloseFrame { code: FULL, reason: format!("{MOST_PAGES} pages are open already").into() }))
}

/// Says that the session has ended: while the page was asleep, or before it listened.
fn signed_out() -> Vec<Message> {
    let text = serde_json::to_string(&ToPage::SignedOut).ok();
    text.map(|text| Message::Text(text.into())).into_iter().chain([Message::Close(None)]).collect()
}

/// Says why not. A browser tells a page what a socket that was open says, and the code it was closed with; nothing of one that never opened.
async fn refuse(mut socket: WebSocket, words: Vec<Message>) {
    let goodbye = async {
        for message in words {
            if socket.send(message).await.is_err() {
                return;
            }
        }
        // What is not read would break the connection off before the words arrive.
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = tokio::time::timeout(SEND, goodbye).await;
}

type Events = Pin<Box<dyn futures::Stream<Item = Arc<ToPage>> + Send>>;

/// An open page.
struct Page {
    web: Web,
    actor: Actor,
    told: Told,
    /// Whether it said which version it has.
    asked: bool,
}

/// The latest version that a page was told; 0 while it knows none.
struct Told(i64);

impl Told {
    /// A notice, unless the page already has it.
    fn news(&mut self, notice: ToPage) -> Option<ToPage> {
        if let ToPage::Changed { version, .. } = &notice {
            if (1..=self.0).contains(version) {
                return None;
            }
            self.0 = self.0.max(*version);
        }
        Some(notice)
    }

    /// What to tell of what was heard; nothing more when there is nobody to hear. A page that is slower than what happens asks for everything
    /// again: anything may have been among what it was not told.
    fn heard(&mut self, heard: Result<ToPage, RecvError>) -> Option<Vec<ToPage>> {
        match heard {
            Ok(notice) => Some(self.news(notice).into_iter().collect()),
            Err(RecvError::Lagged(_)) => {
                let changed = ToPage::Changed { version: self.0, keys: vec![], kinds: Kind::ALL.to_vec() };
                Some(std::iter::once(changed).chain(without_version()).collect())
            }
            Err(RecvError::Closed) => None,
        }
    }
}

impl Page {
    async fn listen(mut self, socket: WebSocket, _seat: Seat) {
        let (mut to_page, mut from_page) = socket.split();
        let mut notices = self.web.live.notices.subscribe();
        let mut logs: SelectAll<Events> = SelectAll::new();
        let mut stops: HashMap<ResourceKey, tokio::sync::oneshot::Sender<()>> = HashMap::new();
        let mut check = tokio::time::interval(CHECK);
        let mut ping = tokio::time::interval(PING);
        'open: loop {
            let messages: Vec<ToPage> = tokio::select! {
                message = from_page.next() => match message {
                    Some(Ok(Message::Text(text))) => match serde_json::from_str::<FromPage>(&text) {
                        Ok(FromPage::Since { .. }) if self.asked => {
                            tracing::debug!("a page asked again what it missed");
                            break;
                        }
                        Ok(FromPage::Since { version }) => self.since(version).await,
                        Ok(FromPage::FollowLog { key }) => self.follow(key, &mut logs, &mut stops).into_iter().collect(),
                        Ok(FromPage::UnfollowLog { key }) => {
                            stops.remove(&key);
                            vec![]
                        }
                        Err(error) => {
                            tracing::debug!(%error, "a page sent what is no message");
                            break;
                        }
                    },
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => vec![],
                    Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => break,
                },
                notice = notices.recv() => match self.told.heard(notice) {
                    Some(messages) => messages,
                    None => break,
                },
                Some(event) = logs.next(), if !logs.is_empty() => vec![(*event).clone()],
                _ = check.tick() => match self.web.auth.holds(&self.actor).await {
                    Ok(true) => vec![],
                    Ok(false) => vec![ToPage::SignedOut],
                    // Without the database nobody can be signed out, and nothing new is known either.
                    Err(_) => vec![],
                },
                _ = ping.tick() => {
                    if send(&mut to_page, Message::Ping(Default::default())).await.is_err() {
                        break;
                    }
                    vec![]
                }
            };
            for message in messages {
                let last_one = message == ToPage::SignedOut;
                let Ok(text) = serde_json::to_string(&message) else { break 'open };
                if send(&mut to_page, Message::Text(text.into())).await.is_err() || last_one {
                    break 'open;
                }
            }
        }
        let _ = tokio::time::timeout(SEND, to_page.close()).await;
    }

    /// What the page missed since its version, 0 where it has none, and what else was told while it was on its way. What it missed while its
    /// connection was broken it asks for by itself.
    async fn since(&mut self, version: i64) -> Vec<ToPage> {
        self.asked = true;
        let lately = self.web.live.notices.lately(ON_ITS_WAY, version);
        let mut told = vec![];
        if version > 0 {
            match self.web.live.notices.since(version).await {
                Ok(missed) => {
                    self.told.0 = self.told.0.max(version);
                    told.extend(missed.and_then(|notice| self.told.news(notice)));
                }
                Err(problem) => tracing::warn!(%problem, "what a page missed could not be read"),
            }
        }
        if lately.changed {
            told.push(ToPage::Changed { version: 0, keys: vec![], kinds: Kind::ALL.to_vec() });
        }
        if lately.runs {
            told.push(ToPage::Runs);
        }
        // A page that missed nothing is answered, too: by that it knows that it has a seat.
        if !lately.fresh.is_empty() || told.is_empty() {
            told.push(ToPage::Freshness { kinds: lately.fresh });
        }
        told
    }

    fn follow(
        &self,
        key: ResourceKey,
        logs: &mut SelectAll<Events>,
        stops: &mut HashMap<ResourceKey, tokio::sync::oneshot::Sender<()>>,
    ) -> Option<ToPage> {
        let refused = decide(&self.actor, Permission::ReadTelemetry).err().or_else(|| {
            let many = stops.len() >= FOLLOWED && !stops.contains_key(&key);
            many.then(|| Problem::invalid("key", format!("A page follows at most {FOLLOWED} logs.")))
        });
        // Each may be a question to AWS, so it counts as a request.
        let refused = refused.or_else(|| self.web.rate.take(self.actor.person, Instant::now()).err());
        if let Some(problem) = refused {
            return Some(ToPage::LogProblem { key, problem });
        }
        let (before, receiver) = self.web.live.follow.join(&key);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        logs.push(Box::pin(of_log(&key, receiver).take_until(stopped)));
        stops.insert(key.clone(), stop);
        (!before.is_empty()).then_some(ToPage::Log { key, events: before, skipped: Skipped::default() })
    }
}

/// That anything that has no version may have changed: the freshness of all kinds, and runs.
fn without_version() -> [ToPage; 2] {
    [ToPage::Freshness { kinds: Kind::ALL.to_vec() }, ToPage::Runs]
}

/// What is told of a log. A page that was too slow for it is told so: it asks for the newest events.
fn of_log(key: &ResourceKey, receiver: broadcast::Receiver<Arc<ToPage>>) -> Events {
    let skipped = Skipped { count: 0, uncounted: true };
    let missed = Arc::new(ToPage::Log { key: key.clone(), events: vec![], skipped });
    Box::pin(BroadcastStream::new(receiver).map(move |event| event.unwrap_or_else(|_| missed.clone())))
}

async fn send(to_page: &mut futures::stream::SplitSink<WebSocket, Message>, message: Message) -> Result<(), ()> {
    match tokio::time::timeout(SEND, to_page.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;
    use domain::stream::LogEvent;

    #[tokio::test]
    async fn a_page_that_is_slower_than_what_happens_asks_for_everything_again() {
        for version in [0, 7] {
            let (sender, mut receiver) = broadcast::channel(2);
            let mut told = Told(version);
            for id in ["a", "b", "c"] {
                sender.send(ToPage::Run { id: id.into() }).unwrap();
            }
            let all = || Kind::ALL.to_vec();
            let changed = ToPage::Changed { version, keys: vec![], kinds: all() };
            let everything = vec![changed, ToPage::Freshness { kinds: all() }, ToPage::Runs];
            assert_eq!(told.heard(receiver.recv().await), Some(everything));
            assert_eq!(told.heard(receiver.recv().await), Some(vec![ToPage::Run { id: "b".into() }]));
        }
    }

    #[tokio::test]
    async fn a_page_that_is_slower_than_a_log_is_told_that_it_missed_some() {
        let key = ResourceKey::parse("lambda.function/111122223333/eu-west-1/a").unwrap();
        let line = LogEvent { id: "1".into(), at: Millis(1), stream: String::new(), message: String::new() };
        let news = || ToPage::Log { key: key.clone(), events: vec![line.clone()], skipped: Skipped::default() };
        let (sender, receiver) = broadcast::channel(2);
        let told = of_log(&key, receiver);
        for _ in 0..3 {
            sender.send(Arc::new(news())).unwrap();
        }
        drop(sender);
        let told: Vec<ToPage> = told.map(|message| (*message).clone()).collect().await;
        let missed = Skipped { count: 0, uncounted: true };
        assert_eq!(told, [ToPage::Log { key: key.clone(), events: vec![], skipped: missed }, news(), news()]);
    }
}
