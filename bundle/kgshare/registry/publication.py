"""What a verified bundle is in a registry: blobs, manifests, names. Nothing is sent here.

The tag names the bundle's own ``index.json``, byte for byte: what is signed is what is published, and a file made from it
again is the same file. Beside it, for others' tools: an index for each role, so that `docker pull` finds the image of its
platform; each evidence file and the signature as a referrer of the bundle; a Compose project that runs the images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from kgshare.bundle import canonical, documents, names
from kgshare.bundle.documents import EMPTY_CONFIG, OCI_LAYOUT, Blob
from kgshare.bundle.model import Bundle, refuse, sha256
from kgshare.bundle.signature import CLOCK, MEDIA_TYPE, PREDICATE
from kgshare.bundle.tarform import StrictTar
from kgshare.registry.reference import Reference
from kgshare.registry.repository import Document

EVIDENCE = "evidence/"
CREATED = "org.opencontainers.image.created"
# Where cosign looks for what a Sigstore bundle is about (its "bundle" specification, "OCI").
CONTENT, PREDICATE_TYPE = "dev.sigstore.bundle.content", "dev.sigstore.bundle.predicateType"
COMPOSE_PROJECT = "application/vnd.docker.compose.project"
COMPOSE_FILE = "application/vnd.docker.compose.file+yaml"


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Everything that a push puts into a repository.

    Attributes:
        blobs: that the manifests name, each once; ``made`` are the bytes of those that the file does not hold.
        manifests: of the images and the project, which the index names.
        index: the bundle itself, under ``tag``.
        referrers: the evidence and the signature.
        also: other manifests by the tag that each gets.
    """

    tag: str
    blobs: tuple[Blob, ...]
    made: Mapping[str, bytes]
    manifests: tuple[Document, ...]
    index: Document
    referrers: tuple[Document, ...]
    also: Mapping[str, Document]


def tag_of(version: str) -> str:
    """The tag for a version; a tag has no ``+``."""
    return version.replace("+", "_")


def referrers_tag(digest: str) -> str:
    """The tag under which an index names what refers to a digest (OCI distribution specification 1.1, "Referrers Tag Schema")."""
    return digest.replace(":", "-")


def named_by(index: bytes) -> list[Blob]:
    """The manifests that an index names: the images', then the project's.

    Raises:
        ValueError: it is not a bundle's index.
    """
    images, project, _ = documents.read_index(index)
    found = [Blob(digest=image.digest, size=image.size) for image in images]
    return [*found, Blob(digest=project.digest, size=project.size)]


def publication(bundle: Bundle, reference: Reference) -> Publication:
    """What a bundle is in the repository of a reference.

    Raises:
        BundleError: the file changed since it was verified.
    """
    tag = reference.tag or tag_of(bundle.version)
    index = Document(data=_index(bundle), media_type=names.INDEX)
    entries, project, _ = documents.read_index(index.data)
    inner = {blob.digest: Document(data=bundle.read_blob(blob.digest)) for blob in named_by(index.data)}
    made = {} if bundle.signature is None else {sha256(bundle.signature.data): bundle.signature.data}
    roles = _roles(entries)
    also = {f"{tag}-{role}": document for role, document in roles.items()}
    if services := _services(bundle, reference, roles):
        override = canonical.dump({"services": services}) + b"\n"
        made[sha256(override)] = override
        layers = [_layer(COMPOSE_FILE, data) for data in (bundle.read_file(names.COMPOSE), override)]
        also[f"{tag}-compose"] = _artifact(COMPOSE_PROJECT, layers)
    own = [Blob(digest=b.digest, size=b.size) for b in bundle.blobs.values() if b.digest not in inner]
    return Publication(
        tag=tag,
        blobs=(*own, *(Blob(digest=digest, size=len(data)) for digest, data in made.items())),
        made=made,
        manifests=tuple(inner.values()),
        index=index,
        referrers=_referrers(bundle, inner[project.digest], index),
        also=also,
    )


def _index(bundle: Bundle) -> bytes:
    with bundle.path.open("rb", buffering=0) as raw:
        tar = StrictTar(bundle.path, raw)
        tar.small("oci-layout", len(OCI_LAYOUT))
        data = tar.small("index.json", documents.MAX_JSON)
    if sha256(data) != bundle.digest:
        raise refuse(bundle.path, "index.json", "changed since the bundle was verified")
    return data


def _roles(entries: tuple[Any, ...]) -> dict[str, Document]:
    """For each role an index of its image on every platform."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        platform = {k: v for k, v in entry.platform.model_dump().items() if v is not None}
        row = {"mediaType": entry.mediaType, "digest": entry.digest, "size": entry.size, "platform": platform}
        found.setdefault(entry.annotations.role, []).append(row)
    return {role: _made(names.INDEX, {"manifests": rows}) for role, rows in found.items()}


def _referrers(bundle: Bundle, project: Document, index: Document) -> tuple[Document, ...]:
    layers = canonical.parse(project.data)["layers"]
    evidence = [layer for layer in layers if layer["annotations"][names.TITLE].startswith(EVIDENCE)]
    made = [_artifact(layer["mediaType"], [layer], subject=index.descriptor) for layer in evidence]
    if bundle.signature is not None:
        data, said = bundle.signature.data, bundle.signature.statement
        layer = {**_layer(MEDIA_TYPE, data), "annotations": {names.TITLE: names.SIGNATURE}}
        notes = {
            CREATED: said.time.strftime(CLOCK), CONTENT: "dsse-envelope", PREDICATE_TYPE: PREDICATE,
        }  # fmt: skip
        made.append(_artifact(MEDIA_TYPE, [layer], subject=index.descriptor, annotations=notes))
    return tuple(made)


def _services(bundle: Bundle, reference: Reference, roles: Mapping[str, Document]) -> dict[str, Any]:
    """What Compose is told beside the bundle's compose file: where the image of each service is in this registry."""
    said = yaml.safe_load(bundle.read_file(names.COMPOSE))  # which was found to be the rendered one
    found = {}
    for service, keys in said["services"].items() if isinstance(said, dict) and "services" in said else ():
        role = next((i.role for i in bundle.images if i.reference in str(keys.get("image"))), None)
        if role:
            where = f"{reference.host}/{reference.name}@{roles[role].digest}"
            found[service] = {"image": where, "pull_policy": "missing"}
    return found


def _layer(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}


def _artifact(kind: str, layers: list[dict[str, Any]], **more: Any) -> Document:
    config = _layer(names.EMPTY, EMPTY_CONFIG)
    return _made(names.MANIFEST, {"artifactType": kind, "config": config, "layers": layers, **more})


def _made(media_type: str, body: dict[str, Any]) -> Document:
    return Document(
        data=canonical.dump({"schemaVersion": 2, "mediaType": media_type, **body}), media_type=media_type
    )
