//! IAM: roles, their documents and what Gantry reads from them; and policies ([`policy_document`]).

mod model;
pub mod policy_document;
pub use model::*;
