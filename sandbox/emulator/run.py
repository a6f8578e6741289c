"""Starts the emulator with what a sandbox that runs for days needs beside it.

- It writes its state only when it ends in good order; here the same function also runs at an interval, so that a
  machine that loses power, or a process that is killed, loses seconds and not the fleet.
- It counts only functions that somebody invokes and waits for; here every execution becomes AWS/Lambda metrics.
- It ends all ECS tasks when it starts again, as it would have to with containers; here none run, so tasks go on.
- It pretends to run languages it cannot run; here they fail and say so.
- It runs images in containers, which are not here; here the Python or Node.js code in them runs (image_code.py).
- It keeps a process for every function that ever ran; here those nobody used for a while end.
- It deletes an image of several tags whole when one of them is deleted; here the others stay, and so does the image.
- It lets every web page call it and read what it answers; here it answers programs only, as the gateway does.
- It keeps logs and metrics for ever; here old ones go, or saving them would take longer every hour.

The functions it hooks into are those of the version that requirements.txt pins.
"""

import json
import os
import re
import threading
import time

import image_code
from ministack import app
from ministack.core import lambda_runtime
from ministack.services import cloudwatch, cloudwatch_logs, ecr, ecs, lambda_svc

SAVE_EVERY_SECONDS = float(os.environ.get("SANDBOX_SAVE_SECONDS", "20"))
LOGS_KEPT_SECONDS = 6 * 3600
METRICS_KEPT_SECONDS = 24 * 3600
# Longer than the minute between the runs of a busy function, which thus stays warm.
WARM_SECONDS = 90
CANNOT_RUN = ("java", "dotnet", "ruby", "go")

serve = app.app
save_all = app.save_all
saving = threading.Lock()
record_throttle = lambda_svc._emit_lambda_metrics
restore_ecs = ecs._restore_state
delete_images = ecr._batch_delete_image
dispatch = lambda_svc._execute_function_dispatch
running = {}
counting = threading.Lock()


def save_alone(services):
    """Saves, never twice at once: two writers would share one temporary file."""
    with saving:
        save_all(services)


def drop_old():
    """Forgets log streams and metric points that are too old."""
    now = time.time()
    oldest = (now - LOGS_KEPT_SECONDS) * 1000
    for group in list(cloudwatch_logs._log_groups._data.values()):
        streams = group.get("streams", {})
        for name in [name for name, stream in list(streams.items()) if (stream.get("lastEventTimestamp") or stream.get("creationTime") or now * 1000) < oldest]:
            streams.pop(name, None)
    for points in list(cloudwatch._metrics._data.values()):
        if points and points[0]["Timestamp"] < now - METRICS_KEPT_SECONDS:
            points[:] = [point for point in points if point["Timestamp"] >= now - METRICS_KEPT_SECONDS]


def end_idle_workers():
    """Ends the processes of functions that nobody called for a while."""
    now = time.time()
    idle = []
    with lambda_runtime._lock:
        for key, workers in list(lambda_runtime._workers.items()):
            idle += [worker for worker in workers if not worker.in_use and now - worker.last_used > WARM_SECONDS]
            lambda_runtime._workers[key] = [worker for worker in workers if worker not in idle]
            if not lambda_runtime._workers[key]:
                del lambda_runtime._workers[key]
    lambda_runtime.kill_workers(idle)


def save_regularly():
    pause = SAVE_EVERY_SECONDS
    while True:
        time.sleep(pause)
        began = time.monotonic()
        try:
            drop_old()
            end_idle_workers()
        except Exception as error:  # the saving below must go on whatever happens here
            print(f"what is old stays for now: {error!r}", flush=True)
        save_alone(app._build_persistence_save_dict())
        # Never more than a twentieth of the time.
        pause = max(SAVE_EVERY_SECONDS, 20 * (time.monotonic() - began))


def execute_and_count(func, config, event, request_id, started):
    """Runs a function, whatever started it, and records what CloudWatch would."""
    name = config.get("FunctionName", "unknown")
    with counting:
        running[name] = at_once = running.get(name, 0) + 1
    result = None
    try:
        if config.get("PackageType") == "Image":
            result = execute_image(func, config, event, request_id, started)
        elif config.get("Runtime", "").startswith(CANNOT_RUN):
            result = refuse(func, request_id, "RuntimeNotSupported", f"The sandbox runs Python, Node.js and custom runtimes; it cannot run {config['Runtime']}.")
        else:
            result = dispatch(func, config, event, request_id, started)
        return result
    finally:
        with counting:
            running[name] -= 1
        took = (time.time() - started) * 1000
        failed = not isinstance(result, dict) or bool(result.get("error"))
        for metric, value, unit in (("Invocations", 1, "Count"), ("Errors", int(failed), "Count"), ("Throttles", 0, "Count"), ("Duration", took, "Milliseconds"), ("ConcurrentExecutions", at_once, "Count")):
            # As Lambda does: by function, and for all of the account in the region.
            cloudwatch.record_metric("AWS/Lambda", metric, value, unit, {"FunctionName": name})
            cloudwatch.record_metric("AWS/Lambda", metric, value, unit, {})


def execute_image(func, config, event, request_id, started):
    """Runs the code in a container image as if it had been deployed as an archive."""
    try:
        runtime, handler, code = image_code.of(config)
    except image_code.CannotRun as error:
        return refuse(func, request_id, "ImageNotSupported", str(error))
    config = {**config, "PackageType": "Zip", "Runtime": runtime, "Handler": handler}
    return dispatch({**func, "config": config, "code_zip": code}, config, event, request_id, started)


def refuse(func, request_id, kind, text):
    """The emulator would pretend that these ran and succeeded."""
    lambda_svc._emit_lambda_logs(func, request_id, text, True, 0)
    return {"body": {"errorType": f"Sandbox.{kind}", "errorMessage": text}, "error": True}


def count_throttles_only(function_name, duration_ms, error, throttle):
    """Executions are counted where they happen; a throttled call never gets there."""
    if throttle:
        record_throttle(function_name, duration_ms, error, throttle)


def restore_ecs_with_tasks(data):
    """Restores ECS, and its tasks in the state they were saved in."""
    restore_ecs(data)
    for key, task in getattr((data or {}).get("tasks"), "_data", {}).items():
        ecs._tasks._data[key].update(lastStatus=task["lastStatus"], version=task["version"])


def delete_tags_first(request):
    """An id with a tag and no digest takes the tag away, and the image only with its last tag.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
    """
    name, whole, untagged = request.get("repositoryName", ""), [], []
    for image_id in request.get("imageIds", []):
        tag = image_id.get("imageTag")
        image = ecr._find_image(name, image_id) if tag and not image_id.get("imageDigest") else None
        if image and len(image["imageTags"]) > 1:
            image["imageTags"].remove(tag)
            image["imageId"]["imageTag"] = image["imageTags"][-1]
            untagged.append({"imageDigest": image["imageDigest"], "imageTag": tag})
        else:
            whole.append(image_id)
    status, headers, body = delete_images({**request, "imageIds": whole})
    if status == 200 and untagged:
        answer = json.loads(body)
        answer["imageIds"] += untagged
        body = json.dumps(answer).encode()
    return status, headers, body


def is_foreign(scope):
    """Whether a web page of another origin asks, or one that pointed its own name here: what gateway/browser.rs refuses.

    Functions call this port, so it cannot ask for a secret that only the gateway has.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1").lower() for name, value in scope["headers"]}
    host = headers.get("host", "")
    name = re.sub(r":[0-9]*$", "", host)
    here = name in ("", "localhost", "[::1]") or name.endswith((".localhost", "127.0.0.1", ".amazonaws.com"))
    other = "origin" in headers and headers["origin"].partition("://")[2] != host
    return not here or other or headers.get("sec-fetch-site") in ("cross-site", "same-site")


async def serve_programs(scope, receive, send):
    """The emulator, for everybody but web pages."""
    if scope["type"] not in ("http", "websocket") or not is_foreign(scope):
        await serve(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"The sandbox does not answer web pages.\n"})


app.app = serve_programs
app.save_all = save_alone
ecr._batch_delete_image = delete_tags_first
ecs._restore_state = restore_ecs_with_tasks
lambda_svc._execute_function_dispatch = execute_and_count
lambda_svc._emit_lambda_metrics = count_throttles_only
threading.Thread(target=save_regularly, daemon=True, name="save-state").start()
app.main()
