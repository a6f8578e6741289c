//! A cluster: its health, its control plane, what runs its pods.

use domain::Kind;
use domain::eks::Cluster;
use domain::listing::Detail;
use leptos::prelude::*;

use super::parts::health;
use crate::resource::Shown;
use crate::sections::children::Children;
use crate::sections::{age, connected, exact, key_of, on_off, pair_card, several, stack, text, word, words};

/// The overview.
pub fn view(cluster: Cluster, detail: Detail) -> AnyView {
    let auto = cluster.compute_config.clone().unwrap_or_default();
    let logs = cluster.logging.clone().unwrap_or_default().cluster_logging;
    let logs: Vec<String> = logs.into_iter().filter(|l| l.enabled == Some(true)).flat_map(|l| l.types).collect();
    // EKS keeps the list also while nobody may use it.
    let vpc = cluster.resources_vpc_config.clone().unwrap_or_default();
    let public = if vpc.endpoint_public_access == Some(true) { vpc.public_access_cidrs } else { vec![] };
    let mut cards = vec![health(cluster.health.as_ref())];
    cards.push(pair_card(
        "Control plane",
        vec![
            ("Kubernetes", text(cluster.version.clone())),
            ("Platform", text(cluster.platform_version.clone())),
            ("Support", word(cluster.upgrade_policy.clone().and_then(|p| p.support_type))),
            ("API server", exact(cluster.endpoint.clone())),
            ("Endpoint", text(cluster.endpoint_access())),
            ("Public from", words(&public)),
            ("Authentication", word(cluster.access_config.clone().and_then(|a| a.authentication_mode))),
            ("OIDC issuer", exact(cluster.identity.clone().and_then(|i| i.oidc).and_then(|o| o.issuer))),
            ("Role", connected(&detail, None, cluster.role_arn.as_deref())),
            ("Auto Mode", on_off(auto.enabled.or(Some(false)))),
            ("Node pools", words(&auto.node_pools)),
            ("Logs to CloudWatch", text(Some(if logs.is_empty() { "none".to_owned() } else { logs.join(", ") }))),
            (
                "Secrets encrypted with",
                several(
                    cluster
                        .encryption_config
                        .iter()
                        .map(|e| connected(&detail, None, e.provider.as_ref().and_then(|p| p.key_arn.as_deref())))
                        .collect(),
                ),
            ),
            ("Deletion protection", on_off(cluster.deletion_protection)),
            ("Created", age(cluster.created_at.map(|t| t.0), detail.now)),
        ],
    ));
    cards.push(network(&cluster, &detail));
    stack(cards)
}

/// Links to things of EC2 by their ids, with the names they have where they are collected.
pub fn ec2(detail: &Detail, kind: Kind, ids: &[String]) -> AnyView {
    several(ids.iter().map(|id| connected(detail, Some(kind), Some(id))).collect())
}

fn network(cluster: &Cluster, detail: &Detail) -> AnyView {
    let vpc = cluster.resources_vpc_config.clone().unwrap_or_default();
    let kubernetes = cluster.kubernetes_network_config.clone().unwrap_or_default();
    let groups: Vec<String> = vpc.cluster_security_group_id.into_iter().chain(vpc.security_group_ids).collect();
    let vpcs: Vec<String> = vpc.vpc_id.into_iter().collect();
    pair_card(
        "Network",
        vec![
            ("VPC", ec2(detail, Kind::Vpc, &vpcs)),
            ("Subnets", ec2(detail, Kind::Subnet, &vpc.subnet_ids)),
            ("Security groups", ec2(detail, Kind::SecurityGroup, &groups)),
            ("IP family", word(kubernetes.ip_family)),
            ("Service addresses", text(kubernetes.service_ipv4_cidr.or(kubernetes.service_ipv6_cidr))),
        ],
    )
}

/// What runs in it.
pub fn pods(shown: Shown) -> AnyView {
    let none = "No pod runs here, and none is waiting.";
    Children::of("Pods", Kind::Pod, &key_of(shown), "namespace", none).view()
}

/// What runs its pods.
pub fn compute(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let groups = "No node group: pods run on Fargate or on nodes of Auto Mode, or nowhere.";
    let profiles = "No Fargate profile: every pod needs a node.";
    stack(vec![
        Children::of("Node groups", Kind::NodeGroup, &key, "name", groups).view(),
        Children::of("Fargate profiles", Kind::FargateProfile, &key, "name", profiles).view(),
    ])
}

/// Its add-ons.
pub fn addons(shown: Shown) -> AnyView {
    let none = "EKS manages no add-on here; networking and DNS may be installed by other means.";
    Children::of("Add-ons", Kind::Addon, &key_of(shown), "name", none).view()
}
