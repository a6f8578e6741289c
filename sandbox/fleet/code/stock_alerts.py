"""Says which products sell faster than the warehouse restocks them."""

import collections
import logging
import os

import boto3

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)
tables = boto3.client("dynamodb")


def handler(event, context):
    orders = tables.scan(TableName=os.environ["TABLE_NAME"], Limit=100)["Items"]
    sold = collections.Counter(order["sku"]["S"] for order in orders if "sku" in order)
    for product, count in sold.most_common(3):
        if count > 20:
            log.warning("%s: in %d of the last %d orders, reorder it", product, count, len(orders))
    log.info("looked at %d orders of %d products", len(orders), len(sold))
    return {"orders": len(orders), "products": len(sold)}
