"""``kgshare inspect FILE``: verify a bundle without loading anything, and say what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kgshare.bundle.model import Bundle, refuse
from kgshare.bundle.read import read_bundle
from kgshare.shown import one_line
from kgshare.trust.check import verdict_on
from kgshare.trust.verdict import Verdict

SEED_REPORT = "seed.json"
_COUNTED = ("labels", "types")


@dataclass(frozen=True, kw_only=True)
class ImageReport:
    """One image in a bundle."""

    role: str
    reference: str
    platform: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class InspectReport:
    """What a verified bundle holds.

    Attributes:
        bundle: the file.
        digest: SHA-256 of its index.
        size: in bytes.
        images: the images in it.
        files: the project's files in it, by name, with their digests.
        nodes: by label; ``relationships`` by type, as the seed counted them.
        verdict: who vouches for it.
    """

    schema: ClassVar[str] = "inspect"
    bundle: Path
    name: str
    version: str
    digest: str
    size: int
    images: tuple[ImageReport, ...]
    files: Mapping[str, str]
    nodes: Mapping[str, int]
    relationships: Mapping[str, int]
    verdict: Verdict

    def text(self) -> str:
        """What it is, then its parts."""
        lines = [
            f"{self.name} {self.version}  {self.size / 1e6:.1f} MB",
            f"  {self.digest}: every byte is as it must be",
            f"  {self.verdict.line()}",
            "",
        ]
        lines += [
            f"  image {i.role:<12} {i.platform}  {i.size / 1e6:6.1f} MB  {i.digest}" for i in self.images
        ]
        lines += [f"  file  {name}" for name in self.files]
        lines += ["", "  " + ", ".join(f"{count} {one_line(label)}" for label, count in self.nodes.items())]
        return "\n".join(lines)


def inspect_bundle(path: Path) -> InspectReport:
    """Verify a bundle whole and report on it; one that nobody vouches for is not refused, as nothing of it is run.

    Raises:
        BundleError: it is refused.
        TrustError: what this machine trusts cannot be read.
    """
    bundle = read_bundle(path)
    nodes, relationships = _counts(bundle)
    return InspectReport(
        bundle=path,
        name=bundle.name,
        version=bundle.version,
        digest=bundle.digest,
        size=bundle.size,
        images=_images(bundle),
        files={name: blob.digest for name, blob in bundle.files.items()},
        nodes=nodes,
        relationships=relationships,
        verdict=verdict_on(bundle),
    )


def _counts(bundle: Bundle) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Nodes by label and relationships by type, as the seed counted them; none where it did not say."""
    if SEED_REPORT not in bundle.files:
        return {}, {}
    try:
        seed = json.loads(bundle.read_file(SEED_REPORT))
        found = [{str(name): int(count) for name, count in seed.get(key, {}).items()} for key in _COUNTED]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise refuse(bundle.path, SEED_REPORT, "is no report of what was seeded") from None
    return found[0], found[1]


def _images(bundle: Bundle) -> tuple[ImageReport, ...]:
    return tuple(
        ImageReport(
            role=i.role,
            reference=i.reference,
            platform=str(i.platform),
            digest=i.manifest_digest,
            size=i.size,
        )
        for i in bundle.images
    )
