"""The canonical text that a bundle holds."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import zstandard

from kgshare.canonical.text import CanonicalDigest, digest
from kgshare.errors import BundleError, Problem, SeedError
from kgshare.untar import unpack

if TYPE_CHECKING:
    from kgshare.bundle import Bundle

# Packed as the layers are; a bundle of an older kgshare has it plain.
PACKED, GRAPH, FOLDER = "graph.tar.zst", "graph.tar", "graph"
MOST = 64 << 30  # bytes of the text, as much as all layers may have
CHANGES_TAR, CHANGES = "changes.tar", "changes"


def unpack_graph(bundle: Bundle, to: Path) -> CanonicalDigest:
    """Write the canonical text that a verified bundle holds to ``to``/graph; its digests.

    Raises:
        BundleError: it holds no graph, or one that is not the text that its index says.
    """
    try:
        with graph_of(bundle, to) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            unpack(tar, to)
        return digest(to / FOLDER)
    except (tarfile.TarError, zstandard.ZstdError, OSError, ValueError, SeedError) as error:
        where = f"{bundle.path.name}: {PACKED if PACKED in bundle.files else GRAPH}"
        raise BundleError(Problem(message=f"it holds no canonical text: {error}", where=where)) from None


@contextmanager
def graph_of(bundle: Bundle, to: Path) -> Iterator[IO[bytes]]:
    """The tar of a bundle's canonical text, unpacked as it is read.

    Args:
        bundle: a verified bundle.
        to: a folder on the disk that it is to be written to.

    Raises:
        BundleError: there is none in it, or two.
        ValueError: it does not say how large it becomes, or becomes larger than a text or the disk is.
        zstandard.ZstdError: it is not packed as it must be.
    """
    if PACKED not in bundle.files:
        yield io.BytesIO(bundle.read_file(GRAPH))
        return
    if GRAPH in bundle.files:
        message = f"it holds both {PACKED} and {GRAPH}: which is the graph?"
        raise BundleError(Problem(message=message, where=bundle.path.name))
    data = bundle.read_file(PACKED)
    size = zstandard.frame_content_size(data)
    room = shutil.disk_usage(to).free
    if not 0 <= size <= MOST:
        raise ValueError(f"it says that it becomes {size} bytes, which no canonical text does")
    if size > room:
        raise ValueError(f"it becomes {size / 1e9:.1f} GB, and {room / 1e9:.1f} GB are free in {to}")
    # Never more than was announced: what is looked at is what comes out.
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as reader:
        yield reader


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
                unpack(tar, to, own)
        except (tarfile.TarError, OSError) as error:
            where = f"{bundle.path.name}: {CHANGES_TAR}"
            raise BundleError(Problem(message=f"it holds no change sets: {error}", where=where)) from None
    return to / CHANGES
