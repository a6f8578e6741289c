//! What else a cluster has: Fargate profiles and add-ons.

use std::collections::BTreeMap;

use super::cluster::Health;
use super::{network, of_cluster};
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation, Sealed, State};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeFargateProfile gives it: <https://docs.aws.amazon.com/eks/latest/APIReference/API_FargateProfile.html>
    pub struct FargateProfile {
        pub fargate_profile_name: String,
        pub fargate_profile_arn: Option<String>,
        pub cluster_name: String,
        pub created_at: Option<Timestamp>,
        pub pod_execution_role_arn: Option<String>,
        pub subnets: Vec<String>,
        pub selectors: Vec<Selector>,
        pub status: Option<String>,
        pub health: Option<Health>,
        pub tags: BTreeMap<String, String>,
    }
    /// Which pods run there: <https://docs.aws.amazon.com/eks/latest/APIReference/API_FargateProfileSelector.html>
    pub struct Selector {
        pub namespace: Option<String>,
        pub labels: BTreeMap<String, String>,
    }
    /// As DescribeAddon gives it, its configuration sealed, which can hold secrets:
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_Addon.html>
    pub struct Addon {
        pub addon_name: String,
        pub cluster_name: String,
        pub status: Option<String>,
        pub addon_version: Option<String>,
        pub health: Option<Health>,
        pub addon_arn: Option<String>,
        pub created_at: Option<Timestamp>,
        pub modified_at: Option<Timestamp>,
        pub service_account_role_arn: Option<String>,
        pub publisher: Option<String>,
        pub owner: Option<String>,
        pub pod_identity_associations: Vec<String>,
        pub configuration_values: Option<Sealed>,
        pub namespace_config: Option<NamespaceConfig>,
        pub tags: BTreeMap<String, String>,
    }
    /// Where its pods run: <https://docs.aws.amazon.com/eks/latest/APIReference/API_AddonNamespaceConfigResponse.html>
    pub struct NamespaceConfig {
        pub namespace: Option<String>,
    }
}

impl Model for FargateProfile {
    const KIND: Kind = Kind::FargateProfile;
    /// 1 left out what Gantry did not know.
    const READING: i16 = 2;
    const COLUMNS: &'static [Column] = &[
        Column::text("cluster", "Cluster").facet(),
        Column::text("namespaces", "Namespaces").facet(),
        Column::number("subnets", "Subnets"),
        Column::text("created", "Created"),
    ];
    fn id(&self) -> String {
        format!("{}/{}", self.cluster_name, self.fargate_profile_name)
    }
    fn name(&self) -> String {
        self.fargate_profile_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.fargate_profile_arn.clone()
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::EksCluster, self.cluster_name.clone()))
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
        let namespaces: Vec<String> = self.selectors.iter().filter_map(|s| s.namespace.clone()).collect();
        vec![
            Cell::text(&self.cluster_name),
            if namespaces.is_empty() { Cell::None } else { Cell::List(namespaces) },
            Cell::Number(i64::try_from(self.subnets.len()).unwrap_or(i64::MAX)),
            Cell::time(self.created()),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let role = self.pod_execution_role_arn.iter().map(|role| Link::new(Relation::ExecutionRole, role));
        let subnets = self.subnets.iter().filter_map(|id| network(scope, Kind::Subnet, id));
        role.chain(of_cluster(scope, &self.cluster_name)).chain(subnets).collect()
    }
}

impl Model for Addon {
    const KIND: Kind = Kind::Addon;
    /// 1 left out what Gantry did not know.
    const READING: i16 = 2;
    const COLUMNS: &'static [Column] = &[
        Column::text("cluster", "Cluster").facet(),
        Column::text("version", "Version").facet(),
        Column::text("publisher", "Publisher").facet(),
        Column::text("created", "Created"),
    ];
    fn id(&self) -> String {
        format!("{}/{}", self.cluster_name, self.addon_name)
    }
    fn name(&self) -> String {
        self.addon_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.addon_arn.clone()
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::EksCluster, self.cluster_name.clone()))
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
        vec![
            Cell::text(&self.cluster_name),
            Cell::opt(self.addon_version.clone()),
            Cell::opt(self.publisher.clone()),
            Cell::time(self.created()),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let role = self.service_account_role_arn.iter().map(|role| Link::new(Relation::Role, role));
        role.chain(of_cluster(scope, &self.cluster_name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::resource::Tone;

    #[test]
    fn profiles_and_add_ons_are_named_within_their_cluster() {
        let scope = Scope::new("012345678910".parse().unwrap(), "us-west-2".parse().unwrap());
        let profile = serde_json::json!({
            "fargateProfileName": "batch", "clusterName": "devel", "status": "CREATE_FAILED",
            "fargateProfileArn": "arn:aws:eks:us-west-2:012345678910:fargateprofile/devel/batch/6eb8",
            "podExecutionRoleArn": "arn:aws:iam::012345678910:role/pods", "subnets": ["subnet-1"],
            "selectors": [{"namespace": "batch", "labels": {"tier": "night"}}]
        });
        let profile = describe(Kind::FargateProfile, &scope, &profile).unwrap();
        assert!(profile.refs.contains(&"eks.fargate-profile/012345678910/us-west-2/devel/batch".to_owned()));
        assert_eq!(profile.state.unwrap().tone, Tone::Bad);
        assert_eq!(profile.cells.len(), FargateProfile::COLUMNS.len());
        let addon = serde_json::json!({
            "addonName": "vpc-cni", "clusterName": "devel", "status": "UPDATING", "addonVersion": "v1.19.0-eksbuild.1",
            "health": {"issues": []}, "addonArn": "arn:aws:eks:us-west-2:012345678910:addon/devel/vpc-cni/0ec7"
        });
        let addon = describe(Kind::Addon, &scope, &addon).unwrap();
        assert_eq!(addon.state.unwrap().tone, Tone::Busy);
        assert_eq!(addon.cells.len(), Addon::COLUMNS.len());
    }
}
