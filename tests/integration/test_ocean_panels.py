"""What the ocean's panels are told is what the tables say, on a real Neo4j with the ocean graph."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from tests.integration.page_server import CRUISE, Page

from oceangraph.ask import questions

pytestmark = pytest.mark.neo4j
DATA = Path(__file__).parents[2] / "data"


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv", dtype={"sampno": str, "wmo": str}, low_memory=False)


def test_the_section_has_every_bottle_with_its_value_and_flag_and_what_was_changed(ocean_page: Page) -> None:
    status, answer = ocean_page.get("panels/section/section", cruise=CRUISE, parameter="cfc_12")
    assert status == 200
    found = {
        bottle: (pressure, value, flag)
        for s in answer["stations"]
        for bottle, pressure, value, flag in zip(
            s["ids"], s["pressure"], s["values"], s["flags"], strict=True
        )
    }
    rows = table("bottles")
    changed = {f"{CRUISE}/88/1/2", f"{CRUISE}/88/1/15"}
    assert found.keys() == set(rows["id"])
    for bottle, pressure, value, flag in zip(
        rows["id"], rows["pressure"], rows["cfc_12"], rows["cfc_12_qc"], strict=True
    ):
        wanted = None if pd.isna(value) else value
        assert found[bottle] == (pressure, wanted, 4 if bottle in changed else flag), bottle
    assert {(c["bottle"], c["before"], c["after"], c["date"]) for c in answer["changes"]} == {
        (bottle, 2, 4, "2014-07-24") for bottle in changed
    }
    assert answer["parameter"]["units"] == "pmol/kg"
    assert answer["flags"]["WOCE-bottle"]["4"]["name"] == "Bad measurement"


def test_a_floats_series_has_every_level_with_the_value_that_counts(ocean_page: Page) -> None:
    status, answer = ocean_page.get("panels/series/series", wmo="4901079", variable="psal")
    assert status == 200
    levels = table("levels")
    levels = levels[levels["profile"].str.startswith("4901079/")]
    modes = table("profiles").set_index("id")["data_mode"]
    adjusted = levels["profile"].map(modes).isin(["A", "D"])
    pressure = levels["pres_adjusted"].where(adjusted, levels["pres"])
    value = levels["psal_adjusted"].where(adjusted & levels["psal_adjusted"].notna(), levels["psal"])
    found = Counter(
        (p["id"], level, v)
        for p in answer["profiles"]
        for level, v in zip(p["pressure"], p["values"], strict=True)
    )
    wanted = Counter(
        (i, p, None if pd.isna(v) else v)
        for i, p, v in zip(levels["profile"], pressure, value, strict=True)
        if not pd.isna(p)
    )
    assert found == wanted
    dates = [p["date"] for p in answer["profiles"] if p["date"]]
    assert dates == sorted(dates)


def test_the_facts_that_rest_on_a_value_are_those_of_the_named_question(ocean_page: Page) -> None:
    question = next(q for q in questions() if q.name == "facts-from-a-value")
    given = {p.name: p.default for p in question.parameters}
    status, answer = ocean_page.get("panels/compare/facts", id=given["id"], property=given["flag"])
    assert status == 200
    found = {(f["name"] if f["role"] == "value" else f["id"], f["value"], f["role"]) for f in answer["facts"]}
    assert question.expect is not None
    assert found == {tuple(row[:3]) for row in question.expect}
    assert answer["good"] == ["2"]


def test_the_map_has_every_position_section_and_limited_sea(ocean_page: Page) -> None:
    _, places = ocean_page.get("panels/map/places")
    _, outlines = ocean_page.get("panels/map/outlines")
    profiles = table("profiles")
    placed = profiles[profiles["latitude"].notna() & profiles["longitude"].notna()]
    assert sorted(i for f in places["floats"] for i in f["ids"]) == sorted(placed["id"])
    assert {s["id"] for s in outlines["sections"]} == set(table("sections")["id"])
    seas = table("sea_areas")
    assert {a["id"] for a in outlines["areas"]} == set(seas[seas["limits"].notna()]["id"])
    assert all(len(ring) > 1 for one in (*outlines["areas"], *outlines["sections"]) for ring in one["lines"])


def test_waters_are_the_bottles_with_derived_density(ocean_page: Page) -> None:
    _, waters = ocean_page.get("panels/ts/waters", cruise=CRUISE)
    assert len({len(column) for column in waters.values()}) == 1
    at = waters["ids"].index(f"{CRUISE}/88/1/23")
    assert (waters["salinity"][at], waters["temperature"][at], waters["sigma0"][at]) == (
        34.1829,
        6.0178,
        26.7796,
    )
    assert len(waters["ids"]) == int((table("bottles")["ctd_salinity_qc"] == 2).sum())


@pytest.mark.parametrize(
    ("path", "given", "status", "said"),
    [
        ("section/section", {"cruise": "NONE"}, 404, "there is no cruise NONE"),
        ("section/section", {"cruise": CRUISE, "parameter": "b}) RETURN 1 //"}, 404, "has no parameter"),
        ("series/series", {"wmo": "4901079", "variable": "depth"}, 400, "variable"),
        ("profile/profile", {"id": "1/1/A"}, 404, "there is no profile 1/1/A"),
        ("compare/facts", {"id": f"{CRUISE}/88/1/2"}, 400, "property"),
        ("section/source", {"id": "none"}, 404, "there is no dataset none"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    ocean_page: Page, path: str, given: dict[str, str], status: int, said: str
) -> None:
    code, answer = ocean_page.get(f"panels/{path}", **given)
    assert code == status
    assert said in answer["error"]["message"]
