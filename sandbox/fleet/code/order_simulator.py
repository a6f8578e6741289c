"""Stands in for Northwind's customers: puts a handful of orders on the queue and into the table each minute."""

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
PRODUCTS = ["NW-TENT-2P", "NW-STOVE-01", "NW-LAMP-USB", "NW-BAG-45L", "NW-ROPE-60M", "NW-BOOT-43"]
queues, tables = boto3.client("sqs"), boto3.client("dynamodb")


def handler(event, context):
    count = random.randint(2, 6)
    minute = int(time.time() / 60) % 1440
    for number in range(count):
        # Numbers start again each day, so that the table does not grow for ever.
        order = {"order_id": f"NW-{minute:04d}{number}", "sku": random.choice(PRODUCTS), "quantity": random.randint(1, 4), "country": random.choice(["DE", "FR", "NL", "SE", "IE"])}
        queues.send_message(QueueUrl=queues.get_queue_url(QueueName=os.environ["QUEUE_NAME"])["QueueUrl"], MessageBody=json.dumps(order))
        tables.put_item(TableName=os.environ["TABLE_NAME"], Item={"order_id": {"S": order["order_id"]}, "sku": {"S": order["sku"]}, "at": {"N": str(int(time.time()))}})
        log.info("order %s placed: %s x %s from %s", order["order_id"], order["quantity"], order["sku"], order["country"])
    log.info("placed %d orders", count)
    return {"placed": count}
