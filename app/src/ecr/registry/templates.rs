//! How repositories are made that nobody creates by hand.

use domain::ecr::registry::CreationTemplate;
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::template::Delete;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use domain::{ResourceKey, Scope};
use leptos::prelude::*;

use crate::ecr::act::button;
use crate::ecr::live_state;
use crate::resource::Shown;
use crate::sections::{exact, key_of, table_card, text, word, words};
use crate::ui::Icon;

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::CreationTemplates], move |facts, _| view(&key, facts))
}

fn view(key: &ResourceKey, facts: &Facts) -> AnyView {
    let all: Vec<CreationTemplate> = live_state::state(facts, Subject::CreationTemplates).unwrap_or_default();
    let heads = &[("Prefix", false), ("For", false), ("Tags", false), ("Encryption", false), ("", false)];
    let rows = all.into_iter().map(|template| row(&key.scope, template)).collect();
    table_card(
        "Creation templates",
        heads,
        rows,
        "There is no template: repositories that ECR makes itself have its defaults.",
    )
}

fn row(scope: &Scope, template: CreationTemplate) -> Vec<AnyView> {
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
        button("Delete", Icon::Close, "btn small", delete),
    ]
}
