//! S3: buckets and whom they notify: their documents and what Gantry reads from them.

mod model;
pub use model::*;
