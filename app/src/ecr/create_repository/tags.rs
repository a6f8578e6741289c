//! Tags: keys and values, row by row.

use domain::ecr::rules::typed::TAG_KEY;
use leptos::prelude::*;

use super::{Shared, part};
use crate::ui::{Icon, format, icon};
use crate::wizard::{FieldGroup, Fold, TextField};

/// The section.
pub fn section(draft: Shared) -> impl IntoView {
    let tags = part(draft, |d| d.tags.clone());
    let now = Signal::derive(move || {
        let keys = tags.with(|tags| tags.iter().filter(|(key, _)| !key.trim().is_empty()).count());
        match keys {
            0 => "None besides those of the run".to_owned(),
            n => format::counted(n as i64, "tag", "tags"),
        }
    });
    let many = Memo::new(move |_| tags.with(Vec::len));
    let add = move |_| draft.update(|d| d.form.tags.push(Default::default()));
    view! {
        <Fold title="Tags" now=now>
            <p class="dim">"For bills, searches and rules. Gantry adds which run made it, which step, and who started it."</p>
            <FieldGroup label="Tags" name="tags">
                <For each=move || 0..many.get() key=|n| *n children=move |n| row(draft, n)/>
                <div><button class="btn small" r#type="button" on:click=add>"Add a tag"</button></div>
            </FieldGroup>
        </Fold>
    }
}

/// One tag. Its message belongs to the whole row.
fn row(draft: Shared, n: usize) -> impl IntoView {
    // A row that is just being taken away has none any more.
    let key = part(draft, move |d| d.tags.get(n).map(|(key, _)| key.clone()).unwrap_or_default());
    let value = part(draft, move |d| d.tags.get(n).map(|(_, value)| value.clone()).unwrap_or_default());
    let change = move |with: &dyn Fn(&mut (String, String))| {
        draft.update(|d| {
            if let Some(tag) = d.form.tags.get_mut(n) {
                with(tag);
            }
        });
    };
    let remove = move |_| {
        draft.update(|d| {
            if n < d.form.tags.len() {
                d.form.tags.remove(n);
            }
        });
    };
    let gone = format!("Remove tag {}", n + 1);
    view! {
        <div class="tag-row">
            <TextField
                label=format!("Key of tag {}", n + 1) name=format!("tags.{n}") bare=true placeholder="key" value=key
                typing=TAG_KEY set=move |v: String| change(&|tag| tag.0.clone_from(&v))
            />
            <TextField
                label=format!("Value of tag {}", n + 1) name=format!("tags.{n}.value") bare=true placeholder="value" value=value
                set=move |v: String| change(&|tag| tag.1.clone_from(&v))
            />
            <button class="btn quiet only-icon" r#type="button" aria-label=gone.clone() title=gone on:click=remove>{icon(Icon::Close)}</button>
        </div>
    }
}
