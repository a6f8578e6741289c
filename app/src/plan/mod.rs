//! The pages that change AWS: review of a plan, and its run. The list of runs is in [`crate::activity`].

pub mod act;
pub mod acts;
mod again;
pub mod api;
mod changed;
pub mod exports;
mod follow;
mod graph;
pub mod outcome;
mod permitted;
pub mod review;
mod run;
mod steps;
pub mod transfer;
pub mod words;
pub mod wrong;

pub use run::RunPage;
