"""A BOM in a bundle, read: what other stages and commands want of it, and nothing believed of its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kgshare.attest.names import CITATION, LOCKED, SOURCE
from kgshare.bundle import canonical


@dataclass(frozen=True, kw_only=True)
class Component:
    """One component of a BOM.

    Attributes:
        ref: its name in the BOM.
        kind: CycloneDX's type, as ``library``.
        name: with its group before it, where it has one.
        licence: an SPDX expression; empty where none is known.
        sha256: hexadecimal; empty where there is none.
        locked: its kind, where it stands in the lock by itself.
        source: what its corresponding source is called.
        citation: of a data set.
        inside: name of the component that it came inside of.
    """

    ref: str
    kind: str
    name: str
    version: str
    purl: str
    licence: str
    sha256: str
    locked: str
    source: str
    citation: str
    inside: str


@dataclass(frozen=True, kw_only=True)
class Bom:
    """A BOM: what it is about, and every component of it, also those inside of others."""

    about: Component
    components: tuple[Component, ...]


def read_bom(data: bytes) -> Bom:
    """Read a BOM that `kgshare.attest.bom` wrote.

    Raises:
        ValueError: it is not canonical JSON, not CycloneDX 1.6, or a component is not as it must be.
    """
    document = canonical.load(data)
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        raise ValueError("is no CycloneDX document")
    if document.get("specVersion") != "1.6":
        raise ValueError(f"is of CycloneDX {document.get('specVersion')!r}, and must be of 1.6")
    try:
        about = _component(document["metadata"]["component"], "")
        return Bom(about=about, components=tuple(_all(document.get("components", []), "")))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a component is not as CycloneDX has it: {error}") from None


def components_of(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The components of a CycloneDX document, or of one of its components, as they stand there, nested ones too."""
    for row in document.get("components", ()):
        yield row
        yield from components_of(row)


def licences_of(component: Mapping[str, Any]) -> tuple[str, ...]:
    """A component's licences as they stand in a CycloneDX document, each an SPDX expression or a name."""
    rows: Iterable[Mapping[str, Any]] = component.get("licenses", ())
    named = (
        row.get("expression")
        or (row.get("license") or {}).get("id")
        or (row.get("license") or {}).get("name")
        for row in rows
    )
    return tuple(str(name) for name in named if name)


def _all(rows: list[Mapping[str, Any]], inside: str) -> Iterator[Component]:
    for row in rows:
        component = _component(row, inside)
        yield component
        yield from _all(row.get("components", []), component.name)


def _component(row: Mapping[str, Any], inside: str) -> Component:
    facts = {fact["name"]: fact["value"] for fact in row.get("properties", [])}
    hashes = {entry["alg"]: entry["content"] for entry in row.get("hashes", [])}
    name = ":".join(filter(None, [row.get("group", ""), row["name"]]))
    return Component(
        ref=row["bom-ref"], kind=row["type"], name=name, version=row.get("version", ""), purl=row.get("purl", ""),
        licence=" AND ".join(licences_of(row)), sha256=hashes.get("SHA-256", ""), locked=facts.get(LOCKED, ""),
        source=facts.get(SOURCE, ""), citation=facts.get(CITATION, ""), inside=inside,
    )  # fmt: skip
