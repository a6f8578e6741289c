//! Which page answers which path.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;

/// The app.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! { <main>"Gantry"</main> }
}
