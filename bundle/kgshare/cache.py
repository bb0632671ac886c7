"""The input cache: files known by their SHA-256, fetched aside, verified, renamed, and verified again at each use."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from kgshare.aside import aside, write_aside
from kgshare.errors import FetchError
from kgshare.lock.model import Arch, Lock, Locked
from kgshare.progress import Progress


def sha256_of(file: Path) -> str:
    """A file's SHA-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Cache:
    """A content-addressed store in ``root/inputs/sha256``; deleting it costs nothing but time."""

    root: Path

    def place(self, sha256: str) -> Path:
        """Where a file with this SHA-256 lies or would lie."""
        return self.root / "inputs" / "sha256" / sha256[:2] / sha256

    def path(self, sha256: str) -> Path | None:
        """The file with this SHA-256, or None; it is not read (see `verify`)."""
        place = self.place(sha256)
        return place if place.is_file() else None

    def add(self, source_file: Path, sha256: str) -> Path:
        """Take a file in under its SHA-256: copied aside, compared, renamed.

        Raises:
            FetchError: the file has another SHA-256.
        """
        place = self.place(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        with aside(place) as path:
            with path.open("wb") as out, source_file.open("rb") as stream:
                shutil.copyfileobj(stream, out, 1 << 20)
            if (found := sha256_of(path)) != sha256:
                raise FetchError(f"{source_file.name} has SHA-256 {found}, locked is {sha256}")
            path.chmod(0o444)
        return place

    def verify(self, sha256: str) -> Path:
        """The file, read again and found right.

        Raises:
            FetchError: it is not there, or was altered (then it is removed, so that it is fetched again).
        """
        place = self.place(sha256)
        if not place.is_file():
            raise FetchError(
                f"the input with SHA-256 {sha256} is not in the cache", hint="run `kgshare build` online"
            )
        if sha256_of(place) != sha256:
            place.unlink()
            raise FetchError(
                f"the cached input {place} was altered since it was fetched; it has been removed",
                hint="run the same command again: it is fetched anew",
            )
        return place

    def remember(self, kind: str, name: str, sha256: str) -> None:
        """Note which file a released name is, e.g. a Maven coordinate: a release never changes, so it is read once."""
        note = self._note(kind, name)
        write_aside(note, sha256)

    def remembered(self, kind: str, name: str) -> Path | None:
        """The file that was noted for a name, verified; None where there is none (or none that is whole)."""
        note = self._note(kind, name)
        try:
            return self.verify(note.read_text(encoding="ascii")) if note.is_file() else None
        except (FetchError, UnicodeDecodeError):
            return None

    def _note(self, kind: str, name: str) -> Path:
        return self.root / "inputs" / kind / name.replace(":", "_").replace("/", "_")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The locked files of one architecture, all in the cache.

    Attributes:
        cache: where they lie.
        lock: the lock they belong to; another than was asked for where a Debian version had gone from the mirror.
        anew: what was locked anew then, ``base: name old → new`` each; the lock is to be written if there is any.
        fetched: how many files were not in the cache before.
    """

    cache: Cache
    lock: Lock
    anew: tuple[str, ...] = ()
    fetched: int = 0
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)

    def path(self, item: Locked) -> Path:
        """The file of a locked input, verified: read whole at its first use in this process, and again if it changed.

        Raises:
            FetchError: it is not there, or not what was locked.
        """
        place = self.cache.path(item.sha256)
        if place and self._seen.get(item.sha256) == _stamp(place):
            return place
        place = self.cache.verify(item.sha256)
        self._seen[item.sha256] = _stamp(place)
        return place


def _stamp(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_size, state.st_mtime_ns


def fetch(
    lock: Lock, arch: Arch, cache: Cache, *, progress: Progress, locked: bool, offline: bool = False,
    target: bool = False,
) -> Inputs:  # fmt: skip
    """Have every input of one architecture in the cache: `kgshare.lock.fetch.fetch`, which see."""
    from kgshare.lock.fetch import fetch as fetch_all  # it needs this module

    return fetch_all(lock, arch, cache, progress=progress, locked=locked, offline=offline, target=target)
