//! The words above the lists of EKS.

use domain::Kind;

use crate::resource::ListSpec;

/// What the list of a kind says.
pub fn spec(kind: Kind) -> Option<ListSpec> {
    let spec = ListSpec::of(kind);
    Some(match kind {
        Kind::EksCluster => ListSpec {
            heading: "Kubernetes".to_owned(),
            ..spec
                .explained("EKS runs the control plane of Kubernetes; nodes or Fargate run the pods.")
                .about(&[
                    "ECS and EKS both launch, scale and manage containers. ECS has AWS's own concepts and less to learn; EKS is Kubernetes, with its tools and its ecosystem.",
                    "Pods run on node groups (EC2 instances), on Fargate (no instances), or on nodes that Auto Mode makes.",
                ])
                .when_empty("No EKS cluster in these accounts and regions.")
        },
        Kind::NodeGroup => spec
            .explained("EC2 instances that EKS starts and replaces as nodes of a cluster.")
            .when_empty("No node group."),
        Kind::FargateProfile => spec
            .explained("Which pods run on Fargate instead of nodes: by namespace and labels.")
            .when_empty("No Fargate profile."),
        Kind::Addon => spec
            .explained("Parts of a cluster that EKS keeps up to date: networking, DNS, storage drivers.")
            .when_empty("No add-on that EKS manages."),
        _ => return None,
    })
}
