"""A base out of an image: its verified blobs, one file system, held against the contract, one tar."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kgshare.aside import aside
from kgshare.base.contract import Runs, wrong
from kgshare.base.records import packages_of
from kgshare.base.tree import Entry
from kgshare.bundle.layercache import LayerSource, pieces
from kgshare.errors import ImageError, Problem
from kgshare.images.foreign import entries_of
from kgshare.images.policy import merged
from kgshare.lock.model import Arch, BaseBlob, BasePackage, BaseRole

HINT = "choose a hardened one (docs/how-to/choose-a-base.md), or leave `base` out: Debian's packages"
# What every container wants to be there; images made from nothing often leave it to the engine.
FOLDERS: Mapping[str, int] = {"tmp": 0o1777, "proc": 0o755, "sys": 0o755, "dev": 0o755, "run": 0o755}
_TYPES = {
    "file": tarfile.REGTYPE,
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
}


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """A base image on this machine: what messages call it, its configuration, and its layers."""

    reference: str
    config: Mapping[str, Any]
    layers: tuple[LayerSource, ...]


def open_image(blobs: Sequence[BaseBlob], path: Callable[[BaseBlob], Path]) -> ImageSource:
    """A base image from its locked blobs; its layers stand in the order in which they lie upon each other.

    Raises:
        ImageError: the blobs are not those that the manifest names, or in a form that is not read.
    """
    of_digest = {f"sha256:{blob.sha256}": blob for blob in blobs}
    head = next(blob for blob in blobs if blob.kind == "manifest")
    document = json.loads(path(head).read_bytes())
    try:
        config = json.loads(path(of_digest[document["config"]["digest"]]).read_bytes())
        rows = [of_digest[row["digest"]] for row in document["layers"]]
        diff_ids = config["rootfs"]["diff_ids"]
        layers = tuple(
            LayerSource(
                diff_id=diff_id, path=path(row), offset=0, size=row.size, compression=_compression(row)
            )
            for diff_id, row in zip(diff_ids, rows, strict=True)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ImageError(
            Problem(message=f"its manifest and the lock do not agree: {error}", where=head.reference)
        ) from None
    return ImageSource(reference=head.reference, config=config, layers=layers)


def _compression(row: BaseBlob) -> str:
    for ending, name in ((("+gzip", ".gzip"), "gzip"), (("+zstd",), "zstd")):
        if row.media_type.endswith(ending):
            return name
    return ""


def require_contract(image: ImageSource, *, role: BaseRole, arch: Arch) -> Runs:
    """What a base image runs, if it is as it must be.

    Raises:
        ImageError: it breaks the contract; each way is named.
    """
    with Layers(image) as layers:
        problems, runs = wrong(image.config, layers.tree, layers.text, role=role, arch=arch)
    if problems:
        raise ImageError(
            *(
                Problem(
                    message=problem.message if problem.where else f"the image {problem.message}",
                    where=f"{image.reference}: {problem.where}".removesuffix(": "),
                    hint=HINT if number == len(problems) else "",
                )
                for number, problem in enumerate(problems, 1)
            )
        )
    return runs


def image_packages(image: ImageSource, role: BaseRole) -> tuple[BasePackage, ...]:
    """The packages that a base image says it consists of."""
    with Layers(image) as layers:
        return packages_of(layers.tree, layers.text, role)


def make_base_from_image(image: ImageSource, *, epoch: int, out: Path) -> None:
    """Write the file system of a base image as one tar: sorted, of one time, so that equal layers are equal bytes.

    Raises:
        ImageError: a layer is not what the image's configuration says it is.
    """
    with Layers(image) as layers:
        write_tree(layers, _whole(layers.tree), epoch=epoch, out=out)


def write_tree(layers: Layers, tree: Iterable[Entry], *, epoch: int, out: Path) -> None:
    """Write entries of an image's tree as one tar, aside then renamed: sorted, hard links last, all of one time."""
    with aside(out) as path:
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as target:
            for entry in sorted(tree, key=lambda e: (e.kind == "hardlink", e.path)):
                info = tarfile.TarInfo(entry.path)
                info.type, info.mode, info.linkname = _TYPES[entry.kind], entry.mode, entry.target
                info.mtime = epoch
                before = layers.member(entry.path)
                if before is not None:
                    info.uid, info.gid = before.uid, before.gid
                if entry.kind == "file" and before is not None:
                    stream = layers.open(entry.path)
                    info.size = layers.size(entry.path)
                    target.addfile(info, stream)
                else:
                    target.addfile(info)
        os.utime(path, (epoch, epoch))


def _whole(tree: Sequence[Entry]) -> Iterator[Entry]:
    paths = {entry.path for entry in tree}
    yield from tree
    yield from (Entry(path=p, kind="folder", mode=mode) for p, mode in FOLDERS.items() if p not in paths)


class Layers:
    """The layers of an image, uncompressed in a scratch folder and verified (``tars``); and the one tree that they make."""

    def __init__(self, image: ImageSource) -> None:
        self._image = image
        self._where: dict[str, tuple[tarfile.TarFile, tarfile.TarInfo]] = {}
        self.tree: list[Entry] = []

    def __enter__(self) -> Layers:
        self._scratch = tempfile.TemporaryDirectory(prefix="kgshare-base-")
        self.tars = [self._unpacked(n, layer) for n, layer in enumerate(self._image.layers)]
        for tar in self.tars:
            self._where |= {m.name.removeprefix("./").strip("/"): (tar, m) for m in tar}
        try:
            self.tree = [
                self._alone(entry) for entry in merged(entries_of(layer) for layer in self._image.layers)
            ]
        except (tarfile.TarError, ValueError) as error:
            raise ImageError(
                Problem(message=f"a layer cannot be read: {error}", where=self._image.reference)
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        for tar in self.tars:
            tar.close()
        self._scratch.cleanup()

    def _unpacked(self, number: int, layer: LayerSource) -> tarfile.TarFile:
        file, digest = Path(self._scratch.name) / str(number), hashlib.sha256()
        with file.open("wb") as out:
            for piece in pieces(layer):
                digest.update(piece)
                out.write(piece)
        if f"sha256:{digest.hexdigest()}" != layer.diff_id:
            message = f"layer {number + 1} unpacks to another digest than its configuration says"
            raise ImageError(Problem(message=message, where=self._image.reference))
        return tarfile.open(file)

    def _alone(self, entry: Entry) -> Entry:
        """A hard link to what another layer has replaced since, or took away, becomes a file of its own."""
        if entry.kind != "hardlink":
            return entry
        target = entry.target.removeprefix("./").strip("/")
        same = target in self._where and self._where[target][0] is self._where[entry.path][0]
        return replace(entry, target=target) if same else replace(entry, kind="file", target="")

    def member(self, path: str) -> tarfile.TarInfo | None:
        """Where a path of the tree comes from."""
        return self._where[path][1] if path in self._where else None

    def open(self, path: str) -> io.BufferedIOBase:
        """The content of a file."""
        tar, member = self._where[path]
        stream = tar.extractfile(member)
        assert stream is not None
        return stream  # type: ignore[return-value]

    def size(self, path: str) -> int:
        """Its number of bytes; a hard link has none of its own."""
        stream = self.open(path)
        return stream.seek(0, io.SEEK_END)

    def text(self, path: str) -> str:
        """A file's text; empty where there is none."""
        if path not in self._where or not self._where[path][1].isfile():
            return ""
        return self.open(path).read(64 << 20).decode("utf-8", errors="replace")
