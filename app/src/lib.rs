//! What a person sees: pages, rendered on the server and taken over by the browser.
//!
//! [`routes`] says which page answers which path, [`paths`] makes every link, [`ui`] is the kit, [`layout`] the frame around
//! every page, [`resource`] the skeletons of lists and details that the services' pages fill, [`wizard`] that of forms which become plans.

// View types nest deeply; the default is too small for the router's.
#![recursion_limit = "512"]

pub mod activity;
pub mod api;
mod asking;
pub mod changes;
pub mod ecr;
pub mod ecr_public;
pub mod ecs;
pub mod eks;
pub mod error;
pub mod lambda;
mod lasting;
mod later;
pub mod layout;
pub mod live;
pub mod live_state;
pub mod nearby;
#[cfg(feature = "ssr")]
pub mod once;
pub mod overview;
pub mod paths;
pub mod plan;
pub mod resource;
pub mod routes;
pub mod search;
pub mod sections;
pub mod settings;
mod shell;
pub mod sign_in;
pub mod ui;
mod unfinished;
pub mod wire;
pub mod wizard;

pub use error::AppError;
pub use routes::App;
pub use shell::{Assets, shell};

/// Takes over the page the server rendered; done when it answers to clicks.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    // The page's own code may have to be fetched first, so this waits.
    let body = leptos::tachys::dom::body();
    leptos::mount::hydrate_from_async(body, App).await.forget();
}
