"""What makes functions run: schedules, queues, streams, buckets, topics, HTTP APIs and URLs.

Nothing here pretends: a schedule fires each minute, the function it starts puts real messages on real queues.
"""

import json

import functions
from foundation import bucket
from place import as_list, once


def make(place):
    names = {row[0] for row in functions.table(place)}
    if functions.has_image_function(place):
        names.add(functions.IMAGE_FUNCTION)
    _rules(place, names)
    _schedules(place, names)
    _mappings(place, names)
    _bucket_notification(place)
    _topic(place, names)
    _http_api(place, names)
    _urls(place, names)
    _destinations(place, names)


def _allow(place, function, who, source, **more):
    once(place.client("lambda").add_permission, FunctionName=function, StatementId=f"allow-{who.split('.')[0]}", Action="lambda:InvokeFunction", Principal=who, SourceArn=source, **more)


# Rule, function, how often in production's main region, and how often elsewhere: a warm function takes memory, so
# only one place is busy.
RULES = [
    ("orders-simulator-schedule", "orders-simulator", "rate(1 minute)", "rate(10 minutes)"),
    ("catalog-feed-schedule", "catalog-feed", "rate(1 minute)", "rate(15 minutes)"),
    ("health-probe-schedule", "health-probe", "rate(1 minute)", "rate(2 minutes)"),
    ("clicks-schedule", "search-click-generator", "rate(1 minute)", "rate(15 minutes)"),
    ("session-cleanup-schedule", "session-cleanup", "rate(1 minute)", "rate(10 minutes)"),
    ("price-sync-schedule", "catalog-price-sync", "rate(1 minute)", "rate(20 minutes)"),
    ("stock-alerts-schedule", "stock-alerts", "rate(1 minute)", "rate(10 minutes)"),
    ("queue-watch-schedule", "queue-watch", "rate(1 minute)", "rate(10 minutes)"),
]


def _rules(place, names):
    events = place.client("events")
    for rule, function, main, elsewhere in RULES:
        if function not in names:
            continue
        often = main if place.main else elsewhere
        arn = events.put_rule(Name=rule, ScheduleExpression=often, State="ENABLED", Description=f"Starts {function}", Tags=as_list(place.tags("platform")))["RuleArn"]
        events.put_targets(Rule=rule, Targets=[{"Id": function, "Arn": place.arn("lambda", f"function:{function}")}])
        _allow(place, function, "events.amazonaws.com", arn)
    if "orders-export" in names:
        pattern = {"source": ["northwind.orders"], "detail-type": ["OrderShipped"]}
        arn = events.put_rule(Name="order-shipped", EventPattern=json.dumps(pattern), State="ENABLED", Description="Shipped orders go into the export")["RuleArn"]
        events.put_targets(Rule="order-shipped", Targets=[{"Id": "export", "Arn": place.arn("lambda", "function:orders-export")}])
        _allow(place, "orders-export", "events.amazonaws.com", arn)


SCHEDULES = [("payments-reconcile", "rate(1 minute)"), ("data-hourly-report", "rate(1 minute)"), ("hello-northwind", "rate(15 minutes)"), ("data-gdpr-erase", "cron(0 3 * * ? *)")]


def _schedules(place, names):
    scheduler = place.client("scheduler")
    for function, often in SCHEDULES:
        if function in names:
            once(
                scheduler.create_schedule, Name=f"{function}-schedule", ScheduleExpression=often, FlexibleTimeWindow={"Mode": "OFF"}, State="ENABLED",
                Target={"Arn": place.arn("lambda", f"function:{function}"), "RoleArn": place.role("northwind-scheduler"), "Input": json.dumps({"source": "schedule"})},
            )


def _mappings(place, names):
    client = place.client("lambda")
    table = place.client("dynamodb").describe_table(TableName="orders")["Table"]
    wanted = [
        ("orders-worker", place.arn("sqs", "orders-incoming"), {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 2, "FunctionResponseTypes": ["ReportBatchItemFailures"]}),
        (functions.IMAGE_FUNCTION, place.arn("sqs", "invoices"), {"BatchSize": 10}),
        ("payments-capture", place.arn("sqs", "payments-capture"), {"BatchSize": 5}),
        ("notifications-mail", place.arn("sqs", "notifications"), {"BatchSize": 1, "Enabled": False}),
        ("orders-projector", table.get("LatestStreamArn"), {"BatchSize": 50, "StartingPosition": "LATEST"}),
        ("search-indexer", place.arn("kinesis", "stream/clickstream"), {"BatchSize": 100, "StartingPosition": "LATEST"}),
    ]
    for function, source, more in wanted:
        if function in names and source and not client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
            client.create_event_source_mapping(FunctionName=function, EventSourceArn=source, **more)


def _bucket_notification(place):
    name = bucket(place, "uploads")
    _allow(place, "thumbnailer", "s3.amazonaws.com", f"arn:aws:s3:::{name}", SourceAccount=place.account)
    rule = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}}
    place.client("s3").put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={"LambdaFunctionConfigurations": [{"Id": "thumbnails", "LambdaFunctionArn": place.arn("lambda", "function:thumbnailer"), "Events": ["s3:ObjectCreated:*"], "Filter": rule}]},
    )


def _topic(place, names):
    if "notifications-mail" in names:
        topic = place.arn("sns", "order-events")
        _allow(place, "notifications-mail", "sns.amazonaws.com", topic)
        place.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=place.arn("lambda", "function:notifications-mail"))


def _http_api(place, names):
    api = place.client("apigatewayv2")
    wanted = [("northwind-orders", "orders-api", ["GET /orders/{id}", "POST /orders"]), ("northwind-payments", "payments-webhook", ["POST /notices"])]
    existing = {item["Name"] for item in api.get_apis()["Items"]}
    for name, function, routes in wanted:
        if name in existing or function not in names:
            continue
        made = api.create_api(Name=name, ProtocolType="HTTP", Description=f"In front of {function}", Tags=place.tags(function.split("-")[0]))["ApiId"]
        target = api.create_integration(ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=place.arn("lambda", f"function:{function}"), PayloadFormatVersion="2.0")["IntegrationId"]
        for route in routes:
            api.create_route(ApiId=made, RouteKey=route, Target=f"integrations/{target}")
        api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
        _allow(place, function, "apigateway.amazonaws.com", place.arn("execute-api", f"{made}/*/*"))


def _urls(place, names):
    """One URL for the other account, which signs in, and one for everybody."""
    client = place.client("lambda")
    partner = "444455556666" if place.account == "111122223333" else "111122223333"
    for function, alias, auth, who in [("orders-api", "live", "AWS_IAM", partner), ("payments-webhook", None, "NONE", "*")]:
        if function not in names:
            continue
        on = {"FunctionName": function, **({"Qualifier": alias} if alias else {})}
        cors = {"Cors": {"AllowOrigins": ["https://shop.northwind.example"], "AllowMethods": ["GET", "POST"], "MaxAge": 300}} if auth == "AWS_IAM" else {}
        once(client.create_function_url_config, AuthType=auth, **cors, **on)
        # A URL needs both: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        once(client.add_permission, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal=who, FunctionUrlAuthType=auth, **on)
        once(client.add_permission, StatementId="url-function", Action="lambda:InvokeFunction", Principal=who, InvokedViaFunctionUrl=True, **on)


def _destinations(place, names):
    """Mails that could not be sent are kept: SNS waits for no answer."""
    if "notifications-mail" in names:
        failed = {"OnFailure": {"Destination": place.arn("sqs", "notifications-dead")}}
        place.client("lambda").put_function_event_invoke_config(FunctionName="notifications-mail", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=3600, DestinationConfig=failed)
