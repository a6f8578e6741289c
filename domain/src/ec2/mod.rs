//! EC2's networks: VPCs, subnets ([`network`]) and security groups ([`security_group`]): what functions, services and clusters live in.

pub mod network;
pub mod security_group;
pub use network::{Subnet, Vpc};
pub use security_group::{Permission, SecurityGroup};

use crate::document::{Tag, partition, tag_map};
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::resource::{Link, Relation};

/// The `Name` tag, which EC2's consoles show as the name, or the id.
fn name(tags: &[Tag], id: &str) -> String {
    tag_map(tags).remove("Name").filter(|n| !n.trim().is_empty()).unwrap_or_else(|| id.to_owned())
}

/// The ARN, which EC2 does not always say.
fn arn(scope: &Scope, noun: &str, id: &str) -> String {
    format!("arn:{}:ec2:{}:{}:{noun}/{id}", partition(&scope.region), scope.region, scope.account)
}

/// A link to the VPC something lies in.
fn in_vpc(scope: &Scope, vpc: Option<&String>) -> Vec<Link> {
    let key = vpc.and_then(|id| ResourceKey::new(Kind::Vpc, scope.clone(), id).ok());
    key.into_iter().map(|key| Link::new(Relation::In, key.to_string())).collect()
}
