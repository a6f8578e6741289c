//! Find anything: as a dialog over any page and as a page of its own that works without scripts.

mod dialog;
mod lists;
mod page;
mod places;
mod results;

pub use dialog::SearchDialog;
pub use page::SearchPage;
