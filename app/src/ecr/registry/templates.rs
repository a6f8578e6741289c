//! How repositories are made that nobody creates by hand.

use domain::ecr::registry::{APPLIED_FOR, CreationTemplate};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::template::{Delete, Template};
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use domain::{ResourceKey, Scope};
use leptos::prelude::*;

use super::template_form::form;
use super::{may_write, template_form};
use crate::api::Boot;
use crate::ecr::act::button;
use crate::ecr::live_state::{self, Reread};
use crate::resource::Shown;
use crate::sections::{exact, key_of, stack, table_card, text, word, words};
use crate::ui::Icon;
use crate::wizard::why_not;

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::CreationTemplates], move |facts, again| view(&key, facts, again))
}

/// Which template the form is about; none for a new one.
type Edited = RwSignal<Option<CreationTemplate>>;

fn view(key: &ResourceKey, facts: &Facts, again: Reread) -> AnyView {
    let all: Vec<CreationTemplate> = live_state::state(facts, Subject::CreationTemplates).unwrap_or_default();
    let edited: Edited = RwSignal::new(None);
    let first = RwSignal::new(blank());
    let heads = &[("Prefix", false), ("For", false), ("Tags", false), ("Encryption", false), ("", false)];
    let rows = all.into_iter().map(|template| row(&key.scope, template, edited)).collect();
    let table = table_card(
        "Creation templates",
        heads,
        rows,
        "There is no template: repositories that ECR makes itself have its defaults.",
    );
    let scope = key.scope.clone();
    let back = Callback::new(move |()| match edited.get_untracked() {
        Some(_) => edited.set(None),
        None => again.now(),
    });
    let form = move || edited.with(|template| template_form::form(scope.clone(), template.as_ref(), back));
    stack(vec![table, form.into_any()])
}

fn row(scope: &Scope, template: CreationTemplate, edited: Edited) -> Vec<AnyView> {
    let whole = template.clone();
    let (scope, prefix) = (scope.clone(), template.prefix.clone());
    let delete = move || {
        let answers = Delete { prefix: prefix.clone() };
        Answers { scope: scope.clone(), form: Form::DeleteRegistryTemplate(answers) }
    };
    let encryption = template.encryption_configuration.and_then(|e| e.encryption_type);
    vec![
        view! { {exact(Some(template.prefix))}<small class="faint">{template.description}</small> }.into_any(),
        words(&template.applied_for),
        word(template.image_tag_mutability),
        text(encryption),
        view! {
            <div class="acts">
                {may_write().then(|| view! { <button class="btn small" r#type="button" on:click=move |_| edited.set(Some(whole.clone()))>"Change"</button> })}
                {button("Delete", Icon::Close, "btn small", delete)}
            </div>
        }
        .into_any(),
    ]
}
