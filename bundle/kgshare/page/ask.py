"""The query panel: a reviewer's own Cypher, read-only, with limits that are said, as a table and as what can be drawn."""

from __future__ import annotations

import time
from typing import Any

from kgshare.page.cells import ANSWER, cell, size
from kgshare.page.drawing import drawing, ends, found_in
from kgshare.page.graphdb import Query
from kgshare.page.identity import Identity
from kgshare.page.panels import BadParameter
from kgshare.page.records import AMONG
from kgshare.page.routes import Call, Route
from kgshare.questions import Answer

MOST_ROWS, MOST_NODES, LONGEST = 1000, 500, 20_000
BODY: dict[str, Any] = {
    "type": "object",
    "required": ["cypher"],
    "additionalProperties": False,
    "properties": {"cypher": {"type": "string", "minLength": 1, "maxLength": LONGEST}},
}


def routes(identity: Identity) -> tuple[Route, ...]:
    """The one route that takes Cypher; by POST, so that no address and no other page can ask it."""

    async def run(call: Call) -> dict[str, Any]:
        cypher = call.body["cypher"].strip().rstrip(";").strip()
        if not cypher:
            raise BadParameter("there is no query")
        started = time.perf_counter()
        answer = await call.run(cypher, rows=MOST_ROWS)
        shown = table(identity, answer)
        return {
            **shown,
            "graph": await _graph(call.query, identity, answer),
            "milliseconds": round(1000 * (time.perf_counter() - started)),
        }

    return (
        Route(
            path="query",
            summary="Run a query that only reads the graph: at most 1,000 rows, and stopped after ten seconds.",
            handler=run,
            body=BODY,
        ),
    )


def table(identity: Identity, answer: Answer) -> dict[str, Any]:
    """Columns and rows; ``more`` says that there are further rows, ``cut`` why: ``rows`` or ``size``."""
    rows: list[list[dict[str, Any]]] = []
    room = ANSWER
    for row in answer.rows:
        shown = [cell(identity, value) for value in row]
        room -= size(shown)
        if room < 0 and rows:
            return {"columns": list(answer.columns), "rows": rows, "more": True, "cut": "size"}
        rows.append(shown)
    return {
        "columns": list(answer.columns),
        "rows": rows,
        "more": answer.more,
        "cut": "rows" if answer.more else None,
    }


async def _graph(query: Query, identity: Identity, answer: Answer) -> dict[str, Any] | None:
    """What the answer holds of the graph, with the relationships between its nodes; None where it holds nothing."""
    nodes: dict[str, Any] = {}
    edges: dict[str, Any] = {}
    for values in answer.rows:
        for value in values:
            found_in(value, nodes, edges)
    missing = {
        end.element_id
        for edge in edges.values()
        for end in (edge.start_node, edge.end_node)
        if end is not None and end.element_id not in nodes
    }
    for row in (
        await query("MATCH (n) WHERE elementId(n) IN $ids RETURN n", ids=sorted(missing)) if missing else ()
    ):
        nodes[row["n"].element_id] = row["n"]
    if not nodes:
        return None
    some = dict(list(nodes.items())[:MOST_NODES])
    if len(some) > 1:
        for row in await query(AMONG, ids=list(some), limit=4 * MOST_NODES):
            edges.setdefault(row["id"], tuple(row["edge"]))
    drawn, _ = drawing(identity, some, (e if isinstance(e, tuple) else ends(e) for e in edges.values()))
    return {**drawn, "more": len(nodes) - len(some)}
