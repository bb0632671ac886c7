"""What is in a graph as records of raw values, and how two readings of it differ. Pure: no connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kgshare.doors.packstream import Reader

PIECE = 500  # records: so few that a change costs little to look at, so many that sending them one by one costs nothing
_NODE = "[id(n), labels(n), properties(n)]"
_RELATIONSHIP = "[id(r), type(r), id(a), id(b), properties(r)]"
LAST_NODE, LAST_RELATIONSHIP = "MATCH (n) RETURN max(id(n))", "MATCH ()-[r]->() RETURN max(id(r))"


def _pieces(match: str, number: str, row: str) -> str:
    numbers = f"range(piece * {PIECE}, piece * {PIECE} + {PIECE - 1})"
    return (
        "UNWIND $pieces AS piece "
        f"CALL {{ WITH piece MATCH {match} WHERE {number} IN {numbers} RETURN collect({row}) AS rows }} RETURN piece, rows"
    )


# By number and not by a scan, so that any piece is found again as quickly.
READ_NODES = _pieces("(n)", "id(n)", _NODE)
READ_RELATIONSHIPS = _pieces("(a)-[r]->(b)", "id(r)", _RELATIONSHIP)


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node: the server's number for it, its labels, and its properties as they stand in the message."""

    number: int
    labels: frozenset[str]
    properties: bytes

    @classmethod
    def of(cls, record: bytes) -> NodeRow:
        """A row of the list in a record of `READ_NODES`."""
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
        """A row of the list in a record of `READ_RELATIONSHIPS`."""
        reader = Reader(record)
        reader.size()
        return cls(reader.integer(), reader.text(), reader.integer(), reader.integer(), reader.raw())


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of a graph as they came, so that comparing two readings is comparing two sets of bytes."""

    nodes: frozenset[bytes]
    relationships: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Pieces:
    """A whole graph as it came: number of the piece → its record. A piece without rows is not in it."""

    nodes: Mapping[int, bytes]
    relationships: Mapping[int, bytes]

    def but(self, again: Pieces, nodes: Iterable[int], relationships: Iterable[int]) -> Pieces:
        """The graph with these pieces as they were read again."""
        return Pieces(
            _but(self.nodes, again.nodes, nodes), _but(self.relationships, again.relationships, relationships)
        )


def _but(all_: Mapping[int, bytes], again: Mapping[int, bytes], which: Iterable[int]) -> Mapping[int, bytes]:
    gone = set(which)
    return {**{number: piece for number, piece in all_.items() if number not in gone}, **again}


def piece_of(record: bytes) -> tuple[int, bool]:
    """The number of the piece that a record of `READ_NODES` or `READ_RELATIONSHIPS` is, and whether it has rows."""
    reader = Reader(record, 1)
    number = reader.integer()
    return number, reader.size()[1] > 0


def rows_of(record: bytes) -> list[bytes]:
    """The rows of a piece."""
    reader = Reader(record, 1)
    reader.integer()
    _, count = reader.size()
    return [reader.raw() for _ in range(count)]


def difference(seed: Pieces, now: Pieces) -> tuple[Reading, Reading]:
    """The rows of both in which two graphs may differ: those of the pieces that are not the same to the byte."""
    nodes, links = _differ(seed.nodes, now.nodes), _differ(seed.relationships, now.relationships)
    return Reading(nodes[0], links[0]), Reading(nodes[1], links[1])


def _differ(seed: Mapping[int, bytes], now: Mapping[int, bytes]) -> tuple[frozenset[bytes], frozenset[bytes]]:
    numbers = [n for n in {**seed, **now} if seed.get(n) != now.get(n)]
    before, after = (
        frozenset(row for n in numbers if n in pieces for row in rows_of(pieces[n])) for pieces in (seed, now)
    )
    return before, after


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
