//! Elastic Load Balancing: load balancers and target groups: their documents and what Gantry reads from them.

pub mod balancer;
pub mod target_group;
pub use balancer::LoadBalancer;
pub use target_group::{TargetGroup, TargetHealth};

use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::resource::{Link, Relation};

/// A link to something of EC2 by its id.
fn network(scope: &Scope, kind: Kind, id: &str) -> Option<Link> {
    let key = ResourceKey::new(kind, scope.clone(), id).ok()?;
    Some(Link::new(Relation::Network, key.to_string()))
}
