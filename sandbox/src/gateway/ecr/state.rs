//! What is remembered of a registry over a restart, beside what the emulator keeps of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A registry: an account in a region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    /// By name.
    pub repositories: BTreeMap<String, Repository>,
}

/// A repository. It is forgotten when it is deleted.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    /// `imageTagMutabilityExclusionFilters`, a list, or null.
    pub exclusions: Value,
}
