"""Whether a query only reads the graph, from Neo4j's plan of it: operators, not words, so that no spelling gets around it.

READ access alone is not enough: ``LOAD CSV`` and procedures reach files and addresses in it.
Operators: https://neo4j.com/docs/cypher-manual/5/planning-and-tuning/operators/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# What Neo4j's own procedures tell of the graph and its indexes. A plugin's are not asked for: what they reach is not known.
PROCEDURES = (
    "db.index.fulltext.listAvailableAnalyzers",
    "db.index.fulltext.query",
    "db.index.vector.query",
    "db.info",
    "db.labels",
    "db.propertyKeys",
    "db.relationshipTypes",
    "db.schema.",
)
_REFUSED = {
    "LoadCSV": "LOAD CSV reads files and addresses; here only the graph is read",
    "TerminateTransactions": "other people's queries are not stopped from here",
    "ShowSettings": "settings of the server are not shown here",
    "ShowTransactions": "other people's queries are not shown here",
    "ShowUsers": "users of the server are not shown here",
    "ShowCurrentUser": "users of the server are not shown here",
}
_WRITES = "it would change the graph; propose changes from a record instead"


def not_reading(query_type: str, plan: Mapping[str, Any] | None) -> str:
    """Why a query is refused; empty where it only reads the graph.

    Args:
        query_type: Neo4j's: ``r``, ``w``, ``rw``, ``s``.
        plan: as the driver gives it: ``operatorType``, ``args``, ``children``.
    """
    for name, details in _operators(plan or {}):
        if name in _REFUSED:
            return _REFUSED[name]
        procedure = details.partition("(")[0]
        if name == "ProcedureCall" and not procedure.startswith(PROCEDURES):
            return f"the procedure {procedure} cannot be called here; only those that describe the graph can"
    if query_type == "s":
        return "it is about the server, not about the graph"
    return "" if query_type == "r" else _WRITES


def _operators(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "operatorType" in plan:
        yield plan["operatorType"].partition("@")[0], str(plan.get("args", {}).get("Details", ""))
    for child in plan.get("children", ()):
        yield from _operators(child)
