//! Who may use a repository besides its own account: the policy as it is, what it means, and its editor.

use domain::ResourceKey;
use domain::ecr::repository_policy::{Gain, Severity, explain, read};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::policies;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, FieldErrors};
use leptos::prelude::*;
use serde_json::Value;

use super::act::button;
use super::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::Icon;
use crate::wizard::{Messages, TextArea};

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let policy = Subject::RepositoryPolicy { repository: key.id.clone() };
    live_state::read(key.scope.clone(), vec![policy], move |facts, again| editor(&key, facts, again))
}

/// A line about who gains what.
pub fn gain_view(gain: Gain) -> AnyView {
    let (tone, word) = match gain.severity {
        Severity::Usual => ("", None),
        Severity::Notable => ("warn", Some("worth knowing")),
        Severity::Dangerous => ("bad", Some("dangerous")),
    };
    let badge = word.map(|word| view! { " "<span class=format!("badge {tone}")>{word}</span> });
    view! { <li>{gain.text}"."{badge}{gain.why.map(|why| view! { <small>{why}</small> })}</li> }.into_any()
}

fn editor(key: &ResourceKey, facts: &Facts, again: Reread) -> AnyView {
    let policy = live_state::document(facts, Subject::RepositoryPolicy { repository: key.id.clone() });
    let none = policy.is_none();
    let text =
        RwSignal::new(policy.as_ref().map(|p| serde_json::to_string_pretty(p).unwrap_or_default()).unwrap_or_default());
    let errors = Memo::new(move |_| {
        let wrong = text.with(|t| if t.trim().is_empty() { None } else { read(t).err() });
        // The first of several: the others show once it is mended.
        let first = wrong.into_iter().flatten().next();
        let message = first.map(|(path, message)| if path.is_empty() { message } else { format!("{path}: {message}") });
        message.map(|message| ("policy".to_owned(), message)).into_iter().collect::<FieldErrors>()
    });
    let messages = Messages::new(errors.into());
    messages.show_all();
    provide_context(messages);
    let scope = key.scope.clone();
    let gains =
        Memo::new(move |_| text.with(|t| read(t).map(|document| explain(&document, &scope))).unwrap_or_default());
    let changed = Memo::new(move |_| text.with(|t| serde_json::from_str::<Value>(t).ok()) != policy);
    let idle = move || !changed.get() || !errors.with(FieldErrors::is_empty);
    let save = {
        let key = key.clone();
        move || Answers {
            scope: key.scope.clone(),
            form: Form::RepositoryPolicy(policies::Permissions {
                repository: key.id.clone(),
                policy: text.get_untracked(),
                insist: String::new(),
            }),
        }
    };
    let means = move || {
        let all = gains.get();
        match all.is_empty() {
            true => view! { <p class="dim">"Only people and roles of this account whom IAM allows it may push and pull."</p> }.into_any(),
            false => {
                let all = all.into_iter().map(gain_view).collect_view();
                view! { <div class="means"><h3>"Who gains what"</h3><ul>{all}</ul></div> }.into_any()
            }
        }
    };
    view! {
        <section class="card">
            <header><h2>"Permissions"</h2><span class="right">{if none { "no policy" } else { "read just now" }}</span></header>
            <div class="in stack">
                {means}
                <TextArea
                    label="Repository policy" name="policy" value=text.into() set=move |v| text.set(v)
                    hint="Without Resource: the policy is always about this repository. Empty for none."
                />
                <div class="acts" inert=idle class:idle=idle>{button("Review the change", Icon::Right, "btn primary", save)}
                    <button class="btn quiet" r#type="button" on:click=move |_| again.now()>"Start over"</button>
                </div>
            </div>
        </section>
    }
    .into_any()
}
