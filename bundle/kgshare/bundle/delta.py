"""A delta: of a bundle only what an older one, its base, has not. With what is here it becomes the bundle again, to the byte.

It is a file in the bundle's own tar form: ``delta.json``, ``index.json`` of the bundle, the blobs that the base has not, in the
order of the bundle, and the bundle's signature (docs/reference/bundle-format.md). What is completed is believed no more than
any file: it is read as a whole like one, and the signature is over the index, so it comes along.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from kgshare.aside import aside
from kgshare.bundle import canonical, documents, names, schema
from kgshare.bundle.assemble import assemble, contents_of
from kgshare.bundle.documents import MAX_JSON, Blob
from kgshare.bundle.held import Held, HeldBlob
from kgshare.bundle.model import Bundle, refuse, sha256
from kgshare.bundle.names import DELTA, DELTA_TYPE, SIGNATURE
from kgshare.bundle.read import read_bundle
from kgshare.bundle.signature import MAX_SIGNATURE
from kgshare.bundle.signature import read as read_signature
from kgshare.bundle.tarform import BLOCK, END, StrictTar, blob_name, header, padding, pieces
from kgshare.bundle.write import SUFFIX, file_name
from kgshare.errors import BundleError, Problem

DELTA_SUFFIX = ".kgshare-delta.tar"
SHOWN = 12  # digits of a digest that tell a person which bundle is meant


class Named(schema.Strict):
    """A bundle by its digest, and what it is called."""

    digest: schema.Digest
    name: str
    version: str

    @model_validator(mode="after")
    def _is_one(self) -> Named:
        """Also part of a file's name, so it must be a name before anything is made of it."""
        if wrong := names.bad_name(self.name) or names.bad_version(self.version):
            raise ValueError(wrong)
        return self

    def __str__(self) -> str:
        return f"{self.name} {self.version} (sha256:{self.digest.removeprefix('sha256:')[:SHOWN]}…)"


class _BlobDoc(schema.Strict):
    digest: schema.Digest
    size: schema.Size


class _DeltaDoc(schema.Strict):
    """``delta.json``."""

    mediaType: Literal["application/vnd.kgshare.delta.v1+json"]
    base: Named
    blobs: list[_BlobDoc]
    bundle: Named


@dataclass(frozen=True, kw_only=True)
class Delta:
    """A delta whose every byte is as it must be.

    Attributes:
        base: the bundle that it needs.
        bundle: what it becomes.
        index: the bytes of the bundle's ``index.json``.
        blobs: where in the file each blob lies that it brings.
        signature: the bundle's signature, where it has one.
    """

    path: Path
    size: int
    base: Named
    bundle: Named
    index: bytes
    blobs: Mapping[str, HeldBlob]
    signature: bytes | None


def delta_name(bundle: Bundle, base: Bundle) -> str:
    """How a delta's file is called."""
    return f"{file_name(bundle.name, bundle.version).removesuffix(SUFFIX)}-since-{base.version}{DELTA_SUFFIX}"


def is_delta(path: Path) -> bool:
    """Whether a file begins as a delta does."""
    try:
        with path.open("rb") as stream:
            return stream.read(BLOCK)[:100].split(b"\0")[0] == DELTA.encode()
    except OSError:
        return False


def write_delta(bundle: Bundle, base: Bundle, out: Path) -> Delta:
    """Write what a bundle has and its base has not; aside, read, then renamed.

    Args:
        bundle: the new one, verified.
        base: the older one, verified.
        out: where the delta goes.

    Raises:
        BundleError: a file was changed meanwhile, or there is no room.
    """
    index = bundle.read_index()
    new = [ref for digest, ref in bundle.blobs.items() if digest not in base.blobs]
    doc = {
        "mediaType": DELTA_TYPE,
        "base": _named(base).model_dump(),
        "blobs": [{"digest": ref.digest, "size": ref.size} for ref in new],
        "bundle": _named(bundle).model_dump(),
    }

    def members() -> Iterator[bytes]:
        yield from pieces(DELTA, canonical.dump(doc))
        yield from pieces("index.json", index)
        for ref in new:
            yield header(blob_name(ref.digest), ref.size)
            yield from HeldBlob(
                digest=ref.digest, size=ref.size, path=bundle.path, offset=ref.offset
            ).pieces()
            yield padding(ref.size)
        if bundle.signature:
            yield from pieces(SIGNATURE, bundle.signature.data)
        yield END

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with aside(out) as path:
            with path.open("wb") as stream:
                for piece in members():
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            read_delta(path)
    except OSError as error:
        hint = "make room or name another folder, and run the same command again"
        raise BundleError(
            Problem(message=f"cannot be written: {error.strerror}", where=str(out), hint=hint)
        ) from error
    return read_delta(out)


def read_delta(path: Path) -> Delta:
    """Verify a delta by itself: every byte of it is accounted for. What it becomes is verified when it is completed.

    Raises:
        BundleError: the file is refused; the problem says which member, why, and what to do.
    """
    try:
        with path.open("rb", buffering=0) as raw:
            return _read(path, StrictTar(path, raw))
    except OSError as error:
        hint = f"name a *{DELTA_SUFFIX} that is there and may be read"
        raise BundleError(
            Problem(message=f"cannot be read: {error.strerror}", where=str(path), hint=hint)
        ) from error


def _read(path: Path, tar: StrictTar) -> Delta:
    data = tar.small(DELTA, MAX_JSON)
    try:
        found = canonical.load(data)
        kind = found.get("mediaType") if isinstance(found, dict) else None
        if isinstance(kind, str) and kind != DELTA_TYPE and kind.startswith("application/vnd.kgshare.delta."):
            raise ValueError(f"is of another format, {kind}; this kgshare reads {DELTA_TYPE}")
        doc = schema.read(_DeltaDoc, data)
    except ValueError as error:
        raise refuse(path, DELTA, str(error)) from error
    index = tar.small("index.json", MAX_JSON)
    if sha256(index) != doc.bundle.digest:
        raise refuse(
            path, "index.json", "its bytes do not have the digest that delta.json says: it was altered"
        )
    blobs: dict[str, HeldBlob] = {}
    for blob in doc.blobs:
        if blob.digest in blobs:
            raise refuse(path, DELTA, f"names {blob.digest} twice")
        offset, _ = tar.blob(blob.digest, blob.size)
        blobs[blob.digest] = HeldBlob(digest=blob.digest, size=blob.size, path=path, offset=offset)
    signature = tar.optional(SIGNATURE, MAX_SIGNATURE)
    try:
        if signature is not None:
            read_signature(signature)
    except ValueError as error:
        raise refuse(path, SIGNATURE, str(error)) from error
    tar.end()
    return Delta(
        path=path, size=tar.length, base=doc.base, bundle=doc.bundle, index=index, blobs=blobs, signature=signature
    )  # fmt: skip


def complete(
    path: Path, *, base: Path | None = None, out: Path | None = None, held: Held | None = None
) -> Bundle:
    """Make the bundle of a delta, from it and from what is here; a file that is there already and is that bundle stays.

    Args:
        path: the delta.
        base: the bundle that it needs, where it is named; else it is looked for among those that were read here before.
        out: the file to write; beside the delta, under the bundle's usual name, when not given.
        held: what is here.

    Returns:
        The bundle, whose every byte is as it must be; whose it is was not asked.

    Raises:
        BundleError: the delta or the base is damaged, the base is another or not here, or there is another file already.
    """
    delta = read_delta(path)
    given = read_bundle(base, deep=False) if base else None
    if given and _named(given) != delta.base:
        raise BundleError(
            Problem(
                message=f"is for {delta.base}, and {base} is {_named(given)}",
                where=path.name,
                hint=f"name the bundle {file_name(delta.base.name, delta.base.version)} that it was made for",
            )
        )
    target = out or path.with_name(file_name(delta.bundle.name, delta.bundle.version))
    if there := _already(target, delta):
        return there
    here = held or Held()
    if given:
        here = here.looking_into(given)

    def found(blob: Blob) -> HeldBlob | None:
        own = delta.blobs.get(blob.digest)
        return own if own and own.size == blob.size else here.find(blob.digest, blob.size)

    def of(blob: Blob) -> Iterator[bytes]:
        place = found(blob)
        if place is None:
            raise _lacking(delta, here)
        return place.pieces()

    facts, made = contents_of(delta.index, of, path)
    order = list(documents.blobs(facts, made))
    if [blob.digest for blob in order if blob.digest in delta.blobs] != list(delta.blobs):
        raise refuse(
            path, DELTA, "does not name its blobs in the order of the bundle, or names one of no use"
        )
    if (facts.name, facts.version) != (delta.bundle.name, delta.bundle.version):
        raise refuse(path, DELTA, "calls the bundle otherwise than its index does")
    target.parent.mkdir(parents=True, exist_ok=True)
    return assemble(delta.index, of, target, signature=delta.signature)


def _already(target: Path, delta: Delta) -> Bundle | None:
    """The bundle, where it was completed before.

    Raises:
        BundleError: there is another file of that name.
    """
    if not target.exists():
        return None
    hint = "move it away, or name another place with --output"
    try:
        there = read_bundle(target, deep=False)
    except BundleError:
        there = None
    same = there and there.digest == delta.bundle.digest
    if there is None or not same or (there.signature.data if there.signature else None) != delta.signature:
        reason = f"is there already, and is not {delta.bundle}"
        raise BundleError(Problem(message=reason, where=str(target), hint=hint))
    return there


def _lacking(delta: Delta, here: Held) -> BundleError:
    """The error for a base that is not here: which it is, and how to get it."""
    name = file_name(delta.base.name, delta.base.version)
    last = here.last_seen(delta.base.digest)
    was = f"; it was {last}, which has gone or was changed since" if last else ""
    return BundleError(
        Problem(
            message=f"is only what {delta.bundle} has and {delta.base} has not, and that bundle is not on this machine{was}",
            where=delta.path.name,
            hint=f"get {name}, then `kgshare complete {delta.path.name} --base {name}`; or ask for the whole "
            f"{file_name(delta.bundle.name, delta.bundle.version)}",
        )
    )


def _named(bundle: Bundle) -> Named:
    return Named(digest=bundle.digest, name=bundle.name, version=bundle.version)
