//! The tabs of EKS's resources.

use domain::Kind;
use domain::eks::{Addon, Cluster, FargateProfile, NodeGroup, Pod};

use super::{cluster, parts, pod};
use crate::resource::{DetailSpec, Tab, generic};
use crate::sections::live;

const CLUSTER: &[Tab] = &[
    Tab::new("overview", "Overview", |s| live::<Cluster>(s, cluster::view)),
    Tab::new("pods", "Pods", cluster::pods),
    Tab::new("compute", "Compute", cluster::compute),
    Tab::new("addons", "Add-ons", cluster::addons),
];
const NODE_GROUP: &[Tab] = &[Tab::new("overview", "Overview", |s| live::<NodeGroup>(s, parts::node_group))];
const PROFILE: &[Tab] = &[Tab::new("overview", "Overview", |s| live::<FargateProfile>(s, parts::profile))];
const ADDON: &[Tab] = &[Tab::new("overview", "Overview", |s| live::<Addon>(s, parts::addon))];
const POD: &[Tab] = &[Tab::new("overview", "Overview", |s| live::<Pod>(s, pod::view))];

/// The detail page of a kind, if EKS owns it.
pub fn spec(kind: Kind) -> Option<DetailSpec> {
    let tabs = match kind {
        Kind::EksCluster => CLUSTER,
        Kind::NodeGroup => NODE_GROUP,
        Kind::FargateProfile => PROFILE,
        Kind::Addon => ADDON,
        Kind::Pod => POD,
        _ => return None,
    };
    Some(DetailSpec { facts: generic::facts, tabs, banner: None, actions: None })
}
