"""The ocean's views of the reviewer's page: a section along a line, the map, and a station's profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgshare.page.assets import Asset
from kgshare.page.graphdb import Query
from kgshare.page.panels import Endpoint, Missing, Panel, Parameter
from oceangraph.follows import HOOKS as HOOKS

STATIC = Path(__file__).parent / "static"

# Land outlines are Natural Earth's (public domain), packed by world-atlas.
D3 = Asset(name="d3", version="7.9.2", files=("dist/d3.min.js",), licence="ISC")
TOPOJSON = Asset(
    name="topojson-client", version="3.1.0", files=("dist/topojson-client.min.js",), licence="ISC"
)
LAND = Asset(name="world-atlas", version="2.0.2", files=("land-50m.json",), licence="ISC")
ASSETS: tuple[Asset, ...] = (D3, TOPOJSON, LAND)

_CRUISE = Parameter(name="cruise", description="Expocode of the cruise.", required=True)
# Exchange files shout their units; these are how people write them.
_UNITS = {
    "DBAR": "dbar",
    "ITS-90": "°C",
    "PSS-78": "",
    "UMOL/KG": "µmol/kg",
    "PMOL/KG": "pmol/kg",
    "FMOL/KG": "fmol/kg",
    "METERS": "m",
}


async def parameters(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """The cruise, its section, and the parameters measured on its bottles, with units and the meaning of their flags.

    Raises:
        Missing: there is no such cruise.
    """
    rows = await query(
        "MATCH (c:Cruise {expocode: $cruise}) OPTIONAL MATCH (c)-[:ALONG]->(l:Section) "
        "RETURN c.name AS name, c.expocode AS expocode, toString(c.start_date) AS start, toString(c.end_date) AS end, "
        "l.id AS section, l.name AS section_name LIMIT 1",
        cruise=given["cruise"],
    )
    if not rows:
        raise Missing(f"there is no cruise {given['cruise']}")
    measured = await query(
        "MATCH (:Cruise {expocode: $cruise})-[:MEASURED]->(p:Parameter) WHERE p.variable IS NOT NULL "
        "RETURN p.variable AS variable, p.code AS code, p.name AS name, p.units AS units, p.flag_scheme AS scheme "
        "ORDER BY p.name",
        cruise=given["cruise"],
    )
    for parameter in measured:
        parameter["units"] = unit(parameter["units"])
    return {"cruise": rows[0], "parameters": measured, "flags": await _flags(query)}


async def section(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """Stations in their order, and for each its bottles as columns: what a section plot of one parameter needs.

    Pressure in dbar, positions in degrees, values in the parameter's unit; a missing value is null, its flag stays.

    Raises:
        Missing: there is no such cruise, or it did not measure this parameter.
    """
    about = await parameters(query, given)
    parameter = next((p for p in about["parameters"] if p["variable"] == given["parameter"]), None)
    if parameter is None:
        raise Missing(f"cruise {given['cruise']} has no parameter {given['parameter']}")
    stations = await query(
        "MATCH (s:Station)-[:OCCUPIED_BY]->(:Cruise {expocode: $cruise}) "
        "OPTIONAL MATCH (s)<-[:AT]-(:Cast)<-[:SAMPLED_BY]-(b:Bottle) "
        "WITH s, b ORDER BY b.pressure, b.id "
        "WITH s, collect(b) AS bottles "
        "RETURN s.id AS id, s.station AS station, s.latitude AS latitude, s.longitude AS longitude, "
        "s.bottom_depth AS depth, toString(s.date) AS date, "
        "[b IN bottles | b.id] AS ids, [b IN bottles | b.sampno] AS samples, [b IN bottles | b.pressure] AS pressure, "
        "[b IN bottles | b[$value]] AS values, [b IN bottles | b[$flag]] AS flags ORDER BY s.order, s.id",
        cruise=given["cruise"],
        value=parameter["variable"],
        flag=f"{parameter['variable']}_qc",
    )
    return {**about, "parameter": parameter, "stations": stations}


async def bottle(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """What was measured on one bottle, flag by flag, with its source's line, citation and recorded revisions.

    Raises:
        Missing: there is no such bottle.
    """
    rows = await query(
        "MATCH (b:Bottle {id: $id}) "
        "OPTIONAL MATCH (b)-[r:DERIVED_FROM]->(d:Dataset) "
        "RETURN b AS bottle, r.file AS file, r.line AS line, d.id AS dataset, d.name AS name, d.citation AS citation, "
        "d.licence AS licence LIMIT 1",
        id=given["id"],
    )
    if not rows:
        raise Missing(f"there is no bottle {given['id']}")
    node = rows[0].pop("bottle")
    about = await parameters(query, {"cruise": node.get("expocode", "")})
    measured = [
        {**p, "value": node.get(p["variable"]), "flag": node.get(f"{p['variable']}_qc")}
        for p in about["parameters"]
        if node.get(p["variable"]) is not None
    ]
    revisions = await query(
        "MATCH (e:Revision)-[c:CHANGED]->(:Bottle {id: $id}) "
        "RETURN e.id AS id, e.name AS name, toString(e.date) AS date, e.description AS description, "
        "c.property AS property, c.before AS before, c.after AS after ORDER BY e.date",
        id=given["id"],
    )
    place = {name: node.get(name) for name in ("station", "cast", "sampno", "btlnbr", "pressure")}
    return {
        "id": given["id"],
        **place,
        "measured": measured,
        "flags": about["flags"],
        "source": rows[0],
        "revisions": revisions,
    }


async def places(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """Positions of all Argo profiles as columns; rows without a position are left out."""
    rows = await query(
        "MATCH (p:Profile) WHERE p.latitude IS NOT NULL AND p.longitude IS NOT NULL "
        "WITH p ORDER BY p.id "
        "RETURN collect(p.id) AS ids, collect(p.latitude) AS latitude, collect(p.longitude) AS longitude"
    )
    return dict(rows[0])


def unit(written: str | None) -> str:
    """A unit as people write it; what is not known stays as it is."""
    return _UNITS.get(written or "", written or "")


async def _flags(query: Query) -> dict[str, dict[str, str]]:
    rows = await query("MATCH (f:QCFlag) RETURN f.scheme AS scheme, f.value AS value, f.name AS name")
    schemes: dict[str, dict[str, str]] = {}
    for row in rows:
        schemes.setdefault(row["scheme"], {})[str(row["value"])] = row["name"]
    return schemes


_PARAMETER = Parameter(
    name="parameter", description="A property of Bottle, such as cfc_12.", default="cfc_12"
)

PANELS: tuple[Panel, ...] = (
    Panel(
        name="section",
        title="Section",
        static=STATIC,
        module="section.js",
        style="ocean.css",
        view="section",
        view_title="Section",
        endpoints=(
            Endpoint(
                path="parameters",
                summary="A cruise, what was measured on it, and what the flags mean.",
                handler=parameters,
                parameters=(_CRUISE,),
            ),
            Endpoint(
                path="section",
                summary="Stations and bottles of a cruise with one parameter, as columns.",
                handler=section,
                parameters=(_CRUISE, _PARAMETER),
            ),
            Endpoint(
                path="bottle",
                summary="One bottle: values, flags with their meaning, source and revisions.",
                handler=bottle,
                parameters=(Parameter(name="id", description="The bottle's id.", required=True),),
            ),
        ),
        assets=(D3,),
    ),
    Panel(
        name="profile",
        title="Profile",
        static=STATIC,
        module="profile.js",
        view="section",
        view_title="Section",
        width="half",
        assets=(D3,),
    ),
    Panel(
        name="map",
        title="Map",
        static=STATIC,
        module="map.js",
        view="section",
        view_title="Section",
        width="half",
        endpoints=(
            Endpoint(path="places", summary="Positions of all Argo profiles, as columns.", handler=places),
        ),
        assets=(D3, TOPOJSON, LAND),
    ),
)
