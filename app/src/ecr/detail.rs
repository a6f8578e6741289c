//! The tabs of ECR's resources.

use domain::Kind;
use domain::ecr::{Image, Repository};

use super::{image, repository};
use crate::resource::{DetailSpec, Tab, generic};
use crate::sections::live;

const REPOSITORY: &[Tab] = &[
    Tab::new("overview", "Images", repository::images),
    Tab::new("settings", "Settings", |s| live::<Repository>(s, repository::settings)),
];
const IMAGE: &[Tab] = &[
    Tab::new("overview", "Overview", |s| live::<Image>(s, image::view)),
    Tab::new("layers", "Layers", |s| live::<Image>(s, image::layers)),
];

/// The detail page of a kind, if ECR owns it.
pub fn spec(kind: Kind) -> Option<DetailSpec> {
    let tabs = match kind {
        Kind::Repository => REPOSITORY,
        Kind::Image => IMAGE,
        _ => return None,
    };
    Some(DetailSpec { facts: generic::facts, tabs, banner: None, actions: None })
}
