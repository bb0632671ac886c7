"""A change as a value: what it expects to find, and what it makes of it; and a change set, which is a proposal.

Records and values are canonical text here (`kgshare.canonical`), so comparing is comparing strings and every Neo4j type
survives. The changes of one set are made at once: no two of them touch the same place, and their order means nothing.
Records that are changed or removed are named as they are before the set, added ones as they are after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from kgshare.changes.names import Renamer

SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Property:
    """A property's value; ``None`` is no property."""

    record: str
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a list, counted from 0; the list keeps its length."""

    record: str
    name: str
    index: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Label:
    """A further label that a node gets (``after``) or loses."""

    record: str
    label: str
    after: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """A node's key gets other values; the node's relationships stay with it."""

    record: str
    to: str


@dataclass(frozen=True, slots=True)
class Add:
    """A new node or relationship, as the canonical text of its record."""

    text: str

    @property
    def record(self) -> str:
        """Its identity."""
        return self.text.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Remove:
    """A node or relationship that goes, as the canonical text that its record must have."""

    text: str

    @property
    def record(self) -> str:
        """Its identity."""
        return self.text.partition("\n")[0]


Change = Remove | Rename | Label | Property | Element | Add
RANK: dict[type, int] = {
    kind: rank for rank, kind in enumerate((Remove, Rename, Label, Property, Element, Add))
}


def place(change: Change) -> tuple[str, int, str, int]:
    """Where a change acts; two changes of one set have different places. Also the order in a file."""
    match change:
        case Property(record, name):
            return record, RANK[Property], name, -1
        case Element(record, name, index):
            return record, RANK[Element], name, index
        case Label(record, label):
            return record, RANK[Label], label, -1
    return change.record, RANK[type(change)], "", -1


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes in the order of their file."""
    return tuple(sorted(changes, key=place))


def invert(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes that take these back: after both, a graph has the digest that it had."""
    given = tuple(changes)
    new_name = Renamer({c.record: c.to for c in given if isinstance(c, Rename)})
    return in_order(_inverse(change, new_name) for change in given)


def _inverse(change: Change, new_name: Renamer) -> Change:
    match change:
        case Property(record, name, before, after):
            return Property(new_name(record), name, after, before)
        case Element(record, name, index, before, after):
            return Element(new_name(record), name, index, after, before)
        case Label(record, label, after):
            return Label(new_name(record), label, not after)
        case Rename(record, to):
            return Rename(to, record)
        case Add(text):
            return Remove(text)
        case Remove(text):
            return Add(text)


@dataclass(frozen=True, kw_only=True)
class ChangeSet:
    """A proposal, accepted or not: who wants which changes, and why.

    Attributes:
        title: one line.
        author: ``Name <address>``.
        date: when it was proposed, in UTC.
        reason: why; may have several lines.
        references: what it rests on: addresses, DOIs, names of documents.
        project: the name in the manifest of the project that it is for.
        baseline: ``sha256:`` and the digest of the graph that it was made on.
        follows: names of the change sets (file names without ending) that must be applied before.
        changes: what it changes, in the order of `place`.
        name: its file's name without ending; empty for one that has no file yet.
        lines: the line of each change in its file; empty for one that has none.
    """

    title: str
    author: str
    date: datetime
    reason: str
    references: tuple[str, ...] = ()
    project: str
    baseline: str
    follows: tuple[str, ...] = ()
    changes: tuple[Change, ...]
    name: str = field(default="", compare=False)
    lines: tuple[int, ...] = field(default=(), compare=False)

    def where(self, change: Change) -> str:
        """File and line of one of its changes, for error messages."""
        file = f"{self.name or 'change set'}{SUFFIX}"
        return f"{file}:{self.lines[self.changes.index(change)]}" if self.lines else file
