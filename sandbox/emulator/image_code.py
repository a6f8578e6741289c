"""What a function made from a container image runs: the files that its image has under Lambda's task root, as a deployment package.

Nothing else of an image runs here: its base is taken for one of AWS's, for Python or Node.js
(https://docs.aws.amazon.com/lambda/latest/dg/images-create.html). Layers whose bytes the registry does not have are passed over.
"""

import functools
import http.client
import io
import json
import lzma
import os
import re
import tarfile
import zipfile
import zlib

ADDRESS = re.compile(r"(?P<registry>\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?)/(?P<name>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")
ROOT = "var/task/"
RUNTIMES = {".py": "python3.12", ".mjs": "nodejs22.x", ".js": "nodejs22.x", ".cjs": "nodejs22.x"}
# Of a deployment package that is unpacked: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST = 250 * 1024 * 1024


class CannotRun(Exception):
    """Why the sandbox does not run an image."""


def of(config):
    """The runtime, handler and zipped code that stand for a function's image."""
    named = ADDRESS.fullmatch(config.get("ImageUri", ""))
    if not named:
        raise CannotRun(f"The sandbox runs images of its own registries only, not {config.get('ImageUri')}.")
    registry, name = named["registry"], named["name"]
    manifest = _ask(registry, f"{name}/manifests/{named['digest'] or named['tag'] or 'latest'}")
    if manifest is None:
        raise CannotRun(f"The image {config['ImageUri']} is not there.")
    command, files = _unpacked(registry, name, manifest.decode())
    own = (config.get("ImageConfigResponse") or {}).get("ImageConfig") or {}
    command = own.get("Command") or list(command)
    handler = command[0] if command else ""
    module = handler.rpartition(".")[0]
    for ending, runtime in RUNTIMES.items():
        if module and module + ending in files:
            return runtime, handler, _zipped(files)
    raise CannotRun(f"The sandbox runs images whose command is a handler in a Python or Node.js file below /{ROOT[:-1]}; {config['ImageUri']} has none for {json.dumps(command)}.")


def _ask(registry, path):
    """What the registry answers; None where it has no such thing."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["SANDBOX_GATEWAY_PORT"]), timeout=30)
    try:
        connection.request("GET", f"/v2/{path}", headers={"Host": registry})
        answer = connection.getresponse()
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise CannotRun(f"The registry answered {answer.status} for {path}.")
        body = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise CannotRun(f"A layer of the image is larger than {LARGEST // 1024 // 1024} MB.")
        return body
    except (OSError, http.client.HTTPException) as error:
        raise CannotRun(f"The registry did not answer: {error}.") from error
    finally:
        connection.close()


@functools.lru_cache(maxsize=8)
def _unpacked(registry, name, manifest):
    """The command of an image, and its files below the task root by their names."""
    manifest = json.loads(manifest)
    if "config" not in manifest:
        raise CannotRun("Lambda takes no images for several platforms.")
    config = json.loads(_ask(registry, f"{name}/blobs/{manifest['config']['digest']}") or "{}")
    files = {}
    for layer in manifest.get("layers", []):
        data = _ask(registry, f"{name}/blobs/{layer['digest']}")
        if data is None:
            continue
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
                # What a layer removes is of the layers below it, wherever in the layer that stands.
                members = sorted(archive.getmembers(), key=lambda member: "/.wh." not in member.name)
                if sum(member.size for member in members) > LARGEST:
                    raise CannotRun(f"A layer of the image has more than {LARGEST // 1024 // 1024} MB.")
                for member in members:
                    _lay(files, archive, member)
        except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            raise CannotRun(f"The layer {layer['digest']} cannot be read: {error}.") from error
        if sum(map(len, files.values())) > LARGEST:
            raise CannotRun(f"The image has more than {LARGEST // 1024 // 1024} MB below /{ROOT[:-1]}.")
    return tuple((config.get("config") or {}).get("Cmd") or ()), files


def _lay(files, archive, member):
    """Lays an entry of a layer over what is below it (https://github.com/opencontainers/image-spec/blob/main/layer.md)."""
    path = member.name.removeprefix("./").removeprefix("/")
    if not path.startswith(ROOT):
        return
    folder, _, last = path.removeprefix(ROOT).rpartition("/")
    within = folder + "/" if folder else ""
    if last.startswith(".wh."):
        removed = within if last == ".wh..wh..opq" else within + last.removeprefix(".wh.")
        for name in [name for name in files if name == removed or name.startswith(removed.rstrip("/") + "/" if removed else "")]:
            del files[name]
    elif member.isfile() and member.size <= LARGEST and ".." not in path.split("/"):
        files[within + last] = archive.extractfile(member).read()


def _zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return data.getvalue()
