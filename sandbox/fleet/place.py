"""A place of the fleet: one account in one region, and the clients to work there."""

import os
import pathlib
import threading
from functools import cached_property

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# What functions run.
CODE = pathlib.Path(__file__).parent / "code"
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
CONFIG = Config(retries={"max_attempts": 4, "mode": "standard"}, connect_timeout=5, read_timeout=60, max_pool_connections=16)

# Reading the service models is most of the work of making a client: one session shares them.
_session = boto3.session.Session()
_making = threading.Lock()


class Place:
    """One account in one region. The access key id chooses the account."""

    def __init__(self, account, stage, region, main):
        self.account = account
        self.stage = stage
        self.region = region
        self.main = main
        self.name = f"{stage} {region}"
        self._clients = {}

    def client(self, service):
        with _making:
            if service not in self._clients:
                self._clients[service] = _session.client(
                    service,
                    region_name=self.region,
                    endpoint_url=ENDPOINT,
                    aws_access_key_id=self.account,
                    aws_secret_access_key="sandbox",
                    config=CONFIG,
                )
            return self._clients[service]

    def arn(self, service, rest):
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def role(self, name):
        return f"arn:aws:iam::{self.account}:role/{name}"

    def tags(self, team, **more):
        """The tags Northwind puts on everything."""
        return {"team": team, "env": self.stage, "cost-center": COST_CENTERS.get(team, "4100"), **more}

    @cached_property
    def registry(self):
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"


COST_CENTERS = {"orders": "4210", "payments": "4220", "catalog": "4230", "search": "4240", "platform": "4100", "web": "4250", "data": "4300"}

PLACES = [
    Place("111122223333", "prod", "eu-west-1", True),
    Place("111122223333", "prod", "us-east-1", False),
    Place("444455556666", "staging", "eu-west-1", False),
    Place("444455556666", "staging", "us-east-1", False),
]

# What AWS answers to the second creation of the same thing.
EXISTS = {
    "AlreadyExistsException", "BucketAlreadyExists", "BucketAlreadyOwnedByYou", "ConflictException", "DuplicateListener",
    "DuplicateLoadBalancerName", "DuplicateTargetGroupName", "EntityAlreadyExists", "ImageAlreadyExistsException",
    "InvalidGroup.Duplicate", "QueueAlreadyExists", "RepositoryAlreadyExistsException", "ResourceAlreadyExistsException",
    "ResourceConflictException", "ResourceInUseException", "ResourceExistsException", "TopicAlreadyExists",
}


def once(call, *codes, **arguments):
    """Makes something, or finds it made: the answer, or None where it existed."""
    try:
        return call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in EXISTS or code in codes:
            return None
        raise


def as_list(tags, key="Key", value="Value"):
    """Tags in the form of the services that want a list."""
    return [{key: name, value: text} for name, text in tags.items()]
