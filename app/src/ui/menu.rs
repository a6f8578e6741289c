//! What floats: menus and explanations on `<details>` (they open without scripts), and `<dialog>`.
//! `app/js/kit.js` closes menus on a click outside and on Esc, and opens dialogs.

use leptos::prelude::*;

use super::icon::{Icon, icon};

/// A button that opens a panel under it.
#[component]
pub fn Menu(
    /// What the button shows.
    label: AnyView,
    /// Said of the button when what it shows is only an icon.
    #[prop(optional, into)]
    name: Option<Signal<String>>,
    /// The button's style: `btn quiet`, `chip` …
    #[prop(default = "btn quiet".to_owned(), into)]
    class: String,
    /// Its name on the page, if it stays open when what it is part of is drawn anew by a choice in it.
    #[prop(optional, into)]
    keep: Option<String>,
    /// Opens towards the left.
    #[prop(optional)]
    right: bool,
    /// The panel.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="menu" name="menu" data-keep=keep>
            <summary class=class aria-label=move || name.map(|n| n.get())>{label}</summary>
            <div class="panel" class:right=right>{children()}</div>
        </details>
    }
}

/// A short explanation of a concept behind an "i".
#[component]
pub fn About(
    /// The concept: "task definitions".
    #[prop(into)]
    title: String,
    /// The explanation.
    children: Children,
) -> impl IntoView {
    let label = view! { {icon(Icon::Info)} {format!("About {title}")} }.into_any();
    view! { <Menu label=label class="about-link"><div class="about">{children()}</div></Menu> }
}

/// A modal dialog, opened by any button with `data-open` set to its id.
#[component]
pub fn Dialog(
    /// Its id.
    id: &'static str,
    /// What it is, for those who do not see it.
    #[prop(into)]
    title: String,
    /// Its style.
    #[prop(optional)]
    class: &'static str,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! { <dialog id=id class=class aria-label=title closedby="any">{children()}</dialog> }
}
