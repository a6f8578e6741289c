"""What ECR in the sandbox answers, asked as boto3 and a container client do. Run by ecr.rs with the emulator's Python.

Arguments: `check` on an empty sandbox, `again` after a restart on the same folder.
"""

import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request

import boto3

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ACCOUNT, OTHER = "111122223333", "444455556666"


def client(service, account=ACCOUNT, region="eu-west-1"):
    return boto3.client(service, region_name=region, endpoint_url=ENDPOINT, aws_access_key_id=account, aws_secret_access_key="x")


def fails(code, call, **arguments):
    try:
        answer = call(**arguments)
    except Exception as error:
        found = getattr(error, "response", {}).get("Error", {}).get("Code")
        assert found == code, f"{code} expected: {error!r}"
        return
    raise AssertionError(f"{code} expected: {answer}")


def until(what, get, done):
    deadline = time.monotonic() + 60
    while True:
        answer = get()
        if done(answer):
            return answer
        assert time.monotonic() < deadline, f"{what}: {answer}"
        time.sleep(0.2)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """A container client, logged in as GetAuthorizationToken says."""

    def __init__(self, ecr):
        data = ecr.get_authorization_token()["authorizationData"][0]
        assert data["proxyEndpoint"].endswith(".amazonaws.com"), data
        self.basic = "Basic " + data["authorizationToken"]

    def call(self, method, path, body=None, kind="application/octet-stream", authorization=True):
        url = path if path.startswith("http") else f"{ENDPOINT}/v2/{path}" if not path.startswith("/") else ENDPOINT + path
        headers = {"Content-Type": kind, **({"Authorization": self.basic} if authorization else {})}
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, dict((k.lower(), v) for k, v in answer.headers.items()), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict((k.lower(), v) for k, v in error.headers.items()), error.read()

    def blob(self, name, data):
        """In two pieces, as docker does."""
        status, headers, body = self.call("POST", f"{name}/blobs/uploads/")
        assert status == 202, (status, body)
        status, headers, body = self.call("PATCH", headers["location"], data)
        assert status == 202 and headers["range"] == f"0-{len(data) - 1}", (status, headers, body)
        status, headers, body = self.call("PUT", f"{headers['location']}?digest={digest(data)}")
        assert status == 201 and headers["docker-content-digest"] == digest(data), (status, body)
        return {"digest": digest(data), "size": len(data)}

    def push(self, name, tag, text):
        oci = "application/vnd.oci.image."
        config = {"mediaType": oci + "config.v1+json", **self.blob(name, json.dumps({"os": "linux", "architecture": "arm64", "for": text}).encode())}
        layer = {"mediaType": oci + "layer.v1.tar+gzip", **self.blob(name, text.encode() * 1000)}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": config, "layers": [layer]}, indent=1).encode()
        status, headers, body = self.call("PUT", f"{name}/manifests/{tag}", manifest, oci + "manifest.v1+json")
        return status, digest(manifest), manifest, json.loads(body) if body else {}, layer


def registry():
    """Two accounts and two regions have a repository of one name: the password tells them apart."""
    places = [(ACCOUNT, "eu-west-1"), (ACCOUNT, "us-east-1"), (OTHER, "eu-west-1")]
    ecrs = {place: client("ecr", *place) for place in places}
    digests = {}
    for place, ecr in ecrs.items():
        ecr.create_repository(repositoryName="team/web")
        status, digests[place], manifest, body, layer = Registry(ecr).push("team/web", "1.0", "-".join(place))
        assert status == 201, body
    for place, ecr in ecrs.items():
        images = ecr.describe_images(repositoryName="team/web")["imageDetails"]
        assert [image["imageDigest"] for image in images] == [digests[place]], (place, images)
    ecr, login = ecrs[places[2]], Registry(ecrs[places[2]])
    image = ecr.batch_get_image(repositoryName="team/web", imageIds=[{"imageTag": "1.0"}])["images"][0]
    assert image["imageManifest"].encode() == manifest and image["imageId"] == {"imageDigest": digest(manifest), "imageTag": "1.0"}, image
    for reference in ("1.0", digest(manifest)):
        status, headers, body = login.call("GET", f"team/web/manifests/{reference}")
        assert (status, body, headers["docker-content-digest"]) == (200, manifest, digest(manifest)), (status, headers)
    status, headers, body = login.call("GET", f"team/web/blobs/{layer['digest']}")
    assert status == 200 and digest(body) == layer["digest"]
    assert login.call("HEAD", f"team/web/blobs/{layer['digest']}")[1]["content-length"] == str(layer["size"])
    assert login.call("GET", "team/web/tags/list")[2] == b'{"name":"team/web","tags":["1.0"]}'
    ecr.create_repository(repositoryName="copy")
    assert login.call("POST", f"copy/blobs/uploads/?mount={layer['digest']}&from=team/web")[0] == 201
    assert login.call("HEAD", f"copy/blobs/{layer['digest']}")[0] == 200

    status, headers, _ = login.call("GET", "", authorization=False)
    assert status == 401 and headers["www-authenticate"].startswith("Basic "), headers
    assert login.call("GET", "")[0] == 200
    for path, code in (("nothing/manifests/1", "NAME_UNKNOWN"), ("copy/manifests/1", "MANIFEST_UNKNOWN")):
        status, _, body = login.call("GET", path)
        assert status == 404 and json.loads(body)["errors"][0]["code"] == code, body
    status, headers, _ = login.call("POST", "copy/blobs/uploads/")
    status, _, body = login.call("PUT", f"{headers['location']}?digest={digest(b'other')}", b"this")
    assert status == 400 and json.loads(body)["errors"][0]["code"] == "DIGEST_INVALID", body

    exclusions = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=exclusions)
    assert ecr.describe_repositories(repositoryNames=["fixed"])["repositories"][0]["imageTagMutabilityExclusionFilters"] == exclusions
    for tag, text, expected in (("1", "a", 201), ("1", "a", 201), ("1", "b", 400), ("dev-1", "a", 201), ("dev-1", "b", 201)):
        status, _, manifest, body, _ = login.push("fixed", tag, text)
        assert status == expected, (tag, text, body)
        assert status == 201 or body["errors"][0]["code"] == "TAG_INVALID", body
    fails("ImageTagAlreadyExistsException", ecr.put_image, repositoryName="fixed", imageManifest=manifest.decode(), imageTag="1")
    fails("ImageAlreadyExistsException", ecr.put_image, repositoryName="fixed", imageManifest=manifest.decode(), imageTag="dev-1")


def layers():
    """The same by ECR's own API, without the registry's protocol."""
    ecr = client("ecr")
    ecr.create_repository(repositoryName="by-api")
    by = {"repositoryName": "by-api"}
    data = b"layer" * 1000
    answer = ecr.batch_check_layer_availability(layerDigests=[digest(data)], **by)
    assert answer["layers"][0]["layerAvailability"] == "UNAVAILABLE"
    upload = ecr.initiate_layer_upload(**by)["uploadId"]
    fails("EmptyUploadException", ecr.complete_layer_upload, uploadId=upload, layerDigests=[digest(data)], **by)
    assert ecr.upload_layer_part(uploadId=upload, partFirstByte=0, partLastByte=2999, layerPartBlob=data[:3000], **by)["lastByteReceived"] == 2999
    fails("InvalidLayerPartException", ecr.upload_layer_part, uploadId=upload, partFirstByte=0, partLastByte=2999, layerPartBlob=data[:3000], **by)
    ecr.upload_layer_part(uploadId=upload, partFirstByte=3000, partLastByte=4999, layerPartBlob=data[3000:], **by)
    assert ecr.complete_layer_upload(uploadId=upload, layerDigests=[digest(data)], **by)["layerDigest"] == digest(data)
    fails("UploadNotFoundException", ecr.complete_layer_upload, uploadId=upload, layerDigests=[digest(data)], **by)
    layer = ecr.batch_check_layer_availability(layerDigests=[digest(data)], **by)["layers"][0]
    assert (layer["layerAvailability"], layer["layerSize"]) == ("AVAILABLE", 5000), layer
    url = ecr.get_download_url_for_layer(layerDigest=digest(data), **by)["downloadUrl"]
    host, path = url.split("://")[1].split("/", 1)
    assert host == f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    assert Registry(ecr).call("GET", "/" + path, authorization=False)[2] == data
    fails("LayersNotFoundException", ecr.get_download_url_for_layer, layerDigest=digest(b""), **by)


def survived():
    ecr = client("ecr", OTHER)
    status, _, body = Registry(ecr).call("GET", "team/web/manifests/1.0")
    layer = json.loads(body)["layers"][0]["digest"]
    assert digest(Registry(ecr).call("GET", f"team/web/blobs/{layer}")[2]) == layer
    assert ecr.describe_repositories(repositoryNames=["fixed"])["repositories"][0]["imageTagMutabilityExclusionFilters"]


CHECKS = {"check": [registry, layers], "again": [survived]}

for check in CHECKS[sys.argv[1]]:
    began = time.monotonic()
    check()
    print(f"{check.__name__}: {time.monotonic() - began:.1f} s", flush=True)
