//! ECR: the calls of plans ([`execute`]), repositories ([`repositories`]), their images ([`images`]), what manifests ([`manifest`]) and configurations ([`config`]) say;
//! what is set up for all of them ([`registries`]); the way into the registry ([`registry`]).

mod config;
mod execute;
mod execute_images;
mod execute_registry;
mod findings;
mod images;
mod manifest;
mod registries;
pub mod registry;
mod repositories;

pub(crate) use execute::{make, read};
pub(crate) use images::{collect_images, fetch_image};
pub(crate) use registries::{collect_registries, fetch_registry};
pub(crate) use repositories::{collect_repositories, fetch_repository};

#[cfg(test)]
mod registry_tests;
#[cfg(test)]
mod tests;
