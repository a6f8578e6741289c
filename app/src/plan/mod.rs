//! The pages that change AWS: review of a plan, its run, and the list of runs.

pub mod api;
pub mod review;
