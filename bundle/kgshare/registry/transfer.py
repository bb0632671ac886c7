"""Blobs on their way to a registry and from it: streamed, compared, gone on with after a break."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import BinaryIO
from urllib.parse import urlencode, urlsplit

import requests
from urllib3.exceptions import HTTPError

from kgshare.bundle.documents import Blob
from kgshare.bundle.model import CHUNK
from kgshare.errors import Problem
from kgshare.registry.client import AGAIN, Unreachable, reason_of
from kgshare.registry.repository import Repository
from kgshare.registry.session import origin
from kgshare.shown import one_line

ATTEMPTS = 3  # of one transfer, before the registry is given up
PAUSE = 0.5  # seconds before the second attempt; twice as many before each further one


def send(there: Repository, blob: Blob, body: Callable[[], BinaryIO]) -> None:
    """Send a blob, in one piece of streamed bytes; begun anew where the registry breaks off."""

    def attempt() -> None:
        with body() as stream:
            _send(there, blob, stream)

    _patiently(attempt)
    if not there.has(blob):
        raise there.wrong(f"{blob.digest} was sent, and is not there")


def _send(there: Repository, blob: Blob, body: BinaryIO) -> None:
    start = f"{there.prefix}://{there.repository.upload_blob_url()}"
    response = there.do_request(start, "POST", headers={"Content-Length": "0"})
    if response.status_code != 202:
        raise there.unexpected(response, f"{blob.digest} cannot be sent")
    place = there.located(start, response.headers.get("Location", ""))
    if origin(place) != there.origin:
        raise there.wrong(
            f"wants {blob.digest} to be sent elsewhere, to {one_line(origin(place))}",
            "nothing was sent there; is it behind a proxy that does not tell it its name?",
        )
    place += ("&" if urlsplit(place).query else "?") + urlencode({"digest": blob.digest})
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
    response = there.do_request(place, "PUT", data=body, headers=headers)
    if response.status_code != 201:
        raise there.unexpected(response, f"{blob.digest} cannot be sent")
    there.same(response, blob.digest)


def fetch(there: Repository, blob: Blob, into: BinaryIO) -> None:
    """Append what is missing of a blob to a file, which holds its beginning or nothing.

    Raises:
        Unreachable: the registry broke off, for good; what came stays in the file.
        RegistryError: what came is not the blob; the file is empty again.
    """
    begun = into.seek(0, 2)
    _patiently(lambda: _fetch(there, blob, into))
    into.seek(0)
    found = hashlib.file_digest(into, "sha256").hexdigest()  # type: ignore[arg-type]
    if f"sha256:{found}" == blob.digest:
        return
    into.truncate(0)
    if begun:  # what was there may have been the wrong part
        fetch(there, blob, into)
        return
    raise there.wrong(
        f"{blob.digest}: sends other bytes, with the digest sha256:{found}: it was altered",
        "nothing of it is kept; ask whoever pushed it to push it again, or to send the file",
    )


def _fetch(there: Repository, blob: Blob, into: BinaryIO) -> None:
    at = into.seek(0, 2)
    if at >= blob.size:
        into.truncate(blob.size)
        return
    headers = {"Range": f"bytes={at}-"} if at else {}
    url = f"{there.prefix}://{there.repository.get_blob_url(blob.digest)}"
    with there.do_request(url, headers=headers, stream=True) as response:
        if response.status_code == 404:
            raise there.wrong(
                f"{blob.digest} is not there, though its manifest is",
                "ask whoever pushed it to push it again",
            )
        if response.status_code not in (200, 206):
            raise there.unexpected(response, f"{blob.digest} cannot be had")
        if response.status_code == 200:
            at = into.seek(0)
            into.truncate(0)
        _copy(there, response, blob, at, into)


def _copy(there: Repository, response: requests.Response, blob: Blob, at: int, into: BinaryIO) -> None:
    """The body, never more of it than the blob has."""
    announced = response.headers.get("Content-Length")
    if announced is not None and announced != str(blob.size - at):
        raise there.wrong(
            f"{blob.digest}: announces {one_line(announced)[:20]} bytes, it must be {blob.size - at}"
        )
    left = blob.size - at
    while left and (piece := _next(there, response, min(CHUNK, left), into)):
        into.write(piece)
        there.received += len(piece)
        left -= len(piece)
    more = not left and announced is None and _next(there, response, 1, into)
    if more:
        into.truncate(0)
        raise there.wrong(f"{blob.digest}: sends more than its {blob.size} bytes")
    if left:
        into.flush()
        raise Unreachable(
            Problem(
                message=f"breaks off: {left} bytes of {blob.digest} are missing",
                where=str(there.reference),
                hint=AGAIN,
            )
        )


def _next(there: Repository, response: requests.Response, size: int, into: BinaryIO) -> bytes:
    """The next bytes of a body."""
    try:
        return bytes(response.raw.read(size, decode_content=False))
    except (HTTPError, OSError) as error:
        into.flush()
        raise Unreachable(
            Problem(message=f"breaks off: {reason_of(error)}", where=str(there.reference), hint=AGAIN)
        ) from None


def _patiently(attempt: Callable[[], None]) -> None:
    """Attempt something again where nobody answers."""
    for number in range(1, ATTEMPTS + 1):
        try:
            attempt()
            return
        except Unreachable:
            if number == ATTEMPTS:
                raise
            time.sleep(PAUSE * 2 ** (number - 1))
