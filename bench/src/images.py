"""Images for the measurement: makes one, serves one, and asks the emulator's ECR for what only it can give."""

import base64
import hashlib
import http.server
import json
import os
import sys
import tarfile
import zlib

CHUNK = 4 << 20


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(folder, size):
    """A gzipped tar with one file of random bytes, not compressed: nobody can make it smaller. Never whole in memory."""
    part = os.path.join(folder, "part")
    inner, outer = hashlib.sha256(), hashlib.sha256()
    with open(part, "wb") as file:
        packer = zlib.compressobj(0, zlib.DEFLATED, 31)

        def put(data):
            inner.update(data)
            write(packer.compress(data))

        def write(data):
            outer.update(data)
            file.write(data)

        info = tarfile.TarInfo("data/noise")
        info.size = size
        put(info.tobuf(tarfile.USTAR_FORMAT))
        left = size
        while left:
            piece = os.urandom(min(CHUNK, left))
            put(piece)
            left -= len(piece)
        put(bytes(-size % 512 + 1024))
        write(packer.flush())
    name = outer.hexdigest()
    os.rename(part, os.path.join(folder, "blobs", "sha256", name))
    return "sha256:" + name, "sha256:" + inner.hexdigest(), os.path.getsize(os.path.join(folder, "blobs", "sha256", name))


def make(folder, layers, size):
    """An OCI layout in a folder, and the same as a tar beside it."""
    os.makedirs(os.path.join(folder, "blobs", "sha256"))

    def keep(data):
        with open(os.path.join(folder, "blobs", "sha256", hashlib.sha256(data).hexdigest()), "wb") as file:
            file.write(data)
        return {"digest": digest(data), "size": len(data)}

    made = [layer(folder, size) for _ in range(layers)]
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [d for _, d, _ in made]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **keep(json.dumps(config).encode())},
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": d, "size": n} for d, _, n in made
        ],
    }
    top = {"mediaType": manifest["mediaType"], **keep(json.dumps(manifest).encode())}
    top["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    for name, value in [("index.json", {"schemaVersion": 2, "manifests": [top]}), ("oci-layout", {"imageLayoutVersion": "1.0.0"})]:
        with open(os.path.join(folder, name), "w") as file:
            json.dump(value, file)
    with tarfile.open(folder + ".tar", "w") as tar:
        for name in ["oci-layout", "index.json", "blobs"]:
            tar.add(os.path.join(folder, name), name)
    return {"bytes": sum(n for _, _, n in made), "digest": top["digest"]}


class Registry(http.server.BaseHTTPRequestHandler):
    """A registry that anybody may read, with one image: as much of the distribution protocol as reading takes."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        parts = self.path.split("/")
        if self.path in ("/v2", "/v2/"):
            return self.say(200, "application/json", b"{}")
        name = parts[-1] if ":" in parts[-1] else self.server.top
        path = os.path.join(self.server.folder, "blobs", "sha256", name.split(":")[-1])
        if not os.path.exists(path):
            return self.say(404, "application/json", b"{}")
        manifest = "manifests" in parts
        kind = "application/vnd.oci.image.manifest.v1+json" if manifest else "application/octet-stream"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(os.path.getsize(path)))
        self.send_header("docker-content-digest", name)
        self.end_headers()
        if self.command == "GET":
            self.wfile.flush()
            with open(path, "rb") as file:
                self.connection.sendfile(file)

    def say(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.folder = folder
    with open(os.path.join(folder, "index.json")) as file:
        server.top = json.load(file)["manifests"][0]["digest"]
    print(json.dumps({"event": "ready", "port": server.server_port}), flush=True)
    server.serve_forever()


def ecr(endpoint, account):
    import boto3

    return boto3.client(
        "ecr", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id=account, aws_secret_access_key="sandbox"
    )


def main():
    action, *rest = sys.argv[1:]
    if action == "make":
        print(json.dumps(make(rest[0], int(rest[1]), int(rest[2]))))
    elif action == "serve":
        serve(rest[0])
    elif action == "create":
        ecr(rest[0], rest[1]).create_repository(repositoryName=rest[2])
    elif action == "digest":
        found = ecr(rest[0], rest[1]).describe_images(repositoryName=rest[2], imageIds=[{"imageTag": "v1"}])
        print(json.dumps(found["imageDetails"][0]["imageDigest"]))
    elif action == "delete":
        ecr(rest[0], rest[1]).delete_repository(repositoryName=rest[2], force=True)
    elif action == "password":
        token = ecr(rest[0], rest[1]).get_authorization_token()["authorizationData"][0]["authorizationToken"]
        print(json.dumps(base64.b64decode(token).decode()))


main()
