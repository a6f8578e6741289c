//! Pages of Lambda: functions with their versions, aliases and triggers.

mod configuration;
pub mod detail;
pub mod list;
mod overview;
mod triggers;
