//! What can be done with repositories and images from their pages and lists: each an act with a plan.

use domain::ecr::wizards::{images, repository, tags};
use domain::ecr::{Image, inventory::short};
use domain::plan::Answers;
use domain::plan::answers::Form;
use domain::{Kind, ResourceKey, Scope};
use leptos::prelude::*;
use serde_json::Value;

use super::registry_scans;
use crate::api::Boot;
use crate::paths;
use crate::plan::acts::Acts;
use crate::resource::Shown;
use crate::sections::{here, key_of};
use crate::ui::{Icon, Menu, icon};
use crate::wizard::{Messages, focus_first_wrong_in, why_not};

/// A button that asks for an act; for those who may not, with the reason.
pub fn button(
    label: &'static str,
    sign: Icon,
    class: &'static str,
    answers: impl Fn() -> Answers + 'static,
) -> AnyView {
    let acts = expect_context::<Acts>();
    let boot = expect_context::<Boot>();
    match why_not(&boot) {
        None => view! { <button class=class r#type="button" on:click=move |_| acts.ask(answers())>{icon(sign)}{label}</button> }.into_any(),
        Some(problem) => view! { <button class=class r#type="button" aria-disabled="true" title=problem.message>{icon(sign)}{label}</button> }.into_any(),
    }
}

/// The button that reviews what a form of class `asks` holds. Pressed while something is wrong it says so beside the fields.
pub fn review(label: &'static str, messages: Messages, answers: impl Fn() -> Answers + 'static) -> AnyView {
    let acts = expect_context::<Acts>();
    let boot = expect_context::<Boot>();
    let ask = move |_| {
        if messages.is_right() {
            acts.ask(answers());
        } else {
            messages.show_all();
            focus_first_wrong_in(".asks [aria-invalid=true], .asks [data-wrong]");
        }
    };
    match why_not(&boot) {
        None => view! { <button class="btn primary" r#type="button" on:click=ask>{icon(Icon::Right)}{label}</button> }.into_any(),
        Some(problem) => view! { <button class="btn primary" r#type="button" aria-disabled="true" title=problem.message>{icon(Icon::Right)}{label}</button> }.into_any(),
    }
}

/// Under a form that changes something that is there: the button that reviews it, while `idle` does not hold, and the one that takes back
/// whatever is `changed`, right or wrong.
pub fn review_or_start_over(
    review: AnyView,
    idle: impl Fn() -> bool + Clone + Send + Sync + 'static,
    changed: impl Fn() -> bool + Send + Sync + 'static,
    start_over: impl Fn() + 'static,
) -> AnyView {
    view! {
        <div class="acts">
            <div class="acts" inert=idle.clone() class:idle=idle>{review}</div>
            <button class="btn quiet" r#type="button" disabled=move || !changed() on:click=move |_| start_over()>"Start over"</button>
        </div>
    }
    .into_any()
}

fn of(scope: &Scope, form: Form) -> Answers {
    Answers { scope: scope.clone(), form }
}

/// Repository and digest of an image's id.
fn parts(key: &ResourceKey) -> Option<(String, String)> {
    let (repository, digest) = key.id.split_once('@')?;
    Some((repository.to_owned(), digest.to_owned()))
}

/// Deletes images of one repository.
pub fn delete(scope: &Scope, repository: &str, digests: Vec<String>) -> Answers {
    of(scope, Form::DeleteImages(images::Delete { repository: repository.to_owned(), digests, insist: String::new() }))
}

/// The images that these answers delete.
pub fn deleted(answers: &Answers) -> Vec<ResourceKey> {
    let Form::DeleteImages(asked) = &answers.form else { return vec![] };
    let key = |digest: &String| {
        ResourceKey::new(Kind::Image, answers.scope.clone(), format!("{}@{digest}", asked.repository)).ok()
    };
    asked.digests.iter().filter_map(key).collect()
}

/// What can be done with the images picked in a list, if they are all of one repository.
pub fn bulk(keys: &[ResourceKey]) -> Option<AnyView> {
    let first = keys.first()?;
    let (repository, _) = parts(first)?;
    let mut digests = vec![];
    for key in keys {
        let (own, digest) = parts(key)?;
        if own != repository || key.scope != first.scope {
            return None;
        }
        digests.push(digest);
    }
    let scope = first.scope.clone();
    let scan = (digests.len() <= images::MOST_SCANS).then(|| {
        let (scope, repository, digests) = (scope.clone(), repository.clone(), digests.clone());
        button("Scan", Icon::Search, "btn small", move || {
            of(&scope, Form::ScanImages(images::Scan { repository: repository.clone(), digests: digests.clone() }))
        })
    });
    let delete = button("Delete", Icon::Close, "btn small", move || delete(&scope, &repository, digests.clone()));
    Some(view! { {scan}{delete} }.into_any())
}

/// Beside the name of a repository.
pub fn of_repository(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let delete = move || {
        let answers = repository::Delete { repository: key.id.clone(), ..repository::Delete::default() };
        of(&key.scope, Form::DeleteRepository(answers))
    };
    move_gone(shown, move || button("Delete", Icon::Close, "btn", delete.clone()))
}

/// Nothing can be done with what is gone.
fn move_gone(shown: Shown, buttons: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let gone = Memo::new(move |_| shown.with(|d| d.row.gone.is_some()));
    (move || (!gone.get()).then(&buttons)).into_any()
}

fn of_document(doc: &Value) -> Image {
    serde_json::from_value(doc.clone()).unwrap_or_default()
}

/// Beside the name of an image.
pub fn of_image(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let Some((repository, digest)) = parts(&key) else { return ().into_any() };
    let tags = Memo::new(move |_| shown.with(|d| of_document(&d.doc).image_tags));
    move_gone(shown, move || {
        let image = shown.with_untracked(|d| of_document(&d.doc));
        let index = image.manifests.as_ref().is_some_and(|m| !m.is_empty());
        let (scope, repository, digest) = (key.scope.clone(), repository.clone(), digest.clone());
        let scan = (!index).then(|| scan(scope.clone(), repository.clone(), digest.clone()));
        let gone = {
            let (scope, repository, digest) = (scope.clone(), repository.clone(), digest.clone());
            button("Delete", Icon::Close, "btn", move || delete(&scope, &repository, vec![digest.clone()]))
        };
        let compare = format!("/compare?left={}", paths::encode(&key.to_string()));
        let compare = view! { <a class="btn" href=here(&compare)>{icon(Icon::Compare)}"Compare"</a> };
        view! { {compare}{scan}{tagging(scope, repository, digest, tags)}{gone} }.into_any()
    })
}

/// The button that has an image scanned; where Amazon Inspector scans, with the reason why it cannot be pressed.
fn scan(scope: Scope, repository: String, digest: String) -> AnyView {
    let enhanced = registry_scans::enhanced(&scope);
    let offered = move || {
        if enhanced.get() {
            return view! { <button class="btn" r#type="button" aria-disabled="true" title=images::ENHANCED>{icon(Icon::Search)}"Scan"</button> }.into_any();
        }
        let (scope, repository, digests) = (scope.clone(), repository.clone(), vec![digest.clone()]);
        button("Scan", Icon::Search, "btn", move || {
            of(&scope, Form::ScanImages(images::Scan { repository: repository.clone(), digests: digests.clone() }))
        })
    };
    offered.into_any()
}

/// The menu that adds and removes tags; it stays open, with what is typed, when they change.
fn tagging(scope: Scope, repository: String, digest: String, tags: Memo<Vec<String>>) -> AnyView {
    let boot = expect_context::<Boot>();
    if why_not(&boot).is_some() {
        return ().into_any();
    }
    let acts = expect_context::<Acts>();
    let (typed, wanted) = (RwSignal::new(String::new()), (scope.clone(), repository.clone(), digest.clone()));
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (scope, repository, digest) = wanted.clone();
        let tag = typed.get_untracked().trim().to_owned();
        acts.ask(of(&scope, Form::TagImage(tags::Tag { repository, digest, tag })));
    };
    let about = format!("A tag for {}", short(&digest));
    let untag = move |tag: String| {
        let words = format!("Take off {tag}");
        let answers =
            tags::Untag { repository: repository.clone(), digest: digest.clone(), tag, insist: String::new() };
        let scope = scope.clone();
        let untag = move |_| acts.ask(of(&scope, Form::UntagImage(answers.clone())));
        view! { <button class="option" r#type="button" on:click=untag>{icon(Icon::Close)}{words}</button> }
    };
    let taken = move || tags.get().into_iter().map(&untag).collect_view();
    let label = view! { "Tags" }.into_any();
    view! {
        <Menu label=label class="btn" right=true>
            <form class="about stack" on:submit=add>
                <div class="field">
                    <label for="new-tag">{about}</label>
                    <div class="input"><input id="new-tag" autocomplete="off" spellcheck="false" placeholder="1.4.2" on:input=move |e| typed.set(event_target_value(&e))/></div>
                    <span class="hint">"Another image of this repository that has it loses it."</span>
                </div>
                <div><button class="btn small" r#type="submit" disabled=move || typed.with(|t| t.trim().is_empty())>"Tag it"</button></div>
            </form>
            {taken}
        </Menu>
    }
    .into_any()
}

/// Whether what is picked in a list of this kind can be acted on together.
pub fn bulk_of(kind: Kind, keys: &[ResourceKey]) -> Option<AnyView> {
    if kind == Kind::Image { bulk(keys) } else { None }
}
