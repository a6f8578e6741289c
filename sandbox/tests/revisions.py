"""Which revisions a service of the sandbox names, and which digests they are pinned to, asked as boto3 does. Run by lifecycle.rs with the emulator's Python.

Arguments: `check` on an empty sandbox, `again` after a restart on the same folder.
"""

import hashlib
import json
import os
import sys

import boto3

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ACCOUNT, REGION = "444455556666", "us-east-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/pinned/web:main"
SERVICE = {"cluster": "pinned", "service": "web"}


def client(service):
    return boto3.client(service, region_name=REGION, endpoint_url=ENDPOINT, aws_access_key_id=ACCOUNT, aws_secret_access_key="x")


def manifest(text):
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2}
    return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [], "annotations": {"text": text}})


def digest(text):
    return "sha256:" + hashlib.sha256(manifest(text).encode()).hexdigest()


def push(ecr, text):
    kind = "application/vnd.oci.image.manifest.v1+json"
    ecr.put_image(repositoryName="pinned/web", imageManifest=manifest(text), imageManifestMediaType=kind, imageTag="main")


def current(ecs):
    """The revision that the service is to run, as the service names it."""
    service = ecs.describe_services(cluster=SERVICE["cluster"], services=[SERVICE["service"]])["services"][0]
    return service["currentServiceRevisions"][0]


def images(ecs, *arns):
    told = ecs.describe_service_revisions(serviceRevisionArns=list(arns))
    assert not told["failures"] and len(told["serviceRevisions"]) == len(arns), told
    by_arn = {revision["serviceRevisionArn"]: revision["containerImages"] for revision in told["serviceRevisions"]}
    return [by_arn[arn] for arn in arns]


def pinned_to(text):
    """Only a tag of a registry here is looked up, and only where the container does not say otherwise."""
    return [
        {"containerName": "web", "image": IMAGE, "imageDigest": digest(text)},
        {"containerName": "loose", "image": IMAGE},
        {"containerName": "side", "image": "public.ecr.aws/nginx/nginx:1"},
    ]


def check(ecs):
    ecr = client("ecr")
    ecr.create_repository(repositoryName="pinned/web")
    ecs.create_cluster(clusterName=SERVICE["cluster"])
    containers = [
        {"name": "web", "image": IMAGE, "memory": 128},
        {"name": "loose", "image": IMAGE, "memory": 128, "versionConsistency": "disabled"},
        {"name": "side", "image": "public.ecr.aws/nginx/nginx:1", "memory": 128},
    ]
    ecs.register_task_definition(family="pinned", containerDefinitions=containers)
    made = ecs.create_service(cluster=SERVICE["cluster"], serviceName=SERVICE["service"], taskDefinition="pinned", desiredCount=1)["service"]
    first = current(ecs)
    assert made["currentServiceRevisions"][0]["arn"] == first["arn"], made
    assert first["arn"].startswith(f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-revision/pinned/web/"), first
    assert set(first) == {"arn", "requestedTaskCount", "runningTaskCount", "pendingTaskCount"} and first["requestedTaskCount"] == 1, first
    # Nobody pushed it yet.
    assert "imageDigest" not in images(ecs, first["arn"])[0][0]
    push(ecr, "one")
    ecs.update_service(**SERVICE, forceNewDeployment=True)
    second = current(ecs)["arn"]
    assert second != first["arn"] and images(ecs, second)[0] == pinned_to("one"), images(ecs, second)
    # The tag moves; the revision and its tasks stay where they are until somebody deploys anew.
    push(ecr, "two")
    assert current(ecs)["arn"] == second and images(ecs, second)[0] == pinned_to("one")
    third = ecs.update_service(**SERVICE, forceNewDeployment=True)["service"]["currentServiceRevisions"][0]["arn"]
    assert images(ecs, second, third) == [pinned_to("one"), pinned_to("two")], images(ecs, second, third)
    missing = ecs.describe_service_revisions(serviceRevisionArns=[third[:-1] + "x"])
    assert missing["serviceRevisions"] == [] and missing["failures"][0]["reason"] == "MISSING", missing


def again(ecs):
    told = ecs.list_service_deployments(**SERVICE)["serviceDeployments"]
    third, second = [deployment["targetServiceRevisionArn"] for deployment in told[:2]]
    assert current(ecs)["arn"] == third, told
    assert images(ecs, second, third) == [pinned_to("one"), pinned_to("two")], images(ecs, second, third)


{"check": check, "again": again}[sys.argv[1]](client("ecs"))
