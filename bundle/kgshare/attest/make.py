"""The work of the plan's step ``attest``: from what was built and what it was built from to the files of evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kgshare.attest import names, texts
from kgshare.attest.bom import bundle_bom, image_bom
from kgshare.attest.contents import parts_of, read_all, runtime_documents
from kgshare.attest.inputs import inputs_of
from kgshare.attest.parts import Contents, Part, Text
from kgshare.attest.provenance import Materials, Run, Subject, statement
from kgshare.attest.purls import purl_of
from kgshare.attest.readings import Readings
from kgshare.bundle import BundleImage
from kgshare.bundle.write import manifest_digest
from kgshare.lock.model import Arch, Lock
from kgshare.project import Manifest


@dataclass(frozen=True, kw_only=True)
class Attested:
    """What was built.

    Attributes:
        images: of the bundle.
        files: SHA-256 of each file that it gets beside them, by its name there.
        data: the data sets that are in the graph.
    """

    images: Sequence[BundleImage]
    files: Mapping[str, str]
    data: Sequence[Part] = ()


def attest(
    manifest: Manifest, attested: Attested, materials: Materials, run: Run, readings: Readings, out: Path
) -> None:
    """Write every file of evidence to ``out``.

    Args:
        manifest: the project's.
        attested: what the evidence is about.
        materials: what it was built from.
        run: how.
        readings: what stands in the locked inputs.
        out: a folder.

    Raises:
        BuildError: an input is not what its kind must be.
    """
    lock, arch = materials.lock, materials.arch
    images = [
        Contents(
            role=image.role, reference=image.reference, digest=manifest_digest(image),
            parts=parts_of(manifest, lock, arch, image.role, readings.read, attested.data),
        )
        for image in attested.images
    ]  # fmt: skip
    project = Part(
        ref="project", kind="code", name=manifest.name, version=manifest.version, licences=(manifest.licence,),
        description=manifest.description,
    )  # fmt: skip
    made = {
        names.IMAGE_SBOMS[image.role]: image_bom(image, version=manifest.version, epoch=lock.epoch)
        for image in images
    }
    made[names.SBOM] = bundle_bom(project, images, epoch=lock.epoch)
    made[names.LICENSES] = _licenses(manifest, images, lock, arch, readings)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    subjects = [Subject(name=image.reference, digest=image.digest) for image in images]
    made[names.PROVENANCE] = statement(subjects, materials, run, {**attested.files, **digests})
    for name, data in made.items():
        (out / names.output_of(name)).write_bytes(data)


def _licenses(
    manifest: Manifest, images: Sequence[Contents], lock: Lock, arch: Arch, readings: Readings
) -> bytes:
    by_ref = {
        purl_of(item): reading.texts
        for image in images
        for item, reading in read_all(inputs_of(lock, arch, image.role), readings.read)
    }
    if any(part.ref == "runtime" for image in images for part in image.parts):
        by_ref["runtime"] = readings.read(runtime_documents(lock, arch)).texts

    def texts_of(part: Part) -> tuple[Text, ...]:
        return by_ref.get(part.ref, ())

    own = (manifest.name, manifest.version)
    rows = [
        replace(row, version="") if (row.name, row.version) == own else row
        for row in texts.rows({image.role: image.parts for image in images}, texts_of)
    ]
    wanted = {texts.member(text): text for found in by_ref.values() for text in found}
    packed = {name: readings.text(text.sha256) for name, text in wanted.items()}
    return texts.pack(texts.index(rows, manifest.name), packed)
