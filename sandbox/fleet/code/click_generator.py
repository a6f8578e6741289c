"""Stands in for visitors of the shop: a few clicks each minute."""

import json
import logging
import os
import random
import uuid

import boto3

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)
stream = boto3.client("kinesis")


def handler(event, context):
    records = [
        {"PartitionKey": uuid.uuid4().hex, "Data": json.dumps({"page": random.choice(["/tents", "/stoves", "/boots", "/sale"]), "q": random.choice(["", "tent 2p", "bots", "lamp"])}).encode()}
        for _ in range(random.randint(5, 20))
    ]
    stream.put_records(StreamName=os.environ["STREAM_NAME"], Records=records)
    log.info("sent %d clicks", len(records))
    return {"sent": len(records)}
