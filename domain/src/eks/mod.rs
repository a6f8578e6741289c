//! EKS: clusters ([`cluster`]), their node groups ([`nodegroup`]), Fargate profiles and add-ons ([`parts`]), and what Kubernetes runs in
//! them ([`pod`]): their documents and what Gantry reads from them.

pub mod cluster;
pub mod nodegroup;
pub mod parts;
pub mod pod;
pub use cluster::{Cluster, Health, Issue};
pub use nodegroup::NodeGroup;
pub use parts::{Addon, FargateProfile};
pub use pod::Pod;

use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::resource::{Link, Relation, State, Tone};

/// EKS's states, which clusters, node groups, profiles and add-ons share; open health issues outweigh the word.
fn state(status: Option<&str>, health: Option<&Health>) -> Option<State> {
    let word = status?;
    let issues = health.map(Health::text).filter(|text| !text.is_empty());
    let tone = match word {
        "ACTIVE" if issues.is_some() => Tone::Warn,
        "ACTIVE" => Tone::Good,
        "CREATING" | "UPDATING" | "DELETING" | "PENDING" => Tone::Busy,
        "FAILED" | "CREATE_FAILED" | "UPDATE_FAILED" | "DELETE_FAILED" | "DEGRADED" => Tone::Bad,
        _ => Tone::Warn,
    };
    Some(State::new(word, tone).because(issues))
}

/// A link to something of EC2 by its id.
fn network(scope: &Scope, kind: Kind, id: &str) -> Option<Link> {
    let key = ResourceKey::new(kind, scope.clone(), id).ok()?;
    Some(Link::new(Relation::Network, key.to_string()))
}

/// A link to the cluster something belongs to.
fn of_cluster(scope: &Scope, cluster: &str) -> Option<Link> {
    let key = ResourceKey::new(Kind::EksCluster, scope.clone(), cluster).ok()?;
    Some(Link::new(Relation::In, key.to_string()))
}
