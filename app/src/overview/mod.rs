//! The first page: what needs a person, what is deployed, what changed, what there is.

mod attention;
mod collecting;
mod deployments;
mod figures;
mod fleet;
mod loads;
mod page;
mod pulse;

pub use page::{OverviewPage, SELDOM, anything_changed};
