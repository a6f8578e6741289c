//! The skeletons of lists and details that every service's pages fill.
//!
//! A list page is a [`ListSpec`]; a detail page is a [`DetailSpec`]. Which kind has which is decided in [`crate::routes`].

mod chosen_columns;
mod cli;
mod compare_page;
mod connected;
mod detail_page;
mod empty_list;
mod ends;
mod facets;
mod filter_bar;
pub mod freshness;
pub mod generic;
mod history;
mod list_page;
mod list_rows;
mod parts;
mod picker;
pub mod query;
mod row_view;
mod select_all;
mod selection;
#[cfg(test)]
mod tests;
mod windows;

pub use compare_page::ComparePage;
pub use connected::kind_icon;
pub use detail_page::{DetailPage, DetailSpec, Refused, Shown, Tab, generic_spec};
pub use empty_list::unconnected;
pub use history::{ChangeEntry, headline, verb};
pub use list_page::{ListPage, ListSpec, ResourceList};
pub use row_view::{cell, name_link};
