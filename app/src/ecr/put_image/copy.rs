//! From another registry: the server fetches it.

use domain::ResourceKey;
use domain::ecr::rules::typed::IMAGE_TAG;
use domain::ecr::wizards::copy_image::Answers as Copy;
use domain::plan::answers::Form;
use domain::plan::service::SourceCredentials;
use domain::plan::{Answers, Facts};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::live_state::{after_applied, was_applied};
use crate::plan::api::lend_credentials;
use crate::plan::wrong::Wrong;
use crate::ui::{Icon, icon};
use crate::unfinished::Unfinished;
use crate::wizard::TextField;

/// The tag in an image's name: what people mostly want it to be called here, too.
fn tag_of(source: &str) -> &str {
    match source.trim().rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') && !source.contains('@') => tag,
        _ => "",
    }
}

/// Whether a form was entered so, whatever credentials were lent for it.
fn is_of(form: &Form, copy: &Copy) -> bool {
    let Form::CopyImage(other) = form else { return false };
    let lent_alike = Copy { credentials: copy.credentials.clone(), ..other.clone() };
    lent_alike == *copy
}

/// A user name and a password, for an image that not everybody may have. They leave this page for the server's memory only: answers and plan
/// have a name of them.
fn sign_in(user: RwSignal<String>, password: RwSignal<String>, wrong: Wrong) -> AnyView {
    let entered = move |field: RwSignal<String>| {
        move |value: String| {
            wrong.forget();
            field.set(value);
        }
    };
    view! {
        <div class="two">
            <TextField
                label="User name" name="user" value=user.into() set=entered(user)
                hint="Only for a private image."
            />
            <TextField
                label="Password or access token" name="credentials" secret=true value=password.into() set=entered(password)
                hint="Used once, kept in memory until the copy ends; a restart asks again."
            />
        </div>
    }
    .into_any()
}

/// The form.
pub(super) fn form(key: &ResourceKey) -> AnyView {
    let scope = key.scope.clone();
    let first = (Copy { repository: key.id.clone(), ..Copy::default() }, String::new());
    let unfinished = Unfinished::of("copy");
    let left = unfinished.recall::<(Copy, String)>("");
    let left = left.filter(|(left, _)| !was_applied(&scope, Form::CopyImage(left.clone())));
    let (left, left_user) = left.unwrap_or_else(|| first.clone());
    let copy = RwSignal::new(left);
    // The password is kept nowhere.
    let (user, password) = (RwSignal::new(left_user), RwSignal::new(String::new()));
    unfinished.keep(String::new(), move || Some((copy.get(), user.get())).filter(|left| *left != first));
    after_applied(scope.clone(), move |applied| {
        if copy.with_untracked(|copy| is_of(&applied.form, copy)) {
            unfinished.forget();
        }
    });
    let (wrong, ready) = {
        let scope = scope.clone();
        Wrong::provide(move || copy.with(|c| c.plan(&scope, &Facts::default())).err().unwrap_or_default())
    };
    let field = |read: fn(&Copy) -> &String| Signal::derive(move || copy.with(|c| read(c).clone()));
    let named = move |source: String| {
        wrong.forget();
        copy.update(|c| {
            // As long as nobody chose another, the tag follows the source's.
            if c.tag == tag_of(&c.source) {
                c.tag = tag_of(&source).to_owned();
            }
            c.source = source;
        });
    };
    let change = move |write: fn(&mut Copy, String)| {
        move |value: String| {
            wrong.forget();
            copy.update(|c| write(c, value));
        }
    };
    let review = move |_| {
        let scope = scope.clone();
        let mut asked = copy.get_untracked();
        let (user, password) = (user.get_untracked(), password.get_untracked());
        if user.trim().is_empty() && password.is_empty() {
            wrong.ask(Answers { scope, form: Form::CopyImage(asked) });
            return;
        }
        spawn_local(async move {
            match lend_credentials(SourceCredentials { image: asked.source.clone(), user, password }).await {
                Ok(lent) => {
                    asked.credentials = lent.id;
                    wrong.ask(Answers { scope, form: Form::CopyImage(asked) });
                }
                Err(error) => wrong.say(error.0),
            }
        });
    };
    view! {
        <section class="card">
            <header><h2>"Copy an image from another registry"</h2></header>
            <div class="in stack">
                <TextField
                    label="Image" name="source" placeholder="nginx:1.27" value=field(|c| &c.source) set=named
                    hint="Docker Hub unless it begins with a registry, such as ghcr.io/owner/app:v1. The server fetches it; nothing passes through this browser."
                />
                {sign_in(user, password, wrong)}
                <TextField
                    label="Platform" name="platform" placeholder="All platforms" value=field(|c| &c.platform)
                    set=change(|c, v| c.platform = v)
                    hint="Such as linux/arm64, to copy that one alone. Empty copies all, and the image keeps its digest."
                />
                <TextField
                    label="Tag in this repository" name="tag" placeholder="1.27" value=field(|c| &c.tag) typing=IMAGE_TAG
                    set=change(|c, v| c.tag = v)
                    hint="It is given last, once all of the image has arrived."
                />
                {wrong.others(&["source", "user", "credentials", "platform", "tag"])}
                <div class="acts" inert=move || !ready.get() class:idle=move || !ready.get()>
                    <button class="btn primary" r#type="button" on:click=review>{icon(Icon::Right)}"Review the copy"</button>
                </div>
            </div>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_in_a_name_is_no_port_and_no_digest() {
        let names = ["nginx", "nginx:1.27", "host:5000/app", "host:5000/app:v1", "app@sha256:ab"];
        assert_eq!(names.map(tag_of), ["", "1.27", "", "v1", ""]);
    }

    #[test]
    fn what_was_applied_with_lent_credentials_is_what_was_entered() {
        let entered = Copy { source: "nginx:1.27".into(), tag: "1.27".into(), ..Copy::default() };
        assert!(is_of(&Form::CopyImage(Copy { credentials: "a1".into(), ..entered.clone() }), &entered));
        assert!(!is_of(&Form::CopyImage(Copy { tag: "1.28".into(), ..entered.clone() }), &entered));
    }
}
