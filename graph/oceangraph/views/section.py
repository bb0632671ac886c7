"""A cruise: its terms, one parameter along its stations, its waters by salinity and temperature, one bottle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kgshare.page.graphdb import Query
from kgshare.page.panels import Missing
from oceangraph.views.terms import FLAGS, PARAMETERS, by_scheme, with_units

_CRUISE = (
    "MATCH (c:Cruise {expocode: $cruise}) OPTIONAL MATCH (c)-[:ALONG]->(l:Section) WITH c, head(collect(l)) AS l "
    "OPTIONAL MATCH (c)-[:DERIVED_FROM]->(d:Dataset) WITH c, l, head(collect(d)) AS d "
    f"{PARAMETERS} {FLAGS} "
    "RETURN c {.name, .expocode, start: toString(c.start_date), end: toString(c.end_date), "
    "section: l.id, section_name: l.name, dataset: d.id, citation: d.citation, licence: d.licence} AS cruise, "
    "parameters, flags"
)
_STATIONS = (
    "MATCH (s:Station)-[:OCCUPIED_BY]->(:Cruise {expocode: $cruise}) "
    "OPTIONAL MATCH (s)<-[:AT]-(:Cast)<-[:SAMPLED_BY]-(b:Bottle) WHERE b.pressure IS NOT NULL "
    "WITH s, b ORDER BY b.pressure, b.id "
    "WITH s, collect(b) AS bottles "
    "RETURN s.id AS id, s.station AS station, s.latitude AS latitude, s.longitude AS longitude, "
    "s.bottom_depth AS depth, toString(s.date) AS date, "
    "[b IN bottles | b.id] AS ids, [b IN bottles | b.sampno] AS samples, [b IN bottles | b.pressure] AS pressure, "
    "[b IN bottles | b[$value]] AS values, [b IN bottles | b[$flag]] AS flags ORDER BY s.order, s.id"
)
# What the source's own comments say was changed; dates order it.
_CHANGES = (
    "MATCH (e:Revision)-[c:CHANGED]->(b:Bottle) WHERE b.expocode = $cruise AND c.property IN $properties "
    "RETURN e.id AS revision, e.name AS name, toString(e.date) AS date, e.by AS by, e.description AS description, "
    "b.id AS bottle, c.property AS property, c.before AS before, c.after AS after ORDER BY date, bottle"
)
_WATERS = (
    "MATCH (s:Station)-[:OCCUPIED_BY]->(:Cruise {expocode: $cruise}) "
    "MATCH (s)<-[:AT]-(:Cast)<-[:SAMPLED_BY]-(b:Bottle) WHERE b.sigma0 IS NOT NULL WITH b ORDER BY b.id "
    "RETURN collect(b.id) AS ids, collect(b.absolute_salinity) AS salinity, "
    "collect(b.conservative_temperature) AS temperature, collect(b.sigma0) AS sigma0"
)
_BOTTLE = (
    "MATCH (b:Bottle {id: $id}) "
    "OPTIONAL MATCH (b)-[r:DERIVED_FROM]->(d:Dataset) WITH b, head(collect(d {.id, .name, .citation, .licence, .doi, "
    "file: r.file, line: r.line})) AS source "
    "CALL (b) { MATCH (e:Revision)-[c:CHANGED]->(b) WITH e, c ORDER BY e.date OPTIONAL MATCH (e)-[:ADVISED_BY]->(p:Person) "
    "WITH e, c, collect(p.name) AS advised "
    "RETURN collect({id: e.id, name: e.name, date: toString(e.date), by: e.by, description: e.description, "
    "advised: advised, property: c.property, before: c.before, after: c.after}) AS revisions } "
    "RETURN properties(b) AS bottle, source, revisions"
)
_SOURCE = "MATCH (d:Dataset {id: $id}) RETURN d {.id, .name, .citation, .licence, .doi} AS source"


async def parameters(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """The cruise, its section and citation, the parameters measured on its bottles, and what their flags mean.

    Raises:
        Missing: there is no such cruise.
    """
    rows = await query(_CRUISE, cruise=given["cruise"])
    if not rows:
        raise Missing(f"there is no cruise {given['cruise']}")
    row = rows[0]
    return {
        "cruise": row["cruise"],
        "parameters": with_units(row["parameters"]),
        "flags": by_scheme(row["flags"]),
    }


async def section(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """Stations in their order, and for each its bottles as columns: what a section plot of one parameter needs.

    Pressure in dbar, positions in degrees, values in the parameter's unit; a missing value is null, its flag stays. ``depth`` is
    that of the sea floor in m, ``floor`` its pressure in dbar.
    ``changes`` are those that the source records of this parameter, the oldest first.

    Raises:
        Missing: there is no such cruise, or it did not measure this parameter.
    """
    about = await parameters(query, given)
    parameter = next((p for p in about["parameters"] if p["variable"] == given["parameter"]), None)
    if parameter is None:
        raise Missing(f"cruise {given['cruise']} has no parameter {given['parameter']}")
    value, flag = parameter["variable"], f"{parameter['variable']}_qc"
    stations = await query(_STATIONS, cruise=given["cruise"], value=value, flag=flag)
    for station in stations:
        station["floor"] = pressure_at(station["depth"], station["latitude"])
    changes = await query(_CHANGES, cruise=given["cruise"], properties=[value, flag])
    return {**about, "parameter": parameter, "stations": stations, "changes": changes}


async def waters(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """The bottles of a cruise that have derived seawater properties, as columns.

    Absolute salinity in g/kg, conservative temperature in °C, sigma-0 in kg/m³, by TEOS-10, as the seed derived them; a bottle
    whose salinity is not flagged good has none and is left out.
    """
    rows = await query(_WATERS, cruise=given["cruise"])
    return dict(rows[0])


async def bottle(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """One bottle: its properties, its source's line and citation, what the source records as changed.

    Raises:
        Missing: there is no such bottle.
    """
    rows = await query(_BOTTLE, id=given["id"])
    if not rows:
        raise Missing(f"there is no bottle {given['id']}")
    node = rows[0]["bottle"]
    place = {name: node.get(name) for name in ("expocode", "station", "cast", "sampno", "btlnbr", "pressure")}
    values = {name: value for name, value in node.items() if isinstance(value, int | float)}
    return {
        "id": given["id"],
        **place,
        "values": values,
        "source": rows[0]["source"],
        "revisions": rows[0]["revisions"],
    }


async def source(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """A dataset's name, citation, licence and DOI: the same for all its bottles, so it is asked once.

    Raises:
        Missing: there is no such dataset.
    """
    rows = await query(_SOURCE, id=given["id"])
    if not rows:
        raise Missing(f"there is no dataset {given['id']}")
    return dict(rows[0]["source"])


def pressure_at(depth: float | None, latitude: float | None) -> float | None:
    """Pressure in dbar at a depth in m, to a decibar: where the sea floor is drawn.

    Source: P. M. Saunders (1981), Practical conversion of pressure to depth, J. Phys. Oceanogr. 11, 573–574; differs from TEOS-10
    by less than a per mille.
    """
    if depth is None or latitude is None:
        return None
    rise = 1 - (5.92 + 5.25 * math.sin(math.radians(latitude)) ** 2) * 1e-3
    return round((rise - math.sqrt(rise**2 - 8.84e-6 * depth)) / 4.42e-6)
