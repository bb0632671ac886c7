"""``kgshare snapshot``: a graph as a folder of sorted text, wherever it is now."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.canonical.text import INDEX, read_digest
from kgshare.errors import UsageError
from kgshare.progress import Progress
from kgshare.snapshot.source import STACK, opened


@dataclass(frozen=True, kw_only=True)
class SnapshotReport:
    """What was written.

    Attributes:
        folder: where the text stands.
        source: what it is of.
        digest: of the graph, ``sha256:…``: equal if and only if graphs are.
        nodes: how many by label; relationships by type.
        seconds: how long it took.
    """

    schema: ClassVar[str] = "snapshot"
    folder: Path
    source: str
    digest: str
    nodes: Mapping[str, int]
    relationships: Mapping[str, int]
    seconds: float

    def text(self) -> str:
        """For a person."""
        counts = f"{sum(self.nodes.values()):,} nodes, {sum(self.relationships.values()):,} relationships"
        return f"{self.folder}: {counts} of {self.source} in {self.seconds:.1f} s\n{self.digest}"


def snapshot(
    source: str | None, out: Path | None, *, build: bool = False, progress: Progress
) -> SnapshotReport:
    """Write the canonical text of a graph.

    Args:
        source: as `kgshare.snapshot.source.opened` takes it; the running stack when not given.
        out: the folder; ``PROJECT-DIGEST`` in the current folder when not given. A snapshot that stands there is
            replaced as a whole; nothing else is.
        build: seed what is of a project or a revision and was not seeded before.
        progress: says what takes time.

    Raises:
        UsageError: there is no such source, or the folder holds something else.
        KgshareError: as `opened` raises it.
    """
    began = time.monotonic()
    if out is not None:
        require_ours(out)
    with opened(source or STACK, build=build, progress=progress) as graph:
        target = out or Path(f"{graph.project or 'graph'}-{graph.digest[:12]}")
        require_ours(target)
        place(graph.folder, target)
        found = read_digest(target)
    return SnapshotReport(
        folder=target, source=graph.name, digest=f"sha256:{found.sha256}", nodes=found.count("nodes"),
        relationships=found.count("relationships"), seconds=round(time.monotonic() - began, 2),
    )  # fmt: skip


def require_ours(folder: Path) -> None:
    """See that a folder can become a snapshot: it is not there, empty, or a snapshot.

    Raises:
        UsageError: it holds something else.
    """
    there = folder.exists() or folder.is_symlink()
    empty = folder.is_dir() and not any(folder.iterdir())
    if there and not empty and not (folder / INDEX).is_file():
        raise UsageError(f"{folder} is there, and is no snapshot", hint="name another folder with --output")


def place(text: Path, target: Path) -> None:
    """Copy a canonical text to a folder, aside and then renamed; a snapshot that was there is gone only then."""
    if target.exists() and text.resolve() == target.resolve():
        return
    parent = target.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=parent) as made:
        aside, old = Path(made) / "new", Path(made) / "old"
        shutil.copytree(text, aside)
        if target.exists():
            target.rename(old)
        aside.rename(target)
