"""The bundle: one file that holds a whole project, in the one form it may have (docs/reference/bundle-format.md)."""

from __future__ import annotations

from kgshare.bundle.archive import ImageArchive, bundle_image, read_image_archive
from kgshare.bundle.assemble import assemble, contents_of
from kgshare.bundle.delta import Delta, complete, delta_name, is_delta, read_delta, write_delta
from kgshare.bundle.dockerload import docker_archive
from kgshare.bundle.held import Held, HeldBlob, SeenBundle
from kgshare.bundle.layercache import LayerCache, LayerSource
from kgshare.bundle.model import (
    BlobRef,
    Bundle,
    BundleContents,
    BundleImage,
    ImageRef,
    LayerBlob,
    ProjectFile,
)
from kgshare.bundle.names import AMD64, REQUIRED, Platform
from kgshare.bundle.read import read_bundle
from kgshare.bundle.write import file_name, write_bundle

__all__ = [
    "AMD64",
    "REQUIRED",
    "BlobRef",
    "Bundle",
    "BundleContents",
    "BundleImage",
    "Delta",
    "Held",
    "HeldBlob",
    "ImageArchive",
    "ImageRef",
    "LayerBlob",
    "LayerCache",
    "LayerSource",
    "Platform",
    "ProjectFile",
    "SeenBundle",
    "assemble",
    "bundle_image",
    "complete",
    "contents_of",
    "delta_name",
    "docker_archive",
    "file_name",
    "is_delta",
    "read_bundle",
    "read_delta",
    "read_image_archive",
    "write_bundle",
    "write_delta",
]
