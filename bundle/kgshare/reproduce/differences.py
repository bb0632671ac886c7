"""How two layers, or two files, differ: by member, by what is said of it, by the first byte. Nothing is built here."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import zip_longest
from typing import cast

from kgshare.bundle.layercache import LayerSource
from kgshare.images.foreign import Pieces

MOST = 20  # differences that are said of one layer; one cause often shows in hundreds of files
_READ = 64 << 20  # bytes of a file in which the first difference is looked for
_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not the same: where, and how."""

    where: str
    what: str


@dataclass(frozen=True, kw_only=True)
class _Member:
    kind: str
    mode: str
    owner: str
    time: int
    link: str
    size: int
    content: str

    def outside(self) -> _Member:
        """The same without what is in it."""
        return dataclasses.replace(self, size=0, content="")


def in_layers(one: LayerSource, other: LayerSource, *, contents: bool = True) -> list[Difference]:
    """What differs between two layers, file by file; empty where their bytes are the same.

    Args:
        one: of the first build.
        other: of the second.
        contents: False to compare only which files there are, and with what rights.

    Raises:
        tarfile.TarError, ValueError: one of them cannot be read.
    """
    if one.diff_id == other.diff_id:
        return []
    before, after = ({path: m if contents else m.outside() for path, m in _members(x)} for x in (one, other))
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    lines = [
        Difference(where=path, what="only the first build has it") for path in before.keys() - after.keys()
    ]
    lines += [
        Difference(where=path, what="only the second build has it") for path in after.keys() - before.keys()
    ]
    content = sorted(p for p in changed if before[p].content != after[p].content)[:MOST]
    bytes_of = [_contents(layer, set(content)) for layer in (one, other)]
    for path in changed:
        said = _said(before[path], after[path])
        if path in bytes_of[0] and path in bytes_of[1]:
            said.append(first_difference(bytes_of[0][path], bytes_of[1][path]))
        lines.append(Difference(where=path, what="; ".join(said)))
    if not lines and contents:
        lines = [_order(list(before), list(after))]
    lines.sort(key=lambda line: line.where)
    more = [Difference(where="", what=f"and {len(lines) - MOST} more")] if len(lines) > MOST else []
    return lines[:MOST] + more


def is_store(layer: LayerSource) -> bool:
    """Whether it is the layer of the seeded store, which holds nothing else: bytes of other files must be the same."""
    found = False
    with _open(layer) as tar:
        for member in tar:
            path = member.name.removeprefix("./").strip("/")
            if path not in ("", "data", ".") and not path.startswith("data/"):
                return False
            found = found or (member.isfile() and path.startswith(("data/databases/", "data/over/")))
    return found


def _said(before: _Member, after: _Member) -> list[str]:
    names = [field.name for field in fields(_Member)]
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in names]
    return [
        f"{name} {one} and {other}" if name != "content" else "content"
        for name, one, other in pairs
        if one != other
    ]


def first_difference(one: bytes, other: bytes) -> str:
    """Where two contents first differ, with the bytes there."""
    offset = next((i for i, (a, b) in enumerate(zip_longest(one, other)) if a != b), None)
    if offset is None:
        return f"the same in its first {_READ >> 20} MB"
    shown = [data[offset : offset + _SHOWN].hex(" ") or "its end" for data in (one, other)]
    return f"from byte {offset}: {shown[0]} and {shown[1]}"


def _order(before: list[str], after: list[str]) -> Difference:
    for one, other in zip(before, after, strict=True):
        if one != other:
            return Difference(where=one, what=f"the same files in another order: here stands {other}")
    return Difference(where="", what="the same files in the same order, and the tar is written otherwise")


def _open(layer: LayerSource) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast(io.BufferedIOBase, Pieces(layer)), mode="r|")


def _members(layer: LayerSource) -> Iterator[tuple[str, _Member]]:
    with _open(layer) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            digest = hashlib.sha256()
            while stream and (piece := stream.read(1 << 20)):
                digest.update(piece)
            yield member.name, _Member(
                kind=member.type.decode(), mode=f"{member.mode:o}", owner=f"{member.uid}:{member.gid}",
                time=int(member.mtime), link=member.linkname, size=member.size, content=digest.hexdigest(),
            )  # fmt: skip


def _contents(layer: LayerSource, wanted: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with _open(layer) as tar:
        for member in tar:
            if member.name in wanted and (stream := tar.extractfile(member)):
                found[member.name] = stream.read(_READ)
    return found
