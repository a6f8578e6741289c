//! Fields of the settings' forms: label, hint, and the problem beside the field it is about.

use domain::Problem;
use domain::policy::Role;
use leptos::prelude::*;

use crate::error::AppError;
use crate::ui::ProblemNote;

/// The problem of the last try, if it failed.
pub fn failure<T: Clone + Send + Sync + 'static>(value: Option<Result<T, AppError>>) -> Option<Problem> {
    value.and_then(Result::err).map(|e| e.0)
}

/// A problem that belongs to none of these fields.
pub fn elsewhere(problem: Option<Problem>, fields: &[&str]) -> Option<AnyView> {
    let problem = problem.filter(|p| !p.field.as_deref().is_some_and(|f| fields.contains(&f)))?;
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
