"""What corrections changed in a store, as a layer of its own: not whole files, of which a few pages differ, but the pages.

So the layer below, the store without them, is the same in every version that differs in corrections only
(docs/decisions/204). The database's entry point lays the pages over it before the store is opened for the first time
(``java/Corrections.java``, which says how list and pages are written).
"""

from __future__ import annotations

import re
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from kgshare.errors import BuildError
from kgshare.images.layers import Layer

PAGE = 8192  # bytes, Neo4j's own page; any size would do
STRETCH = 1 << 20  # bytes compared at a time
DATA, OVER = "data", "data/over"
OWNER = 7474
_PATH = re.compile(r"[A-Za-z0-9_.+-]+(/[A-Za-z0-9_.+-]+)*")


def corrections_layer(upstream: Path, store: Path, epoch: int, out: Path) -> None:
    """Write the layer that makes one store of another.

    Args:
        upstream: the tar of the store without corrections, below ``data``.
        store: the tar of the store with them.
        epoch: the time of the layer's files.
        out: the layer.

    Raises:
        BuildError: a file of the store has a name that the list cannot hold.
    """
    with tempfile.TemporaryDirectory(prefix="kgshare-corrections-", dir=out.parent) as scratch:
        pages = Path(scratch) / "pages"
        with tarfile.open(upstream) as old, tarfile.open(store) as new, pages.open("wb") as sink:
            lines = list(_lines(old, new, sink))
        with Layer(out, epoch, owner=OWNER) as layer:
            layer.folder(DATA, 0o750)
            layer.folder(OVER, 0o750)
            layer.text(f"{OVER}/list", "".join(f"{line}\n" for line in lines))
            layer.file(f"{OVER}/pages", pages)


def _lines(old: tarfile.TarFile, new: tarfile.TarFile, sink: IO[bytes]) -> Iterator[str]:
    """The lines of the list, while the pages are written."""
    before, after = _files(old), _files(new)
    for path in sorted(before.keys() - after.keys()):
        yield f"{path}\t-"
    for path, member in sorted(after.items()):
        was = before.get(path)
        runs = list(_runs(old.extractfile(was) if was else None, new.extractfile(member), sink))
        if runs or was is None or was.size != member.size:
            yield "\t".join((path, str(member.size), *(f"{offset}+{length}" for offset, length in runs)))


def _files(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    found = {m.name.removeprefix("./").removeprefix(f"{DATA}/"): m for m in tar.getmembers() if m.isfile()}
    for path in found:
        if not _PATH.fullmatch(path) or ".." in path.split("/"):
            raise BuildError(f"Neo4j's store has a file with a name that kgshare does not expect: {path!r}")
    return found


def _runs(old: IO[bytes] | None, new: IO[bytes] | None, sink: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Offset and length of each run of pages that differ, which are written to ``sink``."""
    assert new is not None
    begun = at = 0
    while data := new.read(STRETCH):
        was = old.read(STRETCH) if old else b""
        for offset in range(0, len(data), PAGE):
            page = data[offset : offset + PAGE]
            if page == was[offset : offset + PAGE]:
                if begun < at + offset:
                    yield begun, at + offset - begun
                begun = at + offset + len(page)
            else:
                sink.write(page)
        at += len(data)
    if begun < at:
        yield begun, at - begun
