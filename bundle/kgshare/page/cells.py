"""A value of an answer as JSON, cut where it would be too much for a browser."""

from __future__ import annotations

from typing import Any

import neo4j.graph

from kgshare.page.identity import Identity, properties
from kgshare.page.values import typed

ITEMS, LETTERS = 200, 20_000  # of one list or map, of one string
ANSWER = 4_000_000  # letters of one answer, roughly


def cell(identity: Identity, value: Any) -> dict[str, Any]:
    """A property's value with its type, a record with what opens it, or things of things; ``cut`` says how many more."""
    if isinstance(value, neo4j.graph.Node):
        return {"type": "record", "value": identity.reference(value)}
    if isinstance(value, neo4j.graph.Relationship):
        return {"type": "relationship", "name": value.type, "value": properties(value)}
    if isinstance(value, neo4j.graph.Path):
        steps = zip(value.relationships, value.nodes[1:], strict=True)
        return cell(identity, [value.nodes[0], *(part for step in steps for part in step)])
    if isinstance(value, list):
        return {"type": "list", "value": [cell(identity, item) for item in value[:ITEMS]], **_cut(value)}
    if isinstance(value, dict):
        first = list(value.items())[:ITEMS]
        return {
            "type": "map",
            "value": {str(key): cell(identity, item) for key, item in first},
            **_cut(value),
        }
    if value is None:
        return {"type": "null", "value": None}
    if isinstance(value, str) and len(value) > LETTERS:
        return {**typed(value[:LETTERS]), "cut": len(value) - LETTERS}
    return typed(value)


def _cut(value: list[Any] | dict[Any, Any]) -> dict[str, int]:
    return {"cut": len(value) - ITEMS} if len(value) > ITEMS else {}


def size(shown: Any) -> int:
    """Roughly how many letters a value takes as JSON."""
    if isinstance(shown, dict):
        return 2 + sum(len(str(key)) + 4 + size(value) for key, value in shown.items())
    if isinstance(shown, list):
        return 2 + sum(size(item) + 1 for item in shown)
    return len(shown) + 2 if isinstance(shown, str) else 8
