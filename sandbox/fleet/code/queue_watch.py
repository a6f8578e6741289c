"""Writes down how long each queue is, and warns of messages that nobody could handle."""

import json
import logging

import boto3

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)
queues = boto3.client("sqs")


def handler(event, context):
    lengths = {}
    for url in queues.list_queues().get("QueueUrls", []):
        attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        lengths[url.rsplit("/", 1)[-1]] = int(attributes.get("ApproximateNumberOfMessages", 0))
    for name, waiting in lengths.items():
        if name.endswith("-dead") and waiting:
            log.warning("%d messages in %s", waiting, name)
    log.info(json.dumps({"msg": "queues", **lengths}))
    return lengths
