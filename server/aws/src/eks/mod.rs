//! EKS: clusters ([`clusters`]), what each has: node groups, Fargate profiles, add-ons ([`parts`]), and what runs in it ([`pods`]), which
//! only its own API server knows ([`kubernetes`]). Documents of EKS are kept as AWS writes them; what can hold secrets is sealed.

mod clusters;
mod kubernetes;
mod parts;
mod pods;

pub(crate) use clusters::{collect_clusters, fetch_cluster};
pub(crate) use parts::{
    collect_addons, collect_fargate_profiles, collect_node_groups, fetch_addon, fetch_fargate_profile, fetch_node_group,
};
pub(crate) use pods::{collect_pods, fetch_pod};

use serde_json::Value;

use crate::Caller;
use crate::wire;

/// EKS ends the names of its moments with `At`, but for the one until when a cluster of somebody's own can be connected.
fn is_moment(field: &str) -> bool {
    field.ends_with("At") || field == "activationExpiry"
}

/// A part of an answer as a document, `None` if there is none. What was asked for by name is called so, also where the answer leaves it out.
fn document(caller: &Caller, raw: Value, names: &[(&str, &str)]) -> Option<Value> {
    let mut doc = wire::document(raw, is_moment);
    let fields = doc.as_object_mut()?;
    for (field, name) in names {
        let said = fields.get(*field).and_then(Value::as_str).is_some_and(|said| !said.is_empty());
        if !said {
            fields.insert((*field).to_owned(), Value::from(*name));
        }
    }
    // Free text, often with credentials of what the add-on talks to.
    if let Some(values) = fields.get_mut("configurationValues") {
        wire::seal(caller, values);
    }
    // Whoever has it can connect a cluster of their own under this name.
    if let Some(code) = fields.get_mut("connectorConfig").and_then(|config| config.get_mut("activationCode")) {
        wire::seal(caller, code);
    }
    Some(doc)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
