"""What a browser loads: the page's own files, the panels' and the listed ones of npm packages, out of memory.

A page is some sixty small files, asked for at once; from a dictionary they take a fraction of what a file system takes.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_MEDIA = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".json": "application/json",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, kw_only=True)
class File:
    """A file as it is sent."""

    content: bytes
    media: str
    tag: str


def read(path: Path) -> File:
    """A file of a folder of ours."""
    content = path.read_bytes()
    media = _MEDIA.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(content=content, media=media, tag=f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def below(folder: Path, place: str) -> dict[str, File]:
    """All files of a folder by address."""
    return {
        f"{place}/{file.relative_to(folder).as_posix()}": read(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


class Files:
    """Answers for the addresses that it knows, and leaves all others to the application."""

    def __init__(self, app: ASGIApp, files: Mapping[str, File]) -> None:
        self.app, self.files = app, files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        file = self.files.get(scope["path"]) if scope["type"] == "http" else None
        if file is None or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        sent = {"etag": file.tag, "content-type": file.media}
        if Headers(scope=scope).get("if-none-match") == file.tag:
            response = Response(status_code=304, headers=sent)
        else:
            response = Response(file.content, headers=sent)
        await response(scope, receive, send)
