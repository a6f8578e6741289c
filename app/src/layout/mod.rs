//! The frame around every page: rail, top bar, dialogs, live regions.

mod bar;
mod crumbs;
mod frame;
mod glance;
mod help;
mod light;
mod open_runs;
mod rail;
mod scope;
mod scope_picker;

pub use frame::Frame;
pub use scope::{ScopeFields, use_scopes};
