//! EventBridge: rules and their targets: their documents and what Gantry reads from them.

mod model;
pub use model::*;
