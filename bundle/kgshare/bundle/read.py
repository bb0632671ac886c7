"""Reading a bundle: one pass from the first byte to the last, in which every byte is accounted for.

Each member's name and size follow from what came before it, its bytes from its digest, and the documents from the
facts they carry; so the file is serialised again while it is read, and nothing of it is ever written to disk.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from kgshare.bundle import documents, rules
from kgshare.bundle.documents import MAX_JSON, MAX_TEXT, OCI_LAYOUT, Blob, Documents, Facts, ImageFacts
from kgshare.bundle.layers import LayerCheck
from kgshare.bundle.model import BlobRef, Bundle, ImageRef, refuse, sha256
from kgshare.bundle.names import COMPOSE, DELTA, README, SIGNATURE
from kgshare.bundle.signature import MAX_SIGNATURE, Signature
from kgshare.bundle.signature import read as read_signature
from kgshare.bundle.tarform import BLOCK, StrictTar, blob_name
from kgshare.errors import BundleError, Problem

MAX_IMAGES = 64


def read_bundle(path: Path, *, deep: bool = True) -> Bundle:
    """Verify a bundle and say what is in it.

    Args:
        path: the file.
        deep: also decompress every layer and look at it (`kgshare.bundle.layers`).

    Raises:
        BundleError: the file is refused; the problem says which member, why, and what to do.
    """
    try:
        with path.open("rb", buffering=0) as raw:
            return _Reader(path, StrictTar(path, raw), deep).read()
    except OSError as error:
        hint = "name a .kgshare.tar that is there and may be read"
        raise BundleError(
            Problem(message=f"cannot be read: {error.strerror}", where=str(path), hint=hint)
        ) from error


class _Reader:
    """One reading of one file; the attributes are what is known so far."""

    def __init__(self, path: Path, tar: StrictTar, deep: bool) -> None:
        self.path = path
        self.tar = tar
        self.deep = deep
        self.blobs: dict[str, BlobRef] = {}
        self.diff_ids: dict[str, tuple[str, ...]] = {}  # by digest of the config
        self.layers_read: set[str] = set()

    def read(self) -> Bundle:
        """The stages of a reading."""
        if self.tar.next_name() == DELTA:
            hint = "`kgshare complete` makes the bundle of it, with the older one that is here; `kgshare up` does by itself"
            raise refuse(self.path, "", "is a delta: only what a bundle has and an older one has not", hint)
        if self.tar.small("oci-layout", MAX_JSON) != OCI_LAYOUT:
            raise refuse(self.path, "oci-layout", "is not that of version 1.0.0 in canonical JSON")
        index = self.tar.small("index.json", MAX_JSON)
        at = self.tar.offset - len(index) - (-len(index) % BLOCK)
        self.index = BlobRef(digest=sha256(index), offset=at, size=len(index))
        docker = self.tar.small("manifest.json", MAX_JSON)
        top = {name: self.tar.small(name, MAX_TEXT) for name in (README, COMPOSE)}
        facts, again = self._documents(index, docker)
        self._top_level(facts, top)
        self._rest(facts, again)
        unsigned = self.tar.offset
        signature = self._signature()
        self.tar.end()
        return self._bundle(facts, again, unsigned, signature)

    def _signature(self) -> Signature | None:
        data = self.tar.optional(SIGNATURE, MAX_SIGNATURE)
        try:
            return None if data is None else read_signature(data)
        except ValueError as error:
            raise refuse(self.path, SIGNATURE, str(error)) from error

    def _documents(self, index: bytes, docker: bytes) -> tuple[Facts, Documents]:
        try:
            entries, project, _ = documents.read_index(index)
        except ValueError as error:
            raise refuse(self.path, "index.json", str(error)) from error
        if len(entries) > MAX_IMAGES:
            raise refuse(self.path, "index.json", f"names {len(entries)} images, more than {MAX_IMAGES}")
        manifests: dict[str, bytes] = {}
        named = [Blob(digest=e.digest, size=e.size) for e in entries]
        named.append(Blob(digest=project.digest, size=project.size))
        for entry in named:
            if entry.size > MAX_JSON:
                raise refuse(
                    self.path, blob_name(entry.digest), f"is a manifest of more than {MAX_JSON} bytes"
                )
            if entry.digest not in manifests:
                manifests[entry.digest] = self._blob(entry, keep=True)
        try:
            facts = documents.read(index, manifests)
        except ValueError as error:
            raise refuse(self.path, "", str(error)) from error
        wrong = rules.problems(facts)
        if wrong:
            raise BundleError(*(refuse(self.path, "", reason).problems[0] for reason in wrong))
        again = documents.write(facts)
        for digest, made in zip((e.digest for e in named), again.manifests, strict=True):
            if sha256(made) != digest:
                raise refuse(
                    self.path, blob_name(digest), "is not in the one valid form (order or annotations)"
                )
        if again.index != index:
            raise refuse(self.path, "index.json", "is not in the one valid form (order or annotations)")
        if again.docker != docker:
            raise refuse(self.path, "manifest.json", "does not agree with index.json")
        return facts, again

    def _top_level(self, facts: Facts, top: dict[str, bytes]) -> None:
        for file in facts.files:
            if file.name in top and sha256(top[file.name]) != file.blob.digest:
                raise refuse(
                    self.path, file.name, "differs from the file of that name in the project artifact"
                )

    def _rest(self, facts: Facts, again: Documents) -> None:
        """Every blob after the manifests: configs, files, layers."""
        configs: dict[str, list[ImageFacts]] = {}
        for image in facts.images:
            configs.setdefault(image.config.digest, []).append(image)
        layers: dict[str, set[tuple[str, int]]] = {}  # digest → what images say it unpacks to: diff id, bytes
        try:
            order = list(documents.blobs(facts, again))
        except ValueError as error:
            raise refuse(self.path, "", str(error)) from error
        for blob in order:
            if blob.digest in self.blobs:
                continue
            if blob.digest in layers:
                self._layer(blob, layers[blob.digest])
                continue
            data = self._blob(blob, keep=blob.digest in configs)
            for image in configs.get(blob.digest, []):
                self._config(image, data)
                for layer, diff_id in zip(image.layers, self.diff_ids[blob.digest], strict=True):
                    layers.setdefault(layer.blob.digest, set()).add((diff_id, layer.unpacked))
        for digest in configs:
            if digest not in self.diff_ids:
                raise refuse(self.path, blob_name(digest), "is named as a config and as something else")
        self._layers_were_read(layers)

    def _config(self, image: ImageFacts, data: bytes) -> None:
        try:
            self.diff_ids[image.config.digest] = rules.read_config(image, data)
        except ValueError as error:
            raise refuse(self.path, blob_name(image.config.digest), str(error)) from error

    def _layers_were_read(self, layers: dict[str, set[tuple[str, int]]]) -> None:
        """A blob that is a layer and also something that comes earlier in the file was not looked into."""
        for digest, claims in layers.items():
            if digest not in self.layers_read:
                raise refuse(self.path, blob_name(digest), "is named as a layer and as something else")
            if len(claims) > 1:
                raise refuse(self.path, blob_name(digest), "is one layer to one image and another to another")

    def _blob(self, blob: Blob, *, keep: bool = False) -> bytes:
        offset, data = self.tar.blob(blob.digest, blob.size, keep=keep)
        self.blobs[blob.digest] = BlobRef(digest=blob.digest, offset=offset, size=blob.size)
        return data

    def _layer(self, blob: Blob, claims: set[tuple[str, int]]) -> None:
        diff_id, unpacked = next(iter(claims))
        check = LayerCheck(diff_id, unpacked) if self.deep else None
        try:
            offset, _ = self.tar.blob(blob.digest, blob.size, sink=check)
            if check is not None:
                check.done()
        except ValueError as error:
            raise refuse(self.path, blob_name(blob.digest), f"layer: {error}") from error
        self.blobs[blob.digest] = BlobRef(digest=blob.digest, offset=offset, size=blob.size)
        self.layers_read.add(blob.digest)

    def _bundle(self, facts: Facts, again: Documents, unsigned: int, signature: Signature | None) -> Bundle:
        images = tuple(
            ImageRef(
                role=image.role,
                reference=image.reference,
                platform=image.platform,
                manifest_digest=sha256(manifest),
                config_digest=image.config.digest,
                size=len(manifest) + image.config.size + sum(layer.blob.size for layer in image.layers),
                diff_ids=self.diff_ids[image.config.digest],
                layer_digests=tuple(layer.blob.digest for layer in image.layers),
            )
            for image, manifest in zip(facts.images, again.manifests, strict=False)
        )
        return Bundle(
            path=self.path,
            digest=sha256(again.index),
            name=facts.name,
            version=facts.version,
            size=self.tar.length,
            images=images,
            files=MappingProxyType({file.name: self.blobs[file.blob.digest] for file in facts.files}),
            blobs=MappingProxyType(self.blobs),
            unsigned=unsigned,
            index=self.index,
            signature=signature,
        )
