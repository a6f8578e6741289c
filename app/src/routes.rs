//! Which page answers which path.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;

/// The app.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! { <main>"Gantry"</main> }
}

/// The HTTP status of the page, while it is rendered on the server.
pub fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>()
        && let Ok(status) = http::StatusCode::from_u16(status)
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}
