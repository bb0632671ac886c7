"""Which derived facts rest on a value that a reviewer is changing, as the page asks for it (`kgshare.page.panels.Hooks`).

What they become is computed by ``oceangraph derive``, which has the libraries for it; the page only reads the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kgshare.page.graphdb import Query
from oceangraph.views.facts import facts

VALUES = ("Bottle", "Level")


async def consequences(
    query: Query, label: str, key: tuple[str, ...], name: str | None
) -> Sequence[Mapping[str, Any]]:
    """The derived facts that rest on a property of a bottle or level; of the whole record it is not asked."""
    if label not in VALUES or name is None:
        return ()
    found = (await facts(query, {"id": key[0], "property": name}))["facts"]
    return [
        {
            "label": fact["label"],
            "key": [fact["id"]],
            "title": fact["name"] if fact["value"] is None else f"{fact['name']}: {fact['value']:g}",
            "says": fact["how"],
        }
        for fact in found
    ]
