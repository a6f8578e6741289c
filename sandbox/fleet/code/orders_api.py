"""The public orders API: reads and writes one order."""

import json
import logging
import os
import random
import time

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)


def handler(event, context):
    method = event.get("requestContext", {}).get("http", {}).get("method", "GET")
    order = (event.get("pathParameters") or {}).get("id") or f"NW-{random.randint(100000, 999999)}"
    began = time.monotonic()
    time.sleep(random.uniform(0.01, 0.06))
    log.info(json.dumps({"level": "info", "msg": "order read", "method": method, "order": order, "stage": os.environ.get("STAGE"), "ms": round((time.monotonic() - began) * 1000)}))
    if random.random() < 0.02:
        log.error(json.dumps({"level": "error", "msg": "orders table throttled", "order": order}))
        return {"statusCode": 503, "body": json.dumps({"error": "try again"})}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps({"id": order, "status": "confirmed"})}
