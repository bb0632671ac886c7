"""The records of one label as a table: their properties are the columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kgshare.page.graphdb import Query, quoted
from kgshare.page.identity import Identity
from kgshare.page.panels import BadParameter
from kgshare.page.values import typed


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which page of which table.

    Attributes:
        label: a declared one.
        offset: skip so many; limit: at most so many.
        limit: likewise.
        sort: a property, or empty for the key.
        down: largest first.
        holds: only records one of whose texts or numbers holds this; empty for all.
    """

    label: str
    offset: int
    limit: int
    sort: str = ""
    down: bool = False
    holds: str = ""


async def table(query: Query, identity: Identity, wanted: Wanted) -> dict[str, Any]:
    """Columns (the key's first), and rows with the reference of their record; ``next`` is the next page's offset or None.

    Raises:
        BadParameter: no record of this label has the property to sort by.
    """
    label, keys = wanted.label, identity.nodes[wanted.label]
    found = await query(
        f"MATCH (n:{quoted(label)}) WITH n LIMIT 2000 UNWIND keys(n) AS name RETURN DISTINCT name ORDER BY name"
    )
    names = [row["name"] for row in found]
    if wanted.sort and wanted.sort not in names:
        raise BadParameter(f"no {label} has a property {wanted.sort}")
    columns = [*keys, *(name for name in names if name not in keys)]
    order = [*([wanted.sort] if wanted.sort else []), *keys]
    by = ", ".join(f"n.{quoted(name)}{' DESC' if wanted.down else ''}" for name in order)
    where = (
        "WHERE any(name IN keys(n) WHERE toLower(toStringOrNull(n[name])) CONTAINS $holds) "
        if wanted.holds
        else ""
    )
    rows = await query(
        f"MATCH (n:{quoted(label)}) {where}RETURN n ORDER BY {by} SKIP $offset LIMIT $limit",
        offset=wanted.offset,
        limit=wanted.limit + 1,
        **({"holds": wanted.holds.lower()} if wanted.holds else {}),
    )
    shown = [row["n"] for row in rows[: wanted.limit]]
    return {
        "label": label,
        "columns": columns,
        "rows": [
            {
                **identity.reference(node),
                "values": [typed(node[c]) if node.get(c) is not None else None for c in columns],
            }
            for node in shown
        ],
        "next": wanted.offset + wanted.limit if len(rows) > wanted.limit else None,
    }
