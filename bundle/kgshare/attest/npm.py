"""What stands in an npm package: ``package.json``, its licence and notices."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgshare.attest import words
from kgshare.attest.parts import Keep, Reading
from kgshare.errors import BuildError
from kgshare.lock.model import NpmPackage

MOST = 4 << 20  # bytes of package.json or of a text
_TEXT = re.compile(r"[^/]+/(?:licen[cs]e|copying|notice)[^/]*", re.IGNORECASE)


def read_npm(item: NpmPackage, file: Path, keep: Keep) -> Reading:
    """Read a locked npm package.

    Raises:
        BuildError: it is none.
    """
    try:
        with tarfile.open(file) as archive:
            members = [m for m in archive if m.isfile() and m.size <= MOST and m.name.count("/") == 1]
            read = {
                m.name: _bytes(archive, m)
                for m in members
                if m.name.endswith("/package.json") or _TEXT.fullmatch(m.name)
            }
        about = next(
            (json.loads(data) for name, data in read.items() if name.endswith("/package.json")), None
        )
        if not isinstance(about, dict):
            raise ValueError("it has no package.json")
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise BuildError(f"the npm package {item.name} cannot be read: {error}") from None
    texts = {name: data for name, data in sorted(read.items()) if _TEXT.fullmatch(name)}
    licence = _licence(about) or words.all_of(
        words.from_text(data.decode(errors="replace")) for data in texts.values()
    )
    needs = about.get("dependencies")
    return Reading(
        licences=(licence,) if licence else (),
        needs=tuple((str(name),) for name in sorted(needs)) if isinstance(needs, dict) else (),
        texts=tuple(keep(name, data) for name, data in texts.items()),
        description=" ".join(str(about.get("description") or "").split())[:200],
    )


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return stream.read() if stream else b""


def _licence(about: Mapping[str, Any]) -> str:
    """``license``, or the old ``licenses``, as npm documents package.json."""
    said = about.get("license") or about.get("licenses") or ""
    rows = said if isinstance(said, list) else [said]
    return words.any_of(
        words.from_name(str(row.get("type", "") if isinstance(row, dict) else row)) for row in rows
    )
