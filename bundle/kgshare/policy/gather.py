"""Facts are gathered: from images with their layers, the lock, the seed report and the evidence beside them.

The same function serves a build, which has the results of its steps, and a finished bundle, whose file is read.
"""

from __future__ import annotations

import json
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kgshare.attest.document import components_of, licences_of
from kgshare.base.spec import SHELLS
from kgshare.base.tree import PURGED_MODES, Entry
from kgshare.bundle import Bundle, ImageArchive, LayerSource
from kgshare.bundle.names import ref_name
from kgshare.errors import BundleError, Problem
from kgshare.images.foreign import entries_of
from kgshare.images.policy import merged
from kgshare.lock.model import Arch, Lock
from kgshare.policy.facts import BaseFacts, Facts, ImageFacts, SecretFacts, SeedFacts
from kgshare.project import MANIFEST, Manifest
from kgshare.scan.model import ScanResult
from kgshare.scan.store import MEDIA_TYPES
from kgshare.secrets import Finding, detect, in_image, in_tar
from kgshare.seeding.result import SeedReport
from kgshare.snapshot.unpack import GRAPH, graph_of

ANYBODY_RUNS = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that can be looked into: its configuration, its layers where they lie, and the compressed bytes of its own.

    ``name`` is what it is called in its bundle: its role, where that is for one platform.
    """

    role: str
    name: str
    config: bytes
    layers: tuple[LayerSource, ...]
    size: int


@dataclass(frozen=True, kw_only=True)
class Matter:
    """All that facts are taken from.

    Attributes:
        manifest, lock, seed: the project's.
        images: each with its layers.
        scan: what a scanner said.
        sbom: the bundle's bill of materials; None where there is none.
        provenance: the statement of how it was built; None where there is none.
        secrets: what looks like a secret; None where nobody looked.
    """

    manifest: Manifest
    lock: Lock
    seed: SeedReport
    images: tuple[Image, ...]
    scan: ScanResult
    sbom: bytes | None = None
    provenance: bytes | None = None
    secrets: tuple[Finding, ...] | None = None


def facts_of(matter: Matter) -> Facts:
    """The facts that the policy judges.

    Raises:
        BundleError: a layer or a piece of evidence cannot be read.
    """
    statement = _document(matter.provenance)
    parts = list(components_of(_document(matter.sbom)))
    return Facts(
        name=matter.manifest.name,
        version=matter.manifest.version,
        images=tuple(image_facts(image) for image in matter.images),
        bases=tuple(_base(image, matter) for image in matter.images),
        seed=_seed(matter, statement),
        scan=matter.scan,
        components=None if matter.sbom is None else len(parts),
        licences=_by_package(parts),
        provenance=matter.provenance is not None,
        secrets=None
        if matter.secrets is None
        else tuple(SecretFacts(id=s.id, where=s.where, kind=s.kind) for s in matter.secrets),
    )


def image_facts(image: Image) -> ImageFacts:
    """What is in an image, as far as the policy asks.

    Raises:
        BundleError: a layer cannot be read.
    """
    run: Mapping[str, Any] = json.loads(image.config).get("config") or {}
    try:
        entries = merged(entries_of(layer) for layer in image.layers)
    except (tarfile.TarError, ValueError, OSError) as error:
        raise BundleError(
            Problem(message=f"a layer of the {image.name} image cannot be read: {error}")
        ) from None
    return ImageFacts(
        role=image.name,
        user=str(run.get("User") or ""),
        shells=tuple(sorted(entry.path for entry in entries if _is_shell(entry))),
        setuid=tuple(sorted(e.path for e in entries if e.kind != "link" and e.mode & PURGED_MODES)),
        size=image.size,
    )


def images_of(bundle: Bundle) -> tuple[Image, ...]:
    """The images of a bundle; their layers are read from the file itself."""
    roles = [image.role for image in bundle.images]
    sizes = own_sizes({d: bundle.blobs[d].size for d in image.layer_digests} for image in bundle.images)
    return tuple(
        Image(
            role=image.role,
            name=ref_name(image.role, image.platform, roles),
            config=bundle.read_blob(image.config_digest),
            layers=tuple(
                _layer(bundle.path, diff_id, bundle, digest)
                for diff_id, digest in zip(image.diff_ids, image.layer_digests, strict=True)
            ),
            size=size,
        )
        for image, size in zip(bundle.images, sizes, strict=True)
    )


def own_sizes(images: Iterable[Mapping[str, int]]) -> list[int]:
    """Bytes of each image's layers, given by digest, but those that an image before it has: they are in the file once."""
    seen: set[str] = set()
    found = []
    for layers in images:
        found.append(sum(size for digest, size in layers.items() if digest not in seen))
        seen |= layers.keys()
    return found


def secrets_of(bundle: Bundle, manifest: Manifest) -> tuple[Finding, ...]:
    """What looks like a secret in a bundle: in its images, its graph, its manifest, and in what a scanner and its author said of it."""
    found: list[Finding] = []
    for image, ref in zip(images_of(bundle), bundle.images, strict=True):
        archive = ImageArchive(config=image.config, layers=image.layers, platform=ref.platform)
        own = image.role != "application" or manifest.application.image is None
        found += in_image(archive, image.role, own=own)
    with tempfile.TemporaryDirectory(prefix="kgshare-") as folder:
        graph = Path(folder) / GRAPH
        with graph_of(bundle, graph.parent) as stream, graph.open("wb") as out:
            shutil.copyfileobj(stream, out)
        found += in_tar(graph, "graph")
    found += (
        Finding(path=name, line=line, kind=kind)
        for name in (MANIFEST, *MEDIA_TYPES)
        if name in bundle.files
        for kind, line in detect.in_bytes(bundle.read_file(name), name)
    )
    return tuple(dict.fromkeys(found))  # images for two platforms have the same in common


def _layer(path: Path, diff_id: str, bundle: Bundle, digest: str) -> LayerSource:
    blob = bundle.blobs[digest]
    return LayerSource(diff_id=diff_id, path=path, offset=blob.offset, size=blob.size, compression="zstd")


def _is_shell(entry: Entry) -> bool:
    """A program of a shell's name, wherever it lies, or a link that is called so."""
    named = entry.path.rpartition("/")[2] in SHELLS
    return named and (entry.kind == "link" or (entry.kind != "folder" and bool(entry.mode & ANYBODY_RUNS)))


def _base(image: Image, matter: Matter) -> BaseFacts:
    """What an image stands on: Debian packages by their hashes, or an image that came whole, by its digest."""
    role, name = image.role, image.name
    stated, taken = matter.manifest.application.image, datetime.fromtimestamp(matter.lock.epoch, UTC).date()
    if role == "application" and isinstance(stated, str):
        digest = matter.lock.needs.get("image", "")
        return BaseFacts(
            role=name, name=f"file:{stated}", pinned=f"digest {digest[:19]}" if digest else "", taken=taken
        )
    arch: Arch = "arm64" if json.loads(image.config).get("architecture") == "arm64" else "amd64"
    if head := matter.lock.base(arch, "database" if role == "database" else "application"):
        return BaseFacts(role=name, name=head.reference, pinned=f"sha256:{head.sha256[:12]}", taken=taken)
    return BaseFacts(role=name, name="debian", pinned="the SHA-256 of each package", taken=taken)


def _seed(matter: Matter, statement: Mapping[str, Any]) -> SeedFacts:
    """From the seed's report and the statement of how it was built (`kgshare.attest.provenance`)."""
    kind = matter.manifest.provenance or ""
    built: Mapping[str, Any] = (statement.get("predicate") or {}).get("buildDefinition") or {}
    source: Mapping[str, Any] = (built.get("internalParameters") or {}).get("source") or {}
    named = (str(row.get("name", "")) for row in built.get("resolvedDependencies", ()))
    return SeedFacts(
        digest=matter.seed.digest,
        provenance=kind,
        derived=matter.seed.types.get(kind, 0) if kind else 0,
        materials=tuple(sorted(name for name in named if name.startswith("files of "))),
        revision=str(source.get("revision", "")),
        clean=source.get("clean"),
    )


def _document(text: bytes | None) -> Mapping[str, Any]:
    return json.loads(text) if text else {}


def _by_package(parts: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The licences of each package and data set, by its purl or else by what the bill calls it; all that is said of it anywhere."""
    found: dict[str, tuple[str, ...]] = {}
    for part in parts:
        said = licences_of(part)
        if part.get("purl") or said or part.get("type") == "data":
            name = str(part.get("purl") or part.get("bom-ref") or part.get("name"))
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *said)))
    return found
