"""What Dagger exports, made what kgshare's other engines give: no time of the build in it, and where wanted no layers."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kgshare.base.image import ImageSource, Layers, write_tree
from kgshare.bundle import read_image_archive
from kgshare.engines.layertar import docker_layer
from kgshare.engines.ociimage import write_archive


@dataclass(frozen=True, kw_only=True)
class _Config:
    """The engine's configuration of an image, at another time and with other layers."""

    said: dict[str, Any]
    epoch: int

    def document(self, diff_ids: Iterable[str]) -> bytes:
        when = datetime.fromtimestamp(self.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        said = {**self.said, "created": when, "rootfs": {"type": "layers", "diff_ids": list(diff_ids)}}
        if history := self.said.get("history"):
            said["history"] = [{**row, "created": when} for row in history]
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def write_filesystem(exported: Path, out: Path, *, epoch: int) -> None:
    """The file system of an exported image as one tar without layers.

    Raises:
        BuildError: the export is no image.
        ImageError: one of its layers is not what its configuration says.
    """
    with Layers(_image(exported)[0]) as layers:
        write_tree(layers, layers.tree, epoch=epoch, out=out)


def write_image(exported: Path, out: Path, *, epoch: int) -> None:
    """An exported image as ``docker save`` writes it: nothing in it is younger than ``epoch``.

    Raises:
        BuildError: the export is no image.
        ImageError: one of its layers is not what its configuration says.
    """
    image, config = _image(exported)
    with Layers(image) as layers, tempfile.TemporaryDirectory(dir=out.parent, prefix=".layers-") as folder:
        write_archive(_Config(said=config, epoch=epoch), _of_one_time(layers.tars, Path(folder), epoch), out)


def _image(exported: Path) -> tuple[ImageSource, dict[str, Any]]:
    archive = read_image_archive(exported)
    config: dict[str, Any] = json.loads(archive.config)
    return ImageSource(reference=exported.name, config=config, layers=archive.layers), config


def _of_one_time(tars: Iterable[tarfile.TarFile], folder: Path, epoch: int) -> Iterator[Iterator[bytes]]:
    """Each layer as Docker spells it, with no time in it after the image's own."""
    for number, tar in enumerate(tars):
        file = folder / str(number)
        with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as target:
            for member in tar:
                member.mtime = min(int(member.mtime), epoch)
                target.addfile(member, tar.extractfile(member) if member.isreg() else None)
        yield docker_layer(file)
        file.unlink()
