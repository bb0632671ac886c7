"""CycloneDX 1.6 (ECMA-424), written by cyclonedx-python-lib: from parts to the bytes of a BOM. Pure, and always the same.

Neither a random serial number nor the time of the build is in it: both follow from what was locked.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from kgshare import __version__
from kgshare.attest import purls, words
from kgshare.attest.parts import Contents, Kind, Part
from kgshare.bundle import canonical

TYPES: dict[Kind, ComponentType] = {
    "deb": ComponentType.LIBRARY, "maven": ComponentType.LIBRARY, "pypi": ComponentType.LIBRARY,
    "npm": ComponentType.LIBRARY, "library": ComponentType.LIBRARY, "runtime": ComponentType.PLATFORM,
    "code": ComponentType.APPLICATION, "data": ComponentType.DATA, "image": ComponentType.CONTAINER,
}  # fmt: skip


def image_bom(contents: Contents, *, version: str, epoch: int) -> bytes:
    """The BOM of one image.

    Args:
        contents: the image and its parts.
        version: the project's.
        epoch: the lock's time, which is the BOM's.
    """
    image = _image(contents, version)
    bom = _bom(image, epoch)
    _fill(bom, bom.components, contents.parts, "", image)
    return _render(bom)


def bundle_bom(project: Part, images: Sequence[Contents], *, epoch: int) -> bytes:
    """The BOM of the whole bundle: its images, each with its parts.

    Args:
        project: what the bundle is of.
        images: the images and their parts.
        epoch: the lock's time.
    """
    root = _component(project, "")
    bom = _bom(root, epoch)
    made = []
    for contents in images:
        image = _image(contents, project.version)
        bom.components.add(image)
        _fill(bom, image.components, contents.parts, f"{contents.name}/", image)
        made.append(image)
    bom.register_dependency(root, made)
    return _render(bom)


def _image(contents: Contents, version: str) -> Component:
    purl = purls.oci(contents.reference.rpartition(":")[0], contents.digest)
    digest = contents.digest.removeprefix("sha256:")
    return Component(
        name=contents.reference, version=version, type=ComponentType.CONTAINER, bom_ref=f"image/{contents.name}",
        purl=purl, hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )  # fmt: skip


def _bom(root: Component, epoch: int) -> Bom:
    tool = Component(
        name="kgshare", version=__version__, type=ComponentType.APPLICATION, bom_ref="tool/kgshare"
    )
    metadata = BomMetaData(
        component=root, timestamp=datetime.fromtimestamp(epoch, UTC), tools=ToolRepository(components=[tool])
    )
    return Bom(metadata=metadata, serial_number=uuid.UUID(int=0))


def _fill(bom: Bom, into: set[Component], parts: Iterable[Part], prefix: str, around: Component) -> None:
    """Add an image's parts, and who needs whom: the image needs all that it consists of."""
    made = {part.ref: _component(part, prefix) for part in parts}
    for component in made.values():
        into.add(component)
    bom.register_dependency(around, made.values())
    for part in parts:
        bom.register_dependency(made[part.ref], [made[ref] for ref in part.needs if ref in made])


def _component(part: Part, prefix: str) -> Component:
    hashes = [(HashAlgorithm.SHA_256, part.sha256), (HashAlgorithm.SHA_512, part.sha512)]
    origin = (
        [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(part.origin))] if part.origin else []
    )
    return Component(
        name=part.name, group=part.group or None, version=part.version or None, type=TYPES[part.kind],
        bom_ref=f"{prefix}{part.ref}", purl=PackageURL.from_string(part.purl) if part.purl else None,
        hashes=[HashType(alg=alg, content=content) for alg, content in hashes if content],
        licenses=_licences(part.licences), description=part.description or None, external_references=origin,
        properties=[Property(name=name, value=value) for name, value in part.properties],
        components=[_component(inner, prefix) for inner in part.inside],
    )  # fmt: skip


def _licences(expressions: Sequence[str]) -> list[License]:
    """SPDX expressions as one, as CycloneDX wants it."""
    joined = words.all_of(expressions)
    if not joined:
        return []
    return [DisjunctiveLicense(id=joined) if is_supported_id(joined) else LicenseExpression(joined)]


def _render(bom: Bom) -> bytes:
    """Canonical bytes, with the serial number that follows from them."""
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    name = canonical.dump({**document, "serialNumber": ""}).decode()
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, name).urn
    return canonical.dump(document)
