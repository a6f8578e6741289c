//! Follows the run of a single act to its end, in its dialog or after that was closed.

use domain::Problem;
use domain::plan::Answers;
use domain::plan::run::State;
use domain::plan::service::RunView;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

use super::api::get_run;
use crate::live;

/// How long a run that goes on is left unasked.
const UNHEARD: Duration = Duration::from_secs(2);

/// Asks how the run with this id goes until it rests, and shows each answer.
pub fn follow(begun: RwSignal<Option<String>>, show: impl Fn(Result<RunView, Problem>) + Copy + 'static) {
    let again = RwSignal::new(0_u32);
    live::listen(move |message| {
        let shown = |begun: &Option<String>| begun.as_ref().is_some_and(|id| message.is_of_run(id));
        if begun.try_with_untracked(shown) == Some(true) {
            again.try_update(|n| *n += 1);
        }
    });
    Effect::new(move || {
        again.track();
        let Some(id) = begun.get() else { return };
        spawn_local(async move {
            let answer = get_run(id.clone()).await;
            if begun.try_get_untracked().flatten() != Some(id) {
                return;
            }
            let goes_on = match answer {
                Ok(view) => {
                    let live = view.run.state.is_live();
                    show(Ok(view));
                    live
                }
                Err(error) if error.0.retryable() => true,
                Err(error) => {
                    show(Err(error.0));
                    false
                }
            };
            if goes_on {
                set_timeout(
                    move || {
                        again.try_update(|n| *n += 1);
                    },
                    UNHEARD,
                );
            }
        });
    });
}

/// The same for a run that no dialog shows: tabs read again what it `applied`.
pub fn follow_unseen(id: String, answers: Answers, applied: RwSignal<Option<Answers>>) {
    let ask = move || {
        spawn_local(async move {
            match get_run(id.clone()).await {
                Ok(view) if view.run.state == State::Applied => {
                    applied.try_set(Some(answers));
                }
                Ok(view) if view.run.state.is_live() => follow_unseen(id, answers, applied),
                Err(error) if error.0.retryable() => follow_unseen(id, answers, applied),
                Ok(_) | Err(_) => {}
            }
        });
    };
    set_timeout(ask, UNHEARD);
}
