//! Pages of ECR: repositories and the images in them.

pub mod act;
mod cleanup;
mod configuration;
pub mod create_repository;
pub mod detail;
mod findings;
mod image;
mod lifecycle;
pub mod list;
pub mod live_state;
mod permissions;
mod put_image;
mod repository;
mod settings;
