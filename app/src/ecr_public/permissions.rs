//! Who may push to a public repository besides its own account: the policy as it is, and its editor.

use domain::ResourceKey;
use domain::ecr_public::policy::read;
use domain::ecr_public::subject::Subject;
use domain::ecr_public::wizards::permissions::Permissions;
use domain::plan::answers::Form;
use domain::plan::{self, Answers, Facts, FieldErrors};
use leptos::prelude::*;
use serde_json::Value;

use crate::ecr::act::button;
use crate::ecr::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::key_of;
use crate::ui::Icon;
use crate::wizard::{Messages, TextArea};

fn subject(key: &ResourceKey) -> plan::Subject {
    plan::Subject::EcrPublic(Subject::RepositoryPolicy { repository: key.id.clone() })
}

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read_any(key.scope.clone(), vec![subject(&key)], move |facts, again| editor(&key, facts, again))
}

fn editor(key: &ResourceKey, facts: &Facts, again: Reread) -> AnyView {
    let policy = facts.of(&subject(key)).flatten().cloned();
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
    let changed = Memo::new(move |_| text.with(|t| serde_json::from_str::<Value>(t).ok()) != policy);
    let idle = move || !changed.get() || !errors.with(FieldErrors::is_empty);
    let save = {
        let key = key.clone();
        move || Answers {
            scope: key.scope.clone(),
            form: Form::PublicRepositoryPolicy(Permissions {
                repository: key.id.clone(),
                policy: text.get_untracked(),
                insist: String::new(),
            }),
        }
    };
    view! {
        <section class="card">
            <header><h2>"Permissions"</h2><span class="right">{if none { "no policy" } else { "read just now" }}</span></header>
            <div class="in stack">
                <p class="dim">"Everybody may pull. People and roles of this account push as IAM allows; others only if a policy lets them."</p>
                <TextArea
                    label="Repository policy" name="policy" value=text.into() set=move |v| text.set(v)
                    hint="Actions begin with ecr-public:. Without Resource: the policy is always about this repository. Empty for none."
                />
                <div class="acts" inert=idle class:idle=idle>{button("Review the change", Icon::Right, "btn primary", save)}
                    <button class="btn quiet" r#type="button" on:click=move |_| again.now()>"Start over"</button>
                </div>
            </div>
        </section>
    }
    .into_any()
}
