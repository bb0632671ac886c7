"""From what a build engine writes to an image of a bundle: layers compressed in one way, config spelt in one way.

Read are archives with an OCI layout inside: ``docker save`` of Engine 25 and newer (either image store), and
BuildKit's ``--output type=oci`` and ``type=docker``. An archive is believed nothing: every digest is checked.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgshare.bundle import canonical
from kgshare.bundle.layercache import LayerCache, LayerSource
from kgshare.bundle.model import BundleImage, sha256
from kgshare.bundle.names import CONTAINERD_NAME, Platform
from kgshare.errors import BuildError, Problem

MAX_DOCUMENT = 4 << 20
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_COMPRESSIONS = {"": "", "+gzip": "gzip", "+zstd": "zstd", ".gzip": "gzip"}


@dataclass(frozen=True, kw_only=True)
class ImageArchive:
    """An image as the build engine made it; ``config`` is canonical JSON with nothing taken from it."""

    config: bytes
    layers: tuple[LayerSource, ...]
    platform: Platform


def read_image_archive(path: Path, *, reference: str = "", platform: Platform | None = None) -> ImageArchive:
    """The image in an archive; of several, the one tagged ``reference`` and made for ``platform``.

    Raises:
        BuildError: there is no such image in it, more than one, or the archive contradicts itself.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            return _Archive(path, tar).image(reference, platform)
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"is not an image archive that can be read: {error}"
        hint = "Docker Engine 25 or newer writes one that can"
        raise BuildError(Problem(message=reason, where=str(path), hint=hint)) from error


def bundle_image(archive: ImageArchive, cache: LayerCache, *, role: str, reference: str) -> BundleImage:
    """An image ready for `write_bundle`: its layers are taken from the cache, or compressed into it.

    Raises:
        BuildError: a layer in the archive is not what the config says, or there is no room.
    """
    layers = tuple(cache.compress(layer) for layer in archive.layers)
    return BundleImage(
        role=role, reference=reference, platform=archive.platform, config=archive.config, layers=layers
    )


class _Archive:
    """One open archive."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self.path = path
        self.tar = tar
        self.members = {m.name.removeprefix("./"): m for m in tar.getmembers() if m.isreg()}

    def image(self, reference: str, platform: Platform | None) -> ImageArchive:
        """The one image asked for."""
        found = self._manifests(canonical.parse(self._bytes("index.json")), reference)
        images = {}
        for manifest in found:
            image = self._read(manifest)
            if platform is None or image.platform == platform:
                images[sha256(image.config)] = image
        if len(images) != 1:
            what = " ".join(filter(None, [reference, str(platform or "")])) or "any name"
            raise ValueError(f"{len(images)} images of {what} in it")
        return next(iter(images.values()))

    def _manifests(self, index: Any, reference: str) -> list[Any]:
        """The image manifests an index leads to; BuildKit's attestations are marked as of an unknown platform."""
        found = []
        for entry in index["manifests"]:
            name = entry.get("annotations", {}).get(CONTAINERD_NAME, "")
            if reference and name != reference and not name.endswith("/" + reference):
                continue
            if entry.get("platform", {}).get("os") == "unknown":
                continue
            document = canonical.parse(self._blob(entry["digest"]))
            if entry["mediaType"] in _INDEXES:
                found += self._manifests(document, "")
            else:
                found.append(document)
        return found

    def _read(self, manifest: Any) -> ImageArchive:
        config = canonical.parse(self._blob(manifest["config"]["digest"]))
        diff_ids = config["rootfs"]["diff_ids"]
        if len(diff_ids) != len(manifest["layers"]):
            raise ValueError("config and manifest name different numbers of layers")
        return ImageArchive(
            config=canonical.dump(config),
            layers=tuple(self._layer(x, d) for x, d in zip(manifest["layers"], diff_ids, strict=True)),
            platform=Platform(
                os=config["os"], architecture=config["architecture"], variant=config.get("variant", "")
            ),
        )

    def _layer(self, descriptor: Any, diff_id: str) -> LayerSource:
        member = self.members["blobs/" + descriptor["digest"].replace(":", "/")]
        ending = descriptor["mediaType"].rpartition("tar")[2]
        return LayerSource(
            diff_id=diff_id,
            path=self.path,
            offset=member.offset_data,
            size=member.size,
            compression=_COMPRESSIONS[ending],
        )

    def _blob(self, digest: str) -> bytes:
        data = self._bytes("blobs/" + digest.replace(":", "/"))
        if sha256(data) != digest:
            raise ValueError(f"{digest} has other bytes")
        return data

    def _bytes(self, name: str) -> bytes:
        member = self.members.get(name)
        if member is None:
            raise ValueError(f"no {name} in it")
        stream = self.tar.extractfile(member)
        if stream is None or member.size > MAX_DOCUMENT:
            raise ValueError(f"{name} cannot be read")
        return stream.read()
