"""Which derived facts rest on a value, for the page: what a reviewer should know before a correction is proposed.

What they become is computed by ``oceangraph derive``, which has the libraries for it; the page only reads the graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kgshare.page.graphdb import Query

VALUES = ("Bottle", "Level")
# Flags and adjusted values belong to their variable, whichever of them is corrected.
_FORMS = re.compile(r"(_adjusted)?(_qc|_error)?$")

_FACTS = """
MATCH (v {id: $id})<-[c:COMPUTED_FROM]-(f)-[:COMPUTED_BY]->(d:Derivation)
WHERE $label IN labels(v) AND ($variable IS NULL OR EXISTS { (d)-[:USES]->(:Parameter {variable: $variable}) })
RETURN [l IN labels(f) WHERE l <> 'Derived'][0] AS label, f.id AS id, coalesce(f.name, f.id) AS title,
  d.name AS says ORDER BY label, id LIMIT 100
"""
_PROPERTIES = """
MATCH (v {id: $id}) WHERE $label IN labels(v)
MATCH (d:Derivation)-[:USES]->(p:Parameter)
WHERE d.property IS NOT NULL AND v[d.property] IS NOT NULL AND v[p.variable] IS NOT NULL
  AND ($variable IS NULL OR p.variable = $variable)
RETURN DISTINCT d.property AS property, v[d.property] AS value, d.name AS says ORDER BY property
"""


async def consequences(
    query: Query, label: str, key: tuple[str, ...], name: str | None
) -> Sequence[Mapping[str, Any]]:
    """The derived facts that rest on a bottle's or level's value: records, and properties beside the value."""
    if label not in VALUES:
        return ()
    given = {"label": label, "id": key[0], "variable": _FORMS.sub("", name) if name else None}
    beside = [
        {
            "label": label,
            "key": list(key),
            "title": f"{row['property']} {row['value']:g}",
            "says": row["says"],
        }
        for row in await query(_PROPERTIES.replace("(v {", f"(v:{label} {{"), **given)
    ]
    facts = [
        {"label": row["label"], "key": [row["id"]], "title": row["title"], "says": row["says"]}
        for row in await query(_FACTS.replace("(v {", f"(v:{label} {{"), **given)
    ]
    return [*beside, *facts]
