//! Pages of ECR Public: repositories that everybody may pull from.

mod act;
mod catalog;
pub mod create_repository;
pub mod detail;
mod images;
pub mod list;
mod logo;
mod markdown;
mod permissions;
mod push;
mod repository;
mod settings;

pub use push::commands as push_commands;
