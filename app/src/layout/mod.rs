//! The frame around every page: rail, top bar, dialogs, live regions.

mod crumbs;
mod scope;

pub use crumbs::Crumbs;
pub use scope::use_scopes;
