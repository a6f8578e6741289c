//! What tabs and pages of any service read live from AWS when they are opened.

use domain::ecr::subject::Subject as Ecr;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, Subject};
use domain::{Problem, Scope};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

use crate::error::AppError;
use crate::plan::acts::Acts;
use crate::plan::api::look_up;
use crate::ui::{ProblemNote, Skeleton};
use crate::wire::ask;

/// Reads these and shows them, with a button to read again; `view` makes the content once they are there.
pub fn read(
    scope: Scope,
    subjects: Vec<Ecr>,
    view: impl Fn(&Facts, Reread) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    read_or(scope, subjects, view, |problem| problem)
}

/// The same; `without` puts the problem beside what can be shown all the same.
pub fn read_or(
    scope: Scope,
    subjects: Vec<Ecr>,
    view: impl Fn(&Facts, Reread) -> AnyView + Clone + Send + Sync + 'static,
    without: impl Fn(AnyView) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    let subjects = subjects.into_iter().map(Subject::Ecr).collect();
    read_any_or(scope, subjects, Vec::new, view, without)
}

/// The same for subjects of any service.
pub fn read_any(
    scope: Scope,
    subjects: Vec<Subject>,
    view: impl Fn(&Facts, Reread) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    read_following(scope, subjects, Vec::new, view)
}

/// The same, read again whenever `told` differs: what the page knows besides.
pub fn read_following(
    scope: Scope,
    subjects: Vec<Subject>,
    told: impl Fn() -> Vec<Value> + Send + Sync + 'static,
    view: impl Fn(&Facts, Reread) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    read_any_or(scope, subjects, told, view, |problem| problem)
}

fn read_any_or(
    scope: Scope,
    subjects: Vec<Subject>,
    told: impl Fn() -> Vec<Value> + Send + Sync + 'static,
    view: impl Fn(&Facts, Reread) -> AnyView + Clone + Send + Sync + 'static,
    without: impl Fn(AnyView) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView {
    let again = RwSignal::new(0_u32);
    let reread = Reread {
        again,
        asked: StoredValue::new((scope.clone(), subjects.clone())),
        shown: StoredValue::new(None),
        untold: RwSignal::new(None),
    };
    after_applied(scope.clone(), move |_| {
        spawn_local(async move {
            reread.if_it_differs().await;
        });
    });
    let answer = ask(
        move || (scope.clone(), subjects.clone(), again.get(), told()),
        |(scope, subjects, ..)| async move { look_up(scope, subjects).await },
    );
    view! {
        {move || reread.untold.get().map(|problem| failed(problem, reread))}
        <Transition fallback=|| view! { <Skeleton lines=6/> }>
            {move || {
                let (view, without) = (view.clone(), without.clone());
                Suspend::new(async move {
                    let answer = answer.await;
                    if reread.untold.try_with_untracked(Option::is_some) == Some(true) {
                        reread.untold.try_set(None);
                    }
                    match answer {
                        Ok(facts) => {
                            let content = view(&facts, reread);
                            reread.shown.try_set_value(Some(facts));
                            content
                        }
                        Err(AppError(problem)) => {
                            reread.shown.try_set_value(None);
                            without(failed(problem, reread))
                        }
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// Calls `then` with the answers of each plan for this place that is applied from now on, until the current owner is cleaned up.
pub fn after_applied(scope: Scope, then: impl Fn(&Answers) + 'static) {
    let Some(acts) = use_context::<Acts>() else { return };
    let applied = acts.applied();
    Effect::new(move |first: Option<()>| {
        let answers = applied.get();
        // What was applied before is part of what was read.
        let new = answers.filter(|answers| first.is_some() && answers.scope == scope);
        if let Some(answers) = new {
            untrack(|| then(&answers));
        }
    });
}

/// Whether the last plan that was applied is of these answers, whatever was insisted on: what is recalled may have been applied while
/// nothing of its form was there to hear of it.
pub fn was_applied(scope: &Scope, mut form: Form) -> bool {
    form.afresh();
    let same = |applied: &Answers| {
        let mut last = applied.form.clone();
        last.afresh();
        applied.scope == *scope && last == form
    };
    use_context::<Acts>()
        .is_some_and(|acts| acts.applied().with_untracked(|applied| applied.as_ref().is_some_and(same)))
}

/// Reads again.
#[derive(Clone, Copy)]
pub struct Reread {
    again: RwSignal<u32>,
    asked: StoredValue<(Scope, Vec<Subject>)>,
    /// What the content is of.
    shown: StoredValue<Option<Facts>>,
    /// Why it could not be told whether that is still so.
    untold: RwSignal<Option<Problem>>,
}

impl Reread {
    /// Now.
    pub fn now(self) {
        self.again.try_update(|n| *n += 1);
    }

    /// After each such pause, until AWS says something else than what is shown, or refuses. Ends with the owner that it is called under.
    pub fn until_it_differs(self, pause: Duration) {
        let asked = RwSignal::new(0_u32);
        // In a browser only.
        Effect::new(move || {
            asked.track();
            let ask = move || {
                spawn_local(async move {
                    if self.if_it_differs().await {
                        asked.try_update(|n| *n += 1);
                    }
                });
            };
            if let Ok(timer) = set_timeout_with_handle(ask, pause) {
                on_cleanup(move || timer.clear());
            }
        });
    }

    /// Drawn anew only where something differs, for somebody may be typing. Whether nothing does.
    async fn if_it_differs(self) -> bool {
        let Some((scope, subjects)) = self.asked.try_get_value() else { return false };
        match (look_up(scope, subjects).await, self.shown.try_get_value().flatten()) {
            (Ok(new), Some(known)) if known.say_the_same_as(&new) => {
                self.untold.try_set(None);
                return true;
            }
            (Err(AppError(problem)), Some(_)) => {
                self.untold.try_set(Some(problem));
            }
            _ => self.now(),
        }
        false
    }
}

fn failed(problem: Problem, again: Reread) -> AnyView {
    view! {
        <ProblemNote problem=problem/>
        <p class="after-note"><button class="btn small" r#type="button" on:click=move |_| again.now()>"Ask AWS again"</button></p>
    }
    .into_any()
}

/// The state of a subject as its type; `None` when it does not exist.
pub fn state<T: DeserializeOwned>(facts: &Facts, subject: Ecr) -> Option<T> {
    document(facts, subject).and_then(|value| serde_json::from_value(value).ok())
}

/// The state of a subject; `None` when it does not exist.
pub fn document(facts: &Facts, subject: Ecr) -> Option<Value> {
    facts.of(&Subject::Ecr(subject)).flatten().cloned()
}
