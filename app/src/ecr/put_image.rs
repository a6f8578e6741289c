//! Puts an image into a repository without Docker: from another registry, by a plan.

use domain::ResourceKey;
use domain::ecr::wizards::copy_image::Answers as Copy;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use leptos::prelude::*;

use super::act::button;
use crate::api::Boot;
use crate::ui::{Icon, icon};
use crate::wizard::{Messages, TextField, why_not};

/// The tag in an image's name: what people mostly want it to be called here, too.
fn tag_of(source: &str) -> &str {
    match source.trim().rsplit_once(':') {
        Some((_, tag)) if !tag.contains('/') && !source.contains('@') => tag,
        _ => "",
    }
}

/// The button, and the form that it opens.
pub fn card(key: &ResourceKey) -> AnyView {
    let boot = expect_context::<Boot>();
    if let Some(problem) = why_not(&boot) {
        let words = view! { {icon(Icon::Image)}"Put an image in" };
        return view! { <div><button class="btn small" r#type="button" aria-disabled="true" title=problem.message>{words}</button></div> }
            .into_any();
    }
    let open = RwSignal::new(false);
    let key = StoredValue::new(key.clone());
    let toggle = move |_| open.update(|open| *open = !*open);
    view! {
        <div class="stack">
            <div><button class="btn small" r#type="button" aria-expanded=move || open.get().to_string() on:click=toggle>{icon(Icon::Image)}"Put an image in"</button></div>
            {move || open.get().then(|| form(&key.get_value()))}
        </div>
    }
    .into_any()
}

fn form(key: &ResourceKey) -> AnyView {
    let scope = key.scope.clone();
    let copy = RwSignal::new(Copy { repository: key.id.clone(), ..Copy::default() });
    let errors = {
        let scope = scope.clone();
        Memo::new(move |_| copy.with(|c| c.plan(&scope, &Facts::default())).err().unwrap_or_default())
    };
    provide_context(Messages::new(errors.into()));
    let field = |read: fn(&Copy) -> &String| Signal::derive(move || copy.with(|c| read(c).clone()));
    let named = move |source: String| {
        copy.update(|c| {
            // As long as nobody chose another, the tag follows the source's.
            if c.tag == tag_of(&c.source) {
                c.tag = tag_of(&source).to_owned();
            }
            c.source = source;
        });
    };
    let idle = move || !errors.with(|e| e.is_empty());
    let review = move || Answers { scope: scope.clone(), form: Form::CopyImage(copy.get_untracked()) };
    view! {
        <section class="card">
            <header><h2>"Copy an image from another registry"</h2></header>
            <div class="in stack">
                <TextField
                    label="Image" name="source" placeholder="nginx:1.27" value=field(|c| &c.source) set=named
                    hint="Docker Hub unless it begins with a registry, such as ghcr.io/owner/app:v1. The server fetches it; nothing passes through this browser."
                />
                <TextField
                    label="Platform" name="platform" placeholder="All platforms" value=field(|c| &c.platform)
                    set=move |v| copy.update(|c| c.platform = v)
                    hint="Such as linux/arm64, to copy that one alone. Empty copies all, and the image keeps its digest."
                />
                <TextField
                    label="Tag in this repository" name="tag" placeholder="1.27" value=field(|c| &c.tag)
                    set=move |v| copy.update(|c| c.tag = v)
                    hint="It is given last, once all of the image has arrived."
                />
                <div class="acts" inert=idle class:idle=idle>{button("Review the copy", Icon::Right, "btn primary", review)}</div>
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
}
