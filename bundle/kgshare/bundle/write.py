"""Writing a bundle: the same contents always make the same bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from kgshare.aside import aside
from kgshare.bundle import documents, rules
from kgshare.bundle.documents import (
    EMPTY_CONFIG,
    OCI_LAYOUT,
    Blob,
    Documents,
    Facts,
    FileFacts,
    ImageFacts,
    LayerFacts,
)
from kgshare.bundle.model import CHUNK, Bundle, BundleContents, BundleImage, ProjectFile, sha256
from kgshare.bundle.names import COMPOSE, README, SIGNATURE
from kgshare.bundle.read import read_bundle
from kgshare.bundle.tarform import END, blob_name, header, padding, pieces
from kgshare.errors import BundleError, Problem

SUFFIX = ".kgshare.tar"

Pieces = Callable[[Blob], Iterable[bytes]]
"""The bytes of a blob, a piece at a time."""


def file_name(name: str, version: str) -> str:
    """How a bundle's file is called."""
    return f"{name}-{version}{SUFFIX}"


def write_bundle(contents: BundleContents, out: Path) -> Bundle:
    """Write a bundle aside, read it as a recipient would (without decompressing layers), then rename it to ``out``.

    Raises:
        BundleError: the contents do not make a bundle (all problems at once), a blob on disk is not what its digest
            says, or there is no room.
    """
    facts = _facts(contents)
    wrong = rules.problems(facts)
    if wrong:
        raise BundleError(*(Problem(message=reason, where=out.name) for reason in wrong))
    sources = _sources(contents)
    made = documents.write(facts)
    sources |= {sha256(data): data for data in made.manifests}
    return write_file(facts, made, lambda blob: _from(sources[blob.digest], blob), None, out)


def write_file(facts: Facts, made: Documents, blob: Pieces, signature: bytes | None, out: Path) -> Bundle:
    """Write a bundle aside, read it as a recipient would (without decompressing layers), then rename it to ``out``."""
    try:
        with aside(out) as path:
            with path.open("wb") as stream:
                for piece in _members(facts, made, blob, signature):
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            bundle = read_bundle(path, deep=False)
    except OSError as error:
        hint = "make room or name another folder, and run the same command again"
        raise BundleError(
            Problem(message=f"cannot be written: {error.strerror}", where=str(out), hint=hint)
        ) from error
    return replace(bundle, path=out)


def manifest_digest(image: BundleImage) -> str:
    """The digest of the OCI manifest that an image has in a bundle: ``sha256:…``, the stable name of the image."""
    return sha256(documents.image_manifest(_image_facts(image)))


def _image_facts(image: BundleImage) -> ImageFacts:
    return ImageFacts(
        role=image.role,
        reference=image.reference,
        platform=image.platform,
        config=Blob(digest=sha256(image.config), size=len(image.config)),
        layers=tuple(
            LayerFacts(blob=Blob(digest=x.digest, size=x.size), unpacked=x.unpacked) for x in image.layers
        ),
    )


def _facts(contents: BundleContents) -> Facts:
    images = (_image_facts(image) for image in contents.images)
    files = (FileFacts(name=f.name, media_type=f.media_type, blob=_file_blob(f)) for f in contents.files)
    return Facts(
        name=contents.name,
        version=contents.version,
        images=tuple(sorted(images, key=lambda i: (i.role, i.platform))),
        files=tuple(sorted(files, key=lambda f: f.name)),
    )


def _file_blob(file: ProjectFile) -> Blob:
    if isinstance(file.source, bytes):
        return Blob(digest=sha256(file.source), size=len(file.source))
    try:
        with file.source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Blob(digest=f"sha256:{digest}", size=file.source.stat().st_size)
    except OSError as error:
        raise BundleError(
            Problem(message=f"cannot be read: {error.strerror}", where=str(file.source))
        ) from error


def _sources(contents: BundleContents) -> dict[str, bytes | Path]:
    """Where the bytes of each digest are."""
    sources: dict[str, bytes | Path] = {sha256(EMPTY_CONFIG): EMPTY_CONFIG}
    for image in contents.images:
        sources[sha256(image.config)] = image.config
        sources.update({layer.digest: layer.path for layer in image.layers})
    sources.update({_file_blob(file).digest: file.source for file in contents.files})
    return sources


def _members(facts: Facts, made: Documents, blob: Pieces, signature: bytes | None) -> Iterator[bytes]:
    files = {file.name: file.blob for file in facts.files}
    yield from pieces("oci-layout", OCI_LAYOUT)
    yield from pieces("index.json", made.index)
    yield from pieces("manifest.json", made.docker)
    for name in (README, COMPOSE):
        yield from _member(name, files[name], blob)
    for one in documents.blobs(facts, made):
        yield from _member(blob_name(one.digest), one, blob)
    if signature is not None:
        yield from pieces(SIGNATURE, signature)
    yield END


def _member(name: str, blob: Blob, source: Pieces) -> Iterator[bytes]:
    yield header(name, blob.size)
    yield from checked(blob, source)
    yield padding(blob.size)


def checked(blob: Blob, source: Pieces) -> Iterator[bytes]:
    """The bytes of a blob, which must be those of its digest, also when they come from a file that may have changed."""
    hasher = hashlib.sha256()
    count = 0
    for piece in source(blob):
        hasher.update(piece)
        count += len(piece)
        if count > blob.size:
            break
        yield piece
    if count != blob.size or f"sha256:{hasher.hexdigest()}" != blob.digest:
        hint = "run the same command again"
        raise BundleError(
            Problem(message="the bytes are not those of the digest", where=blob.digest, hint=hint)
        )


def _from(source: bytes | Path, blob: Blob) -> Iterator[bytes]:
    """The bytes of a source that may have changed meanwhile: the error names its file."""
    if isinstance(source, bytes):
        yield source
        return
    hasher = hashlib.sha256()
    with source.open("rb") as stream:
        while piece := stream.read(CHUNK):
            hasher.update(piece)
            yield piece
    if f"sha256:{hasher.hexdigest()}" != blob.digest:
        hint = "run the same command again; if it stays, remove that file"
        raise BundleError(
            Problem(message=f"is not the {blob.digest} it should be", where=str(source), hint=hint)
        )
