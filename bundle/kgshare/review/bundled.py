"""What a bundle says of its graph: the manifest, the canonical text, and the change sets that are in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kgshare.changes.order import Folder, read_whole_folder
from kgshare.changes.present import Base
from kgshare.project import MANIFEST, Manifest
from kgshare.snapshot.unpack import FOLDER, unpack_changes, unpack_graph


@dataclass(frozen=True, kw_only=True)
class Bundled:
    """A bundle's graph, unpacked.

    Attributes:
        manifest: of its project.
        base: the text and the change sets that are in it.
        sets: these, with those that were folded.
    """

    manifest: Manifest
    base: Base
    sets: Folder


@contextmanager
def bundled(file: Path) -> Iterator[Bundled]:
    """A bundle's graph, for as long as the context lasts.

    Raises:
        BundleError: the bundle is refused, or holds no graph.
        ChangeError: its change sets are none.
    """
    from kgshare.bundle import read_bundle
    from kgshare.stack.source import manifest_of

    bundle = read_bundle(file, deep=False)
    manifest = manifest_of(bundle.read_file(MANIFEST), file.name)
    with tempfile.TemporaryDirectory(prefix="kgshare-bundle-") as folder:
        unpack_graph(bundle, Path(folder))
        sets = read_whole_folder(unpack_changes(bundle, Path(folder)), manifest.name)
        base = Base(text=Path(folder) / FOLDER, applied=sets.applied)
        yield Bundled(manifest=manifest, base=base, sets=sets)
