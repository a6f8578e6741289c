//! The tabs of Lambda's resources.

use domain::Kind;
use domain::lambda::{EventSourceMapping, Function, FunctionAlias, FunctionVersion, Layer};
use domain::listing::Detail;
use leptos::prelude::*;

use super::{configuration, overview, triggers};
use crate::sections::children::Children;
use crate::sections::{Tab, logs, stack, typed};

/// The tabs of a kind, before those that every resource has.
pub fn tabs(kind: Kind) -> Vec<Tab> {
    match kind {
        Kind::Function => vec![
            Tab { id: "overview", title: "Overview", view: |d| typed::<Function>(d, overview::view) },
            Tab { id: "configuration", title: "Configuration", view: |d| typed::<Function>(d, configuration::view) },
            Tab { id: "triggers", title: "Triggers", view: triggers::view },
            Tab { id: "versions", title: "Versions", view: versions },
            Tab { id: "logs", title: "Logs", view: |d| stack(vec![logs::log_card(&d.row.key, "Log", true)]) },
        ],
        Kind::FunctionVersion => vec![Tab {
            id: "overview",
            title: "Overview",
            view: |d| typed::<FunctionVersion>(d, |v, d| configuration::view(v.0, d)),
        }],
        Kind::FunctionAlias => {
            vec![Tab { id: "overview", title: "Overview", view: |d| typed::<FunctionAlias>(d, configuration::alias) }]
        }
        Kind::EventSourceMapping => {
            vec![Tab { id: "overview", title: "Overview", view: |d| typed::<EventSourceMapping>(d, triggers::mapping) }]
        }
        Kind::Layer => vec![Tab { id: "overview", title: "Overview", view: |d| typed::<Layer>(d, configuration::layer) }],
        _ => vec![],
    }
}

fn versions(detail: Detail) -> AnyView {
    stack(vec![
        Children::of("Aliases", Kind::FunctionAlias, &detail, "name", "No alias: callers name a version, or reach $LATEST.").view(),
        Children::of("Versions", Kind::FunctionVersion, &detail, "-version", "Nothing published yet: there is only $LATEST.").view(),
    ])
}
