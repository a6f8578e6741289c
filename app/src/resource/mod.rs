//! The skeletons of lists and details that every service's pages fill.

mod facets;
mod filter_bar;
pub mod freshness;
mod list_page;
mod list_rows;
pub mod query;
mod row_view;

pub use list_page::{ListPage, ListSpec, ResourceList};
