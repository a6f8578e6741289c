//! The tabs of Lambda's resources.

use domain::Kind;
use domain::lambda::{EventSourceMapping, FunctionAlias, FunctionVersion, Layer};
use leptos::prelude::*;

use super::{configuration, overview, triggers};
use crate::resource::{DetailSpec, Shown, Tab, generic};
use crate::sections::children::Children;
use crate::sections::{key_of, live, logs, stack};

const FUNCTION: &[Tab] = &[
    Tab::new("overview", "Overview", overview::tab),
    Tab::new("configuration", "Configuration", configuration::tab),
    Tab::new("triggers", "Triggers", triggers::tab).counting(triggers::count),
    Tab::new("versions", "Versions", versions),
    Tab::new("logs", "Logs", |s| logs::log_card(&key_of(s), "Log", true)),
];
const VERSION: &[Tab] =
    &[Tab::new("overview", "Overview", |s| live::<FunctionVersion>(s, |v, d| configuration::view(v.0, d)))];
const ALIAS: &[Tab] = &[Tab::new("overview", "Overview", |s| live::<FunctionAlias>(s, configuration::alias))];
const MAPPING: &[Tab] = &[Tab::new("overview", "Overview", |s| live::<EventSourceMapping>(s, triggers::mapping))];
const LAYER: &[Tab] = &[Tab::new("overview", "Overview", |s| live::<Layer>(s, configuration::layer))];

/// The detail page of a kind, if Lambda owns it.
pub fn spec(kind: Kind) -> Option<DetailSpec> {
    let tabs = match kind {
        Kind::Function => FUNCTION,
        Kind::FunctionVersion => VERSION,
        Kind::FunctionAlias => ALIAS,
        Kind::EventSourceMapping => MAPPING,
        Kind::Layer => LAYER,
        _ => return None,
    };
    Some(DetailSpec { facts: generic::facts, tabs, banner: None, actions: None })
}

fn versions(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let aliases = "No alias: callers name a version, or reach $LATEST.";
    let none = "Nothing published yet: there is only $LATEST.";
    stack(vec![
        Children::of("Aliases", Kind::FunctionAlias, &key, "name", aliases).view(),
        Children::of("Versions", Kind::FunctionVersion, &key, "-version", none).view(),
    ])
}
