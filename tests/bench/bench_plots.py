"""How many frames the section and the map keep while they are dragged with 50,000 points, against those of an idle page.

Not collected by default (the name). The graph behind the page is made up, so it needs Chromium and the locked npm packages only:

    python -m pytest tests/bench/bench_plots.py -s
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.integration.page_server import Given, serve_graph, settings
from tests.unit.test_page_app import Table

from kgshare.seeding.server import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
STATIONS, BOTTLES, FLOATS, PROFILES = 500, 100, 50, 1000
FRAMES = 90
LEAST = 0.3  # of an idle page's frames

# Drags a canvas a little with every frame, or does nothing; milliseconds of so many frames.
DRAG = """([selector, frames, drag]) => new Promise((done) => {
  const canvas = document.querySelector(selector);
  canvas.scrollIntoView({ block: "center" });
  const box = canvas.getBoundingClientRect();
  const send = (type, x, y) => (type === "mousedown" ? canvas : window).dispatchEvent(new MouseEvent(type, { clientX: x, clientY: y, view: window, bubbles: true, cancelable: true }));
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  canvas.dispatchEvent(new WheelEvent("wheel", { clientX: x, clientY: y, deltaY: -400, bubbles: true, cancelable: true, view: window }));
  if (drag) send("mousedown", x, y);
  let n = 0, first;
  const step = (t) => {
    first ??= t;
    if (n++ === frames) { if (drag) send("mouseup", x, y); done(t - first); return; }
    if (drag) send("mousemove", x + 60 * Math.sin(n / 9), y + 30 * Math.sin(n / 5));
    requestAnimationFrame(step);
  };
  setTimeout(() => requestAnimationFrame(step), 600);
})"""


def made() -> Table:
    """A graph of 50,000 bottles and 50,000 profiles that answers what the ocean's panels ask, and nothing to all else."""
    cruise = {"name": "Made", "expocode": "MADE", "section": None, "citation": ""}
    of_cruise = "MATCH (s:Station)-[:OCCUPIED_BY]->(:Cruise {expocode: $cruise})"
    return Table(
        {
            "MATCH (c:Cruise": [{"cruise": cruise, "parameters": [_PARAMETER], "flags": []}],
            f"{of_cruise} OPTIONAL": [_station(i) for i in range(STATIONS)],
            f"{of_cruise} MATCH": [{"ids": [], "salinity": [], "temperature": [], "sigma0": []}],
            "MATCH (p:Profile)-[:MEASURED_BY]->(f:Float)": [_float(i) for i in range(FLOATS)],
            "": [],
        }
    )


_PARAMETER = {"variable": "cfc_12", "code": "CFC-12", "name": "CFC-12", "units": "PMOL/KG", "scheme": "WOCE-bottle", "standard_name": None, "p01": None, "uri": None, "description": None}  # fmt: skip


def _station(i: int) -> dict[str, Any]:
    pressures = [60.0 * n for n in range(BOTTLES)]
    values = [round(2 * math.exp(-p / 700) * (1 + 0.1 * math.sin(i / 20)), 3) for p in pressures]
    return {
        "id": f"MADE/{i}", "station": str(i), "latitude": 30.0, "longitude": -180 + 0.25 * i, "depth": 5800 + 300 * math.sin(i / 7), "date": None,
        "ids": [f"MADE/{i}/1/{n}" for n in range(BOTTLES)], "samples": [str(n) for n in range(BOTTLES)], "pressure": pressures, "values": values,
        "flags": [4 if (i * n) % 97 == 96 else 2 for n in range(BOTTLES)],
    }  # fmt: skip


def _float(i: int) -> dict[str, Any]:
    ids = [f"{i}/{n}/A" for n in range(PROFILES)]
    latitude = [-50 + 2 * i + 5 * math.sin(n / 60) for n in range(PROFILES)]
    longitude = [(-170 + 6 * i + 20 * math.cos(n / 90) + 180) % 360 - 180 for n in range(PROFILES)]
    return {
        "wmo": str(i),
        "name": str(i),
        "ids": ids,
        "latitude": latitude,
        "longitude": longitude,
        "levels": 0,
    }


@pytest.fixture
def address(page_assets: Path, tmp_path: Path) -> Iterator[str]:
    chosen = settings(tmp_path, Given("bolt://127.0.0.1:1"), page_assets)
    chosen = dataclasses.replace(chosen, host="127.0.0.1", port=free_port())
    for page in serve_graph(chosen, made(), Given("")):
        yield page.url


def frames(browser: Browser, address: str, selector: str, count: str) -> float:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(f"{address}/?view=section&cruise=MADE&station=250")
    tab.wait_for_selector(f"{selector}[{count}]", timeout=60_000)
    drawn = int(tab.locator(selector).get_attribute(count) or 0)
    assert drawn >= STATIONS * BOTTLES
    tab.wait_for_timeout(1500)
    idle = tab.evaluate(DRAG, [selector, FRAMES, False])
    dragged = tab.evaluate(DRAG, [selector, FRAMES, True])
    tab.close()
    print(f"\n{selector}, {drawn} points: {FRAMES} frames idle in {idle:.0f} ms, dragged in {dragged:.0f} ms")
    return float(idle / dragged)


def test_section_and_map_keep_a_third_of_an_idle_pages_frames_with_50_000_points(
    chromium: str, address: str
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        section = frames(browser, address, ".section-canvas", "data-drawn")
        on_map = frames(browser, address, ".map-canvas", "data-points")
        browser.close()
    print(f"share of an idle page's frames: section {section:.2f}, map {on_map:.2f}")
    assert min(section, on_map) >= LEAST
