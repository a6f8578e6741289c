//! Pages of EKS: clusters with their node groups, Fargate profiles and add-ons.

mod cluster;
pub mod detail;
pub mod list;
mod parts;
