//! Pages of ECR: repositories and the images in them.

pub mod create_repository;
pub mod detail;
mod image;
pub mod list;
mod repository;
