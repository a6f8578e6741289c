//! The keys, behind `?`.

use leptos::prelude::*;

use crate::ui::Dialog;

/// Keys and what they do; `app/js/kit.js` listens to them.
const KEYS: &[(&str, &str)] = &[
    ("⌘K  Ctrl-K", "Find any object, page or action"),
    ("/", "Filter the list"),
    ("j  k", "Next and previous row"),
    ("↓  ↑", "The same from a row; ↓ also from the filter"),
    ("Enter", "Open the row"),
    ("x", "Select the row"),
    ("g o", "Overview"),
    ("g f", "Functions"),
    ("g s", "Services"),
    ("g t", "Tasks"),
    ("g d", "Task definitions"),
    ("g c", "Clusters"),
    ("g k", "Kubernetes"),
    ("g r", "Repositories"),
    ("g u", "Runs and audit"),
    ("g h", "Changes"),
    ("Esc", "Close what is open, leave the filter, or select nothing"),
    ("?", "This list"),
];

/// The dialog.
#[component]
pub fn HelpDialog() -> impl IntoView {
    let rows = KEYS
        .iter()
        .map(|(keys, what)| {
            let keys = keys.split("  ").map(|k| view! { <kbd>{k}</kbd>" " }).collect_view();
            view! { <div><dt>{keys}</dt><dd>{*what}</dd></div> }
        })
        .collect_view();
    view! { <Dialog id="help" title="Keyboard shortcuts"><h2>"Keyboard shortcuts"</h2><dl class="keys">{rows}</dl></Dialog> }
}
