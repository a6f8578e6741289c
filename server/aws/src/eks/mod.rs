//! EKS: clusters ([`clusters`]), what each has: node groups, Fargate profiles, add-ons ([`parts`]), and what runs in it ([`pods`]), which
//! only its own API server knows ([`kubernetes`]).

mod clusters;
mod kubernetes;
mod parts;
mod pods;

pub(crate) use clusters::{collect_clusters, fetch_cluster};
pub(crate) use parts::{
    collect_addons, collect_fargate_profiles, collect_node_groups, fetch_addon, fetch_fargate_profile, fetch_node_group,
};
pub(crate) use pods::{collect_pods, fetch_pod};
