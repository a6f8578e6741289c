"""Makes the demo fleet of the invented company Northwind, through the same API as anybody else.

Prints its progress as JSON lines. Every part can run again: what exists is left alone, so an interrupted start
continues where it stopped. A parameter in each place says which version of the fleet is complete there.
"""

import hashlib
import json
import os
import pathlib
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed

import cluster
import foundation
import functions
import images
import kubernetes
import services
import traffic
from place import PLACES

MARKER = "/northwind/fleet-version"
# Steps of one place, in the order in which they need each other.
STEPS = [
    ("roles and network", foundation.make_base),
    ("functions", functions.make),
    ("repositories and images", images.make),
    ("functions made from images", functions.make_image_function),
    ("public repositories", images.make_public),
    ("queues, topics, tables, buckets", foundation.make_sources),
    ("clusters", cluster.make),
    ("services and tasks", services.make),
    ("triggers", traffic.make),
    ("Kubernetes clusters", kubernetes.make),
]


def version():
    """Changes with every file here, so that a new release completes an old fleet."""
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path(__file__).parent.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_complete(place, wanted):
    try:
        return place.client("ssm").get_parameter(Name=MARKER)["Parameter"]["Value"] == wanted
    except place.client("ssm").exceptions.ParameterNotFound:
        return False


class Progress:
    """Counts the steps of all places."""

    def __init__(self, total):
        self.total, self.done, self.lock = total, 0, threading.Lock()

    def step(self, message):
        with self.lock:
            self.done += 1
            say(message, self.done, self.total)


def say(message, done=None, total=None):
    print(json.dumps({"message": message, "done": done, "total": total}), flush=True)


def make_place(place, wanted, progress):
    for what, step in STEPS:
        began = time.monotonic()
        step(place)
        progress.step(f"{place.name}: {what}")
        print(f"{place.name}: {what}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    place.client("ssm").put_parameter(Name=MARKER, Value=wanted, Type="String", Overwrite=True)


def end_with_parent():
    """The sandbox holds standard input open; however it ends, this program does not outlive it."""

    def wait():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main():
    end_with_parent()
    wanted = version()
    missing = [place for place in PLACES if not is_complete(place, wanted)]
    if not missing:
        return 0
    say("making the demo fleet", 0, len(missing) * len(STEPS))
    began = time.monotonic()
    progress = Progress(len(missing) * len(STEPS))
    failed = False
    with ThreadPoolExecutor(len(missing)) as pool:
        work = {pool.submit(make_place, place, wanted, progress): place for place in missing}
        for future in as_completed(work):
            if future.exception() is not None:
                failed = True
                traceback.print_exception(future.exception())
                say(f"{work[future].name}: {future.exception()}"[:400])
    if not failed:
        say(f"the demo fleet is complete ({time.monotonic() - began:.0f} s)", progress.total, progress.total)
    return 1 if failed else 0


code = main()
sys.stdout.flush()
# Not through the interpreter's own end, which would wait for the thread that reads standard input.
os._exit(code)
