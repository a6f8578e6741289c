"""Renders an invoice for each order that was reserved. It comes in a container image, which the invoice service runs, too."""

import json
import logging
import os
import random
import time

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)
RELEASE = "{release}"
PRICES = {"NW-TENT-2P": 18900, "NW-STOVE-01": 4950, "NW-LAMP-USB": 2490, "NW-BAG-45L": 9900, "NW-ROPE-60M": 13900, "NW-BOOT-43": 15900}


def handler(event, context):
    for record in event.get("Records", []):
        order = json.loads(record["body"])
        lines, total = render(order)
        log.info("invoice for order %s: %d lines, %.2f EUR, for %s (release %s, %s)", order["order_id"], lines, total / 100, order.get("country"), RELEASE, os.environ.get("STAGE"))
    return {"rendered": len(event.get("Records", []))}


def render(order):
    """The number of lines of the page, and what is to pay, in cents."""
    time.sleep(random.uniform(0.05, 0.25))
    net = PRICES.get(order.get("sku"), 1000) * order.get("quantity", 1)
    page = [f"Invoice {order['order_id']}", f"{order.get('quantity', 1)} x {order.get('sku')}", f"net {net}", f"VAT {net * 19 // 100}"]
    return len(page), net + net * 19 // 100
