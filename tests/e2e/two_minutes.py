"""What a reviewer does in the first two minutes, step by step, in Chromium."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright, expect

TITLE = "Flag bottle 17 of station 88"
AUTHOR = "A. Reviewer <reviewer@example.org>"
REASON = (
    "0.059 pmol/kg at 1,244 dbar, while its neighbours have 0.010 and 0.004; CFC-11 and SF6 disagree too."
)
# No name is resolved: what is not at the page's own address fails.
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def open_page(playwright: Playwright, chromium: str, url: str) -> tuple[Page, list[str]]:
    """The page at the address that `up` printed, and what the browser will complain about."""
    browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
    tab = browser.new_page(viewport={"width": 1280, "height": 860})
    own = url.partition("/?")[0]
    complaints: list[str] = []
    tab.on("pageerror", lambda e: complaints.append(str(e)))
    # Another test's containers change this machine's networks, and Chromium asks again.
    tab.on(
        "console",
        lambda m: (
            complaints.append(m.text) if m.type == "error" and "NETWORK_CHANGED" not in m.text else None
        ),
    )
    tab.on(
        "request", lambda r: None if r.url.startswith((own, "blob:", "data:")) else complaints.append(r.url)
    )
    tab.goto(url)
    tab.wait_for_selector("html[data-ready]", timeout=60_000)
    return tab, complaints


def glaring(tab: Page) -> list[dict[str, Any]]:
    """The bad bottles of the station in view, with the place at which they were painted."""
    found: list[dict[str, Any]] = json.loads(_section(tab).get_attribute("data-glaring") or "[]")
    return found


def two_dots_glare(tab: Page, pictures: Path | None) -> None:
    """The whole CFC-12 section is there, and two dots of station 88 stand out."""
    expect(tab.locator("#panel-section h2")).to_have_text("CFC-12 along P02")
    expect(_section(tab)).to_have_attribute("data-drawn", "3597")
    assert {(b["sample"], b["value"], b["flag"]) for b in glaring(tab)} == {
        ("2", 8.172, 4),
        ("15", -6.383, 4),
    }
    expect(tab.locator("#record h2")).to_have_text("P02 station 88")
    expect(tab.locator(".map-canvas")).to_have_attribute("data-station", "88")
    _picture(tab, pictures, "station-88.png")


def a_click_says_what_it_is_everywhere(tab: Page) -> None:
    """Bottle, value, flag, the source's line, the term, the citation; the other views mark the same bottle."""
    (bottle,) = (b for b in glaring(tab) if b["sample"] == "2")
    _section(tab).click(position={"x": bottle["x"], "y": bottle["y"]})
    record = tab.locator("#record")
    for said in ("P02 station 88 sample 2", "8.172", "pmol/kg", "Flag 4: Bad measurement", "whp/p02_bottle.csv, line 3,180",
                 "PMOL/KG", "CF has no standard name for it.", "Swift, J., S. Mecking"):  # fmt: skip
        expect(record).to_contain_text(said)
    expect(tab.locator('.chip[aria-pressed="true"]')).to_contain_text("sample 2")
    expect(tab.locator(".profile-canvas")).to_have_attribute("data-column", "Station 318M20130321/88")
    expect(tab.locator(".ts-canvas")).to_have_attribute("data-items", "35")
    tab.wait_for_selector(
        '#graph[data-nodes="5"]'
    )  # itself, cast, dataset, revision, a layer of a water mass
    assert "key=318M20130321/88/1/2" in tab.url


def before_they_counted_as_good(tab: Page, pictures: Path | None) -> None:
    """The slider at *before*: nothing glares, and the two values stretch the scale of the whole section."""
    tab.locator("#before").focus()
    tab.keyboard.press("Home")
    expect(_section(tab)).to_have_attribute("data-glaring", "[]")
    expect(_section(tab)).to_have_attribute("data-domain", "[-6.383,8.172]")
    expect(tab.locator("#record")).to_contain_text("Flag 2: Acceptable measurement")
    _picture(tab, pictures, "before.png")
    tab.keyboard.press("End")
    expect(tab.locator("#record")).to_contain_text("Flag 4: Bad measurement")


def who_changed_this(tab: Page) -> None:
    """Name, date and e-mail, as the history has them."""
    tab.get_by_role("button", name="Who changed this?").click()
    for said in ("RJL (SIOCCH)", "2014-07-24", "per email from Dong-Ha Min on 20140724"):
        expect(tab.locator("#record")).to_contain_text(said)


def bottle_17_is_tried_with_flag_4(tab: Page, pictures: Path | None) -> None:
    """Old and new plot side by side, and which derived facts change; nothing is written yet."""
    tab.locator(".chip", has_text="sample 17").click()
    tab.locator("#record [role=tab]", has_text="Record").click()
    tab.locator('[data-try="4"]').click()
    compare = tab.locator("#panel-compare")
    expect(compare.locator(".old .compare-section")).to_have_attribute("data-verdict", "doubt")
    expect(compare.locator(".new .compare-section")).to_have_attribute("data-verdict", "bad")
    expect(compare).to_contain_text("No derived fact changes: none is computed from CFC-12.")
    expect(tab.locator("#edit-count")).to_be_hidden()
    compare.scroll_into_view_if_needed()
    _picture(tab, pictures, "old-and-new.png")


def it_is_written_and_proposed(tab: Page) -> bytes:
    """The change set that the page made of it."""
    tab.locator("#panel-compare").get_by_role("button", name="Propose this…").click()
    expect(tab.locator("#change-cfc_12_qc")).to_have_value("4")
    tab.get_by_role("button", name="Write to this sandbox").click()
    expect(tab.locator("#edit-count")).to_have_text("1 change")
    expect(tab.locator("#panel-compare h2")).to_have_text("What your edits change here")
    assert {b["sample"] for b in glaring(tab)} == {"2", "15", "17"}
    tab.get_by_text("Propose these changes").click()
    tab.fill("#proposal-title", TITLE)
    tab.fill("#proposal-reason", REASON)
    tab.fill("#proposal-author", AUTHOR)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Make the proposal").click()
    expect(tab.locator(".proposed")).to_contain_text("What to do next")
    return Path(download.value.path()).read_bytes()


def undone_it_is_as_it_was(tab: Page) -> None:
    """The sandbox is again what was sent."""
    tab.get_by_role("button", name="Undo all").click()
    expect(tab.locator("#edit-count")).to_be_hidden()
    expect(tab.locator("#panel-compare")).to_be_hidden()
    expect(tab.locator(".chip", has_text="sample 17")).to_contain_text("flag 3")


def _section(tab: Page) -> Any:
    return tab.locator(".section-canvas")


def _picture(tab: Page, folder: Path | None, name: str) -> None:
    if folder is not None:
        tab.wait_for_timeout(600)
        tab.mouse.move(0, 0)
        tab.screenshot(path=folder / name)
