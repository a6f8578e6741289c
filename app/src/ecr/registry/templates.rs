//! How repositories are made that nobody creates by hand.

use domain::ecr::registry::{APPLIED_FOR, CreationTemplate};
use domain::ecr::subject::Subject;
use domain::ecr::wizards::registry::template::{Delete, Template};
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use domain::{ResourceKey, Scope};
use leptos::prelude::*;

use super::template_form::{USES, form};
use crate::api::Boot;
use crate::ecr::act::button;
use crate::live_state;
use crate::resource::Shown;
use crate::sections::{exact, key_of, stack, table_card, text, word};
use crate::ui::Icon;
use crate::unfinished::{self, Applied};
use crate::wizard::why_not;

/// What the form is open for, and what is entered in it.
type Open = (Template, Template);

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    live_state::read(key.scope.clone(), vec![Subject::CreationTemplates], move |facts, _| view(&key, facts))
}

fn view(key: &ResourceKey, facts: &Facts) -> AnyView {
    let all: Vec<CreationTemplate> = live_state::state(facts, Subject::CreationTemplates).unwrap_or_default();
    // What it begins with is what it was left with, where that is still so.
    let holds = |(first, _): &Open| first.new || all.iter().any(|there| Template::of(there) == *first);
    let says = |(_, entered): &Open| Form::RegistryTemplate(entered.clone());
    let (first, typed) =
        unfinished::fields_of_plan("template", &key.scope, (blank(), blank()), holds, says, Applied::BeginAnew);
    let open = move |template: Template| {
        typed.set(template.clone());
        first.set(template);
    };
    let heads = &[("Prefix", false), ("Used when", false), ("Tags", false), ("Encryption", false), ("", false)];
    let rows = all.into_iter().map(|template| row(&key.scope, template, open)).collect();
    let empty = "There is no template: repositories that ECR makes itself have its defaults.";
    let scope = key.scope.clone();
    let form = (move || form(scope.clone(), first.get(), typed, move || open(blank()))).into_any();
    stack(vec![table_card("Creation templates", heads, rows, empty), form])
}

/// A template that is to be made: for everything that makes repositories by itself.
fn blank() -> Template {
    let applied_for = APPLIED_FOR.iter().map(|(word, _)| (*word).to_owned()).collect();
    Template { new: true, applied_for, ..Template::default() }
}

/// When it is used, as the form says it; AWS's word where the form has none.
fn uses(words: &[String]) -> String {
    let title = |word: &String| {
        USES.iter().find(|(known, ..)| known == word).map_or(word.clone(), |(_, title, _)| (*title).to_owned())
    };
    words.iter().map(title).collect::<Vec<_>>().join(", ")
}

fn row(
    scope: &Scope,
    template: CreationTemplate,
    open: impl Fn(Template) + Copy + Send + Sync + 'static,
) -> Vec<AnyView> {
    let known = Template::of(&template);
    let change = why_not(&expect_context::<Boot>()).is_none().then(|| {
        view! { <button class="btn small" r#type="button" on:click=move |_| open(known.clone())>"Change"</button> }
    });
    let (scope, prefix) = (scope.clone(), template.prefix.clone());
    let delete = move || {
        let answers = Delete { prefix: prefix.clone() };
        Answers { scope: scope.clone(), form: Form::DeleteRegistryTemplate(answers) }
    };
    let encryption = template.encryption_configuration.and_then(|e| e.encryption_type);
    vec![
        view! { <div class="lines">{exact(Some(template.prefix))}<small class="dim">{template.description}</small></div> }
            .into_any(),
        view! { <div class="lines">{uses(&template.applied_for)}</div> }.into_any(),
        word(template.image_tag_mutability),
        text(encryption),
        view! { <div class="acts">{change}{button("Delete", Icon::Close, "btn small", delete)}</div> }.into_any(),
    ]
}
