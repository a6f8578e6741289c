//! The page's one connection to the server for what comes by itself: changes, log events, the end of the session.
//! On the server every function here does nothing.

use domain::ResourceKey;
use domain::stream::ToPage;
use leptos::prelude::*;
use std::time::Duration;

/// How the connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveState {
    /// Not yet open, or the page runs without scripts.
    Connecting,
    /// Changes come by themselves.
    Open,
    /// It broke and is being opened again.
    Lost,
    /// This person has as many pages open as may listen, without this one.
    Full,
    /// The session ended.
    SignedOut,
}

/// The connection's state, in context of every page.
#[derive(Clone, Copy, Debug)]
pub struct Live(pub RwSignal<LiveState>);

/// Opens the connection once the browser has taken over, and keeps it open. Called once, by the frame.
pub fn start() -> Live {
    let live = Live(RwSignal::new(LiveState::Connecting));
    #[cfg(feature = "hydrate")]
    Effect::new(move || browser::connect(live.0));
    live
}

/// Calls `heard` with each message until the current owner is cleaned up.
pub fn listen(heard: impl Fn(&ToPage) + 'static) {
    #[cfg(feature = "hydrate")]
    browser::listen(heard);
    #[cfg(not(feature = "hydrate"))]
    drop(heard);
}

/// Calls `then` when the connection broke and is open again: nobody tells what would have been told meanwhile. Until the current owner is
/// cleaned up.
pub fn reopened(then: impl Fn() + 'static) {
    let Some(Live(state)) = use_context::<Live>() else { return };
    Effect::new(move |before: Option<LiveState>| {
        let now = state.get();
        if matches!(before, Some(LiveState::Lost | LiveState::Full)) && now == LiveState::Open {
            untrack(&then);
        }
        now
    });
}

/// Calls `then` a `pause` after the first of the messages that matter, once for all that came until then, and after the connection was
/// broken, when they may have been missed. Until the current owner is cleaned up.
pub fn gather(pause: Duration, concerns: impl Fn(&ToPage) -> bool + 'static, then: impl Fn() + Clone + 'static) {
    let waiting = StoredValue::new(false);
    let wait = move || {
        if waiting.try_get_value() != Some(false) {
            return;
        }
        waiting.set_value(true);
        let then = then.clone();
        let end = move || {
            // Nothing if the page was left in the meantime.
            if waiting.try_set_value(false).is_none() {
                then();
            }
        };
        set_timeout(end, pause);
    };
    reopened(wait.clone());
    listen(move |message| {
        if concerns(message) {
            wait();
        }
    });
}

/// The same, as a number that counts up.
pub fn count(pause: Duration, concerns: impl Fn(&ToPage) -> bool + 'static) -> RwSignal<u32> {
    let count = RwSignal::new(0_u32);
    gather(pause, concerns, move || {
        count.try_update(|n| *n += 1);
    });
    count
}

/// What is told while a question about it is under way: who draws the answer listens from then on only, and the answer may be from before.
#[derive(Clone, Copy)]
pub struct Meanwhile {
    told: StoredValue<u32>,
    asked: StoredValue<u32>,
}

impl Meanwhile {
    /// Counts the messages that matter, until the current owner is cleaned up.
    pub fn listen(concerns: impl Fn(&ToPage) -> bool + 'static) -> Self {
        let told = StoredValue::new(0_u32);
        let tell = move || {
            told.try_update_value(|n| *n += 1);
        };
        reopened(tell);
        listen(move |message| {
            if concerns(message) {
                tell();
            }
        });
        Self { told, asked: StoredValue::new(0) }
    }
    /// The question is asked now.
    pub fn ask(self) {
        if let Some(told) = self.told.try_get_value() {
            self.asked.try_set_value(told);
        }
    }
    /// Whether something was told since the question was asked.
    pub fn missed(self) -> bool {
        self.told.try_get_value() != self.asked.try_get_value()
    }
}

/// Says which version of the store the page shows, so that nothing between rendering and connecting is missed.
pub fn have(version: i64) {
    #[cfg(feature = "hydrate")]
    browser::have(version);
    #[cfg(not(feature = "hydrate"))]
    let _ = version;
}

/// Follows the log of a function or log group until the current owner is cleaned up. Its events come to [`listen`].
pub fn follow_log(key: ResourceKey) {
    #[cfg(feature = "hydrate")]
    browser::follow_log(key);
    #[cfg(not(feature = "hydrate"))]
    drop(key);
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::LiveState;
    use domain::ResourceKey;
    use domain::stream::{FULL, FromPage, ToPage};
    use leptos::prelude::*;
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;
    use std::rc::Rc;
    use std::time::Duration;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{CloseEvent, MessageEvent, WebSocket};

    use crate::wire::RESTING;

    /// The longest wait before trying again, in milliseconds.
    const LONGEST_WAIT: u32 = 8000;
    /// How long a page beyond the most that may listen waits before it asks for a seat again, in milliseconds.
    const SEAT_WAIT: u32 = 30_000;

    type Listener = Rc<dyn Fn(&ToPage)>;

    thread_local! {
        static SOCKET: RefCell<Option<WebSocket>> = const { RefCell::new(None) };
        static LISTENERS: RefCell<BTreeMap<u32, Listener>> = const { RefCell::new(BTreeMap::new()) };
        static NEXT: Cell<u32> = const { Cell::new(0) };
        static VERSION: Cell<i64> = const { Cell::new(0) };
        static LOGS: RefCell<BTreeMap<String, (ResourceKey, u32)>> = const { RefCell::new(BTreeMap::new()) };
    }

    pub fn have(version: i64) {
        // The oldest that any part of the page shows would be safest; the latest is enough, because parts load together.
        VERSION.with(|v| v.set(v.get().max(version)));
    }

    pub fn listen(heard: impl Fn(&ToPage) + 'static) {
        let id = NEXT.with(|n| n.replace(n.get() + 1));
        LISTENERS.with_borrow_mut(|l| l.insert(id, Rc::new(heard)));
        on_cleanup(move || {
            LISTENERS.with_borrow_mut(|l| l.remove(&id));
        });
    }

    pub fn follow_log(key: ResourceKey) {
        let name = key.to_string();
        let first = LOGS.with_borrow_mut(|logs| {
            let entry = logs.entry(name.clone()).or_insert_with(|| (key.clone(), 0));
            entry.1 += 1;
            entry.1 == 1
        });
        if first {
            send(&FromPage::FollowLog { key });
        }
        on_cleanup(move || {
            let last = LOGS.with_borrow_mut(|logs| {
                let entry = logs.get_mut(&name)?;
                entry.1 -= 1;
                if entry.1 == 0 { logs.remove(&name).map(|(key, _)| key) } else { None }
            });
            if let Some(key) = last {
                send(&FromPage::UnfollowLog { key });
            }
        });
    }

    fn follow_later(key: ResourceKey) {
        let again = move || {
            if LOGS.with_borrow(|logs| logs.contains_key(&key.to_string())) {
                send(&FromPage::FollowLog { key });
            }
        };
        set_timeout(again, Duration::from_secs(2));
    }

    fn send(message: &FromPage) {
        let Ok(text) = serde_json::to_string(message) else { return };
        SOCKET.with_borrow(|socket| {
            if let Some(socket) = socket.as_ref().filter(|s| s.ready_state() == WebSocket::OPEN) {
                // A socket that breaks now is opened again, and asks for what it missed.
                let _ = socket.send_with_str(&text);
            }
        });
    }

    pub fn connect(state: RwSignal<LiveState>) {
        // A message may have a part of the page read anew. One that is still being taken over would then not be what the server sent, which ends
        // the taking over for good; parts that are loaded on demand are taken over after this runs first.
        let whole = document().document_element().is_some_and(|root| root.has_attribute("data-hydrated"));
        if whole { open(state, 250) } else { set_timeout(move || connect(state), Duration::from_millis(20)) }
    }

    fn open(state: RwSignal<LiveState>, wait: u32) {
        let location = window().location();
        let scheme = if location.protocol().as_deref() == Ok("https:") { "wss" } else { "ws" };
        // Nobody opens it by hand: it is opened again whenever it broke.
        let address = format!("{scheme}://{}/live?{RESTING}", location.host().unwrap_or_default());
        let Ok(socket) = WebSocket::new(&address) else { return };

        let opened = Closure::<dyn Fn()>::new(move || {
            send(&FromPage::Since { version: VERSION.with(Cell::get) });
            let logs: Vec<ResourceKey> = LOGS.with_borrow(|l| l.values().map(|(key, _)| key.clone()).collect());
            for key in logs {
                send(&FromPage::FollowLog { key });
            }
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));

        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let Some(text) = event.data().as_string() else { return };
            let Ok(message) = crate::wire::read::<ToPage>(&text) else { return };
            // The answer to what was asked when it opened: only then it has a seat.
            if state.get_untracked() != LiveState::Open {
                state.set(LiveState::Open);
            }
            match &message {
                ToPage::Changed { version, .. } => have(*version),
                ToPage::SignedOut => state.set(LiveState::SignedOut),
                // Too many requests for the moment: nothing follows it yet.
                ToPage::LogProblem { key, problem } if problem.code == domain::Code::Busy => follow_later(key.clone()),
                ToPage::Freshness { .. }
                | ToPage::Run { .. }
                | ToPage::Runs
                | ToPage::Log { .. }
                | ToPage::LogProblem { .. } => {}
            }
            let listeners: Vec<Listener> = LISTENERS.with_borrow(|l| l.values().cloned().collect());
            for listener in listeners {
                listener(&message);
            }
        });
        socket.set_onmessage(Some(heard.as_ref().unchecked_ref()));

        let closed = Closure::<dyn Fn(CloseEvent)>::new(move |event: CloseEvent| {
            if state.get_untracked() == LiveState::SignedOut {
                return;
            }
            if event.code() == FULL {
                state.set(LiveState::Full);
                set_timeout(move || open(state, 250), Duration::from_millis(u64::from(SEAT_WAIT)));
                return;
            }
            // After it was open once the first try comes at once.
            let wait = if state.get_untracked() == LiveState::Open { 250 } else { wait };
            state.set(LiveState::Lost);
            set_timeout(move || open(state, (wait * 2).min(LONGEST_WAIT)), Duration::from_millis(u64::from(wait)));
        });
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));

        // They live as long as the page: a handful of reconnects cost a few hundred bytes each.
        opened.forget();
        heard.forget();
        closed.forget();
        SOCKET.set(Some(socket));
    }
}
