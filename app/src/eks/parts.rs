//! What a cluster has: node groups, Fargate profiles, add-ons; and what EKS finds wrong with them.

use domain::Kind;
use domain::eks::{Addon, FargateProfile, Health, NodeGroup};
use domain::listing::Detail;
use domain::resource::Tone;
use leptos::prelude::*;

use super::cluster::ec2;
use crate::sections::{age, connected, note, pair_card, several, stack, table_card, text, why, word, words};
use crate::ui::format;

/// What EKS finds wrong; a calm line when nothing, and no line when it does not say.
pub fn health(health: Option<&Health>) -> AnyView {
    let Some(health) = health else { return ().into_any() };
    let issues = health.issues.clone();
    if issues.is_empty() {
        return note(Tone::Good, "EKS reports no health issue", "");
    }
    let rows = issues.into_iter().map(|i| vec![text(i.code), why(i.message), words(&i.resource_ids)]);
    let heads = [("Code", false), ("What is wrong", false), ("About", false)];
    table_card("Health issues", &heads, rows.collect(), "")
}

/// The overview of a node group.
pub fn node_group(group: NodeGroup, detail: Detail) -> AnyView {
    let scaling = group.scaling_config.clone().unwrap_or_default();
    let number = |n: Option<i32>| text(n.map(|n| n.to_string()));
    let update = group.update_config.clone().unwrap_or_default();
    let at_once = update.max_unavailable.map(|n| n.to_string());
    let at_once = at_once.or(update.max_unavailable_percentage.map(|n| format!("{n} %")));
    let template = group
        .launch_template
        .clone()
        .and_then(|t| Some(format!("{} version {}", t.name.or(t.id)?, t.version.unwrap_or_default())));
    let labels = group.labels.iter().map(|(k, v)| text(Some(format!("{k}={v}"))));
    let taints = group.taints.iter().map(|t| {
        let value = t.value.as_ref().map(|v| format!("={v}")).unwrap_or_default();
        text(Some(format!("{}{value}:{}", t.key.clone().unwrap_or_default(), t.effect.clone().unwrap_or_default())))
    });
    let asgs = group.resources.clone().unwrap_or_default().auto_scaling_groups;
    let asgs: Vec<String> = asgs.into_iter().filter_map(|g| g.name).collect();
    stack(vec![
        health(group.health.as_ref()),
        pair_card(
            "Nodes",
            vec![
                ("Desired", number(scaling.desired_size)),
                ("Least", number(scaling.min_size)),
                ("Most", number(scaling.max_size)),
                ("Instance types", words(&group.instance_types)),
                ("Capacity", word(group.capacity_type.clone())),
                ("Disk", text(group.disk_size.map(|n| format!("{n} GiB")))),
                ("AMI type", text(group.ami_type.clone())),
                ("Kubernetes", text(group.version.clone())),
                ("Release", text(group.release_version.clone())),
                ("Replaced at once", text(at_once)),
                ("Launch template", text(template)),
                ("Auto Scaling groups", words(&asgs)),
                ("Node role", connected(&detail, None, group.node_role.as_deref())),
                ("Labels", several(labels.collect())),
                ("Taints", several(taints.collect())),
                ("Subnets", ec2(&detail, Kind::Subnet, &group.subnets)),
                ("Created", age(group.created_at.map(|t| t.0), detail.now)),
                ("Modified", age(group.modified_at.map(|t| t.0), detail.now)),
            ],
        ),
    ])
}

/// The overview of a Fargate profile.
pub fn profile(profile: FargateProfile, detail: Detail) -> AnyView {
    let rows = profile.selectors.iter().map(|s| {
        let labels: Vec<String> = s.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        vec![text(s.namespace.clone()), words(&labels)]
    });
    stack(vec![
        health(profile.health.as_ref()),
        table_card("Pods that run on it", &[("Namespace", false), ("Labels", false)], rows.collect(), "No selector."),
        pair_card(
            "Profile",
            vec![
                ("Pod execution role", connected(&detail, None, profile.pod_execution_role_arn.as_deref())),
                ("Subnets", ec2(&detail, Kind::Subnet, &profile.subnets)),
                ("Created", age(profile.created_at.map(|t| t.0), detail.now)),
            ],
        ),
    ])
}

/// The overview of an add-on.
pub fn addon(addon: Addon, detail: Detail) -> AnyView {
    // What it says never leaves AWS: it can hold secrets.
    let configuration = addon.configuration_values.as_ref().map(|sealed| {
        let length = i64::try_from(sealed.length).unwrap_or(i64::MAX);
        format!("{} bytes, digest {}", format::number(length), sealed.digest)
    });
    stack(vec![
        health(addon.health.as_ref()),
        pair_card(
            "Add-on",
            vec![
                ("Version", text(addon.addon_version.clone())),
                ("Publisher", text(addon.publisher.clone())),
                ("Owner", text(addon.owner.clone())),
                ("Namespace", text(addon.namespace_config.clone().and_then(|n| n.namespace))),
                ("Configuration", text(configuration)),
                ("Service account role", connected(&detail, None, addon.service_account_role_arn.as_deref())),
                (
                    "Pod identities",
                    several(
                        addon.pod_identity_associations.iter().map(|a| connected(&detail, None, Some(a))).collect(),
                    ),
                ),
                ("Created", age(addon.created_at.map(|t| t.0), detail.now)),
                ("Modified", age(addon.modified_at.map(|t| t.0), detail.now)),
            ],
        ),
    ])
}
