"""Nodes and relationships as what is drawn: named by label and key, never by an internal id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import neo4j.graph

from kgshare.page.identity import Identity, Labelled

SEPARATOR = "\u001f"


def name_of(reference: Mapping[str, Any], number: int) -> str:
    """What a drawing calls a record; one without a declared key has a number within it."""
    if reference["label"] is None:
        return f"unnamed {number}"
    return SEPARATOR.join([reference["label"], *reference["key"]])


def drawing(
    identity: Identity, nodes: Mapping[str, Labelled], edges: Iterable[tuple[str, str, str]]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """``{"nodes": …, "edges": …}``, and the nodes' names by internal id.

    Args:
        identity: the project's keys.
        nodes: by internal id.
        edges: start, end (internal ids) and type; those without both ends are left out.
    """
    names: dict[str, str] = {}
    shown = []
    for number, (internal, node) in enumerate(nodes.items()):
        reference = identity.reference(node)
        names[internal] = name_of(reference, number)
        shown.append({"id": names[internal], **reference})
    drawn = [
        {"source": names[start], "target": names[end], "type": type_}
        for start, end, type_ in dict.fromkeys(edges)  # two of a type are one line
        if start in names and end in names
    ]
    return {"nodes": shown, "edges": drawn}, names


def ends(edge: neo4j.graph.Relationship) -> tuple[str, str, str]:
    """A relationship as `drawing` takes it."""
    start, end = edge.start_node, edge.end_node
    return start.element_id if start else "", end.element_id if end else "", edge.type


def found_in(
    value: Any, nodes: dict[str, neo4j.graph.Node], edges: dict[str, neo4j.graph.Relationship]
) -> None:
    """Collect the nodes and relationships in a value of an answer, however deep."""
    if isinstance(value, neo4j.graph.Node):
        nodes.setdefault(value.element_id, value)
    elif isinstance(value, neo4j.graph.Relationship):
        edges.setdefault(value.element_id, value)
    elif isinstance(value, neo4j.graph.Path):
        for part in (*value.nodes, *value.relationships):
            found_in(part, nodes, edges)
    elif isinstance(value, list):
        for item in value:
            found_in(item, nodes, edges)
    elif isinstance(value, dict):
        for item in value.values():
            found_in(item, nodes, edges)
