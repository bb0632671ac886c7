"""Base images: from a reference to the blobs behind it, by skopeo or oras, as their user has logged in.

Nothing is believed: each blob is known by its SHA-256, the manifest's own included (OCI image specification 1.1, ``manifest.md``).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kgshare.cache import Cache, sha256_of
from kgshare.doors.process import CommandFailed, run, which
from kgshare.errors import LockError, Problem
from kgshare.lock.model import Arch, BaseBlob, BaseRole

INSTALL = "install skopeo or oras (Debian has both), and log in with it where the registry wants that"
LOOPBACK = ("127.0.0.1:", "localhost:", "[::1]:")
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


def client() -> str:
    """The client of registries that is here.

    Raises:
        LockError: there is none.
    """
    found = next((name for name in ("skopeo", "oras") if which(name)), "")
    if not found:
        raise LockError("base images are fetched with skopeo or oras, and neither is here", hint=INSTALL)
    return found


def client_version() -> str:
    """What the lock says of its resolver."""
    words = run([client(), "--version" if client() == "skopeo" else "version"]).stdout.split()
    return f"{client()} {next((word for word in words if word[:1].isdigit()), '')}".strip()


def image_blobs(base: BaseRole, reference: str, arch: Arch, cache: Cache) -> list[BaseBlob]:
    """The blobs of the image that a reference means now, for one architecture; all of them land in the cache.

    Raises:
        LockError: the registry does not have it, or not for that architecture, or what came is not what its digest says.
    """
    text = manifest_now(reference, arch)
    document = _json(text, reference)
    digest = hashlib.sha256(text).hexdigest()
    try:
        rows = [_blob(base, "config", reference, document["config"])]
        rows += [_blob(base, "layer", reference, row) for row in document["layers"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _no_image(reference) from None
    head = BaseBlob(
        base=base, kind="manifest", reference=reference, media_type=str(document.get("mediaType", "")), sha256=digest, size=len(text),
    )  # fmt: skip
    blobs = [*dict.fromkeys([head, *rows])]  # the same layer may lie in it twice
    fetch_blobs([blob for blob in blobs if cache.path(blob.sha256) is None], head, cache)
    return blobs


def manifest_now(reference: str, arch: Arch) -> bytes:
    """The manifest of the image that a reference means now, for one architecture; nothing else is fetched.

    Raises:
        LockError: the registry does not have it, or not for that architecture, or what came is not what its digest says.
    """
    text = _manifest(reference)
    if (stated := reference.partition("@")[2]).startswith("sha256:"):
        _same(stated, text, reference)
    document = _json(text, reference)
    if document.get("mediaType") in _INDEXES or "manifests" in document:
        digest = _for(document, arch, reference)
        text = _manifest(f"{name_of(reference)}@{digest}")
        _same(digest, text, reference)
    return text


def fetch_blobs(wanted: Iterable[BaseBlob], head: BaseBlob, cache: Cache) -> None:
    """Have these blobs of one image in the cache.

    Args:
        wanted: what is missing.
        head: the image's manifest.
        cache: where to.

    Raises:
        LockError: the registry does not have one.
        FetchError: what came is not what was locked.
    """
    missing = {blob.sha256 for blob in wanted}
    if not missing:
        return
    pinned = f"{name_of(head.reference)}@sha256:{head.sha256}"
    with tempfile.TemporaryDirectory(prefix="kgshare-base-") as folder:
        files = _copy(pinned, missing, Path(folder))
        for file in files:
            if (digest := sha256_of(file)) in missing:
                cache.add(file, digest)
                missing.discard(digest)
    if missing:
        raise LockError(f"{pinned}: the registry did not give {len(missing)} of its blobs as they are called")


def name_of(reference: str) -> str:
    """A reference without its tag and digest."""
    name = reference.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"


def _copy(pinned: str, digests: Iterable[str], folder: Path) -> list[Path]:
    if client() == "skopeo":
        _ask([
            "skopeo", "copy", "--quiet", "--preserve-digests", *(["--src-tls-verify=false"] if _here(pinned) else []),
            f"docker://{pinned}", f"dir:{folder}",
        ], pinned)  # fmt: skip
        return [file for file in folder.iterdir() if file.name != "version"]
    name = name_of(pinned)
    plain = ["--plain-http"] if _here(pinned) else []
    manifest = pinned.rpartition("sha256:")[2]
    for digest in digests:
        kind = ["manifest", "fetch"] if digest == manifest else ["blob", "fetch"]
        _ask(["oras", *kind, *plain, "--output", str(folder / digest), f"{name}@sha256:{digest}"], pinned)
    return [*folder.iterdir()]


def _manifest(reference: str) -> bytes:
    """The manifest's bytes, written to a file by the client: printed text might lose a byte."""
    # skopeo wants either a tag or a digest.
    wanted = f"{name_of(reference)}@{reference.partition('@')[2]}" if "@" in reference else reference
    if client() == "skopeo":
        insecure = ["--tls-verify=false"] if _here(reference) else []
        return _ask(["skopeo", "inspect", "--raw", *insecure, f"docker://{wanted}"], reference).encode()
    plain = ["--plain-http"] if _here(reference) else []
    return _ask(["oras", "manifest", "fetch", *plain, wanted], reference).encode()


def _ask(argv: list[str], reference: str) -> str:
    try:
        return run(argv).stdout
    except CommandFailed as error:
        lines = [line for line in error.output.strip().splitlines() if line.strip()]
        reason = lines[-1].strip() if lines else "without a reason"
        raise LockError(
            Problem(message=f"the base image {reference} is not to be had: {reason[-600:]}", where="kgshare.yaml",
                    hint=f"is the name right, and are you logged in ({argv[0]} login)?")
        ) from None  # fmt: skip


def _here(reference: str) -> bool:
    """Whether the registry is on this machine, where nobody has a certificate."""
    return reference.startswith(LOOPBACK)


def _json(text: bytes, reference: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise LockError(f"{reference}: its manifest is no JSON") from None
    if not isinstance(document, dict):
        raise _no_image(reference)
    return document


def _no_image(reference: str) -> LockError:
    return LockError(
        f"{reference}: its manifest is not that of an image, with a configuration and layers",
        hint="images of the OCI's form or Docker's schema 2 are taken; an artifact, a chart or schema 1 is not",
    )


def _for(index: dict[str, Any], arch: Arch, reference: str) -> str:
    there = []
    try:
        for row in index["manifests"]:
            platform = row.get("platform") or {}
            there.append(f"{platform.get('os')}/{platform.get('architecture')}")
            if there[-1] == f"linux/{arch}":
                return str(row["digest"])
    except (KeyError, TypeError, AttributeError):
        raise _no_image(reference) from None
    raise LockError(
        f"{reference} is not there for linux/{arch}, but for {', '.join(sorted(set(there)))}",
        hint=f"choose a base that is (`base: debian` is), or build without linux/{arch} (`--platform`)",
    )


def _same(digest: str, text: bytes, reference: str) -> None:
    if digest != f"sha256:{hashlib.sha256(text).hexdigest()}":
        raise LockError(f"{reference}: its manifest is not what its digest says")


def _blob(base: BaseRole, kind: str, reference: str, row: dict[str, Any]) -> BaseBlob:
    return BaseBlob(
        base=base, kind="config" if kind == "config" else "layer", reference=reference,
        media_type=str(row["mediaType"]), sha256=str(row["digest"]).removeprefix("sha256:"), size=int(row["size"]),
    )  # fmt: skip
