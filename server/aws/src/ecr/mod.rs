//! ECR: the calls of plans ([`execute`]), repositories ([`repositories`]), their images ([`images`]), what manifests ([`manifest`]) and configurations ([`config`]) say;
//! what refers to them ([`referrers`]), what a lifecycle policy would do ([`lifecycle_preview`]); the way into the registry ([`registry`]).
//! what is set up for all of them ([`registries`]); the way into the registry ([`registry`]).

mod config;
mod execute;
mod execute_images;
mod execute_registry;
mod findings;
mod images;
mod lifecycle_preview;
mod manifest;
mod referrers;
mod registries;
pub mod registry;
mod repositories;

pub(crate) use execute::{make, read};
pub use images::images_denied;
pub(crate) use images::{collect_images, fetch_image};
pub(crate) use registries::{collect_registries, fetch_registry};
pub(crate) use repositories::{collect_repositories, fetch_repository, marked};

#[cfg(test)]
mod registry_tests;
#[cfg(test)]
mod tests;
