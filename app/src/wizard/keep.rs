//! Keeps a draft: at once in this browser, so that a lost connection loses nothing, and soon after on the server, so that another device goes
//! on with it. Where both have one, the newer wins. A draft never holds secrets: wizards refer to those.

use domain::{Millis, Problem};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::browser;
use crate::plan::api::{forget_draft, get_draft, keep_draft};

/// How long after the last change the server is told.
const PAUSE: Duration = Duration::from_secs(1);
/// After how long a server that did not answer is told again.
const AGAIN: Duration = Duration::from_secs(10);

/// Where a draft is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// In this browser; the server will have it in a moment.
    Browser,
    /// On the server, too.
    Account,
    /// In this browser only: the server does not take it.
    Only(Problem),
}

/// What this browser has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Local {
    /// The draft; none when it was forgotten.
    body: Option<Value>,
    /// When it was changed last, by the server's clock as far as the browser knows it.
    changed: Millis,
    /// The moment of the server's draft that it followed.
    base: Option<Millis>,
    /// The server has the same.
    there: bool,
}

impl Local {
    /// Whether this one counts, when the server has one of that moment, or none.
    fn counts(&self, server: Option<Millis>) -> bool {
        match server {
            _ if self.there => false,
            // Nobody has changed it there since.
            same if same == self.base => true,
            Some(saved) => self.changed > saved,
            // Forgotten elsewhere, while somebody went on here.
            None => self.body.is_some(),
        }
    }
}

struct State {
    local: Local,
    /// The server is being told.
    busy: bool,
    timer: Option<TimeoutHandle>,
}

/// The keeper of one person's draft of one wizard.
#[derive(Clone)]
pub struct Keeper {
    wizard: &'static str,
    /// Of this person: others may use the same browser.
    name: String,
    // Not of the page: what is told to the server as one leaves it ends after it.
    state: Arc<Mutex<State>>,
    /// Where the draft is.
    pub place: RwSignal<Place>,
}

impl Keeper {
    /// Of a wizard and a person.
    pub fn new(wizard: &'static str, person: i64) -> Self {
        let name = format!("{person}-{wizard}");
        let state = State { local: Local::default(), busy: false, timer: None };
        Self { wizard, name, state: Arc::new(Mutex::new(state)), place: RwSignal::new(Place::Browser) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, local: &Local) {
        let nothing = local.there && local.body.is_none();
        let text = if nothing { None } else { serde_json::to_string(local).ok() };
        browser::keep(&self.name, text.as_deref());
    }

    /// What this browser has.
    pub fn recall(&self) -> Option<Value> {
        let local = browser::recall(&self.name).and_then(|text| crate::wire::read::<Local>(&text).ok())?;
        self.state().local = local.clone();
        local.body
    }

    /// The server's draft, when it counts more than what this browser has: `Some(None)` when it was forgotten there.
    pub async fn reconcile(&self) -> Option<Option<Value>> {
        let answer = get_draft(self.wizard.to_owned()).await;
        let kept = match answer {
            Ok(kept) => kept,
            Err(error) => {
                self.place.try_set(Place::Only(error.0));
                self.later(AGAIN);
                return None;
            }
        };
        let saved = kept.as_ref().map(|kept| kept.saved);
        let mut state = self.state();
        let untouched = state.local == Local::default();
        if !untouched && state.local.counts(saved) {
            state.local.base = saved;
            drop(state);
            self.send();
            return None;
        }
        let body = kept.map(|kept| kept.body);
        let changed = saved.unwrap_or_default();
        let same = state.local.body == body;
        state.local = Local { body: body.clone(), changed, base: saved, there: true };
        self.store(&state.local);
        drop(state);
        self.place.try_set(Place::Account);
        (!same).then_some(body)
    }

    /// The form is like this now; nothing when it is empty.
    pub fn changed(&self, body: Option<Value>, now: Millis) {
        {
            let mut state = self.state();
            if state.local.body == body {
                return;
            }
            state.local = Local { body, changed: now, base: state.local.base, there: false };
            self.store(&state.local);
        }
        self.place.try_set(Place::Browser);
        self.later(PAUSE);
    }

    /// Forgets what was made of it, unless somebody has changed it since it was `sent`. The page that it was entered on may be gone.
    pub fn forget(&self, sent: &Option<Value>, now: Millis) {
        if self.recall() == *sent {
            self.changed(None, now);
        }
    }

    fn later(&self, pause: Duration) {
        let keeper = self.clone();
        let handle = set_timeout_with_handle(move || keeper.send(), pause).ok();
        if let Some(before) = std::mem::replace(&mut self.state().timer, handle) {
            before.clear();
        }
    }

    /// Tells the server now, if it does not know.
    pub fn send(&self) {
        let body = {
            let mut state = self.state();
            if let Some(timer) = state.timer.take() {
                timer.clear();
            }
            if state.busy || state.local.there || state.local == Local::default() {
                return;
            }
            state.busy = true;
            state.local.body.clone()
        };
        let keeper = self.clone();
        spawn_local(async move {
            let wizard = keeper.wizard.to_owned();
            let told = match body.clone() {
                Some(body) => keep_draft(wizard, body).await.map(Some),
                None => forget_draft(wizard).await.map(|()| None),
            };
            keeper.told(body.as_ref(), told.map_err(|error| error.0));
        });
    }

    fn told(&self, body: Option<&Value>, told: Result<Option<Millis>, Problem>) {
        let mut state = self.state();
        state.busy = false;
        match told {
            Ok(saved) => {
                state.local.base = saved;
                state.local.there = state.local.body.as_ref() == body;
                self.store(&state.local);
                let there = state.local.there;
                drop(state);
                if there {
                    self.place.try_set(Place::Account);
                } else {
                    self.later(PAUSE);
                }
            }
            Err(problem) => {
                drop(state);
                let again = problem.retryable();
                // A page that was left waits for nothing more: the next one begins with what the browser has.
                if self.place.try_set(Place::Only(problem)).is_none() && again {
                    self.later(AGAIN);
                }
            }
        }
    }

    /// Tells the server at once when the page is left or its tab hidden: it may not come back.
    pub fn watch(&self) {
        let keeper = self.clone();
        let hidden = window_event_listener_untyped("visibilitychange", move |_| keeper.send());
        let keeper = self.clone();
        on_cleanup(move || {
            hidden.remove();
            keeper.send();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_drafts_the_newer_counts_and_nothing_that_was_typed_is_lost() {
        let at = |ms| Some(Millis(ms));
        let local = |changed, base, there| Local { body: Some(1.into()), changed: Millis(changed), base, there };
        assert!(!local(5, at(3), true).counts(at(3)), "the same is on the server");
        assert!(!local(5, at(3), true).counts(None), "forgotten elsewhere");
        assert!(local(5, at(3), false).counts(at(3)), "only changed here, whatever the clocks say");
        assert!(local(5, at(9), false).counts(at(9)));
        assert!(local(5, at(3), false).counts(at(4)) && !local(5, at(3), false).counts(at(6)), "changed in both");
        assert!(local(5, None, false).counts(None) && local(5, at(3), false).counts(None));
        let forgotten = Local { body: None, ..local(5, at(3), false) };
        assert!(forgotten.counts(at(3)) && !forgotten.counts(at(6)) && !forgotten.counts(None));
    }
}
