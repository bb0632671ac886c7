"""Look at a graph over Bolt: labels, constraints, what tells nodes apart. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from kgshare.canonical.schema import SHOW_CONSTRAINTS, SHOW_INDEXES, quoted, schema_statements
from kgshare.init.model import Key, LabelSet, LinkKind, Look

Run = Callable[[str, Mapping[str, Any]], Iterator[Sequence[Any]]]
UNIQUE = {"UNIQUENESS", "NODE_KEY", "NODE_PROPERTY_UNIQUENESS"}
# What can be a key: exact, and the same wherever it is read.
KEY_TYPES = ("STRING NOT NULL", "INTEGER NOT NULL", "DATE NOT NULL", "BOOLEAN NOT NULL")


def look_at(run: Run) -> Look:
    """What the graph behind ``run`` consists of."""
    sets = _label_sets(run)
    links = _links(run)
    constraints = list(run(SHOW_CONSTRAINTS, {}))
    return Look(
        sets=sets,
        keys=_keys(run, sets, constraints),
        links=links,
        discriminators={
            type_: _discriminators(run, type_) for type_ in sorted({k.type for k in links}) if _parallel(run, type_)
        },
        version=next((str(row[0]) for row in run("CALL dbms.components() YIELD versions RETURN versions[0]", {})), ""),
        notes=tuple(_enterprise(constraints)),
    )  # fmt: skip


def schema_script(run: Run, late: Sequence[str] = ()) -> str:
    """The constraints and indexes as a script; those of the Enterprise Edition become what Community has, or nothing."""
    names = ("name", "type", "entityType", "labelsOrTypes", "properties", "options", "owningConstraint")
    constraints = []
    for row in run(SHOW_CONSTRAINTS, {}):
        named = dict(zip(names, row, strict=False))
        if named["type"] in UNIQUE | {"RELATIONSHIP_UNIQUENESS", "RELATIONSHIP_PROPERTY_UNIQUENESS"}:
            constraints.append({**named, "type": "UNIQUENESS"})
        elif named["type"] == "RELATIONSHIP_KEY":
            constraints.append({**named, "type": "RELATIONSHIP_UNIQUENESS"})
    indexes = [dict(zip(names, row, strict=False)) for row in run(SHOW_INDEXES, {})]
    return "\n".join([*schema_statements(constraints, indexes), *late, ""])


def _label_sets(run: Run) -> tuple[LabelSet, ...]:
    found: dict[tuple[str, ...], int] = {}
    for labels, count in run("MATCH (n) RETURN labels(n), count(*)", {}):
        name = tuple(sorted(labels))
        found[name] = found.get(name, 0) + count
    return tuple(LabelSet(labels=labels, count=count) for labels, count in sorted(found.items()))


def _keys(
    run: Run, sets: Sequence[LabelSet], constraints: Sequence[Sequence[Any]]
) -> dict[str, tuple[Key, ...]]:
    labels = sorted({label for row in sets for label in row.labels})
    keys: dict[str, list[Key]] = {label: [] for label in labels}
    for name, type_, _, names, properties in constraints:
        if type_ in UNIQUE and names[0] in keys and _everywhere(run, names[0], properties):
            keys[names[0]].append(Key(properties=tuple(properties), constraint=name))
    for row in sets:
        if not any(keys[label] for label in row.labels):
            for label in row.labels:
                keys[label] = keys[label] or _from_data(run, label)
    return {label: tuple(rows) for label, rows in keys.items()}


def _everywhere(run: Run, label: str, properties: Sequence[str]) -> bool:
    """Whether every node of a label has all of these: uniqueness alone does not ask for it."""
    missing = " OR ".join(f"n.{quoted(name)} IS NULL" for name in properties)
    return not list(run(f"MATCH (n:{quoted(label)}) WHERE {missing} RETURN 1 LIMIT 1", {}))


def _from_data(run: Run, label: str) -> list[Key]:
    name = quoted(label)
    rows = run(
        f"MATCH (n:{name}) WITH count(n) AS total MATCH (n:{name}) UNWIND keys(n) AS k "
        "WITH total, k, count(*) AS have, count(DISTINCT n[k]) AS differ, collect(DISTINCT valueType(n[k])) AS types "
        "WHERE have = total AND differ = total AND size(types) = 1 AND types[0] IN $types RETURN k ORDER BY k",
        {"types": list(KEY_TYPES)},
    )
    return [Key(properties=(row[0],)) for row in rows]


def _links(run: Run) -> tuple[LinkKind, ...]:
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], int] = {}
    for type_, start, end, count in run(
        "MATCH (a)-[r]->(b) RETURN type(r), labels(a), labels(b), count(*)", {}
    ):
        at = (type_, tuple(sorted(start)), tuple(sorted(end)))
        found[at] = found.get(at, 0) + count
    return tuple(LinkKind(type=t, start=s, end=e, count=c) for (t, s, e), c in sorted(found.items()))


def _parallel(run: Run, type_: str, properties: Sequence[str] = ()) -> bool:
    """Whether two of a type stand between the same nodes with the same values of these properties."""
    values = "".join(f", r.{quoted(name)} AS p{i}" for i, name in enumerate(properties))
    names = "".join(f", p{i}" for i in range(len(properties)))
    query = f"MATCH (a)-[r:{quoted(type_)}]->(b) WITH a, b{values} WITH a, b{names}, count(*) AS c WHERE c > 1 RETURN 1 LIMIT 1"
    return bool(list(run(query, {})))


def _discriminators(run: Run, type_: str) -> tuple[tuple[str, ...], ...]:
    name = quoted(type_)
    rows = run(
        f"MATCH ()-[r:{name}]->() WITH count(r) AS total MATCH ()-[r:{name}]->() UNWIND keys(r) AS k "
        "WITH total, k, count(*) AS have WHERE have = total RETURN k ORDER BY k",
        {},
    )
    names = [row[0] for row in rows]
    for size in (1, 2, 3):
        found = [option for option in combinations(names, size) if not _parallel(run, type_, option)]
        if found:
            return tuple(found)
    return ()


def _enterprise(constraints: Sequence[Sequence[Any]]) -> Iterator[str]:
    for name, type_, *_ in constraints:
        if type_ in ("NODE_KEY", "RELATIONSHIP_KEY"):
            yield f"constraint {name} is of the Enterprise Edition: it becomes one of uniqueness"
        elif "EXISTENCE" in type_ or "TYPE" in type_:
            yield f"constraint {name} ({type_}) is of the Enterprise Edition and is left out"
