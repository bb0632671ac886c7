"""From a running database, the records that changes touch: found by their keys, so that it takes what they are, not what the graph is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kgshare.canonical import packed
from kgshare.canonical.graph import read_records
from kgshare.canonical.records import RelationshipId, parse_identity
from kgshare.canonical.schema import quoted
from kgshare.changes.load import Touched
from kgshare.changes.names import ends
from kgshare.seeding.bolt import Database
from kgshare.seeding.write import BATCH, match_node

RELATIONSHIP = "RETURN DISTINCT type(r), id(a), id(b), properties(r)"


def read_touched(
    db: Database,
    touched: Touched,
    node_keys: Mapping[str, tuple[str, ...]],
    relationship_keys: Mapping[str, tuple[str, ...]],
) -> dict[str, str]:
    """The records that changes touch, as they are in the database: identity → text.

    Raises:
        SeedError: a record that is read has no identity.
    """
    named = [parts for identity in touched.named if (parts := ends(identity))]
    nodes = {i for i in touched.named if ends(i) is None} | {
        end for parts in named for end in (parts[0], parts[2])
    }
    numbers = _numbers(db, nodes)
    relationships = dict.fromkeys(
        [
            *_between(db, [i for i in touched.named if ends(i)], numbers),
            *_of(db, sorted({number for i in touched.moved for number in numbers.get(i, ())})),
        ]
    )
    wanted = {number for found in numbers.values() for number in found} | {
        number for record in relationships for number in _ends(record)
    }
    texts = read_records(_nodes(db, sorted(wanted)), relationships, node_keys, relationship_keys)
    return {identity: text for identity, text in texts.items() if touched.has(identity)}


def _numbers(db: Database, nodes: Iterable[str]) -> dict[str, list[int]]:
    """The server's numbers of nodes; of a key like 1 also that of 1.0, which Cypher takes for the same."""
    queries: dict[str, list[list[Any]]] = defaultdict(list)
    names = sorted(nodes)
    for place, identity in enumerate(names):
        query, row = match_node(identity)
        queries[f"UNWIND $rows AS row {query} RETURN row[{len(row)}], id(n)"].append([*row, place])
    found: dict[str, list[int]] = defaultdict(list)
    for query, rows in queries.items():
        for batch in _batches(rows):
            for place, number in db.run(query, rows=batch):
                found[names[place]].append(number)
    return found


def _between(db: Database, identities: Iterable[str], numbers: Mapping[str, list[int]]) -> Iterator[bytes]:
    """Relationships of the type and between the ends that identities name."""
    by_type: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for identity in identities:
        found, parts = parse_identity(identity), ends(identity)
        assert isinstance(found, RelationshipId)
        assert parts is not None
        pairs = {(a, b) for a in numbers.get(parts[0], ()) for b in numbers.get(parts[2], ())}
        by_type[found.type] |= pairs
    for type_, pairs in by_type.items():
        query = (
            f"UNWIND $rows AS row MATCH (a)-[r:{quoted(type_)}]->(b) WHERE id(a) = row[0] AND id(b) = row[1]"
        )
        for batch in _batches(sorted(pairs)):
            yield from db.wire.stream(f"{query} {RELATIONSHIP}", {"rows": batch})


def _of(db: Database, nodes: Sequence[int]) -> Iterator[bytes]:
    """Every relationship of nodes."""
    for batch in _batches(nodes):
        for end in ("a", "b"):
            yield from db.wire.stream(
                f"MATCH (a)-[r]->(b) WHERE id({end}) IN $ids {RELATIONSHIP}", {"ids": batch}
            )


def _nodes(db: Database, numbers: Sequence[int]) -> Iterator[bytes]:
    for batch in _batches(numbers):
        query = "MATCH (n) WHERE id(n) IN $ids RETURN labels(n), id(n), properties(n)"
        yield from db.wire.stream(query, {"ids": batch})


def _ends(record: bytes) -> tuple[int, int]:
    start, at = packed.integer(record, packed.text(record, 1)[1])
    return start, packed.integer(record, at)[0]


def _batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))
