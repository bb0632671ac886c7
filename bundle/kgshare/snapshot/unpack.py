"""The canonical text that a bundle holds."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from kgshare.canonical.text import CanonicalDigest, digest
from kgshare.errors import BundleError, Problem, SeedError

if TYPE_CHECKING:
    from kgshare.bundle import Bundle

GRAPH, FOLDER = "graph.tar", "graph"


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
