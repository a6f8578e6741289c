//! EventBridge Scheduler: schedules: their documents and what Gantry reads from them.

mod model;
pub use model::*;
