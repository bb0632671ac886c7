"""The page in Chromium: what a reviewer sees and does in the first two minutes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Route, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page as Tab
from tests.integration.page_server import CRUISE, Page

pytestmark = [pytest.mark.neo4j, pytest.mark.browser]

STATION = f"/?view=section&cruise={CRUISE}&station=88"
Open = Callable[..., Tab]

# How many pixels of the canvas around a point have the colour of a flag 4 bottle.
RED = """([x, y, r]) => {
  const canvas = document.querySelector(".section-canvas");
  const ratio = canvas.width / canvas.getBoundingClientRect().width;
  const size = Math.round(2 * r * ratio);
  const copy = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, (x - r) * ratio, (y - r) * ratio, size, size, 0, 0, size, size);
  const data = copy.getImageData(0, 0, size, size).data;
  let found = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] > 200 && data[i + 1] < 90 && data[i + 2] < 140) found++;
  return found / ratio ** 2;
}"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    flags = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


def complains(message: ConsoleMessage) -> bool:
    """Whether the browser complains of the page; that the API refuses something is an answer, which the page shows.

    Another test's containers change this machine's networks, and the page asks again for what was lost with them.
    """
    if "NETWORK_CHANGED" in message.text:
        return False
    refused = message.text.startswith("Failed to load resource") and "/api/v1/" in message.location["url"]
    return message.type in ("error", "warning") and not refused


@pytest.fixture
def opened(browser: Browser, ocean_page: Page) -> Iterator[Open]:
    """Open an address of the page; at the end nothing was complained about and no request had left the machine."""
    complaints: list[str] = []
    asked: list[str] = []
    contexts = []

    def open_(path: str = STATION, width: int = 1280, height: int = 900, scheme: Any = "light") -> Tab:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda m: complaints.append(m.text) if complains(m) else None)
        tab.on("pageerror", lambda e: complaints.append(str(e)))
        tab.on("request", lambda r: asked.append(r.url))
        tab.goto(ocean_page.url + path)
        tab.wait_for_selector("html[data-ready]", timeout=60_000)
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((ocean_page.url, "blob:", "data:"))] == []


def glaring(tab: Tab) -> list[dict[str, Any]]:
    tab.wait_for_function(
        "JSON.parse(document.querySelector('.section-canvas').dataset.glaring ?? '[]').length"
    )
    found: list[dict[str, Any]] = json.loads(canvas(tab).get_attribute("data-glaring") or "[]")
    return found


def canvas(tab: Tab) -> Locator:
    return tab.locator(".section-canvas")


def record(tab: Tab) -> Locator:
    return tab.locator("#record")


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_station_88_is_painted_and_its_two_bad_bottles_glare(opened: Open, width: int, scheme: str) -> None:
    tab = opened(width=width, scheme=scheme)
    assert {(b["sample"], b["value"], b["flag"]) for b in glaring(tab)} == {
        ("2", 8.172, 4),
        ("15", -6.383, 4),
    }
    for bottle in glaring(tab):
        assert tab.evaluate(RED, [bottle["x"], bottle["y"], 7]) > 25
    # Everywhere else in the same column the field is painted, and is not red.
    assert tab.evaluate(RED, [glaring(tab)[0]["x"] + 30, glaring(tab)[0]["y"] - 60, 7]) == 0
    assert int(canvas(tab).get_attribute("data-drawn") or 0) == 3597
    expect(tab.locator("#panel-section h2")).to_have_text("CFC-12 along P02")
    expect(tab.locator("#panel-profile h2")).to_have_text("Station 88")
    expect(tab.locator(".map-canvas")).to_have_attribute("data-station", "88")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_bare_address_opens_at_station_88(opened: Open) -> None:
    tab = opened("/")
    assert "station=88" in tab.url
    expect(record(tab).locator("h2")).to_have_text("P02 station 88")


def test_a_click_on_a_dot_opens_its_record_and_highlights_it_everywhere(opened: Open) -> None:
    tab = opened()
    (bottle,) = (b for b in glaring(tab) if b["sample"] == "15")
    canvas(tab).click(position={"x": bottle["x"], "y": bottle["y"]})
    card = record(tab)
    expect(card.locator("h2")).to_contain_text("station 88 sample 15", ignore_case=True)
    expect(card).to_contain_text("-6.383")
    expect(card).to_contain_text("pmol/kg")
    expect(card).to_contain_text("Flag 4: Bad measurement")
    expect(card).to_contain_text("P02 2013 bottle data")
    assert re.search(r"label=Bottle&key=318M20130321/88/1/15", tab.url)
    expect(tab.locator('.chip[aria-pressed="true"]')).to_contain_text("sample 15")
    tab.wait_for_function("document.querySelector('#graph').dataset.nodes >= 3")
    tab.go_back()
    expect(card.locator("h2")).to_have_text("P02 station 88")


def test_on_a_small_screen_what_was_selected_is_said_where_one_looks_and_leads_to_the_record(
    opened: Open,
) -> None:
    tab = opened(f"{STATION}&label=Bottle&key={CRUISE}/88/1/2", width=390)
    peek = tab.locator("#peek")
    expect(peek).to_have_text("P02 station 88 sample 2 ↓", ignore_case=True)
    peek.click()
    expect(record(tab)).to_be_in_viewport()
    expect(record(tab)).to_be_focused()
    expect(peek).to_be_hidden()
    expect(opened().locator("#peek")).to_be_hidden()


def test_a_pasted_address_shows_the_same_bottle(opened: Open) -> None:
    tab = opened(f"{STATION}&label=Bottle&key={CRUISE}/88/1/2")
    expect(record(tab)).to_contain_text("8.172")
    expect(tab.locator('.chip[aria-pressed="true"]')).to_contain_text("sample 2")


def test_a_bottle_that_nobody_revised_says_as_much_as_one_that_was(opened: Open) -> None:
    """The first comes with its record, the second is asked for; both name value, flag, line, citation and terms."""
    tab = opened(f"{STATION}&label=Bottle&key={CRUISE}/88/1/17")
    asked: list[str] = []
    tab.on("request", lambda r: asked.append(r.url.partition("/api/v1/")[2].partition("?")[0]))
    for said in ("0.059", "pmol/kg", "Flag 3: Questionable measurement", "1244 dbar", "whp/p02_bottle.csv, line 3,165",
                 "Swift, J., S. Mecking", "Terms: "):  # fmt: skip
        expect(record(tab)).to_contain_text(said)
    tab.locator(".chip", has_text="sample 2,").click()
    expect(record(tab)).to_contain_text("cfc_12 flag: 2 → 4")
    expect(record(tab)).to_contain_text("whp/p02_bottle.csv, line 3,180")
    tab.locator(".chip", has_text="sample 17").click()
    expect(record(tab)).to_contain_text("whp/p02_bottle.csv, line 3,165")
    assert [path for path in asked if path.startswith("panels/section/")] == ["panels/section/bottle"]


def test_search_suggests_and_opens_by_keyboard_alone(opened: Open) -> None:
    tab = opened()
    tab.keyboard.press("/")
    tab.keyboard.type("Dong-Ha")
    expect(tab.locator("#found [role=option]").first).to_contain_text("Dong-Ha Min")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(record(tab).locator("h2")).to_have_text("Dong-Ha Min")
    assert "label=Person" in tab.url


def test_a_station_that_was_searched_comes_into_view_in_the_section(opened: Open) -> None:
    tab = opened()
    tab.fill("#q", f"{CRUISE}/120")
    tab.locator("#found [role=option]").first.click()
    expect(tab.locator("#panel-profile h2")).to_have_text("Station 120")
    expect(canvas(tab)).to_have_attribute("data-station", "120")


def test_the_flag_filter_hides_bad_bottles_and_stands_in_the_address(opened: Open) -> None:
    tab = opened()
    glaring(tab)
    tab.get_by_label("Bad (4)").uncheck()
    expect(canvas(tab)).to_have_attribute("data-glaring", "[]")
    expect(canvas(tab)).to_have_attribute("data-drawn", "3533")
    assert "flags=good" in tab.url
    tab.get_by_label("No value").check()
    expect(canvas(tab)).to_have_attribute("data-drawn", "5279")


def test_another_parameter_is_one_choice_away(opened: Open) -> None:
    tab = opened()
    tab.select_option("#parameter", "oxygen")
    expect(tab.locator("#panel-section h2")).to_have_text("Dissolved oxygen, sample along P02")
    expect(tab.locator("#panel-profile")).to_contain_text("µmol/kg")
    assert "parameter=oxygen" in tab.url


def test_arrow_keys_walk_from_bottle_to_bottle_and_enter_opens_one(opened: Open) -> None:
    tab = opened(f"{STATION}&label=Bottle&key={CRUISE}/88/1/2")
    canvas(tab).focus()
    tab.keyboard.press("ArrowUp")
    expect(tab.locator("#speech")).to_contain_text("Station 88, sample 3")
    tab.keyboard.press("Enter")
    expect(record(tab).locator("h2")).to_contain_text("station 88 sample 3", ignore_case=True)


def test_markup_in_a_property_is_shown_and_not_run(opened: Open, ocean_page: Page) -> None:
    evil = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'
    ocean_page.write("MERGE (p:Programme {id: 'evil'}) SET p.name = $evil, p.`<b>k</b>` = $evil", evil=evil)
    try:
        tab = opened(f"{STATION}&label=Programme&key=evil")
        expect(record(tab).locator("h2")).to_have_text(evil)
        expect(record(tab).locator("dl")).to_contain_text("<b>k</b>")
        tab.wait_for_function("document.querySelector('#graph').dataset.nodes >= 1")
        tab.wait_for_timeout(300)
        assert tab.title() != "owned"
        assert tab.locator("#record img, #record script, #record b").count() == 0
    finally:
        ocean_page.write("MATCH (p:Programme {id: 'evil'}) DETACH DELETE p")


def test_an_unknown_record_is_said_and_the_page_goes_on(
    opened: Open, browser: Browser, ocean_page: Page
) -> None:
    tab = browser.new_page()
    tab.goto(f"{ocean_page.url}{STATION}&label=Bottle&key=nothing")
    expect(record(tab)).to_contain_text("there is no Bottle nothing")
    tab.locator("#tabs").get_by_text("Records").click()
    tab.locator('.labels button[data-label="Ship"]').click()
    tab.locator(".browse-list .link").first.click()
    expect(record(tab)).to_contain_text("Melville")
    tab.close()


def loads_again(tab: Tab) -> bool:
    """Whether the page has more to load, asked from outside: what waits in a document goes with it."""
    tab.wait_for_timeout(50)
    try:
        return tab.evaluate("sessionStorage.getItem('kgshare loads')") is not None
    except PlaywrightError:  # its document is going
        return True


@pytest.mark.parametrize("lost", ["/static/bus.js", "/panels/section/plot.js", "/static/page.css"])
def test_a_file_that_is_lost_on_its_way_is_asked_for_again(
    browser: Browser, ocean_page: Page, lost: str
) -> None:
    """A browser drops what it waits for when the machine's networks change; a failed module stays failed in its document."""
    tab = browser.new_page()
    left = [2]  # named ahead, and asked by what needs it

    def drop(route: Route) -> None:
        left[0] -= 1
        route.abort("internetdisconnected") if left[0] >= 0 else route.continue_()

    tab.route(f"**{lost}", drop)
    tab.goto(ocean_page.url + STATION)
    until = time.monotonic() + 30
    while left[0] >= 0 and time.monotonic() < until:
        tab.wait_for_timeout(50)
    expect(canvas(tab)).to_have_attribute("data-drawn", "3597", timeout=20_000)
    while loads_again(tab):
        assert time.monotonic() < until
    assert tab.evaluate("getComputedStyle(document.querySelector('.bar')).position") != "static"
    tab.close()


def test_five_thousand_points_pan_smoothly(opened: Open) -> None:
    tab = opened()
    box = canvas(tab).bounding_box()
    assert box
    tab.evaluate("""() => { window.frames_ = []; const step = (t) => { window.frames_.push(t); requestAnimationFrame(step); };
        requestAnimationFrame(step); }""")
    tab.mouse.move(box["x"] + 400, box["y"] + 150)
    tab.mouse.wheel(0, -400)
    tab.mouse.down()
    for i in range(60):
        tab.mouse.move(box["x"] + 400 + 4 * (i % 30), box["y"] + 150 + i)
    tab.mouse.up()
    gaps: list[float] = tab.evaluate("window.frames_.slice(1).map((t, i) => t - window.frames_[i])")
    gaps.sort()
    # Half of the frames at 20 a second or better, on a busy machine with two cores and no GPU.
    assert gaps[len(gaps) // 2] < 50
