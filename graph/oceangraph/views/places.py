"""What the map draws: positions, trajectories, sea areas, sections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kgshare.page.graphdb import Query

Ring = list[list[float]]
_RING = re.compile(r"\(([-+\d.eE,\s]+)\)")  # the innermost parentheses of WKT hold one line or ring

_PROFILES = (
    "MATCH (p:Profile)-[:MEASURED_BY]->(f:Float) WHERE p.latitude IS NOT NULL AND p.longitude IS NOT NULL "
    "WITH f, p ORDER BY p.date, p.cycle, p.id "
    "WITH f, collect(p) AS profiles ORDER BY f.wmo "
    "RETURN f.wmo AS wmo, f.name AS name, [p IN profiles | p.id] AS ids, [p IN profiles | p.latitude] AS latitude, "
    "[p IN profiles | p.longitude] AS longitude, COUNT { (f)<-[:MEASURED_BY]-(:Profile)<-[:LEVEL_OF]-(:Level) } AS levels"
)
_OUTLINES = (
    "CALL () { MATCH (a:SeaArea) WHERE a.limits IS NOT NULL RETURN 'SeaArea' AS label, a.id AS id, a.name AS name, "
    "a.limits AS wkt UNION ALL "
    "MATCH (s:Section) WHERE s.line IS NOT NULL RETURN 'Section' AS label, s.id AS id, s.name AS name, s.line AS wkt } "
    "RETURN label, id, name, wkt ORDER BY label, id"
)


async def places(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """The floats with the positions of their profiles by date, as columns; a profile without a position is left out."""
    return {"floats": await query(_PROFILES)}


async def outlines(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """Limits of sea areas and lines of sections as lists of [longitude, latitude] in degrees."""
    found: dict[str, list[dict[str, Any]]] = {"SeaArea": [], "Section": []}
    for row in await query(_OUTLINES):
        found[row["label"]].append({"id": row["id"], "name": row["name"], "lines": lines(row["wkt"])})
    return {"areas": found["SeaArea"], "sections": found["Section"]}


def lines(wkt: str) -> list[Ring]:
    """The lines or rings of a WKT (MULTI)LINESTRING or (MULTI)POLYGON; what is not of that kind has none."""
    rings = [[[float(n) for n in pair.split()] for pair in ring.split(",")] for ring in _RING.findall(wkt)]
    return [ring for ring in rings if all(len(pair) == 2 for pair in ring)]
