//! The tabs of public repositories.

use domain::Kind;
use domain::ecr_public::Repository;

use super::{act, images, permissions, repository, settings};
use crate::resource::{DetailSpec, Tab, generic};
use crate::sections::live;

const REPOSITORY: &[Tab] = &[
    Tab::new("overview", "Overview", |s| live::<Repository>(s, repository::view)),
    Tab::new("images", "Images", images::tab),
    Tab::new("permissions", "Permissions", permissions::tab),
    Tab::new("settings", "Settings", settings::tab),
];

/// The detail page of a kind, if ECR Public owns it.
pub fn spec(kind: Kind) -> Option<DetailSpec> {
    match kind {
        Kind::PublicRepository => Some(DetailSpec {
            facts: generic::facts,
            tabs: REPOSITORY,
            banner: None,
            actions: Some(act::of_repository),
        }),
        _ => None,
    }
}
