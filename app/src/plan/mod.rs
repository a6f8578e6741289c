//! The pages that change AWS: review of a plan, its run, and the list of runs.

pub mod act;
pub mod api;
mod outcome;
pub mod review;
mod run;
mod runs;
mod steps;
mod words;

pub use run::RunPage;
pub use runs::RunsPage;
