"""Evidence that is held against the bundle it came with: all there, of the right form, about these images and this lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kgshare.attest import names
from kgshare.attest.document import Bom, read_bom
from kgshare.attest.inputs import inputs_of
from kgshare.attest.judged import require_judged
from kgshare.attest.purls import purl_of
from kgshare.bundle import Bundle, canonical
from kgshare.bundle.model import ImageRef, refuse
from kgshare.bundle.names import ref_name
from kgshare.errors import BundleError, LockError
from kgshare.lock.file import parse
from kgshare.lock.model import LOCK
from kgshare.project import MANIFEST

REBUILD = "its author builds it anew with this kgshare: `kgshare build`"


class _Doc(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")


class Digest(_Doc):
    """A digest by the name of its algorithm; of files, ``sha256``."""

    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    git: str = Field(default="", alias="gitCommit", pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")


class Named(_Doc):
    """Something with a digest: a subject, a material, a by-product."""

    name: str = ""
    uri: str = ""
    digest: Digest


class _Definition(_Doc):
    type: str = Field(alias="buildType")
    external: dict[str, Any] = Field(alias="externalParameters")
    internal: dict[str, Any] = Field(alias="internalParameters")
    resolved: tuple[Named, ...] = Field(alias="resolvedDependencies")


class _Builder(_Doc):
    id: str
    version: dict[str, str]


class _Metadata(_Doc):
    invocation: str = Field(alias="invocationId")
    started: str = Field(alias="startedOn")
    finished: str = Field(alias="finishedOn")


class _Run(_Doc):
    builder: _Builder
    metadata: _Metadata
    byproducts: tuple[Named, ...]


class _Predicate(_Doc):
    definition: _Definition = Field(alias="buildDefinition")
    run: _Run = Field(alias="runDetails")


class Provenance(_Doc):
    """A statement of provenance as `kgshare.attest.provenance` writes it; other keys are errors."""

    type: str = Field(alias="_type")
    subject: tuple[Named, ...]
    kind: str = Field(alias="predicateType")
    predicate: _Predicate


def require_evidence(bundle: Bundle) -> Provenance:
    """See that a bundle's evidence is whole and is about this bundle; nothing of it is believed that can be compared.

    Returns:
        The provenance.

    Raises:
        BundleError: a file of it is missing, not of its schema, or says other digests than the bundle has.
    """
    images = images_by_name(bundle)
    wanted = names.media_types(images)
    for name in wanted:
        if name not in bundle.files:
            raise refuse(bundle.path, name, "the bundle holds no such evidence", REBUILD)
    provenance = read_provenance(bundle)
    _require_bills(bundle, wanted)
    _require_subjects(bundle, provenance)
    _require_files(bundle, provenance, wanted)
    _require_listed(bundle, images)
    require_judged(bundle)
    return provenance


def read_provenance(bundle: Bundle) -> Provenance:
    """The provenance in a bundle.

    Raises:
        BundleError: it is not of its schema.
    """
    try:
        found = Provenance.model_validate(canonical.load(bundle.read_file(names.PROVENANCE)))
    except ValidationError as error:
        row = error.errors()[0]
        place = ".".join(map(str, row["loc"]))
        raise _refuse(bundle, names.PROVENANCE, f"is no provenance: {place}: {row['msg']}") from None
    except ValueError as error:
        raise _refuse(bundle, names.PROVENANCE, str(error)) from None
    wanted = {"_type": names.STATEMENT, "predicateType": names.SLSA, "buildType": names.BUILD_TYPE}
    said = {"_type": found.type, "predicateType": found.kind, "buildType": found.predicate.definition.type}
    for key, value in wanted.items():
        if said[key] != value:
            raise _refuse(bundle, names.PROVENANCE, f"its {key} is {said[key]!r}, and must be {value!r}")
    return found


def _require_subjects(bundle: Bundle, provenance: Provenance) -> None:
    said = {row.name: f"sha256:{row.digest.sha256}" for row in provenance.subject}
    held = {image.reference: image.manifest_digest for image in bundle.images}
    for name in sorted(said.keys() | held.keys()):
        if said.get(name) != held.get(name) or len(said) != len(provenance.subject):
            reason = f"is about {name} as {said.get(name, 'nothing')}, the bundle holds {held.get(name, 'no such image')}"
            raise _refuse(bundle, names.PROVENANCE, reason)


def _require_files(bundle: Bundle, provenance: Provenance, wanted: Iterable[str]) -> None:
    """Each file that the provenance speaks of is the one that is there; it speaks of all but three that follow from it."""
    held = {name: blob.digest.removeprefix("sha256:") for name, blob in bundle.files.items()}
    definition, run = provenance.predicate.definition, provenance.predicate.run
    said = {row.name: row.digest.sha256 for row in (*definition.resolved, *run.byproducts) if row.name}
    for name in (MANIFEST, LOCK, *wanted):
        if name == names.PROVENANCE:
            continue
        if name not in said:
            raise _refuse(bundle, names.PROVENANCE, f"does not say which {name} the bundle has")
        if said[name] != held[name]:
            reason = f"is another than the provenance says: {held[name][:12]}… for {said[name][:12]}…"
            raise _refuse(bundle, name, reason)


def images_by_name(bundle: Bundle) -> dict[str, ImageRef]:
    """The images by what they are called in the bundle: each role once for each platform, and every platform has both.

    A bill is about one image: of what is in a further one, or on a platform that has no other image, nothing would be said.

    Raises:
        BundleError: an image is missing, or is one that no bill can be about.
    """
    platforms = sorted({image.platform for image in bundle.images})
    held = {(image.role, image.platform): image for image in bundle.images}
    for role, platform in held:
        if role not in names.ROLES:
            raise _refuse(
                bundle,
                names.SBOM,
                f"is about no image in the role {role}, and the bundle has one for {platform}",
            )
    for platform in platforms:
        for role in names.ROLES:
            if (role, platform) not in held:
                raise _refuse(
                    bundle,
                    names.SBOM,
                    f"is about the {role} for {platform}, and the bundle has no such image",
                )
    roles = [image.role for image in bundle.images]
    return {ref_name(image.role, image.platform, roles): image for image in bundle.images}


def _require_bills(bundle: Bundle, wanted: Iterable[str]) -> None:
    """No bill is there beside those of the bundle and its images: nobody would have held it against anything."""
    ending = names.SBOM.removeprefix(names.SBOM.partition(".")[0])
    for name in sorted(bundle.files.keys() - set(wanted)):
        if name.startswith(names.FOLDER) and name.endswith(ending):
            raise _refuse(bundle, name, "is about an image that the bundle does not have")


def _require_listed(bundle: Bundle, images: Mapping[str, ImageRef]) -> None:
    """The BOMs are about the images, and list what the lock has for each: nothing less, nothing else."""
    try:
        lock = parse(bundle.read_file(LOCK).decode(), LOCK)
    except (LockError, UnicodeDecodeError, RecursionError) as error:
        raise _refuse(bundle, LOCK, str(error).splitlines()[0]) from None
    whole = _bom(bundle, names.SBOM)
    for image_name, image in images.items():
        name = names.image_sbom(image_name)
        bom = _bom(bundle, name)
        if f"sha256:{bom.about.sha256}" != image.manifest_digest:
            raise _refuse(
                bundle, name, f"is about sha256:{bom.about.sha256}, the bundle holds {image.manifest_digest}"
            )
        arch = next((arch for arch in lock.archs if arch == image.platform.architecture), None)
        if arch is None:
            raise _refuse(
                bundle,
                LOCK,
                f"has nothing for {image.platform.architecture}, which the {image.role} image is for",
            )
        wanted = {purl_of(item): item.sha256 for item in inputs_of(lock, arch, image.role)}
        for one, place in ((bom, name), (_of_image(whole, image_name), names.SBOM)):
            said = {row.purl: row.sha256 for row in one.components if row.locked}
            for purl in sorted(wanted.keys() | said.keys()):
                if purl not in said:
                    raise _refuse(
                        bundle, place, f"does not list {purl}, which is locked for the {image_name}"
                    )
                if wanted.get(purl) != said[purl]:
                    raise _refuse(
                        bundle, place, f"lists {purl} with SHA-256 {said[purl][:12]}…, which is not locked"
                    )


def _of_image(bom: Bom, name: str) -> Bom:
    """The part of the bundle's BOM that is about one image."""
    return replace(bom, components=tuple(row for row in bom.components if row.ref.startswith(f"{name}/")))


def _bom(bundle: Bundle, name: str) -> Bom:
    try:
        return read_bom(bundle.read_file(name))
    except ValueError as error:
        raise _refuse(bundle, name, str(error)) from None


def _refuse(bundle: Bundle, member: str, reason: str) -> BundleError:
    return refuse(bundle.path, member, reason)
