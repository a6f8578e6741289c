"""ECS clusters and the load balancers in front of their services."""

from foundation import network
from place import as_list, once


def names(place):
    """The clusters of a place."""
    return ["northwind-shop", "northwind-data"] if place.main else ["northwind-shop"]


def make(place):
    ecs = place.client("ecs")
    for name in names(place):
        if not ecs.describe_clusters(clusters=[name])["clusters"]:
            ecs.create_cluster(
                clusterName=name, capacityProviders=["FARGATE", "FARGATE_SPOT"], tags=as_list(place.tags("platform"), "key", "value"),
                defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
                settings=[{"name": "containerInsights", "value": "enabled" if place.stage == "prod" else "disabled"}],
            )
    _load_balancer(place)


# Service, port, path that says it is well, priority and path pattern of its rule (none: the default).
TARGETS = [("web", 8080, "/healthz", None), ("orders", 8080, "/healthz", (10, "/api/orders*")), ("payments", 3000, "/health", (20, "/api/payments*")), ("catalog", 8000, "/healthz", (30, "/api/catalog*"))]


def _load_balancer(place):
    elb = place.client("elbv2")
    vpc, subnets, groups = network(place, "public")
    arns = {}
    for name, port, path, _ in TARGETS:
        try:
            arns[name] = elb.describe_target_groups(Names=[f"northwind-{name}"])["TargetGroups"][0]["TargetGroupArn"]
        except (elb.exceptions.TargetGroupNotFoundException, IndexError):
            arns[name] = elb.create_target_group(
                Name=f"northwind-{name}", Protocol="HTTP", Port=port, VpcId=vpc, TargetType="ip", HealthCheckPath=path, Tags=as_list(place.tags(name)),
            )["TargetGroups"][0]["TargetGroupArn"]
    try:
        if elb.describe_load_balancers(Names=["northwind-shop"])["LoadBalancers"]:
            return
    except elb.exceptions.LoadBalancerNotFoundException:
        pass
    balancer = elb.create_load_balancer(
        Name="northwind-shop", Subnets=subnets, SecurityGroups=[groups["web"]], Scheme="internet-facing", Type="application", Tags=as_list(place.tags("web")),
    )["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": arns["web"]}])["Listeners"][0]["ListenerArn"]
    for name, _, _, rule in TARGETS:
        if rule:
            elb.create_rule(ListenerArn=listener, Priority=rule[0], Conditions=[{"Field": "path-pattern", "Values": [rule[1]]}], Actions=[{"Type": "forward", "TargetGroupArn": arns[name]}])


def target_group(place, name):
    """The ARN of a service's target group."""
    return place.client("elbv2").describe_target_groups(Names=[f"northwind-{name}"])["TargetGroups"][0]["TargetGroupArn"]
