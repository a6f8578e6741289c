"""Northwind's Lambda functions, their layers, versions and aliases."""

import io
import pathlib
import zipfile

import images
from place import CODE, once

PY, NODE = "python3.12", "nodejs22.x"
# Name, team, runtime, source, memory in MB, timeout in seconds, what else.
EVERYWHERE = [
    ("orders-api", "orders", PY, "orders_api.py", 512, 15, {"environment": {"ORDERS_TABLE": "orders", "DATABASE_PASSWORD": "sandbox-only-5f2c", "LOG_LEVEL": "info"}, "layer": True, "versions": 3, "vpc": True}),
    ("orders-simulator", "orders", PY, "order_simulator.py", 256, 30, {"environment": {"QUEUE_NAME": "orders-incoming", "TABLE_NAME": "orders"}}),
    ("orders-worker", "orders", "python3.11", "orders_worker.py", 512, 30, {"environment": {"WAREHOUSE_URL": "https://warehouse.northwind.example"}, "layer": True, "versions": 2}),
    ("payments-capture", "payments", NODE, "payments_capture.mjs", 512, 20, {"environment": {"STRIPE_SECRET_KEY": "sk_test_sandbox_only", "STRIPE_ENDPOINT": "https://payments.northwind.example"}, "versions": 2}),
    ("catalog-feed", "catalog", PY, "catalog_feed.py", 256, 60, {"bucket": "BUCKET"}),
    ("thumbnailer", "catalog", "python3.13", "thumbnailer.py", 1024, 60, {"layer": True, "arch": "arm64"}),
    ("health-probe", "platform", NODE, "health_probe.mjs", 128, 10, {}),
    ("hello-northwind", "platform", PY, "small.py", 128, 3, {"versions": 1}),
]
MAIN = [
    ("orders-projector", "orders", PY, "orders_projector.py", 256, 30, {}),
    ("orders-export", "orders", "java21", "declared.txt", 1024, 300, {"handler": "com.northwind.orders.Export::handleRequest", "arch": "arm64"}),
    ("payments-webhook", "payments", NODE, "payments_webhook.mjs", 256, 10, {"environment": {"WEBHOOK_TOKEN": "sandbox-only-77ab"}, "versions": 2}),
    ("payments-reconcile", "payments", PY, "payments_reconcile.py", 512, 60, {"environment": {"QUEUE_NAME": "payments-capture", "BANK_API_KEY": "sandbox-only-90d1"}}),
    ("payments-fraud-score", "payments", "dotnet8", "declared.txt", 2048, 30, {"handler": "Northwind.Fraud::Northwind.Fraud.Score::Handle"}),
    ("catalog-import", "catalog", "python3.10", "small.py", 512, 120, {}),
    ("catalog-price-sync", "catalog", "nodejs18.x", "price_sync.mjs", 256, 30, {"note": "end of life"}),
    ("search-indexer", "search", NODE, "search_indexer.mjs", 512, 60, {"environment": {"INDEX_URL": "https://search.northwind.example"}}),
    ("search-click-generator", "search", PY, "click_generator.py", 256, 30, {"environment": {"STREAM_NAME": "clickstream"}}),
    ("search-suggest", "search", "provided.al2023", "declared.txt", 256, 5, {"handler": "bootstrap", "arch": "arm64"}),
    ("notifications-mail", "platform", NODE, "notify.mjs", 256, 20, {"environment": {"SMTP_PASSWORD": "sandbox-only-3e90"}}),
    ("session-cleanup", "web", "python3.9", "session_cleanup.py", 128, 60, {}),
    ("web-edge-redirects", "web", NODE, "small.mjs", 128, 3, {"versions": 4}),
    ("web-image-proxy", "web", "ruby3.3", "declared.txt", 512, 20, {"handler": "app.handler"}),
    ("data-hourly-report", "data", PY, "report.py", 1024, 300, {}),
    ("data-gdpr-erase", "data", "python3.9", "small.py", 512, 900, {}),
    ("stock-alerts", "orders", PY, "stock_alerts.py", 256, 30, {"environment": {"TABLE_NAME": "orders"}}),
    ("queue-watch", "platform", PY, "queue_watch.py", 128, 30, {}),
]
SECOND = [
    ("tax-calculator", "payments", PY, "small.py", 256, 5, {"versions": 2}),
    ("shipping-rates", "orders", NODE, "small.mjs", 256, 5, {}),
    ("search-suggest-us", "search", "nodejs20.x", "small.mjs", 256, 5, {}),
]
IMAGE_FUNCTION = "invoice-render"


def table(place):
    """The functions of a place."""
    rows = list(EVERYWHERE)
    if place.region == "eu-west-1":
        rows += MAIN if place.main else MAIN[:3] + MAIN[6:9]
    else:
        rows += SECOND
    return rows


def zipped(source):
    """A deployment package; the same bytes for the same source."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        name = "index" + pathlib.Path(source).suffix
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), (CODE / source).read_bytes())
    return data.getvalue()


def make(place):
    functions = place.client("lambda")
    layer = _layer(place, functions)
    for name, team, runtime, source, memory, timeout, more in table(place):
        environment = {"STAGE": place.stage, **more.get("environment", {})}
        if "bucket" in more:
            environment[more["bucket"]] = f"northwind-uploads-{place.stage}-{place.region}"
        if name == "orders-worker" and has_image_function(place):
            environment["INVOICES_QUEUE"] = "invoices"
        arguments = {
            "FunctionName": name, "Runtime": runtime, "Role": place.role(f"northwind-{team}-function"),
            "Handler": more.get("handler", "index.handler"), "Code": {"ZipFile": zipped(source)}, "MemorySize": memory, "Timeout": timeout,
            "Environment": {"Variables": environment}, "Tags": place.tags(team, service=name),
            "Description": _description(source), "Architectures": [more.get("arch", "x86_64")],
            "TracingConfig": {"Mode": "Active" if memory >= 1024 else "PassThrough"},
        }
        if more.get("layer"):
            arguments["Layers"] = [layer]
        if more.get("vpc"):
            from foundation import network

            _, subnets, groups = network(place)
            arguments["VpcConfig"] = {"SubnetIds": subnets[:2], "SecurityGroupIds": [groups["functions"]]}
        once(functions.create_function, **arguments)
        once(place.client("logs").create_log_group, logGroupName=f"/aws/lambda/{name}", tags=place.tags(team))
        place.client("logs").put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=30 if place.stage == "prod" else 7)
        _versions(functions, name, more.get("versions", 0))


def _description(source):
    text = (CODE / source).read_text()
    first = text.strip().strip('"/ ').splitlines()[0].strip('"/ ')
    return "" if source == "declared.txt" else first[:250]


def _layer(place, functions):
    existing = functions.list_layer_versions(LayerName="northwind-observability")["LayerVersions"]
    if existing:
        return existing[0]["LayerVersionArn"]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("python/northwind_observability.py", "SERVICE = 'northwind'\n")
    made = functions.publish_layer_version(
        LayerName="northwind-observability", Description="Log format and tracing shared by all teams", Content={"ZipFile": data.getvalue()},
        CompatibleRuntimes=["python3.11", "python3.12", "python3.13"],
    )
    return made["LayerVersionArn"]


def _versions(functions, name, count):
    """Publishes versions that differ, and points `live` at the last and `canary` at the one before."""
    if not count or functions.list_aliases(FunctionName=name)["Aliases"]:
        return
    published = []
    for number in range(1, count + 1):
        functions.update_function_configuration(FunctionName=name, Description=functions.get_function_configuration(FunctionName=name)["Description"].split(" (release")[0] + f" (release {number})")
        published.append(functions.publish_version(FunctionName=name, Description=f"release {number}")["Version"])
    if count > 2:
        functions.create_alias(FunctionName=name, Name="canary", FunctionVersion=published[-2], Description="Tried by a few first")
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion=published[-1], Description="What customers use")


def has_image_function(place):
    return place.region == "eu-west-1"


def make_image_function(place):
    """The function that runs the same image as a service: made once the image is there."""
    if not has_image_function(place):
        return
    once(
        place.client("lambda").create_function, FunctionName=IMAGE_FUNCTION, PackageType="Image", Role=place.role("northwind-orders-function"),
        Code={"ImageUri": images.pinned(place, images.FOR_LAMBDA, "live")}, MemorySize=1024, Timeout=60, Architectures=["x86_64"],
        Description="Renders invoices; the same image as the invoice service", Tags=place.tags("orders", service=IMAGE_FUNCTION),
        Environment={"Variables": {"STAGE": place.stage, "MODE": "function"}},
    )
    once(place.client("logs").create_log_group, logGroupName=f"/aws/lambda/{IMAGE_FUNCTION}", tags=place.tags("orders"))
    place.client("logs").put_retention_policy(logGroupName=f"/aws/lambda/{IMAGE_FUNCTION}", retentionInDays=30 if place.stage == "prod" else 7)
