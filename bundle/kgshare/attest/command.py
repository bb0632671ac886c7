"""``kgshare sbom`` and ``kgshare licenses``: the evidence of a bundle for a person, or for another program."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.aside import aside
from kgshare.attest import names
from kgshare.attest.check import images_by_name, require_evidence
from kgshare.attest.document import Bom, Component, read_bom
from kgshare.bundle import Bundle, read_bundle
from kgshare.errors import UsageError
from kgshare.stack.source import find_bundle
from kgshare.untar import unpack

UNKNOWN = "no licence named"


@dataclass(frozen=True, kw_only=True)
class SbomReport:
    """An SBOM that was written to a file.

    Attributes:
        file: where it is.
        about: what it is about.
        components: how many, also those inside of others.
    """

    schema: ClassVar[str] = "sbom"
    file: Path
    about: str
    components: int

    def text(self) -> str:
        """One line."""
        return f"{self.file}: {self.about}, {self.components} components"


@dataclass(frozen=True, kw_only=True)
class LicensedPart:
    """A component of a bundle and its licence.

    Attributes:
        images: in which images it is.
        inside: the component that it came inside of; empty where it stands by itself.
        source: what its corresponding source is called where its ecosystem keeps it.
    """

    name: str
    version: str
    licence: str
    kind: str
    images: tuple[str, ...]
    inside: str
    source: str
    citation: str


@dataclass(frozen=True, kw_only=True)
class LicensesReport:
    """Every component of a bundle by its licence.

    Attributes:
        bundle: the file.
        components: sorted by licence, then name.
        texts: where the texts were unpacked to; empty where that was not asked for.
    """

    schema: ClassVar[str] = "licenses"
    bundle: Path
    components: tuple[LicensedPart, ...]
    texts: str

    def text(self) -> str:
        """Licence by licence, then where the texts are."""
        lines: list[str] = []
        last = None
        for part in self.components:
            if part.licence != last:
                lines += ["", part.licence] if lines else [part.licence]
                last = part.licence
            within = f", in {part.inside}" if part.inside else ""
            lines.append(f"  {part.name} {part.version}".rstrip() + f"  ({', '.join(part.images)}{within})")
        where = (
            f"texts, index and sources: {self.texts}"
            if self.texts
            else "`--texts FOLDER` unpacks their texts"
        )
        return "\n".join([*lines, "", where])


def sbom(where: Path, image: str | None) -> bytes:
    """The BOM of a bundle, or of one of its images, as it stands in the file.

    Args:
        where: the bundle, or a folder with one.
        image: its role; of a bundle for several platforms with the platform behind, as ``database-linux-arm64``; the whole
            bundle when not given.

    Raises:
        UsageError: there is no bundle, or no such image.
        BundleError: the bundle or its evidence is refused.
    """
    bundle = _opened(where)
    there = images_by_name(bundle)
    if image is not None and image not in there:
        raise UsageError(f"there is no image {image}", hint=f"the images: {', '.join(sorted(there))}")
    return bundle.read_file(names.image_sbom(image) if image else names.SBOM)


def write_sbom(where: Path, image: str | None, output: Path) -> SbomReport:
    """Write `sbom` to a file; it raises the same."""
    data = sbom(where, image)
    with aside(output) as path:
        path.write_bytes(data)
    bom = read_bom(data)
    name, version = bom.about.name, bom.about.version
    about = name if name.endswith(f":{version}") else f"{name} {version}"
    return SbomReport(file=output, about=about, components=len(bom.components))


def licenses(where: Path, texts: Path | None) -> LicensesReport:
    """Every component of a bundle with its licence.

    Args:
        where: the bundle, or a folder with one.
        texts: a folder to unpack the texts, the index and the list of sources to; made if need be, must be empty.

    Raises:
        UsageError: there is no bundle, or the folder is not empty.
        BundleError: the bundle or its evidence is refused.
    """
    if texts is not None and texts.exists() and (not texts.is_dir() or any(texts.iterdir())):
        raise UsageError(f"{texts} is not an empty folder", hint="name a new one")
    bundle = _opened(where)
    images = images_by_name(bundle).items()
    boms = [(image.role, read_bom(bundle.read_file(names.image_sbom(name)))) for name, image in images]
    if texts is not None:
        texts.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(bundle.read_file(names.LICENSES))) as tar:
            unpack(tar, texts)
    parts = sorted(_parts(boms), key=lambda p: (p.licence == UNKNOWN, p.licence, p.name, p.version, p.inside))
    return LicensesReport(bundle=bundle.path, components=tuple(parts), texts=str(texts or ""))


def _parts(boms: Iterable[tuple[str, Bom]]) -> Iterable[LicensedPart]:
    """One row for a component that is in several images."""
    found: dict[tuple[str, ...], tuple[Component, list[str]]] = {}
    for role, bom in boms:
        for row in bom.components:
            key = (row.name, row.version, row.licence, row.inside)
            found.setdefault(key, (row, []))[1].append(role)
    for row, roles in found.values():
        yield LicensedPart(
            name=row.name, version=row.version, licence=row.licence or UNKNOWN, kind=row.kind,
            images=tuple(dict.fromkeys(roles)), inside=row.inside, source=row.source, citation=row.citation,
        )  # fmt: skip


def _opened(where: Path) -> Bundle:
    """A bundle whose structure and evidence are as they must be; who made it is asked by `verify`."""
    bundle = read_bundle(find_bundle(where), deep=False)
    require_evidence(bundle)
    return bundle
