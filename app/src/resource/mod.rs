//! The skeletons of lists and details that every service's pages fill.

pub mod query;
