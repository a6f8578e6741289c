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
                .when_empty("As soon as EKS has a cluster, it appears here by itself.")
        },
        Kind::NodeGroup => spec
            .explained("EC2 instances that EKS starts and replaces as nodes of a cluster.")
            .when_empty("Clusters here run their pods on Fargate or on nodes of Auto Mode, or there is no cluster."),
        Kind::FargateProfile => spec
            .explained("Which pods run on Fargate instead of nodes: by namespace and labels.")
            .when_empty("Without one, every pod of a cluster needs a node."),
        Kind::Addon => spec
            .explained("Parts of a cluster that EKS keeps up to date: networking, DNS, storage drivers.")
            .when_empty("Networking and DNS of clusters may be installed by other means than EKS."),
        Kind::Pod => spec
            .explained("Containers that Kubernetes runs together, read from the API servers of the clusters.")
            .about(&[
                "A pod is the smallest thing that Kubernetes starts: one or more containers on one node. A Deployment, DaemonSet or Job makes it, and replaces it when it ends.",
                "Each cluster decides who may read its pods: Gantry's role needs an access entry there, with the policy AmazonEKSViewPolicy.",
            ])
            .when_empty("Nothing runs in the clusters here, or there is no cluster."),
        _ => return None,
    })
}
