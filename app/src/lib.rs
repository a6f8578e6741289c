//! What a person sees: rendered on the server, taken over in the browser.
//!
//! [`shell`] is the HTML document, [`App`] the pages in it. The server provides [`Assets`] and [`domain::services::Services`] by context.

mod error;

pub use error::AppError;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the built files are, as `cargo xtask` wrote them to `site/assets.json`. Provided by the server as `Arc<Assets>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assets {
    /// The loader of the browser half.
    pub js: String,
    /// The browser half.
    pub wasm: String,
    /// All styles.
    pub css: String,
    /// Modules loaded only where they are used: name → path.
    #[serde(default)]
    pub modules: BTreeMap<String, String>,
    /// Fonts worth preloading.
    #[serde(default)]
    pub fonts: Vec<String>,
}

/// The HTML document around the pages.
pub fn shell() -> impl IntoView {
    view! { <App/> }
}

/// All pages.
#[component]
pub fn App() -> impl IntoView {
    view! { <p>"Gantry"</p> }
}
