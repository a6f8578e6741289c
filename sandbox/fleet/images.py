"""Northwind's container images, pushed as `docker push` does: blobs first, then the manifest."""

import gzip
import hashlib
import io
import json
import random
import tarfile

import botocore.httpsession
from botocore.awsrequest import AWSRequest

from place import CODE, ENDPOINT, as_list, once

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"

# Repository, team, what it is built on, number of releases, size in MB.
REPOSITORIES = [
    ("northwind/orders", "orders", "eclipse-temurin:21-jre", 9, 212),
    ("northwind/payments", "payments", "node:22-slim", 8, 188),
    ("northwind/catalog", "catalog", "python:3.12-slim", 8, 164),
    ("northwind/search", "search", "eclipse-temurin:21-jre", 6, 310),
    ("northwind/web", "web", "node:22-alpine", 10, 96),
    ("northwind/invoice", "orders", "public.ecr.aws/lambda/python:3.12", 6, 241),
    ("northwind/thumbnails", "catalog", "debian:12-slim", 5, 133),
    ("northwind/recommendations", "search", "python:3.12-slim", 5, 890),
    ("northwind/notifications", "platform", "node:22-alpine", 4, 101),
    ("platform/envoy", "platform", "envoyproxy/envoy:v1.31", 4, 74),
    ("platform/otel-collector", "platform", "scratch", 4, 62),
    ("platform/migrations", "platform", "debian:12-slim", 4, 88),
    ("data/airflow", "data", "apache/airflow:2.10", 3, 1240),
    ("tools/build", "platform", "debian:12", 3, 702),
]
BASE_ONLY = {"northwind/orders", "northwind/web", "northwind/payments", "platform/envoy", "platform/otel-collector"}
MULTI_ARCHITECTURE = "platform/otel-collector"
FOR_LAMBDA = "northwind/invoice"
# Their newest release has a signature and a bill of materials.
SIGNED = {"northwind/payments", "platform/otel-collector"}

# Name, team, description, architectures, about, usage.
PUBLIC = [
    (
        "tools/probe", "platform", "Tells whether a service is well, and why not.", ["ARM 64", "x86-64"],
        "# probe\n\nAsks a service how it is and says so in one line.\n\n- HTTP, gRPC and TCP\n- no shell, no package manager: **6 MB**\n\nMore at [northwind.example](https://northwind.example/probe).\n",
        "```\ndocker run --rm public.ecr.aws/northwind/tools/probe https://example.com/health\n```\n\n| Exit code | Means |\n| --- | --- |\n| `0` | well |\n| `1` | not well |\n",
    ),
    (
        "northwind/store-locator", "web", "Finds the nearest Northwind store.", ["x86-64"],
        "A small web service that answers with the stores around a place.\n", "",
    ),
]

_http = botocore.httpsession.URLLib3Session()


def repositories(place):
    """The main place has all; the others the repositories that they run."""
    if place.main or place.region == "eu-west-1":
        return REPOSITORIES
    return [row for row in REPOSITORIES if row[0] in BASE_ONLY]


def releases(place, name, count):
    """The tags of a repository, oldest first. The last is `live`."""
    count = count if place.main else max(2, count // 2)
    rng = random.Random(f"{place.account}{name}")
    minor = rng.randint(3, 40)
    return [f"1.{minor + number}.{rng.randint(0, 4)}" for number in range(count)]


def newest(place, name):
    """The tag that runs."""
    count = next(row[3] for row in REPOSITORIES if row[0] == name)
    return releases(place, name, count)[-1]


def uri(place, name, tag):
    return f"{place.registry}/{name}:{tag}"


def pinned(place, name, tag):
    """The image's address by digest, which never changes its meaning."""
    answer = place.client("ecr").describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
    return f"{place.registry}/{name}@{answer['imageDetails'][0]['imageDigest']}"


def make(place):
    ecr = place.client("ecr")
    for name, team, base, count, size in repositories(place):
        once(
            ecr.create_repository, repositoryName=name, imageTagMutability="MUTABLE", tags=as_list(place.tags(team)),
            imageScanningConfiguration={"scanOnPush": team in ("payments", "orders")},
        )
        tags = releases(place, name, count)
        have = {tag for image in ecr.describe_images(repositoryName=name)["imageDetails"] for tag in image.get("imageTags", [])}
        if "live" in have:
            continue
        for number, tag in enumerate(tags):
            names = [tag] + (["live", "latest"] if number == len(tags) - 1 else [])
            if name == MULTI_ARCHITECTURE and number == len(tags) - 1:
                _push_index(place, name, names, base, size)
            else:
                _push(place, name, names, base, size, tag, "amd64")
        if name in SIGNED:
            _sign(place, name, tags[-1])
        if team == "web" and len(tags) > 3:
            # A rebuild takes the tag along: what it pointed at stays without one.
            _push(place, name, [tags[0]], base, size, f"{tags[0]}-rebuilt", "amd64")
        _lifecycle(ecr, name)


def make_public(place):
    """ECR Public has its API in us-east-1 only."""
    if place.region != "us-east-1":
        return
    ecr = place.client("ecr-public")
    for name, team, description, architectures, about, usage in PUBLIC if place.stage == "prod" else PUBLIC[:1]:
        catalog = {"description": description, "architectures": architectures, "operatingSystems": ["Linux"], "aboutText": about, "usageText": usage}
        once(ecr.create_repository, repositoryName=name, catalogData=catalog, tags=as_list(place.tags(team)))
        _public_releases(ecr, name, architectures)


def _public_releases(ecr, name, architectures):
    """Manifests without layers, which is all that the sandbox keeps of a public image; indexes where there are more architectures than one."""
    if ecr.describe_images(repositoryName=name)["imageDetails"]:
        return
    spelled = {"ARM 64": "arm64", "x86-64": "amd64"}
    for number, tag in enumerate(("0.9.0", "1.0.0", "1.1.0")):
        parts = []
        for architecture in architectures:
            seed = f"{name}{tag}{architecture}".encode()
            layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 5_900_000 + 40_000 * number, "digest": digest(seed)}
            config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 1520, "digest": digest(seed + b"config")}
            manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]})
            of_its_own = {"imageTag": tag} if len(architectures) == 1 else {}
            once(ecr.put_image, repositoryName=name, imageManifest=manifest, imageManifestMediaType=OCI_MANIFEST, **of_its_own)
            platform = {"os": "linux", "architecture": spelled[architecture]}
            parts.append({"mediaType": OCI_MANIFEST, "size": len(manifest), "digest": digest(manifest.encode()), "platform": platform})
        if len(parts) > 1:
            index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": parts})
            once(ecr.put_image, repositoryName=name, imageManifest=index, imageManifestMediaType=INDEX, imageTag=tag)


def _lifecycle(ecr, name):
    rule = {
        "rules": [
            {"rulePriority": 1, "description": "untagged images go after two weeks", "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}, "action": {"type": "expire"}},
            {"rulePriority": 2, "description": "the last 50 stay", "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}, "action": {"type": "expire"}},
        ]
    }
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(rule))


def _call(place, method, path, body=b"", content_type="application/octet-stream"):
    # The registry knows its account and region by the name it is called under.
    headers = {"Host": place.registry, "Content-Type": content_type}
    answer = _http.send(AWSRequest(method, f"{ENDPOINT}/v2/{path}", headers=headers, data=body).prepare())
    if answer.status_code >= 300:
        raise RuntimeError(f"{method} /v2/{path}: {answer.status_code} {answer.text[:200]}")


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _blob(place, name, data):
    _call(place, "POST", f"{name}/blobs/uploads/?digest={digest(data)}", data)
    return digest(data)


def _history(base, layers, command, folder):
    """The steps of a build: one for each layer, the last two steps only change the configuration."""
    before = [f"ADD {base} /", "RUN apt-get update && apt-get install -y ca-certificates", "RUN useradd --uid 1000 app"][: layers - 1]
    steps = [{"created": "2026-11-01T00:00:00Z", "created_by": f"/bin/sh -c {step}"} for step in before]
    steps.append({"created": "2026-11-02T09:14:00Z", "created_by": f"COPY /build {folder} # buildkit"})
    return steps + [{"created": "2026-11-02T09:14:00Z", "created_by": step, "empty_layer": True} for step in ("USER 1000", f"CMD {json.dumps(list(command))}")]


def _config(name, tag, base, architecture, layers, command=("/app/start",), folder="/app"):
    """An image configuration as a builder writes it."""
    return json.dumps(
        {
            "architecture": architecture, "os": "linux", "created": "2026-11-02T09:14:00Z",
            "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", f"SERVICE={name.split('/')[-1]}"], "Cmd": list(command), "WorkingDir": folder, "User": "1000",
                       "Labels": {"org.opencontainers.image.source": f"https://git.northwind.example/{name}", "org.opencontainers.image.version": tag, "org.opencontainers.image.base.name": base}},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
            "history": _history(base, len(layers), command, folder),
        },
        separators=(",", ":"),
    ).encode()


def _push(place, name, tags, base, size, release, architecture):
    """A real configuration and manifest. Layers are declared with the size they would have; bytes are stored only of what a function runs."""
    rng = random.Random(f"{name}{base}")
    shares = [0.45, 0.25, 0.05]
    layers = [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": int(size * 1_000_000 * share), "digest": digest(f"{base}{share}".encode())} for share in shares]
    if name == FOR_LAMBDA:
        # What the function runs: https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
        code = _layer("var/task/app.py", (CODE / "invoice_render.py").read_text().replace("{release}", release).encode())
        layers.append({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(code), "digest": _blob(place, name, code)})
        config = _config(name, release, base, architecture, layers, ("app.handler",), "/var/task")
    else:
        own = int(size * 1_000_000 * 0.25 * rng.uniform(0.9, 1.1))
        layers.append({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": own, "digest": digest(f"{name}{release}".encode())})
        config = _config(name, release, base, architecture, layers)
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": _blob(place, name, config)}, "layers": layers}).encode()
    for tag in tags:
        _call(place, "PUT", f"{name}/manifests/{tag}", manifest, MANIFEST)


def _sign(place, name, tag):
    """What a signing tool and a builder leave beside an image: artifacts that name it as their subject."""
    ecr = place.client("ecr")
    image = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": tag}])["images"][0]
    text = image["imageManifest"].encode()
    subject = {"mediaType": json.loads(text)["mediaType"], "size": len(text), "digest": digest(text)}
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": _blob(place, name, b"{}")}
    materials = json.dumps({"spdxVersion": "SPDX-2.3", "name": name, "packages": [{"name": "app", "versionInfo": tag}]}).encode()
    for kind, content, media in (
        ("application/vnd.cncf.notary.signature", b"no signature: the sandbox signs nothing", "application/cose"),
        ("application/spdx+json", materials, "application/spdx+json"),
    ):
        layer = {"mediaType": media, "size": len(content), "digest": _blob(place, name, content)}
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": kind, "config": empty, "layers": [layer], "subject": subject,
            "annotations": {"org.opencontainers.image.created": "2026-11-02T09:20:00Z"},
        }).encode()
        _call(place, "PUT", f"{name}/manifests/{digest(manifest)}", manifest, OCI_MANIFEST)


def _layer(name, text):
    """A layer with one small file in it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return gzip.compress(data.getvalue(), mtime=0)


def _push_index(place, name, tags, base, size):
    """An image for two architectures, complete: layers, configurations, two manifests and the index over them."""
    manifests = []
    for architecture, variant in (("amd64", None), ("arm64", "v8")):
        layer = _layer("app/otel-collector", f"#!/bin/sh\necho collector for {architecture}\n".encode())
        layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": len(layer), "digest": _blob(place, name, layer)}]
        config = _config(name, tags[0], base, architecture, layers)
        manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(config), "digest": _blob(place, name, config)}, "layers": layers}).encode()
        _call(place, "PUT", f"{name}/manifests/{digest(manifest)}", manifest, OCI_MANIFEST)
        platform = {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}
        manifests.append({"mediaType": OCI_MANIFEST, "size": len(manifest), "digest": digest(manifest), "platform": platform})
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()
    for tag in tags:
        _call(place, "PUT", f"{name}/manifests/{tag}", index, INDEX)
