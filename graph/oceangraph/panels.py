"""The ocean's views of the reviewer's page: section, old beside new, profile, T–S diagram, map, time series of a float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kgshare.page.assets import Asset
from kgshare.page.panels import Endpoint, Hooks, Panel, Parameter
from oceangraph.views import consequences, facts, floats, places, section

STATIC = Path(__file__).parent / "static"

# Land outlines are Natural Earth's (public domain), packed by world-atlas.
D3 = Asset(name="d3", version="7.9.2", files=("dist/d3.min.js",), licence="ISC")
TOPOJSON = Asset(
    name="topojson-client", version="3.1.0", files=("dist/topojson-client.min.js",), licence="ISC"
)
LAND = Asset(name="world-atlas", version="2.0.2", files=("land-50m.json",), licence="ISC")
ASSETS: tuple[Asset, ...] = (D3, TOPOJSON, LAND)

_CRUISE = Parameter(name="cruise", description="Expocode of the cruise.", required=True)
_PARAMETER = Parameter(
    name="parameter", description="A property of Bottle, such as cfc_12.", default="cfc_12"
)


def _id(of: str) -> Parameter:
    return Parameter(name="id", description=f"The id of the {of}.", required=True)


def _panel(
    name: str,
    title: str,
    *endpoints: Endpoint,
    width: str = "half",
    style: str = "",
    assets: tuple[Asset, ...] = (D3,),
) -> Panel:
    # What the plots show follows from the graph alone.
    return Panel(
        name=name,
        title=title,
        static=STATIC,
        module=f"{name}.js",
        style=style,
        view="section",
        view_title="Section",
        width=width,
        endpoints=tuple(replace(endpoint, kept=True) for endpoint in endpoints),
        assets=assets,
    )


PANELS: tuple[Panel, ...] = (
    _panel(
        "section",
        "Section",
        Endpoint(
            path="parameters",
            summary="A cruise, what was measured on it, and what the flags mean.",
            handler=section.parameters,
            parameters=(_CRUISE,),
        ),
        Endpoint(
            path="section",
            summary="Stations and bottles of a cruise with one parameter, as columns, and what the source records as changed.",
            handler=section.section,
            parameters=(_CRUISE, _PARAMETER),
            first=True,
        ),
        Endpoint(
            path="bottle",
            summary="One bottle: values, flags, source and recorded revisions.",
            handler=section.bottle,
            parameters=(_id("bottle"),),
        ),
        Endpoint(
            path="source",
            summary="What a dataset is called, how it is cited, and its terms.",
            handler=section.source,
            parameters=(_id("dataset"),),
        ),
        width="full",
        style="ocean.css",
    ),
    _panel(
        "compare",
        "Old and new",
        Endpoint(
            path="facts",
            summary="The derived facts that rest on a value of a bottle or level.",
            handler=facts.facts,
            parameters=(
                _id("bottle or level"),
                Parameter(
                    name="property",
                    description="The property that changes, such as ctd_salinity_qc.",
                    required=True,
                ),
            ),
        ),
        width="full",
    ),
    _panel(
        "profile",
        "Profile",
        Endpoint(
            path="profile",
            summary="One profile of a float with its levels.",
            handler=floats.profile,
            parameters=(_id("profile"),),
        ),
    ),
    _panel(
        "map",
        "Map",
        Endpoint(
            path="places",
            summary="Floats with the positions of their profiles, as columns.",
            handler=places.places,
            first=True,
        ),
        Endpoint(
            path="outlines",
            summary="Limits of sea areas and lines of sections.",
            handler=places.outlines,
            first=True,
        ),
        assets=(D3, TOPOJSON, LAND),
    ),
    _panel(
        "ts",
        "T–S diagram",
        Endpoint(
            path="waters",
            summary="Salinity, temperature and density of a cruise's bottles (TEOS-10), as columns.",
            handler=section.waters,
            parameters=(_CRUISE,),
            first=True,
        ),
    ),
    _panel(
        "series",
        "Time series",
        Endpoint(
            path="series",
            summary="A float's profiles by date with one variable of their levels, as columns.",
            handler=floats.series,
            parameters=(
                Parameter(name="wmo", description="WMO number of the float.", required=True),
                Parameter(
                    name="variable",
                    description="A variable of Level.",
                    default="temp",
                    choices=(*floats.MEASURED, *floats.DERIVED),
                ),
            ),
        ),
    ),
)


def _opens(address: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """The station that the section selects by itself, and a bottle: the first click will be on one."""
    if "cruise" not in address or "station" not in address:
        return []
    station = f"{address['cruise']}/{address['station']}"
    return [("Station", (station,)), ("Bottle", (f"{station}/1/1",))]


# What the page asks the project beside its panels; see docs/reference/page.md.
HOOKS = Hooks(consequences=consequences.consequences, next="oceangraph derive FILE", opens=_opens)
