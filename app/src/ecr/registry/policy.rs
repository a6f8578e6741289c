//! Who else may use the registry: the policy as it is, what it means, and its editor.

use domain::ResourceKey;
use domain::ecr::registry::policy::{explain, read};
use domain::ecr::repository_policy::Severity;
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::policy::Policy;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts, FieldErrors};
use leptos::prelude::*;
use serde_json::Value;

use crate::ecr::act::button;
use crate::ecr::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::Icon;
use crate::wizard::{Messages, TextArea};

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::RegistryPolicy], move |facts, again| editor(&key, facts, again))
}

fn editor(key: &ResourceKey, facts: &Facts, again: Reread) -> AnyView {
    let policy = live_state::document(facts, Subject::RegistryPolicy);
    let none = policy.is_none();
    let first = policy.as_ref().map(|p| serde_json::to_string_pretty(p).unwrap_or_default()).unwrap_or_default();
    let typed = RwSignal::new(first);
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
    let changed = Memo::new(move |_| typed.with(|t| serde_json::from_str::<Value>(t).ok()) != policy);
    let idle = move || !changed.get() || !errors.with(FieldErrors::is_empty);
    let (scope, explained) = (key.scope.clone(), key.scope.clone());
    let save = move || {
        let answers = Policy { policy: typed.get_untracked(), insist: String::new() };
        Answers { scope: scope.clone(), form: Form::RegistryPolicy(answers) }
    };
    let means = move || {
        let gains = typed.with(|t| read(t).map(|document| explain(&document, &explained))).unwrap_or_default();
        if gains.is_empty() {
            return view! { <p class="dim">"Nobody outside of this account may replicate images here or use the registry as a whole."</p> }.into_any();
        }
        let lines = gains.into_iter().map(|gain| {
            let badge =
                (gain.severity == Severity::Dangerous).then(|| view! { " "<span class="badge bad">"dangerous"</span> });
            view! { <li>{gain.text}"."{badge}{gain.why.map(|why| view! { <small>{why}</small> })}</li> }
        });
        view! { <div class="means"><h3>"Who gains what"</h3><ul>{lines.collect_view()}</ul></div> }.into_any()
    };
    view! {
        <section class="card">
            <header><h2>"Registry policy"</h2><span class="right">{if none { "no policy" } else { "read just now" }}</span></header>
            <div class="in stack">
                {means}
                <TextArea
                    label="Registry policy" name="policy" value=typed.into() set=move |v| typed.set(v)
                    hint="With Resource: the repositories it is about. Empty for none."
                />
                <div class="acts" inert=idle class:idle=idle>
                    {button("Review the change", Icon::Right, "btn primary", save)}
                    <button class="btn quiet" r#type="button" on:click=move |_| again.now()>"Start over"</button>
                </div>
            </div>
        </section>
    }
    .into_any()
}
