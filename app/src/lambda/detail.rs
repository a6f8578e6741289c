//! The tabs of Lambda's resources.

use domain::Kind;
use domain::lambda::{EventSourceMapping, Function, FunctionAlias, FunctionVersion, Layer, rules};
use domain::listing::Detail;
use leptos::prelude::*;

use super::{configuration, overview, triggers};
use crate::resource::{DetailSpec, Shown, Tab, generic};
use crate::sections::children::Children;
use crate::sections::{key_of, live, logs, stack};
use crate::ui::Fact;

const FUNCTION: &[Tab] = &[
    Tab::new("overview", "Overview", overview::tab),
    Tab::new("configuration", "Configuration", |s| live::<Function>(s, configuration::view)),
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
    let facts = if matches!(kind, Kind::Function | Kind::FunctionVersion) { facts } else { generic::facts };
    Some(DetailSpec { facts, tabs, banner: None, actions: None })
}

/// The first columns; the end of the runtime in words, marked when it is near or over.
fn facts(detail: &Detail) -> Vec<Fact> {
    let mut facts = generic::facts(detail);
    let runtime = detail.doc.get("Runtime").and_then(|r| r.as_str());
    if let Some(ends) = runtime.and_then(rules::runtime_ends) {
        for fact in facts.iter_mut().filter(|f| f.label == "Runtime ends") {
            fact.value = configuration::runtime_end(ends, detail.now);
        }
    }
    facts
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
