//! apigateway: what its resources look like and what Gantry reads from them.

mod model;
pub use model::*;
