"""What is started: a bundle that was verified, reduced to what a stack needs. Only this file knows the bundle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from kgshare.compose import COMPOSE, require_rendered
from kgshare.errors import BundleError, Problem, UsageError
from kgshare.platforms import same_platform, this_platform
from kgshare.progress import Progress
from kgshare.project import MANIFEST, Manifest, read_project
from kgshare.project.yamlfile import compose
from kgshare.seeding.result import SeedReport
from kgshare.stack.about import about_text
from kgshare.trust.check import Accept, vouched
from kgshare.trust.verdict import Verdict

if TYPE_CHECKING:
    from kgshare.bundle import Bundle, Platform

SUFFIX = ".kgshare.tar"
SEED_REPORT = "seed.json"
VERSION = re.compile(r"\d+(\.\d+)+")
DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}")
MAX_MANIFEST = 1 << 20  # bytes
DIGITS = 12  # of the graph's digest, at the end of a store's name


@dataclass(frozen=True, kw_only=True)
class SourceImage:
    """One image: digest of its OCI manifest, and of its configuration."""

    manifest_digest: str
    config_digest: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """A verified bundle, ready to be started.

    Attributes:
        manifest: the project's manifest.
        digest: SHA-256 of the bundle's index, ``sha256:…``.
        compose: the compose file, which is the rendered one.
        store: name of the store, as `store_name` makes it.
        platform: what its images run on, e.g. ``linux/amd64``.
        images: by role, ``database`` and ``application``.
        size: bytes of the bundle.
        archive: the images as ``docker load`` takes them, under the tags given by role.
        verdict: who vouches for it; None where nobody was asked.
        about: what the page says of it, see `kgshare.stack.about`.
        others: the same with the bundle's images for its other platforms.
    """

    manifest: Manifest
    digest: str
    compose: str
    store: str
    platform: str
    images: Mapping[str, SourceImage]
    size: int
    archive: Callable[[Mapping[str, str]], Iterator[bytes]]
    verdict: Verdict | None = None
    about: str = ""
    others: tuple[Source, ...] = ()

    @property
    def platforms(self) -> tuple[str, ...]:
        """Every platform that the bundle has images for."""
        return tuple(sorted((self.platform, *(other.platform for other in self.others))))

    def on(self, platform: str) -> Source | None:
        """The bundle with the images for a platform; None where it has none."""
        return next((one for one in (self, *self.others) if same_platform(one.platform, platform)), None)


def open_bundle(where: Path, progress: Progress, accept: Accept) -> tuple[Source, Bundle]:
    """Verify a bundle whole, its signature, and its compose file against the manifest; nothing is loaded before.

    Of several platforms it is opened for this machine's, where it has that one.

    Args:
        where: the bundle, or a folder with one.
        progress: says that it is being verified.
        accept: what the user takes knowingly.

    Raises:
        UsageError: there is no bundle there, or more than one.
        BundleError: the bundle is refused.
        TrustError: nobody who is trusted vouches for it.
    """
    from kgshare.attest.check import require_evidence
    from kgshare.bundle import Held, docker_archive, read_bundle

    file = find_bundle(where)
    with progress.stage(f"verify {file.name}"):
        bundle = read_bundle(file)
        verdict = vouched(bundle, accept, progress)
        manifest = manifest_of(bundle.read_file(MANIFEST), file.name)
        text = require_rendered(bundle.read_file(COMPOSE), manifest, f"{file.name}: {COMPOSE}")
        require_evidence(bundle)
        seed = seed_report(bundle.read_file(SEED_REPORT), file.name)
    Held().remember(bundle)  # a next version need not bring what this one has
    about = about_text(bundle, verdict)

    def on(platform: Platform) -> Source:
        return Source(
            manifest=manifest,
            digest=bundle.digest,
            compose=text,
            store=store_name(seed.neo4j_version, seed.digest),
            platform=str(platform),
            images={
                image.role: SourceImage(
                    manifest_digest=image.manifest_digest, config_digest=image.config_digest
                )
                for image in bundle.images
                if image.platform == platform
            },
            size=bundle.size,
            archive=lambda tags: docker_archive(bundle, tags, platform),
            verdict=verdict,
            about=about,
        )

    sources = [on(platform) for platform in sorted({image.platform for image in bundle.images})]
    first = next((one for one in sources if same_platform(one.platform, this_platform())), sources[0])
    return replace(first, others=tuple(one for one in sources if one is not first)), bundle


def store_name(neo4j_version: str, canonical: str) -> str:
    """What a store's volume is named after: the Neo4j that its files are for, and the digest of its content."""
    return f"{neo4j_version}-{canonical.removeprefix('sha256:')[:DIGITS]}"


def find_bundle(where: Path) -> Path:
    """The bundle that is meant: the file itself; in a project's folder that of its version, elsewhere the only one.

    Raises:
        UsageError: there is none, or more than one.
    """
    if where.is_file():
        return where
    if not where.is_dir():
        raise UsageError(f"there is no {where}", hint="name a bundle, or a folder with one")
    if (where / MANIFEST).is_file():
        manifest = read_project(where).manifest
        file = where / f"{manifest.name}-{manifest.version}{SUFFIX}"
        if not file.is_file():
            raise UsageError(f"there is no {file.name} here yet", hint="`kgshare build` makes it")
        return file
    found = sorted(where.glob(f"*{SUFFIX}"))
    if len(found) != 1:
        what = f"several bundles: {', '.join(f.name for f in found)}" if found else f"no *{SUFFIX}"
        raise UsageError(f"in {where} there {'are' if found else 'is'} {what}", hint="name the one you mean")
    return found[0]


def manifest_of(text: bytes, where: str) -> Manifest:
    """The manifest in a bundle; the files that it names are not beside it.

    Raises:
        BundleError: it is not a manifest.
    """
    try:
        if len(text) > MAX_MANIFEST:
            raise yaml.YAMLError(f"it has more than {MAX_MANIFEST} bytes")
        compose(text.decode())
        return Manifest.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            Problem(
                message=f"its manifest is not one this kgshare understands: {reason}",
                where=f"{where}: {MANIFEST}",
                hint="update kgshare, or ask its author",
            )
        ) from None


def seed_report(text: bytes, where: str) -> SeedReport:
    """What the seed stage said of the store in the bundle.

    Raises:
        BundleError: it is not such a report, or its values cannot be part of a volume's name.
    """
    try:
        report = SeedReport.from_json(text.decode())
        if DIGEST.fullmatch(report.digest) and VERSION.fullmatch(report.neo4j_version):
            return report
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise BundleError(
        Problem(message="it does not say which store it holds", where=f"{where}: {SEED_REPORT}")
    )
