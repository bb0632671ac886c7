"""A file by its address: over HTTPS into kgshare's cache, aside, gone on with where it broke off, kept by its SHA-256.

HTTP's own words for that: ranges and conditions (RFC 9110). Proxies, certificates and ``.netrc`` are the user's (`session`).
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests

from kgshare.errors import MachineError, ObtainError, Problem
from kgshare.obtain.address import Address, shown, without_login
from kgshare.obtain.kept import Kept, Seen
from kgshare.obtain.looks import HEAD, require_bundle
from kgshare.obtain.session import TIMEOUT, said, session
from kgshare.places import cache_dir
from kgshare.progress import Progress
from kgshare.turn import wait_for

LIMIT = 64 << 30  # bytes: no bundle is as large, and a server that never ends fills no disk
TRIES = 5  # in a row that brought nothing
CHUNK = 1 << 16  # bytes; of a piece that does not come whole nothing is kept
PASSING = frozenset({408, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _Broken(Exception):
    """The connection ended before the file did."""


def fetch(address: Address, *, progress: Progress, limit: int = LIMIT, pause: float = 1.0) -> Path:
    """The file that an address gives; one that is held already is not fetched again.

    Args:
        address: of kind ``web``.
        progress: says how far it is.
        limit: bytes that a file may have.
        pause: seconds before it is tried again.

    Raises:
        ObtainError: there is no such file, it is no bundle, not the one that was meant, or the connection broke off for good;
            what has come is kept then, and the same command goes on from there.
        MachineError: the disk has no room for it.
    """
    kept = Kept(cache_dir() / "obtained")
    if address.sha256 and (held := kept.file(address.sha256)):
        progress.say(f"{held.name} is here already")
        return held
    name = _name(address.url)
    with progress.stage(f"fetch {name} from {urlsplit(address.url).hostname}"), session() as web:
        getting = _Getting(web, address, kept, progress, limit, name)
        with getting.part.with_suffix(".lock").open("ab") as lock:
            wait_for(lock, lambda: progress.say(f"another kgshare fetches {name}: waiting for it"))
            file = getting.persist(pause)
    if getting.unchanged:
        progress.say(f"{file.name} is here already, and unchanged there")
    return file


class _Getting:
    """One file on its way."""

    def __init__(
        self, web: requests.Session, address: Address, kept: Kept, progress: Progress, limit: int, name: str
    ) -> None:
        self.web, self.address, self.kept, self.progress = web, address, kept, progress
        self.limit, self.name = limit, name
        self.part = kept.part(address.url)
        self.unchanged = False

    def persist(self, pause: float) -> Path:
        """Try until it is there, or nothing comes any more."""
        left, size = (
            TRIES,
            self._size(),
        )  # the most there was: a server that begins anew may break off earlier
        while True:
            try:
                return self._once()
            except (_Broken, requests.ConnectionError, requests.Timeout) as error:
                left = TRIES if self._size() > size else left - 1
                size = max(size, self._size())
                if left <= 0 or isinstance(
                    error, requests.exceptions.SSLError | requests.exceptions.ProxyError
                ):
                    raise self._gone(error, size) from None
                if not size and isinstance(error, requests.ConnectionError):
                    raise self._gone(error, size) from None
            except requests.RequestException as error:
                raise ObtainError(
                    Problem(message=f"cannot be asked for: {without_login(said(error))}", where=self.where)
                ) from None
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    self.part.unlink(missing_ok=True)
                raise
            time.sleep(pause)

    def _once(self) -> Path:
        size = self._size()
        before, begun = self.kept.seen(self.address.url), self.kept.seen(self.address.url, "parts")
        headers = {}
        if size and begun.validator:
            headers = {"Range": f"bytes={size}-", "If-Range": begun.validator}
        elif before.sha256 and not self.address.sha256:
            headers = _conditions(before)
        with self.web.get(self.address.url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 304 and (held := self.kept.file(before.sha256)):
                self.unchanged = True
                return held
            if answer.status_code in (304, 416):  # what was noted is of use no more
                self.part.unlink(missing_ok=True)
                self.kept.note(self.address.url, Seen())
                raise _Broken("the server has another file by now")
            if answer.status_code in PASSING:
                raise _Broken(said(answer))
            if answer.status_code not in (200, 206):
                raise self._refused(answer)
            self._receive(answer, begun)
        return self._take(self.kept.seen(self.address.url, "parts"))

    def _receive(self, answer: requests.Response, begun: Seen) -> None:
        start, total = _extent(answer)
        if answer.status_code == 206 and start != self._size():
            self.part.unlink(missing_ok=True)
            raise _Broken("the server sent another part than was asked for")
        seen = Seen(etag=answer.headers.get("ETag", ""), modified=answer.headers.get("Last-Modified", ""))
        if answer.status_code == 200:
            self.kept.note(self.address.url, seen, "parts")
        self._require_room(total, start)
        with self.part.open("ab" if answer.status_code == 206 else "wb") as out, _broken():
            done, told = start, -1
            for chunk in self._pieces(answer, judged=bool(start)):
                out.write(chunk)
                done += len(chunk)
                if done > self.limit:
                    raise self._too_large(done)
                if told != (told := done // 1_000_000):
                    of = f" of {total / 1e6:.0f}" if total else ""
                    self.progress.update(f"fetch {self.name}  {told}{of} MB")
        if total and done != total:
            raise _Broken(f"{done} of {total} bytes came")

    def _pieces(self, answer: requests.Response, *, judged: bool) -> Iterator[bytes]:
        """The body; what shows in its first bytes that this is no bundle ends it, however small the pieces come."""
        head = b""
        for chunk in answer.iter_content(CHUNK):
            if judged:
                yield chunk
                continue
            head += chunk
            if len(head) >= HEAD:
                self._judge(answer, head)
                judged = True
                yield head
        if not judged:
            self._judge(answer, head)
            yield head

    def _judge(self, answer: requests.Response, head: bytes) -> None:
        require_bundle(head, answer.headers.get("Content-Type", ""), self.where)

    def _take(self, seen: Seen) -> Path:
        with self.part.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if self.address.sha256 and found != self.address.sha256:
            self.part.unlink()
            hint = "it was exchanged, or the address is of another one: ask whoever gave it to you"
            message = f"is another file than was meant: its SHA-256 is {found}"
            raise ObtainError(Problem(message=message, where=self.where, hint=hint))
        file = self.kept.take(self.part, found, self.name)
        if seen.etag or seen.modified:
            self.kept.note(self.address.url, replace(seen, sha256=found))
        return file

    def _require_room(self, total: int, start: int) -> None:
        if total > self.limit:
            raise self._too_large(total)
        free = shutil.disk_usage(self.part.parent).free
        if total - start > free:
            message = f"it has {total / 1e9:.1f} GB, of which {(total - start) / 1e9:.1f} are to come, and only {free / 1e9:.1f} are free"
            hint = "make room, or name a folder on another disk in KGSHARE_CACHE"
            raise MachineError(Problem(message=message, where=str(self.part.parent), hint=hint))

    def _too_large(self, size: int) -> ObtainError:
        self.part.unlink(missing_ok=True)
        message = f"has {size / 1e9:.1f} GB or more; {self.limit / 1e9:.0f} is the most that is fetched"
        return ObtainError(Problem(message=message, where=self.where))

    def _refused(self, answer: requests.Response) -> ObtainError:
        hints = {
            401: "it wants a user: name one in ~/.netrc, or fetch it with a browser and name the file",
            403: "you may not have it, or the address was for a while only: ask whoever gave it to you",
            404: "see that the address is complete, or ask whoever gave it to you",
            410: "it was taken away: ask whoever gave it to you",
        }
        message = f"the server answers {said(answer)}"
        return ObtainError(Problem(message=message, where=self.where, hint=hints.get(answer.status_code, "")))

    def _gone(self, error: Exception, size: int) -> ObtainError:
        reason = said(error)
        if not size:
            hint = "see that the address is right and this machine reaches it; proxies are taken from HTTPS_PROXY"
            return ObtainError(Problem(message=f"cannot be reached: {reason}", where=self.where, hint=hint))
        message = f"the connection ended after {size / 1e6:.1f} MB: {reason}"
        hint = "what came is kept: the same command goes on from there, where the server allows it"
        return ObtainError(Problem(message=message, where=self.where, hint=hint))

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    @property
    def where(self) -> str:
        return shown(self.address.url)


@contextmanager
def _broken() -> Iterator[None]:
    """What requests raises amid a body."""
    try:
        yield
    except requests.exceptions.ChunkedEncodingError as error:
        raise _Broken(said(error)) from None


def _conditions(seen: Seen) -> dict[str, str]:
    names = {"If-None-Match": seen.etag, "If-Modified-Since": "" if seen.etag else seen.modified}
    return {name: value for name, value in names.items() if value}


def _extent(answer: requests.Response) -> tuple[int, int]:
    """Where the body starts, and how long the whole file is; 0 where the server does not say."""
    if answer.status_code == 206:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        return (int(found[1]), 0 if found[2] == "*" else int(found[2])) if found else (-1, 0)
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() and "Content-Encoding" not in answer.headers else 0


def _name(url: str) -> str:
    """What the file is called here: as its address ends, as far as that is a name of a file."""
    name = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    return re.sub(r"[^\w.+-]", "_", name).lstrip(".")[:120] or "bundle.kgshare.tar"
