"""The signatures that a registry holds for a bundle, and which of them goes into the file.

Anybody who may push can add one. So each is only a candidate: of those that this machine accepts the newest is taken, and
where it accepts none, the newest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgshare.bundle import Bundle, canonical, names
from kgshare.bundle.documents import Blob
from kgshare.bundle.read import read_bundle
from kgshare.bundle.signature import MAX_SIGNATURE, MEDIA_TYPE, Signature
from kgshare.bundle.signature import read as read_signature
from kgshare.bundle.write import Pieces
from kgshare.errors import RegistryError
from kgshare.registry.client import Unreachable
from kgshare.registry.publication import CREATED, referrers_tag
from kgshare.registry.repository import Repository, listed
from kgshare.trust.check import verdict_on
from kgshare.trust.sign import append
from kgshare.trust.verdict import Verdict

MOST = 256  # candidates looked at, each a manifest and a small blob


def signatures_of(client: Repository, digest: str, blob: Pieces) -> list[Signature]:
    """The signatures of a bundle in a registry, the newest first; what is in another form, or cannot be had, is somebody else's.

    Args:
        client: asks the registry.
        digest: of the bundle.
        blob: gives the bytes of one.

    Raises:
        Unreachable: the registry breaks off.
    """
    rows = client.referrers(digest) or []
    if not any(map(_is_signature, rows)):
        document = client.manifest(referrers_tag(digest))
        rows = listed(document.data) if document else []
    rows = sorted(filter(_is_signature, rows), key=_created, reverse=True)[:MOST]
    found = [
        signature for row in rows if (signature := _signature(client, str(row.get("digest")), digest, blob))
    ]
    return sorted(found, key=lambda s: (s.statement.time, s.data), reverse=True)


def _is_signature(row: dict[str, Any]) -> bool:
    return row.get("artifactType") == MEDIA_TYPE and row.get("mediaType") == names.MANIFEST


def _created(row: dict[str, Any]) -> str:
    notes = row.get("annotations")
    return str(notes.get(CREATED, "")) if isinstance(notes, dict) else ""


def _signature(client: Repository, manifest: str, digest: str, blob: Pieces) -> Signature | None:
    try:
        if not names.DIGEST.fullmatch(manifest) or (document := client.manifest(manifest)) is None:
            return None
        said = canonical.parse(document.data)
        [layer] = said["layers"]
        named = Blob(digest=layer["digest"], size=layer["size"])
        if said["subject"]["digest"] != digest or layer["mediaType"] != MEDIA_TYPE:
            return None
        if not names.DIGEST.fullmatch(named.digest) or not 0 < named.size <= MAX_SIGNATURE:
            return None
        signature = read_signature(b"".join(blob(named)))
    except Unreachable:
        raise
    except (ValueError, KeyError, TypeError, RegistryError):
        return None
    return signature if signature.statement.digest == digest else None


def chosen(bundle: Bundle, signatures: list[Signature]) -> tuple[Bundle, Verdict]:
    """The bundle with its own signature where this machine accepts that, else with the first that it accepts; and the verdict.

    Where it accepts none the file's own stays, and one without gets the newest.
    """
    verdict = verdict_on(bundle, older=True)
    if verdict.accepted or not signatures:
        return bundle, verdict
    for other in signatures:
        if verdict_on(replace(bundle, signature=other), older=True).accepted:
            return _with(bundle, other)
    return (bundle, verdict) if bundle.signature else _with(bundle, signatures[0])


def _with(bundle: Bundle, signature: Signature) -> tuple[Bundle, Verdict]:
    append(bundle.path, bundle.unsigned, signature.data, bundle.path)
    signed = read_bundle(bundle.path, deep=False)
    return signed, verdict_on(signed, older=True)
