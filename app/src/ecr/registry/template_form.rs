//! The fields of a creation template, of a new one or of one that is changed.

use domain::Scope;
use domain::ecr::rules::typed::TEMPLATE_PREFIX;
use domain::ecr::wizards::create_repository::Encrypted;
use domain::ecr::wizards::registry::template::Template;
use domain::plan::Answers;
use domain::plan::answers::Form;
use leptos::prelude::*;

use super::pieces;
use super::roles::{self, Assumes};
use crate::ecr::act::review;
use crate::ecr::{keys, mutability};
use crate::wizard::{Choice, FieldGroup, Fold, Messages, TagRows, TextArea, TextField, check, choices};

/// When a template is used.
pub const USES: [Choice; 3] = [
    ("PULL_THROUGH_CACHE", "Pull-through cache", "An image is pulled through the cache."),
    ("REPLICATION", "Replication", "An image is replicated here."),
    ("CREATE_ON_PUSH", "Push", "An image is pushed to a name that does not exist yet."),
];
const KEYS: &[Choice] = &[
    ("AES256", "AES-256", "With keys that Amazon S3 manages. Costs nothing."),
    ("KMS", "AWS KMS", "With a key of KMS; takes a role of your own."),
];

/// The form with what is entered, `t`, where there was `first`; `leave` goes back to a new one.
pub fn form(
    scope: Scope,
    first: Template,
    t: RwSignal<Template>,
    leave: impl Fn() + Clone + Send + Sync + 'static,
) -> AnyView {
    let new = first.new;
    let heading = if new { "Add a template".to_owned() } else { format!("Change the template for {}", first.prefix) };
    let errors = {
        let scope = scope.clone();
        Memo::new(move |_| t.with(|t| t.check(&scope)))
    };
    let messages = Messages::new(errors.into());
    provide_context(messages);
    let idle = move || !new && t.with(|t| *t == first);
    // Until one has to be named, or somebody begins to.
    let wants = Memo::new(move |_| {
        t.with(|t| !t.role.is_empty() || !t.tags.is_empty() || matches!(t.encryption, Encrypted::Kms { .. }))
    });
    let named = t.with_untracked(|t| t.role.clone());
    let role = roles::field(Assumes::Templates, scope.clone(), named, wants, move |v| t.update(|t| t.role = v));
    let place = scope.clone();
    let place = Signal::derive(move || place.clone());
    let save = move || Answers { scope: scope.clone(), form: Form::RegistryTemplate(t.get_untracked()) };
    view! {
        <section class="card asks">
            <header><h2>{heading}</h2></header>
            <div class="in stack">
                {new.then(|| view! {
                    <TextField label="Prefix" name="prefix" placeholder="prod" typing=TEMPLATE_PREFIX value=Signal::derive(move || t.with(|t| t.prefix.clone())) hint="How the names of the repositories begin; ROOT for all that no other template is for." set=move |v| t.update(|t| t.prefix = v)/>
                })}
                <TextField label="Description" name="description" value=Signal::derive(move || t.with(|t| t.description.clone())) set=move |v| t.update(|t| t.description = v)/>
                {uses(t)}
                {images(t, place)}
                {more(t)}
                {role}
                <div class="acts">
                    <div class="acts" inert=idle.clone() class:idle=idle>{review(if new { "Review the template" } else { "Review the change" }, messages, save)}</div>
                    {(!new).then(|| view! { <button class="btn quiet" r#type="button" on:click=move |_| leave()>"Cancel"</button> })}
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn uses(t: RwSignal<Template>) -> AnyView {
    let boxes = USES.map(|(word, title, words)| {
        let on = Signal::derive(move || t.with(|t| t.applied_for.iter().any(|w| w == word)));
        check(word, title, words, on, move |on| {
            t.update(|t| {
                t.applied_for.retain(|w| w != word);
                if on {
                    t.applied_for.push(word.to_owned());
                }
            });
        })
    });
    let boxes = boxes.into_iter().collect_view();
    view! { <FieldGroup label="Used when" name="applied_for"><span class="label">"Used when"</span>{boxes}</FieldGroup> }
        .into_any()
}

/// What holds for the images: whether tags move, and how images are encrypted.
fn images(t: RwSignal<Template>, place: Signal<Scope>) -> AnyView {
    let immutable = Signal::derive(move || t.with(|t| t.immutable));
    let choose = move |immutable| t.update(|t| t.immutable = immutable);
    let excluded = RwSignal::new(t.with_untracked(|t| t.exclusions.join(", ")));
    let exclude = move |text: String| {
        t.update(|t| t.exclusions = pieces(&text));
        excluded.set(text);
    };
    let kms = Memo::new(move |_| t.with(|t| matches!(t.encryption, Encrypted::Kms { .. })));
    let sort = Signal::derive(move || if kms.get() { "KMS" } else { "AES256" });
    let encrypt = move |word: &'static str| {
        let kms = Encrypted::Kms { key: String::new(), dual: false };
        let encryption = if word == "KMS" { kms } else { Encrypted::Aes256 };
        t.update(|t| t.encryption = encryption);
    };
    let key = Signal::derive(move || match t.with(|t| t.encryption.clone()) {
        Encrypted::Kms { key, .. } => key,
        Encrypted::Aes256 | Encrypted::NewKey { .. } => String::new(),
    });
    let dual = Signal::derive(move || t.with(|t| t.encryption.is_dual()));
    let set_key = move |key: String| {
        t.update(|t| {
            let dual = t.encryption.is_dual();
            t.encryption = Encrypted::Kms { key, dual };
        });
    };
    let set_dual = move |dual: bool| {
        // Read before: while the form is written nothing of it can be read.
        let key = key.get_untracked();
        t.update(|t| t.encryption = Encrypted::Kms { key, dual });
    };
    // Keys are listed in the browser only, once one is wanted.
    let offered = move || kms.get().then(|| keys::offers(place, kms, key, keys::by_arn, set_key));
    view! {
        {mutability::fields(immutable, choose, excluded.into(), exclude)}
        {choices("encryption", "Encryption", KEYS, sort, encrypt)}
        <div class="stack" hidden=move || !kms.get()>
            <TextField label="KMS key" name="key" value=key hint="ARN of a key in this account and region. Empty: the key that AWS manages for ECR." set=set_key/>
            {offered}
            {keys::two_layers(place, "dual", dual, set_dual)}
        </div>
    }
    .into_any()
}

/// What folds away: policies and tags of the repositories.
fn more(t: RwSignal<Template>) -> AnyView {
    let said = move |is: fn(&Template) -> bool| {
        Signal::derive(move || if t.with(is) { "set".to_owned() } else { "none".to_owned() })
    };
    let tags = Signal::derive(move || t.with(|t| t.tags.clone()));
    view! {
        <Fold title="Lifecycle policy" now=said(|t| !t.lifecycle.trim().is_empty())>
            <TextArea label="Lifecycle policy" name="lifecycle" hint="Which images expire. Empty for none." value=Signal::derive(move || t.with(|t| t.lifecycle.clone())) set=move |v| t.update(|t| t.lifecycle = v)/>
        </Fold>
        <Fold title="Repository policy" now=said(|t| !t.permissions.trim().is_empty())>
            <TextArea label="Repository policy" name="permissions" hint="Who else may use the repositories. Empty for none." value=Signal::derive(move || t.with(|t| t.permissions.clone())) set=move |v| t.update(|t| t.permissions = v)/>
        </Fold>
        <Fold title="Tags" now=said(|t| !t.tags.is_empty())>
            <TagRows label="Tags of the repositories" tags=tags change=move |tags| t.update(|t| t.tags = tags)/>
        </Fold>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::ecr::registry::APPLIED_FOR;

    use super::USES;

    #[test]
    fn every_use_can_be_ticked() {
        assert_eq!(USES.map(|(word, ..)| word).to_vec(), APPLIED_FOR.iter().map(|(word, _)| *word).collect::<Vec<_>>());
    }
}
