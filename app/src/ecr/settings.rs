//! The settings and tags of a repository, to be changed by a plan.

use domain::Scope;
use domain::ecr::Repository;
use domain::ecr::wizards::repository::Change;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use leptos::prelude::*;

use super::act::{button, review_or_start_over};
use super::mutability;
use crate::live_state::after_applied;
use crate::resource::Shown;
use crate::sections::{card as titled, key_of, nothing};
use crate::ui::{Icon, icon};
use crate::unfinished;
use crate::wizard::{FieldGroup, Messages, TextField, check};

/// How a repository is, as answers.
fn as_it_is(repository: &Repository) -> Change {
    let own = |key: &str| !key.starts_with("aws:") && !key.starts_with("gantry:");
    let tags = repository.tags.iter().flatten().filter(|t| own(&t.key));
    Change {
        repository: repository.repository_name.clone(),
        immutable: repository.image_tag_mutability.as_deref().is_some_and(|m| m.starts_with("IMMUTABLE")),
        exclusions: repository.image_tag_mutability_exclusion_filters.iter().map(|f| f.filter.clone()).collect(),
        scan_on_push: repository.image_scanning_configuration.as_ref().and_then(|s| s.scan_on_push).unwrap_or(false),
        tags: tags.map(|t| (t.key.clone(), t.value.clone())).collect(),
    }
}

/// The card with the form: drawn anew only when what it changes is no longer as it was, for somebody may be typing.
pub fn card(shown: Shown) -> AnyView {
    let scope = key_of(shown).scope;
    let there = Memo::new(move |_| {
        let repository = shown.with(|d| serde_json::from_value::<Repository>(d.doc.clone())).ok()?;
        // Filled without the tags that there are, it would take them off.
        Some(repository.tags.is_some().then(|| as_it_is(&repository)))
    });
    let taken = StoredValue::new(None);
    let drawn = unfinished::drawn(there, taken);
    let take = move |applied: Change| {
        taken.try_set_value(Some(Some(Some(applied))));
    };
    let card = move || match drawn.get().1? {
        Some(was) => Some(form(&scope, was, take)),
        None => {
            let later = nothing("Its tags are not read yet. The form comes as soon as they are.");
            Some(titled("Change it", later))
        }
    };
    card.into_any()
}

/// With its exclusions as they are typed.
fn at_first(was: Change) -> (Change, String) {
    let exclusions = was.exclusions.join(", ");
    (was, exclusions)
}

/// `take` has the page know what was applied before AWS tells it.
fn form(scope: &Scope, was: Change, take: impl Fn(Change) + 'static) -> AnyView {
    let repository = was.repository.clone();
    let first = RwSignal::new(at_first(was));
    let base = |(was, _): &(Change, String)| serde_json::to_string(was).unwrap_or_default();
    let (form, exclusions) = unfinished::fields_from("settings", first, base);
    after_applied(scope.clone(), move |applied| {
        let Form::ChangeRepository(change) = &applied.form else { return };
        if first.with_untracked(|(was, _)| was.repository == change.repository) {
            take(change.clone());
            first.set(at_first(change.clone()));
        }
    });
    let wanted = Memo::new(move |_| {
        let mut wanted = form.get();
        let list = exclusions.with(|t| t.split([',', ' ']).filter(|e| !e.is_empty()).map(str::to_owned).collect());
        wanted.exclusions = list;
        wanted
    });
    let errors = {
        let scope = scope.clone();
        Memo::new(move |_| wanted.with(|w| w.plan(&scope, &Facts::default())).err().unwrap_or_default())
    };
    let messages = Messages::new(errors.into());
    messages.show_all();
    provide_context(messages);
    let changed = Memo::new(move |_| first.with(|(was, _)| wanted.with(|w| w != was)));
    let idle = move || !changed.get() || !errors.with(|e| e.is_empty());
    let save = {
        let scope = scope.clone();
        move || Answers { scope: scope.clone(), form: Form::ChangeRepository(wanted.get_untracked()) }
    };
    let immutable = Signal::derive(move || form.with(|f| f.immutable));
    let choose = move |immutable| form.update(|f| f.immutable = immutable);
    let scan = Signal::derive(move || form.with(|f| f.scan_on_push));
    let reset = move || {
        let (was, typed) = first.get_untracked();
        exclusions.set(typed);
        form.set(was);
    };
    // Its own scan on push may count for nothing.
    let instead = super::registry_scans::instead(scope, &repository);
    view! {
        <section class="card">
            <header><h2>"Change it"</h2></header>
            <div class="in stack">
                {mutability::fields(immutable, choose, exclusions.into(), move |v| exclusions.set(v))}
                {check("scan-on-push", "Scan on push", "Each image is looked through for known vulnerabilities as it arrives.", scan, move |v| form.update(|f| f.scan_on_push = v))}
                {instead}
                {tags(form)}
                {review_or_start_over(button("Review the change", Icon::Right, "btn primary", save), idle, move || changed.get(), reset)}
                <p class="faint">"Encryption is chosen when a repository is created and cannot be changed."</p>
            </div>
        </section>
    }
    .into_any()
}

fn tags(form: RwSignal<Change>) -> AnyView {
    let many = Memo::new(move |_| form.with(|f| f.tags.len()));
    let row = move |n: usize| {
        let read = move |value: bool| {
            Signal::derive(move || {
                form.with(|f| f.tags.get(n).map(|t| if value { t.1.clone() } else { t.0.clone() })).unwrap_or_default()
            })
        };
        let write = move |value: bool, text: String| {
            form.update(|f| {
                if let Some(tag) = f.tags.get_mut(n) {
                    *(if value { &mut tag.1 } else { &mut tag.0 }) = text;
                }
            });
        };
        let remove = move |_| {
            form.update(|f| {
                if n < f.tags.len() {
                    f.tags.remove(n);
                }
            });
        };
        let gone = format!("Remove tag {}", n + 1);
        view! {
            <div class="tag-row">
                <TextField label=format!("Key of tag {}", n + 1) name=format!("tags.{n}") bare=true placeholder="key" value=read(false) set=move |v| write(false, v)/>
                <TextField label=format!("Value of tag {}", n + 1) name=format!("tags.{n}.value") bare=true placeholder="value" value=read(true) set=move |v| write(true, v)/>
                <button class="btn quiet only-icon" r#type="button" aria-label=gone.clone() title=gone on:click=remove>{icon(Icon::Close)}</button>
            </div>
        }
    };
    view! {
        <FieldGroup label="Tags of the repository" name="tags">
            <span class="label">"Tags of the repository"</span>
            <For each=move || 0..many.get() key=|n| *n children=row/>
            <div><button class="btn small" r#type="button" on:click=move |_| form.update(|f| f.tags.push(Default::default()))>"Add a tag"</button></div>
        </FieldGroup>
    }
    .into_any()
}
