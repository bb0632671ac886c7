"""The detector: Kingfisher's rules (in this process, without network) and the few of our own in ``rules.yaml``.

Why this one: docs/decisions/175.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata, resources
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kgshare.places import cache_dir

if TYPE_CHECKING:  # it takes half a second to load: only what finds something not looked at before does
    from kingfisher_sdk import DetectionScanner

DISTRIBUTION = "kingfisher-secret-scanner"
PRIVATE_KEY = "private-key"
NAMED = "password-in-environment"
# In a package that many use, its examples and tests are what these kinds find.
LOOSE = frozenset({"generic-credential-uri", "password", "setting", "bolt-address", "neo4j-auth"})
PACKAGES = frozenset({"site-packages", "dist-packages", "node_modules"})
_BINARY_WITHIN = 8192
_NAMES = re.compile(
    r"\b(\w*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|NEO4J_AUTH))=(\S+)",
    re.IGNORECASE,
)


def version() -> str:
    """What decides what is found: the detector's version and our rules; findings under another are looked for anew."""
    code = (__package__ or "") and resources.files(__package__ or "")
    own = b"".join((code / name).read_bytes() for name in ("rules.yaml", "detect.py"))  # type: ignore[operator]
    return f"{metadata.version(DISTRIBUTION)}-{hashlib.sha256(own).hexdigest()[:12]}"


def in_bytes(data: bytes, path: str) -> Iterator[tuple[str, int]]:
    """Kind and line of everything in a file that looks like a secret.

    Args:
        data: the file.
        path: of it; what a package brings and what is no text are held to fewer rules.
    """
    text = b"\0" not in data[:_BINARY_WITHIN]
    if not text and b"PRIVATE KEY" not in data:
        return
    package = not PACKAGES.isdisjoint(PurePosixPath(path).parts)
    for finding in _scanner().scan(data):
        kind = finding.rule_id.rpartition("/")[2].rpartition(".")[2]
        if not finding.visible or (not text and kind != PRIVATE_KEY) or (package and kind in LOOSE):
            continue
        yield kind, finding.location["line"] if text else 0


def in_words(text: str) -> Iterator[str]:
    """The kinds found in a variable's ``NAME=value``, or in a line of an image's history."""
    yield from (kind for kind, _ in in_bytes(text.encode(), ""))
    yield from (
        NAMED for _, value in _NAMES.findall(text) if value.strip("\"'") and not value.startswith(("$", "/"))
    )


@cache
def _scanner() -> DetectionScanner:
    from kingfisher_sdk import DetectionScanner, Rules

    with resources.as_file(resources.files(__package__ or "") / "rules.yaml") as own:
        rules = Rules([own], cache_dir=cache_dir() / "secret-rules")
    return DetectionScanner(
        rules, inline_ignores=False
    )  # a comment beside a secret is nobody's answer for it
