"""Whether a folder holds the canonical text that its index says; what was found right once is not hashed again.

As Git does with its index: a file whose size, times and number on the disk are as they were is the file it was. So looking at a
large snapshot costs what changed in it, and an edited file is noticed all the same.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path

from kgshare.aside import write_aside
from kgshare.canonical.text import CanonicalDigest, digest, read_digest
from kgshare.places import cache_dir

SCHEMA = "kgshare.verified/v1"
# A file that was written so many seconds ago could be written again within one tick of the disk's clock.
SETTLED = 2.0


def verified(folder: Path) -> CanonicalDigest:
    """The digests of a canonical text, every file being what the index says.

    Raises:
        SeedError: a file is missing, altered, cut off, or not in the index.
    """
    folder = folder.resolve()
    note = cache_dir() / "verified" / f"{hashlib.sha256(str(folder).encode()).hexdigest()[:32]}.json"
    before = _read(note)
    stats = {file.path: _stat(folder / file.path) for file in read_digest(folder).files}
    known = {
        path: str(before[path][1])
        for path, stat in stats.items()
        if stat and path in before and before[path][0] == stat
    }
    found = digest(folder, known)
    begun = time.time() - SETTLED
    rows = {
        file.path: [stat, file.sha256]
        for file in found.files
        if (stat := stats[file.path]) and stat[1] < begun * 1e9 and stat[2] < begun * 1e9
    }
    if rows != before:
        with suppress(OSError):  # where nothing can be noted, it is hashed again next time
            write_aside(note, json.dumps({"schema": SCHEMA, "files": rows}))
    return found


def _stat(file: Path) -> list[int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _read(note: Path) -> dict[str, list[object]]:
    try:
        data = json.loads(note.read_text(encoding="utf-8"))
        return dict(data["files"]) if data["schema"] == SCHEMA else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
