//! What is wrong with a form on a page, said beside its fields, and the way from its answers to the dialog with their plan.

use domain::Problem;
use domain::plan::{Answers, FieldErrors};
use domain::resource::Tone;
use leptos::prelude::*;

use super::acts::Acts;
use crate::ui::Note;
use crate::wizard::{Messages, focus_first_wrong_in};

/// What is wrong with a form: what its own rules say while one types, and what the server said of these answers.
#[derive(Clone, Copy)]
pub struct Wrong {
    said: RwSignal<FieldErrors>,
    messages: Messages,
    acts: Acts,
}

impl Wrong {
    /// In the context of the form's fields. What the server said is forgotten when `own` follows from other answers.
    pub fn provide(own: impl Fn() -> FieldErrors + Send + Sync + 'static) -> (Self, Memo<bool>) {
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
    pub fn forget(self) {
        if self.said.with_untracked(|said| !said.is_empty()) {
            self.said.set(FieldErrors::new());
        }
    }

    /// Asks for the plan; what the server says against it comes beside its field.
    pub fn ask(self, answers: Answers) {
        self.forget();
        self.acts.ask_beside(answers, Callback::new(move |errors| self.show(errors)));
    }

    /// What stood in the way before there was anything to plan.
    pub fn say(self, problem: Problem) {
        let field = problem.field.unwrap_or_default();
        self.show([(field, problem.message)].into());
    }

    fn show(self, errors: FieldErrors) {
        self.messages.show_all();
        self.said.set(errors);
        focus_first_wrong_in(".act-forms [aria-invalid=true]");
    }

    /// What is wrong with no field of these names.
    pub fn others(self, fields: &'static [&'static str]) -> impl Fn() -> AnyView + Copy {
        self.others_than(move |name| {
            fields.iter().any(|field| name == *field || name.starts_with(&format!("{field}-")))
        })
    }

    /// What is wrong beside no field, where this says which have one.
    pub fn others_than(
        self,
        own: impl Fn(&str) -> bool + Copy + Send + Sync + 'static,
    ) -> impl Fn() -> AnyView + Copy + Send + Sync + 'static {
        move || {
            let others = self.said.with(|said| {
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
