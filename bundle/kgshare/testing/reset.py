"""Back to the seeded graph on a running database: compare the whole graph with the seed, undo the difference.

Neo4j Community has neither snapshots nor a second user database, and a start takes seconds. Reading a graph as bytes takes
well under a second, and what a test changed is little. A reset ends only when what is read equals the seed's bytes, so
whoever wrote, through whatever door, it is undone or the reset fails. See docs/decisions/095-reset-compares-and-undoes.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from neo4j import Driver, Query, Session

from kgshare.canonical.schema import SHOW_CONSTRAINTS, SHOW_INDEXES, quoted, schema_statements
from kgshare.doors.packstream import Raw, Reader
from kgshare.doors.wire import Wire, number_of
from kgshare.errors import StackError
from kgshare.testing.graph import (
    LAST_NODE,
    LAST_RELATIONSHIP,
    PIECE,
    READ_NODES,
    READ_RELATIONSHIPS,
    NodeRow,
    Pieces,
    RelationshipRow,
    Undo,
    compare,
    difference,
    piece_of,
)

ATTEMPTS = 4
_SHOW_OTHERS = "SHOW TRANSACTIONS YIELD transactionId, database, currentQueryId, currentQuery"


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Constraints and indexes: name → the statement that makes it."""

    constraints: Mapping[str, str]
    indexes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What a reset did.

    Attributes:
        records: nodes and relationships that were deleted, made again or put right.
        schema: constraints and indexes that were dropped or made again.
        seconds: how long it took.
    """

    records: int
    schema: int
    seconds: float


class Seeded:
    """A running database, and the graph that it is to come back to: the one it holds when this is made.

    Made once per stack, used before and after tests; not for several threads.
    """

    def __init__(self, driver: Driver, port: int, password: str) -> None:
        """Read the seed.

        Args:
            driver: a driver of the database.
            port: where Bolt listens on this machine.
            password: of user ``neo4j``.
        """
        self._driver, self._port, self._password = driver, port, password
        with driver.session(database="neo4j") as session:
            self._at = _position(session)
            self._schema = _schema(session)
        with self._wire() as first, self._wire() as second:
            self._seed = _read(first, second)

    def reset(self) -> Undone:
        """Undo every change since the seed was read; transactions that are open are ended.

        Raises:
            StackError: somebody goes on writing, or the graph cannot be made equal again.
        """
        began = time.monotonic()
        records = schema = 0
        renumbered: dict[int, int] = {}
        for _ in range(ATTEMPTS):
            with self._driver.session(database="neo4j") as session:
                _end_others(session)
                at = _position(session)
                if at == self._at:
                    return Undone(records=records, schema=schema, seconds=time.monotonic() - began)
                there = _schema(session)
                dropped = _drop_new(session, there, self._schema)
                with self._wire() as first, self._wire() as second:
                    now = _read(first, second)
                    undo = compare(*difference(self._seed, now), renumbered)
                    if undo:
                        done = _carry_out(first, undo, renumbered)
                        renumbered = done.numbers
                        # Its transaction is the next after what was read: nobody wrote in between, and what it touched is
                        # the whole difference. Else the next round reads everything.
                        if not dropped and _is_next(at, done.bookmark):
                            at, now = done.bookmark, _read_again(first, now, undo, done)
                made = _make_missing(session, there, self._schema)
            records += len(undo)
            schema += dropped + made
            if not (dropped or made or compare(*difference(self._seed, now), renumbered)):
                # What was read after `at` is the seed; a write since then moves on from `at`, and is seen next time.
                self._seed, self._at, renumbered = now, at, {}
        if self._at == at:
            return Undone(records=records, schema=schema, seconds=time.monotonic() - began)
        raise StackError(
            "the graph does not come back to its seed: something goes on writing to it",
            hint="end threads and processes that the test started before the test ends",
        )

    def _wire(self) -> Wire:
        return Wire(self._port, self._password)


def _is_next(before: str, bookmark: str) -> bool:
    number = number_of(before)
    return number is not None and number_of(bookmark) == number + 1


def _position(session: Session) -> str:
    """How far the database is: every commit, and nothing else, moves its bookmark on."""
    session.run("RETURN 1").consume()
    return "".join(sorted(session.last_bookmarks().raw_values))


def _read(first: Wire, second: Wire) -> Pieces:
    """Nodes and relationships at the same time: the server has more than one processor."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        relationships = beside.submit(_read_all, second, LAST_RELATIONSHIP, READ_RELATIONSHIPS)
        nodes = _read_all(first, LAST_NODE, READ_NODES)
        return Pieces(nodes, relationships.result())


def _read_all(wire: Wire, last: str, query: str) -> dict[int, bytes]:
    ((number,),) = wire.rows(last)
    return {} if number is None else _read_pieces(wire, query, range(number // PIECE + 1))


def _read_pieces(wire: Wire, query: str, numbers: Iterable[int]) -> dict[int, bytes]:
    found = {}
    for record in wire.stream(query, {"pieces": tuple(numbers)}):
        number, filled = piece_of(record)
        if filled:
            found[number] = record
    return found


def _read_again(wire: Wire, now: Pieces, undo: Undo, done: _Done) -> Pieces:
    """What was read before something was undone, with every piece that it touched as it is now."""
    nodes = {number // PIECE for number in (*undo.extra, *undo.changed, *done.nodes)}
    links = {number // PIECE for number in (*undo.unlink, *done.relationships)}
    again = Pieces(
        _read_pieces(wire, READ_NODES, nodes) if nodes else {},
        _read_pieces(wire, READ_RELATIONSHIPS, links) if links else {},
    )
    return now.but(again, nodes, links)


def _end_others(session: Session) -> None:
    """End what a test left open: it holds locks, and could still commit."""
    open_ = [
        row["transactionId"]
        for row in session.run(Query(_SHOW_OTHERS))
        if row["database"] == "neo4j" and not str(row["currentQuery"]).startswith("SHOW TRANSACTIONS YIELD")
    ]
    if open_:
        session.run("TERMINATE TRANSACTIONS $ids", ids=open_).consume()


# --- constraints and indexes ---------------------------------------------------------------------------------------


def _schema(session: Session) -> Schema:
    constraints = {
        row["name"]: schema_statements([row.data()], [])[0] for row in session.run(SHOW_CONSTRAINTS)
    }
    indexes: dict[str, str] = {}
    for row in session.run(SHOW_INDEXES):
        if row["type"] == "LOOKUP":
            pattern, each = ("(n)", "labels(n)") if row["entityType"] == "NODE" else ("()-[n]-()", "type(n)")
            indexes[row["name"]] = f"CREATE LOOKUP INDEX {quoted(row['name'])} FOR {pattern} ON EACH {each};"
        elif not row["owningConstraint"]:
            indexes[row["name"]] = schema_statements([], [row.data()])[0]
    return Schema(constraints=constraints, indexes=indexes)


def _drop_new(session: Session, now: Schema, seed: Schema) -> int:
    """Drop what the seed has not, or has differently, so that it does not stand in the data's way."""
    drops = [
        f"DROP {kind} {quoted(name)}"
        for kind, there, wanted in (
            ("CONSTRAINT", now.constraints, seed.constraints),
            ("INDEX", now.indexes, seed.indexes),
        )
        for name, statement in there.items()
        if wanted.get(name) != statement
    ]
    return _run_all(session, drops)


def _make_missing(session: Session, before: Schema, seed: Schema) -> int:
    """Make again what was not there, or was different and is dropped, and wait until it is populated."""
    made = [s for name, s in seed.constraints.items() if before.constraints.get(name) != s]
    made += [s for name, s in seed.indexes.items() if before.indexes.get(name) != s]
    _run_all(session, [statement.removesuffix(";") for statement in made])
    if made:
        session.run("CALL db.awaitIndexes(300)").consume()
    return len(made)


def _run_all(session: Session, statements: list[str]) -> int:
    for statement in statements:
        session.run(Query(statement)).consume()
    return len(statements)


# --- records -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Done:
    """What undoing did.

    Attributes:
        numbers: former → present number of all nodes that were made again.
        nodes: present numbers of those made now; relationships likewise.
        bookmark: of the transaction.
    """

    numbers: dict[int, int]
    nodes: tuple[int, ...]
    relationships: tuple[int, ...]
    bookmark: str


def _carry_out(wire: Wire, undo: Undo, renumbered: Mapping[int, int]) -> _Done:
    """Undo in one transaction."""
    wire.begin()
    if undo.unlink:
        wire.run("MATCH ()-[r]->() WHERE id(r) IN $ids DELETE r", {"ids": undo.unlink})
    if undo.extra:
        wire.run("MATCH (n) WHERE id(n) IN $ids DETACH DELETE n", {"ids": undo.extra})
    _put_right(wire, undo.changed)
    new = _make_nodes(wire, undo.gone)
    numbers = {**renumbered, **new}
    links = _link(wire, undo.link, numbers)
    return _Done(numbers=numbers, nodes=tuple(new.values()), relationships=links, bookmark=wire.commit())


def _put_right(wire: Wire, changed: Mapping[int, tuple[NodeRow, frozenset[str]]]) -> None:
    if not changed:
        return
    # Emptied first: two nodes that swapped a unique value would else be refused.
    wire.run("MATCH (n) WHERE id(n) IN $ids SET n = {}", {"ids": tuple(changed)})
    for number, (row, surplus) in changed.items():
        changes = [f"n{_labels(row.labels)}"] if row.labels else []
        take = f" REMOVE n{_labels(surplus)}" if surplus else ""
        wire.run(
            f"MATCH (n) WHERE id(n) = $id{take} SET {', '.join([*changes, 'n = $row'])}",
            {"id": number, "row": Raw(row.properties)},
        )


def _make_nodes(wire: Wire, gone: Iterable[NodeRow]) -> dict[int, int]:
    groups: dict[frozenset[str], list[NodeRow]] = {}
    for row in gone:
        groups.setdefault(row.labels, []).append(row)
    numbers: dict[int, int] = {}
    for labels, rows in groups.items():
        made = wire.run(
            f"UNWIND $rows AS row CREATE (n{_labels(labels)}) SET n = row[1] RETURN row[0], id(n)",
            {"rows": [[row.number, Raw(row.properties)] for row in rows]},
        )
        for record in made:
            reader = Reader(record)
            reader.size()
            former, present = reader.integer(), reader.integer()
            numbers[former] = present
    return numbers


def _link(wire: Wire, link: Iterable[RelationshipRow], numbers: Mapping[int, int]) -> tuple[int, ...]:
    """The numbers of the relationships that were made again."""
    made: list[int] = []
    groups: dict[str, list[RelationshipRow]] = {}
    for row in link:
        groups.setdefault(row.type, []).append(row)
    for type_, rows in groups.items():
        records = wire.run(
            "UNWIND $rows AS row MATCH (a) WHERE id(a) = row[0] MATCH (b) WHERE id(b) = row[1] "
            f"CREATE (a)-[r:{quoted(type_)}]->(b) SET r = row[2] RETURN id(r)",
            {
                "rows": [
                    [numbers.get(r.start, r.start), numbers.get(r.end, r.end), Raw(r.properties)]
                    for r in rows
                ]
            },
        )
        made += [Reader(record, 1).integer() for record in records]
    return tuple(made)


def _labels(labels: Iterable[str]) -> str:
    return "".join(f":{quoted(label)}" for label in sorted(labels))
