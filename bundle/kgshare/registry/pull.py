"""``kgshare pull oci://…``: the very file that was pushed, put together from what a registry has and what is here already.

A file is only there when every byte of it was verified. What came before a registry broke off stays in kgshare's cache, so
that the same command goes on from there.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from kgshare.aside import aside
from kgshare.bundle import (
    Bundle,
    Held,
    HeldBlob,
    assemble,
    canonical,
    contents_of,
    documents,
    file_name,
    names,
    read_bundle,
)
from kgshare.bundle.documents import Blob
from kgshare.bundle.read import MAX_IMAGES
from kgshare.bundle.signature import Signature
from kgshare.errors import BundleError, MachineError, Problem, UsageError
from kgshare.places import cache_dir
from kgshare.platforms import same_platform, this_platform
from kgshare.progress import Progress
from kgshare.registry.publication import named_by
from kgshare.registry.reference import Reference, parse
from kgshare.registry.repository import Document, Repository
from kgshare.registry.signatures import chosen, signatures_of
from kgshare.registry.transfer import fetch
from kgshare.trust.check import verdict_on
from kgshare.trust.verdict import Verdict
from kgshare.turn import wait_for

WEEK = 7 * 86400  # seconds
_PART = re.compile(r"(.+)-(database|application|compose)|sha256-[0-9a-f]{64}.*")


@dataclass(frozen=True, kw_only=True)
class PullReport:
    """What was pulled.

    Attributes:
        bundle: the file.
        reference: what it is there, ``oci://…`` with its tag or digest.
        digest: of the bundle.
        blobs: that the bundle has, ``blobs_fetched`` of which came from the registry; ``bytes_fetched`` bytes, with signatures.
        signed: by whom, in a line.
        platforms: what its images run on.
    """

    schema: ClassVar[str] = "pull"
    bundle: Path
    reference: str
    digest: str
    size: int
    blobs: int
    blobs_fetched: int
    bytes_fetched: int
    signed: str
    platforms: tuple[str, ...]

    def text(self) -> str:
        """The file, and what it is."""
        return "\n".join(
            [
                f"{self.bundle}  {self.size / 1e6:.1f} MB",
                f"  {self.digest}: every byte is as it must be",
                f"  blobs fetched: {self.blobs_fetched} of {self.blobs}, {self.bytes_fetched} bytes",
                f"  {self.signed}",
            ]
        )


def pull(reference: str, into: Path, *, replace: bool = False, progress: Progress) -> Path:
    """The local file of a bundle in a registry, as `pull_bundle` gets it."""
    return pull_bundle(reference, into, replace=replace, progress=progress).bundle


def pull_bundle(reference: str, into: Path, *, replace: bool = False, progress: Progress) -> PullReport:
    """Fetch what is missing of a bundle, put its file together, verify it whole, and only then place it.

    Args:
        reference: ``oci://HOST[:PORT]/NAME[:TAG|@DIGEST]``; the only tag where none is named.
        into: the file, or a folder, where it is called NAME-VERSION.kgshare.tar.
        replace: whether another file of that name may be replaced.
        progress: says what takes time.

    Raises:
        UsageError: the reference is not one, or another file is there.
        RegistryError: the registry does not have it, does not give it, or breaks off.
        BundleError: what is there is no bundle, or not in the one valid form.
        MachineError: there is no room.
    """
    _require_folder(into)
    client = Repository(parse(reference))
    with progress.stage(f"ask {client.reference.host}"):
        there = _ask(client, progress)
    target = _target(into, file_name(there.name, there.version), there.index.digest, replace)
    if not any(same_platform(platform, this_platform()) for platform in there.platforms):
        progress.say(f"its images are for {', '.join(there.platforms)}; this machine is {this_platform()}")
    found = None
    if target.exists():
        with progress.stage(f"verify the {target.name} that is here"):
            found = _kept(target, there, replace)
    if found is None:
        _fetch_missing(there, target, progress)
        with progress.stage(f"verify {target.name}"), aside(target) as path:
            first = there.signatures[0].data if there.signatures else None
            assemble(there.index.data, there.source.pieces, path, signature=first)
            found = chosen(_verified(path, target), there.signatures)
    bundle, verdict = found
    there.source.done(_at(bundle, target))
    return PullReport(
        bundle=target,
        reference=str(client.reference),
        digest=bundle.digest,
        size=bundle.size,
        blobs=len(there.blobs),
        blobs_fetched=len(there.source.fetched & {blob.digest for blob in there.blobs}),
        bytes_fetched=client.received,
        signed=verdict.line(),
        platforms=there.platforms,
    )


@dataclass(frozen=True, kw_only=True)
class _There:
    """What a registry says of a bundle, as far as its small documents go."""

    index: Document
    name: str
    version: str
    blobs: tuple[Blob, ...]
    platforms: tuple[str, ...]
    signatures: list[Signature]
    source: _Source


def _ask(client: Repository, progress: Progress) -> _There:
    client.reference, index = _find(client)
    source = _Source(client=client, manifests=_manifests(client, index), progress=progress)
    facts, made = contents_of(index.data, source.pieces, Path(client.reference.plain))
    return _There(
        index=index,
        name=facts.name,
        version=facts.version,
        blobs=tuple(b for b in documents.blobs(facts, made) if b.digest not in source.manifests),
        platforms=tuple(sorted({str(image.platform) for image in facts.images})),
        signatures=signatures_of(client, index.digest, source.pieces),
        source=source,
    )


def _kept(target: Path, there: _There, replace: bool) -> tuple[Bundle, Verdict] | None:
    """The file that is there already, where it is this bundle, verified whole; else None.

    It gets a signature where it has none that is accepted; one that the registry does not have is not lost for that.
    """
    try:
        bundle = read_bundle(target)
    except BundleError:
        return None
    if bundle.digest != there.index.digest:
        return None
    mine = bundle.signature
    if replace or mine is None or mine.data in [signature.data for signature in there.signatures]:
        return chosen(bundle, there.signatures)
    return bundle, verdict_on(bundle, older=True)


def _fetch_missing(there: _There, target: Path, progress: Progress) -> None:
    """Fetch what is not here; it is in the cache afterwards."""
    missing = [blob for blob in there.blobs if there.source.held.find(blob.digest, blob.size) is None]
    _require_room(target, there.blobs, missing)
    size = sum(blob.size for blob in missing)
    with progress.stage(f"fetch {len(missing)} of {len(there.blobs)} blobs, {size / 1e6:.1f} MB"):
        for blob in missing:
            there.source.fetch(blob)


def _verified(path: Path, target: Path) -> Bundle:
    """Read what was put together as any recipient of a file does; an error speaks of the name it was to have."""
    try:
        return read_bundle(path)
    except BundleError as error:
        raise BundleError(
            *(replace(p, where=p.where.replace(path.name, target.name)) for p in error.problems)
        ) from None


def _at(bundle: Bundle, target: Path) -> Bundle:
    return replace(bundle, path=target)


@dataclass(kw_only=True)
class _Source:
    """Where the bytes of a digest come from: manifests were asked for, blobs are held here, or are fetched."""

    client: Repository
    manifests: dict[str, bytes]
    progress: Progress
    held: Held = field(default_factory=Held)
    parts: dict[str, HeldBlob] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)

    def pieces(self, blob: Blob) -> Iterable[bytes]:
        """The bytes of a blob, which was fetched if it was missing."""
        if blob.digest in self.manifests:
            return [self.manifests[blob.digest]]
        here = self.parts.get(blob.digest)
        if here is None or not here.path.exists():  # another kgshare, which needed it too, is done with it
            here = self.held.find(blob.digest, blob.size) or self.fetch(blob)
        return here.pieces()

    def fetch(self, blob: Blob) -> HeldBlob:
        """Fetch a blob, unless another kgshare just did; its beginning may be here, or all of it, from a time before."""
        folder = cache_dir() / "pulls"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("ab") as lock:
            wait_for(lock, lambda: self.progress.say("another kgshare fetches here just now; waiting for it"))
            if found := self.held.find(blob.digest, blob.size):
                return found
            part, before = folder / f"{blob.digest.removeprefix('sha256:')}.part", self.client.received
            part.touch()
            with part.open("r+b") as stream:
                fetch(self.client, blob, stream)
            if self.client.received > before:
                self.fetched.add(blob.digest)
            self.parts[blob.digest] = HeldBlob(digest=blob.digest, size=blob.size, path=part)
            return self.parts[blob.digest]

    def done(self, bundle: Bundle) -> None:
        """The bundle's file holds all of it: what was fetched for it goes, and what nobody came back for in a week."""
        self.held.remember(bundle)
        for blob in self.parts.values():
            if blob.digest not in bundle.blobs and blob.path.exists():  # a signature, which is small
                self.held.take(blob.digest, blob.pieces())
            blob.path.unlink(missing_ok=True)
        for part in (cache_dir() / "pulls").glob("*.part"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > WEEK:
                    part.unlink()


def _find(client: Repository) -> tuple[Reference, Document]:
    """The bundle's index, and how it is named exactly.

    Raises:
        RegistryError: there is no such name.
        BundleError: what has it is not a bundle.
    """
    where = client.reference
    if not where.digest and not where.tag:
        where = where.tagged(_only_tag(client))
    document = client.manifest(where.digest or where.tag)
    if document is None:
        there = _bundles(client)
        hint = (
            f"there are {', '.join(there[-8:])}" if there else f"see that {where.host}/{where.name} is right"
        )
        what = where.digest or f"tag {where.tag}"
        raise client.wrong(
            f"there is no {what} of {where.name}" if there else f"there is no {where.name}", hint
        )
    kind = _kind(document)
    if kind != names.BUNDLE:
        raise BundleError(
            Problem(
                message=f"is no bundle of kgshare but {kind}",
                where=str(where),
                hint="see what `kgshare push` printed",
            )
        )
    return where, document


def _kind(document: Document) -> str:
    """What something says it is."""
    try:
        said = canonical.parse(document.data)
        return str(said.get("artifactType") or said.get("mediaType") or document.media_type)[:120]
    except (ValueError, AttributeError):
        return "nothing that can be read"


def _bundles(client: Repository) -> list[str]:
    """The tags that name bundles and no parts of one."""
    tags = client.tags()
    parts = ((tag, _PART.fullmatch(tag)) for tag in tags)
    return [tag for tag, part in parts if not part or (part[1] and part[1] not in tags)]


def _only_tag(client: Repository) -> str:
    there = _bundles(client)
    if len(there) == 1:
        return there[0]
    where = client.reference
    if not there:
        raise client.wrong(f"there is no {where.name}", f"see that {where.host}/{where.name} is right")
    raise UsageError(
        Problem(
            message=f"there are several: {', '.join(there[-8:])}",
            where=str(where),
            hint=f"name the one you mean, as in {where.tagged(there[-1])}",
        )
    )


def _manifests(client: Repository, index: Document) -> dict[str, bytes]:
    """The manifests that an index names, each of its digest and size."""
    found = {}
    try:
        blobs = named_by(index.data)[: MAX_IMAGES + 1]
    except ValueError as error:
        raise BundleError(Problem(message=str(error), where=f"{client.reference}: index.json")) from error
    for entry in blobs:
        document = client.manifest(entry.digest, limit=min(entry.size, documents.MAX_JSON))
        if document is None or len(document.data) != entry.size:
            raise client.wrong(f"{entry.digest} is not there as the index names it", "push it again")
        found[entry.digest] = document.data
    return found


def _require_folder(into: Path) -> None:
    """See that there is a folder for the file, before anybody is asked.

    Raises:
        UsageError: there is none.
    """
    if not into.is_dir() and not into.parent.is_dir():
        raise UsageError(f"there is no folder {into.parent}", hint="make it, or name another with --output")


def _target(into: Path, name: str, digest: str, replace: bool) -> Path:
    """Where the file goes.

    Raises:
        UsageError: another file is there.
    """
    target = into / name if into.is_dir() else into
    if target.exists() and not replace:
        with suppress(BundleError):
            if read_bundle(target, deep=False).digest == digest:
                return target
        hint = "name another with --output, or move it"
        raise UsageError(Problem(message="another file is there", where=str(target), hint=hint))
    return target


def _require_room(target: Path, blobs: Sequence[Blob], missing: Sequence[Blob]) -> None:
    """See that the file, and what is fetched for it into the cache, has room, before anything comes."""
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    needs = {target.parent: sum(blob.size for blob in blobs), cache: sum(blob.size for blob in missing)}
    if target.parent.stat().st_dev == cache.stat().st_dev:
        needs = {target.parent: sum(needs.values())}
    for folder, need in needs.items():
        free = shutil.disk_usage(folder).free
        if free < need:
            reason = f"{free / 1e6:,.0f} MB are left, and this needs about {need / 1e6:,.0f} MB"
            hint = "make room, or name another folder: with --output, or with KGSHARE_CACHE"
            raise MachineError(Problem(message=reason, where=str(folder), hint=hint))
