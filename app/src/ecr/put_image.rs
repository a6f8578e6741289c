//! Puts an image into a repository without Docker: from a file on this computer, or from another registry. Either is a plan.

mod browser;
mod copy;
mod file;
mod images;
mod layers;

use domain::plan::{Answers, FieldErrors};
use domain::resource::Tone;
use domain::{Problem, ResourceKey};
use leptos::prelude::*;

use crate::api::Boot;
use crate::plan::act::Acts;
use crate::ui::{Icon, Note, icon};
use crate::wizard::{Messages, why_not};

/// The button, and what it opens.
pub fn card(key: &ResourceKey) -> AnyView {
    let boot = expect_context::<Boot>();
    if let Some(problem) = why_not(&boot) {
        let words = view! { {icon(Icon::Image)}"Put an image in" };
        return view! { <div class="put-image"><button class="btn small" r#type="button" aria-disabled="true" title=problem.message>{words}</button></div> }
            .into_any();
    }
    let open = RwSignal::new(false);
    let key = StoredValue::new(key.clone());
    let toggle = move |_| open.update(|open| *open = !*open);
    view! {
        <div class="put-image">
            <div><button class="btn small" r#type="button" aria-expanded=move || open.get().to_string() on:click=toggle>{icon(Icon::Image)}"Put an image in"</button></div>
            {move || open.get().then(|| key.with_value(|key| view! { <div class="ways">{file::form(key)}{copy::form(key)}</div> }))}
        </div>
    }
    .into_any()
}

/// What is wrong with a form: what its own rules say while one types, and what the server said of these answers.
#[derive(Clone, Copy)]
struct Wrong {
    said: RwSignal<FieldErrors>,
    messages: Messages,
    acts: Acts,
}

impl Wrong {
    /// In the context of the form's fields. What the server said is forgotten when `own` follows from other answers.
    fn provide(own: impl Fn() -> FieldErrors + Send + Sync + 'static) -> (Self, Memo<bool>) {
        let said = RwSignal::new(FieldErrors::new());
        let own = Memo::new(move |_| own());
        let all = Memo::new(move |_| {
            let mut all = said.get();
            all.extend(own.get());
            all
        });
        let messages = Messages::new(all.into());
        provide_context(messages);
        (
            Self { said, messages, acts: expect_context::<Acts>() },
            Memo::new(move |_| own.with(|errors| errors.is_empty())),
        )
    }

    /// As if nobody had asked.
    fn forget(self) {
        if self.said.with_untracked(|said| !said.is_empty()) {
            self.said.set(FieldErrors::new());
        }
    }

    /// Asks for the plan; what the server says against it comes beside its field.
    fn ask(self, answers: Answers) {
        self.forget();
        self.acts.ask_beside(answers, Callback::new(move |errors| self.show(errors)));
    }

    /// What stood in the way before there was anything to plan.
    fn say(self, problem: Problem) {
        let field = problem.field.unwrap_or_default();
        self.show([(field, problem.message)].into());
    }

    fn show(self, errors: FieldErrors) {
        self.messages.show_all();
        self.said.set(errors);
        browser::focus_wrong();
    }

    /// What is wrong with no field of these names.
    fn others(self, fields: &'static [&'static str]) -> impl Fn() -> AnyView + Copy {
        move || {
            let others = self.said.with(|said| {
                let own =
                    |name: &str| fields.iter().any(|field| name == *field || name.starts_with(&format!("{field}-")));
                said.iter().filter(|(name, _)| !own(name)).map(|(_, words)| words.clone()).collect::<Vec<_>>()
            });
            others
                .into_iter()
                .map(|words| view! { <Note tone=Tone::Warn alert=true>{words}</Note> })
                .collect_view()
                .into_any()
        }
    }
}
