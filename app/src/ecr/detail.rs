//! The tabs of ECR's resources.

use domain::Kind;
use leptos::prelude::{AnyView, IntoAny};

use super::{act, configuration, findings, image, layers, lifecycle, permissions, referrers, registry, repository};
use crate::resource::{DetailSpec, Shown, Tab, generic};

const REPOSITORY: &[Tab] = &[
    Tab::new("overview", "Images", repository::images),
    Tab::new("lifecycle", "Lifecycle", lifecycle::tab),
    Tab::new("permissions", "Permissions", permissions::tab),
    Tab::new("settings", "Settings", repository::settings),
];
const IMAGE: &[Tab] = &[
    Tab::new("overview", "Overview", image::overview),
    Tab::new("layers", "Layers", layers::tab),
    Tab::new("configuration", "Configuration", configuration::tab),
    Tab::new("findings", "Findings", findings::tab),
    Tab::new("referrers", "Referrers", referrers::tab),
    Tab::new("manifest", "Manifest", layers::manifest),
];

const REGISTRY: &[Tab] = &[
    Tab::new("overview", "Replication", registry::replication),
    Tab::new("cache", "Pull-through cache", registry::cache),
    Tab::new("templates", "Creation templates", registry::templates),
    Tab::new("policy", "Policy", registry::policy),
    Tab::new("scanning", "Scanning", registry::scanning),
    Tab::new("settings", "Account settings", registry::settings),
];

/// The detail page of a kind, if ECR owns it.
pub fn spec(kind: Kind) -> Option<DetailSpec> {
    let (tabs, actions): (_, fn(Shown) -> AnyView) = match kind {
        Kind::Repository => (REPOSITORY, act::of_repository),
        Kind::Image => (IMAGE, act::of_image),
        Kind::Registry => (REGISTRY, |_| ().into_any()),
        _ => return None,
    };
    let facts = if kind == Kind::Image { image::key_facts } else { generic::facts };
    Some(DetailSpec { facts, tabs, banner: None, actions: Some(actions) })
}
