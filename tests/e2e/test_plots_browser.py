"""The ocean's plots in Chromium: one thing seen in all of them, as it was before, as it would be, and saved as files."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect
from playwright.sync_api import Page as Tab
from tests.e2e import test_page_browser
from tests.e2e.test_page_browser import STATION, Open, canvas, glaring, record
from tests.integration.page_server import CRUISE, Page

pytestmark = [pytest.mark.neo4j, pytest.mark.browser]

browser, opened = test_page_browser.browser, test_page_browser.opened
BOTTLE = f"{CRUISE}/88/1"


def domain(tab: Tab) -> list[float]:
    found: list[float] = json.loads(canvas(tab).get_attribute("data-domain") or "[]")
    return found


@pytest.mark.parametrize("width", [1280, 390])
def test_the_slider_to_before_makes_the_two_dots_good_and_breaks_the_section(
    opened: Open, width: int
) -> None:
    tab = opened(f"{STATION}&label=Bottle&key={BOTTLE}/2", width=width)
    assert len(glaring(tab)) == 2
    assert domain(tab)[0] == 0
    assert domain(tab)[1] < 3
    tab.locator("#before").focus()
    tab.keyboard.press("Home")
    expect(canvas(tab)).to_have_attribute("data-glaring", "[]")
    assert domain(tab) == [-6.383, 8.172]
    assert "at=2014-07-24" in tab.url
    expect(record(tab)).to_contain_text("Flag 2: Acceptable measurement")
    expect(record(tab)).to_contain_text("As it was before; now 8.172, flag 4")
    expect(tab.locator("#before")).to_be_focused()
    tab.keyboard.press("End")
    expect(record(tab)).to_contain_text("Flag 4: Bad measurement")
    assert len(glaring(tab)) == 2
    assert "at=" not in tab.url
    tab.get_by_role("button", name="Who changed this?").click()
    assert "tab=history" in tab.url
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 390])
def test_another_flag_is_tried_beside_the_old_one_and_nothing_is_written(opened: Open, width: int) -> None:
    tab = opened(f"{STATION}&label=Bottle&key={BOTTLE}/17", width=width)
    compare = tab.locator("#panel-compare")
    expect(compare).to_be_hidden()
    record(tab).locator('[data-try="4"]').click()
    expect(compare.locator("h2")).to_have_text("If sample 17 had flag 4")
    expect(compare.locator(".old .compare-section")).to_have_attribute("data-verdict", "doubt")
    expect(compare.locator(".new .compare-section")).to_have_attribute("data-verdict", "bad")
    expect(compare).to_contain_text("As it is: 0.059, flag 3 Questionable measurement")
    expect(compare).to_contain_text("No derived fact changes: none is computed from CFC-12.")
    assert "try=4" in tab.url
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    compare.get_by_text("Leave it").click()
    expect(compare).to_be_hidden()
    assert len(glaring(tab)) == 2


def test_a_salinity_that_becomes_bad_names_the_derived_facts_that_rest_on_it(opened: Open) -> None:
    tab = opened(f"{STATION}&parameter=ctd_salinity&label=Bottle&key={BOTTLE}/23&try=4")
    facts = tab.locator("#panel-compare .facts-list")
    expect(facts).to_contain_text("5 derived facts rest on this value and change with it")
    expect(facts).to_contain_text("NPIW in 318M20130321/88/1")
    facts.get_by_role("button", name="NPIW in").click()
    expect(record(tab).locator("h2")).to_contain_text("NPIW")


def test_a_floats_profile_is_seen_in_profile_diagram_time_series_and_map(opened: Open) -> None:
    tab = opened(f"{STATION}&label=Profile&key=4901079/100/A")
    expect(tab.locator(".profile-canvas")).to_have_attribute("data-column", "Profile 4901079/100/A")
    expect(tab.locator(".ts-canvas")).to_have_attribute("data-items", "71")
    expect(tab.locator(".map-canvas")).to_have_attribute("data-profile", "4901079/100/A")
    series = tab.locator(".series-canvas")
    expect(series).to_have_attribute("data-float", "4901079")
    assert int(series.get_attribute("data-levels") or 0) > 12_000
    series.focus()
    tab.keyboard.press("ArrowRight")
    expect(record(tab).locator("h2")).to_contain_text("cycle 101")
    expect(tab.locator(".profile-canvas")).to_have_attribute("data-column", "Profile 4901079/101/A")
    tab.get_by_label("Variable of floats").select_option("psal")
    expect(tab.locator("#panel-profile")).to_contain_text("Practical salinity")
    assert "variable=psal" in tab.url


def test_what_is_pointed_at_in_one_plot_is_marked_in_all(opened: Open) -> None:
    tab = opened()
    tab.locator(".chip", has_text="sample 17").hover()
    for plot in (".section-canvas", ".profile-canvas", ".ts-canvas"):
        expect(tab.locator(plot)).to_have_attribute("data-pointed", f"{BOTTLE}/17")
    expect(tab.locator(".map-canvas")).to_have_attribute("data-pointed", "true")
    tab.locator(".profile-canvas").focus()
    tab.keyboard.press("ArrowDown")
    expect(tab.locator("#speech")).to_contain_text("Station 88, sample 3")


def test_a_zoomed_part_has_an_address_and_what_an_address_cannot_mean_is_left_out(opened: Open) -> None:
    odd = "&at=yesterday&try=99&variable=depth&zoom=far&layers=moon"
    tab = opened(f"{STATION}&label=Bottle&key={BOTTLE}/17{odd}")
    assert len(glaring(tab)) == 2
    expect(tab.locator("#panel-compare")).to_be_hidden()
    expect(tab.get_by_label("Variable of floats")).to_have_value("temp")
    canvas(tab).hover()
    tab.mouse.wheel(0, -300)
    tab.wait_for_url(re.compile(r"zoom=1\.\d+,0\.\d+,0\.\d+"))
    place = glaring(tab)
    tab.locator(".map-canvas").hover()
    tab.mouse.wheel(0, -600)
    tab.wait_for_url(re.compile(r"map=\d\.\d+,\d+\.\d,\d+\.\d"))
    tab.reload()
    tab.wait_for_selector("html[data-ready]")
    for now, then in zip(glaring(tab), place, strict=True):
        assert now["x"] == pytest.approx(then["x"], abs=1.5)
        assert now["y"] == pytest.approx(then["y"], abs=1.5)
    tab.get_by_role("button", name="Whole section").click()
    tab.wait_for_url(re.compile(r"^((?!zoom=).)*$"))


def test_a_cruise_that_is_not_there_is_said_and_the_record_is_shown_all_the_same(
    browser: Browser, ocean_page: Page
) -> None:
    tab = browser.new_page()
    tab.goto(f"{ocean_page.url}/?view=section&cruise=NONE&label=Cruise&key={CRUISE}")
    expect(tab.locator("#panel-section")).to_contain_text("there is no cruise NONE")
    expect(record(tab).locator("h2")).to_contain_text("P02 2013")
    tab.close()


def test_a_database_that_is_away_is_waited_for_and_the_plots_come_by_themselves(
    browser: Browser, ocean_page: Page
) -> None:
    tab = browser.new_page()
    away = iter([True, True])

    def answer(route: Route) -> None:
        if next(away, False):
            route.fulfill(
                status=503, json={"error": {"kind": "database", "message": "The database does not answer."}}
            )
        else:
            route.fallback()

    tab.route(re.compile(r"/api/v1/panels/(section/section|map/places)"), answer)
    tab.goto(ocean_page.url + STATION)
    expect(tab.locator("#speech")).to_contain_text("The database does not answer.")
    expect(canvas(tab)).to_have_attribute("data-drawn", "3597", timeout=20_000)
    expect(tab.locator(".map-canvas")).to_have_attribute("data-station", "88", timeout=20_000)
    tab.close()


def saved(tab: Tab, panel: str, form: str) -> bytes:
    with tab.expect_download() as download:
        tab.locator(f"{panel} .save", has_text=form).click()
    return Path(download.value.path()).read_bytes()


def test_plots_are_saved_as_numbers_and_as_pictures(opened: Open) -> None:
    tab = opened()
    rows = list(csv.DictReader(io.StringIO(saved(tab, "#panel-section", "CSV").decode())))
    assert len(rows) == 3597
    (bad,) = (r for r in rows if r["bottle"] == f"{BOTTLE}/2")
    assert (bad["CFC-12 (pmol/kg)"], bad["flag"], bad["pressure (dbar)"]) == ("8.172", "4", "5384.8")
    waters = list(csv.DictReader(io.StringIO(saved(tab, "#panel-ts", "CSV").decode())))
    assert len(waters) == 35
    assert {r["sigma-0 (kg/m³)"] for r in waters} >= {"26.7796"}
    for panel in ("#panel-section", "#panel-profile", "#panel-map", "#panel-ts"):
        picture = saved(tab, panel, "PNG")
        assert picture.startswith(b"\x89PNG\r\n")
        assert len(picture) > 10_000


FIELD = """async () => {
  const { field, casts, contours } = await import("/panels/section/field.js");
  const { csv } = await import("/panels/section/save.js");
  const cast = (x, ...pairs) => ({ x, floor: null, bottles: pairs.map(([pressure, value, verdict = "good"]) => ({ pressure, value, verdict })) });
  const data = { stations: [cast(0, [0, 0], [100, 10]), cast(1, [0, 10], [50, 99, "bad"], [100, 20]), cast(2, [0, 20])] };
  const found = casts(data);
  const values = [...field(found, [0, 0.5, 1, 2], [0, 50, 100])].map((v) => Math.round(v * 10) / 10);
  const far = [...field([...found, { x: 50, pressure: Float64Array.of(0), value: Float64Array.of(1), end: 10 }], [30], [0])];
  const lines = contours(Float32Array.from({ length: 100 }, (_, i) => i % 10), 10, [4.5]);
  return { values, far: far.map(String), line: lines[0].lines.flat().map(([x]) => x), text: csv({ columns: ["a", "b"], rows: [["=1+1", -2], ['x"y', null]] }) };
}"""


def test_the_field_is_linear_between_good_values_and_stays_open_where_casts_are_far_apart(
    opened: Open,
) -> None:
    tab = opened()
    found: dict[str, Any] = tab.evaluate(FIELD)
    assert found["values"] == [0, 5, 10, 20, 5, 10, 15, 20, 10, 15, 20, 20]
    assert found["far"] == ["NaN"]
    assert set(found["line"]) == {5.0}
    assert found["text"] == 'a,b\r\n\'=1+1,-2\r\n"x""y",\r\n'
