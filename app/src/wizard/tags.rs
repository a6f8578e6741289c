//! Tags: keys and values, row by row.

use domain::ecr::rules::typed::TAG_KEY;
use leptos::prelude::*;

use super::field::{FieldGroup, TextField};
use crate::ui::{Icon, icon};

type Tags = Vec<(String, String)>;

/// The rows, with a button that adds one. The message of a row has the name `tags.N`, that of all `tags`.
#[component]
pub fn TagRows(
    /// What they are; shown above them.
    label: &'static str,
    /// What is in them.
    tags: Signal<Tags>,
    /// What to do with them once something is typed.
    #[prop(into)]
    change: Callback<Tags>,
) -> impl IntoView {
    let many = Memo::new(move |_| tags.with(Vec::len));
    let edit = move |with: &dyn Fn(&mut Tags)| {
        let mut all = tags.get_untracked();
        with(&mut all);
        change.run(all);
    };
    let row = move |n: usize| {
        // A row that is just being taken away has none any more.
        let read = move |get: fn(&(String, String)) -> &String| {
            Signal::derive(move || tags.with(|all| all.get(n).map(get).cloned()).unwrap_or_default())
        };
        let set = move |value: bool, text: String| {
            edit(&|all| {
                if let Some(tag) = all.get_mut(n) {
                    text.clone_into(if value { &mut tag.1 } else { &mut tag.0 });
                }
            });
        };
        let remove = move |_| {
            edit(&|all| {
                if n < all.len() {
                    all.remove(n);
                }
            });
        };
        let gone = format!("Remove tag {}", n + 1);
        view! {
            <div class="tag-row">
                <TextField
                    label=format!("Key of tag {}", n + 1) name=format!("tags.{n}") bare=true placeholder="key"
                    value=read(|tag| &tag.0) typing=TAG_KEY set=move |v| set(false, v)
                />
                <TextField
                    label=format!("Value of tag {}", n + 1) name=format!("tags.{n}.value") bare=true placeholder="value"
                    value=read(|tag| &tag.1) set=move |v| set(true, v)
                />
                <button class="btn quiet only-icon" r#type="button" aria-label=gone.clone() title=gone on:click=remove>{icon(Icon::Close)}</button>
            </div>
        }
    };
    view! {
        <FieldGroup label=label name="tags">
            <span class="label">{label}</span>
            <For each=move || 0..many.get() key=|n| *n children=row/>
            <div><button class="btn small" r#type="button" on:click=move |_| edit(&|all| all.push(Default::default()))>"Add a tag"</button></div>
        </FieldGroup>
    }
}
