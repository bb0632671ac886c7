"""The detector: Kingfisher's rules (in this process, without network) and the few of our own in ``rules.yaml``.

Why this one: docs/decisions/175.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator, Mapping
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
# What cannot be mistaken, not even in a program: the kind, and the bytes without which there is none of it.
CERTAIN: Mapping[str, bytes] = {
    PRIVATE_KEY: b"PRIVATE KEY", "github-pat": b"ghp_", "github-oauth": b"gho_", "github-fine-grained-pat": b"github_pat_",
    "gitlab-pat": b"glpat-", "slack-bot-token": b"xoxb-", "pypi-upload-token": b"pypi-AgE", "npmjsaccesstoken": b"npm_",
}  # fmt: skip
_BINARY_WITHIN = 8192
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\f\r\x1b"))
_ODD = 0.05  # the share of control characters that a text may have; what is compressed has a tenth, programs have more
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
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
    if wide := _wide(data):
        data = data.decode(wide, errors="replace").encode(errors="replace")
    text = _is_text(data)
    if not text and not any(mark in data for mark in CERTAIN.values()):
        return
    package = not PACKAGES.isdisjoint(PurePosixPath(path).parts)
    for finding in _scanner().scan(data):
        kind = finding.rule_id.rpartition("/")[2].rpartition(".")[2]
        if not finding.visible or (not text and kind not in CERTAIN) or (package and kind in LOOSE):
            continue
        yield kind, finding.location["line"] if text else 0


def in_words(text: str) -> Iterator[str]:
    """The kinds found in a variable's ``NAME=value``, or in a line of an image's history."""
    yield from (kind for kind, _ in in_bytes(text.encode(), ""))
    yield from (
        NAMED for _, value in _NAMES.findall(text) if value.strip("\"'") and not value.startswith(("$", "/"))
    )


def _is_text(data: bytes) -> bool:
    head = data[:_BINARY_WITHIN]
    return b"\0" not in head or len(head) - len(head.translate(None, _CONTROLS)) <= _ODD * len(head)


def _wide(data: bytes) -> str:
    """The encoding of a text whose characters have two or four bytes, by its mark or by its look; empty where it has one."""
    if marked := next((name for mark, name in _MARKS if data.startswith(mark)), ""):
        return marked
    head = data[: min(len(data), _BINARY_WITHIN) // 2 * 2]
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if (
            head
            and zeros.count(0) > len(zeros) / 2
            and _is_text(head.decode(name, errors="replace").encode())
        ):
            return name
    return ""


@cache
def _scanner() -> DetectionScanner:
    from kingfisher_sdk import DetectionScanner, Rules

    with resources.as_file(resources.files(__package__ or "") / "rules.yaml") as own:
        rules = Rules([own], cache_dir=cache_dir() / "secret-rules")
    return DetectionScanner(
        rules, inline_ignores=False
    )  # a comment beside a secret is nobody's answer for it
