//! What is remembered of a registry over a restart, beside what the emulator keeps of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::preview::Preview;
use super::scan::Scan;

/// A registry: an account in a region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    /// By name.
    pub repositories: BTreeMap<String, Repository>,
    /// The registry's permissions policy.
    pub policy: Option<String>,
    /// `replicationConfiguration`, or null.
    pub replication: Value,
    /// `scanningConfiguration`, or null.
    pub scanning: Value,
    /// Account settings by name.
    pub settings: BTreeMap<String, String>,
    /// Pull-through cache rules by prefix.
    pub cache_rules: BTreeMap<String, Value>,
    /// Repository creation templates by prefix.
    pub templates: BTreeMap<String, Value>,
}

/// A repository. It is forgotten when it is deleted.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    /// `imageTagMutabilityExclusionFilters`, a list, or null.
    pub exclusions: Value,
    /// The last scan of each image, by digest.
    pub scans: BTreeMap<String, Scan>,
    /// The last lifecycle preview.
    pub preview: Option<Preview>,
}
