"""An application's image that kgshare did not make: read from an archive, and held against the rules."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from kgshare.base.tree import Entry, Kind
from kgshare.bundle import ImageArchive, read_image_archive
from kgshare.bundle.layercache import LayerSource, pieces
from kgshare.bundle.layers import TarScan
from kgshare.bundle.model import sha256
from kgshare.errors import BuildError, ImageError, Problem
from kgshare.images.policy import merged, wrong_config, wrong_files


def image_digest(file: Path, name: str) -> str:
    """What an image is known by, whatever wrote its archive: the digest of its configuration, which names its layers.

    Raises:
        ImageError: the file is no archive of one image.
    """
    return sha256(_read(file, name).config)


def check_image(file: Path, name: str, *, platform: str, port: int, locked: str = "") -> None:
    """See that an image may be the application's.

    Args:
        file: its archive: an OCI layout in a tar, or what ``docker save`` writes.
        name: what messages call it.
        platform: what the bundle is for, as ``linux/amd64``.
        port: where the application listens.
        locked: the digest in the lock; empty where it was built just now.

    Raises:
        ImageError: it is another one than is locked, or breaks a rule; each is named.
    """
    image = _read(file, name)
    digest = sha256(image.config)
    if locked and digest != locked:
        hint = "`kgshare lock` takes the new one"
        message = f"is image {digest[:19]}, and {locked[:19]} is locked"
        raise ImageError(Problem(message=message, where=name, hint=hint))
    problems = [*wrong_config(json.loads(image.config), platform=platform, port=port)]
    try:
        for layer in image.layers:
            _scan(layer)
        problems += wrong_files(merged(entries_of(layer) for layer in image.layers))
    except (tarfile.TarError, ValueError, OSError) as error:
        raise ImageError(Problem(message=f"a layer cannot be read: {error}", where=name)) from None
    if problems:
        raise ImageError(
            *(Problem(message=p.message, where=_where(name, p.where), hint=p.hint) for p in problems)
        )


def _where(name: str, path: str) -> str:
    return f"{name}: {path}" if path else name


def _read(file: Path, name: str) -> ImageArchive:
    try:
        return read_image_archive(file)
    except BuildError as error:
        [problem] = error.problems
        raise ImageError(Problem(message=problem.message, where=name, hint=problem.hint)) from None


def _scan(layer: LayerSource) -> None:
    """See that a reader of the bundle will take the layer (`kgshare.bundle.layers`): the author learns it first."""
    scan = TarScan()
    for piece in pieces(layer):
        scan.feed(piece)
    scan.done()


def entries_of(layer: LayerSource) -> Iterator[Entry]:
    """What is in a layer, in its order; contents are not kept.

    Raises:
        ValueError, tarfile.TarError, OSError: it cannot be read, or holds a device.
    """
    with tarfile.open(fileobj=cast(io.BufferedIOBase, Pieces(layer)), mode="r|") as tar:
        for member in tar:
            path = member.name.removeprefix("./").strip("/")
            if path in ("", "."):
                continue
            if member.isdev():
                raise ValueError(f"{path} is a device")
            kind: Kind = "file"
            if member.isdir():
                kind = "folder"
            elif member.issym():
                kind = "link"
            elif member.islnk():
                kind = "hardlink"
            yield Entry(path=path, kind=kind, mode=member.mode, target=member.linkname)


class Pieces:
    """An uncompressed layer as something to read from; what was read of a piece is not copied again."""

    def __init__(self, layer: LayerSource) -> None:
        self._pieces, self._rest = pieces(layer), memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """The next bytes, fewer only at the end."""
        parts: list[memoryview] = []
        missing = size
        while missing:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
                continue
            taken = self._rest if size < 0 else self._rest[:missing]
            self._rest = self._rest[len(taken) :]
            parts.append(taken)
            missing -= len(taken) if size > 0 else 0
        return b"".join(parts)
