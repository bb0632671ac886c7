"""A web server on loopback that behaves as it is told: ranges, validators, redirections, and a connection that is cut."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Web:
    """What it serves, and what it was asked for.

    Attributes:
        files: by path; a text is the target of a redirection, a number a status.
        cuts: bytes after which the next answers end, each once.
        ranges: whether it knows ranges and conditions.
        kind: the Content-Type of files.
        length: whether it says how long a file is.
        pieces: bytes of the first chunk, where it sends chunks.
        asked: path, and the Range header, of each request.
        sent: bytes of bodies.
    """

    files: dict[str, bytes | str | int] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    kind: str = "application/x-tar"
    length: bool = True
    pieces: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web

    def do_GET(self) -> None:
        web, path = self.web, urlsplit(self.path).path
        web.asked.append((path, self.headers.get("Range", "")))
        found = web.files.get(path, 404)
        if not isinstance(found, bytes):
            self._short(found)
            return
        tag = f'"{hashlib.sha256(found).hexdigest()[:16]}"'
        if web.ranges and self.headers.get("If-None-Match") == tag:
            self._short(304)
            return
        start = self._start(tag)
        if start >= len(found) > 0:
            self._short(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", web.kind)
        self.send_header("Connection", "close")
        if web.pieces:
            self.send_header("Transfer-Encoding", "chunked")
        elif web.length:
            self.send_header("Content-Length", str(len(found) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(found) - 1}/{len(found)}")
        if web.ranges:
            self.send_header("ETag", tag)
        self.end_headers()
        body = found[start:]
        body = body[: web.cuts.pop(0)] if web.cuts else body
        web.sent += len(body)
        with suppress(ConnectionError):  # who fetches has seen enough
            if not web.pieces:
                self.wfile.write(body)
                return
            first = web.pieces  # the rest in one: what counts is how little comes first
            for piece in (body[:first], body[first:], b""):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def _start(self, tag: str) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        known = self.headers.get("If-Range", tag) == tag
        return int(asked[1]) if asked and known and self.web.ranges else 0

    def _short(self, found: str | int) -> None:
        self.send_response(302 if isinstance(found, str) else found)
        if isinstance(found, str):
            self.send_header("Location", found)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(web: Web, certificate: Path | None = None) -> Iterator[Web]:
    """Serve it, over TLS where there is a certificate (with its key beside it); its address is set then."""
    handler = type("Handler", (_Handler,), {"web": web})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    web.address = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
