"""Whether what resources of the sandbox name is there, asked as boto3 does. Run by lifecycle.rs with the emulator's Python.

Arguments: `check` on an empty sandbox, `again` after a restart on the same folder.
"""

import json
import os
import sys

import boto3

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


def client(service):
    return boto3.client(service, region_name="eu-west-1", endpoint_url=ENDPOINT, aws_access_key_id="111122223333", aws_secret_access_key="x")


def check_role(iam, again):
    """The role that ECS names as that of each service."""
    path = "/aws-service-role/ecs.amazonaws.com/"
    try:
        made = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
        assert not again and (made["RoleName"], made["Path"]) == ("AWSServiceRoleForECS", path), made
    except iam.exceptions.InvalidInputException:
        assert again
    role = iam.get_role(RoleName="AWSServiceRoleForECS")["Role"]
    assert role["Arn"] == f"arn:aws:iam::111122223333:role{path}AWSServiceRoleForECS", role
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ecs.amazonaws.com"}, role
    assert [found["RoleName"] for found in iam.list_roles(PathPrefix=path)["Roles"]] == ["AWSServiceRoleForECS"]


def check_cluster(ec2, eks, role, again):
    """The VPC that a cluster's subnets are in, and the security group that EKS makes there."""
    if not again:
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24")["Subnet"]["SubnetId"] for n in range(2)]
        made = eks.create_cluster(name="named", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})["cluster"]
        assert made["resourcesVpcConfig"]["vpcId"] == vpc, made
    network = eks.describe_cluster(name="named")["cluster"]["resourcesVpcConfig"]
    found = ec2.describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])["SecurityGroups"][0]
    assert (found["VpcId"], found["GroupName"]) == (network["vpcId"], "eks-cluster-sg-named"), found
    assert ec2.describe_vpcs(VpcIds=[network["vpcId"]])["Vpcs"][0]["CidrBlock"] == "10.9.0.0/16"
    same = eks.describe_cluster(name="named")["cluster"]["resourcesVpcConfig"]
    assert same == network, json.dumps([same, network])


def main():
    again = sys.argv[1] == "again"
    iam, ec2, eks = (client(service) for service in ("iam", "ec2", "eks"))
    check_role(iam, again)
    if not again:
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        iam.create_role(RoleName="named-cluster", AssumeRolePolicyDocument=json.dumps(trust))
    check_cluster(ec2, eks, "arn:aws:iam::111122223333:role/named-cluster", again)


main()
