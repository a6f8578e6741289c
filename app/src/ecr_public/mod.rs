//! Pages of ECR Public: repositories that everybody may pull from.

mod act;
mod catalog;
pub mod create_repository;
pub mod detail;
pub mod list;
mod markdown;
mod permissions;
mod push;
mod repository;
mod settings;

pub use push::commands as push_commands;
