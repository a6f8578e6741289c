"""A small service function: answers what it was asked, and logs how long it took."""

import json
import logging
import os
import time

log = logging.getLogger()
# Lambda has set up a handler of its own; elsewhere this makes one that writes the same way.
logging.basicConfig(level=logging.INFO, format="[%(levelname)s]\t%(message)s")
log.setLevel(logging.INFO)


def handler(event, context):
    began = time.monotonic()
    answer = {"function": context.function_name, "stage": os.environ.get("STAGE"), "keys": sorted(event)[:5] if isinstance(event, dict) else []}
    log.info("answered in %.1f ms: %s", (time.monotonic() - began) * 1000, json.dumps(answer))
    return answer
