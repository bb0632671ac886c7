"""``kgshare cache show`` and ``empty``: what the cache holds, and the part of it that only saves fetching bundles again."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.bundle import Held
from kgshare.places import cache_dir

HOLDS = {
    "inputs": "locked inputs of builds, each verified whenever it is used",
    "steps": "results of build steps",
    "layers": "compressed layers of images",
    "blobs": "parts of bundles that were fetched",
    "pulls": "blobs of bundles that did not come whole",
    "obtained": "bundles and repositories that were fetched from an address",
    "completed": "bundles that were made of deltas",
    "bundles": "where bundles lie that were read here",
}
OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class CachePart:
    """A folder of the cache: how many files are below it, and their bytes."""

    name: str
    files: int
    size: int


@dataclass(frozen=True, kw_only=True)
class CacheShowReport:
    """What the cache holds.

    Attributes:
        folder: where it is.
        parts: its folders; ``other`` are all that are not named.
        bundles: the bundle files that were read here and are as they were: a delta may need one.
    """

    schema: ClassVar[str] = "cache-show"
    folder: Path
    parts: tuple[CachePart, ...]
    bundles: tuple[Path, ...]

    def text(self) -> str:
        """One line a folder, then the bundles."""
        rows = [
            f"  {part.name:<8} {part.size / 1e6:9.1f} MB  {HOLDS.get(part.name, 'small things that are remembered')}"
            for part in self.parts
        ]
        seen = ["", "bundles that a delta may need:", *(f"  {path}" for path in self.bundles)]
        return "\n".join([str(self.folder), *rows, *(seen if self.bundles else ())])


@dataclass(frozen=True, kw_only=True)
class CacheEmptyReport:
    """How many bytes of what was fetched were removed; bundle files elsewhere stay, but are no longer known."""

    schema: ClassVar[str] = "cache-empty"
    folder: Path
    size: int

    def text(self) -> str:
        """One line."""
        return f"{self.size / 1e6:.1f} MB that were fetched removed; no bundle is remembered"


def show_cache() -> CacheShowReport:
    """What the cache holds; nothing is read but sizes."""
    root = cache_dir()
    sizes = dict.fromkeys((*HOLDS, OTHER), (0, 0))
    for folder, _, files in os.walk(root):
        parts = Path(folder).relative_to(root).parts
        name = parts[0] if parts and parts[0] in HOLDS else OTHER
        for file in files:
            try:
                size = (Path(folder) / file).lstat().st_size
            except OSError:  # gone meanwhile
                continue
            sizes[name] = (sizes[name][0] + 1, sizes[name][1] + size)
    return CacheShowReport(
        folder=root,
        parts=tuple(CachePart(name=name, files=count, size=size) for name, (count, size) in sizes.items()),
        bundles=tuple(seen.path for seen in Held().seen()),
    )


def empty_cache() -> CacheEmptyReport:
    """Remove blobs and bundles that were fetched, and forget which bundles were read here.

    Inputs and results of builds stay: they cost far more to make again, and whoever wants that removes the folder.
    """
    root = cache_dir()
    size = Held().empty()
    for name in ("pulls", "obtained", "completed"):
        size += sum(file.lstat().st_size for file in (root / name).rglob("*") if file.is_file())
        shutil.rmtree(root / name, ignore_errors=True)
    return CacheEmptyReport(folder=root, size=size)
