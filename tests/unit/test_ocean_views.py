"""What the ocean's panels hand to the page: terms, outlines, the sea floor, lines of equal density."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import gsw
import pytest

from kgshare.page.panels import Missing
from oceangraph import panels
from oceangraph.derived.isopycnals import text
from oceangraph.views import facts, floats, places, section, terms


def graph(*answers: list[dict[str, Any]]) -> Any:
    """A query function that gives these answers one after the other."""
    left = list(answers)

    async def query(cypher: str, /, **parameters: Any) -> list[dict[str, Any]]:
        return left.pop(0)

    return query


def test_units_are_written_as_people_write_them_and_the_sources_own_spelling_stays() -> None:
    (parameter,) = terms.with_units([{"code": "CFC-12", "units": "PMOL/KG"}])
    assert (parameter["units"], parameter["source_units"]) == ("pmol/kg", "PMOL/KG")
    assert terms.unit("furlong") == "furlong"
    assert terms.unit(None) == ""


def test_flags_are_found_by_scheme_and_value() -> None:
    flag = {
        "id": "WOCE-bottle/4",
        "scheme": "WOCE-bottle",
        "value": 4,
        "name": "Bad measurement",
        "description": None,
        "uri": None,
    }
    assert terms.by_scheme([flag])["WOCE-bottle"]["4"]["name"] == "Bad measurement"


@pytest.mark.parametrize(
    ("wkt", "rings"),
    [
        ("POLYGON ((1 2, 3.5 -4, 1 2))", [[[1, 2], [3.5, -4], [1, 2]]]),
        ("MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        ("MULTIPOLYGON (((1 2, 3 4, 1 2)), ((5 6, 7 8, 5 6)))", [[[1, 2], [3, 4], [1, 2]], [[5, 6], [7, 8], [5, 6]]]),
        ("LINESTRING (0 0, 1e1 1)", [[[0, 0], [10, 1]]]),
        ("POINT EMPTY", []),
        ("LINESTRING Z (0 0 5, 1 1 5)", []),
    ],
)  # fmt: skip
def test_the_lines_of_an_outline_are_read_from_its_text(wkt: str, rings: list[Any]) -> None:
    assert places.lines(wkt) == rings


@pytest.mark.parametrize("latitude", [0, 30, -60])
@pytest.mark.parametrize("depth", [100, 1000, 5600, 8000])
def test_the_sea_floors_pressure_is_that_of_teos_10_within_a_per_mille(depth: float, latitude: float) -> None:
    found = section.pressure_at(depth, latitude)
    assert found is not None
    assert abs(found - gsw.p_from_z(-depth, latitude)) <= max(1.0, depth / 1000)
    assert section.pressure_at(None, latitude) is None


def test_the_lines_of_equal_density_are_those_that_gsw_computes() -> None:
    stored = (panels.STATIC / "isopycnals.json").read_text()
    assert stored == text(), (
        "python -m oceangraph.derived.isopycnals > graph/oceangraph/static/isopycnals.json"
    )
    found = json.loads(stored)
    line = next(one for one in found["lines"] if one["sigma0"] == 27.0)
    for temperature, salinity in zip(found["temperature"], line["salinity"], strict=True):
        if salinity is not None:
            assert gsw.sigma0(salinity, temperature) == pytest.approx(27.0, abs=1e-3)


def test_a_delayed_mode_level_shows_its_adjusted_values_and_their_flags() -> None:
    level = {
        "id": "1/1/A/1",
        "n": 1,
        "pres": 5.0,
        "pres_adjusted": 4.9,
        "temp": 10.0,
        "temp_qc": 4,
        "temp_adjusted_qc": 1,
        "temp_adjusted": 10.1,
    }
    row = {"wmo": "1", "id": "1/1/A", "mode": "D", "levels": [level]}
    shown = asyncio.run(floats.profile(graph([row]), {"id": "1/1/A"}))["levels"][0]
    assert (shown["pressure"], shown["temp"]) == (4.9, {"value": 10.1, "flag": 1})
    row = {"wmo": "1", "id": "1/1/A", "mode": "R", "levels": [level]}
    shown = asyncio.run(floats.profile(graph([row]), {"id": "1/1/A"}))["levels"][0]
    assert (shown["pressure"], shown["temp"]) == (5.0, {"value": 10.0, "flag": 4})


@pytest.mark.parametrize(
    ("ask", "given", "said"),
    [
        (section.parameters, {"cruise": "X"}, "there is no cruise X"),
        (section.bottle, {"id": "X"}, "there is no bottle X"),
        (floats.series, {"wmo": "X", "variable": "temp"}, "there is no float X"),
        (floats.profile, {"id": "X"}, "there is no profile X"),
        (facts.facts, {"id": "X", "property": "temp_qc"}, "there is no bottle or level X"),
    ],
)
def test_what_is_not_there_is_said_by_name(ask: Any, given: dict[str, str], said: str) -> None:
    with pytest.raises(Missing, match=said):
        asyncio.run(ask(graph([]), given))


def test_every_panel_brings_its_module_and_what_the_manifest_installs() -> None:
    from tests.integration.page_server import ROOT

    from kgshare.project import read_project

    assert all((panel.static / panel.module).is_file() for panel in panels.PANELS)
    assert {a.name: a.version for a in panels.ASSETS} == dict(read_project(ROOT).manifest.application.assets)


def test_every_route_and_every_parameter_of_the_address_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "ocean-plots.md").read_text(encoding="utf-8")
    routes = {f"{panel.name}/{endpoint.path}" for panel in panels.PANELS for endpoint in panel.endpoints}
    assert {route for route in routes if f"`{route}`" not in page} == set()
    scripts = "\n".join(file.read_text(encoding="utf-8") for file in panels.STATIC.glob("*.js"))
    names = set(re.findall(r'state\.get\("(\w+)"\)', scripts))
    assert names >= {"at", "try", "layers"}
    assert {name for name in names if f"| `{name}` |" not in page} == set()
    assert all(panel.title in page for panel in panels.PANELS)
