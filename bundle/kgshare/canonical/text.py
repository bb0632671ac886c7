"""The canonical text of a whole graph: a folder of sorted files, and the digests over them.

Records stand in ``nodes/LABEL/S.txt`` and ``relationships/TYPE/S.txt``, S being the record's shard; ``schema.txt`` has
constraints and indexes; ``index.txt`` lists every file with its digest and number of records, and its own digest is
the digest of the graph. Format: docs/reference/canonical-text.md.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote as percent

from kgshare.canonical.records import Node, Record, parse_record, record_text, shard
from kgshare.errors import Problem, SeedError

HEADER = "kgshare canonical text 1"
INDEX, SCHEMA_FILE = "index.txt", "schema.txt"
# Blocks are held back in memory up to so many characters, then appended to their files unsorted.
SPILL = 64_000_000


@dataclass(frozen=True, kw_only=True)
class FileDigest:
    """One file of the text: its path, SHA-256, and how many records it holds."""

    path: str
    sha256: str
    records: int


@dataclass(frozen=True, kw_only=True)
class CanonicalDigest:
    """The digest of a graph's text, and of each of its files.

    Attributes:
        sha256: SHA-256 of ``index.txt``; equal if and only if the graphs are.
        files: every file, sorted by path.
    """

    sha256: str
    files: tuple[FileDigest, ...]

    def count(self, kind: str) -> dict[str, int]:
        """Records by label (``kind`` is ``nodes``) or by type (``relationships``)."""
        counts: dict[str, int] = {}
        for file in self.files:
            first, *rest = file.path.split("/")
            if first == kind:
                counts[rest[0]] = counts.get(rest[0], 0) + file.records
        return counts


def folder_name(name: str) -> str:
    """A label's or type's folder: the name, with everything but letters, digits, ``_``, ``-`` percent-encoded."""
    return percent(name, safe="").replace(".", "%2E").replace("~", "%7E")


class TextWriter:
    """Takes blocks in any order and writes them sorted; memory stays flat in the number of records."""

    def __init__(self, out: Path) -> None:
        self._out, self._held, self._size = out, dict[str, list[str]](), 0
        if out.exists():
            shutil.rmtree(out)
        out.mkdir(parents=True)

    def add(self, kind: str, group: str, identity: str, text: str) -> None:
        """Take a record's text.

        Args:
            kind: ``nodes`` or ``relationships``.
            group: its label or type.
            identity: its identity's text.
            text: the record's text, whose first line is the identity.
        """
        self._held.setdefault(f"{kind}/{folder_name(group)}/{shard(identity)}.txt", []).append(text)
        self._size += len(text)
        if self._size > SPILL:
            self._spill()

    def close(self, schema: Iterable[str] = ()) -> CanonicalDigest:
        """Sort and write every file, the schema, and the index.

        Raises:
            SeedError: two records have one identity; names them.
        """
        parts = (part.relative_to(self._out).as_posix() for part in self._out.rglob("*.part"))
        paths = {*self._held, *(part.removesuffix(".part") for part in parts)}
        problems: list[Problem] = []
        files = [self._write(path, problems) for path in sorted(paths)]
        if problems:
            raise SeedError(*problems[:50])
        lines = sorted(set(schema))
        if lines:
            text = "".join(f"{line}\n" for line in lines)
            (self._out / SCHEMA_FILE).write_text(text, encoding="utf-8", newline="")
            files.append(FileDigest(path=SCHEMA_FILE, sha256=_sha256(text.encode()), records=len(lines)))
        return _write_index(self._out, sorted(files, key=lambda file: file.path))

    def _spill(self) -> None:
        for path, blocks in self._held.items():
            target = self._out / f"{path}.part"
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("a", encoding="utf-8", newline="") as file:
                file.write("".join(f"{block}\n\n" for block in blocks))
        self._held.clear()
        self._size = 0

    def _write(self, path: str, problems: list[Problem]) -> FileDigest:
        part, target = self._out / f"{path}.part", self._out / path
        blocks = self._held.pop(path, [])
        if part.exists():
            blocks += part.read_text(encoding="utf-8").split("\n\n")[:-1]
            part.unlink()
        blocks.sort()
        for first, second in pairwise(blocks):
            if _identity(first) == _identity(second):
                problems.append(_twice(_identity(first)))
        data = "".join([f"{block}\n\n" for block in blocks]).encode()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return FileDigest(path=path, sha256=_sha256(data), records=len(blocks))


def write_text(records: Iterable[Record], out: Path, schema: Iterable[str] = ()) -> CanonicalDigest:
    """Write the canonical text of a graph into a folder, which is replaced.

    Args:
        records: nodes and relationships in any order.
        out: the folder.
        schema: constraints and indexes as Cypher statements (see `kgshare.canonical.schema`).

    Raises:
        SeedError: two records have one identity; names them.
        NotCanonical: a value that Neo4j cannot store.
    """
    writer = TextWriter(out)
    for record in records:
        kind, group = (
            ("nodes", record.id.label) if isinstance(record, Node) else ("relationships", record.id.type)
        )
        text = record_text(record)
        writer.add(kind, group, _identity(text), text)
    return writer.close(schema)


def read_text(folder: Path) -> Iterator[Record]:
    """Every record of a text, file by file in the order of their paths.

    Raises:
        NotCanonical: a record is not in its canonical form.
    """
    for path in sorted(folder.rglob("*/*/?.txt")):
        for text in blocks(path.read_bytes().decode()):
            yield parse_record(text)


def blocks(text: str) -> list[str]:
    """The records' texts in a file's text."""
    return text.split("\n\n")[:-1]


def read_digest(folder: Path) -> CanonicalDigest:
    """The digests that a text's ``index.txt`` states; it does not look at the files.

    Raises:
        SeedError: the index is not one of this version.
    """
    data = (folder / INDEX).read_bytes()
    header, *lines = data.decode().splitlines()
    if header != HEADER:
        raise SeedError(
            Problem(message=f"not a {HEADER}: it begins with {header[:60]!r}", where=str(folder / INDEX))
        )
    files = []
    for line in lines:
        sha256, count, path = line.split("  ", 2)
        files.append(FileDigest(path=path, sha256=sha256, records=int(count)))
    return CanonicalDigest(sha256=_sha256(data), files=tuple(files))


def digest(folder: Path) -> CanonicalDigest:
    """The digests of a text, computed from its files and compared with its index.

    Raises:
        SeedError: a file is missing, altered, or not in the index.
    """
    stated = read_digest(folder)
    there = {
        p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.name != INDEX
    }
    problems = [
        Problem(message="is not in the index", where=path)
        for path in sorted(there.keys() - {f.path for f in stated.files})
    ]
    for file in stated.files:
        if file.path not in there:
            problems.append(Problem(message="is missing", where=file.path))
        elif _sha256(there[file.path].read_bytes()) != file.sha256:
            problems.append(Problem(message="is not what the index says", where=file.path))
    if problems:
        raise SeedError(*problems)
    return stated


def index_text(files: Iterable[FileDigest]) -> bytes:
    """The bytes of ``index.txt``, whose SHA-256 is the digest of the graph.

    Args:
        files: sorted by path.
    """
    return (HEADER + "\n" + "".join(f"{f.sha256}  {f.records}  {f.path}\n" for f in files)).encode()


def _write_index(out: Path, files: list[FileDigest]) -> CanonicalDigest:
    data = index_text(files)
    (out / INDEX).write_bytes(data)
    return CanonicalDigest(sha256=_sha256(data), files=tuple(files))


def _identity(block: str) -> str:
    return block.partition("\n")[0]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _twice(identity: str) -> Problem:
    if "]->(" in identity:
        return Problem(
            message=f"two relationships have one identity: {identity}",
            hint="declare under identity.relationships which property tells parallel ones apart",
        )
    return Problem(message=f"two nodes have one identity: {identity}", hint="their key must be unique")
