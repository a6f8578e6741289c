//! CloudWatch Logs: the log groups, and the events in one of them.

mod events;
mod groups;

pub use events::{Log, LogEvents, log_events};
pub(crate) use groups::{collect_log_groups, fetch_log_group};

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
