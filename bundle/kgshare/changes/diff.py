"""What differs between two graphs, as changes: applying them to the first gives the second."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from sys import intern

from kgshare.canonical.text import SCHEMA_FILE, blocks, not_as_stated, read_digest
from kgshare.changes.apply import Records
from kgshare.changes.lists import elements, kind
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename, in_order
from kgshare.changes.names import Fields, Renamer, ends, key_names

_PLAIN = re.compile(r"  [A-Za-z_][A-Za-z0-9_]*")


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


@dataclass(kw_only=True)
class Difference:
    """Records that differ, before it is known which of them were renamed.

    Attributes:
        changed: the texts of records that are there in both.
        gone: identity → text of those that are in the first only; came: in the second only.
    """

    changed: list[tuple[str, str]] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)
    came: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Two canonical texts by what their indexes say.

    Attributes:
        before: the folder of the first; after: of the second.
        old: path → digest of its files; new: of the second's.
        paths: those of records that differ.
    """

    before: Path
    after: Path
    old: Mapping[str, str]
    new: Mapping[str, str]
    paths: tuple[str, ...]

    @property
    def schema_differs(self) -> bool:
        """Whether constraints or indexes do."""
        return self.old.get(SCHEMA_FILE) != self.new.get(SCHEMA_FILE)

    @property
    def skipped(self) -> int:
        """How many files have equal digests."""
        return len(self.old.keys() | self.new.keys()) - len(self.paths) - self.schema_differs

    def schema(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Statements of the schema that went and came."""
        if not self.schema_differs:
            return (), ()
        gone, came = (set(_lines(folder / SCHEMA_FILE)) for folder in (self.before, self.after))
        return tuple(sorted(gone - came)), tuple(sorted(came - gone))

    def difference(self, path: str) -> Difference:
        """What differs in one file.

        Raises:
            SeedError: a file is not what its index says.
        """
        ours, theirs = (
            blocks(read_file(folder, path, there[path])) if path in there else []
            for folder, there in ((self.before, self.old), (self.after, self.new))
        )
        mine, others = set(ours), set(theirs)
        gone = {text.partition("\n")[0]: text for text in mine - others}
        came = {text.partition("\n")[0]: text for text in others - mine}
        changed = [(gone.pop(identity), came.pop(identity)) for identity in sorted(gone.keys() & came.keys())]
        return Difference(changed=changed, gone=gone, came=came)


def texts(before: Path, after: Path) -> Texts:
    """What the indexes of two canonical texts say of their difference; no other file is read.

    Raises:
        SeedError: an index is not one of this version.
    """
    old, new = ({file.path: file.sha256 for file in read_digest(folder).files} for folder in (before, after))
    differing = (path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))
    paths = tuple(path for path in differing if path != SCHEMA_FILE)
    return Texts(before=before, after=after, old=old, new=new, paths=paths)


def differences(both: Texts) -> Iterator[tuple[str, Difference]]:
    """What differs in each file that differs, by its path.

    Raises:
        SeedError: a file is not what its index says.
    """
    for path in both.paths:
        yield path, both.difference(path)


def diff_texts(before: Path, after: Path) -> TextDiff:
    """Compare the folders of two canonical texts; files with equal digests are not read.

    One file at a time is held, and of each what differs: memory follows the change, not the graph.

    Raises:
        SeedError: an index is not one of this version, or a file that is read is not what its index says.
    """
    both = texts(before, after)
    changes: list[Change] = []
    gone, came = dict[str, str](), dict[str, str]()
    for _, found in differences(both):
        for one, other in found.changed:
            changes += field_changes(one, other)
        gone |= found.gone
        came |= found.came
    schema_gone, schema_new = both.schema()
    return TextDiff(
        changes=in_order([*changes, *gone_and_came(gone, came)]), schema_gone=schema_gone, schema_new=schema_new,
        files=len(both.paths) + both.schema_differs, skipped=both.skipped,
    )  # fmt: skip


def read_file(folder: Path, path: str, digest: str) -> str:
    """The text of a file of a canonical text.

    Raises:
        SeedError: it is not what the index says.
    """
    try:
        data = (folder / path).read_bytes()
    except OSError as error:
        raise not_as_stated(folder, path, f"cannot be read: {error.strerror}") from None
    if sha256(data).hexdigest() != digest:
        raise not_as_stated(folder, path, "is not what the index says")
    return data.decode()


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def records_of(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """The records in some files of a canonical text."""
    return {
        text.partition("\n")[0]: text
        for path in paths
        for text in blocks((folder / path).read_bytes().decode())
    }


def diff(before: Records, after: Records) -> tuple[Change, ...]:
    """The changes that make one graph's records of another's; renamed nodes are found by `gone_and_came`."""
    gone = {i: t for i, t in before.items() if i not in after}
    came = {i: t for i, t in after.items() if i not in before}
    changes: list[Change] = []
    for identity, text in before.items():
        if identity in after and after[identity] != text:
            changes += field_changes(text, after[identity])
    return in_order([*changes, *gone_and_came(gone, came)])


def gone_and_came(gone: Records, came: Records) -> Iterator[Change]:
    """The changes for records that are on one side only.

    A node that went and one that came are one that was renamed if they have one label, the same further labels and
    properties (at least one of them), and nothing else looks like them.
    """
    renames = _renamed(gone, came) if gone and came else {}
    renamer = Renamer(renames)
    yield from (Rename(old, new) for old, new in renames.items())
    for identity, text in gone.items() if renames else ():
        new = renamer(identity)
        if identity not in renames and new in came:
            yield from field_changes(text, came[new])
            renames[identity] = new
    yield from (Remove(text) for identity, text in gone.items() if identity not in renames)
    kept = set(renames.values())
    yield from (Add(text) for identity, text in came.items() if identity not in kept)


def field_changes(before: str, after: str) -> Iterator[Change]:
    """The changes of labels and properties between two texts of one record, under its name before."""
    ours, theirs = before.split("\n"), after.split("\n")
    if len(ours) == len(theirs):  # mostly values changed and nothing else: then the lines stand side by side
        pairs = [
            (old.partition(": "), new.partition(": "))
            for old, new in zip(ours[1:], theirs[1:], strict=True)
            if old != new
        ]
        if all(old[0] == new[0] and _PLAIN.fullmatch(old[0]) for old, new in pairs):
            for old, new in pairs:
                yield from _value(ours[0], intern(old[0][2:]), old[2], new[2])
            return
    first, second = Fields(before), Fields(after)
    record = first.identity
    yield from (
        Label(record, label, label in second.labels) for label in sorted(first.labels ^ second.labels)
    )
    for name in sorted(first.properties.keys() | second.properties.keys()):
        one, other = first.properties.get(name), second.properties.get(name)
        if one != other:
            yield from _value(record, name, one, other)


def _value(record: str, name: str, before: str | None, after: str | None) -> Iterator[Change]:
    old = elements(before) if before is not None and before[0] == "[" else None
    new = elements(after) if after is not None and after[0] == "[" else None
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
