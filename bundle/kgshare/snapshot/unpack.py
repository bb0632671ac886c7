"""The canonical text that a bundle holds."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from kgshare.canonical.text import CanonicalDigest, digest
from kgshare.errors import BundleError, Problem, SeedError

if TYPE_CHECKING:
    from kgshare.bundle import Bundle

GRAPH, FOLDER = "graph.tar", "graph"
CHANGES_TAR, CHANGES = "changes.tar", "changes"


def unpack_graph(bundle: Bundle, to: Path) -> CanonicalDigest:
    """Write the canonical text that a verified bundle holds to ``to``/graph; its digests.

    Raises:
        BundleError: it holds no graph, or one that is not the text that its index says.
    """
    data = bundle.read_file(GRAPH)
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            tar.extractall(to, filter="data")
        return digest(to / FOLDER)
    except (tarfile.TarError, OSError, ValueError, SeedError) as error:
        raise BundleError(
            Problem(message=f"it holds no canonical text: {error}", where=f"{bundle.path.name}: {GRAPH}")
        ) from None


def unpack_changes(bundle: Bundle, to: Path) -> Path:
    """Write the change sets that are in a verified bundle's graph to ``to``/changes, which is made or replaced.

    Raises:
        BundleError: what it holds is no tar.
    """
    shutil.rmtree(to / CHANGES, ignore_errors=True)
    (to / CHANGES).mkdir(parents=True)
    if CHANGES_TAR in bundle.files:
        try:
            with tarfile.open(fileobj=io.BytesIO(bundle.read_file(CHANGES_TAR))) as tar:
                own = [member for member in tar if member.name.startswith(f"{CHANGES}/")]
                tar.extractall(to, members=own, filter="data")
        except (tarfile.TarError, OSError) as error:
            where = f"{bundle.path.name}: {CHANGES_TAR}"
            raise BundleError(Problem(message=f"it holds no change sets: {error}", where=where)) from None
    return to / CHANGES
