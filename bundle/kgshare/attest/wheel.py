"""What stands in a wheel: its metadata, its texts, packages vendored into it, and shared libraries bundled with it."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from kgshare.attest import words
from kgshare.attest.parts import Found, Keep, Reading
from kgshare.errors import BuildError
from kgshare.lock.model import Wheel

MOST = 256 << 20  # bytes of one shared library, unpacked
_METADATA = re.compile(r"(?:.*/)?[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO)")
_TEXT = re.compile(
    r"(?:.*/)?[^/]+\.dist-info/(?:licen[cs]es/.+|(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*)", re.IGNORECASE
)
# auditwheel puts libraries into NAME.libs/ and a part of their digest into their names (its `lddtree`/`repair`).
_LIBRARY = re.compile(r"[^/]+\.(?:libs|dylibs)/(.+?)(?:-[0-9a-f]{8,})*((?:\.so|\.dylib|\.dll|-\d)[^/]*)")


def read_wheel(item: Wheel, file: Path, keep: Keep) -> Reading:
    """Read a locked wheel.

    Raises:
        BuildError: it is no wheel.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = sorted(archive.namelist())
            own = next((n for n in names if n.count("/") == 1 and n.endswith(".dist-info/METADATA")), "")
            if not own:
                raise ValueError("it has no metadata")
            about = _message(archive.read(own))
            texts = [(n, archive.read(n)) for n in names if _TEXT.fullmatch(n) and not n.endswith("/")]
            return Reading(
                licences=_licence(about, [data for _, data in texts]),
                needs=tuple(_needs(about)),
                texts=tuple(keep(name, data) for name, data in texts),
                found=(*_vendored(archive, names, own), *_libraries(archive, names)),
                description=str(about.get("Summary") or "")[:200],
            )
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BuildError(f"{item.filename} is no wheel that can be read: {error}") from None


def _message(data: bytes) -> Message:
    return BytesParser().parsebytes(data)


def _licence(about: Message, texts: Iterable[bytes] = ()) -> tuple[str, ...]:
    """``License-Expression`` (PEP 639), else the classifiers, else the free field, else what its texts are."""
    if expression := str(about.get("License-Expression") or ""):
        return (words.valid(expression) or expression,)
    rows = [str(row).split(" :: ") for row in about.get_all("Classifier") or ()]
    named = [row[-1] for row in rows if row[0] == "License" and row[-1] not in ("OSI Approved", "License")]
    if found := words.all_of(words.from_name(name) for name in named):
        return (found,)
    free = str(about.get("License") or "").strip()
    if (
        free
        and free.lower() != "unknown"
        and (found := words.from_name(free) if len(free) < 100 else words.from_text(free))
    ):
        return (found,)
    found = words.all_of(words.from_text(data.decode(errors="replace")) for data in texts)
    return (found,) if found else ()


def _needs(about: Message) -> Iterator[tuple[str, ...]]:
    """``Requires-Dist`` without extras; whether a marker holds is seen by what is in the image."""
    for row in about.get_all("Requires-Dist") or ():
        try:
            requirement = Requirement(str(row))
        except InvalidRequirement:
            continue
        if "extra" not in str(requirement.marker or ""):
            yield (canonicalize_name(requirement.name),)


def _vendored(archive: zipfile.ZipFile, names: Iterable[str], own: str) -> Iterator[Found]:
    for name in names:
        if name != own and _METADATA.fullmatch(name):
            about = _message(archive.read(name))
            if about.get("Name"):
                yield Found(
                    kind="pypi", name=str(about["Name"]), version=str(about.get("Version") or ""), path=name,
                    licences=_licence(about),
                )  # fmt: skip


def _libraries(archive: zipfile.ZipFile, names: Iterable[str]) -> Iterator[Found]:
    for name in names:
        if (hit := _LIBRARY.fullmatch(name)) and archive.getinfo(name).file_size <= MOST:
            digits = re.search(
                r"\.so\.([\d.]+)$|-(\d[\d.]*)\.so$|\.([\d.]+)\.dylib$", PurePosixPath(name).name
            )
            version = next((group for group in digits.groups() if group), "") if digits else ""
            digest = hashlib.sha256(archive.read(name)).hexdigest()
            yield Found(kind="library", name=hit[1], version=version, path=name, sha256=digest)
