//! Pages of EKS: clusters with their node groups, Fargate profiles and add-ons, and the pods that run in them.

mod cluster;
pub mod detail;
pub mod list;
mod parts;
mod pod;
