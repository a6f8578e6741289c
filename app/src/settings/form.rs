//! Fields of the settings' forms: label, hint, and the problem beside the field it is about.

use domain::policy::Role;
use domain::{Code, Problem};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::error::AppError;
use crate::sign_in::Confirm;
use crate::ui::ProblemNote;

/// The problem of the last try, if it failed.
pub fn failure<T: Clone + Send + Sync + 'static>(value: Option<Result<T, AppError>>) -> Option<Problem> {
    value.and_then(Result::err).map(|e| e.0)
}

/// Whether the last try succeeded.
pub fn succeeded<S>(action: ServerAction<S>) -> bool
where
    S: ServerFn + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
    S::Error: Send + Sync + 'static,
{
    action.value().with(|answer| matches!(answer, Some(Ok(_))))
}

/// Counts how often there was an answer other than the wish for the password, with which it goes on. Made once, outside of what follows it.
pub fn settled<S>(action: ServerAction<S>) -> Memo<usize>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    Memo::new(move |before: Option<&usize>| {
        let version = action.version().get();
        let waits = action.value().with(|answer| matches!(answer, Some(Err(e)) if is_unconfirmed(&e.0)));
        if waits { before.copied().unwrap_or_default() } else { version }
    })
}

/// Does something each time it was done, with what was asked. Only in the browser.
pub fn when_done<S>(action: ServerAction<S>, then: impl Fn(S) + 'static)
where
    S: ServerFn + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
    S::Error: Send + Sync + 'static,
{
    // The action knows what it was asked only until it is done.
    let asked = StoredValue::new(None::<S>);
    Effect::new(move || {
        if let Some(input) = action.input().get() {
            asked.set_value(Some(input));
        }
    });
    Effect::new(move || {
        if succeeded(action)
            && let Some(input) = asked.get_value()
        {
            // Not kept: there may be a password in it.
            asked.set_value(None);
            then(input);
        }
    });
}

/// Asks for the password where what was asked for is refused for want of it; then the same is asked for again, as it was typed. Stands beside
/// the form, not in it: `id` is that of its own field.
pub fn confirmed<S>(action: ServerAction<S>, id: &'static str) -> impl Fn() -> Option<AnyView> + Send + 'static
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    confirmed_of(action, id, |_| String::new())
}

/// The same away from the form: `goes_on` says what was asked for, as the end of a sentence.
pub fn confirmed_of<S>(
    action: ServerAction<S>,
    id: &'static str,
    goes_on: impl Fn(&S) -> String + Send + Sync + 'static,
) -> impl Fn() -> Option<AnyView> + Send + 'static
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let asked = RwSignal::new(None::<S>);
    // Something else may be asked for while the question stands.
    let goes_on = Signal::derive(move || asked.with(|asked| asked.as_ref().map(&goes_on).unwrap_or_default()));
    Effect::new(move || {
        if let Some(input) = action.input().get() {
            asked.set(Some(input));
        }
    });
    let wanted = Memo::new(move |_| {
        let wants =
            |answer: &Option<Result<S::Output, AppError>>| matches!(answer, Some(Err(e)) if is_unconfirmed(&e.0));
        action.value().with(wants)
    });
    Effect::new(move || {
        if action.value().with(Option::is_some) && !wanted.get() {
            // Not kept: there may be a password in it.
            asked.set(None);
        }
    });
    let again = Callback::new(move |()| {
        if let Some(input) = asked.get_untracked() {
            action.dispatch(input);
        }
    });
    move || wanted.get().then(|| view! { <Confirm id=id after=again goes_on=goes_on/> }.into_any())
}

fn is_unconfirmed(problem: &Problem) -> bool {
    problem.code == Code::ConfirmPassword
}

/// Gives a form back as it was at first, for what comes next.
pub fn emptied(form: NodeRef<leptos::html::Form>) {
    if let Some(form) = form.get_untracked() {
        form.reset();
    }
}

/// A problem that belongs to none of these fields, and is no question for the password ([`confirmed`]).
pub fn elsewhere(problem: Option<Problem>, fields: &[&str]) -> Option<AnyView> {
    let own = |p: &Problem| p.field.as_deref().is_some_and(|f| fields.contains(&f));
    let problem = problem.filter(|p| !own(p) && !is_unconfirmed(p))?;
    Some(view! { <ProblemNote problem=problem/> }.into_any())
}

/// A field with its label above and its problem below.
#[component]
pub fn Field(
    /// What it is.
    label: &'static str,
    /// Its name in the form, and in problems.
    name: &'static str,
    /// What may be entered.
    #[prop(optional, into)]
    hint: String,
    /// The problem of the last try.
    problem: Signal<Option<Problem>>,
    /// The input; its id must be `name`.
    children: Children,
) -> impl IntoView {
    let own = Memo::new(move |_| problem.get().filter(|p| p.field.as_deref() == Some(name)).map(|p| p.message));
    view! {
        <div class="field" class:wrong=move || own.get().is_some()>
            <label for=name>{label}</label>
            <div class="input">{children()}</div>
            {(!hint.is_empty()).then(|| view! { <span class="hint">{hint}</span> })}
            {move || own.get().map(|words| view! { <span class="err" role="alert">{words}</span> })}
        </div>
    }
}

/// What a role may do, in words.
pub const fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "sees everything but secrets",
        Role::Operator => "also changes AWS, through plans",
        Role::Administrator => "also manages people",
    }
}

/// The roles up to one's own as options, with what they may do.
pub fn role_options(most: Role, chosen: Role) -> AnyView {
    // One text each: browsers drop the comments that keep texts of a view apart inside an option.
    options(most, chosen, |role| format!("{}: {}", role.as_str(), may(role)))
}

/// All roles as options by their names alone, for a column.
pub fn role_names(chosen: Role) -> AnyView {
    options(Role::Administrator, chosen, |role| role.as_str().to_owned())
}

fn options(most: Role, chosen: Role, words: fn(Role) -> String) -> AnyView {
    let roles = Role::ALL.into_iter().filter(|r| *r <= most);
    let options =
        roles.map(|role| view! { <option value=role.as_str() selected=role == chosen>{words(role)}</option> });
    options.collect_view().into_any()
}
