"""The documents of a bundle, both ways: from what a bundle says (`Facts`) to bytes, and from bytes to `Facts`.

Only `Facts` carries information. Everything else in ``index.json``, the manifests and Docker's ``manifest.json`` follows
from it, so a reader makes the documents again and compares: what disagrees or is spelt otherwise is not a bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kgshare.bundle import canonical, names, schema
from kgshare.bundle.model import sha256
from kgshare.bundle.names import Platform
from kgshare.bundle.tarform import blob_name

OCI_LAYOUT = canonical.dump({"imageLayoutVersion": "1.0.0"})
EMPTY_CONFIG = b"{}"
MAX_JSON = 1 << 20  # bytes of one document
MAX_TEXT = 1 << 20  # bytes of README.md and of compose.yaml


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A digest and the number of bytes behind it."""

    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """A layer: its compressed blob, and what it unpacks to."""

    blob: Blob
    unpacked: int


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """An image."""

    role: str
    reference: str
    platform: Platform
    config: Blob
    layers: tuple[LayerFacts, ...]


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """A file of the project artifact."""

    name: str
    media_type: str
    blob: Blob


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a bundle's documents say, images sorted by role and platform, files by name."""

    name: str
    version: str
    images: tuple[ImageFacts, ...]
    files: tuple[FileFacts, ...]


@dataclass(frozen=True, kw_only=True)
class Documents:
    """The bytes of every document; ``manifests`` are the images' in order, then the project's."""

    index: bytes
    docker: bytes
    manifests: tuple[bytes, ...]


def write(facts: Facts) -> Documents:
    """The documents of a bundle."""
    manifests = (*(image_manifest(image) for image in facts.images), _project_manifest(facts))
    roles = [image.role for image in facts.images]
    entries = [
        {
            **_descriptor(names.MANIFEST, Blob(digest=sha256(data), size=len(data))),
            "platform": platform_doc(image.platform),
            "annotations": {
                names.ROLE: image.role,
                names.CONTAINERD_NAME: image.reference,
                names.REF_NAME: names.ref_name(image.role, image.platform, roles),
            },
        }
        for image, data in zip(facts.images, manifests, strict=False)
    ]
    project = {
        **_descriptor(names.MANIFEST, Blob(digest=sha256(manifests[-1]), size=len(manifests[-1]))),
        "artifactType": names.PROJECT,
        # Docker's containerd store keeps the artifact as an image of this name, which `docker rmi` then removes.
        "annotations": {
            names.CONTAINERD_NAME: names.project_reference(facts.name, facts.version),
            names.REF_NAME: names.PROJECT_REF,
        },
    }
    index = {
        "schemaVersion": 2,
        "mediaType": names.INDEX,
        "artifactType": names.BUNDLE,
        "annotations": {names.TITLE: facts.name, names.VERSION: facts.version},
        "manifests": [*entries, project],
    }
    docker = docker_manifest([(i.reference, i.config, [x.blob for x in i.layers]) for i in facts.images])
    return Documents(index=canonical.dump(index), docker=docker, manifests=manifests)


def docker_manifest(images: list[tuple[str, Blob, list[Blob]]]) -> bytes:
    """Docker's ``manifest.json``: tag, config and layers of each image (moby, image/spec "Combined Image JSON")."""
    return canonical.dump(
        [
            {
                "Config": blob_name(config.digest),
                "RepoTags": [reference],
                "Layers": [blob_name(b.digest) for b in layers],
            }
            for reference, config, layers in images
        ]
    )


def platform_doc(platform: Platform) -> dict[str, str]:
    """``platform`` as an index has it."""
    doc = {"os": platform.os, "architecture": platform.architecture}
    return {**doc, "variant": platform.variant} if platform.variant else doc


def image_manifest(image: ImageFacts) -> bytes:
    """The manifest of an image."""
    layers = [
        {**_descriptor(names.LAYER, x.blob), "annotations": {names.UNPACKED: str(x.unpacked)}}
        for x in image.layers
    ]
    return canonical.dump(
        {
            "schemaVersion": 2,
            "mediaType": names.MANIFEST,
            "config": _descriptor(names.CONFIG, image.config),
            "layers": layers,
        }
    )


def _project_manifest(facts: Facts) -> bytes:
    files = [{**_descriptor(f.media_type, f.blob), "annotations": {names.TITLE: f.name}} for f in facts.files]
    empty = Blob(digest=sha256(EMPTY_CONFIG), size=len(EMPTY_CONFIG))
    return canonical.dump(
        {
            "schemaVersion": 2,
            "mediaType": names.MANIFEST,
            "artifactType": names.PROJECT,
            "config": _descriptor(names.EMPTY, empty),
            "layers": files,
        }
    )


def _descriptor(media_type: str, blob: Blob) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}


def blobs(facts: Facts, documents: Documents) -> Iterator[Blob]:
    """Every blob once, in the order of the file: manifests, configs, files, layers, each where it is first named."""
    seen: dict[str, int] = {}
    for blob in _named(facts, documents):
        if seen.setdefault(blob.digest, blob.size) != blob.size:
            raise ValueError(f"{blob.digest} is announced with two sizes")
    for digest, size in seen.items():
        yield Blob(digest=digest, size=size)


def _named(facts: Facts, documents: Documents) -> Iterator[Blob]:
    for data in (*documents.manifests, EMPTY_CONFIG):
        yield Blob(digest=sha256(data), size=len(data))
    for image in facts.images:
        yield image.config
    for file in facts.files:
        yield file.blob
    for image in facts.images:
        for layer in image.layers:
            yield layer.blob


def read_index(data: bytes) -> tuple[tuple[schema.ImageEntry, ...], schema.ProjectEntry, schema.IndexDoc]:
    """The entries of ``index.json``.

    Raises:
        ValueError: it is not canonical, not of the schema, or has not exactly one project artifact, at its end.
    """
    value = canonical.load(data)
    if isinstance(value, dict):
        found = value.get("artifactType")
        if (
            isinstance(found, str)
            and found != names.BUNDLE
            and found.startswith("application/vnd.kgshare.bundle.")
        ):
            raise ValueError(f"is of another format, {found}; this kgshare reads {names.BUNDLE}")
        listed = value.get("manifests")
        for entry in listed if isinstance(listed, list) else []:
            if isinstance(entry, dict) and entry.get("mediaType") == names.INDEX:
                raise ValueError("an index inside the index: a bundle's index names its images itself")
    doc = schema.read(schema.IndexDoc, data)
    images = tuple(entry for entry in doc.manifests if isinstance(entry, schema.ImageEntry))
    last = doc.manifests[-1] if doc.manifests else None
    if not isinstance(last, schema.ProjectEntry) or len(images) != len(doc.manifests) - 1:
        raise ValueError("must name its images first and then one project artifact")
    return images, last, doc


def read(index: bytes, manifests: Mapping[str, bytes]) -> Facts:
    """What the documents say; compare `write` of it with them.

    Raises:
        ValueError: a document is not canonical or not of its schema; the message names it.
    """
    entries, project, doc = read_index(index)
    images = tuple(_image(entry, manifests[entry.digest]) for entry in entries)
    name = blob_name(project.digest)
    try:
        files = schema.read(schema.ProjectDoc, manifests[project.digest]).layers
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return Facts(
        name=doc.annotations.title,
        version=doc.annotations.version,
        images=tuple(sorted(images, key=lambda i: (i.role, i.platform))),
        files=tuple(
            sorted(
                (
                    FileFacts(
                        name=f.annotations.title,
                        media_type=f.mediaType,
                        blob=Blob(digest=f.digest, size=f.size),
                    )
                    for f in files
                ),
                key=lambda f: f.name,
            )
        ),
    )


def _image(entry: schema.ImageEntry, data: bytes) -> ImageFacts:
    try:
        doc = schema.read(schema.ImageDoc, data)
    except ValueError as error:
        raise ValueError(f"{blob_name(entry.digest)}: {error}") from error
    platform = entry.platform
    return ImageFacts(
        role=entry.annotations.role,
        reference=entry.annotations.containerd_name,
        platform=Platform(os=platform.os, architecture=platform.architecture, variant=platform.variant or ""),
        config=Blob(digest=doc.config.digest, size=doc.config.size),
        layers=tuple(
            LayerFacts(blob=Blob(digest=x.digest, size=x.size), unpacked=int(x.annotations.unpacked))
            for x in doc.layers
        ),
    )
