"""A registry in this process: a table of what it holds, that can be told to ask for credentials, to lie and to die."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

USER, PASSWORD = "anna", "correct horse"
Odd = Callable[["Handler"], bool]
"""Answers in place of the table, or says that it does not."""


class Fake(ThreadingHTTPServer):
    """What it holds and what it was asked."""

    daemon_threads = True

    def __init__(self, *, referrers: bool = False, auth: str = "") -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[str, str] = {}
        self.referrers, self.auth = referrers, auth
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.sent = self.received = 0  # bytes of blobs
        self.lives: int | None = None  # so many requests it answers
        self.odd: Odd = lambda handler: False
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def index(self, tag: str) -> bytes:
        """What a tag names."""
        return self.manifests[self.tags[tag]][1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A death is no defect."""


class Handler(BaseHTTPRequestHandler):
    """The distribution specification, as far as a client of it goes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Fake

    def handle_one_request(self) -> None:
        if self.rfile.peek(1)[:1] == b"\x16":  # type: ignore[attr-defined]  # the beginning of TLS, which is not spoken
            self.close_connection = True
        else:
            super().handle_one_request()

    def log_message(self, format: str, *args: object) -> None: ...

    def answer(self, status: int, body: bytes = b"", *, send: bool = True, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and send:
            self.wfile.write(body)

    def error(self, status: int, code: str, **headers: str) -> None:
        self.answer(
            status, json.dumps({"errors": [{"code": code, "message": f"said: {code}"}]}).encode(), **headers
        )

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        self.path_, _, query = self.path.partition("?")
        self.query = parse_qs(query)
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        if self.server.lives is not None:
            if self.server.lives == 0:
                self.close_connection = True
                return
            self.server.lives -= 1
        if self.server.odd(self) or not self.allowed():
            return
        for pattern, function in ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {self.path_}"):
                function(self, **found.groupdict())
                return
        self.body()
        self.error(404, "UNSUPPORTED")

    do_HEAD = do_POST = do_PUT = do_GET

    def allowed(self) -> bool:
        """Whether whoever asks may; the answer is given where not."""
        said = self.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.path_ == "/token":
            scope = self.query.get("scope", [""])[0]
            if said == basic:
                self.answer(200, json.dumps({"token": f"may {scope}"}).encode())
            elif self.command == "POST" and parse_qs(self.body().decode()).get("refresh_token") == [
                "an identity"
            ]:
                self.answer(200, json.dumps({"access_token": "may pull,push"}).encode())
            else:
                self.error(401, "UNAUTHORIZED")
            return False
        needs = "pull" if self.command in ("GET", "HEAD") else "pull,push"
        if self.server.auth == "basic" and said != basic:
            challenge = 'Basic realm="Registry Realm"'
        elif self.server.auth == "token" and not (said.startswith("Bearer may ") and needs in said):
            challenge = (
                f'Bearer realm="http://{self.server.host}/token",service="fake",scope="repository:x:{needs}"'
            )
        else:
            return True
        self.body()
        self.error(401, "UNAUTHORIZED", WWW_Authenticate=challenge)
        return False

    def manifest(self, name: str, which: str) -> None:
        found = self.server.manifests.get(self.server.tags.get(which, which))
        if found is None:
            self.error(404, "MANIFEST_UNKNOWN")
        else:
            digest = "sha256:" + hashlib.sha256(found[1]).hexdigest()
            self.answer(200, found[1], Content_Type=found[0], Docker_Content_Digest=digest)

    def put_manifest(self, name: str, which: str) -> None:
        data = self.body()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        said = json.loads(data)
        needed = [said["config"], *said["layers"]] if "layers" in said else []
        if any(row["digest"] not in self.server.blobs for row in needed):
            self.error(404, "BLOB_UNKNOWN")
            return
        if any(row["digest"] not in self.server.manifests for row in said.get("manifests", [])):
            self.error(404, "MANIFEST_UNKNOWN")
            return
        self.server.manifests[digest] = (self.headers["Content-Type"], data)
        if not which.startswith("sha256:"):
            self.server.tags[which] = digest
        more = (
            {"OCI_Subject": said["subject"]["digest"]} if self.server.referrers and "subject" in said else {}
        )
        self.answer(201, Docker_Content_Digest=digest, **more)

    def blob(self, name: str, digest: str) -> None:
        data = self.server.blobs.get(digest)
        if data is None:
            self.error(404, "BLOB_UNKNOWN")
            return
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if self.command == "GET":
            self.server.sent += len(data) - start
        if start:
            self.answer(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.answer(200, data, Docker_Content_Digest=digest)

    def begin(self, name: str) -> None:
        self.answer(202, Location=f"/v2/{name}/blobs/uploads/one?state=1")

    def upload(self, name: str) -> None:
        data = self.body()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if self.query["digest"] != [digest]:
            self.error(400, "DIGEST_INVALID")
            return
        self.server.received += len(data)
        self.server.blobs[digest] = data
        self.answer(201, Docker_Content_Digest=digest)

    def list_tags(self, name: str) -> None:
        if self.server.tags:
            self.answer(200, json.dumps({"name": name, "tags": sorted(self.server.tags)}).encode())
        else:
            self.error(404, "NAME_UNKNOWN")

    def list_referrers(self, name: str, digest: str) -> None:
        if not self.server.referrers:
            self.error(404, "UNSUPPORTED")
            return
        rows = []
        for own, (kind, data) in self.server.manifests.items():
            said = json.loads(data)
            if said.get("subject", {}).get("digest") == digest:
                rows.append(
                    {
                        "mediaType": kind,
                        "digest": own,
                        "size": len(data),
                        "artifactType": said["artifactType"],
                    }
                )
        body = json.dumps({"schemaVersion": 2, "manifests": rows}).encode()
        self.answer(200, body, Content_Type="application/vnd.oci.image.index.v1+json")


ROUTES: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"(GET|HEAD) /v2/(?P<name>.+)/manifests/(?P<which>[^/]+)", Handler.manifest),
    (r"PUT /v2/(?P<name>.+)/manifests/(?P<which>[^/]+)", Handler.put_manifest),
    (r"POST /v2/(?P<name>.+)/blobs/uploads/", Handler.begin),
    (r"PUT /v2/(?P<name>.+)/blobs/uploads/one", Handler.upload),
    (r"(GET|HEAD) /v2/(?P<name>.+)/blobs/(?P<digest>sha256:[0-9a-f]+)", Handler.blob),
    (r"GET /v2/(?P<name>.+)/tags/list", Handler.list_tags),
    (r"GET /v2/(?P<name>.+)/referrers/(?P<digest>[^/]+)", Handler.list_referrers),
)


@contextmanager
def fake(**options: object) -> Iterator[Fake]:
    """A registry on a free port of loopback."""
    server = Fake(**options)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
