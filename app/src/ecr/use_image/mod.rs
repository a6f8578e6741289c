//! The next step from an image: its address to copy, the forms that give it to a function or to a task definition and its services, and
//! commands for the rest. All of them hand over the digest.

mod commands;
mod function;
mod task_definition;

use domain::Scope;
use domain::ecr::Image;
use leptos::prelude::*;

use crate::api::Boot;
use crate::resource::Shown;
use crate::sections::{card as titled, exact, key_of};
use crate::ui::{Code, Icon, icon};
use crate::unfinished;
use crate::wizard::why_not;
use commands::{Command, commands};

/// Which form is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    TaskDefinition,
    Function,
}

/// The card; nothing for what nobody runs: a signature, say.
pub fn card(shown: Shown) -> AnyView {
    let scope = key_of(shown).scope;
    let image = Memo::new(move |_| {
        let (image, gone) = shown.with(|d| (serde_json::from_value::<Image>(d.doc.clone()), d.row.gone.is_some()));
        image.ok().filter(|image| !gone && image.artifact().is_none())
    });
    // What the forms need of it, none of which changes while somebody fills one in.
    let lasting = Memo::new(move |_| {
        let image = image.get()?;
        let Image { registry_id, repository_name, image_digest, manifests, .. } = image;
        Some(Image { registry_id, repository_name, image_digest, manifests, ..Image::default() })
    });
    let card = move || {
        let lasting = lasting.get()?;
        let (addressed, commanded) = (scope.clone(), scope.clone());
        let addresses = move || image.get().map(|image| addresses(&image, &addressed));
        let all = move || image.get().map(|image| all(&image, &commanded));
        let body = view! {
            {addresses}
            <div class="in stack">
                <p class="faint">"A digest always means this image; a tag can be moved to another. Forms and commands use the digest."</p>
                {forms(&lasting, &scope)}
                <div>{all}</div>
            </div>
        };
        Some(titled("Use it", body))
    };
    card.into_any()
}

fn addresses(image: &Image, scope: &Scope) -> AnyView {
    let uri = image.uri(scope);
    let repository = uri.split('@').next().unwrap_or(&uri).to_owned();
    let tags = image.image_tags.iter().map(|tag| {
        let (name, uri) = (format!("By tag {tag}"), format!("{repository}:{tag}"));
        view! { <div><dt>{name}</dt><dd>{exact(Some(uri))}</dd></div> }
    });
    let tags = tags.collect_view();
    view! {
        <dl class="pairs one">
            <div><dt>"By digest"</dt><dd>{exact(Some(uri))}</dd></div>
            {tags}
        </dl>
    }
    .into_any()
}

/// The commands, folded.
fn all(image: &Image, scope: &Scope) -> AnyView {
    let all = commands(image, scope, &image.uri(scope)).into_iter().map(|command| {
        let Command { title, about, text } = command;
        view! { <details class="fold"><summary>{title}</summary><p class="faint">{about}</p><Code text=text/></details> }
    });
    all.collect_view().into_any()
}

/// The buttons, and the form that one of them opens.
fn forms(image: &Image, scope: &Scope) -> AnyView {
    let boot = expect_context::<Boot>();
    let denied = why_not(&boot);
    let ((open,), _) = unfinished::fields("use", String::new(), (None::<Form>,), |_| true);
    let button = |form: Form, sign: Icon, label: &'static str| {
        match &denied {
        Some(problem) => view! {
            <button class="btn small" r#type="button" aria-disabled="true" title=problem.message.clone()>{icon(sign)}{label}</button>
        }
        .into_any(),
        None => {
            let is_open = move || (open.get() == Some(form)).to_string();
            let toggle = move |_| open.update(|open| *open = if *open == Some(form) { None } else { Some(form) });
            view! { <button class="btn small" r#type="button" aria-expanded=is_open on:click=toggle>{icon(sign)}{label}</button> }
                .into_any()
        }
    }
    };
    let index = image.manifests.as_ref().is_some_and(|m| !m.is_empty());
    let function = match index {
        false => button(Form::Function, Icon::Function, "In a function"),
        true => {
            view! { <span class="faint">"A function takes the image of one platform: open one of those below."</span> }
                .into_any()
        }
    };
    let wanted = StoredValue::new((scope.clone(), image.clone()));
    let body = move || {
        let form = open.get()?;
        Some(wanted.with_value(|(scope, image)| match form {
            Form::TaskDefinition => task_definition::form(scope, image),
            Form::Function => function::form(scope, image),
        }))
    };
    view! {
        <div class="use-image act-forms">
            <div class="acts">{button(Form::TaskDefinition, Icon::Document, "In a task definition")}{function}</div>
            {body}
        </div>
    }
    .into_any()
}
