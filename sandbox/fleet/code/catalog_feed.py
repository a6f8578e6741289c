"""Brings in the suppliers' new product pictures, one or two each minute."""

import io
import logging
import os
import random
import time

import boto3

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)
objects = boto3.client("s3")


def handler(event, context):
    for _ in range(random.randint(1, 2)):
        key = f"incoming/NW-{int(time.time() / 60) % 1440:04d}{random.randint(0, 9)}.{random.choice(['jpg', 'jpg', 'png', 'tiff'])}"
        objects.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=io.BytesIO(os.urandom(random.randint(500, 4_000))))
        log.info("received %s", key)
    return {"ok": True}
