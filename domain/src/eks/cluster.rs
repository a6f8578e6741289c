//! A Kubernetes control plane.

use std::collections::BTreeMap;

use super::network;
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation, State};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeCluster gives it: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html>
    pub struct Cluster {
        pub name: String,
        pub arn: Option<String>,
        pub created_at: Option<Timestamp>,
        /// Of Kubernetes: `1.33`.
        pub version: Option<String>,
        pub endpoint: Option<String>,
        pub role_arn: Option<String>,
        pub resources_vpc_config: Option<VpcConfig>,
        pub kubernetes_network_config: Option<NetworkConfig>,
        pub logging: Option<Logging>,
        pub identity: Option<Identity>,
        pub status: Option<String>,
        pub certificate_authority: Option<Certificate>,
        /// Of EKS within the version: `eks.9`.
        pub platform_version: Option<String>,
        pub tags: BTreeMap<String, String>,
        pub encryption_config: Vec<EncryptionConfig>,
        pub health: Option<Health>,
        pub access_config: Option<AccessConfig>,
        pub upgrade_policy: Option<UpgradePolicy>,
        pub compute_config: Option<ComputeConfig>,
        pub deletion_protection: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_VpcConfigResponse.html>
    pub struct VpcConfig {
        pub subnet_ids: Vec<String>,
        pub security_group_ids: Vec<String>,
        pub cluster_security_group_id: Option<String>,
        pub vpc_id: Option<String>,
        pub endpoint_public_access: Option<bool>,
        pub endpoint_private_access: Option<bool>,
        pub public_access_cidrs: Vec<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigResponse.html>
    pub struct NetworkConfig {
        pub service_ipv4_cidr: Option<String>,
        pub service_ipv6_cidr: Option<String>,
        pub ip_family: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_Logging.html>
    pub struct Logging {
        pub cluster_logging: Vec<LogSetup>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_LogSetup.html>
    pub struct LogSetup {
        pub types: Vec<String>,
        pub enabled: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_Identity.html>
    pub struct Identity {
        pub oidc: Option<Oidc>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_OIDC.html>
    pub struct Oidc {
        pub issuer: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_Certificate.html>
    pub struct Certificate {
        /// Base64; public.
        pub data: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_EncryptionConfig.html>
    pub struct EncryptionConfig {
        pub provider: Option<Provider>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_Provider.html>
    pub struct Provider {
        pub key_arn: Option<String>,
    }
    /// What EKS finds wrong: <https://docs.aws.amazon.com/eks/latest/APIReference/API_ClusterHealth.html>
    pub struct Health {
        pub issues: Vec<Issue>,
    }
    /// One thing that is wrong: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html>
    pub struct Issue {
        pub code: Option<String>,
        pub message: Option<String>,
        pub resource_ids: Vec<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessConfigResponse.html>
    pub struct AccessConfig {
        pub authentication_mode: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_UpgradePolicyResponse.html>
    pub struct UpgradePolicy {
        /// `STANDARD` or `EXTENDED`.
        pub support_type: Option<String>,
    }
    /// Auto Mode: <https://docs.aws.amazon.com/eks/latest/APIReference/API_ComputeConfigResponse.html>
    pub struct ComputeConfig {
        pub enabled: Option<bool>,
        pub node_pools: Vec<String>,
        pub node_role_arn: Option<String>,
    }
}

impl Health {
    /// All issues as sentences; empty when there are none.
    pub fn text(&self) -> String {
        let issue = |i: &Issue| match (&i.code, &i.message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (code, message) => code.clone().or(message.clone()).unwrap_or_default(),
        };
        self.issues.iter().map(issue).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

impl Cluster {
    /// Who reaches the API server: "Public", "Private", "Public and private".
    pub fn endpoint_access(&self) -> Option<&'static str> {
        let vpc = self.resources_vpc_config.as_ref()?;
        match (vpc.endpoint_public_access, vpc.endpoint_private_access) {
            (Some(true), Some(true)) => Some("Public and private"),
            (Some(true), _) => Some("Public"),
            (_, Some(true)) => Some("Private"),
            _ => None,
        }
    }
}

impl Model for Cluster {
    const KIND: Kind = Kind::EksCluster;
    /// 1 left out what Gantry did not know.
    const READING: i16 = 2;
    const COLUMNS: &'static [Column] = &[
        Column::text("version", "Kubernetes").facet(),
        Column::text("platform", "Platform").facet(),
        Column::text("access", "Endpoint").facet(),
        Column::text("auto", "Auto Mode").facet(),
        Column::text("support", "Support").facet().word(),
        Column::number("issues", "Issues"),
        Column::text("created", "Created").hidden(),
        Column::text("endpoint", "API server").hidden(),
    ];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.arn.clone()
    }
    fn state(&self) -> Option<State> {
        super::state(self.status.as_deref(), self.health.as_ref())
    }
    fn tags(&self) -> BTreeMap<String, String> {
        self.tags.clone()
    }
    fn created(&self) -> Option<Millis> {
        self.created_at.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let auto = self.compute_config.as_ref().and_then(|c| c.enabled) == Some(true);
        vec![
            Cell::opt(self.version.clone()),
            Cell::opt(self.platform_version.clone()),
            Cell::opt(self.endpoint_access()),
            Cell::text(if auto { "On" } else { "Off" }),
            Cell::opt(self.upgrade_policy.as_ref().and_then(|p| p.support_type.clone())),
            self.health
                .as_ref()
                .map_or(Cell::None, |h| Cell::Number(i64::try_from(h.issues.len()).unwrap_or(i64::MAX))),
            Cell::time(self.created()),
            self.endpoint.clone().map_or(Cell::None, Cell::Mono),
        ]
    }
    fn refs(&self, _scope: &Scope) -> Vec<String> {
        self.endpoint.iter().cloned().collect()
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let mut links: Vec<Link> = self.role_arn.iter().map(|role| Link::new(Relation::Role, role)).collect();
        if let Some(role) = self.compute_config.as_ref().and_then(|c| c.node_role_arn.as_ref()) {
            links.push(Link::new(Relation::Role, role));
        }
        if let Some(vpc) = &self.resources_vpc_config {
            let groups = vpc.security_group_ids.iter().chain(&vpc.cluster_security_group_id);
            links.extend(vpc.vpc_id.iter().filter_map(|id| network(scope, Kind::Vpc, id)));
            links.extend(vpc.subnet_ids.iter().filter_map(|id| network(scope, Kind::Subnet, id)));
            links.extend(groups.filter_map(|id| network(scope, Kind::SecurityGroup, id)));
        }
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::resource::Tone;

    #[test]
    fn a_cluster_with_issues_asks_for_attention_though_it_is_active() {
        // From the DescribeCluster page of the API reference, shortened, with an issue added.
        let doc = serde_json::json!({
            "name": "devel", "arn": "arn:aws:eks:us-west-2:012345678910:cluster/devel",
            "createdAt": "2018-05-31T16:06:00-07:00", "version": "1.33",
            "endpoint": "https://A0DCCD80A04F01705DD065655C30CC3D.yl4.us-west-2.eks.amazonaws.com",
            "roleArn": "arn:aws:iam::012345678910:role/eks-service-role",
            "resourcesVpcConfig": {
                "subnetIds": ["subnet-4a8b5c10", "subnet-1fdb4b66"], "securityGroupIds": ["sg-6979fe18"],
                "vpcId": "vpc-950809ec", "endpointPublicAccess": true, "endpointPrivateAccess": false
            },
            "status": "ACTIVE", "platformVersion": "eks.7", "tags": {"env": "dev"},
            "health": {"issues": [{"code": "Ec2SubnetNotFound", "message": "A subnet is gone.", "resourceIds": ["subnet-4a8b5c10"]}]}
        });
        let scope = Scope::new("012345678910".parse().unwrap(), "us-west-2".parse().unwrap());
        let seen = describe(Kind::EksCluster, &scope, &doc).unwrap();
        let state = seen.state.unwrap();
        assert_eq!((state.word.as_str(), state.tone), ("ACTIVE", Tone::Warn));
        assert_eq!(state.reason.as_deref(), Some("Ec2SubnetNotFound: A subnet is gone."));
        assert_eq!(seen.cells[2], Cell::Text("Public".into()));
        assert_eq!(seen.cells.len(), Cluster::COLUMNS.len());
        assert!(seen.links.contains(&Link::new(Relation::Network, "ec2.vpc/012345678910/us-west-2/vpc-950809ec")));
        assert!(seen.links.contains(&Link::new(Relation::Role, "arn:aws:iam::012345678910:role/eks-service-role")));
    }
}
