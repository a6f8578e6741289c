//! Clusters.

use aws_sdk_eks::types;
use domain::eks::cluster::{
    AccessConfig, Certificate, Cluster, ComputeConfig, EncryptionConfig, Health, Identity, Issue, LogSetup, Logging,
    NetworkConfig, Oidc, Provider, UpgradePolicy, VpcConfig,
};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, sorted, when, word, words};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all clusters.
pub(crate) async fn collect_clusters(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let names = names(caller).await?;
    let mut batch = vec![];
    for cluster in each(names, |name| async move { cluster(caller, &name).await }).await {
        batch.extend(trouble.past(cluster)?.flatten());
    }
    feed.seen(batch).await?;
    // One that was listed but could not be read was not delivered: it must not be taken for gone.
    if trouble.is_none() {
        feed.complete(Kind::EksCluster, None).await?;
    }
    trouble.end()
}

/// One cluster.
pub(crate) async fn fetch_cluster(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    cluster(caller, &key.id).await
}

/// The names of all clusters.
pub(super) async fn names(caller: &Caller) -> Result<Vec<String>, Problem> {
    let mut names = vec![];
    let mut pages = Pages::new("eks:ListClusters");
    while let Some(token) = pages.next() {
        let request = caller.clients().eks().list_clusters().max_results(100).set_next_token(token);
        let page = caller.call(Bucket::Eks, "eks:ListClusters", None, request.send()).await?;
        names.extend(page.clusters.unwrap_or_default());
        pages.then(page.next_token)?;
    }
    Ok(names)
}

async fn cluster(caller: &Caller, name: &str) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().eks().describe_cluster().name(name);
    let answer = absent(caller.call(Bucket::Eks, "eks:DescribeCluster", Some(name), request.send()).await)?;
    answer.and_then(|a| a.cluster).map(|c| caller.observed(&document(c, name))).transpose()
}

pub(super) fn health(issues: impl Iterator<Item = Issue>) -> Health {
    Health { issues: issues.collect() }
}

fn document(c: types::Cluster, name: &str) -> Cluster {
    Cluster {
        name: c.name.unwrap_or_else(|| name.to_owned()),
        arn: c.arn,
        created_at: when(c.created_at),
        version: c.version,
        endpoint: c.endpoint,
        role_arn: c.role_arn,
        resources_vpc_config: c.resources_vpc_config.map(|v| VpcConfig {
            subnet_ids: v.subnet_ids.unwrap_or_default(),
            security_group_ids: v.security_group_ids.unwrap_or_default(),
            cluster_security_group_id: v.cluster_security_group_id,
            vpc_id: v.vpc_id,
            endpoint_public_access: Some(v.endpoint_public_access),
            endpoint_private_access: Some(v.endpoint_private_access),
            public_access_cidrs: v.public_access_cidrs.unwrap_or_default(),
        }),
        kubernetes_network_config: c.kubernetes_network_config.map(|n| NetworkConfig {
            service_ipv4_cidr: n.service_ipv4_cidr,
            service_ipv6_cidr: n.service_ipv6_cidr,
            ip_family: word(n.ip_family),
        }),
        logging: c.logging.map(|l| Logging {
            cluster_logging: l
                .cluster_logging
                .into_iter()
                .flatten()
                .map(|s| LogSetup { types: words(s.types), enabled: s.enabled })
                .collect(),
        }),
        identity: c.identity.map(|i| Identity { oidc: i.oidc.map(|o| Oidc { issuer: o.issuer }) }),
        status: word(c.status),
        certificate_authority: c.certificate_authority.map(|a| Certificate { data: a.data }),
        platform_version: c.platform_version,
        tags: sorted(c.tags),
        encryption_config: c
            .encryption_config
            .into_iter()
            .flatten()
            .map(|e| EncryptionConfig { provider: e.provider.map(|p| Provider { key_arn: p.key_arn }) })
            .collect(),
        health: c.health.map(|h| {
            health(h.issues.into_iter().flatten().map(|i| Issue {
                code: word(i.code),
                message: i.message,
                resource_ids: i.resource_ids.unwrap_or_default(),
            }))
        }),
        access_config: c.access_config.map(|a| AccessConfig { authentication_mode: word(a.authentication_mode) }),
        upgrade_policy: c.upgrade_policy.map(|p| UpgradePolicy { support_type: word(p.support_type) }),
        compute_config: c.compute_config.map(|c| ComputeConfig {
            enabled: c.enabled,
            node_pools: c.node_pools.unwrap_or_default(),
            node_role_arn: c.node_role_arn,
        }),
        deletion_protection: c.deletion_protection,
    }
}
