"""``kgshare complete``, and what `up` does with a delta: the whole bundle of it."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.bundle import complete, file_name, is_delta, read_delta
from kgshare.errors import UsageError
from kgshare.places import cache_dir
from kgshare.progress import Progress

KEEP = 4  # completed bundles in the cache; the oldest go


@dataclass(frozen=True, kw_only=True)
class CompleteReport:
    """The bundle that was made of a delta.

    Attributes:
        bundle: where the file is.
        name: of the bundle, as ``version``.
        digest: SHA-256 of its index, from which everything in it is reachable.
        size: of the bundle, in bytes; ``delta``: of the delta.
        base: digest of the older bundle that the rest was taken from.
    """

    schema: ClassVar[str] = "complete"
    bundle: Path
    name: str
    version: str
    digest: str
    size: int
    delta: int
    base: str

    def text(self) -> str:
        """The file, and how much of it came."""
        return (
            f"{self.bundle}\n  {self.size / 1e6:.1f} MB, {self.digest}\n"
            f"  {self.delta / 1e6:.1f} MB of it came, the rest was here; `kgshare up {self.bundle.name}` starts it"
        )


def complete_bundle(
    delta: Path, *, base: Path | None, output: Path | None, progress: Progress
) -> CompleteReport:
    """Complete a delta.

    Args:
        delta: what ``build --since`` wrote.
        base: the older bundle; one that was read here before when not given.
        output: the folder for the bundle; the delta's when not given.
        progress: says what takes time.

    Raises:
        UsageError: the file is no delta.
        BundleError: it, or its base, is damaged or not here.
    """
    if delta.is_file() and not is_delta(delta):
        hint = f"`kgshare up {delta.name}` starts a bundle as it is"
        raise UsageError(f"{delta.name} is no delta", hint=hint)
    known = read_delta(delta)
    name = file_name(known.bundle.name, known.bundle.version)
    with progress.stage(f"complete {name}"):
        made = complete(delta, base=base, out=output / name if output else None)
    return CompleteReport(
        bundle=made.path, name=made.name, version=made.version, digest=made.digest, size=made.size,
        delta=known.size, base=known.base.digest,
    )  # fmt: skip


def _key(delta: Path) -> str:
    """What a completed bundle is kept by: its content, and who signed it."""
    known = read_delta(delta)
    return hashlib.sha256(known.bundle.digest.encode() + (known.signature or b"")).hexdigest()


def whole(file: Path, *, base: Path | None, progress: Progress) -> Path:
    """The file itself, or where it is a delta the bundle that is made of it, in kgshare's cache: nothing is left beside it.

    Raises:
        UsageError: a base is named for what is no delta.
        BundleError: the delta, or its base, is damaged or not here.
    """
    if file.is_file() and is_delta(file):
        root = cache_dir() / "completed"
        made = complete_bundle(
            file,
            base=base,
            output=root / _key(file),
            progress=progress,
        )
        made.bundle.parent.touch()
        for old in sorted(root.iterdir(), key=lambda each: each.stat().st_mtime)[:-KEEP]:
            shutil.rmtree(old, ignore_errors=True)
        return made.bundle
    if base:
        raise UsageError(f"--base goes with a delta, and {file.name or file} is none")
    return file
