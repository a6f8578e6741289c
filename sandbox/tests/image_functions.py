"""Whether a function made from a container image runs the code in it, asked as boto3 does. Run by lifecycle.rs with the emulator's Python.

Arguments: `check` on an empty sandbox, `again` after a restart on the same folder.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

import boto3

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def client(service):
    return boto3.client(service, region_name="eu-west-1", endpoint_url=ENDPOINT, aws_access_key_id="111122223333", aws_secret_access_key="x")


def blob(ecr, data, media):
    upload = ecr.initiate_layer_upload(repositoryName="functions")["uploadId"]
    ecr.upload_layer_part(repositoryName="functions", uploadId=upload, partFirstByte=0, partLastByte=len(data) - 1, layerPartBlob=data)
    name = "sha256:" + hashlib.sha256(data).hexdigest()
    ecr.complete_layer_upload(repositoryName="functions", uploadId=upload, layerDigests=[name])
    return {"mediaType": media, "size": len(data), "digest": name}


def layer(files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(data.getvalue(), mtime=0)


def push(ecr, tag, command, *layers):
    """The address of an image; the first of its layers is declared, its bytes are nowhere."""
    declared = {"mediaType": LAYER, "size": 50_000_000, "digest": "sha256:" + "0" * 64}
    layers = [declared] + [blob(ecr, layer(files), LAYER) for files in layers]
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": command}, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": blob(ecr, config, "application/vnd.docker.container.image.v1+json"), "layers": layers}
    ecr.put_image(repositoryName="functions", imageTag=tag, imageManifest=json.dumps(manifest), imageManifestMediaType=MANIFEST)
    return f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/functions:{tag}"


def says(functions):
    answer = functions.invoke(FunctionName="from-image", Payload=b'{"n": 2}')
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def main():
    ecr, functions, iam = (client(service) for service in ("ecr", "lambda", "iam"))
    if sys.argv[1] == "again":
        assert says(functions) == (None, {"from": "node", "n": 3}), says(functions)
        return
    ecr.create_repository(repositoryName="functions")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="from-image", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    # The upper layer replaces one file and takes another away, whatever its order.
    python = push(
        ecr, "python", ["app.handler"],
        {"var/task/app.py": "raise ImportError\n", "var/task/helper.py": "add = lambda n: n + 1\n", "var/task/gone/__init__.py": "", "etc/passwd": "root"},
        {"var/task/app.py": "import helper, os\ndef handler(event, context):\n    return {'from': 'python', 'n': helper.add(event['n']), 'gone': os.path.exists('gone') or os.path.exists(os.path.join(os.path.dirname(__file__), 'gone'))}\n", "var/task/.wh.gone": ""},
    )
    functions.create_function(FunctionName="from-image", PackageType="Image", Role=role, Code={"ImageUri": python}, Timeout=20)
    configuration = functions.get_function(FunctionName="from-image")["Configuration"]
    assert configuration["PackageType"] == "Image" and "Runtime" not in configuration, configuration
    assert says(functions) == (None, {"from": "python", "n": 3, "gone": False}), says(functions)

    nothing = push(ecr, "nothing", ["/app/start"], {"app/start": "#!/bin/sh\n"})
    functions.update_function_code(FunctionName="from-image", ImageUri=nothing)
    error, answer = says(functions)
    assert error == "Unhandled" and answer["errorType"] == "Sandbox.ImageNotSupported" and nothing in answer["errorMessage"], (error, answer)

    node = push(ecr, "node", ["index.handler"], {"./var/task/index.mjs": "export const handler = async (event) => ({ from: 'node', n: event.n + 1 });\n"})
    functions.update_function_code(FunctionName="from-image", ImageUri=node)
    assert says(functions) == (None, {"from": "node", "n": 3}), says(functions)


main()
