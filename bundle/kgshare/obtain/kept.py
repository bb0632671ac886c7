"""What was fetched before: files in kgshare's cache by their SHA-256, which of them an address gave last, and pieces of one.

Deleting any of it costs nothing but fetching it again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.cache import sha256_of

KEEP = 4  # files; the oldest go


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What an address gave: the file, and how the server tells it from another (RFC 9110, validators)."""

    etag: str = ""
    modified: str = ""
    sha256: str = ""

    @property
    def validator(self) -> str:
        """What may stand in ``If-Range``: a strong tag, else the time."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


@dataclass(frozen=True)
class Kept:
    """The folder ``obtained`` of the cache."""

    root: Path

    def file(self, sha256: str) -> Path | None:
        """The file with this SHA-256, read and found right; others may lie beside it, as what it was completed to."""
        folder = self.root / "files" / sha256
        if not sha256 or not folder.is_dir():
            return None
        for file in folder.iterdir():
            if file.is_file() and sha256_of(file) == sha256:
                os.utime(folder)
                return file
        return None

    def take(self, part: Path, sha256: str, name: str) -> Path:
        """Take a whole file in; the oldest of more than `KEEP` go."""
        folder = self.root / "files" / sha256
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / name
        part.replace(file)
        os.utime(folder)
        prune(folder.parent)
        return file

    def part(self, url: str) -> Path:
        """Where the pieces of what an address gives are put together."""
        folder = self.root / "parts"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / _key(url)

    def seen(self, url: str, what: str = "addresses") -> Seen:
        """What was noted of an address, or of the pieces of what it gives."""
        try:
            return Seen(**json.loads((self.root / what / f"{_key(url)}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Seen()

    def note(self, url: str, seen: Seen, what: str = "addresses") -> None:
        """Note it."""
        write_aside(self.root / what / f"{_key(url)}.json", json.dumps(asdict(seen)))


def prune(folder: Path, keep: int = KEEP) -> None:
    """Remove all but the newest folders of one."""
    there = [each for each in folder.iterdir() if each.is_dir()]
    for old in sorted(there, key=lambda each: each.stat().st_mtime)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
