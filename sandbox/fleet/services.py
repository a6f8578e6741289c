"""Task definitions with their history, services, and tasks that run once."""

import cluster
import images
from foundation import network
from place import as_list, once

# Family, team, image, port, CPU, memory in MiB, desired count in production, what else.
SERVICES = [
    ("web", "web", "northwind/web", 8080, 512, 1024, 3, {"sidecar": True, "target": "web"}),
    ("orders", "orders", "northwind/orders", 8080, 1024, 2048, 3, {"target": "orders", "java": "-Xmx1400m"}),
    ("payments", "payments", "northwind/payments", 3000, 512, 1024, 2, {"target": "payments", "secret": "northwind/payments/stripe"}),
    ("catalog", "catalog", "northwind/catalog", 8000, 512, 1024, 2, {"target": "catalog"}),
    ("search", "search", "northwind/search", 9200, 2048, 4096, 2, {"java": "-Xmx3g"}),
    ("thumbnails", "catalog", "northwind/thumbnails", None, 1024, 2048, 2, {"spot": True}),
    ("invoice", "orders", "northwind/invoice", 8080, 512, 1024, 1, {"pinned": True}),
    ("notifications", "platform", "northwind/notifications", None, 256, 512, 1, {}),
    # Its release was never pushed: it cannot reach its desired count.
    ("recommendations", "search", "northwind/recommendations", 8080, 1024, 2048, 2, {"missing": "2.0.0"}),
    ("otel-collector", "platform", "platform/otel-collector", 4317, 256, 512, 1, {}),
]
# One-off tasks and jobs: what they run decides how they end.
JOBS = [
    ("migrations", "platform", "platform/migrations", 256, 512, ["sh", "-c", "/app/migrate --to latest; exit 0"]),
    ("nightly-report", "data", "northwind/catalog", 512, 1024, ["sh", "-c", "python -m report --yesterday || exit 1"]),
    ("stock-import", "catalog", "northwind/catalog", 512, 1024, ["python", "-m", "stock.import", "--watch"]),
    ("gdpr-erase", "data", "northwind/catalog", 256, 512, ["sh", "-c", "python -m gdpr.erase; exit 0"]),
    ("search-reindex", "search", "northwind/search", 1024, 2048, None),
    ("price-export", "catalog", "northwind/catalog", 256, 512, ["sh", "-c", "python -m prices.export; exit 0"]),
    ("orders-archive", "orders", "northwind/orders", 512, 1024, ["sh", "-c", "java -jar /app/archive.jar --older-than 400d; exit 0"]),
    ("returns-import", "orders", "northwind/orders", 512, 1024, ["sh", "-c", "java -jar /app/returns.jar --from warehouse; exit 0"]),
    ("sitemap-build", "web", "northwind/web", 256, 512, ["sh", "-c", "node dist/sitemap.js; exit 0"]),
    ("cache-warmup", "web", "northwind/web", 256, 512, ["sh", "-c", "node dist/warmup.js --top 500; exit 0"]),
    ("picture-backfill", "catalog", "northwind/thumbnails", 2048, 4096, ["sh", "-c", "/app/start --since 90d; exit 0"]),
    ("supplier-feed-check", "catalog", "northwind/catalog", 256, 512, ["sh", "-c", "python -m feeds.check --strict || exit 1"]),
    ("synonyms-build", "search", "northwind/search", 1024, 2048, ["sh", "-c", "java -jar /app/synonyms.jar; exit 0"]),
    ("model-training", "search", "northwind/recommendations", 4096, 16384, ["sh", "-c", "python -m train --days 30; exit 0"]),
    ("warehouse-sync", "data", "data/airflow", 1024, 4096, ["sh", "-c", "airflow dags test warehouse_sync; exit 0"]),
]
PLACE_SERVICES = {
    ("prod", "eu-west-1"): [row[0] for row in SERVICES],
    ("prod", "us-east-1"): ["web", "orders", "payments"],
    ("staging", "eu-west-1"): ["web", "orders", "payments", "catalog", "search"],
    ("staging", "us-east-1"): ["web", "orders"],
}


def make(place):
    for name in PLACE_SERVICES[place.stage, place.region]:
        _service(place, next(row for row in SERVICES if row[0] == name))
    if place.region == "eu-west-1":
        for row in JOBS if place.main else JOBS[:3]:
            _job_family(place, *row)
    if place.main:
        _airflow(place)
        _run_jobs(place)


def _logs(place, family, team):
    group = f"/ecs/{family}"
    once(place.client("logs").create_log_group, logGroupName=group, tags=place.tags(team))
    place.client("logs").put_retention_policy(logGroupName=group, retentionInDays=14)
    return {"logDriver": "awslogs", "options": {"awslogs-group": group, "awslogs-region": place.region, "awslogs-stream-prefix": family}}


def _environment(place, name, release, java=None):
    pairs = {"STAGE": place.stage, "AWS_REGION": place.region, "RELEASE": release, "LOG_LEVEL": "info", "DATABASE_URL": f"postgres://{name}@db.northwind.internal/{name}"}
    if java:
        pairs["JAVA_TOOL_OPTIONS"] = java
    return as_list(pairs, "name", "value")


def _register(place, family, team, cpu, memory, containers):
    role = f"northwind-{team}-task"
    return place.client("ecs").register_task_definition(
        family=family, cpu=str(cpu), memory=str(memory), networkMode="awsvpc", requiresCompatibilities=["FARGATE"], containerDefinitions=containers,
        executionRoleArn=place.role("northwind-task-execution"), taskRoleArn=place.role(role),
        runtimePlatform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}, tags=as_list(place.tags(team, service=family), "key", "value"),
    )["taskDefinition"]["taskDefinitionArn"]


def _has_family(place, family):
    return bool(place.client("ecs").list_task_definitions(familyPrefix=family)["taskDefinitionArns"])


def _service(place, row):
    name, team, repository, port, cpu, memory, desired, more = row
    ecs = place.client("ecs")
    if ecs.describe_services(cluster="northwind-shop", services=[name])["services"]:
        return
    count = next(entry[3] for entry in images.REPOSITORIES if entry[0] == repository)
    tags = images.releases(place, repository, count)[-4:] + ([more["missing"]] if "missing" in more else [])
    arn, logs = None, _logs(place, name, team)
    for number, tag in enumerate(tags):
        last = number == len(tags) - 1
        image = images.pinned(place, repository, "live") if last and more.get("pinned") else images.uri(place, repository, tag)
        java = more.get("java")
        if java and name == "search" and place.stage == "staging":
            # More heap than the container has memory: it is killed again and again.
            java = "-Xmx6g"
        container = {
            "name": name, "image": image, "essential": True, "cpu": cpu // 2 if more.get("sidecar") else 0, "environment": _environment(place, name, tag, java),
            "logConfiguration": logs, "stopTimeout": 30,
        }
        if port:
            container["portMappings"] = [{"containerPort": port, "protocol": "tcp", "name": "http", "appProtocol": "http"}]
            container["healthCheck"] = {"command": ["CMD-SHELL", f"curl -fs http://localhost:{port}/healthz || exit 1"], "interval": 15, "timeout": 5, "retries": 3, "startPeriod": 30}
        if "secret" in more:
            container["secrets"] = [{"name": "STRIPE_KEY", "valueFrom": place.arn("secretsmanager", f"secret:{more['secret']}")}]
        containers = [container]
        if more.get("sidecar"):
            containers.append({
                "name": "envoy", "image": images.uri(place, "platform/envoy", images.newest(place, "platform/envoy")), "essential": True, "cpu": 128, "memoryReservation": 128,
                "portMappings": [{"containerPort": 9901, "protocol": "tcp"}], "logConfiguration": logs, "environment": as_list({"ENVOY_LOG": "warn"}, "name", "value"),
            })
        # Revisions differ in more than the image: someone gave it more memory on the way.
        arn = _register(place, name, team, cpu, memory if number > 0 else max(512, memory // 2), containers)
        if name == "payments" and number == 1:
            ecs.deregister_task_definition(taskDefinition=arn)
    _, subnets, groups = network(place)
    arguments = {
        "cluster": "northwind-shop", "serviceName": name, "taskDefinition": arn, "desiredCount": desired if place.stage == "prod" else 1,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [groups["services"]], "assignPublicIp": "DISABLED"}},
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100, "deploymentCircuitBreaker": {"enable": False, "rollback": False}},
        "enableExecuteCommand": place.stage == "staging", "propagateTags": "SERVICE", "tags": as_list(place.tags(team, service=name), "key", "value"),
        "healthCheckGracePeriodSeconds": 60 if "target" in more else 0, "platformVersion": "LATEST",
    }
    if more.get("spot"):
        arguments["capacityProviderStrategy"] = [{"capacityProvider": "FARGATE_SPOT", "weight": 3}, {"capacityProvider": "FARGATE", "weight": 1, "base": 1}]
    else:
        arguments["launchType"] = "FARGATE"
    if "target" in more:
        arguments["loadBalancers"] = [{"targetGroupArn": cluster.target_group(place, more["target"]), "containerName": name, "containerPort": port}]
    ecs.create_service(**arguments)


def _job_family(place, family, team, repository, cpu, memory, command):
    if _has_family(place, family):
        return
    logs = _logs(place, family, team)
    for release in images.releases(place, repository, next(row[3] for row in images.REPOSITORIES if row[0] == repository))[-3:]:
        container = {
            "name": "job", "image": images.uri(place, repository, release), "essential": True, "environment": _environment(place, family, release),
            "logConfiguration": logs, "memory": memory,
        }
        if command:
            container["command"] = command
        if family == "search-reindex":
            container["environment"] += as_list({"JAVA_TOOL_OPTIONS": "-Xmx3g"}, "name", "value")
        _register(place, family, team, cpu, memory, [container])


def _airflow(place):
    """The data team's cluster: a scheduler and its workers."""
    ecs = place.client("ecs")
    _, subnets, groups = network(place)
    for name, desired, command in (("airflow-scheduler", 1, ["airflow", "scheduler"]), ("airflow-worker", 4, ["airflow", "celery", "worker"])):
        if ecs.describe_services(cluster="northwind-data", services=[name])["services"]:
            continue
        for release in images.releases(place, "data/airflow", 3):
            container = {"name": "airflow", "image": images.uri(place, "data/airflow", release), "essential": True, "command": command, "environment": _environment(place, name, release), "logConfiguration": _logs(place, name, "data")}
            arn = _register(place, name, "data", 2048, 8192, [container])
        ecs.create_service(
            cluster="northwind-data", serviceName=name, taskDefinition=arn, desiredCount=desired, launchType="FARGATE", propagateTags="TASK_DEFINITION",
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [groups["data"]], "assignPublicIp": "DISABLED"}},
            tags=as_list(place.tags("data", service=name), "key", "value"),
        )


def _run_jobs(place):
    """Tasks outside any service: some end well, some do not, one is stopped by a person, one runs on."""
    ecs = place.client("ecs")
    _, subnets, groups = network(place)
    where = {"awsvpcConfiguration": {"subnets": subnets[:1], "securityGroups": [groups["services"]], "assignPublicIp": "DISABLED"}}
    for family in ("migrations", "nightly-report", "search-reindex", "stock-import", "price-export"):
        started_by = f"northwind-{family}"
        tasks = [ecs.list_tasks(cluster="northwind-data", family=family, desiredStatus=status)["taskArns"] for status in ("RUNNING", "STOPPED")]
        if any(tasks):
            continue
        made = ecs.run_task(cluster="northwind-data", taskDefinition=family, launchType="FARGATE", networkConfiguration=where, startedBy=started_by, tags=as_list(place.tags("data"), "key", "value"))["tasks"]
        if family == "price-export":
            ecs.stop_task(cluster="northwind-data", task=made[0]["taskArn"], reason="Stopped by maria: wrong price list")
