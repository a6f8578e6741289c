//! Exact text that people copy: its own end stays in sight, a click copies it whole. `app/js/kit.js` does the copying.

use leptos::prelude::*;

use super::cut::cut_ends;
use super::format::ends;
use super::icon::{Icon, icon};

/// Mono text that a click copies in full.
#[component]
pub fn Copy(
    /// The full text.
    #[prop(into)]
    text: String,
    /// At most so many characters are shown.
    #[prop(default = 28)]
    max: usize,
) -> impl IntoView {
    let (shared, own) = ends(&text, max);
    let label = (!own.is_empty()).then(|| text.clone());
    let shown = match own.is_empty() {
        true => view! { <span>{shared}</span> }.into_any(),
        false => view! { <span class="ends">{cut_ends(&shared, &own)}</span> }.into_any(),
    };
    view! {
        <button class="copy mono" r#type="button" data-copy=text.clone() title=format!("{text}\nClick to copy") aria-label=label>
            {shown}
            {icon(Icon::Copy)}
        </button>
    }
}

/// A button with an icon that copies something longer.
#[component]
pub fn CopyButton(
    /// The text.
    #[prop(into)]
    text: String,
    /// What the button says.
    #[prop(default = "Copy")]
    label: &'static str,
) -> impl IntoView {
    let name = label.is_empty().then_some("Copy");
    view! { <button class="btn quiet small" r#type="button" data-copy=text aria-label=name title=name>{icon(Icon::Copy)}{label}</button> }
}
