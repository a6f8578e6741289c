//! A managed group of nodes of a cluster.

use std::collections::BTreeMap;

use super::cluster::Health;
use super::{network, of_cluster};
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation, State};
use crate::time::{Millis, Timestamp};

document! { "camelCase";
    /// As DescribeNodegroup gives it: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html>
    pub struct NodeGroup {
        pub nodegroup_name: String,
        pub nodegroup_arn: Option<String>,
        pub cluster_name: String,
        /// Of Kubernetes.
        pub version: Option<String>,
        /// Of the machine image.
        pub release_version: Option<String>,
        pub created_at: Option<Timestamp>,
        pub modified_at: Option<Timestamp>,
        pub status: Option<String>,
        /// `ON_DEMAND`, `SPOT` or `CAPACITY_BLOCK`.
        pub capacity_type: Option<String>,
        pub scaling_config: Option<Scaling>,
        pub instance_types: Vec<String>,
        pub subnets: Vec<String>,
        pub ami_type: Option<String>,
        pub node_role: Option<String>,
        pub labels: BTreeMap<String, String>,
        pub taints: Vec<Taint>,
        pub resources: Option<Resources>,
        /// In GiB.
        pub disk_size: Option<i32>,
        pub health: Option<Health>,
        pub update_config: Option<UpdateConfig>,
        pub launch_template: Option<LaunchTemplate>,
        pub tags: BTreeMap<String, String>,
    }
    /// Numbers of nodes: <https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupScalingConfig.html>
    pub struct Scaling {
        pub min_size: Option<i32>,
        pub max_size: Option<i32>,
        pub desired_size: Option<i32>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_Taint.html>
    pub struct Taint {
        pub key: Option<String>,
        pub value: Option<String>,
        pub effect: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupResources.html>
    pub struct Resources {
        pub auto_scaling_groups: Vec<AutoScalingGroup>,
        pub remote_access_security_group: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_AutoScalingGroup.html>
    pub struct AutoScalingGroup {
        pub name: Option<String>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupUpdateConfig.html>
    pub struct UpdateConfig {
        pub max_unavailable: Option<i32>,
        pub max_unavailable_percentage: Option<i32>,
    }
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_LaunchTemplateSpecification.html>
    pub struct LaunchTemplate {
        pub name: Option<String>,
        pub version: Option<String>,
        pub id: Option<String>,
    }
}

impl Model for NodeGroup {
    const KIND: Kind = Kind::NodeGroup;
    /// 1 left out what Gantry did not know.
    const READING: i16 = 2;
    const COLUMNS: &'static [Column] = &[
        Column::text("cluster", "Cluster").facet(),
        Column::number("desired", "Desired"),
        Column::number("min", "Min"),
        Column::number("max", "Max"),
        Column::text("instances", "Instance types").facet(),
        Column::text("capacity", "Capacity").facet().word(),
        Column::text("version", "Kubernetes").facet(),
        Column::text("release", "Release").hidden(),
        Column::text("ami", "AMI type").facet().hidden(),
        Column::text("created", "Created").hidden(),
    ];
    fn id(&self) -> String {
        format!("{}/{}", self.cluster_name, self.nodegroup_name)
    }
    fn name(&self) -> String {
        self.nodegroup_name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.nodegroup_arn.clone()
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
        let scaling = self.scaling_config.clone().unwrap_or_default();
        vec![
            Cell::text(&self.cluster_name),
            Cell::number(scaling.desired_size),
            Cell::number(scaling.min_size),
            Cell::number(scaling.max_size),
            if self.instance_types.is_empty() { Cell::None } else { Cell::List(self.instance_types.clone()) },
            Cell::opt(self.capacity_type.clone()),
            Cell::opt(self.version.clone()),
            Cell::opt(self.release_version.clone()),
            Cell::opt(self.ami_type.clone()),
            Cell::time(self.created()),
        ]
    }
    fn links(&self, scope: &Scope) -> Vec<Link> {
        let mut links: Vec<Link> = self.node_role.iter().map(|role| Link::new(Relation::Role, role)).collect();
        links.extend(of_cluster(scope, &self.cluster_name));
        links.extend(self.subnets.iter().filter_map(|id| network(scope, Kind::Subnet, id)));
        let remote = self.resources.iter().filter_map(|r| r.remote_access_security_group.as_ref());
        links.extend(remote.filter_map(|id| network(scope, Kind::SecurityGroup, id)));
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use crate::resource::Tone;

    #[test]
    fn a_node_group_belongs_to_its_cluster_and_tells_why_it_is_degraded() {
        let doc = serde_json::json!({
            "nodegroupName": "standard", "clusterName": "my-cluster",
            "nodegroupArn": "arn:aws:eks:us-west-2:012345678910:nodegroup/my-cluster/standard/b9b0ce4e-1234",
            "version": "1.33", "releaseVersion": "1.33.1-20260625", "createdAt": "2026-10-25T09:00:24.293000-07:00",
            "status": "DEGRADED", "capacityType": "ON_DEMAND",
            "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": 3},
            "instanceTypes": ["t3.medium"], "subnets": ["subnet-0e2907431c9988b72"],
            "amiType": "AL2023_x86_64_STANDARD", "nodeRole": "arn:aws:iam::012345678910:role/node",
            "health": {"issues": [{"code": "AutoScalingGroupNotFound", "message": "We couldn't find it"}]}
        });
        let scope = Scope::new("012345678910".parse().unwrap(), "us-west-2".parse().unwrap());
        let seen = describe(Kind::NodeGroup, &scope, &doc).unwrap();
        assert_eq!(seen.parent.unwrap().to_string(), "eks.cluster/012345678910/us-west-2/my-cluster");
        assert_eq!(seen.state.as_ref().unwrap().tone, Tone::Bad);
        assert!(seen.state.unwrap().reason.unwrap().contains("AutoScalingGroupNotFound"));
        assert_eq!(seen.cells[1..4], [Cell::Number(3), Cell::Number(0), Cell::Number(4)]);
        assert_eq!(seen.cells.len(), NodeGroup::COLUMNS.len());
    }
}
