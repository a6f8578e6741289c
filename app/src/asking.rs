//! Questions that a page asks the server again and again: one at a time, and ever less often while it refuses.

use leptos::prelude::*;
use leptos::task::spawn_local;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::AppError;

/// The first pause before a question that was refused for the moment is asked again; it doubles each time.
const AGAIN: Duration = Duration::from_secs(2);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(32);

/// What a signal says once it has said the same for so long: what the server is asked about does not follow each key.
pub fn at_rest<T: Clone + PartialEq + Send + Sync + 'static>(of: Memo<T>, pause: Duration) -> Memo<T> {
    let rested = RwSignal::new(of.get_untracked());
    let waiting: StoredValue<Option<TimeoutHandle>> = StoredValue::new(None);
    let stop = move || {
        if let Some(handle) = waiting.try_get_value().flatten() {
            handle.clear();
        }
    };
    Effect::new(move || {
        let now = of.get();
        stop();
        let rest = move || {
            rested.try_set(now);
        };
        waiting.set_value(set_timeout_with_handle(rest, pause).ok());
    });
    on_cleanup(stop);
    Memo::new(move |_| rested.get())
}

/// The pause before what was refused so often, one after the other, is asked again.
fn pause(refused: u32) -> Duration {
    AGAIN.saturating_mul(1 << refused.min(16)).min(LONGEST)
}

/// Whether an answer, where there is one, is a refusal that passes.
pub fn refused<T>(answer: &Option<Result<T, AppError>>) -> Option<bool> {
    answer.as_ref().map(|answer| answer.as_ref().is_err_and(|AppError(problem)| problem.retryable()))
}

/// Has a page that shows a refusal in place of its answer ask again by itself: `again` counts up, ever more seldom, while it is refused for the
/// moment.
pub fn until_answered(again: RwSignal<u32>, refused: impl Fn() -> Option<bool> + 'static) {
    let times = StoredValue::new(0_u32);
    Effect::new(move || match refused() {
        Some(true) => {
            let so_often = times.get_value();
            times.set_value(so_often.saturating_add(1));
            if let Ok(timer) = set_timeout_with_handle(move || once_taken_over(again), pause(so_often)) {
                on_cleanup(move || timer.clear());
            }
        }
        Some(false) => times.set_value(0),
        None => {}
    });
}

/// Counts up, once the browser has taken the page over: what is drawn anew before is not what the server sent.
fn once_taken_over(again: RwSignal<u32>) {
    if document().document_element().is_some_and(|root| root.has_attribute("data-hydrated")) {
        again.try_update(|n| *n = n.wrapping_add(1));
    } else {
        set_timeout(move || once_taken_over(again), AGAIN);
    }
}

/// A question that is under way.
#[derive(Debug, Default)]
struct Turn {
    /// It was asked again meanwhile: the answer under way may be from before the change that this is about.
    once_more: bool,
    /// How often it was refused, one after the other.
    refused: u32,
}

/// What is being asked, by what it is about.
#[derive(Debug)]
struct Turns<K>(BTreeMap<K, Turn>);

impl<K: Ord> Turns<K> {
    /// Whether the question is asked now. One that is under way, or pauses, is asked once more afterwards.
    fn begin(&mut self, about: K) -> bool {
        match self.0.get_mut(&about) {
            Some(turn) => {
                turn.once_more = true;
                false
            }
            None => self.0.insert(about, Turn::default()).is_none(),
        }
    }

    /// It was answered, or `refused` for the moment. After which pause it is asked again, if it is.
    fn end(&mut self, about: &K, refused: bool) -> Option<Duration> {
        let turn = self.0.get_mut(about)?;
        if refused {
            let pause = pause(turn.refused);
            *turn = Turn { once_more: false, refused: turn.refused.saturating_add(1) };
            return Some(pause);
        }
        if !std::mem::take(turn).once_more {
            self.0.remove(about);
            return None;
        }
        Some(Duration::ZERO)
    }
}

/// Asks the server one question at a time about each thing, once more when it is asked during an answer, and again after a
/// refusal that passes. Ends with the owner that made it.
pub struct Asking<K: 'static>(StoredValue<Turns<K>>);

impl<K: 'static> Clone for Asking<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: 'static> Copy for Asking<K> {}

impl<K: Send + Sync + 'static> Default for Asking<K> {
    fn default() -> Self {
        Self(StoredValue::new(Turns(BTreeMap::new())))
    }
}

impl<K: Ord + Clone + Send + Sync + 'static> Asking<K> {
    /// Whether a question about it is under way or pauses.
    pub fn is_under_way(self, about: &K) -> bool {
        self.0.try_with_value(|turns| turns.0.contains_key(about)).unwrap_or(true)
    }

    /// Asks. The question shows its answer itself, and answers with the refusal.
    pub fn ask<F>(self, about: K, question: impl Fn() -> F + 'static)
    where
        F: Future<Output = Result<(), AppError>> + 'static,
    {
        if self.0.try_update_value(|turns| turns.begin(about.clone())) == Some(true) {
            self.go_on(about, question);
        }
    }

    fn go_on<F>(self, about: K, question: impl Fn() -> F + 'static)
    where
        F: Future<Output = Result<(), AppError>> + 'static,
    {
        spawn_local(async move {
            let refused = question().await.is_err_and(|AppError(problem)| problem.retryable());
            match self.0.try_update_value(|turns| turns.end(&about, refused)).flatten() {
                None => {}
                Some(Duration::ZERO) => self.go_on(about, question),
                Some(pause) => set_timeout(move || self.go_on(about, question), pause),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_during_an_answer_is_asked_for_once_more() {
        let mut turns = Turns(BTreeMap::new());
        assert!(turns.begin(1) && turns.begin(2), "each thing by itself");
        assert!(!turns.begin(1) && !turns.begin(1));
        assert_eq!(turns.end(&1, false), Some(Duration::ZERO), "the answer may be from before");
        assert!(!turns.begin(1), "the second question is under way");
        assert_eq!(turns.end(&1, false), Some(Duration::ZERO));
        assert_eq!(turns.end(&1, false), None);
        assert!(turns.begin(1), "nothing is under way now");
        assert_eq!(turns.end(&2, false), None);
    }

    #[test]
    fn a_server_that_is_busy_is_asked_ever_less_often() {
        let mut turns = Turns(BTreeMap::new());
        assert!(turns.begin(()));
        let pauses = [2, 4, 8, 16, 32, 32].map(Duration::from_secs);
        for pause in pauses {
            assert!(!turns.begin(()), "news during the pause asks nothing by itself");
            assert_eq!(turns.end(&(), true), Some(pause));
        }
        assert_eq!(turns.end(&(), false), None, "what was asked after the news is new enough");
        assert!(turns.begin(()));
        assert_eq!(turns.end(&(), true), Some(AGAIN), "an answer ends the patience");
    }
}
