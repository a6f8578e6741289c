"""Takes orders off the queue: reserves stock, asks for the payment and, where invoices are made, for one."""

import json
import logging
import os
import random
import time

import boto3

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)
INVOICES = os.environ.get("INVOICES_QUEUE")
queues = boto3.client("sqs")


class OutOfStock(Exception):
    """The warehouse has none left."""


def handler(event, context):
    failed = []
    for record in event.get("Records", []):
        order = json.loads(record["body"])
        try:
            reserve(order)
            if INVOICES:
                queues.send_message(QueueUrl=queues.get_queue_url(QueueName=INVOICES)["QueueUrl"], MessageBody=record["body"])
            log.info("order %s reserved, payment requested", order.get("order_id"))
        except OutOfStock as problem:
            log.warning("order %s cannot be reserved: %s", order.get("order_id"), problem)
            failed.append({"itemIdentifier": record["messageId"]})
    if len(failed) > 2:
        raise RuntimeError(f"{len(failed)} of {len(event['Records'])} orders could not be reserved; is the warehouse up?")
    return {"batchItemFailures": []}


def reserve(order):
    time.sleep(random.uniform(0.02, 0.12))
    if order.get("sku") == "NW-BOOT-43" and random.random() < 0.4:
        raise OutOfStock("NW-BOOT-43: 0 left, 12 on the way")
