"""One file for two platforms, built for real on this machine, by its own means and without emulation."""

from __future__ import annotations

import shutil
import struct
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from tests.e2e.command_line import Ran, works

from kgshare.bundle import Bundle, ImageRef, read_bundle
from kgshare.lock.command import this_arch

pytestmark = pytest.mark.neo4j  # beside the tests that share the bundle built without Docker
HERE = this_arch()
THERE = {"amd64": "arm64", "arm64": "amd64"}[HERE]
E_MACHINE = {"amd64": 62, "arm64": 183}  # System V ABI, "ELF Header"


def machines(bundle: Bundle, image: ImageRef) -> Iterator[int]:
    """The processor of each ELF file in an image."""
    for digest in image.layer_digests:
        blob = bundle.blobs[digest]
        with bundle.path.open("rb") as file:
            file.seek(blob.offset)
            with (
                zstandard.ZstdDecompressor().stream_reader(file) as layer,
                tarfile.open(fileobj=layer, mode="r|") as tar,
            ):
                for member in tar:
                    stream = tar.extractfile(member) if member.isreg() else None
                    header = stream.read(20) if stream else b""
                    if header[:4] == b"\x7fELF":
                        yield struct.unpack_from("<H", header, 18)[0]


def test_a_bundle_for_two_platforms_is_built_here_and_each_image_holds_only_its_own_platforms_binaries(
    built_without_docker: Ran, tmp_path: Path
) -> None:
    before = read_bundle(Path(built_without_docker.result["bundle"]), deep=False)
    project = shutil.copytree(before.path.parent, tmp_path / "herbarium")
    built = works("build", "--local", project, "--platform", "linux/amd64,linux/arm64", "--json").result
    again = {
        step["name"] for step in built["steps"] if step["ran"] and not step["name"].endswith(f".{THERE}")
    }
    assert again == {"attest", "scan", "policy", "bundle"}
    works("verify", built["bundle"])  # evidence of every image, held against it
    bundle = read_bundle(Path(built["bundle"]), deep=False)
    assert Counter(image.platform.architecture for image in bundle.images) == {"amd64": 2, "arm64": 2}
    for image in bundle.images:
        found = Counter(machines(bundle, image))
        assert found.keys() == {E_MACHINE[image.platform.architecture]}, (image.role, found)
        assert found.total() > 50
    same = {image.manifest_digest for image in bundle.images if image.platform.architecture == HERE}
    assert same == {image.manifest_digest for image in before.images}
    one, other = (image.layer_digests for image in bundle.images if image.role == "database")
    largest = max(one, key=lambda digest: bundle.blobs[digest].size)
    assert largest in other, "the jars are in the file once"
