"""What the policy judges: facts about a bundle, gathered once, small enough to travel with it.

They are stored with the result, so that ``up`` can judge them again on a later day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kgshare.scan.model import ScanResult


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """One image.

    Attributes:
        role: ``database`` or ``application``; for several platforms ``database-linux-arm64`` and so on.
        user: as its configuration names it; empty is root.
        shells: paths of the shells in it.
        setuid: paths of the files in it that run with another user's rights.
        size: bytes of its compressed layers, but those that an image before it has too.
    """

    role: str
    user: str
    shells: tuple[str, ...]
    setuid: tuple[str, ...]
    size: int


@dataclass(frozen=True, kw_only=True)
class BaseFacts:
    """What an image stands on.

    Attributes:
        role: the image's.
        name: ``debian``, or the reference of an image.
        pinned: by what it is pinned; empty where it is not.
        taken: the day it was locked.
    """

    role: str
    name: str
    pinned: str
    taken: date


@dataclass(frozen=True, kw_only=True)
class SeedFacts:
    """Where the graph comes from.

    Attributes:
        digest: of its canonical text.
        provenance: the type of the relationships that lead to what a record was derived from; empty where none is named.
        derived: how many of these there are.
        materials: what the provenance statement names with a digest of the project's own, as ``files of seed``.
        revision: of Git; empty where it is not known.
        clean: whether that revision was all that was built from; None where it is not known.
    """

    digest: str
    provenance: str = ""
    derived: int = 0
    materials: tuple[str, ...] = ()
    revision: str = ""
    clean: bool | None = None


@dataclass(frozen=True, kw_only=True)
class SecretFacts:
    """Something that looks like a secret: what a waiver calls it, where it is, what it looks like; never itself."""

    id: str
    where: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is judged.

    Attributes:
        name, version: the project's.
        images: each with what is in it.
        bases: what they stand on.
        seed: where the graph comes from.
        scan: what a scanner said.
        components: how many packages the bill of materials names; None where there is none.
        licences: by package (purl; where it has none, its name in the bill) each licence it is said to have; all of them count.
        provenance: whether there is a statement of how it was built.
        secrets: what looks like a secret; None where nobody looked.
    """

    name: str
    version: str
    images: tuple[ImageFacts, ...]
    bases: tuple[BaseFacts, ...]
    seed: SeedFacts
    scan: ScanResult
    components: int | None = None
    licences: Mapping[str, tuple[str, ...]]
    provenance: bool = False
    secrets: tuple[SecretFacts, ...] | None = None
