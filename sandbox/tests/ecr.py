"""What ECR in the sandbox answers, asked as boto3 and a container client do. Run by lifecycle.rs with the emulator's Python.

Arguments: `check` on an empty sandbox, `again` after a restart on the same folder.
"""

import base64
import hashlib
import http.server
import json
import os
import sys
import threading
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

    login.push("copy", "a", "two tags")
    login.push("copy", "b", "two tags")
    by = {"repositoryName": "copy"}
    assert ecr.batch_delete_image(imageIds=[{"imageTag": "b"}], **by)["imageIds"][0]["imageTag"] == "b"
    image = ecr.describe_images(**by)["imageDetails"][0]
    assert image["imageTags"] == ["a"], image
    assert ecr.batch_delete_image(imageIds=[{"imageTag": "a"}], **by)["failures"] == []
    assert ecr.describe_images(**by)["imageDetails"] == []
    assert login.call("GET", f"copy/manifests/{image['imageDigest']}")[0] == 404

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


def scans():
    ecr = client("ecr")
    by = {"repositoryName": "scanned"}
    ecr.create_repository(imageScanningConfiguration={"scanOnPush": True}, **by)
    login = Registry(ecr)
    pushed = [login.push("scanned", f"1.{number}", str(number)) for number in range(7)]
    began = time.monotonic()
    pushed.append(login.push("scanned", "1.7", "7"))
    digests = [image[1] for image in pushed]
    detail = ecr.describe_images(imageIds=[{"imageTag": "1.7"}], **by)["imageDetails"][0]
    # It takes three seconds, which may have passed by now.
    if detail["imageScanStatus"]["status"] == "COMPLETE":
        assert time.monotonic() - began >= 3, detail
    else:
        assert detail["imageScanStatus"]["status"] == "IN_PROGRESS" and "imageScanFindingsSummary" not in detail, detail
    ask = lambda **more: ecr.describe_image_scan_findings(imageId={"imageTag": "1.7"}, **by, **more)
    answer = until("the scan should end", ask, lambda answer: answer["imageScanStatus"]["status"] == "COMPLETE")
    found = answer["imageScanFindings"]
    assert sum(found["findingSeverityCounts"].values()) == len(found["findings"]) > 2, found
    assert answer["imageId"] == {"imageDigest": digests[7], "imageTag": "1.7"} and found["imageScanCompletedAt"].year > 2020, answer
    assert {"uri", "name", "description", "severity", "attributes"} == set(found["findings"][0])
    pages = list(ecr.get_paginator("describe_image_scan_findings").paginate(imageId={"imageTag": "1.7"}, PaginationConfig={"PageSize": 2}, **by))
    assert [finding for page in pages for finding in page["imageScanFindings"]["findings"]] == found["findings"]
    detail = ecr.describe_images(imageIds=[{"imageTag": "1.7"}], **by)["imageDetails"][0]
    assert detail["imageScanFindingsSummary"]["findingSeverityCounts"] == found["findingSeverityCounts"], detail
    fails("LimitExceededException", ecr.start_image_scan, imageId={"imageTag": "1.7"}, **by)

    ecr.put_image_scanning_configuration(imageScanningConfiguration={"scanOnPush": False}, **by)
    login.push("scanned", "2.0", "unscanned")
    fails("ScanNotFoundException", ecr.describe_image_scan_findings, imageId={"imageTag": "2.0"}, **by)
    fails("ImageNotFoundException", ecr.start_image_scan, imageId={"imageTag": "9"}, **by)
    fails("RepositoryNotFoundException", ecr.start_image_scan, imageId={"imageTag": "9"}, repositoryName="nothing")
    assert ecr.start_image_scan(imageId={"imageTag": "2.0"}, **by)["imageScanStatus"]["status"] == "IN_PROGRESS"
    kind = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": len(pushed[0][2]), "digest": digests[0]}]}
    ecr.put_image(imageManifest=json.dumps(index), imageManifestMediaType=kind, imageTag="index", **by)
    fails("UnsupportedImageTypeException", ecr.start_image_scan, imageId={"imageTag": "index"}, **by)


def referrers():
    """What names the image of `scanned` as its subject."""
    ecr = client("ecr")
    by = {"repositoryName": "referred"}
    ecr.create_repository(**by)
    _, pushed, manifest, _, _ = Registry(ecr).push("referred", "1.0", "signed")
    subject = {"subjectId": {"imageDigest": pushed}}
    assert ecr.list_image_referrers(**subject, **by)["referrers"] == []
    fails("RepositoryNotFoundException", ecr.list_image_referrers, repositoryName="missing", **subject)
    kind = "application/vnd.oci.image.manifest.v1+json"
    inner = json.loads(manifest)
    for artifact in ("application/vnd.cncf.notary.signature", "application/spdx+json"):
        signature = {"schemaVersion": 2, "mediaType": kind, "artifactType": artifact, "config": inner["config"], "layers": inner["layers"],
                     "subject": {"mediaType": kind, "size": len(manifest), "digest": pushed}, "annotations": {"of": artifact}}
        ecr.put_image(imageManifest=json.dumps(signature), imageManifestMediaType=kind, imageTag=artifact.split("/")[-1].replace("+", "-"), **by)
    told = ecr.list_image_referrers(**subject, **by)["referrers"]
    assert {one["artifactType"] for one in told} == {"application/vnd.cncf.notary.signature", "application/spdx+json"}, told
    assert all(one["artifactStatus"] == "ACTIVE" and one["size"] > 0 and one["mediaType"] == kind and one["annotations"]["of"] == one["artifactType"] for one in told), told
    one = ecr.list_image_referrers(filter={"artifactTypes": ["application/spdx+json"]}, **subject, **by)["referrers"]
    assert [artifact["artifactType"] for artifact in one] == ["application/spdx+json"]
    first = ecr.list_image_referrers(maxResults=1, **subject, **by)
    assert len(first["referrers"]) == 1 and len(ecr.list_image_referrers(nextToken=first["nextToken"], **subject, **by)["referrers"]) == 1
    detail = ecr.describe_images(imageIds=[{"imageDigest": told[0]["digest"]}], **by)["imageDetails"][0]
    assert detail["subjectManifestDigest"] == pushed and detail["artifactMediaType"] == told[0]["artifactType"], detail


def previews():
    """On the images of `scanned`, one of which is held by an index."""
    ecr = client("ecr")
    by = {"repositoryName": "scanned"}
    fails("LifecyclePolicyNotFoundException", ecr.start_lifecycle_policy_preview, **by)
    fails("LifecyclePolicyPreviewNotFoundException", ecr.get_lifecycle_policy_preview, **by)
    selection = {"tagStatus": "tagged", "tagPatternList": ["1.*"], "countType": "imageCountMoreThan", "countNumber": 2}
    policy = json.dumps({"rules": [{"rulePriority": 7, "description": "the last two stay", "selection": selection, "action": {"type": "expire"}}]})
    fails("InvalidParameterException", ecr.start_lifecycle_policy_preview, lifecyclePolicyText=policy.replace("expire", "explode"), **by)
    began = time.monotonic()
    assert ecr.start_lifecycle_policy_preview(lifecyclePolicyText=policy, **by)["status"] == "IN_PROGRESS"
    # It takes two seconds: after that a second one begins.
    try:
        ecr.start_lifecycle_policy_preview(lifecyclePolicyText=policy, **by)
        assert time.monotonic() - began >= 2, "one preview is in progress"
    except ecr.exceptions.LifecyclePolicyPreviewInProgressException:
        pass
    answer = until("the preview should end", lambda: ecr.get_lifecycle_policy_preview(**by), lambda answer: answer["status"] == "COMPLETE")
    results = answer["previewResults"]
    assert answer["summary"]["expiringImageTotalCount"] == len(results) in (5, 6) and answer["lifecyclePolicyText"] == policy, answer
    for result in results:
        assert result["action"] == {"type": "EXPIRE"} and result["appliedRulePriority"] == 7 and result["imagePushedAt"], result
        assert result["imageTags"] != ["1.0"], "an index holds it"
    pages = list(ecr.get_paginator("get_lifecycle_policy_preview").paginate(PaginationConfig={"PageSize": 2}, **by))
    assert [result for page in pages for result in page["previewResults"]] == results and len(pages) == 3
    assert not ecr.get_lifecycle_policy_preview(filter={"tagStatus": "UNTAGGED"}, **by)["previewResults"]
    assert len(ecr.get_lifecycle_policy_preview(imageIds=[{"imageDigest": results[0]["imageDigest"]}], **by)["previewResults"]) == 1


def settings():
    ecr, elsewhere = client("ecr"), client("ecr", OTHER, "us-east-1")
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []} and ecr.describe_registry()["registryId"] == ACCOUNT
    destinations = [{"region": "us-east-1", "registryId": OTHER}]
    rules = {"rules": [{"destinations": destinations, "repositoryFilters": [{"filter": "prod/", "filterType": "PREFIX_MATCH"}]}]}
    itself = {"rules": [{"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}]}]}
    fails("InvalidParameterException", ecr.put_replication_configuration, replicationConfiguration=itself)
    assert ecr.put_replication_configuration(replicationConfiguration=rules)["replicationConfiguration"] == rules
    assert ecr.describe_registry()["replicationConfiguration"] == rules and elsewhere.describe_registry()["replicationConfiguration"] == {"rules": []}
    ecr.create_repository(repositoryName="prod/web")
    _, pushed, manifest, _, layer = Registry(ecr).push("prod/web", "1.0", "copied")
    assert elsewhere.describe_images(repositoryName="prod/web")["imageDetails"][0]["imageDigest"] == pushed
    assert Registry(elsewhere).call("GET", f"prod/web/manifests/{pushed}")[2] == manifest
    assert Registry(elsewhere).call("HEAD", f"prod/web/blobs/{layer['digest']}")[0] == 200

    fails("RegistryPolicyNotFoundException", ecr.get_registry_policy)
    fails("InvalidParameterException", ecr.put_registry_policy, policyText="no policy")
    statement = {"Sid": "Replicate", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "ecr:ReplicateImage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert ecr.put_registry_policy(policyText=policy)["policyText"] == policy == ecr.get_registry_policy()["policyText"]
    assert ecr.delete_registry_policy()["policyText"] == policy
    # As on AWS, a policy does not come back as it was typed.
    typed = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Principal": {"AWS": OTHER}, "Action": ["ecr:ReplicateImage"]}]})
    assert json.loads(ecr.put_registry_policy(policyText=typed)["policyText"]) == json.loads(policy)
    assert json.loads(ecr.delete_registry_policy()["policyText"]) == json.loads(policy)
    pull = {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": [OTHER]}, "Action": ["ecr:BatchGetImage"]}
    ecr.set_repository_policy(repositoryName="prod/web", policyText=json.dumps({"Version": "2012-10-17", "Statement": [pull]}))
    kept = json.loads(ecr.get_repository_policy(repositoryName="prod/web")["policyText"])["Statement"][0]
    assert (kept["Principal"], kept["Action"]) == ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "ecr:BatchGetImage"), kept
    ecr.delete_repository_policy(repositoryName="prod/web")
    fails("RegistryPolicyNotFoundException", ecr.delete_registry_policy)

    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}
    scanning = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "prod", "filterType": "WILDCARD"}]}]
    fails("InvalidParameterException", ecr.put_registry_scanning_configuration, scanType="ENHANCED", rules=[{**scanning[0], "scanFrequency": "MANUAL"}])
    answer = ecr.put_registry_scanning_configuration(scanType="BASIC", rules=scanning)
    assert answer["registryScanningConfiguration"]["rules"] == scanning
    answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=["prod/web", "copy-not-there", "team/web"])
    assert [(one["repositoryName"], one["scanOnPush"], one["scanFrequency"]) for one in answer["scanningConfigurations"]] == [("prod/web", True, "SCAN_ON_PUSH"), ("team/web", False, "MANUAL")]
    assert answer["failures"][0]["failureCode"] == "REPOSITORY_NOT_FOUND"
    # Once the registry has filters, what a repository says of itself counts for nothing.
    ecr.put_image_scanning_configuration(repositoryName="scanned", imageScanningConfiguration={"scanOnPush": True})
    Registry(ecr).push("scanned", "3.0", "left out by the registry's filters")
    assert "imageScanStatus" not in ecr.describe_images(repositoryName="scanned", imageIds=[{"imageTag": "3.0"}])["imageDetails"][0]
    Registry(ecr).push("prod/web", "2.0", "scanned by the registry")
    assert ecr.describe_images(repositoryName="prod/web", imageIds=[{"imageTag": "2.0"}])["imageDetails"][0]["imageScanStatus"]

    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    fails("ValidationException", ecr.start_image_scan, repositoryName="scanned", imageId={"imageTag": "3.0"})
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=scanning)
    assert ecr.start_image_scan(repositoryName="scanned", imageId={"imageTag": "3.0"})["imageScanStatus"]["status"] == "IN_PROGRESS"

    assert ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "AWS_NATIVE"
    assert ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")["value"] == "CLAIR"
    assert ecr.get_account_setting(name="BASIC_SCAN_TYPE_VERSION")["value"] == "CLAIR"
    fails("InvalidParameterException", ecr.put_account_setting, name="BASIC_SCAN_TYPE_VERSION", value="other")
    fails("InvalidParameterException", ecr.get_account_setting, name="OTHER")


def caches():
    ecr = client("ecr")
    secret = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:ecr-pullthroughcache/docker-AbCdEf"
    rule = ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    assert rule["upstreamRegistry"] == "quay" and rule["upstreamRepositoryPrefix"] == "ROOT" and rule["createdAt"]
    hub = {"ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    fails("InvalidParameterException", ecr.create_pull_through_cache_rule, **hub)
    fails("UnsupportedUpstreamRegistryException", ecr.create_pull_through_cache_rule, ecrRepositoryPrefix="x1", upstreamRegistryUrl="example.com")
    ecr.create_pull_through_cache_rule(credentialArn=secret, **hub)
    fails("PullThroughCacheRuleAlreadyExistsException", ecr.create_pull_through_cache_rule, credentialArn=secret, **hub)
    assert [rule["ecrRepositoryPrefix"] for rule in ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]] == ["docker-hub", "quay"]
    fails("PullThroughCacheRuleNotFoundException", ecr.describe_pull_through_cache_rules, ecrRepositoryPrefixes=["no"])
    answer = ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="docker-hub", credentialArn=secret + "2")
    assert answer["credentialArn"] == secret + "2" and answer["updatedAt"], answer
    assert ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="docker-hub")["isValid"] is True
    assert ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="quay")["upstreamRegistryUrl"] == "quay.io"
    fails("PullThroughCacheRuleNotFoundException", ecr.delete_pull_through_cache_rule, ecrRepositoryPrefix="quay")

    tags = [{"Key": "team", "Value": "web"}]
    made = ecr.create_repository_creation_template(prefix="docker-hub", description="cached", appliedFor=["PULL_THROUGH_CACHE"], resourceTags=tags, imageTagMutability="IMMUTABLE")
    template = made["repositoryCreationTemplate"]
    assert made["registryId"] == ACCOUNT and template["resourceTags"] == tags and template["encryptionConfiguration"] == {"encryptionType": "AES256"}, made
    fails("TemplateAlreadyExistsException", ecr.create_repository_creation_template, prefix="docker-hub", appliedFor=["REPLICATION"])
    fails("InvalidParameterException", ecr.create_repository_creation_template, prefix="other", appliedFor=["NOTHING"])
    twice = {"encryptionType": "KMS_DSSE", "kmsKey": "alias/images"}
    made = ecr.create_repository_creation_template(prefix="twice", appliedFor=["REPLICATION"], encryptionConfiguration=twice)
    assert made["repositoryCreationTemplate"]["encryptionConfiguration"] == twice, made
    ecr.delete_repository_creation_template(prefix="twice")
    assert ecr.create_repository(repositoryName="twice", encryptionConfiguration=twice)["repository"]["encryptionConfiguration"] == twice
    ecr.delete_repository(repositoryName="twice")
    ecr.create_repository_creation_template(prefix="ROOT", appliedFor=["REPLICATION"])
    ecr.update_repository_creation_template(prefix="docker-hub", description="new")
    template = ecr.describe_repository_creation_templates(prefixes=["docker-hub"])["repositoryCreationTemplates"][0]
    assert (template["description"], template["imageTagMutability"]) == ("new", "IMMUTABLE") and template["updatedAt"] > template["createdAt"]
    some = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    ecr.update_repository_creation_template(prefix="docker-hub", imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=some)
    template = ecr.describe_repository_creation_templates(prefixes=["docker-hub"])["repositoryCreationTemplates"][0]
    assert template["imageTagMutabilityExclusionFilters"] == some, template
    template = ecr.update_repository_creation_template(prefix="docker-hub", imageTagMutability="IMMUTABLE")["repositoryCreationTemplate"]
    assert "imageTagMutabilityExclusionFilters" not in template, template
    assert ecr.delete_repository_creation_template(prefix="ROOT")["repositoryCreationTemplate"]["prefix"] == "ROOT"
    fails("TemplateNotFoundException", ecr.update_repository_creation_template, prefix="ROOT")


class Upstream:
    """Somebody else's registry on this machine: it hands a token to everybody, and has what is in `paths`."""

    def __init__(self):
        self.paths, self.asked = {}, []
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.split("?")[0]
                upstream.asked.append(path)
                kind, body = upstream.paths.get(path, (None, b"{}"))
                if path == "/token":
                    return self.say(200, b'{"token": "good"}', "application/json")
                if self.headers.get("authorization") != "Bearer good":
                    realm = f'Bearer realm="http://127.0.0.1:{upstream.port}/token",service="upstream"'
                    return self.say(401, b"{}", "application/json", realm)
                self.say(200 if kind else 404, body, kind or "application/json")

            def say(self, status, body, kind, challenge=None):
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                if challenge:
                    self.send_header("www-authenticate", challenge)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def blob(self, name, data):
        self.paths[f"/v2/{name}/blobs/{digest(data)}"] = ("application/octet-stream", data)
        return {"mediaType": "application/octet-stream", "digest": digest(data), "size": len(data)}

    def manifest(self, name, tag, kind, **parts):
        kind = f"application/vnd.oci.image.{kind}.v1+json"
        data = json.dumps({"schemaVersion": 2, "mediaType": kind, **parts}, indent=2).encode()
        for reference in (tag, digest(data)):
            self.paths[f"/v2/{name}/manifests/{reference}"] = (kind, data)
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}, data


def pulls_through():
    """Under the rule and the template that `caches` left: for Docker Hub, for which a registry on this machine stands in."""
    ecr, upstream = client("ecr"), Upstream()
    login, hub = Registry(ecr), "/_sandbox/upstreams/registry-1.docker.io"
    layer, config = upstream.blob("library/app", b"layer" * 1000), upstream.blob("library/app", b'{"os": "linux", "architecture": "arm64"}')
    part, image = upstream.manifest("library/app", "1", "manifest", config=config, layers=[layer])
    _, index = upstream.manifest("library/app", "all", "index", manifests=[part])
    name = "docker-hub/library/app"
    get = lambda path: login.call("GET", path)
    # Nobody stands in: nobody is asked, and nothing is made.
    assert get(f"{name}/manifests/1")[0] == 404
    for wrong in (b"quay.io", b"", b"70000"):
        assert login.call("PUT", hub, wrong)[0] == 400
    assert login.call("PUT", hub, str(upstream.port).encode())[0] == 204
    status, _, body = get("docker-hub/library/none/manifests/1")
    assert status == 404 and json.loads(body)["errors"][0]["code"] == "NAME_UNKNOWN", body
    for unknown in (name, "docker-hub/library/none"):
        fails("RepositoryNotFoundException", ecr.describe_repositories, repositoryNames=[unknown])

    status, headers, body = get(f"{name}/manifests/1")
    assert (status, body, headers["docker-content-digest"]) == (200, image, part["digest"]), (status, headers, body)
    assert get(f"{name}/blobs/{layer['digest']}")[2] == b"layer" * 1000
    made = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert made["imageTagMutability"] == "IMMUTABLE", made
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [{"Key": "team", "Value": "web"}]
    found = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert [(one["imageDigest"], one["imageTags"]) for one in found] == [(part["digest"], ["1"])], found
    status, _, body = get(f"{name}/manifests/none")
    assert status == 404 and json.loads(body)["errors"][0]["code"] == "MANIFEST_UNKNOWN", body
    assert get(f"{name}/manifests/all")[2] == index
    assert len(ecr.describe_images(repositoryName=name)["imageDetails"]) == 2
    # What is there is not asked for again, and it stays when the upstream is gone.
    many = len(upstream.asked)
    assert login.call("DELETE", hub)[0] == 204
    for reference in ("1", part["digest"], "all"):
        assert get(f"{name}/manifests/{reference}")[0] == 200
    assert get(f"{name}/manifests/none")[0] == 404 and len(upstream.asked) == many
    upstream.server.shutdown()

    # From another registry of the sandbox, without a template.
    rule = ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="theirs", upstreamRegistryUrl=f"{OTHER}.dkr.ecr.eu-west-1.amazonaws.com", upstreamRepositoryPrefix="team")
    assert rule["upstreamRegistry"] == "ecr", rule
    status, _, body = get("theirs/web/manifests/1.0")
    assert status == 200 and body == Registry(client("ecr", OTHER)).call("GET", "team/web/manifests/1.0")[2], body
    for blob in json.loads(body)["layers"]:
        assert digest(get(f"theirs/web/blobs/{blob['digest']}")[2]) == blob["digest"]
    assert ecr.describe_repositories(repositoryNames=["theirs/web"])["repositories"][0]["imageTagMutability"] == "MUTABLE"
    assert get("theirs/nothing/manifests/1.0")[0] == 404
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="theirs")


def templates():
    """What makes a repository by itself makes it as the template says."""
    ecr, elsewhere = client("ecr"), client("ecr", OTHER, "us-east-1")
    rules = json.dumps({"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}, "action": {"type": "expire"}}]})
    login = Registry(ecr)
    ecr.create_repository_creation_template(prefix="pushed", appliedFor=["CREATE_ON_PUSH"], lifecyclePolicy=rules, imageTagMutability="IMMUTABLE")
    status, pushed, *_ = login.push("pushed/app", "1", "by a push")
    assert status == 201 and ecr.describe_images(repositoryName="pushed/app")["imageDetails"][0]["imageDigest"] == pushed
    assert json.loads(ecr.get_lifecycle_policy(repositoryName="pushed/app")["lifecyclePolicyText"]) == json.loads(rules)
    for name in ("unpushed/app", "pushed"):
        status, _, body = login.call("POST", f"{name}/blobs/uploads/")
        assert status == 404 and json.loads(body)["errors"][0]["code"] == "NAME_UNKNOWN", body
    assert login.call("GET", "pushed/other/manifests/1")[0] == 404
    fails("RepositoryNotFoundException", ecr.describe_repositories, repositoryNames=["pushed/other"])
    ecr.delete_repository_creation_template(prefix="pushed")

    # `settings` left a rule that copies what is under prod/.
    elsewhere.create_repository_creation_template(prefix="prod", appliedFor=["REPLICATION"], imageTagMutability="IMMUTABLE", resourceTags=[{"Key": "copied", "Value": "1"}])
    ecr.create_repository(repositoryName="prod/new")
    assert login.push("prod/new", "1", "copied by a template")[0] == 201
    copied = elsewhere.describe_repositories(repositoryNames=["prod/new"])["repositories"][0]
    assert copied["imageTagMutability"] == "IMMUTABLE", copied
    assert elsewhere.list_tags_for_resource(resourceArn=copied["repositoryArn"])["tags"] == [{"Key": "copied", "Value": "1"}]
    assert elsewhere.describe_images(repositoryName="prod/new")["imageDetails"][0]["imageTags"] == ["1"]
    elsewhere.delete_repository_creation_template(prefix="prod")


def public():
    ecr = client("ecr-public", region="us-east-1")
    fails("UnknownEndpoint", client("ecr-public", region="eu-west-1").describe_repositories)
    data = {"description": "A shop", "architectures": ["ARM 64"], "operatingSystems": ["Linux"], "aboutText": "# Shop", "usageText": "run it"}
    made = ecr.create_repository(repositoryName="shop/web", catalogData={**data, "logoImageBlob": b"png"}, tags=[{"Key": "team", "Value": "web"}])
    repository = made["repository"]
    assert repository["repositoryUri"].startswith("public.ecr.aws/") and repository["repositoryUri"].endswith("/shop/web") and repository["createdAt"], made
    by, arn = {"repositoryName": "shop/web"}, repository["repositoryArn"]
    assert made["catalogData"]["logoUrl"].startswith("https://") and {name: made["catalogData"][name] for name in data} == data
    fails("RepositoryAlreadyExistsException", ecr.create_repository, **by)
    ecr.create_repository(repositoryName="plain")
    fails("RepositoryCatalogDataNotFoundException", ecr.get_repository_catalog_data, repositoryName="plain")
    assert [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]] == ["plain", "shop/web"]
    assert ecr.describe_repositories(maxResults=1)["nextToken"]
    fails("RepositoryNotFoundException", ecr.describe_repositories, repositoryNames=["no"])
    ecr.put_repository_catalog_data(catalogData={**data, "aboutText": "new"}, **by)
    kept = ecr.get_repository_catalog_data(**by)["catalogData"]
    assert kept["aboutText"] == "new" and kept["logoUrl"] == made["catalogData"]["logoUrl"]
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": "sha256:" + "0" * 64}
    manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": [{"mediaType": "l", "size": 40, "digest": "sha256:" + "1" * 64}]})
    put = ecr.put_image(imageManifest=manifest, imageTag="1", **by)["image"]["imageId"]
    fails("ImageAlreadyExistsException", ecr.put_image, imageManifest=manifest, imageTag="1", **by)
    image = ecr.describe_images(imageIds=[{"imageTag": "1"}], **by)["imageDetails"][0]
    assert (image["imageDigest"], image["imageTags"], image["imageSizeInBytes"]) == (put["imageDigest"], ["1"], 42) and image["imagePushedAt"], image
    tagged = ecr.describe_image_tags(**by)["imageTagDetails"][0]
    assert tagged["imageTag"] == "1" and tagged["imageDetail"]["imageDigest"] == put["imageDigest"] and tagged["createdAt"]
    fails("RepositoryNotEmptyException", ecr.delete_repository, **by)
    fails("ImageNotFoundException", ecr.describe_images, imageIds=[{"imageTag": "no"}], **by)
    gone = ecr.batch_delete_image(imageIds=[{"imageDigest": put["imageDigest"]}, {"imageTag": "no"}], **by)
    assert [one["imageDigest"] for one in gone["imageIds"]] == [put["imageDigest"]] and gone["failures"][0]["failureCode"] == "ImageNotFound", gone
    assert not ecr.describe_images(**by)["imageDetails"]
    registry = ecr.describe_registries()["registries"][0]
    assert registry["registryId"] == ACCOUNT and registry["aliases"][0]["defaultRegistryAlias"] is True
    assert ecr.get_registry_catalog_data()["registryCatalogData"] == {"displayName": ""}
    ecr.put_registry_catalog_data(displayName="Northwind")
    assert ecr.get_registry_catalog_data()["registryCatalogData"] == {"displayName": "Northwind"}
    fails("RepositoryPolicyNotFoundException", ecr.get_repository_policy, **by)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    ecr.set_repository_policy(policyText=policy, **by)
    assert ecr.get_repository_policy(**by)["policyText"] == policy == ecr.delete_repository_policy(**by)["policyText"]
    push = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": ["ecr-public:PutImage"]}
    ecr.set_repository_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [push]}), **by)
    kept = json.loads(ecr.delete_repository_policy(**by)["policyText"])["Statement"][0]
    assert (kept["Principal"], kept["Action"]) == ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "ecr-public:PutImage"), kept
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "tier", "Value": "1"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "tier", "Value": "1"}]
    assert ecr.describe_images(**by)["imageDetails"] == []
    assert base64.b64decode(ecr.get_authorization_token()["authorizationData"]["authorizationToken"]).startswith(b"AWS:")
    assert ecr.delete_repository(repositoryName="plain", force=True)["repository"]["repositoryName"] == "plain"
    fails("RepositoryNotFoundException", ecr.delete_repository, repositoryName="plain")


def survived():
    ecr = client("ecr", OTHER)
    status, _, body = Registry(ecr).call("GET", "team/web/manifests/1.0")
    layer = json.loads(body)["layers"][0]["digest"]
    assert digest(Registry(ecr).call("GET", f"team/web/blobs/{layer}")[2]) == layer
    assert ecr.describe_repositories(repositoryNames=["fixed"])["repositories"][0]["imageTagMutabilityExclusionFilters"]
    ecr = client("ecr")
    assert ecr.describe_image_scan_findings(repositoryName="scanned", imageId={"imageTag": "1.7"})["imageScanStatus"]["status"] == "COMPLETE"
    assert ecr.get_lifecycle_policy_preview(repositoryName="scanned")["previewResults"]
    assert ecr.describe_registry()["replicationConfiguration"]["rules"]
    assert len(ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]) == 1
    assert client("ecr-public", region="us-east-1").get_repository_catalog_data(repositoryName="shop/web")["catalogData"]["aboutText"] == "new"


CHECKS = {"check": [registry, layers, scans, referrers, previews, settings, caches, pulls_through, templates, public], "again": [survived]}

for check in CHECKS[sys.argv[1]]:
    began = time.monotonic()
    check()
    print(f"{check.__name__}: {time.monotonic() - began:.1f} s", flush=True)
