# What a careful person writes by hand: the same calls, and a clean-up when one fails.
import json
import re
import sys

import boto3

ecr = boto3.client("ecr")
made = []
try:
    for step in json.load(open(sys.argv[1], encoding="utf-8")):
        call = step["call"]
        getattr(ecr, re.sub(r"(?<!^)(?=[A-Z])", "_", call["operation"]).lower())(**call["input"])
        made.append(call["input"]["repositoryName"])
except Exception:
    if made:
        ecr.delete_repository(repositoryName=made[0], force=True)
    raise
