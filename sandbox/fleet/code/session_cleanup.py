"""Removes sessions that nobody used for a day."""

import logging
import random
import time

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)


def handler(event, context):
    expired = random.randint(0, 40)
    time.sleep(random.uniform(0.05, 0.2))
    if expired > 37:
        log.warning("only 25 of %d sessions fit into this run", expired)
    log.info("removed %d sessions", min(expired, 25))
    return {"removed": expired}
