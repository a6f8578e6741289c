//! The first page: what needs a person, what changed, what there is.

mod attention;
mod collecting;
mod fleet;
mod loads;
mod page;
mod pulse;

pub use page::{OverviewPage, SELDOM, anything_changed};
