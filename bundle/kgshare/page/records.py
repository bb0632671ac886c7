"""A record and its neighbours, and the graph around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import neo4j.graph

from kgshare.page.drawing import drawing
from kgshare.page.graphdb import Query, quoted
from kgshare.page.identity import Identity, Seen, properties

ARROWS = {"out": ("-", "->"), "in": ("<-", "-")}
PER_GROUP = 12
FEW = 200  # neighbours that one query brings all together


class NotFound(Exception):
    """There is no such record."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A relationship of the record, and its other end."""

    type: str
    direction: str
    properties: Mapping[str, Any]
    to: Seen


@dataclass(frozen=True, kw_only=True)
class Near:
    """A record and what hangs on it.

    Attributes:
        node: the record, whole.
        groups: relationship types and directions, each with how many there are.
        links: all of them, in the order of the neighbours' keys; None where there are more than `FEW`.
        among: start, end and type of each relationship between the record and its neighbours; None where it was not asked.
    """

    node: neo4j.graph.Node
    groups: list[dict[str, Any]] = field(default_factory=list)
    links: list[Link] | None = None
    among: list[tuple[str, str, str]] | None = None


async def record(
    query: Query, identity: Identity, label: str, key: list[str], graph: int = 0
) -> dict[str, Any]:
    """The record with its properties, and its neighbours by relationship type and direction, first page each.

    Args:
        query: asks the graph.
        identity: the project's keys.
        label: of the record; its key likewise.
        key: likewise.
        graph: with it comes what `around` draws with one step and so many nodes at most.

    Raises:
        NotFound: no node of this label has this key.
    """
    near = await _near(query, identity, label, key, graph)
    pages = await _pages(query, identity, label, key, near, [PER_GROUP] * len(near.groups))
    groups = [
        {
            **group,
            "items": [_item(identity, link) for link in pages.get((group["type"], group["direction"]), ())],
            "next": PER_GROUP if group["total"] > PER_GROUP else None,
        }
        for group in near.groups
    ]
    found = {
        "record": {**identity.reference(near.node), "properties": properties(near.node)},
        "neighbours": groups,
    }
    return found | ({"graph": await _drawn(query, identity, label, key, near, 1, graph)} if graph else {})


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
    cypher = _branch(identity, label, type_, direction, "SKIP $offset LIMIT $limit")
    rows = await query(cypher, **identity.parameters(key), offset=offset, limit=limit)
    more = offset + len(rows) < group["total"] and bool(rows)
    return {
        **group,
        "items": [_item(identity, _link(row["link"])) for row in rows],
        "next": offset + limit if more else None,
    }


async def of_label(query: Query, identity: Identity, label: str, offset: int, limit: int) -> dict[str, Any]:
    """References of the records of a declared label, by key; ``next`` is the next page's offset or None."""
    keys = ", ".join(f"n.{quoted(p)}" for p in identity.nodes[label])
    cypher = (
        f"MATCH (n:{quoted(label)}) WITH n ORDER BY {keys} SKIP $offset LIMIT $limit "
        f"RETURN {identity.brief('n')} AS n"
    )
    rows = await query(cypher, offset=offset, limit=limit + 1)
    found = [identity.reference(Seen(*row["n"])) for row in rows[:limit]]
    return {"label": label, "items": found, "next": offset + limit if len(rows) > limit else None}


async def around(
    query: Query, identity: Identity, label: str, key: list[str], depth: int, limit: int
) -> dict[str, Any]:
    """Nodes and edges up to ``depth`` steps away, at most ``limit`` nodes, every relationship type represented.

    Raises:
        NotFound: there is no such record.
    """
    near = await _near(query, identity, label, key, limit if depth == 1 else 0)
    return await _drawn(query, identity, label, key, near, depth, limit)


# Internal ids serve inside one request only; what leaves it is label and key.
# What a record points to says what it belongs to, and is little; what points to it may be thousands of a kind.
def _step(identity: Identity) -> str:
    return (
        "MATCH (n) WHERE elementId(n) IN $ids CALL (n) { "
        "MATCH (n)-[r]->(m) RETURN r, m LIMIT $each UNION ALL MATCH (n)<-[r]-(m) RETURN r, m LIMIT $each } "
        f"RETURN {identity.brief('m')} AS m"
    )


_EDGE = "[elementId(a), elementId(b), type(r)]"
AMONG = (
    "MATCH (a) WHERE elementId(a) IN $ids MATCH (a)-[r]->(b) WHERE elementId(b) IN $ids "
    f"RETURN elementId(r) AS id, {_EDGE} AS edge LIMIT $limit"
)


async def _drawn(
    query: Query, identity: Identity, label: str, key: list[str], near: Near, depth: int, limit: int
) -> dict[str, Any]:
    found: dict[str, Any] = {near.node.element_id: near.node}
    shares = fair([group["total"] for group in near.groups], limit - 1)
    for links in (await _pages(query, identity, label, key, near, shares)).values():
        _take((link.to for link in links), found, limit)
    reached = {near.node.element_id}
    for _ in range(depth - 1):
        frontier = [i for i in found if i not in reached]
        reached |= set(frontier)
        if not frontier or len(found) >= limit:
            break
        rows = await query(_step(identity), ids=frontier, each=8)
        _take((Seen(*row["m"]) for row in rows), found, limit)
    edges: Iterable[tuple[str, str, str]] = near.among or ()
    if near.among is None and len(found) > 1:
        edges = [tuple(row["edge"]) for row in await query(AMONG, ids=list(found), limit=4 * limit)]
    drawn, names = drawing(identity, found, edges)
    total = sum(group["total"] for group in near.groups)
    return {"centre": names[near.node.element_id], **drawn, "neighbours": total}


def _take(nodes: Iterable[Seen], found: dict[str, Any], limit: int) -> None:
    for node in nodes:
        if len(found) < limit:
            found.setdefault(node.internal, node)


async def _near(query: Query, identity: Identity, label: str, key: list[str], graph: int) -> Near:
    """In one query, unless there are many neighbours; ``graph`` is how many nodes a drawing of them may have."""
    rows = await query(_all_of(identity, label), **identity.parameters(key), few=FEW, graph=graph)
    if not rows:
        raise NotFound(f"there is no {label} {' '.join(key)}")
    row = rows[0]
    if row["degree"] > FEW:
        return Near(node=row["n"], groups=(await _node_and_groups(query, identity, label, key))[1])
    links = [_link(one) for one in row["links"]]
    totals: dict[tuple[str, str], int] = {}
    for link in links:
        totals[link.direction, link.type] = totals.get((link.direction, link.type), 0) + 1
    return Near(
        node=row["n"],
        # What it points to first, each kind by its name.
        groups=[
            {"type": type_, "direction": direction, "total": total}
            for (direction, type_), total in sorted(totals.items(), key=lambda t: (t[0][0] != "out", t[0][1]))
        ],
        links=links,
        among=[(start, end, type_) for start, end, type_ in row["among"]] if row["degree"] < graph else None,
    )


def _all_of(identity: Identity, label: str) -> str:
    return (
        f"{identity.match(label)} WITH n LIMIT 1 WITH n, COUNT {{ (n)--() }} AS degree "
        "CALL (n, degree) { MATCH (n)-[r]-(m) WHERE degree <= $few "
        f"WITH n, r, m ORDER BY {identity.order()} RETURN collect({_shown(identity)}) AS links }} "
        "CALL (n, degree) { MATCH (n)--(m) WHERE degree < $graph WITH n, collect(DISTINCT m) + n AS nodes "
        f"UNWIND nodes AS a MATCH (a)-[r]->(b) WHERE b IN nodes RETURN collect(DISTINCT {_EDGE}) AS among }} "
        "RETURN n, degree, links, among"
    )


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


def _shown(identity: Identity) -> str:
    return f"[type(r), startNode(r) = n, properties(r), {identity.brief('m')}]"


def _link(shown: list[Any]) -> Link:
    type_, out, values, to = shown
    return Link(type=type_, direction="out" if out else "in", properties=values, to=Seen(*to))


def _branch(identity: Identity, label: str, type_: str, direction: str, page: str) -> str:
    before, after = ARROWS[direction]
    return (
        f"{identity.match(label)} MATCH (n){before}[r:{quoted(type_)}]{after}(m) "
        f"WITH n, r, m ORDER BY {identity.order()} {page} RETURN {_shown(identity)} AS link"
    )


async def _pages(
    query: Query, identity: Identity, label: str, key: list[str], near: Near, limits: list[int]
) -> dict[tuple[str, str], list[Link]]:
    """The first links of each group, so many as its limit says."""
    pages: dict[tuple[str, str], list[Link]] = {(g["type"], g["direction"]): [] for g in near.groups}
    links = near.links
    if links is None:
        branches = [
            _branch(identity, label, g["type"], g["direction"], f"LIMIT $limits[{i}]")
            for i, g in enumerate(near.groups)
        ]
        rows = await query(" UNION ALL ".join(branches), **identity.parameters(key), limits=limits)
        links = [_link(row["link"]) for row in rows]
    most = dict(zip(pages, limits, strict=True))
    for link in links:
        page = pages[link.type, link.direction]
        if len(page) < most[link.type, link.direction]:
            page.append(link)
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


def _item(identity: Identity, link: Link) -> dict[str, Any]:
    return {**identity.reference(link.to), "properties": properties(link.properties)}
