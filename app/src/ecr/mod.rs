//! Pages of ECR: repositories and the images in them.

pub mod act;
mod cleanup;
mod configuration;
mod connected;
pub mod create_repository;
pub mod detail;
mod findings;
mod image;
mod image_compare;
mod keys;
mod layers;
mod lifecycle;
pub mod list;
pub mod mutability;
mod offers;
mod permissions;
mod pods;
pub mod policy_editor;
pub mod put_image;
mod referrers;
mod registry;
mod registry_scans;
mod repository;
mod settings;
mod use_image;
pub use image_compare::compared;
