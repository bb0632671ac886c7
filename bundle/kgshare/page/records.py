"""A record and its neighbours, and the graph around it."""

from __future__ import annotations

from typing import Any

import neo4j.graph

from kgshare.page.drawing import drawing
from kgshare.page.graphdb import Query, quoted
from kgshare.page.identity import Identity, properties

ARROWS = {"out": ("-", "->"), "in": ("<-", "-")}
PER_GROUP = 12


class NotFound(Exception):
    """There is no such record."""


async def record(query: Query, identity: Identity, label: str, key: list[str]) -> dict[str, Any]:
    """The record with its properties, and its neighbours by relationship type and direction, first page each.

    Raises:
        NotFound: no node of this label has this key.
    """
    node, groups = await _node_and_groups(query, identity, label, key)
    pages = await _pages(query, identity, label, key, groups, PER_GROUP)
    for group in groups:
        group["items"] = pages.get((group["type"], group["direction"]), [])
        group["next"] = PER_GROUP if group["total"] > PER_GROUP else None
    return {"record": {**identity.reference(node), "properties": properties(node)}, "neighbours": groups}


async def neighbours(
    query: Query,
    identity: Identity,
    label: str,
    key: list[str],
    type_: str,
    direction: str,
    offset: int,
    limit: int,
) -> dict[str, Any]:
    """One page of the neighbours by one relationship type in one direction (``out`` or ``in``).

    Raises:
        NotFound: there is no such record, or it has no such neighbours.
    """
    _, groups = await _node_and_groups(query, identity, label, key)
    group = next((g for g in groups if (g["type"], g["direction"]) == (type_, direction)), None)
    if group is None:
        raise NotFound(f"{label} {' '.join(key)} has no neighbours by {type_} ({direction})")
    cypher = f"{_branch(identity, label, type_, direction)} SKIP $offset LIMIT $limit"
    rows = await query(cypher, **identity.parameters(key), offset=offset, limit=limit)
    more = offset + len(rows) < group["total"] and bool(rows)
    return {
        **group,
        "items": [_item(identity, row) for row in rows],
        "next": offset + limit if more else None,
    }


async def of_label(query: Query, identity: Identity, label: str, offset: int, limit: int) -> dict[str, Any]:
    """References of the records of a declared label, by key; ``next`` is the next page's offset or None."""
    keys = ", ".join(f"n.{quoted(p)}" for p in identity.nodes[label])
    cypher = f"MATCH (n:{quoted(label)}) RETURN n ORDER BY {keys} SKIP $offset LIMIT $limit"
    rows = await query(cypher, offset=offset, limit=limit + 1)
    found = [identity.reference(row["n"]) for row in rows[:limit]]
    return {"label": label, "items": found, "next": offset + limit if len(rows) > limit else None}


async def around(
    query: Query, identity: Identity, label: str, key: list[str], depth: int, limit: int
) -> dict[str, Any]:
    """Nodes and edges up to ``depth`` steps away, at most ``limit`` nodes, every relationship type represented.

    Raises:
        NotFound: there is no such record.
    """
    node, groups = await _node_and_groups(query, identity, label, key)
    found: dict[str, neo4j.graph.Node] = {node.element_id: node}
    edges: dict[str, neo4j.graph.Relationship] = {}
    shares = fair([group["total"] for group in groups], limit - 1)
    for rows in (await _raw_pages(query, identity, label, key, groups, shares)).values():
        _take(rows, found, edges, limit)
    reached = {node.element_id}
    for _ in range(depth - 1):
        frontier = [i for i in found if i not in reached]
        reached |= set(frontier)
        if not frontier or len(found) >= limit:
            break
        _take(await query(_STEP, ids=frontier, each=8), found, edges, limit)
    if len(found) > 1:
        for row in await query(AMONG, ids=list(found), limit=4 * limit):
            edges[row["r"].element_id] = row["r"]
    total = 1 + sum(g["total"] for g in groups)
    return _around(identity, node, found, edges, total)


# Internal ids serve inside one request only; what leaves it is label and key.
# What a record points to says what it belongs to, and is little; what points to it may be thousands of a kind.
_STEP = (
    "MATCH (n) WHERE elementId(n) IN $ids CALL (n) { "
    "MATCH (n)-[r]->(m) RETURN r, m LIMIT $each UNION ALL MATCH (n)<-[r]-(m) RETURN r, m LIMIT $each "
    "} RETURN r, m"
)
AMONG = (
    "MATCH (n) WHERE elementId(n) IN $ids MATCH (n)-[r]->(m) WHERE elementId(m) IN $ids RETURN r LIMIT $limit"
)


def _take(
    rows: list[dict[str, Any]],
    found: dict[str, neo4j.graph.Node],
    edges: dict[str, neo4j.graph.Relationship],
    limit: int,
) -> None:
    for row in rows:
        if row["m"].element_id in found or len(found) < limit:
            found[row["m"].element_id] = row["m"]
            edges[row["r"].element_id] = row["r"]


def _around(
    identity: Identity,
    centre: neo4j.graph.Node,
    found: dict[str, neo4j.graph.Node],
    edges: dict[str, neo4j.graph.Relationship],
    total: int,
) -> dict[str, Any]:
    drawn, names = drawing(identity, found, edges.values())
    return {"centre": names[centre.element_id], **drawn, "neighbours": total - 1}


async def _node_and_groups(
    query: Query, identity: Identity, label: str, key: list[str]
) -> tuple[neo4j.graph.Node, list[dict[str, Any]]]:
    rows = await query(
        f"{identity.match(label)} WITH n LIMIT 1 "
        "OPTIONAL MATCH (n)-[r]-() "
        "WITH n, type(r) AS type, CASE WHEN startNode(r) = n THEN 'out' ELSE 'in' END AS direction, count(r) AS total "
        "RETURN n, type, direction, total ORDER BY direction DESC, type",
        **identity.parameters(key),
    )
    if not rows:
        raise NotFound(f"there is no {label} {' '.join(key)}")
    groups = [{k: row[k] for k in ("type", "direction", "total")} for row in rows if row["type"]]
    return rows[0]["n"], groups


def _branch(identity: Identity, label: str, type_: str, direction: str) -> str:
    before, after = ARROWS[direction]
    return (
        f"{identity.match(label)} MATCH (n){before}[r:{quoted(type_)}]{after}(m) "
        f"RETURN type(r) AS type, '{direction}' AS direction, r, m ORDER BY {identity.order()}"
    )


async def _raw_pages(
    query: Query,
    identity: Identity,
    label: str,
    key: list[str],
    groups: list[dict[str, Any]],
    limits: list[int],
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    if not groups:
        return {}
    branches = [
        f"{_branch(identity, label, g['type'], g['direction'])} LIMIT $limits[{i}]"
        for i, g in enumerate(groups)
    ]
    pages: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in await query(" UNION ALL ".join(branches), **identity.parameters(key), limits=limits):
        pages.setdefault((row["type"], row["direction"]), []).append(row)
    return pages


def fair(totals: list[int], room: int) -> list[int]:
    """How many each gets of what there is room for: all of them as much, what one does not need goes to the others.

    At least one each, so that every kind is seen.
    """
    shares = [0] * len(totals)
    left = max(room, len(totals))
    while left > 0 and (hungry := [i for i, total in enumerate(totals) if shares[i] < total]):
        each = max(1, left // len(hungry))
        for i in hungry:
            given = min(each, totals[i] - shares[i], left)
            shares[i] += given
            left -= given
    return shares


async def _pages(
    query: Query, identity: Identity, label: str, key: list[str], groups: list[dict[str, Any]], limit: int
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    raw = await _raw_pages(query, identity, label, key, groups, [limit] * len(groups))
    return {name: [_item(identity, row) for row in rows] for name, rows in raw.items()}


def _item(identity: Identity, row: dict[str, Any]) -> dict[str, Any]:
    return {**identity.reference(row["m"]), "properties": properties(row["r"])}
