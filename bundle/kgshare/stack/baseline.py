"""What a stack's store held before anybody edited it: kept when a bundle is started, under the digest of its graph.

``baselines/DIGEST/`` in the state folder holds ``graph/`` (the canonical text), ``changes/`` (the change sets in it) and ``kgshare.yaml``. A store's name ends with the first
digits of that digest (`kgshare.stack.source.store_name`), so the baseline of an older volume is found as well.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgshare.errors import StackError
from kgshare.places import state_dir
from kgshare.project import MANIFEST, Manifest
from kgshare.stack.source import DIGITS, manifest_of, seed_report

if TYPE_CHECKING:
    from kgshare.bundle import Bundle

BASELINES, GRAPH, SEED_REPORT = "baselines", "graph", "seed.json"
CHANGES = "changes"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Where a stack began.

    Attributes:
        digest: of its graph, 64 hexadecimal digits.
        graph: the folder of its canonical text.
        manifest: of the bundle that was started; says what makes a record the same one.
        changes: the folder of the change sets that are in the graph; it may be missing.
    """

    digest: str
    graph: Path
    manifest: Manifest
    changes: Path


def keep(bundle: Bundle) -> Path:
    """Keep what a verified bundle says of its graph; the folder. What is there already is left as it is.

    Raises:
        BundleError: it holds no graph.
        StackError: the state folder cannot be written.
    """
    from kgshare.bundle.model import refuse
    from kgshare.snapshot.unpack import unpack_changes, unpack_graph

    digest = seed_report(bundle.read_file(SEED_REPORT), bundle.path.name).digest.removeprefix("sha256:")
    folder = _root() / digest
    manifest = bundle.read_file(MANIFEST)
    try:
        if not (folder / GRAPH).is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".part-", dir=folder.parent) as aside:
                if unpack_graph(bundle, Path(aside)).sha256 != digest:
                    raise refuse(bundle.path, SEED_REPORT, "is of another graph than the one in the bundle")
                _place(Path(aside) / GRAPH, folder)
        unpack_changes(bundle, folder)  # another bundle may make the same graph with others
        aside_ = folder / f".{MANIFEST}"
        aside_.write_bytes(manifest)
        aside_.replace(folder / MANIFEST)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "make room there or see whose it is, or name another folder in KGSHARE_STATE; then try again"
        raise StackError(f"{folder} cannot be written: {reason}", hint=hint) from None
    return folder


def find(store: str) -> Baseline | None:
    """The baseline of a store, by its name; None where none was kept here."""
    found = sorted(_root().glob(f"{store[-DIGITS:]}*")) if len(store) >= DIGITS else []
    for folder in found:
        if (folder / GRAPH).is_dir() and (folder / MANIFEST).is_file():
            manifest = manifest_of((folder / MANIFEST).read_bytes(), str(folder))
            return Baseline(
                digest=folder.name, graph=folder / GRAPH, manifest=manifest, changes=folder / CHANGES
            )
    return None


def forget_all_but(stores: Iterable[str]) -> None:
    """Remove the baselines that none of some stores began with."""
    used = {store[-DIGITS:] for store in stores}
    for folder in _root().iterdir() if _root().is_dir() else ():
        if folder.name[:DIGITS] not in used:
            shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return state_dir() / BASELINES


def _place(graph: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    try:
        graph.rename(folder / GRAPH)
    except OSError:
        if not (folder / GRAPH).is_dir():  # else another kgshare was quicker, with the same text
            raise
