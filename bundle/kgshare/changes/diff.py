"""What differs between two graphs, as changes: applying them to the first gives the second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kgshare.canonical.text import SCHEMA_FILE, blocks, read_digest
from kgshare.changes.apply import Records
from kgshare.changes.lists import elements, kind
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename, in_order
from kgshare.changes.names import Fields, Renamer, ends, key_names


@dataclass(frozen=True, kw_only=True)
class TextDiff:
    """What differs between two canonical texts.

    Attributes:
        changes: of nodes and relationships.
        schema: statements of constraints and indexes that went and came.
        files: files that were looked at; equal ones were not.
        skipped: files with equal digests.
    """

    changes: tuple[Change, ...]
    schema_gone: tuple[str, ...] = ()
    schema_new: tuple[str, ...] = ()
    files: int
    skipped: int


def diff_texts(before: Path, after: Path) -> TextDiff:
    """Compare the folders of two canonical texts; files with equal digests are not read.

    Raises:
        SeedError: an index is not one of this version.
    """
    old, new = ({file.path: file.sha256 for file in read_digest(folder).files} for folder in (before, after))
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    data = [path for path in paths if path != SCHEMA_FILE]
    first, second = dict[str, str](), dict[str, str]()
    for (
        path
    ) in data:  # one file at a time, and of each what differs: memory follows the change, not the graph
        ours, theirs = (
            _blocks(folder, path) if path in there else set()
            for folder, there in ((before, old), (after, new))
        )
        first |= {_identity(text): text for text in ours - theirs}
        second |= {_identity(text): text for text in theirs - ours}
    changes = diff(first, second)
    gone, came = set[str](), set[str]()
    if SCHEMA_FILE in paths:
        gone, came = (set(_lines(folder / SCHEMA_FILE)) for folder in (before, after))
    return TextDiff(
        changes=changes,
        schema_gone=tuple(sorted(gone - came)),
        schema_new=tuple(sorted(came - gone)),
        files=len(paths),
        skipped=len(old.keys() | new.keys()) - len(paths),
    )


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def records_of(folder: Path, paths: list[str]) -> dict[str, str]:
    """The records in some files of a canonical text."""
    return {_identity(text): text for path in paths for text in _blocks(folder, path)}


def _blocks(folder: Path, path: str) -> set[str]:
    return set(blocks((folder / path).read_bytes().decode()))


def _identity(text: str) -> str:
    return text.partition("\n")[0]


def diff(before: Records, after: Records) -> tuple[Change, ...]:
    """The changes that make one graph's records of another's.

    A node that went and one that came are one that was renamed if they have one label, the same further labels and
    properties (at least one of them), and nothing else looks like them.
    """
    gone = {i: t for i, t in before.items() if i not in after}
    came = {i: t for i, t in after.items() if i not in before}
    changes: list[Change] = []
    for identity, text in before.items():
        if identity in after and after[identity] != text:
            changes += field_changes(text, after[identity])
    renames = _renamed(gone, came)
    renamer = Renamer(renames)
    changes += [Rename(old, new) for old, new in renames.items()]
    for identity, text in gone.items() if renames else ():
        new = renamer(identity)
        if identity not in renames and new in came:
            changes += field_changes(text, came[new])
            renames[identity] = new
    changes += [Remove(text) for identity, text in gone.items() if identity not in renames]
    kept = set(renames.values())
    changes += [Add(text) for identity, text in came.items() if identity not in kept]
    return in_order(changes)


def field_changes(before: str, after: str) -> Iterator[Change]:
    """The changes of labels and properties between two texts of one record, under its name before."""
    old, new = Fields(before), Fields(after)
    yield from (Label(old.identity, label, label in new.labels) for label in sorted(old.labels ^ new.labels))
    for name in sorted(old.properties.keys() | new.properties.keys()):
        first, second = old.properties.get(name), new.properties.get(name)
        if first != second:
            yield from _value(old.identity, name, first, second)


def _value(record: str, name: str, before: str | None, after: str | None) -> Iterator[Change]:
    old = elements(before) if before is not None else None
    new = elements(after) if after is not None else None
    if old and new and len(old) == len(new):
        differing = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
        if len(differing) < len(old) and kind(old[0]) == kind(new[0]):
            yield from (Element(record, name, i, old[i], new[i]) for i in differing)
            return
    yield Property(record, name, before, after)


def _renamed(gone: Records, came: Records) -> dict[str, str]:
    old, new = _by_look(gone), _by_look(came)
    return {
        nodes[0]: new[look][0]
        for look, nodes in old.items()
        if len(nodes) == 1 and len(new.get(look, ())) == 1
    }


def _by_look(records: Records) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for identity, text in records.items():
        _, newline, rest = text.partition("\n")
        if newline and ends(identity) is None:
            found[(rest, *key_names(identity))].append(identity)
    return found
