"""The blobs this machine already has, by digest: what need not be sent to it again.

They lie in a folder of blobs in the cache, in the cache of compressed layers, and in the bundle files that were read here
before, of which path and places are remembered. None of these is believed: a blob is read and hashed before it is said to
be here, so a file that has gone or was altered is simply not used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kgshare.aside import aside, write_aside
from kgshare.bundle.model import CHUNK, Bundle
from kgshare.bundle.names import DIGEST
from kgshare.errors import BundleError, Problem
from kgshare.places import cache_dir

MOST = 4 << 30  # bytes in the folder of blobs; beyond, those used longest ago go
BUNDLES = 64  # bundle files remembered, the latest used


@dataclass(frozen=True, kw_only=True)
class HeldBlob:
    """Bytes that had their digest when they were looked at: ``size`` of them at ``offset`` of ``path``."""

    digest: str
    size: int
    path: Path
    offset: int = 0

    def pieces(self) -> Iterator[bytes]:
        """The bytes, hashed once more; the last piece is kept back until they are right.

        Raises:
            BundleError: the file was changed meanwhile.
        """
        hasher, left = hashlib.sha256(), self.size
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.offset)
                while left:
                    piece = stream.read(min(left, CHUNK))
                    left -= len(piece)
                    hasher.update(piece)
                    if not piece or (not left and f"sha256:{hasher.hexdigest()}" != self.digest):
                        break
                    yield piece
                else:
                    return
        except OSError:
            pass
        raise BundleError(
            Problem(
                message=f"no longer holds {self.digest}: it was changed in this moment",
                where=str(self.path),
                hint="run the same command again",
            )
        )

    def read(self) -> bytes:
        """The bytes, for a small blob.

        Raises:
            BundleError: the file was changed meanwhile.
        """
        return b"".join(self.pieces())


@dataclass(frozen=True, kw_only=True)
class SeenBundle:
    """A bundle file that was read here: where it was, which bundle it is, and where in it each blob lies."""

    path: Path
    digest: str
    name: str
    version: str
    blobs: dict[str, tuple[int, int]]


class Held:
    """What is here.

    Args:
        root: the cache's folder; this user's when not given.
        also: verified bundles that are to be looked into first.
    """

    def __init__(self, root: Path | None = None, also: Sequence[Bundle] = ()) -> None:
        self._root = root or cache_dir()
        self._given = tuple(also)

    def looking_into(self, bundle: Bundle) -> Held:
        """The same, with one more verified bundle that is looked into first."""
        return Held(self._root, (bundle, *self._given))

    @property
    def blobs(self) -> Path:
        """The folder of blobs."""
        return self._root / "blobs" / "sha256"

    def find(self, digest: str, size: int | None = None) -> HeldBlob | None:
        """A blob that is here, read and found right just now; None where there is none.

        Args:
            digest: ``sha256:…``.
            size: bytes it must have, where that is known.
        """
        if not DIGEST.fullmatch(digest):
            return None
        for blob in self._places(digest):
            if size in (None, blob.size) and _is_right(blob):
                if blob.path.parent == self.blobs:
                    os.utime(blob.path)  # what was used last stays longest
                return blob
        return None

    def take(self, digest: str, pieces: Iterable[bytes]) -> HeldBlob:
        """Take a blob in: written aside, compared, renamed. Beyond its bound the folder loses what was used longest ago.

        Raises:
            BundleError: the bytes are not those of the digest.
            OSError: there is no room.
        """
        place = self.blobs / digest.removeprefix("sha256:")
        place.parent.mkdir(parents=True, exist_ok=True)
        hasher, size = hashlib.sha256(), 0
        with aside(place) as path:
            with path.open("wb") as out:
                for piece in pieces:
                    hasher.update(piece)
                    size += out.write(piece)
            if f"sha256:{hasher.hexdigest()}" != digest:
                raise BundleError(
                    Problem(message=f"what came has the digest sha256:{hasher.hexdigest()}", where=digest)
                )
        self._bound(place)
        return HeldBlob(digest=digest, size=size, path=place)

    def remember(self, bundle: Bundle) -> None:
        """Remember where a verified bundle lies; nothing is copied. A cache that cannot be written is no reason to stop."""
        seen = _seen(bundle)
        note = self._notes / f"{hashlib.sha256(str(seen.path).encode()).hexdigest()}.json"
        data = {**vars(seen), "path": str(seen.path), "stat": _stat(seen.path)}
        try:
            write_aside(note, json.dumps(data))
            for old in _latest_first(self._notes)[BUNDLES:]:
                old.unlink(missing_ok=True)
        except OSError:
            return

    def seen(self) -> Iterator[SeenBundle]:
        """Bundle files that were read here and have not been touched since, the latest first."""
        yield from map(_seen, self._given)
        for seen, stat in self._noted():
            with suppress(OSError):
                if stat == _stat(seen.path):
                    yield seen

    def last_seen(self, digest: str) -> Path | None:
        """Where a bundle was when it was last read here, whatever has become of the file."""
        return next((seen.path for seen, _ in self._noted() if seen.digest == digest), None)

    def _noted(self) -> Iterator[tuple[SeenBundle, list[int]]]:
        for note in _latest_first(self._notes):
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                data = json.loads(note.read_text(encoding="utf-8"))
                blobs = {str(d): (int(at), int(size)) for d, (at, size) in data["blobs"].items()}
                seen = SeenBundle(
                    path=Path(data["path"]), digest=data["digest"], name=data["name"], version=data["version"],
                    blobs=blobs,
                )  # fmt: skip
                yield seen, data["stat"]

    def empty(self) -> int:
        """Forget every bundle file and remove every blob of the folder; how many bytes that were."""
        gone = sum(path.stat().st_size for path in _latest_first(self.blobs))
        for path in (*_latest_first(self.blobs), *_latest_first(self._notes)):
            path.unlink(missing_ok=True)
        return gone

    @property
    def _notes(self) -> Path:
        return self._root / "bundles"

    def _places(self, digest: str) -> Iterator[HeldBlob]:
        """Where a blob may lie."""
        hexadecimal = digest.removeprefix("sha256:")
        files = [
            self.blobs / hexadecimal,
            *(self._root / "layers").glob(f"*/*.{hexadecimal}.zst"),  # kgshare.bundle.layercache
        ]
        for path in files:
            if path.is_file():
                yield HeldBlob(digest=digest, size=path.stat().st_size, path=path)
        for bundle in self.seen():
            if digest in bundle.blobs:
                offset, size = bundle.blobs[digest]
                yield HeldBlob(digest=digest, size=size, path=bundle.path, offset=offset)

    def _bound(self, but: Path) -> None:
        size = 0
        for path in _latest_first(self.blobs):
            size += path.stat().st_size
            if size > MOST and path != but:
                path.unlink(missing_ok=True)


def _seen(bundle: Bundle) -> SeenBundle:
    blobs = {digest: (ref.offset, ref.size) for digest, ref in bundle.blobs.items()}
    return SeenBundle(
        path=bundle.path.resolve(),
        digest=bundle.digest,
        name=bundle.name,
        version=bundle.version,
        blobs=blobs,
    )


def _is_right(blob: HeldBlob) -> bool:
    try:
        for _ in blob.pieces():
            pass
    except BundleError:
        return False
    return True


def _stat(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _latest_first(folder: Path) -> list[Path]:
    try:
        files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
        return sorted(files, key=lambda p: p.stat().st_mtime_ns, reverse=True)
    except OSError:
        return []
