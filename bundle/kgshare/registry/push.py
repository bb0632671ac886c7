"""``kgshare push FILE oci://…``: what is missing in a registry is sent, and the tag is put when all of it is there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, ClassVar, cast

from kgshare.attest.check import require_evidence
from kgshare.bundle import Bundle, canonical, names, read_bundle
from kgshare.bundle.documents import Blob
from kgshare.bundle.model import BlobRef
from kgshare.compose import require_rendered
from kgshare.errors import Problem, RegistryError, UsageError
from kgshare.progress import Progress
from kgshare.project import MANIFEST
from kgshare.registry.publication import COMPOSE_PROJECT, Publication, publication, referrers_tag
from kgshare.registry.reference import FORM, parse
from kgshare.registry.repository import Document, Repository, listed
from kgshare.registry.transfer import send
from kgshare.stack.source import manifest_of
from kgshare.trust.check import verdict_on


@dataclass(frozen=True, kw_only=True)
class PushReport:
    """What was pushed.

    Attributes:
        reference: under which it is there, ``oci://…`` with its tag.
        digest: of the bundle; the registry's answer under the tag has it.
        blobs: that the bundle has, ``blobs_sent`` of which were sent, ``bytes_sent`` bytes in all.
        manifests_sent: manifests and indexes that were not there.
        referrers: evidence files and the signature, listed by the registry or, ``by_tag``, by a tag of ours.
        also: other tags that lead to parts of it.
        signed: by whom, in a line.
        replaced: the digest that the tag named before; empty where it is new or the same.
    """

    schema: ClassVar[str] = "push"
    bundle: Path
    reference: str
    digest: str
    blobs: int
    blobs_sent: int
    bytes_sent: int
    manifests_sent: int
    referrers: int
    by_tag: bool
    also: tuple[str, ...]
    signed: str
    replaced: str = ""

    def text(self) -> str:
        """What is where now, and how much of it was sent."""
        how = ", by a tag, as this registry has no referrers interface" if self.by_tag else ""
        lines = [
            f"{self.reference}",
            f"  {self.digest}: compared with what the registry holds",
            f"  blobs sent: {self.blobs_sent} of {self.blobs}, {self.bytes_sent} bytes",
            f"  evidence and signature: {self.referrers} referrers{how}",
            f"  {self.signed}",
        ]
        lines += [f"  also: {name}" for name in self.also]
        lines += [f"  in place of {self.replaced}"] if self.replaced else []
        return "\n".join([*lines, f"  reviewers: kgshare up {self.reference}"])


@dataclass(frozen=True, kw_only=True)
class _Sent:
    blobs: int = 0
    size: int = 0


def push(file: Path, reference: str, *, replace: bool = False, progress: Progress) -> PushReport:
    """Send a bundle to a registry; nothing has its tag until all of it is there.

    Args:
        file: the bundle.
        reference: ``oci://HOST[:PORT]/NAME[:TAG]``; the bundle's version is the tag where none is named.
        replace: whether a tag that names something else may be given to this bundle.
        progress: says what takes time.

    Raises:
        UsageError: the reference is not one.
        BundleError: the file is refused.
        RegistryError: the registry does not take it; the tag is as it was.
    """
    where = parse(reference)
    if where.digest:
        raise UsageError(Problem(message="a push names a tag, not a digest", where=reference, hint=FORM))
    with progress.stage(f"verify {file.name}"):
        bundle = read_bundle(file)
        _require_startable(bundle)
        signed = verdict_on(bundle, older=True).line()
    what = publication(bundle, where)
    where = where.tagged(what.tag)
    client = Repository(where)
    with progress.stage(f"ask {where.host}"):
        before = _require_free(client, what, replace)
    with progress.stage(f"send what {where.host} does not have"):
        sent = _send_blobs(client, bundle, what)
        manifests = _send_manifests(client, (*what.manifests, what.index, *what.referrers))
        by_tag = _note_referrers(client, what)
    with progress.stage(f"name it {what.tag}"):
        if before != what.index.digest:
            client.put(what.tag, what.index)
        _compare(client, what)
        manifests += sum(_put_changed(client, tag, document) for tag, document in what.also.items())
    return PushReport(
        bundle=file,
        reference=str(where),
        digest=what.index.digest,
        blobs=len(what.blobs),
        blobs_sent=sent.blobs,
        bytes_sent=sent.size,
        manifests_sent=manifests,
        referrers=len(what.referrers),
        by_tag=by_tag,
        also=tuple(where.tagged(tag).plain for tag in what.also),
        signed=signed,
        replaced=before if before != what.index.digest else "",
    )


def _require_startable(bundle: Bundle) -> None:
    """See that `up` would take it, but for whose it is: nobody is to be given what nobody can start.

    Raises:
        BundleError: it would not.
    """
    manifest = manifest_of(bundle.read_file(MANIFEST), bundle.path.name)
    require_rendered(bundle.read_file(names.COMPOSE), manifest, f"{bundle.path.name}: {names.COMPOSE}")
    require_evidence(bundle)


def _require_free(client: Repository, what: Publication, replace: bool) -> str:
    """The digest that the tag names now; empty where it is free.

    Raises:
        RegistryError: it names another bundle, and may not be replaced.
    """
    before = client.named(what.tag)
    taken = [(what.tag, before), *((tag, client.named(tag)) for tag in what.also)]
    wanted = {what.tag: what.index.digest} | {tag: document.digest for tag, document in what.also.items()}
    for tag, digest in taken:
        if digest and digest != wanted[tag] and not replace and not _same_project(client, tag, what):
            raise RegistryError(
                Problem(
                    message=f"the tag {tag} is there already and names something else, {digest}; this is {wanted[tag]}",
                    where=str(client.reference),
                    hint="nothing was sent. Raise `version` in kgshare.yaml, name another tag, or --replace it",
                )
            )
    return before


def _same_project(client: Repository, tag: str, what: Publication) -> bool:
    """Whether a tag names the Compose project of this bundle, with the registry under another of its names."""
    if tag not in what.also or (there := client.manifest(tag)) is None:
        return False
    try:
        one, other = (canonical.parse(data) for data in (there.data, what.also[tag].data))
        return bool(
            one["artifactType"] == other["artifactType"] == COMPOSE_PROJECT
            and one["layers"][0]["digest"] == other["layers"][0]["digest"]
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return False


def _send_blobs(client: Repository, bundle: Bundle, what: Publication) -> _Sent:
    sent = _Sent()
    for blob in what.blobs:
        if not client.has(blob):
            send(client, blob, partial(_body, bundle, what, blob))
            sent = _Sent(blobs=sent.blobs + 1, size=sent.size + blob.size)
    return sent


def _body(bundle: Bundle, what: Publication, blob: Blob) -> BinaryIO:
    made = what.made.get(blob.digest)
    part = _Part(bundle.path, bundle.blobs[blob.digest]) if made is None else io.BytesIO(made)
    return cast(BinaryIO, part)


class _Part(io.RawIOBase):
    """A blob of the file as a stream of its own, as `requests` sends one: it has a length and can be read again."""

    def __init__(self, path: Path, blob: BlobRef) -> None:
        self._stream = path.open("rb")
        self._blob = blob
        self.seek(0)

    def __len__(self) -> int:
        return self._blob.size

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """From the blob's start, which is all that is asked for."""
        assert whence == 0
        self._stream.seek(self._blob.offset + offset)
        return offset

    def tell(self) -> int:
        return self._stream.tell() - self._blob.offset

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """The next bytes of the blob."""
        left = self._blob.size - self.tell()
        return self._stream.readinto(memoryview(buffer)[: min(left, len(buffer))])

    def close(self) -> None:
        self._stream.close()
        super().close()


def _send_manifests(client: Repository, manifests: tuple[Document, ...]) -> int:
    """Those that are not there, under their digests; how many that were."""
    return sum(_put_changed(client, document.digest, document) for document in manifests)


def _put_changed(client: Repository, which: str, document: Document) -> bool:
    if client.named(which) == document.digest:
        return False
    client.put(which, document)
    return True


def _note_referrers(client: Repository, what: Publication) -> bool:
    """See that everything that refers to the bundle can be found; whether a tag says so, as the registry itself does not.

    OCI distribution specification 1.1, "Referrers Tag Schema".
    """
    mine = {document.digest for document in what.referrers}
    found = client.referrers(what.index.digest)
    if found is not None and mine <= {str(entry.get("digest")) for entry in found}:
        return False
    tag = referrers_tag(what.index.digest)
    there = client.manifest(tag)
    rows = listed(there.data) if there else []
    known = {str(row.get("digest")) for row in rows}
    if not mine <= known:
        rows += [row for row in _rows(what.referrers) if row["digest"] not in known]
        body = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": rows}
        client.put(tag, Document(data=canonical.dump(body), media_type=names.INDEX))
    return True


def _rows(referrers: tuple[Document, ...]) -> Iterator[dict[str, object]]:
    for document in referrers:
        said = canonical.parse(document.data)
        notes = {"annotations": said["annotations"]} if "annotations" in said else {}
        yield {**document.descriptor, "artifactType": said["artifactType"], **notes}


def _compare(client: Repository, what: Publication) -> None:
    """The registry is asked for what it names so now."""
    found = client.manifest(what.tag)
    if found is None or found.data != what.index.data:
        raise client.wrong(
            f"answers {found.digest if found else 'nothing'} under the tag {what.tag}, not {what.index.digest}",
            "somebody else may have pushed at the same time; look, then run the same command again",
        )
