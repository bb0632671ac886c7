"""The canonical text of a whole graph: a folder of sorted files, and the digests over them.

Records stand in ``nodes/LABEL/S.txt`` and ``relationships/TYPE/S.txt``, S being the record's shard; ``schema.txt`` has
constraints and indexes; ``index.txt`` lists every file with its digest and number of records, and its own digest is
the digest of the graph. Format: docs/reference/canonical-text.md.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote as percent

from kgshare.canonical.records import Node, Record, parse_record, record_text
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


class Group:
    """The records of one label or type, on their way into the text."""

    def __init__(self, writer: TextWriter, folder: str) -> None:
        self._writer = writer
        self.paths = [f"{folder}/{digit}.txt" for digit in "0123456789abcdef"]
        self.held: list[list[str]] = [[] for _ in self.paths]

    def add(self, identity: str, text: str) -> None:
        """Take a record's text.

        Args:
            identity: its identity's text.
            text: the record's text, whose first line is the identity.
        """
        self.held[sha256(identity.encode()).digest()[0] >> 4].append(text)
        self._writer.size += len(text)
        if self._writer.size > SPILL:
            self._writer.spill()


class TextWriter:
    """Takes records in any order and writes them sorted; memory stays flat in the number of records."""

    def __init__(self, out: Path) -> None:
        self._out, self._groups = out, dict[tuple[str, str], Group]()
        self.size = 0
        if out.exists():
            shutil.rmtree(out)
        out.mkdir(parents=True)

    def group(self, kind: str, name: str) -> Group:
        """Where the records of a label or type go.

        Args:
            kind: ``nodes`` or ``relationships``.
            name: the label or type.
        """
        found = self._groups.get((kind, name))
        if found is None:
            found = self._groups[kind, name] = Group(self, f"{kind}/{folder_name(name)}")
        return found

    def close(self, schema: Iterable[str] = ()) -> CanonicalDigest:
        """Sort and write every file, the schema, and the index.

        Raises:
            SeedError: two records have one identity; names them.
        """
        problems: list[Problem] = []
        files: list[FileDigest] = []
        for group in self._groups.values():
            for number, path in enumerate(group.paths):
                texts, group.held[number] = group.held[number], []
                if texts or (self._out / f"{path}.part").exists():
                    files.append(self._write(path, texts, problems))
        if problems:
            raise SeedError(*problems[:50])
        lines = sorted(set(schema))
        if lines:
            text = "".join(f"{line}\n" for line in lines)
            (self._out / SCHEMA_FILE).write_text(text, encoding="utf-8", newline="")
            files.append(FileDigest(path=SCHEMA_FILE, sha256=_sha256(text.encode()), records=len(lines)))
        return _write_index(self._out, sorted(files, key=lambda file: file.path))

    def spill(self) -> None:
        """Put aside what is held in memory."""
        for group in self._groups.values():
            for path, texts in zip(group.paths, group.held, strict=True):
                if texts:
                    target = self._out / f"{path}.part"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("a", encoding="utf-8", newline="") as file:
                        file.write("\n\n".join(texts) + "\n\n")
                    texts.clear()
        self.size = 0

    def _write(self, path: str, texts: list[str], problems: list[Problem]) -> FileDigest:
        part, target = self._out / f"{path}.part", self._out / path
        if part.exists():
            texts += blocks(part.read_bytes().decode())
            part.unlink()
        texts.sort()
        identities = [text.partition("\n")[0] for text in texts]
        if len(set(identities)) != len(identities):
            problems += [_twice(one) for one, other in pairwise(identities) if one == other]
        data = ("\n\n".join(texts) + "\n\n").encode()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return FileDigest(path=path, sha256=_sha256(data), records=len(texts))


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
        writer.group(kind, group).add(record.id.text, text)
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
        SeedError: there is no index, or it is not one of this version.
    """
    try:
        data = (folder / INDEX).read_bytes()
        header, *lines = data.decode().split("\n")
    except OSError as error:
        raise not_as_stated(folder, INDEX, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise not_as_stated(folder, INDEX, f"is not a {HEADER}: it is not UTF-8") from None
    if header != HEADER:
        raise not_as_stated(folder, INDEX, f"is not a {HEADER}: it begins with {header[:60]!r}")
    if lines.pop() != "" if lines else True:
        raise not_as_stated(folder, INDEX, "is cut off")
    files: list[FileDigest] = []
    for number, line in enumerate(lines, 2):
        found = _INDEX_LINE.fullmatch(line)
        if not found or (files and found[3] <= files[-1].path):
            raise not_as_stated(folder, f"{INDEX}:{number}", f"is no line of an index: {line[:120]!r}")
        files.append(FileDigest(path=found[3], sha256=found[1], records=int(found[2])))
    return CanonicalDigest(sha256=_sha256(data), files=tuple(files))


_INDEX_LINE = re.compile(
    r"([0-9a-f]{64})  ([1-9][0-9]*)  ((?:nodes|relationships)/[A-Za-z0-9%_-]+/[0-9a-f]\.txt|schema\.txt)"
)


def not_as_stated(folder: Path, path: str, message: str) -> SeedError:
    """The error for a canonical text that is not what it says it is."""
    hint = "nobody edits a canonical text: take it again, with `kgshare snapshot`, or from where you have it"
    return SeedError(Problem(message=message, where=f"{folder}/{path}", hint=hint))


def digest(folder: Path, known: Mapping[str, str] | None = None) -> CanonicalDigest:
    """The digests of a text, computed from its files and compared with its index.

    Args:
        folder: the text.
        known: path → digest of files that need not be read again.

    Raises:
        SeedError: a file is missing, altered, or not in the index.
    """
    stated, known = read_digest(folder), known or {}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != INDEX}
    problems = [
        not_as_stated(folder, path, "is not in the index").problems[0]
        for path in sorted(there - {f.path for f in stated.files})
    ]
    for file in stated.files:
        if file.path not in there:
            problems += not_as_stated(folder, file.path, "is missing").problems
        elif (known.get(file.path) or _sha256((folder / file.path).read_bytes())) != file.sha256:
            problems += not_as_stated(folder, file.path, "is not what the index says").problems
    if problems:
        raise SeedError(*problems[:50])
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


def _sha256(data: bytes) -> str:
    return sha256(data).hexdigest()


def _twice(identity: str) -> Problem:
    if "]->(" in identity:
        return Problem(
            message=f"two relationships have one identity: {identity}",
            hint="declare under identity.relationships which property tells parallel ones apart",
        )
    return Problem(message=f"two nodes have one identity: {identity}", hint="their key must be unique")
