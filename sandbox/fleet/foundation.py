"""What everything else stands on: roles, the network, and the sources that functions listen to."""

import json

from place import as_list, once

TRUSTS = {
    "lambda": "lambda.amazonaws.com",
    "ecs-tasks": "ecs-tasks.amazonaws.com",
    "eks": "eks.amazonaws.com",
    "ec2": "ec2.amazonaws.com",
    "eks-fargate": "eks-fargate-pods.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "codebuild": "codebuild.amazonaws.com",
}

# Role name, who may assume it, AWS managed policies, and the resource part of the inline policy.
ROLES = [
    ("northwind-orders-function", "lambda", ["service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaVPCAccessExecutionRole"], ["sqs:*", "dynamodb:*"]),
    ("northwind-payments-function", "lambda", ["service-role/AWSLambdaBasicExecutionRole"], ["secretsmanager:GetSecretValue", "sqs:SendMessage"]),
    ("northwind-catalog-function", "lambda", ["service-role/AWSLambdaBasicExecutionRole"], ["s3:GetObject", "s3:PutObject"]),
    ("northwind-search-function", "lambda", ["service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaKinesisExecutionRole"], ["es:ESHttpPost"]),
    ("northwind-platform-function", "lambda", ["service-role/AWSLambdaBasicExecutionRole"], ["cloudwatch:PutMetricData", "ec2:Describe*", "sqs:ListQueues", "sqs:GetQueueAttributes"]),
    ("northwind-web-function", "lambda", ["service-role/AWSLambdaBasicExecutionRole"], ["dynamodb:GetItem"]),
    ("northwind-data-function", "lambda", ["service-role/AWSLambdaBasicExecutionRole"], ["glue:StartJobRun", "s3:*"]),
    ("northwind-task-execution", "ecs-tasks", ["service-role/AmazonECSTaskExecutionRolePolicy"], ["secretsmanager:GetSecretValue"]),
    ("northwind-orders-task", "ecs-tasks", [], ["sqs:*", "dynamodb:*"]),
    ("northwind-payments-task", "ecs-tasks", [], ["kms:Decrypt", "sqs:SendMessage"]),
    ("northwind-catalog-task", "ecs-tasks", [], ["s3:GetObject", "dynamodb:Query"]),
    ("northwind-search-task", "ecs-tasks", [], ["es:ESHttp*"]),
    ("northwind-web-task", "ecs-tasks", [], ["ssmmessages:*"]),
    ("northwind-data-task", "ecs-tasks", [], ["s3:*", "glue:*"]),
    ("northwind-platform-task", "ecs-tasks", [], ["cloudwatch:PutMetricData"]),
    ("northwind-eks-cluster", "eks", ["AmazonEKSClusterPolicy"], []),
    ("northwind-eks-node", "ec2", ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy"], []),
    ("northwind-eks-fargate", "eks-fargate", ["AmazonEKSFargatePodExecutionRolePolicy"], []),
    ("northwind-scheduler", "scheduler", [], ["lambda:InvokeFunction"]),
    ("northwind-build", "codebuild", [], ["ecr:*", "logs:*"]),
]

SUBNETS = {"eu-west-1": ("10.20", "eu-west-1"), "us-east-1": ("10.30", "us-east-1")}


# Alias, team, and what the key is for.
KEYS = [
    ("alias/northwind-images", "platform", "Container images"),
    ("alias/northwind-payments", "payments", "Everything that touches a card"),
]


def make_base(place):
    _roles(place)
    _keys(place)
    _network(place)


def _roles(place):
    iam = place.client("iam")
    for name, trust, managed, actions in ROLES:
        team = name.split("-")[1] if name.split("-")[1] in ("orders", "payments", "catalog", "search", "web", "data") else "platform"
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": TRUSTS[trust]}, "Action": "sts:AssumeRole"}],
        }
        made = once(
            iam.create_role, RoleName=name, AssumeRolePolicyDocument=json.dumps(document),
            Description=f"Northwind {name.removeprefix('northwind-').replace('-', ' ')}", Tags=as_list(place.tags(team)),
        )
        if made is None:
            continue
        for policy in managed:
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        if actions:
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            iam.put_role_policy(RoleName=name, PolicyName="access", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    # AWS makes it with an account's first cluster; services name it.
    once(iam.create_service_linked_role, "InvalidInput", AWSServiceName="ecs.amazonaws.com")


def _keys(place):
    kms = place.client("kms")
    there = {alias["AliasName"] for page in kms.get_paginator("list_aliases").paginate() for alias in page["Aliases"]}
    for alias, team, description in KEYS:
        if alias not in there:
            tags = [{"TagKey": key, "TagValue": value} for key, value in place.tags(team).items()]
            key = kms.create_key(Description=description, Tags=tags)["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName=alias, TargetKeyId=key)


def _network(place):
    ec2 = place.client("ec2")
    named = [{"Name": "tag:Name", "Values": ["northwind"]}]
    if ec2.describe_vpcs(Filters=named)["Vpcs"]:
        return
    prefix, region = SUBNETS[place.region]
    vpc = ec2.create_vpc(CidrBlock=f"{prefix}.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    for index, (kind, zone) in enumerate([(kind, zone) for kind in ("public", "private") for zone in "abc"]):
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{prefix}.{index * 16}.0/20", AvailabilityZone=f"{region}{zone}")["Subnet"]["SubnetId"]
        ec2.create_tags(Resources=[subnet], Tags=as_list({"Name": f"northwind-{kind}-{zone}", "tier": kind, **place.tags("platform")}))
    for name, text, port in [("web", "public load balancers", 443), ("services", "tasks behind the load balancers", 8080), ("functions", "functions in the network", 443), ("data", "databases and caches", 5432)]:
        group = ec2.create_security_group(GroupName=f"northwind-{name}", Description=f"Northwind {text}", VpcId=vpc)["GroupId"]
        ec2.create_tags(Resources=[group], Tags=as_list({"Name": f"northwind-{name}", **place.tags("platform")}))
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0" if name == "web" else f"{prefix}.0.0/16"}]}])
    # Last: its name is how the next start knows that the network is complete.
    ec2.create_tags(Resources=[vpc], Tags=as_list({"Name": "northwind", **place.tags("platform")}))


def network(place, tier="private"):
    """The VPC, its subnets of one tier, and its security groups by name."""
    ec2 = place.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["northwind"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    tagged = [s["SubnetId"] for s in subnets if {"Key": "tier", "Value": tier} in s.get("Tags", [])]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    return vpc, sorted(tagged), {g["GroupName"].removeprefix("northwind-"): g["GroupId"] for g in groups}


QUEUES = [("orders-incoming", "orders"), ("orders-fulfilment", "orders"), ("invoices", "orders"), ("payments-capture", "payments"), ("notifications", "platform")]
TOPICS = [("order-events", "orders"), ("ops-alerts", "platform")]
STREAMS = [("clickstream", "search", 2)]
SECRETS = [("northwind/payments/stripe", "payments"), ("northwind/orders/database", "orders")]


def bucket(place, name):
    """Bucket names are one for the whole world."""
    return f"northwind-{name}-{place.stage}-{place.region}"


def make_sources(place):
    sqs, sns, dynamodb, kinesis, s3 = (place.client(name) for name in ("sqs", "sns", "dynamodb", "kinesis", "s3"))
    for name, team in QUEUES:
        dead = sqs.create_queue(QueueName=f"{name}-dead", tags=place.tags(team), Attributes={"MessageRetentionPeriod": "1209600"})["QueueUrl"]
        redrive = {"deadLetterTargetArn": place.arn("sqs", f"{name}-dead"), "maxReceiveCount": 3}
        sqs.create_queue(QueueName=name, tags=place.tags(team), Attributes={"VisibilityTimeout": "60", "RedrivePolicy": json.dumps(redrive)})
        assert dead
    for name, team in TOPICS:
        sns.create_topic(Name=name, Tags=as_list(place.tags(team)))
    sns.subscribe(TopicArn=place.arn("sns", "order-events"), Protocol="sqs", Endpoint=place.arn("sqs", "orders-fulfilment"))
    for name, key, team in [("orders", "order_id", "orders"), ("products", "sku", "catalog"), ("sessions", "session_id", "web")]:
        once(
            dynamodb.create_table, TableName=name, KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST", Tags=as_list(place.tags(team)),
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"} if name == "orders" else {"StreamEnabled": False},
        )
    for name, team, shards in STREAMS:
        if once(kinesis.create_stream, StreamName=name, ShardCount=shards) is not None:
            kinesis.add_tags_to_stream(StreamName=name, Tags=place.tags(team))
    for name, team in [("uploads", "catalog"), ("media", "catalog"), ("exports", "data"), ("access-logs", "platform")]:
        where = {} if place.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
        once(s3.create_bucket, Bucket=bucket(place, name), **where)
        s3.put_bucket_tagging(Bucket=bucket(place, name), Tagging={"TagSet": as_list(place.tags(team))})
    for name, team in SECRETS:
        once(place.client("secretsmanager").create_secret, Name=name, SecretString=json.dumps({"password": "sandbox-only"}), Tags=as_list(place.tags(team)))
