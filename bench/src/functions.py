"""Creates functions in the emulator, or times a warm boto3 listing of them. Prints JSON."""
import io, json, sys, time, zipfile
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

action, endpoint, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = boto3.client(
    "lambda", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="100000000001",
    aws_secret_access_key="sandbox", config=Config(max_pool_connections=8),
)


def listing():
    return [f["FunctionName"] for page in client.get_paginator("list_functions").paginate() for f in page["Functions"]]


if action == "create":
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("app.py", "def handler(event, context):\n    return 'ok'\n")
    code = archive.getvalue()

    def create(n):
        client.create_function(
            FunctionName=f"load-{n}", Runtime="python3.13", Role="arn:aws:iam::100000000001:role/load", Handler="app.handler",
            Code={"ZipFile": code}, Tags={"team": "load"},
        )

    have = set(listing())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, [n for n in range(count) if f"load-{n}" not in have]))
    print(json.dumps({"functions": len(listing())}))
else:
    listing()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        found = len(listing())
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"functions": found, "seconds": sorted(seconds)[1]}))
