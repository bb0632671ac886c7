"""Signing: a signature is appended to a bundle; everything before it stays as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime
from pathlib import Path

from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from kgshare import __version__
from kgshare.aside import aside, write_aside
from kgshare.bundle.model import Bundle
from kgshare.bundle.names import SIGNATURE
from kgshare.bundle.signature import PAYLOAD, Statement, member, payload_of
from kgshare.bundle.tarform import END, pieces
from kgshare.errors import BundleError, Problem
from kgshare.places import cache_dir
from kgshare.trust.keys import PublicKey

SEED_REPORT = "seed.json"


def graph_of(bundle: Bundle) -> str:
    """The digest of the canonical text that a bundle's seed report says; empty where it has none.

    Raises:
        BundleError: the report says something else there.
    """
    if SEED_REPORT not in bundle.files:
        return ""
    try:
        digest = json.loads(bundle.read_file(SEED_REPORT))["digest"]
        return f"sha256:{bytes.fromhex(digest.removeprefix('sha256:')).hex()}"
    except (ValueError, KeyError, TypeError, AttributeError):
        where = f"{bundle.path.name}: {SEED_REPORT}"
        raise BundleError(Problem(message="does not say which graph it holds", where=where)) from None


def statement_of(bundle: Bundle, signer: str, time: datetime) -> Statement:
    """What somebody says who signs a bundle."""
    return Statement(
        digest=bundle.digest,
        name=bundle.name,
        version=bundle.version,
        graph=graph_of(bundle),
        time=time,
        signer=signer,
        kgshare=__version__,
    )


def signed(statement: Statement, key: PublicKey, private: CryptoSigner) -> bytes:
    """The signature member: the same statement and key always give the same bytes, as Ed25519 draws nothing at random."""
    payload = payload_of(statement)
    envelope = Envelope(payload, PAYLOAD, {})
    value = bytes.fromhex(envelope.sign(private).signature)
    return member(payload, value, key.fingerprint)


def append(source: Path, unsigned: int, data: bytes, target: Path) -> None:
    """Write a bundle with this signature, aside, then renamed; ``source`` is not changed unless it is the target.

    Args:
        source: a bundle, signed or not.
        unsigned: how many of its bytes come before signature and end.
        data: the signature member.
        target: where it goes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with aside(target) as path:
        shutil.copyfile(source, path)  # the kernel copies
        with path.open("r+b") as stream:
            stream.truncate(unsigned)
            stream.seek(unsigned)
            for piece in (*pieces(SIGNATURE, data), END):
                stream.write(piece)


# ---- what a build has placed, so that it is neither copied nor signed again ------------------------------------------


def is_placed(target: Path, digest: str, fingerprint: str) -> bool:
    """Whether the file there is still the one that was noted: of this bundle, signed by this key, not touched since."""
    try:
        noted = json.loads(_note(target).read_text(encoding="utf-8"))
        return bool(noted == [digest, fingerprint, *_facts(target)])
    except (OSError, ValueError):
        return False


def note_placed(target: Path, digest: str, fingerprint: str) -> None:
    """Note what was placed."""
    write_aside(_note(target), json.dumps([digest, fingerprint, *_facts(target)]))


def _facts(file: Path) -> list[int]:
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _note(target: Path) -> Path:
    name = hashlib.sha256(str(target.resolve()).encode()).hexdigest()
    return cache_dir() / "placed" / f"{name}.json"
