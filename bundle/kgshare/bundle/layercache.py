"""Layers, compressed once: a cache from the digest of an uncompressed layer to its compressed blob."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from kgshare.bundle.model import CHUNK, LayerBlob
from kgshare.errors import BuildError, Problem

# docs/decisions/051: beyond 9 zstd takes twice the time for two per cent.
LEVEL = 9


@dataclass(frozen=True, kw_only=True)
class LayerSource:
    """A layer inside an archive: ``size`` bytes at ``offset`` of ``path``, compressed with gzip, zstd or nothing."""

    diff_id: str
    path: Path
    offset: int
    size: int
    compression: str = ""


class LayerCache:
    """A folder of compressed layers, named by the digests of what they unpack to and of themselves.

    The bytes depend on the level and on zstd's version, so these name a folder each; the number of threads does not
    change them as long as zstd's threaded mode is used at all.
    """

    def __init__(self, folder: Path) -> None:
        version = ".".join(str(part) for part in zstandard.ZSTD_VERSION)
        self.folder = folder / f"zstd-{version}-{LEVEL}"

    def compress(self, source: LayerSource) -> LayerBlob:
        """The compressed layer, from the cache where its file still has its digest; the uncompressed one is checked.

        Raises:
            BuildError: the layer in the archive is not the one its image names, or cannot be read or written.
        """
        try:
            return self._find(source.diff_id) or self._make(source)
        except (OSError, zlib.error, zstandard.ZstdError, ValueError) as error:
            hint = "run the same command again; see that there is room on the disk"
            reason = f"layer {source.diff_id}: {error}"
            raise BuildError(Problem(message=reason, where=str(source.path), hint=hint)) from error

    def _find(self, diff_id: str) -> LayerBlob | None:
        for path in sorted(self.folder.glob(f"{diff_id.removeprefix('sha256:')}.*.zst")):
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                stream.seek(0)
                start = stream.read(32)
            if path.name.split(".")[1] == digest:
                return _blob(diff_id, digest, zstandard.frame_content_size(start), path)
            path.unlink(missing_ok=True)
        return None

    def _make(self, source: LayerSource) -> LayerBlob:
        self.folder.mkdir(parents=True, exist_ok=True)
        unpacked = source.size if not source.compression else sum(len(piece) for piece in pieces(source))
        handle, name = tempfile.mkstemp(
            prefix=".new-", dir=self.folder
        )  # what it is called is known at the end
        aside = Path(name)
        try:
            with os.fdopen(handle, "w+b") as stream:
                digest = _compress(source, unpacked, stream)
            path = self.folder / f"{source.diff_id.removeprefix('sha256:')}.{digest}.zst"
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        return _blob(source.diff_id, digest, unpacked, path)


def _blob(diff_id: str, digest: str, unpacked: int, path: Path) -> LayerBlob:
    size = path.stat().st_size
    return LayerBlob(diff_id=diff_id, digest=f"sha256:{digest}", size=size, unpacked=unpacked, path=path)


def _compress(source: LayerSource, unpacked: int, out: BinaryIO) -> str:
    """Compress into ``out`` and return the hexadecimal digest of what was written."""
    hasher = hashlib.sha256()
    engine = zstandard.ZstdCompressor(level=LEVEL, threads=os.cpu_count() or 1)
    with engine.stream_writer(out, size=unpacked, closefd=False) as writer:
        for piece in pieces(source):
            hasher.update(piece)
            writer.write(piece)
    if f"sha256:{hasher.hexdigest()}" != source.diff_id:
        raise ValueError(f"its bytes have the digest sha256:{hasher.hexdigest()}")
    out.flush()
    out.seek(0)
    return hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]


def pieces(source: LayerSource) -> Iterator[bytes]:
    """The uncompressed bytes of a layer, a piece at a time.

    Raises:
        ValueError, zlib.error, zstandard.ZstdError: they cannot be had.
    """
    if source.compression == "gzip":
        engine = zlib.decompressobj(16 + zlib.MAX_WBITS)
        for piece in _raw(source):
            yield engine.decompress(piece)
        yield engine.flush()
    elif source.compression == "zstd":
        unzstd = zstandard.ZstdDecompressor().decompressobj()
        for piece in _raw(source):
            yield unzstd.decompress(piece)
    else:
        yield from _raw(source)


def _raw(source: LayerSource) -> Iterator[bytes]:
    with source.path.open("rb") as stream:
        stream.seek(source.offset)
        left = source.size
        while left:
            piece = stream.read(min(left, CHUNK))
            if not piece:
                raise ValueError("the archive ends in the middle of it")
            left -= len(piece)
            yield piece
