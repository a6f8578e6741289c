//! What a cluster has, cluster by cluster: a cluster that cannot be read keeps what is known of it, and the others go on.

use aws_sdk_eks::types;
use domain::eks::cluster::Issue;
use domain::eks::nodegroup::{AutoScalingGroup, LaunchTemplate, NodeGroup, Resources, Scaling, Taint, UpdateConfig};
use domain::eks::parts::{Addon, FargateProfile, Selector};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use super::clusters::{health, names};
use crate::gather::{Trouble, each, orphans, sorted, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// A collector and a fetcher of one kind of part: its three names in the SDK, and the field of the list and of the answer.
macro_rules! parts {
    ($kind:expr, $collect:ident, $fetch:ident, $read:ident,
     $list:ident ($list_operation:literal, $listed:ident), $describe:ident ($describe_operation:literal, $name:ident, $answer:ident)) => {
        pub(crate) async fn $collect(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
            async fn of(caller: &Caller, feed: &dyn Feed, cluster: &str) -> Result<(), Problem> {
                let mut trouble = Trouble::default();
                let mut pages = Pages::new($list_operation);
                while let Some(token) = pages.next() {
                    let request =
                        caller.clients().eks().$list().cluster_name(cluster).max_results(100).set_next_token(token);
                    let page = absent(caller.call(Bucket::Eks, $list_operation, Some(cluster), request.send()).await)?;
                    // Deleted since the list was read: it has nothing.
                    let Some(page) = page else { break };
                    let names = page.$listed.unwrap_or_default();
                    let mut batch = vec![];
                    for part in each(names, |name| async move { $read(caller, cluster, &name).await }).await {
                        batch.extend(trouble.past(part)?.flatten());
                    }
                    feed.seen(batch).await?;
                    pages.then(page.next_token)?;
                }
                if trouble.is_none() {
                    let key = ResourceKey::new(Kind::EksCluster, caller.scope().clone(), cluster)?;
                    feed.complete($kind, Some(&key)).await?;
                }
                trouble.end()
            }
            let known = feed.known($kind).await?;
            let clusters = names(caller).await?;
            let mut trouble = Trouble::default();
            for cluster in &clusters {
                trouble.past(of(caller, feed, cluster).await)?;
            }
            let kinds = ($kind, Kind::EksCluster);
            orphans(caller, feed, kinds, &clusters, &known, |id| Some(id.split_once('/')?.0)).await?;
            if trouble.is_none() {
                feed.complete($kind, None).await?;
            }
            trouble.end()
        }

        pub(crate) async fn $fetch(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
            match key.id.split_once('/') {
                Some((cluster, name)) => $read(caller, cluster, name).await,
                None => Ok(None),
            }
        }

        async fn $read(caller: &Caller, cluster: &str, name: &str) -> Result<Option<Observed>, Problem> {
            let request = caller.clients().eks().$describe().cluster_name(cluster).$name(name);
            let answer = absent(caller.call(Bucket::Eks, $describe_operation, Some(name), request.send()).await)?;
            answer.and_then(|a| a.$answer).map(|part| caller.observed(&part.document(cluster, name))).transpose()
        }
    };
}

parts!(
    Kind::NodeGroup,
    collect_node_groups,
    fetch_node_group,
    node_group,
    list_nodegroups("eks:ListNodegroups", nodegroups),
    describe_nodegroup("eks:DescribeNodegroup", nodegroup_name, nodegroup)
);
parts!(
    Kind::FargateProfile,
    collect_fargate_profiles,
    fetch_fargate_profile,
    fargate_profile,
    list_fargate_profiles("eks:ListFargateProfiles", fargate_profile_names),
    describe_fargate_profile("eks:DescribeFargateProfile", fargate_profile_name, fargate_profile)
);
parts!(
    Kind::Addon,
    collect_addons,
    fetch_addon,
    addon,
    list_addons("eks:ListAddons", addons),
    describe_addon("eks:DescribeAddon", addon_name, addon)
);

/// AWS's answer as a document.
trait Document {
    type Model;
    fn document(self, cluster: &str, name: &str) -> Self::Model;
}

/// The issues of the three kinds have the same fields and different types.
macro_rules! issues {
    ($health:expr) => {
        $health.map(|h| {
            health(h.issues.into_iter().flatten().map(|i| Issue {
                code: word(i.code),
                message: i.message,
                resource_ids: i.resource_ids.unwrap_or_default(),
            }))
        })
    };
}

impl Document for types::Nodegroup {
    type Model = NodeGroup;
    fn document(self, cluster: &str, name: &str) -> NodeGroup {
        NodeGroup {
            nodegroup_name: self.nodegroup_name.unwrap_or_else(|| name.to_owned()),
            nodegroup_arn: self.nodegroup_arn,
            cluster_name: self.cluster_name.unwrap_or_else(|| cluster.to_owned()),
            version: self.version,
            release_version: self.release_version,
            created_at: when(self.created_at),
            modified_at: when(self.modified_at),
            status: word(self.status),
            capacity_type: word(self.capacity_type),
            scaling_config: self.scaling_config.map(|s| Scaling {
                min_size: s.min_size,
                max_size: s.max_size,
                desired_size: s.desired_size,
            }),
            instance_types: self.instance_types.unwrap_or_default(),
            subnets: self.subnets.unwrap_or_default(),
            ami_type: word(self.ami_type),
            node_role: self.node_role,
            labels: sorted(self.labels),
            taints: self
                .taints
                .into_iter()
                .flatten()
                .map(|t| Taint { key: t.key, value: t.value, effect: word(t.effect) })
                .collect(),
            resources: self.resources.map(|r| Resources {
                auto_scaling_groups: r
                    .auto_scaling_groups
                    .into_iter()
                    .flatten()
                    .map(|g| AutoScalingGroup { name: g.name })
                    .collect(),
                remote_access_security_group: r.remote_access_security_group,
            }),
            disk_size: self.disk_size,
            health: issues!(self.health),
            update_config: self.update_config.map(|u| UpdateConfig {
                max_unavailable: u.max_unavailable,
                max_unavailable_percentage: u.max_unavailable_percentage,
            }),
            launch_template: self.launch_template.map(|t| LaunchTemplate {
                name: t.name,
                version: t.version,
                id: t.id,
            }),
            tags: sorted(self.tags),
        }
    }
}

impl Document for types::FargateProfile {
    type Model = FargateProfile;
    fn document(self, cluster: &str, name: &str) -> FargateProfile {
        FargateProfile {
            fargate_profile_name: self.fargate_profile_name.unwrap_or_else(|| name.to_owned()),
            fargate_profile_arn: self.fargate_profile_arn,
            cluster_name: self.cluster_name.unwrap_or_else(|| cluster.to_owned()),
            created_at: when(self.created_at),
            pod_execution_role_arn: self.pod_execution_role_arn,
            subnets: self.subnets.unwrap_or_default(),
            selectors: self
                .selectors
                .into_iter()
                .flatten()
                .map(|s| Selector { namespace: s.namespace, labels: sorted(s.labels) })
                .collect(),
            status: word(self.status),
            health: issues!(self.health),
            tags: sorted(self.tags),
        }
    }
}

impl Document for types::Addon {
    type Model = Addon;
    fn document(self, cluster: &str, name: &str) -> Addon {
        Addon {
            addon_name: self.addon_name.unwrap_or_else(|| name.to_owned()),
            cluster_name: self.cluster_name.unwrap_or_else(|| cluster.to_owned()),
            status: word(self.status),
            addon_version: self.addon_version,
            health: issues!(self.health),
            addon_arn: self.addon_arn,
            created_at: when(self.created_at),
            modified_at: when(self.modified_at),
            service_account_role_arn: self.service_account_role_arn,
            publisher: self.publisher,
            owner: self.owner,
            pod_identity_associations: self.pod_identity_associations.unwrap_or_default(),
            tags: sorted(self.tags),
        }
    }
}
