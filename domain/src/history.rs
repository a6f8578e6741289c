//! What changed: an entry of a resource's history and the difference between two documents.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::identity::ResourceKey;
use crate::time::Millis;

/// What happened to the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Seen for the first time.
    Appeared,
    /// Its document changed.
    Changed,
    /// A complete list lacked it.
    Gone,
    /// It was gone and is there again.
    Returned,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// Where: `MemorySize`, `containerDefinitions[web].image`.
    pub path: String,
    /// The value before; `None` if the field was not there.
    pub before: Option<Value>,
    /// The value after; `None` if the field is gone.
    pub after: Option<Value>,
}

/// One entry of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// Its number; larger is later.
    pub id: i64,
    /// Of what.
    pub key: ResourceKey,
    /// Its name then.
    pub name: String,
    /// When Gantry saw it.
    pub at: Millis,
    /// What happened.
    pub kind: ChangeKind,
    /// The fields that differ; empty unless [`ChangeKind::Changed`].
    pub fields: Vec<FieldChange>,
}
