"""The values of the bundle: what goes into one (`BundleContents`) and what a verified one is (`Bundle`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgshare.bundle.names import Platform
from kgshare.errors import BundleError, Problem

if TYPE_CHECKING:
    from kgshare.bundle.signature import Signature

CHUNK = 1 << 20  # bytes read at a time
ASK_AGAIN = "get the file again from whoever gave it to you; nothing of it was loaded"


def refuse(path: Path, member: str, reason: str, hint: str = ASK_AGAIN) -> BundleError:
    """The error for a bundle that is not as it must be: which member, why, and the next step."""
    return BundleError(
        Problem(message=reason, where=f"{path.name}: {member}" if member else path.name, hint=hint)
    )


def sha256(data: bytes) -> str:
    """The digest of bytes as OCI writes it: ``sha256:`` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, kw_only=True)
class LayerBlob:
    """One compressed layer on disk, as `kgshare.bundle.archive.LayerCache` makes it.

    Attributes:
        diff_id: digest of the uncompressed tar, as the image's config names it.
        digest: digest of the compressed bytes.
        size: number of compressed bytes.
        unpacked: number of uncompressed bytes.
        path: where the compressed bytes are; they are hashed again when written into a bundle.
    """

    diff_id: str
    digest: str
    size: int
    unpacked: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class BundleImage:
    """One image that goes into a bundle; ``reference`` is the tag that ``docker load`` gives it."""

    role: str
    reference: str
    platform: Platform
    config: bytes
    layers: tuple[LayerBlob, ...]


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """One named file of the project artifact; ``source`` is its bytes, or the file that holds them."""

    name: str
    media_type: str
    source: bytes | Path


@dataclass(frozen=True, kw_only=True)
class BundleContents:
    """All that goes into one bundle. Order does not matter: it is sorted when written."""

    name: str
    version: str
    images: tuple[BundleImage, ...]
    files: tuple[ProjectFile, ...]


@dataclass(frozen=True, kw_only=True)
class BlobRef:
    """Where the bytes of a digest lie in the file."""

    digest: str
    offset: int
    size: int


@dataclass(frozen=True, kw_only=True)
class ImageRef:
    """One image of a verified bundle; ``size`` is the number of bytes of manifest, config and compressed layers."""

    role: str
    reference: str
    platform: Platform
    manifest_digest: str
    config_digest: str
    size: int
    diff_ids: tuple[str, ...]
    layer_digests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle whose every byte is as it must be; whether its signature is right is `kgshare.trust`'s to say.

    Attributes:
        index: where ``index.json`` lies, of which ``digest`` is the digest.
        digest: of ``index.json``, from which everything is reachable.
        unsigned: how many bytes the file has before signature and end; the same for the file without a signature.
        signature: what the last member holds; None where the bundle is not signed.
    """

    path: Path
    digest: str
    name: str
    version: str
    size: int
    images: tuple[ImageRef, ...]
    files: Mapping[str, BlobRef]
    blobs: Mapping[str, BlobRef]
    unsigned: int
    index: BlobRef
    signature: Signature | None = None

    def read_file(self, name: str) -> bytes:
        """The bytes of a file of the project artifact, hashed once more (the file may have changed since).

        Raises:
            BundleError: there is no such file, or its bytes are no longer those that were verified.
        """
        if name not in self.files:
            raise refuse(
                self.path, name, "the bundle holds no such file", f"it holds {', '.join(self.files)}"
            )
        return self.read_blob(self.files[name].digest)

    def read_index(self) -> bytes:
        """The bytes of ``index.json``, hashed once more.

        Raises:
            BundleError: the bytes are no longer those that were verified.
        """
        data = self._read(self.index)
        if sha256(data) != self.digest:
            raise refuse(self.path, "index.json", "changed since the bundle was verified")
        return data

    def read_blob(self, digest: str) -> bytes:
        """The bytes behind a digest that is in the bundle, hashed once more.

        Raises:
            BundleError: the bytes are no longer those that were verified.
        """
        data = self._read(self.blobs[digest])
        if sha256(data) != digest:
            raise refuse(self.path, digest, "changed since the bundle was verified")
        return data

    def _read(self, blob: BlobRef) -> bytes:
        try:
            with self.path.open("rb") as stream:
                stream.seek(blob.offset)
                return stream.read(blob.size)
        except OSError as error:
            raise refuse(
                self.path, "", f"cannot be read: {error.strerror}", "see that the file is there"
            ) from error
