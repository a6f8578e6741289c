//! Puts an image into a repository without Docker: from a file on this computer, or from another registry. Either is a plan.

mod browser;
mod copy;
mod file;
mod images;
mod sender;

use domain::ResourceKey;
use leptos::prelude::*;

use crate::api::Boot;
use crate::ui::{Icon, icon};
use crate::unfinished::Unfinished;
use crate::wizard::why_not;
pub use images::{form as tags_form, with_tags};
use sender::Sender;

/// The button, and what it opens.
pub fn card(key: &ResourceKey) -> AnyView {
    let boot = expect_context::<Boot>();
    if let Some(problem) = why_not(&boot) {
        let words = view! { {icon(Icon::Image)}"Put an image in" };
        return view! { <div class="put-image"><button class="btn small" r#type="button" aria-disabled="true" title=problem.message>{words}</button></div> }
            .into_any();
    }
    let sender = Sender::of(key);
    let unfinished = Unfinished::of("put-image");
    let open = RwSignal::new(unfinished.recall::<bool>("").unwrap_or_else(|| sender.is_unfinished()));
    unfinished.keep(String::new(), move || Some(open.get()));
    Effect::new(move || {
        sender.look_back(move || {
            open.try_set(true);
        });
    });
    let key = StoredValue::new(key.clone());
    let toggle = move |_| open.update(|open| *open = !*open);
    view! {
        <div class="put-image act-forms">
            <div><button class="btn small" r#type="button" aria-expanded=move || open.get().to_string() on:click=toggle>{icon(Icon::Image)}"Put an image in"</button></div>
            {move || open.get().then(|| key.with_value(|key| view! { <div class="ways">{file::form(key, sender)}{copy::form(key)}</div> }))}
        </div>
    }
    .into_any()
}
