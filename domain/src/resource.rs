//! A resource: what exists in an account and region, as AWS describes it, with what Gantry derives from that description.
//!
//! The stored truth is `doc`: AWS's own document with AWS's own field names, secrets replaced by [`Sealed`]. Everything else here
//! (name, state, cells of a list, links) is derived from it by the [`Model`] of its kind, so it never has to be migrated.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::history::FieldChange;
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::problem::Problem;
use crate::time::Millis;

pub use crate::cell::{Cell, Column, Form};

/// How a state looks: never decoration, always with the word beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Needs a person now.
    Bad,
    /// Needs a person soon.
    Warn,
    /// On its way.
    Busy,
    /// As it should be.
    Good,
    /// Neither good nor bad: stopped on purpose, inactive.
    Quiet,
}

/// From so long before a deadline on it is worth a mark: half a year, in milliseconds.
const NEAR: i64 = 183 * 86_400_000;

impl Tone {
    /// How a deadline looks: over, near, or `None` while it is far away.
    pub const fn of_deadline(at: Millis, now: Millis) -> Option<Self> {
        match at.0 - now.0 {
            left if left <= 0 => Some(Tone::Bad),
            left if left <= NEAR => Some(Tone::Warn),
            _ => None,
        }
    }
}

/// The state of a resource in AWS's own word, with its tone and, if AWS says so, the reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct State {
    /// AWS's word, such as `Active` or `RUNNING`.
    pub word: String,
    /// How it looks.
    pub tone: Tone,
    /// AWS's reason, when it gives one: `CannotPullContainerError: …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl State {
    /// A state without a reason.
    pub fn new(word: impl Into<String>, tone: Tone) -> Self {
        Self { word: word.into(), tone, reason: None }
    }
    /// The same with a reason, if there is one.
    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason.filter(|r| !r.is_empty());
        self
    }
}

/// How one resource points to another. Seen from the source; the words for both directions are in [`Relation::forward`] and [`Relation::backward`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Source runs as this role.
    Role,
    /// Source starts its containers as this role (ECS execution role).
    ExecutionRole,
    /// Source runs this image.
    Image,
    /// Source writes its logs there.
    Logs,
    /// Source (a queue, rule, bucket, mapping …) triggers the target.
    Triggers,
    /// Source (a statement of its policy) lets others invoke the target.
    Permits,
    /// Source (such a statement) is about calls on behalf of the target.
    Caller,
    /// Source reads events from the target.
    Reads,
    /// Source sends there: destinations, dead letters.
    SendsTo,
    /// Source is an instance of the target (task of a task definition, version of a function).
    Of,
    /// Source belongs to the target (service of a cluster, image of a repository).
    In,
    /// Source registers its tasks with the target (target group), or forwards to it.
    Serves,
    /// Source lives in that network.
    Network,
    /// Source includes the target (layer).
    Uses,
}

impl Relation {
    /// "role", said of the target on the source's page.
    pub const fn forward(self) -> &'static str {
        match self {
            Relation::Role => "role",
            Relation::ExecutionRole => "execution role",
            Relation::Image => "image",
            Relation::Logs => "logs",
            Relation::Triggers => "triggers",
            Relation::Permits => "lets others invoke",
            Relation::Caller => "for calls from",
            Relation::Reads => "reads from",
            Relation::SendsTo => "sends to",
            Relation::Of => "made from",
            Relation::In => "part of",
            Relation::Serves => "gets requests from",
            Relation::Network => "network",
            Relation::Uses => "uses",
        }
    }
    /// "used as role by", said of the source on the target's page.
    pub const fn backward(self) -> &'static str {
        match self {
            Relation::Role => "role of",
            Relation::ExecutionRole => "execution role of",
            Relation::Image => "run by",
            Relation::Logs => "logs of",
            Relation::Triggers => "triggered by",
            Relation::Permits => "may be invoked by",
            Relation::Caller => "may call",
            Relation::Reads => "read by",
            Relation::SendsTo => "receives from",
            Relation::Of => "used by",
            Relation::In => "contains",
            Relation::Serves => "sends requests to",
            Relation::Network => "in this network",
            Relation::Uses => "used by",
        }
    }
}

/// An arrow from a resource to a reference. The target need not be collected (yet).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Link {
    /// What the arrow means.
    pub relation: Relation,
    /// What it points to: an ARN, or another string among the target's [`Described::refs`]
    /// (image URI `registry/repo:tag` or `registry/repo@sha256:…`, or a resource key).
    pub target: String,
    /// One more fact about the arrow: "batch 10", "10 % of calls".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Link {
    /// Puts the two together.
    pub fn new(relation: Relation, target: impl Into<String>) -> Self {
        Self { relation, target: target.into(), note: None }
    }
    /// The same with a note, if there is one.
    pub fn noting(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// In place of a secret value: enough to see that it changed, not what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Length of the value in bytes.
    #[serde(rename = "gantry:length")]
    pub length: usize,
    /// Keyed hash (HMAC-SHA-256, first 16 hex digits).
    #[serde(rename = "gantry:digest")]
    pub digest: String,
}

/// The typed view of one kind's document. Implementations live in `domain/src/<service>/model.rs`.
///
/// Unknown fields of a document survive in storage (the stored value is the whole JSON); missing optional fields must be tolerated.
pub trait Model: Serialize + DeserializeOwned {
    /// Which kind it describes.
    const KIND: Kind;
    /// The columns of its list, in order; [`Model::cells`] answers in the same order.
    const COLUMNS: &'static [Column];
    /// Document paths (`a.b`, `*` for any element) that change all the time and do not belong in a history.
    const NOISE: &'static [&'static str] = &[];
    /// Top-level fields that only a single read gives. A list's document that lacks one keeps that of the document before it, until the
    /// next single read, which a new `RevisionId` brings about at once; but for a resource that was gone, or is another one ([`Model::IDENTITY`]).
    const KEPT: &'static [&'static str] = &[];
    /// Top-level fields that a single read may lack because AWS refused to say them, each after the field that holds AWS's reason. While
    /// there is a reason, what was known of them stays.
    const UNTOLD: &'static [(&'static str, &'static str)] = &[];
    /// Fields (`a.b` for one in another) that no change of a resource changes. Where one of them differs, another resource has the id by now:
    /// what single reads gave of the one before ([`Model::KEPT`]) is not of this one.
    const IDENTITY: &'static [&'static str] = &[];
    /// In which way collectors read its documents from AWS's answers: counted up when the same resource gives another document than with the
    /// version of Gantry before. The first document that is read in another way takes the place of the one before without an entry in the
    /// history, so that nobody is told of changes that there were none of; a change that AWS made in the meantime is not told either. What a
    /// list does not give again ([`Model::KEPT`], unless by single reads) stays as it was read.
    const READING: i16 = 1;
    /// Whether this difference belongs into a history. Steps on the way from one lasting state to another do not.
    fn tells(_change: &FieldChange) -> bool {
        true
    }
    /// AWS's id within kind and scope.
    fn id(&self) -> String;
    /// What people call it.
    fn name(&self) -> String;
    /// Its ARN, when it has one.
    fn arn(&self) -> Option<String>;
    /// The resource it lives in, when it has one (image → repository): kind and id.
    fn parent(&self) -> Option<(Kind, String)> {
        None
    }
    /// Its state, when AWS gives it one.
    fn state(&self) -> Option<State> {
        None
    }
    /// Its tags.
    fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    /// When AWS says it was created.
    fn created(&self) -> Option<Millis> {
        None
    }
    /// The values of its columns.
    fn cells(&self) -> Vec<Cell>;
    /// Further strings, besides ARN and key, by which others point to it.
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        vec![]
    }
    /// What it points to.
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        vec![]
    }
}

/// What a collector hands over: a key and AWS's document, secrets sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// What it is and where.
    pub key: ResourceKey,
    /// AWS's document.
    pub doc: Value,
}

impl Observed {
    /// From a typed document. The id is as AWS gave it: whether it can be one is asked where it is delivered ([`ResourceKey::check`]).
    pub fn new<M: Model>(scope: &Scope, model: &M) -> Result<Self, Problem> {
        let doc = serde_json::to_value(model)
            .map_err(|e| Problem::invalid("doc", format!("A {} could not be written: {e}", M::KIND.singular())))?;
        Ok(Self { key: ResourceKey { kind: M::KIND, scope: scope.clone(), id: model.id() }, doc })
    }
}

/// Everything derived from a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// What people call it.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// What it lives in.
    pub parent: Option<ResourceKey>,
    /// Its state.
    pub state: Option<State>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created: Option<Millis>,
    /// The values of its kind's columns.
    pub cells: Vec<Cell>,
    /// All strings by which others point to it.
    pub refs: Vec<String>,
    /// What it points to.
    pub links: Vec<Link>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_and_past_deadlines_are_marked() {
        let now = Millis(1_700_000_000_000);
        let days = |n: i64| Millis(now.0 + n * 86_400_000);
        assert_eq!(Tone::of_deadline(days(-1), now), Some(Tone::Bad));
        assert_eq!(Tone::of_deadline(days(150), now), Some(Tone::Warn));
        assert_eq!(Tone::of_deadline(days(400), now), None);
    }
}
