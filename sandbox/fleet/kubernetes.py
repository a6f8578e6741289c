"""EKS clusters with node groups, add-ons, a Fargate profile, and pods made through their own API."""

import base64
import json

import botocore.httpsession
import images
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from foundation import network
from place import once

_http = botocore.httpsession.URLLib3Session()


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
    for pod in _pods(place):
        _run(place, name, *pod)


def _pods(place):
    """Namespace, name, what made it, containers with their images, and whether it runs once. Images that no service and no job runs, but for one that is nowhere."""

    def old(repository, which):
        count = next(row[3] for row in images.REPOSITORIES if row[0] == repository)
        return images.uri(place, repository, images.releases(place, repository, count)[which])

    storefront = ("ReplicaSet", "storefront-6c9f7d8b54")
    shop = [("shop", f"{storefront[1]}-{end}", storefront, {"web": old("northwind/web", 0)}, False) for end in ("x2k4m", "q7wpz")]
    runner = ("StatefulSet", "build-runner")
    if not place.main:
        return [shop[0], ("ci", "build-runner-0", runner, {"runner": old("tools/build", -1)}, False)]
    proxied = {"web": old("northwind/web", 0), "proxy": old("platform/envoy", 0)}
    return [
        *[(namespace, pod, owner, proxied, once) for namespace, pod, owner, _, once in shop],
        ("shop", "recommender-7b5c6d9f88-4hn2v", ("ReplicaSet", "recommender-7b5c6d9f88"), {"recommender": images.uri(place, "northwind/recommendations", "2.0.0")}, False),
        ("ci", "build-runner-0", runner, {"runner": old("tools/build", -1)}, False),
        ("jobs", "thumbnails-rebuild-29370240-tk8xd", ("Job", "thumbnails-rebuild-29370240"), {"rebuild": old("northwind/thumbnails", 0)}, True),
        ("kube-system", "coredns-5d849c4789-9wz6r", ("ReplicaSet", "coredns-5d849c4789"), {"coredns": "public.ecr.aws/eks-distro/coredns/coredns:v1.12.2-eks-1-33-8"}, False),
    ]


def _run(place, cluster, namespace, name, owner, containers, once):
    """As kubectl does. Secrets and commands are here to be left out by whoever reads pods."""
    kind, made_by = owner
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": next(iter(containers)), "env": place.stage},
            "ownerReferences": [{"apiVersion": "batch/v1" if kind == "Job" else "apps/v1", "kind": kind, "name": made_by, "uid": made_by, "controller": True}],
        },
        "spec": {
            "restartPolicy": "Never" if once else "Always",
            "containers": [
                {"name": container, "image": image, "env": [{"name": "STAGE", "value": place.stage}, {"name": "DATABASE_URL", "value": f"postgres://{container}@db.northwind.internal/{container}"}]}
                for container, image in containers.items()
            ],
        },
    }
    endpoint = place.client("eks").describe_cluster(name=cluster)["cluster"]["endpoint"]
    headers = {"Authorization": f"Bearer {_token(place, cluster)}", "Content-Type": "application/json"}
    request = AWSRequest("POST", f"{endpoint}/api/v1/namespaces/{namespace}/pods", headers=headers, data=json.dumps(pod).encode())
    answer = _http.send(request.prepare())
    # Made before.
    if answer.status_code not in (201, 409):
        raise RuntimeError(f"pod {namespace}/{name}: {answer.status_code} {answer.text[:200]}")


def _token(place, cluster):
    """As `aws eks get-token` makes it: a signed request to STS that names the cluster."""
    request = AWSRequest("GET", f"https://sts.{place.region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", headers={"x-k8s-aws-id": cluster})
    SigV4QueryAuth(Credentials(place.account, "sandbox"), "sts", place.region, expires=60).add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")
