"""Image layers unpacked to a folder, as an ordinary user and safely: nothing outside it is written or linked to.

The reader of bundles has refused absolute names, ``..`` and devices in each layer; what it cannot see is one layer
writing through another's link, so every member is checked again against the folder as it is (PEP 706, ``data``).
"""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import zstandard

from kgshare.bundle import BlobRef, Bundle, ImageRef
from kgshare.bundle.layers import MAX_WINDOW
from kgshare.bundle.model import refuse
from kgshare.errors import StackError
from kgshare.places import state_dir
from kgshare.untar import unpack_one

WHITEOUT = (
    ".wh."  # OCI image-spec 1.1, layer.md: a name that takes one from the layers below; our images have none
)


def tree_of(manifest_digest: str, parts: tuple[str, ...] = ()) -> Path:
    """Where an image is unpacked, whole or only some parts of it."""
    name = manifest_digest.removeprefix("sha256:")
    return images_dir() / (f"{name}-parts" if parts else name)


def images_dir() -> Path:
    """Where unpacked images are."""
    return state_dir() / "local" / "images"


def ensure_tree(bundle: Bundle, image: ImageRef, parts: tuple[str, ...] = ()) -> Path:
    """The unpacked image; unpacked aside and renamed when every layer was whole.

    Args:
        bundle: a verified one.
        image: one of its images.
        parts: only what is below these folders, where any are named.

    Raises:
        BundleError: a layer is no longer what was verified, or leads out of its folder.
        StackError: it cannot be written.
    """
    tree = tree_of(image.manifest_digest, parts)
    if tree.is_dir():
        return tree
    aside = tree.with_name(f".{tree.name}.{os.getpid()}")
    try:
        aside.mkdir(parents=True)
        aside.parent.chmod(0o700)
        for digest in image.layer_digests:
            unpack(bundle, bundle.blobs[digest], aside, parts)
        aside.replace(tree)
    except OSError as error:
        raise StackError(
            f"the image cannot be unpacked in {tree.parent}: {error}", hint="see that there is room"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return tree


def unpack(bundle: Bundle, blob: BlobRef, target: Path, parts: tuple[str, ...] = ()) -> None:
    """Unpack one layer over what is in a folder already, hashing it once more.

    Raises:
        BundleError: see `ensure_tree`.
    """
    with bundle.path.open("rb") as file:
        file.seek(blob.offset)
        part = _Part(file, blob.size)
        plain = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(cast(BinaryIO, part))
        try:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                for member in tar:
                    if parts and not _below(member, parts):
                        continue
                    unpack_one(tar, _tame(member, target), target)
        except (tarfile.TarError, zstandard.ZstdError, ValueError) as error:
            raise refuse(bundle.path, blob.digest, f"layer: {error}") from error
        part.drain()
    if part.digest != blob.digest:
        raise refuse(bundle.path, blob.digest, "changed since the bundle was verified")


def _below(member: tarfile.TarInfo, parts: tuple[str, ...]) -> bool:
    name = member.name.removeprefix("./")
    return any(name == part or name.startswith(part + "/") for part in parts)


def _tame(member: tarfile.TarInfo, target: Path) -> tarfile.TarInfo:
    """A member as it may be here: absolute links stay inside, a file replaces what a lower layer had in its place."""
    name = PurePosixPath(member.name)
    if name.name.startswith(WHITEOUT):
        raise ValueError(
            f"{member.name!r} takes a file from a lower layer, which is not supported without containers"
        )
    if member.issym() and member.linkname.startswith("/"):
        up = [".."] * (len([p for p in name.parts if p != "."]) - 1)
        member = copy.copy(member)
        member.linkname = "/".join([*up, member.linkname.lstrip("/")])
    there = target / name
    real = Path(os.path.realpath(there.parent))
    if not real.is_relative_to(os.path.realpath(target)):
        raise ValueError(f"{member.name!r} leads out through a link")
    if not member.isdir() and (there.is_symlink() or there.is_file()):
        there.unlink()
    return member


class _Part:
    """So many bytes of a file, digested while they are read."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left, self._hash = file, size, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self._hash.update(data)
        return data

    def drain(self) -> None:
        """Read what the tar's end left over."""
        while self.read(1 << 20):
            pass

    @property
    def digest(self) -> str:
        """Of what was read."""
        return "sha256:" + self._hash.hexdigest()
