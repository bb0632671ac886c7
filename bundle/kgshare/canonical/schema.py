"""Constraints and indexes as Cypher statements, built from Neo4j's own columns so that versions do not matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SHOW_CONSTRAINTS = (
    "SHOW CONSTRAINTS YIELD name, type, entityType, labelsOrTypes, properties "
    "RETURN name, type, entityType, labelsOrTypes, properties ORDER BY name"
)
SHOW_INDEXES = (
    "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, options, owningConstraint, state "
    "RETURN name, type, entityType, labelsOrTypes, properties, options, owningConstraint, state ORDER BY name"
)


def quoted(name: str) -> str:
    """A name in backticks, as Cypher wants it."""
    return "`" + name.replace("`", "``") + "`"


def schema_statements(
    constraints: Iterable[Mapping[str, Any]], indexes: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Statements that make the same schema, sorted; what `SHOW_CONSTRAINTS` and `SHOW_INDEXES` return goes in.

    Left out: the two token look-up indexes that every database has, and indexes that belong to a constraint.
    """
    statements = [_constraint(row) for row in constraints]
    statements += [_index(row) for row in indexes if row["type"] != "LOOKUP" and not row["owningConstraint"]]
    return sorted(statements)


def _pattern(row: Mapping[str, Any]) -> str:
    names = "|".join(quoted(name) for name in row["labelsOrTypes"])
    return f"(n:{names})" if row["entityType"] == "NODE" else f"()-[n:{names}]-()"


def _properties(names: Sequence[str]) -> str:
    return ", ".join(f"n.{quoted(name)}" for name in names)


def _constraint(row: Mapping[str, Any]) -> str:
    wanted = {
        "UNIQUENESS": "IS UNIQUE",
        "RELATIONSHIP_UNIQUENESS": "IS UNIQUE",
        "NODE_PROPERTY_UNIQUENESS": "IS UNIQUE",
        "RELATIONSHIP_PROPERTY_UNIQUENESS": "IS UNIQUE",
    }.get(row["type"], f"/* {row['type']} */")
    return f"CREATE CONSTRAINT {quoted(row['name'])} FOR {_pattern(row)} REQUIRE ({_properties(row['properties'])}) {wanted};"


def _index(row: Mapping[str, Any]) -> str:
    each = (
        f"EACH [{_properties(row['properties'])}]"
        if row["type"] == "FULLTEXT"
        else f"({_properties(row['properties'])})"
    )
    settings = (row["options"] or {}).get("indexConfig") or {}
    options = f" OPTIONS {{indexConfig: {_map(settings)}}}" if settings else ""
    return f"CREATE {row['type']} INDEX {quoted(row['name'])} FOR {_pattern(row)} ON {each}{options};"


def _map(settings: Mapping[str, Any]) -> str:
    return (
        "{"
        + ", ".join(f"{quoted(name)}: {_literal(value)}" for name, value in sorted(settings.items()))
        + "}"
    )


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return repr(value)
