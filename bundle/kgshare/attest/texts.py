"""``evidence/licenses.tar``: the licence texts and notices of all that a bundle hands on, each text once, and an index. Pure.

::

    INDEX.txt            every part by licence, where its texts are, and what its corresponding source is called
    texts/SHA256.txt     a text, named by its first sixteen digits
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from kgshare.attest import words
from kgshare.attest.names import CITATION, SOURCE, TERMS
from kgshare.attest.parts import Part, Text
from kgshare.plan import FILE_TIME

INDEX, FOLDER, DIGITS = "INDEX.txt", "texts", 16
# Licences that ask for the source to be had, wherever the files are handed on: by the beginning of their SPDX names.
COPYLEFT = ("GPL-", "LGPL-", "AGPL-", "MPL-", "EPL-", "CDDL-", "EUPL-", "OSL-", "CPL-")
UNKNOWN = "no licence named"
NOTES = {TERMS: "terms", CITATION: "cite"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A part of some images in the index: its licence, its texts, what its source is called, what its publisher asks for."""

    name: str
    version: str
    licence: str
    roles: tuple[str, ...]
    texts: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()

    @property
    def copyleft(self) -> bool:
        """Whether its licence asks for its source."""
        return any(word in self.licence for word in COPYLEFT)


def rows(images: Mapping[str, Iterable[Part]], texts: Callable[[Part], Iterable[Text]]) -> tuple[Row, ...]:
    """A row for every part of every image, sorted; one that is in two images is one row."""
    found: dict[tuple[str, str, str], Row] = {}
    for role, parts in images.items():
        for part in parts:
            own = tuple(sorted({f"{member(text)}  {text.path}" for text in texts(part)}))
            for inner in part.all():
                row = _row(inner, role, own, part)
                key = (row.name, row.version, row.licence)
                before = found.get(key)
                roles = sorted({role, *(before.roles if before else ())})
                both = sorted({*own, *(before.texts if before else ())})
                found[key] = replace(row, roles=tuple(roles), texts=tuple(both))
    return tuple(sorted(found.values(), key=lambda row: (row.name, row.version, row.licence)))


def _row(part: Part, role: str, texts: tuple[str, ...], around: Part) -> Row:
    name = f"{part.group}:{part.name}" if part.group else part.name
    if part is not around:
        name += f" (in {around.name})"
    source = dict(part.properties).get(SOURCE) or dict(around.properties).get(SOURCE, "")
    licence = words.all_of(part.licences)
    said = [(word, text) for key, word in NOTES.items() for fact, text in part.properties if fact == key]
    return Row(
        name=name, version=part.version, licence=licence or UNKNOWN, roles=(role,), texts=texts, source=source,
        notes=tuple(f"{word}: {text}" for word, text in said),
    )  # fmt: skip


def member(text: Text) -> str:
    """What a text is called in the tar."""
    return f"{FOLDER}/{text.sha256[:DIGITS]}.txt"


def index(all_rows: Iterable[Row], project: str) -> str:
    """The index: by licence, then the sources that some of them ask for.

    The project's own version is left out of it: else these megabytes were new in every version of which nothing else is.
    """
    by_licence: dict[str, list[Row]] = {}
    listed = list(all_rows)
    for row in listed:
        by_licence.setdefault(row.licence, []).append(row)
    lines = [f"Licences of what {project} hands on, with the files of this archive that hold their texts", ""]
    for licence in sorted(by_licence):
        lines += [licence, "-" * min(len(licence), 100)]
        for row in by_licence[licence]:
            lines.append(" ".join(filter(None, (row.name, row.version, f"[{', '.join(row.roles)}]"))))
            lines += [f"    {text}" for text in (*row.notes, *row.texts)]
        lines.append("")
    title = "Corresponding source"
    lines += [
        title,
        "=" * len(title),
        "Of what is under a licence that asks for it: as its ecosystem keeps it.",
        "",
    ]
    sources = {(row.source, row.licence) for row in listed if row.copyleft and row.source}
    lines += [f"{source}  ({licence})" for source, licence in sorted(sources)]
    return "\n".join(lines) + "\n"


def pack(text_of_index: str, texts: Mapping[str, bytes]) -> bytes:
    """The tar; the same texts always make the same bytes.

    Args:
        text_of_index: the index.
        texts: by the name in the tar, what is in it.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in [(INDEX, text_of_index.encode()), *sorted(texts.items())]:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), FILE_TIME
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
