//! What the gallery says of a repository, and its tags, to be changed by a plan.

use domain::Scope;
use domain::ecr_public::Repository;
use domain::ecr_public::wizards::repository::Change;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use leptos::prelude::*;

use super::catalog::{architectures, put, systems};
use super::create_repository::Logo;
use super::logo;
use super::markdown::MarkdownField;
use crate::ecr::act::{button, review_or_start_over};
use crate::live_state::{after_applied, was_applied};
use crate::resource::Shown;
use crate::sections::{key_of, typed};
use crate::ui::Icon;
use crate::unfinished;
use crate::wizard::{Messages, TagRows, TextField};

/// How a repository is, as answers.
fn as_it_is(repository: &Repository) -> Change {
    let own = |key: &str| !key.starts_with("aws:") && !key.starts_with("gantry:");
    let tags = repository.tags.iter().flatten().filter(|t| own(&t.key));
    let catalog = repository.catalog_data.clone().unwrap_or_default();
    Change {
        repository: repository.repository_name.clone(),
        description: catalog.description.unwrap_or_default(),
        about: catalog.about_text.unwrap_or_default(),
        usage: catalog.usage_text.unwrap_or_default(),
        architectures: catalog.architectures,
        operating_systems: catalog.operating_systems,
        logo: String::new(),
        tags: tags.map(|t| (t.key.clone(), t.value.clone())).collect(),
    }
}

/// The tab: drawn anew only when what the form changes is no longer as it was, for somebody may be typing.
pub fn tab(shown: Shown) -> AnyView {
    let scope = key_of(shown).scope;
    let there = Memo::new(move |_| {
        let repository = shown.with(|d| serde_json::from_value::<Repository>(d.doc.clone()));
        repository.ok().map(|repository| as_it_is(&repository))
    });
    let taken = StoredValue::new(None);
    let drawn = unfinished::drawn(there, taken);
    let take = move |applied: Change| {
        taken.try_set_value(Some(Some(applied)));
    };
    let tab = move || match drawn.get().1 {
        Some(was) => form(&scope, was, take),
        // Says why it cannot be read.
        None => typed::<Repository>((*shown.get_untracked()).clone(), |_, _| ().into_any()),
    };
    tab.into_any()
}

/// `take` has the page know what was applied before AWS tells it.
fn form(scope: &Scope, was: Change, take: impl Fn(Change) + 'static) -> AnyView {
    let scope = scope.clone();
    let first = RwSignal::new((was, Logo::default()));
    let base = |(was, _): &(Change, Logo)| serde_json::to_string(was).unwrap_or_default();
    let (form, logo) = unfinished::fields_from("settings", first, base);
    if was_applied(&scope, Form::ChangePublicRepository(form.get_untracked())) {
        form.update(|f| f.logo.clear());
        logo.set(Logo::default());
    }
    after_applied(scope.clone(), move |applied| {
        let Form::ChangePublicRepository(change) = &applied.form else { return };
        if first.with_untracked(|(was, _)| was.repository != change.repository) {
            return;
        }
        if form.with_untracked(|form| form == change) {
            logo.set(Logo::default());
            form.update(|f| f.logo.clear());
        }
        // Which picture is there is not known.
        let now = Change { logo: String::new(), ..change.clone() };
        take(now.clone());
        first.set((now, Logo::default()));
    });
    let refused = move || logo.with(|logo| logo.refused.clone());
    let errors = {
        let scope = scope.clone();
        Memo::new(move |_| {
            let mut errors = form.with(|w| w.plan(&scope, &Facts::default())).err().unwrap_or_default();
            errors.extend(refused().map(|words| ("logo".to_owned(), words)));
            errors
        })
    };
    let messages = Messages::new(errors.into());
    messages.show_all();
    provide_context(messages);
    let changed = Memo::new(move |_| first.with(|(was, _)| form.with(|w| w != was)) || refused().is_some());
    let idle = move || !changed.get() || !errors.with(|e| e.is_empty());
    let save = move || Answers { scope: scope.clone(), form: Form::ChangePublicRepository(form.get_untracked()) };
    let choose = move |chosen: Logo| {
        form.update(|f| f.logo.clone_from(&chosen.base64));
        logo.set(chosen);
    };
    let reset = move || {
        logo.set(Logo::default());
        form.set(first.with_untracked(|(was, _)| was.clone()));
    };
    let text = move |get: fn(&Change) -> &String| Signal::derive(move || form.with(|f| get(f).clone()));
    let list = move |get: fn(&Change) -> &Vec<String>| Signal::derive(move || form.with(|f| get(f).clone()));
    let tags = Signal::derive(move || form.with(|f| f.tags.clone()));
    view! {
        <section class="card">
            <header><h2>"Change it"</h2></header>
            <div class="in stack">
                <TextField
                    label="Description" name="description" value=text(|f| &f.description)
                    hint="A sentence or two, found by the gallery's search. At most 1,024 characters."
                    set=move |v| form.update(|f| f.description = v)
                />
                {architectures(list(|f| &f.architectures), move |word, on| form.update(|f| put(&mut f.architectures, word, on)))}
                {systems(list(|f| &f.operating_systems), move |word, on| form.update(|f| put(&mut f.operating_systems, word, on)))}
                <MarkdownField
                    label="About" name="about" value=text(|f| &f.about) hint="Markdown. At most 25,600 characters."
                    set=move |v| form.update(|f| f.about = v)
                />
                <MarkdownField
                    label="Usage" name="usage" value=text(|f| &f.usage) hint="Markdown. At most 25,600 characters."
                    set=move |v| form.update(|f| f.usage = v)
                />
                {logo::field("Another logo", logo.into(), false, choose)}
                <TagRows label="Tags of the repository" tags=tags change=move |tags| form.update(|f| f.tags = tags)/>
                {review_or_start_over(button("Review the change", Icon::Right, "btn primary", save), idle, move || changed.get(), reset)}
                <p class="faint">"Everybody sees it in the Public Gallery as soon as it is applied. Without another logo the one that is there stays; AWS has no way back to it once it is replaced."</p>
            </div>
        </section>
    }
    .into_any()
}
