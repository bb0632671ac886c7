"""Which derived facts rest on a value: what a correction of it, or of its flag, would move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kgshare.page.graphdb import Query
from kgshare.page.panels import Missing

# The same rule as the question `facts-from-a-value`: properties of the record by the parameters that their derivation uses,
# records by what they were computed from.
_FACTS = (
    "MATCH (v:Bottle|Level {id: $id}) "
    "CALL (v) { MATCH (p:Parameter)<-[u:USES]-(d:Derivation) "
    "WHERE $property IN [p.variable, p.variable + '_qc', p.variable + '_adjusted', p.variable + '_adjusted_qc'] "
    "AND ((v:Bottle AND p.vocabulary = 'WHP') OR (v:Level AND p.vocabulary <> 'WHP')) "
    "RETURN collect(d) AS derivations, collect(DISTINCT u.good) AS good } "
    "RETURN good, size(derivations) AS used, COLLECT { "
    "UNWIND derivations AS d WITH d WHERE d.property IS NOT NULL AND v[d.property] IS NOT NULL "
    "RETURN {label: labels(v)[0], id: v.id, name: d.property, value: v[d.property], role: 'value', how: d.name} AS fact UNION "
    "MATCH (v)<-[c:COMPUTED_FROM]-(f:Derived)-[:COMPUTED_BY]->(d) WHERE d IN derivations "
    "RETURN {label: head([l IN labels(f) WHERE l <> 'Derived']), id: f.id, name: f.name, "
    "value: coalesce(f.depth, f.core_pressure, f.top_pressure), role: c.role, how: d.name} AS fact } AS facts"
)


async def facts(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """The derived facts that would be others, or none, without this value of a bottle or level.

    ``used`` says whether anything is derived from values of this kind at all, ``good`` which of its flags let a value enter.

    Raises:
        Missing: there is no such bottle or level.
    """
    rows = await query(_FACTS, id=given["id"], property=given["property"])
    if not rows:
        raise Missing(f"there is no bottle or level {given['id']}")
    row = rows[0]
    ordered = sorted(row["facts"], key=lambda f: (f["role"] != "value", f["id"], f["name"]))
    return {"used": row["used"] > 0, "good": sorted(row["good"]), "facts": ordered}
