"""Write changes that were found to fit to a database: rows of one form go in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from kgshare.canonical.records import Node, NodeId, Relationship, RelationshipId, parse_identity, parse_record
from kgshare.canonical.schema import quoted
from kgshare.canonical.values import Temporal, decode
from kgshare.changes.model import Add, Change, Element, Label, Property, Remove, Rename
from kgshare.changes.names import ends
from kgshare.errors import Problem, SeedError
from kgshare.seeding.bolt import Queries, QueryFailed

BATCH = 10_000  # rows of one query: the server holds them all


class _Rows:
    """Parameters of the rows of one query: each value gets a column, and the expression that makes it again."""

    def __init__(self) -> None:
        self.row: list[Any] = []

    def value(self, value: Any) -> str:
        """The Cypher expression of a value that goes along as a parameter."""
        if isinstance(value, list) and value and isinstance(value[0], Temporal):
            column = self._column([_parts(item) for item in value])
            zoned = [len(_parts(item)) == 2 for item in value]
            if all(zoned) or not any(zoned):
                return f"[x IN {column} | {_made(value[0], 'x')}]"
            return f"[x IN {column} | CASE size(x) WHEN 2 THEN {_ZONED.format('x')} ELSE datetime(x[0]) END]"
        if isinstance(value, Temporal):
            return _made(value, self._column(_parts(value)))
        return self._column(value)

    def _column(self, value: Any) -> str:
        self.row.append(value)
        return f"row[{len(self.row) - 1}]"


# An instant in a zone is written in UTC: Neo4j is given the instant and the zone, not a clock that could be wrong.
_ZONED = "datetime({{datetime: datetime({0}[0]), timezone: {0}[1]}})"


def _parts(value: Temporal) -> list[str]:
    instant, bracket, zone = value.text.partition("[")
    return [instant, zone[:-1]] if bracket else [instant]


def _made(value: Temporal, column: str) -> str:
    return _ZONED.format(column) if len(_parts(value)) == 2 else f"{value.kind}({column}[0])"


Statement = tuple[str, list[Any]]


def write_changes(db: Queries, changes: Iterable[Change], where: str) -> None:
    """Write the changes of one set.

    Args:
        db: where to.
        changes: which were found to fit.
        where: their file, for error messages.

    Raises:
        SeedError: Neo4j refuses one: a constraint of the project, a value it cannot hold.
    """
    for statements in _phases(list(changes)):
        for query, group in groupby(statements, key=lambda statement: statement[0]):
            rows = [row for _, row in group]
            try:
                for at in range(0, len(rows), BATCH):
                    db.run(f"UNWIND $rows AS row {query}", rows=rows[at : at + BATCH])
            except (QueryFailed, TypeError, ValueError) as error:
                problem = Problem(message=f"Neo4j refuses a change: {error}", where=where, kind="constraint")
                raise SeedError(problem) from None


def _phases(changes: Sequence[Change]) -> Iterable[list[Statement]]:
    """Relationships go before nodes, values change under the old names, then names, then additions."""
    removed = [change for change in changes if isinstance(change, Remove)]
    yield _sorted(_remove(change.record) for change in removed if ends(change.record))
    yield _sorted(_remove(change.record) for change in removed if not ends(change.record))
    yield _sorted(_set(change) for change in changes if isinstance(change, Property | Label))
    yield from _elements([change for change in changes if isinstance(change, Element)])
    yield from _renames([change for change in changes if isinstance(change, Rename)])
    added = [change for change in changes if isinstance(change, Add)]
    yield _sorted(_add(change.text) for change in added if not ends(change.record))
    yield _sorted(_add(change.text) for change in added if ends(change.record))


def _sorted(statements: Iterable[Statement]) -> list[Statement]:
    return sorted(statements, key=lambda statement: statement[0])


def _keys(rows: _Rows, name: str, pairs: Iterable[tuple[str, Any]]) -> list[str]:
    return [f"{name}.{quoted(key)} = {rows.value(value)}" for key, value in pairs]


def _match(rows: _Rows, identity: str) -> str:
    """``MATCH`` of a record as ``n``."""
    found = parse_identity(identity)
    if isinstance(found, NodeId):
        return f"MATCH (n:{quoted(found.label)}) WHERE {' AND '.join(_keys(rows, 'n', found.key))}"
    wheres = [*_keys(rows, "a", found.start.key), *_keys(rows, "b", found.end.key)]
    wheres += _keys(rows, "n", found.discriminator)
    pattern = f"(a:{quoted(found.start.label)})-[n:{quoted(found.type)}]->(b:{quoted(found.end.label)})"
    return f"MATCH {pattern} WHERE {' AND '.join(wheres)}"


def match_node(identity: str) -> Statement:
    """``MATCH`` of a node as ``n``, and the row that its parameters are."""
    rows = _Rows()
    return _match(rows, identity), rows.row


def _remove(identity: str) -> Statement:
    rows = _Rows()
    return f"{_match(rows, identity)} DELETE n", rows.row


def _set(change: Property | Label) -> Statement:
    rows = _Rows()
    match = _match(rows, change.record)
    if isinstance(change, Label):
        return f"{match} {'SET' if change.after else 'REMOVE'} n:{quoted(change.label)}", rows.row
    if change.after is None:
        return f"{match} REMOVE n.{quoted(change.name)}", rows.row
    value = rows.value(decode(change.after))
    return f"{match} SET n.{quoted(change.name)} = {value}", rows.row


def _elements(changes: list[Element]) -> Iterable[list[Statement]]:
    """One element after the other of each list, so that no query meets one list twice."""
    rounds: dict[int, list[Statement]] = defaultdict(list)
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for change in changes:
        rows = _Rows()
        match, name = _match(rows, change.record), f"n.{quoted(change.name)}"
        at = rows.value(change.index)
        value = rows.value(decode(change.after))
        query = f"{match} SET {name} = {name}[..{at}] + [{value}] + {name}[{at} + 1..]"
        rounds[seen[change.record, change.name]].append((query, rows.row))
        seen[change.record, change.name] += 1
    return [_sorted(statements) for statements in rounds.values()]


def _renames(changes: list[Rename]) -> Iterable[list[Statement]]:
    """All old keys go before the first new one comes, so that two nodes may swap theirs."""
    if not changes:
        return
    mark = quoted("kgshare renamed")
    freed, named = list[Statement](), list[Statement]()
    for change in changes:
        old, new = parse_identity(change.record), parse_identity(change.to)
        assert isinstance(old, NodeId)  # a relationship is not renamed
        assert isinstance(new, NodeId)
        rows = _Rows()
        match = _match(rows, change.record)
        keys = ", ".join(f"n.{quoted(key)}" for key, _ in old.key)
        freed.append((f"{match} SET n.{mark} = {rows.value(change.to)} REMOVE {keys}", rows.row))
        rows = _Rows()
        marked = f"MATCH (n:{quoted(new.label)}) WHERE n.{mark} = {rows.value(change.to)}"
        sets = ", ".join(_keys(rows, "n", new.key))
        named.append((f"{marked} SET {sets} REMOVE n.{mark}", rows.row))
    yield _sorted(freed)
    yield _sorted(named)


def _add(text: str) -> Statement:
    record, rows = parse_record(text), _Rows()
    if isinstance(record, Node):
        labels = "".join(f":{quoted(label)}" for label in (record.id.label, *record.labels))
        return f"CREATE (n{labels} {_map(rows, (*record.id.key, *record.properties.items()))})", rows.row
    assert isinstance(record, Relationship)
    found: RelationshipId = record.id
    wheres = [*_keys(rows, "a", found.start.key), *_keys(rows, "b", found.end.key)]
    ends_ = (
        f"MATCH (a:{quoted(found.start.label)}), (b:{quoted(found.end.label)}) WHERE {' AND '.join(wheres)}"
    )
    values = _map(rows, (*found.discriminator, *record.properties.items()))
    return f"{ends_} CREATE (a)-[:{quoted(found.type)} {values}]->(b)", rows.row


def _map(rows: _Rows, pairs: Iterable[tuple[str, Any]]) -> str:
    return "{" + ", ".join(f"{quoted(name)}: {rows.value(value)}" for name, value in pairs) + "}"
