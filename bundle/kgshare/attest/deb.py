"""What stands in a Debian package: its control fields, its copyright file, and what both say."""

from __future__ import annotations

import io
import logging
import lzma
import re
import tarfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import zstandard
from debian.arfile import ArError, ArFile
from debian.copyright import Copyright, Error, License
from debian.deb822 import Deb822, PkgRelation
from debian.debfile import DebError, DebFile

from kgshare.attest import words
from kgshare.attest.parts import Keep, Reading
from kgshare.errors import BuildError
from kgshare.lock.model import DebianPackage

# It says on stderr what it corrects in a copyright file, which is not ours to correct.
logging.getLogger("debian.copyright").setLevel(logging.CRITICAL)
DOCUMENTS, COMMON, BASE = "usr/share/doc", "usr/share/common-licenses", "base-files"
MOST = 8 << 20  # bytes of a copyright file


def read_deb(item: DebianPackage, file: Path, keep: Keep) -> Reading:
    """Read a locked Debian package; where its documents are another package's, that one's name is in `Reading.same_as`.

    Raises:
        BuildError: it is no package.
    """
    try:
        control = DebFile(str(file)).debcontrol()
        texts, same_as = _documents(file, item.name)
    except (
        ArError,
        DebError,
        tarfile.TarError,
        lzma.LZMAError,
        zlib.error,
        zstandard.ZstdError,
        EOFError,
        ValueError,
        KeyError,
    ) as error:
        raise BuildError(
            f"{item.name} {item.version} is no Debian package that can be read: {error}"
        ) from None
    own = texts.get(f"{DOCUMENTS}/{item.name}/copyright", b"")
    return Reading(
        licences=_licences(own.decode(errors="replace")) if own else (),
        needs=tuple(_relations(control, "Pre-Depends", "Depends")),
        provides=tuple(name for names in _relations(control, "Provides") for name in names),
        texts=tuple(keep(path, data) for path, data in sorted(texts.items())),
        description=str(control.get("Description", "")).partition("\n")[0][:200],
        source=f"Debian source package {_source(item, control)}",
        same_as=same_as,
    )


def _source(item: DebianPackage, control: Deb822) -> str:
    """``Source`` names the version where it is another than the binary package's (Debian Policy 5.6.1)."""
    name, _, version = str(control.get("Source") or item.source).partition(" ")
    return f"{name} {version.strip(' ()') or item.version}"


def _relations(control: Deb822, *fields: str) -> Iterator[tuple[str, ...]]:
    for field in fields:
        text = str(control.get(field) or "")
        for alternatives in PkgRelation.parse_relations(text) if text else ():
            if names := tuple(str(row["name"]) for row in alternatives if row.get("name")):
                yield names


def _documents(file: Path, name: str) -> tuple[dict[str, bytes], str]:
    """Its copyright file by its path, or the package in whose folder of documents it is; reading ends where that is found.

    The licences that other packages' files only refer to are base-files' (Debian Policy 12.5): of that one, these too.
    """
    folder = f"{DOCUMENTS}/{name}"
    found: dict[str, bytes] = {}
    with _data(file) as tar:
        for member in tar:
            path = member.name.removeprefix("./").rstrip("/")
            if path == folder and member.issym():
                return {}, member.linkname.rstrip("/").rpartition("/")[2]
            own = path == f"{folder}/copyright"
            if own and member.issym():
                parts = member.linkname.split("/")
                return {}, parts[-2] if len(parts) > 1 else ""
            if member.isfile() and member.size <= MOST and (own or path.startswith(f"{COMMON}/")):
                stream = tar.extractfile(member)
                found[path] = stream.read() if stream else b""
            if own and name != BASE:
                break
    return found, ""


@contextmanager
def _data(file: Path) -> Iterator[tarfile.TarFile]:
    """``data.tar`` of a package as a stream, from which nothing is unpacked that is not asked for (deb(5))."""
    archive = ArFile(str(file))
    member = next(m for m in archive.getmembers() if str(m.name).startswith("data.tar"))
    name = str(member.name)
    raw: IO[bytes] = member  # type: ignore[assignment]
    if name.endswith(".xz"):
        stream: IO[bytes] = lzma.LZMAFile(raw)  # noqa: SIM115 - closed with the tar, nothing is written
    elif name.endswith(".zst"):
        stream = zstandard.ZstdDecompressor().stream_reader(raw)
    else:
        stream = raw
    mode = "r|gz" if name.endswith(".gz") else "r|"
    with tarfile.open(fileobj=stream, mode=mode, bufsize=1 << 20) as tar:  # type: ignore[call-overload]
        yield tar


def _licences(text: str) -> tuple[str, ...]:
    """Every licence of a machine-readable copyright file; of another, what its text cannot be without."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = Copyright(io.StringIO(text), strict=False)
            rows = [row for row in parsed.all_files_paragraphs() if not _packaging(tuple(row.files))]
            said = [cast(License, row.license).synopsis for row in rows if row.license]
            found = [words.from_debian(synopsis) for synopsis in said if synopsis]
    except (Error, ValueError, KeyError, TypeError):
        found = []
    if not found:
        found = [words.from_text(text)] if words.from_text(text) else _common(text)
    expression = words.all_of(sorted(set(found)))
    return (expression,) if expression else ()


def _packaging(files: tuple[str, ...]) -> bool:
    """Debian's own files, which are in no binary package."""
    return all(name.startswith("debian/") for name in files)


def _common(text: str) -> list[str]:
    """The licences whose full text it refers to (Debian Policy 12.5)."""
    return [
        words.from_debian(name)
        for name in sorted(set(re.findall(r"/usr/share/common-licenses/([\w.+-]*\w)", text)))
    ]
