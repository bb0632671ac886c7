"""From a canonical text, the records that changes need: not the whole graph where that can be helped."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kgshare.canonical.records import shard
from kgshare.canonical.text import INDEX, FileDigest, folder_name, index_text, read_digest
from kgshare.changes.apply import Delta
from kgshare.changes.diff import records_of
from kgshare.changes.model import Add, Change, Remove, Rename
from kgshare.changes.names import ends, key_names


@dataclass(frozen=True, kw_only=True)
class Touched:
    """What changes touch.

    Attributes:
        named: the records that they name, and the ends of relationships that they add.
        moved: the nodes among them that they remove or rename, whose relationships they touch as well.
    """

    named: frozenset[str]
    moved: frozenset[str]

    def has(self, identity: str) -> bool:
        """Whether a record is touched."""
        if identity in self.named:
            return True
        parts = ends(identity) if self.moved else None
        return parts is not None and (parts[0] in self.moved or parts[2] in self.moved)


def touched_by(changes: Iterable[Change]) -> Touched:
    """What changes touch, of one or more sets."""
    named, moved = set[str](), set[str]()
    for change in changes:
        parts = ends(change.record)
        named.add(change.record)
        if isinstance(change, Add) and parts:
            named |= {parts[0], parts[2]}
        if isinstance(change, Rename):
            named.add(change.to)
            moved |= {change.record, change.to}
        elif isinstance(change, Remove) and parts is None:
            moved.add(change.record)
    return Touched(named=frozenset(named), moved=frozenset(moved))


def load_touched(text: Path, changes: Iterable[Change]) -> dict[str, str]:
    """The records that changes touch.

    Where a node is removed or renamed, every file of relationships is read, because one may be of that node.

    Args:
        text: the folder of a canonical text.
        changes: of one or more sets.
    """
    touched = touched_by(changes)
    there = {file.path for file in read_digest(text).files}
    paths = {_path(identity) for identity in touched.named}
    if touched.moved:
        paths |= {path for path in there if path.startswith("relationships/")}
    found: dict[str, str] = {}
    for path in sorted(paths & there):
        found |= {i: t for i, t in records_of(text, [path]).items() if touched.has(i)}
    return found


def _path(identity: str) -> str:
    kind = "relationships" if ends(identity) else "nodes"
    return f"{kind}/{folder_name(key_names(identity)[0])}/{shard(identity)}.txt"


def digest_after(text: Path, delta: Delta) -> str:
    """The digest that a graph would have after a delta, from its canonical text; only files that differ are read."""
    files = {file.path: file for file in read_digest(text).files}
    for path, _, file in _after(text, delta):
        files.pop(path, None)
        files |= {path: file} if file.records else {}
    return hashlib.sha256(index_text([files[path] for path in sorted(files)])).hexdigest()


def write_after(text: Path, delta: Delta) -> str:
    """Make the canonical text in a folder that of the graph after a delta; its digest."""
    files = {file.path: file for file in read_digest(text).files}
    for path, data, file in _after(text, delta):
        files.pop(path, None)
        if file.records:
            files[path] = file
            (text / path).parent.mkdir(parents=True, exist_ok=True)
            (text / path).write_bytes(data)
        else:
            (text / path).unlink(missing_ok=True)
    index = index_text([files[path] for path in sorted(files)])
    (text / INDEX).write_bytes(index)
    return hashlib.sha256(index).hexdigest()


def _after(text: Path, delta: Delta) -> Iterator[tuple[str, bytes, FileDigest]]:
    """The files that a delta touches, as they are after it; those without a record are to go."""
    put, gone = defaultdict[str, dict[str, str]](dict), defaultdict[str, set[str]](set)
    for identity, block in delta.put.items():
        put[_path(identity)][identity] = block
    for identity in delta.gone:
        gone[_path(identity)].add(identity)
    for path in sorted(put.keys() | gone.keys()):
        there = records_of(text, [path]) if (text / path).exists() else {}
        kept = {i: t for i, t in there.items() if i not in gone[path]} | put[path]
        data = "".join(f"{block}\n\n" for block in sorted(kept.values())).encode()
        digest = hashlib.sha256(data).hexdigest()
        yield path, data, FileDigest(path=path, sha256=digest, records=len(kept))
