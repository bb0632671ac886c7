"""A web server on loopback for the lock tests: a Maven repository and an npm registry of the test's own."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


@contextmanager
def serve(files: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Answer GET for exactly these paths; yields the address and the list of paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path).lstrip("/")
            asked.append(path)
            body = files.get(path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def maven_artifact(
    group: str, artifact: str, version: str, *depends: str, more: str = ""
) -> dict[str, bytes]:
    """The POM and jar of an artifact with their checksums, by path; ``depends`` are coordinates with a scope behind."""
    rows = ""
    for coordinate in depends:
        g, a, v, scope = coordinate.split(":")
        rows += f"<dependency><groupId>{g}</groupId><artifactId>{a}</artifactId><version>{v}</version><scope>{scope}</scope></dependency>"
    pom = (
        f"<project><modelVersion>4.0.0</modelVersion>"
        f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>{more}"
        f"<dependencies>{rows}</dependencies></project>"
    ).encode()
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(zipfile.ZipInfo("name.txt"), f"{group}:{artifact}:{version}")
    base = f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}"
    found = {f"{base}.pom": pom, f"{base}.jar": jar.getvalue()}
    return found | {f"{path}.sha1": hashlib.sha1(body).hexdigest().encode() for path, body in found.items()}


def maven_versions(group: str, artifact: str, *versions: str) -> dict[str, bytes]:
    """An artifact's ``maven-metadata.xml``."""
    rows = "".join(f"<version>{version}</version>" for version in versions)
    text = (
        f"<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId><versioning>"
        f"<latest>{versions[-1]}</latest><release>{versions[-1]}</release><versions>{rows}</versions>"
        "<lastUpdated>20260101000000</lastUpdated></versioning></metadata>"
    )
    return {f"{group.replace('.', '/')}/{artifact}/maven-metadata.xml": text.encode()}


def npm_package(name: str, version: str, address: str) -> dict[str, bytes]:
    """A package's document and tarball, by path."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        body = json.dumps({"name": name, "version": version}).encode()
        info = tarfile.TarInfo("package/package.json")
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    tarball = gzip.compress(raw.getvalue(), mtime=0)
    path = f"{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    dist = {
        "tarball": f"{address}/{path}",
        "integrity": integrity,
        "shasum": hashlib.sha1(tarball).hexdigest(),
    }
    row = {"name": name, "version": version, "dist": dist}
    document = {"name": name, "dist-tags": {"latest": version}, "versions": {version: row}}
    return {name: json.dumps(document).encode(), path: tarball}
