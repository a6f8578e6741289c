//! API Gateway v2: HTTP and WebSocket APIs: their documents and what Gantry reads from them.

mod model;
pub use model::*;
