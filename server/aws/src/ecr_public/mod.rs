//! ECR Public: repositories ([`repositories`]), their images ([`images`]) and the calls of plans ([`execute`]). Its API is in one region only
//! ([`domain::ecr_public::REGION`]); nothing here is asked elsewhere.

mod execute;
mod images;
mod repositories;

pub(crate) use execute::{make, read};
pub(crate) use repositories::{collect_repositories, fetch_repository, marked};

#[cfg(test)]
mod tests;
