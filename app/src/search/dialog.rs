//! ⌘K: the search over any page, as one types. `app/js/kit.js` opens it and moves the selection with the arrow keys.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::results::{ASKED, Results};
use crate::api;
use crate::error::AppError;
use crate::layout::ScopeFields;
use crate::ui::{Dialog, Icon, ProblemNote, icon};

/// The dialog; closed until asked for.
#[component]
pub fn SearchDialog() -> impl IntoView {
    let text = RwSignal::new(String::new());
    // Nothing is asked while rendering on the server or before the first key.
    let answer = LocalResource::new(move || {
        let text = text.get();
        async move {
            if text.trim().is_empty() {
                return Ok((text, vec![]));
            }
            api::search(text.clone(), ASKED).await.map(|hits| (text, hits))
        }
    });
    // What is shown belongs to the last answer until the next one is there.
    let found = RwSignal::new(None);
    Effect::new(move || {
        if let Some(answer) = answer.get() {
            found.set(Some(answer));
        }
    });
    let field = NodeRef::<leptos::html::Input>::new();
    let location = use_location();
    Effect::new(move || {
        location.pathname.track();
        text.set(String::new());
        if let Some(field) = field.get_untracked() {
            field.set_value("");
        }
    });
    let results = move || match found.get() {
        Some(Ok((text, hits))) => view! { <Results text=text hits=hits choices=true/> }.into_any(),
        Some(Err(AppError(problem))) => view! { <ProblemNote problem=problem/> }.into_any(),
        None => ().into_any(),
    };
    view! {
        <Dialog id="search" title="Find anything" class="search-dialog">
            <form method="get" action="/search" role="search">
                <ScopeFields/>
                <label class="input">
                    {icon(Icon::Search)}
                    <input
                        node_ref=field
                        r#type="search"
                        name="q"
                        maxlength="200"
                        autocomplete="off"
                        spellcheck="false"
                        autofocus=true
                        placeholder="Find a function, service, image, page …"
                        aria-label="Find anything"
                        role="combobox"
                        aria-autocomplete="list"
                        aria-controls="hits"
                        aria-expanded=move || if matches!(found.get(), Some(Ok(_))) { "true" } else { "false" }
                        on:input=move |e| text.set(event_target_value(&e))
                    />
                    <kbd>"Esc"</kbd>
                </label>
            </form>
            <div class="search-results">{results}</div>
        </Dialog>
    }
}
