"""Adds up one hour of sales."""

import logging
import random
import time

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)


def handler(event, context):
    log.info("adding up %s", time.strftime("%Y-%m-%dT%H:00Z", time.gmtime()))
    time.sleep(random.uniform(0.1, 0.6))
    total = random.randint(8_000, 24_000)
    log.info("sales of the hour: %d.00 EUR", total)
    return {"total": total}
