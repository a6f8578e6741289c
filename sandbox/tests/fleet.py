"""Counts what the demo fleet is made of: makes it with clients that only note what they are asked to make. Nothing is sent."""

import collections
import json
import os
import pathlib
import sys
from unittest import mock

# AWS's client need not be installed.
os.environ["AWS_ENDPOINT_URL"] = "http://nowhere.invalid"
for module in ("boto3", "botocore", "botocore.auth", "botocore.awsrequest", "botocore.config", "botocore.credentials", "botocore.exceptions", "botocore.httpsession"):
    sys.modules[module] = mock.MagicMock()
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fleet"))

import cluster
import foundation
import functions
import images
import kubernetes
import place as places
import services
import traffic

# What is asked before something is made: it is not there yet. To all other questions any answer does.
NOTHING_YET = {
    "describe_clusters": {"clusters": []},
    "describe_services": {"services": []},
    "describe_vpcs": {"Vpcs": []},
    "get_function_configuration": {"Description": "What it does"},
    "list_aliases": {"Aliases": []},
    "list_event_source_mappings": {"EventSourceMappings": []},
    "list_task_definitions": {"taskDefinitionArns": []},
    "list_layer_versions": {"LayerVersions": []},
    "list_tasks": {"taskArns": []},
}
calls = []
# Place, repository and digest of each image, and the addresses that the tags give them.
pushed, addresses = set(), set()
# Manifests by place, repository and digest; and the contents that were sent.
manifests, blobs = {}, set()


class Client:
    """A client of one service in one place."""

    def __init__(self, place, service):
        self.place, self.service, self.exceptions = place, service, mock.MagicMock()

    def get_paginator(self, operation):
        return mock.MagicMock()

    def __getattr__(self, operation):
        def call(**arguments):
            calls.append((self.place, self.service, operation, arguments))
            return NOTHING_YET[operation] if operation in NOTHING_YET else mock.MagicMock()

        return call


def network(place, tier="private"):
    return "vpc", ["subnet-a", "subnet-b"], collections.defaultdict(str)


def push(place, method, path, body=b"", content_type=""):
    if method == "PUT":
        repository, reference = path.split("/manifests/")
        pushed.add((place.name, repository, images.digest(body)))
        manifests[place.name, repository, images.digest(body)] = json.loads(body)
        addresses.add(images.uri(place, repository, reference))
    elif method == "POST":
        blobs.add((place.name, path.split("/blobs/")[0], images.digest(body)))


def made(service, operation, where=None):
    """What was asked of an operation, everywhere or in one place."""
    return [arguments for place, asked, what, arguments in calls if (asked, what) == (service, operation) and where in (None, place)]


def fewest(service, operation):
    """How often an operation was asked for where it was asked for least, of all places."""
    return min(len(made(service, operation, place)) for place in places.PLACES)


def whole_indexes():
    """The images for several architectures whose manifests, configurations and layers were all sent."""
    found = []
    for (place, repository, digest), index in manifests.items():
        parts = [manifests.get((place, repository, part["digest"])) for part in index.get("manifests", [])]
        contents = [blob["digest"] for part in parts if part for blob in (part["config"], *part["layers"])]
        if len({part["platform"]["architecture"] for part in index.get("manifests", [])}) > 1 and all(parts) and all((place, repository, blob) in blobs for blob in contents):
            found.append((place, repository, digest))
    return found


def each_minute(place):
    """The functions with code that runs which something starts each minute: a schedule, or a queue or bucket that such a function fills."""
    runs = {call["FunctionName"]: call for call in made("lambda", "create_function", place) if call.get("Runtime", "python").startswith(("python", "nodejs"))}
    rules = {call["Name"] for call in made("events", "put_rule", place) if call.get("ScheduleExpression") == "rate(1 minute)"}
    started = {target["Id"] for call in made("events", "put_targets", place) if call["Rule"] in rules for target in call["Targets"]}
    for call in made("scheduler", "create_schedule", place):
        if call["ScheduleExpression"] == "rate(1 minute)":
            started.add(call["Target"]["Arn"].split(":")[-1])
    filled = {value for name in started & runs.keys() for value in runs[name]["Environment"]["Variables"].values()}
    for call in made("lambda", "create_event_source_mapping", place):
        if call.get("Enabled", True) and str(call["EventSourceArn"]).split(":")[-1] in filled:
            started.add(call["FunctionName"])
            filled |= set(runs[call["FunctionName"]]["Environment"]["Variables"].values())
    for call in made("s3", "put_bucket_notification_configuration", place):
        if call["Bucket"] in filled:
            started |= {one["LambdaFunctionArn"].split(":")[-1] for one in call["NotificationConfiguration"]["LambdaFunctionConfigurations"]}
    return started & runs.keys()


def out_of_reach(place):
    """The services of a place whose newest revision names an image that nobody pushed."""
    newest = {call["family"]: call["containerDefinitions"] for call in made("ecs", "register_task_definition", place)}
    found = [call["serviceName"] for call in made("ecs", "create_service", place)]
    return [name for name in found if any("@" not in container["image"] and container["image"] not in addresses for container in newest[name])]


for module in (foundation, cluster, services, kubernetes):
    module.network = network
places.Place.client = lambda place, service: Client(place, service)
images._call = push
images._sign = kubernetes._run = lambda *arguments: None
for place in places.PLACES:
    for step in (foundation.make_base, functions.make, images.make, functions.make_image_function, foundation.make_sources, cluster.make, services.make, traffic.make, kubernetes.make):
        step(place)

main = next(place for place in places.PLACES if place.main)
revisions = collections.Counter((place.name, call["family"]) for place in places.PLACES for call in made("ecs", "register_task_definition", place))
served = {call["serviceName"] for call in made("ecs", "create_service")}
two = {call["family"] for call in made("ecs", "register_task_definition") if len(call["containerDefinitions"]) == 2}
few = []
for what, found, least in (
    ("accounts", len({place.account for place in places.PLACES}), 2),
    ("regions", len({place.region for place in places.PLACES}), 2),
    ("functions", len(made("lambda", "create_function")), 40),
    ("functions that run each minute", len(each_minute(main)), 12),
    ("functions made from images that run each minute", len(each_minute(main) & {functions.IMAGE_FUNCTION}), 1),
    ("images whose code a function can run", len([key for key in manifests if key[1] == images.FOR_LAMBDA and (*key[:2], manifests[key]["layers"][-1]["digest"]) in blobs]), 6),
    ("function URLs", len(made("lambda", "create_function_url_config")), 2),
    ("functions with a destination for what failed", len(made("lambda", "put_function_event_invoke_config", main)), 1),
    ("functions whose rules, topics, APIs and buckets may call them", len({call["FunctionName"] for call in made("lambda", "add_permission", main)}), 10),
    ("ECS clusters", len(made("ecs", "create_cluster")), 4),
    ("services", len(made("ecs", "create_service")), 12),
    ("services with two containers", len(served & two), 1),
    ("services that cannot reach their desired count", len(out_of_reach(main)), 1),
    ("families of task definitions", len({family for _, family in revisions}), 25),
    ("revisions of each family in the main place", min(count for (name, _), count in revisions.items() if name == main.name), 3),
    ("revisions of each family elsewhere", min(count for (name, _), count in revisions.items() if name != main.name), 2),
    ("repositories", len(made("ecr", "create_repository")), 12),
    ("images", len(pushed), 80),
    ("images for several architectures, complete", len(whole_indexes()), 1),
    ("aliases", len(made("lambda", "create_alias")), 2),
    ("published versions", len(made("lambda", "publish_version")), 2),
    ("event source mappings", len(made("lambda", "create_event_source_mapping")), 2),
    ("tasks outside of services", len(made("ecs", "run_task")), 2),
    ("tasks that somebody stops", len(made("ecs", "stop_task")), 1),
    ("EKS clusters", len(made("eks", "create_cluster")), 2),
    ("EKS clusters with node groups", len({call["clusterName"] for call in made("eks", "create_nodegroup")}), 2),
    ("roles in each place", fewest("iam", "create_role"), 2),
    ("queues in each place", fewest("sqs", "create_queue"), 2),
    ("topics in each place", fewest("sns", "create_topic"), 2),
    ("buckets in each place", fewest("s3", "create_bucket"), 2),
    ("tables in each place", fewest("dynamodb", "create_table"), 2),
    ("VPCs in each place", fewest("ec2", "create_vpc"), 1),
    ("subnets in each place", fewest("ec2", "create_subnet"), 2),
    ("security groups in each place", fewest("ec2", "create_security_group"), 2),
):
    print(f"{what}: {found}, at least {least}")
    if found < least:
        few.append(what)
sys.exit(f"too few: {', '.join(few)}" if few else 0)
