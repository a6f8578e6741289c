//! The private registry of an account in a region: what holds for all its repositories, each part changed by a plan.

mod cache;
mod policy;
mod replication;
mod roles;
mod scanning;
mod settings;
mod template_form;
mod templates;

pub use cache::tab as cache;
pub use policy::tab as policy;
pub use replication::tab as replication;
pub use scanning::tab as scanning;
pub use settings::tab as settings;
pub use templates::tab as templates;

/// What stands between commas, blanks and lines.
fn pieces(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n', '\t']).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}
