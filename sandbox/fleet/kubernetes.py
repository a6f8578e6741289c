"""EKS clusters with node groups, add-ons and a Fargate profile."""

from foundation import network
from place import once


def make(place):
    if place.region != "eu-west-1":
        return
    eks = place.client("eks")
    name = "northwind-platform" if place.main else "northwind-platform-staging"
    _, subnets, groups = network(place)
    once(
        eks.create_cluster, name=name, version="1.33" if place.main else "1.34", roleArn=place.role("northwind-eks-cluster"), tags=place.tags("platform"),
        resourcesVpcConfig={"subnetIds": subnets, "securityGroupIds": [groups["services"]], "endpointPublicAccess": not place.main, "endpointPrivateAccess": True},
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
    )
    for group, kind, sizes, capacity in [("general", "m7g.large", (2, 6, 3), "ON_DEMAND"), ("batch-spot", "c7i.xlarge", (0, 10, 2), "SPOT")][: 2 if place.main else 1]:
        once(
            eks.create_nodegroup, clusterName=name, nodegroupName=group, subnets=subnets, nodeRole=place.role("northwind-eks-node"), instanceTypes=[kind],
            scalingConfig={"minSize": sizes[0], "maxSize": sizes[1], "desiredSize": sizes[2]}, capacityType=capacity, diskSize=50, tags=place.tags("platform"),
            amiType="AL2023_ARM_64_STANDARD" if "g." in kind else "AL2023_x86_64_STANDARD", labels={"workload": group},
        )
    for addon, version in [("vpc-cni", "v1.20.1-eksbuild.1"), ("coredns", "v1.12.2-eksbuild.4"), ("kube-proxy", "v1.33.0-eksbuild.2"), ("eks-pod-identity-agent", "v1.3.8-eksbuild.2")]:
        once(eks.create_addon, clusterName=name, addonName=addon, addonVersion=version, tags=place.tags("platform"))
    if place.main:
        once(
            eks.create_fargate_profile, clusterName=name, fargateProfileName="jobs", podExecutionRoleArn=place.role("northwind-eks-fargate"), subnets=subnets,
            selectors=[{"namespace": "jobs"}, {"namespace": "ci", "labels": {"isolated": "true"}}], tags=place.tags("platform"),
        )
