//! EKS: clusters ([`clusters`]) and what each has: node groups, Fargate profiles, add-ons ([`parts`]).

mod clusters;
mod parts;

pub(crate) use clusters::{collect_clusters, fetch_cluster};
pub(crate) use parts::{
    collect_addons, collect_fargate_profiles, collect_node_groups, fetch_addon, fetch_fargate_profile, fetch_node_group,
};
