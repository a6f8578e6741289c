//! The draft of a wizard, what was looked up for it, and the plan that follows from both.

use domain::plan::{Answers, Facts, FieldErrors, Plan, Subject};
use domain::policy::{Permission, decide};
use domain::{Problem, Scope};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

use super::browser;
use super::keep::{Keeper, Place};
use super::origin;
use super::recall::{fill, recall};
use crate::api::Boot;
use crate::error::AppError;
use crate::paths::Scopes;
use crate::plan::api::look_up;
use crate::ui::now_or;

/// How long after the last key something is looked up.
const PAUSE: Duration = Duration::from_millis(300);

/// What a person has entered so far, as the form holds it: richer than the answers, which only say what is wanted.
pub trait Draft: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The wizard's name; the draft is kept under it.
    const NAME: &'static str;
    /// The answers, and what is wrong with entries that do not reach them, by field.
    fn answers(&self, scope: &Scope) -> (Answers, FieldErrors);
    /// The form that gives these answers; nothing when they are another wizard's.
    fn from_answers(answers: &Answers) -> Option<Self>;
}

/// A draft and where it is to happen: what is kept ([`super::keep`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept<D> {
    /// Account and region.
    pub scope: Scope,
    /// What was entered.
    #[serde(flatten)]
    pub form: D,
}

/// A part of a draft as a signal, which tells of no change of the other parts.
pub fn part<D: Draft, T: Clone + PartialEq + Send + Sync + 'static>(
    draft: RwSignal<Kept<D>>,
    get: impl Fn(&D) -> T + Send + Sync + 'static,
) -> Signal<T> {
    Memo::new(move |_| draft.with(|kept| get(&kept.form))).into()
}

/// How far the plan knows what there is.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// Nothing is asked while the answers are wrong, or of somebody who may not.
    Idle,
    /// AWS is being asked.
    Asking,
    /// The plan takes into account what there is.
    Known,
    /// AWS could not be asked.
    Failed(Problem),
}

type Question = (Scope, Vec<Subject>);

/// What is wrong with the fields of a form, shown beside each once somebody was there, or has typed what nothing can mend; in the context of
/// its fields.
#[derive(Clone, Copy)]
pub struct Messages {
    errors: Signal<FieldErrors>,
    touched: RwSignal<BTreeSet<String>>,
    tried: RwSignal<bool>,
}

impl Messages {
    /// Of a form with these errors.
    pub fn new(errors: Signal<FieldErrors>) -> Self {
        Self { errors, touched: RwSignal::new(BTreeSet::new()), tried: RwSignal::new(false) }
    }
    /// The message beside a field: once it was touched, or all were asked for, or when it holds a dead end.
    pub fn message(self, field: &str, dead_end: bool) -> Option<String> {
        if !dead_end && !self.tried.get() && !self.touched.with(|t| t.contains(field)) {
            return None;
        }
        self.errors.with(|errors| errors.get(field).cloned())
    }
    /// Somebody was at this field. One that is taken away with its form loses the focus after the form is gone.
    pub fn touch(self, field: &str) {
        if self.touched.try_with_untracked(|t| t.contains(field)) == Some(false) {
            self.touched.update(|t| {
                t.insert(field.to_owned());
            });
        }
    }
    /// Nobody was at the fields whose names begin so: others come under them.
    pub fn untouch(self, beginning: &str) {
        self.touched.update(|t| t.retain(|field| !field.starts_with(beginning)));
    }
    /// Nothing is wrong.
    pub fn is_right(self) -> bool {
        self.errors.with_untracked(FieldErrors::is_empty)
    }
    /// From now on every message shows.
    pub fn show_all(self) {
        self.tried.set(true);
    }
    /// As if nobody had been there.
    pub fn forget(self) {
        self.touched.update(BTreeSet::clear);
        self.tried.set(false);
    }
}

/// A wizard while it is filled in; in the context of its forms.
#[derive(Clone, Copy)]
pub struct Wizard {
    /// What it asks the plan of.
    pub answers: Memo<Answers>,
    /// The plan as far as it is known, or what is wrong.
    pub plan: Memo<Result<Plan, FieldErrors>>,
    /// How far that is.
    pub lookup: Memo<Lookup>,
    /// Something was entered.
    pub edited: Memo<bool>,
    /// The draft that was kept is there: in the browser, once the server has answered or did not.
    pub recalled: RwSignal<bool>,
    /// Where the draft is kept.
    pub place: RwSignal<Place>,
    /// The run whose answers it was filled with.
    pub origin: RwSignal<Option<Result<origin::Origin, AppError>>>,
    /// The run whose answers are to be had instead of the draft that is there.
    pub offer: RwSignal<Option<origin::Origin>>,
    /// Takes them, or keeps the draft.
    pub take_offer: Callback<bool>,
    /// Where it is to happen.
    pub scope: Memo<Scope>,
    /// Chooses another place.
    pub choose_scope: Callback<Scope>,
    /// Forgets what was entered; keeps the place.
    pub start_again: Callback<()>,
    /// Keeps it until then.
    pub keeper: StoredValue<Keeper>,
    /// Looks up once more.
    pub retry: Callback<()>,
    /// The messages beside its fields.
    pub messages: Messages,
    refused: RwSignal<Option<(Answers, FieldErrors)>>,
}

impl Wizard {
    /// What the server found wrong may be right by now.
    pub fn forgive(self) {
        self.refused.set(None);
    }
    /// What the server finds wrong with these answers, which the browser did not know.
    pub fn refuse(self, answers: Answers, errors: FieldErrors) {
        self.refused.set(Some((answers, errors)));
    }
}

/// Where a new thing goes at first: the account and region one looks at, else the first there is.
pub fn first_scope(boot: &Boot, scopes: &Scopes) -> Option<Scope> {
    let accounts = &boot.instance.accounts;
    let account = scopes.accounts.iter().find(|id| accounts.iter().any(|(a, _)| a == *id));
    let region = scopes.regions.iter().find(|region| boot.instance.regions.contains(region));
    let account = account.or(accounts.first().map(|(id, _)| id))?;
    let region = region.or(boot.instance.regions.first())?;
    Some(Scope::new(account.clone(), region.clone()))
}

/// An account without a connection is no place any more.
pub fn is_reachable(boot: &Boot, scope: &Scope) -> bool {
    boot.instance.accounts.iter().any(|(id, _)| *id == scope.account) && boot.instance.regions.contains(&scope.region)
}

/// Keeps a draft, and makes its plan at every change. The first draft is empty, as on the server; the one that was kept comes with
/// the first effects.
pub fn start<D: Draft>(scope: Scope) -> (RwSignal<Kept<D>>, Wizard) {
    let boot = expect_context::<Boot>();
    let kept = RwSignal::new(Kept { scope, form: D::default() });
    let recalled = RwSignal::new(false);
    let keeper = Keeper::new(D::NAME, boot.actor.as_ref().map_or(0, |actor| actor.person));

    let read = Memo::new(move |_| kept.with(|k| k.form.answers(&k.scope)));
    let answers = Memo::new(move |_| read.with(|(answers, _)| answers.clone()));
    let own_errors = Memo::new(move |_| read.with(|(_, errors)| errors.clone()));
    let refused: RwSignal<Option<(Answers, FieldErrors)>> = RwSignal::new(None);
    let looked: RwSignal<Option<(Question, Result<Facts, Problem>)>> = RwSignal::new(None);
    let again = RwSignal::new(0_u32);

    let question = Memo::new(move |_| answers.with(|a| (a.scope.clone(), a.subjects())));
    let plan = Memo::new(move |_| {
        let mut wrong = own_errors.get();
        let facts = looked.with(|looked| match looked {
            Some((about, Ok(facts))) if question.with(|q| q == about) => facts.clone(),
            _ => Facts::default(),
        });
        let made = answers.with(|a| browser::timed("gantry:plan", || a.plan(&facts)));
        refused.with(|refused| match refused {
            Some((of, errors)) if answers.with(|a| a == of) => wrong.extend(errors.clone()),
            _ => {}
        });
        match made {
            Ok(plan) if wrong.is_empty() => Ok(plan),
            Ok(_) => Err(wrong),
            Err(errors) => {
                // What the form itself says is nearer to what was typed.
                for (field, message) in errors {
                    wrong.entry(field).or_insert(message);
                }
                Err(wrong)
            }
        }
    });
    // What there is may stand in the way of a plan; then the answers are judged without it, or nothing would be looked up again.
    let sound = Memo::new(move |_| {
        plan.with(Result::is_ok)
            || own_errors.with(FieldErrors::is_empty) && answers.with(|a| a.plan(&Facts::default()).is_ok())
    });
    let may = boot.actor.as_ref().is_some_and(|actor| decide(actor, Permission::ChangeAws).is_ok());
    let lookup = Memo::new(move |_| {
        let asked = looked.with(|looked| match looked {
            Some((about, answer)) if question.with(|q| q == about) => {
                Some(answer.as_ref().map(|_| ()).map_err(Clone::clone))
            }
            _ => None,
        });
        match asked {
            Some(Ok(())) => Lookup::Known,
            Some(Err(problem)) => Lookup::Failed(problem),
            None if question.with(|(_, subjects)| subjects.is_empty()) && sound.get() => Lookup::Known,
            None if may && sound.get() => Lookup::Asking,
            None => Lookup::Idle,
        }
    });

    let waiting: StoredValue<Option<TimeoutHandle>> = StoredValue::new(None);
    let stop_waiting = move || {
        if let Some(handle) = waiting.try_get_value().flatten() {
            handle.clear();
        }
    };
    Effect::new(move || {
        again.track();
        let asked = question.get();
        stop_waiting();
        let known = looked.with_untracked(|looked| looked.as_ref().is_some_and(|(about, _)| *about == asked));
        if !may || known || asked.1.is_empty() || !sound.get() {
            return;
        }
        let ask = move || {
            spawn_local(async move {
                let answer = look_up(asked.0.clone(), asked.1.clone()).await.map_err(|e| e.0);
                // Somebody who types on has asked something else meanwhile.
                if question.try_get_untracked().as_ref() == Some(&asked) {
                    looked.try_set(Some((asked, answer)));
                }
            });
        };
        waiting.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    });
    on_cleanup(stop_waiting);
    // A memo: each field has a part in it, and would be asked again at every plan.
    let errors = Memo::new(move |_| plan.with(|p| p.as_ref().err().cloned().unwrap_or_default()));
    let messages = Messages::new(errors.into());
    provide_context(messages);
    let origin = RwSignal::new(None);
    let offer: RwSignal<Option<origin::Origin>> = RwSignal::new(None);
    let offered: StoredValue<Option<Kept<D>>> = StoredValue::new(None);
    let take_offer = Callback::new(move |take: bool| {
        let (run, filled) = (offer.get_untracked(), offered.try_get_value().flatten());
        offer.set(None);
        offered.set_value(None);
        if let (true, Some(run), Some(filled)) = (take, run, filled) {
            fill(kept, messages, origin, run, filled);
        }
    });
    let wizard = Wizard {
        answers,
        plan,
        lookup,
        edited: Memo::new(move |_| kept.with(|k| k.form != D::default())),
        recalled,
        place: keeper.place,
        keeper: StoredValue::new(keeper.clone()),
        origin,
        offer,
        take_offer,
        scope: Memo::new(move |_| kept.with(|k| k.scope.clone())),
        choose_scope: Callback::new(move |scope| kept.update(|k| k.scope = scope)),
        start_again: Callback::new(move |()| {
            kept.update(|k| k.form = D::default());
            messages.forget();
            refused.set(None);
            origin.set(None);
        }),
        retry: Callback::new(move |()| {
            looked.set(None);
            again.update(|n| *n += 1);
        }),
        messages,
        refused,
    };
    provide_context(wizard);
    recall(keeper.clone(), kept, offered, wizard);
    let made = boot.now;
    Effect::new(move |before: Option<()>| {
        let now = kept.get();
        // The first is the empty one, before what was kept is there.
        if before.is_some() {
            let body = (now.form != D::default()).then(|| serde_json::to_value(&now).unwrap_or_default());
            keeper.changed(body, untrack(|| now_or(made)));
        }
    });
    (kept, wizard)
}
