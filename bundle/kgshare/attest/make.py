"""The work of the plan's step ``attest``: from what was built and what it was built from to the files of evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kgshare.attest import names, texts
from kgshare.attest.bom import bundle_bom, image_bom
from kgshare.attest.contents import parts_of, read_all
from kgshare.attest.inputs import inputs_of
from kgshare.attest.parts import Contents, Part, Text
from kgshare.attest.provenance import Materials, Run, Subject, statement
from kgshare.attest.purls import purl_of
from kgshare.attest.readings import Readings
from kgshare.bundle import BundleImage
from kgshare.bundle.names import Platform, ref_name
from kgshare.bundle.write import manifest_digest
from kgshare.errors import LockError, Problem
from kgshare.lock.model import LOCK, Arch, Lock
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
    lock = materials.lock
    roles = [image.role for image in attested.images]
    archs = [arch_of(lock, image.platform) for image in attested.images]
    images = [
        Contents(
            name=ref_name(image.role, image.platform, roles), reference=image.reference, digest=manifest_digest(image),
            parts=parts_of(manifest, lock, arch, image.role, readings.read, attested.data),
        )
        for image, arch in zip(attested.images, archs, strict=True)
    ]  # fmt: skip
    project = Part(
        ref="project", kind="code", name=manifest.name, version=manifest.version, licences=(manifest.licence,),
        description=manifest.description,
    )  # fmt: skip
    made = {
        names.image_sbom(image.name): image_bom(image, version=manifest.version, epoch=lock.epoch)
        for image in images
    }
    made[names.SBOM] = bundle_bom(project, images, epoch=lock.epoch)
    uses = list(dict.fromkeys(zip(archs, roles, strict=True)))
    made[names.LICENSES] = _licenses(manifest, images, lock, uses, readings)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    subjects = [Subject(name=image.reference, digest=image.digest) for image in images]
    made[names.PROVENANCE] = statement(subjects, materials, run, {**attested.files, **digests})
    for name, data in made.items():
        (out / names.output_of(name)).write_bytes(data)


def arch_of(lock: Lock, platform: Platform) -> Arch:
    """The architecture of the lock that an image is for.

    Raises:
        LockError: the lock has nothing for it.
    """
    found = next((arch for arch in lock.archs if arch == platform.architecture), None)
    if found is None:
        raise LockError(Problem(message=f"has nothing for {platform.architecture}", where=LOCK))
    return found


def _licenses(
    manifest: Manifest,
    images: Sequence[Contents],
    lock: Lock,
    uses: Sequence[tuple[Arch, str]],
    readings: Readings,
) -> bytes:
    by_ref = {
        purl_of(item): reading.texts
        for arch, role in uses
        for item, reading in read_all(inputs_of(lock, arch, role), readings.read)
    }
    if any(part.ref == "runtime" for image in images for part in image.parts):
        # Of one platform: the same source package has the same documents on all.
        by_ref["runtime"] = readings.read(lock.documents_of_java(uses[0][0])).texts

    def texts_of(part: Part) -> tuple[Text, ...]:
        return by_ref.get(part.ref, ())

    own = (manifest.name, manifest.version)
    rows = [
        replace(row, version="") if (row.name, row.version) == own else row
        for row in texts.rows({image.name: image.parts for image in images}, texts_of)
    ]
    wanted = {texts.member(text): text for found in by_ref.values() for text in found}
    packed = {name: readings.text(text.sha256) for name, text in wanted.items()}
    return texts.pack(texts.index(rows, manifest.name), packed)
