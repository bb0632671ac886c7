"""A float: its levels through time, and one of its profiles with everything measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kgshare.page.graphdb import Query, quoted
from kgshare.page.panels import Missing
from oceangraph.views.terms import FLAGS, PARAMETERS, by_scheme, with_units

DERIVED = ("absolute_salinity", "conservative_temperature", "sigma0")
MEASURED = ("temp", "psal")

_FLOAT = (
    "MATCH (c:Float {wmo: $wmo}) OPTIONAL MATCH (c)-[:DERIVED_FROM]->(d:Dataset) WITH c, head(collect(d)) AS d "
    f"{PARAMETERS} {FLAGS} "
    "RETURN c {.wmo, .name, dataset: d.id, citation: d.citation} AS float, parameters, flags"
)
# Adjusted values where the data centre has adjusted (mode A or D), with the adjusted value's own flag.
_PRESSURE = "CASE WHEN adjusted THEN l.pres_adjusted ELSE l.pres END"


def _series(variable: str) -> str:
    """The query of one variable, whose names stand in the text: looked up for each level they take most of the time, as sorting does."""
    names = (variable, f"{variable}_adjusted", f"{variable}_qc", f"{variable}_adjusted_qc")
    value, adjusted_value, flag, adjusted_flag = (f"l.{quoted(name)}" for name in names)
    if variable in DERIVED:
        value, flag = f"l.{quoted(variable)}", "null"
    else:
        value = f"CASE WHEN adjusted THEN coalesce({adjusted_value}, {value}) ELSE {value} END"
        flag = f"CASE WHEN adjusted THEN coalesce({adjusted_flag}, {flag}) ELSE {flag} END"
    return (
        "MATCH (p:Profile)-[:MEASURED_BY]->(:Float {wmo: $wmo}) "
        "WITH p, p.data_mode IN ['A', 'D'] AS adjusted "
        "CALL (p, adjusted) { MATCH (l)-[:LEVEL_OF]->(p) "  # levels all, whose label need not be looked up
        f"WITH l.n AS n, {_PRESSURE} AS pressure, {value} AS value, {flag} AS flag WHERE pressure IS NOT NULL "
        "RETURN collect(n) AS ns, collect(pressure) AS pressure, collect(coalesce(value, 'none')) AS values, "
        "collect(coalesce(flag, -1)) AS flags } "
        "RETURN p.id AS id, p.cycle AS cycle, p.direction AS direction, toString(p.date) AS date, p.latitude AS latitude, "
        "p.longitude AS longitude, p.data_mode AS mode, ns, pressure, values, flags ORDER BY p.date, p.cycle, p.id"
    )


_PROFILE = (
    "MATCH (p:Profile {id: $id})-[:MEASURED_BY]->(f:Float) "
    "OPTIONAL MATCH (l:Level)-[:LEVEL_OF]->(p) WITH p, f, l ORDER BY l.n "
    "RETURN f.wmo AS wmo, p.id AS id, p.name AS name, p.cycle AS cycle, p.direction AS direction, toString(p.date) AS date, "
    "p.latitude AS latitude, p.longitude AS longitude, p.data_mode AS mode, collect(properties(l)) AS levels"
)


async def series(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """A float's profiles by date, with one variable of their levels as columns.

    Pressure in dbar, temperature in °C, salinity on PSS-78; adjusted values where the data mode is A or D. A missing value is
    null; a flag of -1 means that there is none, as for derived values.

    Raises:
        Missing: there is no such float.
    """
    rows = await query(_FLOAT, wmo=given["wmo"])
    if not rows:
        raise Missing(f"there is no float {given['wmo']}")
    variable = given["variable"]
    profiles = await query(_series(variable), wmo=given["wmo"])
    for profile in profiles:
        profile["values"] = [None if v == "none" else v for v in profile["values"]]
        _by_pressure(profile)
    return {
        "float": rows[0]["float"],
        "variable": variable,
        "parameters": with_units(rows[0]["parameters"]),
        "flags": by_scheme(rows[0]["flags"]),
        "profiles": profiles,
    }


def _by_pressure(profile: dict[str, Any]) -> None:
    """Bring the columns of a profile into the order of pressure, then number."""
    order = sorted(range(len(profile["ns"])), key=lambda i: (profile["pressure"][i], profile["ns"][i] or 0))
    for name in ("ns", "pressure", "values", "flags"):
        profile[name] = [profile[name][i] for i in order]


async def profile(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """One profile of a float with all that its levels hold; without levels where its own file was not read.

    Raises:
        Missing: there is no such profile.
    """
    rows = await query(_PROFILE, id=given["id"])
    if not rows:
        raise Missing(f"there is no profile {given['id']}")
    adjusted = rows[0]["mode"] in ("A", "D")
    levels = [_level(level, adjusted) for level in rows[0].pop("levels")]
    return {**rows[0], "levels": [level for level in levels if level["pressure"] is not None]}


def _level(level: Mapping[str, Any], adjusted: bool) -> dict[str, Any]:
    def best(name: str) -> Any:
        return level.get(f"{name}_adjusted", level.get(name)) if adjusted else level.get(name)

    def flag(name: str) -> Any:
        return (
            level.get(f"{name}_adjusted_qc", level.get(f"{name}_qc")) if adjusted else level.get(f"{name}_qc")
        )

    measured = {name: {"value": best(name), "flag": flag(name)} for name in MEASURED}
    derived = {name: {"value": level.get(name), "flag": None} for name in DERIVED}
    return {"id": level["id"], "n": level["n"], "pressure": best("pres"), **measured, **derived}
