"""What is in a graph as records of raw values, and how two readings of it differ. Pure: no connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kgshare.doors.packstream import Reader

READ_NODES = "MATCH (n) RETURN id(n), labels(n), properties(n)"
READ_RELATIONSHIPS = "MATCH (a)-[r]->(b) RETURN id(r), type(r), id(a), id(b), properties(r)"
READ_THESE_NODES = READ_NODES.replace(" RETURN", " WHERE id(n) IN $ids RETURN")
READ_THESE_RELATIONSHIPS = READ_RELATIONSHIPS.replace(" RETURN", " WHERE id(r) IN $ids RETURN")


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node: the server's number for it, its labels, and its properties as they stand in the message."""

    number: int
    labels: frozenset[str]
    properties: bytes

    @classmethod
    def of(cls, record: bytes) -> NodeRow:
        """A row of `READ_NODES`."""
        reader = Reader(record)
        reader.size()
        return cls(reader.integer(), frozenset(reader.texts()), reader.raw())

    @property
    def content(self) -> tuple[frozenset[str], frozenset[tuple[str, bytes]]]:
        """What it holds, whatever the order in which the server sends it."""
        return self.labels, values(self.properties)


@dataclass(frozen=True, slots=True)
class RelationshipRow:
    """A relationship: its number, type, the numbers of its ends, and its properties."""

    number: int
    type: str
    start: int
    end: int
    properties: bytes

    @classmethod
    def of(cls, record: bytes) -> RelationshipRow:
        """A row of `READ_RELATIONSHIPS`."""
        reader = Reader(record)
        reader.size()
        return cls(reader.integer(), reader.text(), reader.integer(), reader.integer(), reader.raw())


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole graph: every record as it came, so that comparing two readings is comparing two sets of bytes."""

    nodes: frozenset[bytes]
    relationships: frozenset[bytes]


@dataclass(frozen=True)
class Undo:
    """What leads from one graph back to another.

    Attributes:
        gone: nodes to make again.
        extra: numbers of nodes to delete.
        changed: number → (the node as it is to be, the labels to take away).
        unlink: numbers of relationships to delete.
        link: relationships to make again, their ends by their former numbers.
    """

    gone: tuple[NodeRow, ...]
    extra: tuple[int, ...]
    changed: Mapping[int, tuple[NodeRow, frozenset[str]]]
    unlink: tuple[int, ...]
    link: tuple[RelationshipRow, ...]

    def __len__(self) -> int:
        return len(self.gone) + len(self.extra) + len(self.changed) + len(self.unlink) + len(self.link)

    def __bool__(self) -> bool:
        return bool(self.gone or self.extra or self.changed or self.unlink or self.link)


def values(properties: bytes) -> frozenset[tuple[str, bytes]]:
    """Each property with its value."""
    return frozenset(Reader(properties).properties().items())


def after(now: Reading, seed: Reading, undo: Undo, made: Reading) -> Reading:
    """What a graph is once a difference was undone, if nobody else wrote: what was read, less what was touched.

    Args:
        now: the graph before.
        seed: what it was compared with.
        undo: what was done.
        made: the records that were made or put right, read again.
    """
    nodes = {*undo.extra, *undo.changed}
    links = set(undo.unlink)
    return Reading(
        frozenset(now.nodes - {r for r in now.nodes - seed.nodes if NodeRow.of(r).number in nodes})
        | made.nodes,
        frozenset(
            now.relationships
            - {r for r in now.relationships - seed.relationships if RelationshipRow.of(r).number in links}
        )
        | made.relationships,
    )


def compare(seed: Reading, now: Reading, renumbered: Mapping[int, int]) -> Undo:
    """What to do so that a graph is the seed again.

    Args:
        seed: the graph to go back to.
        now: the graph as it is.
        renumbered: former → present number of nodes that were made again since the seed was read.
    """
    new_nodes = {row.number: row for row in map(NodeRow.of, now.nodes - seed.nodes)}
    old_nodes = {
        renumbered.get(row.number, row.number): row for row in map(NodeRow.of, seed.nodes - now.nodes)
    }
    changed = {
        number: (old_nodes[number], row.labels - old_nodes[number].labels)
        for number, row in new_nodes.items()
        if number in old_nodes and row.content != old_nodes[number].content
    }
    unlink, link = _links(
        map(RelationshipRow.of, now.relationships - seed.relationships),
        map(RelationshipRow.of, seed.relationships - now.relationships),
        renumbered,
    )
    return Undo(
        gone=tuple(row for number, row in old_nodes.items() if number not in new_nodes),
        extra=tuple(number for number in new_nodes if number not in old_nodes),
        changed=changed,
        unlink=unlink,
        link=link,
    )


def _links(
    new: Iterable[RelationshipRow], old: Iterable[RelationshipRow], renumbered: Mapping[int, int]
) -> tuple[tuple[int, ...], tuple[RelationshipRow, ...]]:
    """Relationships have no identity of their own: what counts is how many there are of each content."""
    wanted: Counter[object] = Counter()
    rows: dict[object, RelationshipRow] = {}
    for row in old:
        ends = renumbered.get(row.start, row.start), renumbered.get(row.end, row.end)
        content = (row.type, *ends, values(row.properties))
        wanted[content] += 1
        rows[content] = row
    unlink = []
    for row in new:
        content = (row.type, row.start, row.end, values(row.properties))
        if wanted[content] > 0:
            wanted[content] -= 1
        else:
            unlink.append(row.number)
    return tuple(unlink), tuple(rows[content] for content in wanted.elements())
