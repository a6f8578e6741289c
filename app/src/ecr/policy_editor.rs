//! The editor of a policy about who else may use something: what it means, its JSON, and the plan that sets it.

use domain::ecr::registry;
use domain::ecr::repository_policy::{Gain, Severity};
use domain::iam::policy_document::{Document, Errors, same};
use domain::plan::{Answers, FieldErrors};
use leptos::prelude::*;
use serde_json::Value;

use super::act::{button, review_or_start_over};
use crate::live_state::Reread;
use crate::ui::Icon;
use crate::unfinished;
use crate::wizard::{Messages, TextArea};

/// What an editor says.
#[derive(Clone, Copy)]
pub struct Texts {
    /// Above it.
    pub heading: &'static str,
    /// What the field is called.
    pub label: &'static str,
    /// What may be entered.
    pub hint: &'static str,
    /// What holds for all, whatever the policy says; empty for nothing.
    pub always: &'static str,
    /// What holds when nobody gains anything.
    pub nobody: &'static str,
}

/// A line about who gains what.
#[derive(Clone, PartialEq)]
pub struct Line {
    severity: Severity,
    text: String,
    why: Option<String>,
}

impl From<Gain> for Line {
    fn from(gain: Gain) -> Self {
        Self { severity: gain.severity, text: gain.text, why: gain.why }
    }
}

impl From<registry::policy::Gain> for Line {
    fn from(gain: registry::policy::Gain) -> Self {
        Self { severity: gain.severity, text: gain.text, why: gain.why.map(str::to_owned) }
    }
}

/// The line, with its badge.
pub fn line_view(line: impl Into<Line>) -> AnyView {
    let line = line.into();
    let (tone, word) = match line.severity {
        Severity::Usual => ("", None),
        Severity::Notable => ("warn", Some("worth knowing")),
        Severity::Dangerous => ("bad", Some("dangerous")),
    };
    let badge = word.map(|word| view! { " "<span class=format!("badge {tone}")>{word}</span> });
    view! { <li>{line.text}"."{badge}{line.why.map(|why| view! { <small>{why}</small> })}</li> }.into_any()
}

/// The editor of a policy that is now `policy`: `read` says what is wrong with what was typed, `explain` what it means, `answers` what
/// is planned with it.
pub fn editor(
    texts: Texts,
    policy: Option<Value>,
    read: fn(&str) -> Result<Document, Errors>,
    explain: impl Fn(&Document) -> Vec<Line> + Send + Sync + 'static,
    answers: impl Fn(String) -> Answers + 'static,
    again: Reread,
) -> AnyView {
    let none = policy.is_none();
    let first = policy.as_ref().map(|p| serde_json::to_string_pretty(p).unwrap_or_default()).unwrap_or_default();
    let ((typed,), unfinished) = unfinished::fields(texts.label, first.clone(), (first.clone(),), |_| true);
    let errors = Memo::new(move |_| {
        let wrong = typed.with(|t| if t.trim().is_empty() { None } else { read(t).err() });
        // The first of several: the others show once it is mended.
        let first = wrong.into_iter().flatten().next();
        let message = first.map(|(path, message)| if path.is_empty() { message } else { format!("{path}: {message}") });
        message.map(|message| ("policy".to_owned(), message)).into_iter().collect::<FieldErrors>()
    });
    let messages = Messages::new(errors.into());
    messages.show_all();
    provide_context(messages);
    let gains = Memo::new(move |_| typed.with(|t| read(t).map(|document| explain(&document))).unwrap_or_default());
    // AWS writes policies its own way: what says the same is no change.
    let changed = Memo::new(move |_| {
        let wanted = typed.with(|t| serde_json::from_str::<Value>(t).ok());
        !same(wanted.as_ref(), policy.as_ref())
    });
    let idle = move || !changed.get() || !errors.with(FieldErrors::is_empty);
    let review = button("Review the change", Icon::Right, "btn primary", move || answers(typed.get_untracked()));
    let means = move || {
        let all = gains.get();
        if all.is_empty() {
            return view! { <p class="dim">{texts.nobody}</p> }.into_any();
        }
        let all = all.into_iter().map(line_view).collect_view();
        view! { <div class="means"><h3>"Who gains what"</h3><ul>{all}</ul></div> }.into_any()
    };
    view! {
        <section class="card">
            <header><h2>{texts.heading}</h2><span class="right">{if none { "no policy" } else { "read just now" }}</span></header>
            <div class="in stack">
                {(!texts.always.is_empty()).then(|| view! { <p class="dim">{texts.always}</p> })}
                {means}
                <TextArea label=texts.label name="policy" value=typed.into() set=move |v| typed.set(v) hint=texts.hint/>
                {review_or_start_over(review, idle, move || typed.with(|t| *t != first), move || { unfinished.forget(); again.now() })}
            </div>
        </section>
    }
    .into_any()
}
