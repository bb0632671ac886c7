"""How long the first view takes in a browser that has never been there, once the page says that it is ready.

Printed in milliseconds from the request on: when the section is on the screen, and when the whole view is; as a ratio to the
second time, when the browser has its files and the database its plans. Not collected by default (the name):

    python -m pytest tests/bench/bench_first_view.py -s
"""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from tests.bench.page_process import page_process
from tests.integration.page_server import Opened

pytestmark = [pytest.mark.neo4j, pytest.mark.browser, pytest.mark.timeout(300)]
TIMES = 5
MOST_SLOWER = 3  # the first time, than the second

SEEN = """window.seen = {};
new MutationObserver(() => {
  const now = { section: document.querySelector(".section-canvas[data-drawn]"), record: document.querySelector("#record h2"),
    map: document.querySelector(".map-canvas[data-station]"), whole: document.documentElement.dataset.ready };
  for (const [name, there] of Object.entries(now)) if (there) window.seen[name] ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true });"""


def look(context: BrowserContext, address: str) -> dict[str, float]:
    tab = context.new_page()
    tab.add_init_script(SEEN)
    tab.goto(address)
    tab.wait_for_selector("html[data-ready]", timeout=60_000)
    found: dict[str, float] = tab.evaluate("window.seen")
    tab.close()
    return found


def test_the_first_view_in_a_browser_that_has_never_been_there(
    ocean_database: Opened, page_assets: Path, chromium: str, tmp_path: Path
) -> None:
    first, second = [], []

    def visit(browser: Browser, address: str) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        first.append(look(context, address))
        second.append(look(context, address))
        context.close()

    with sync_playwright() as playwright:
        for _ in range(TIMES):
            with page_process(tmp_path, ocean_database, page_assets) as port:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                visit(browser, f"http://127.0.0.1:{port}/")
                browser.close()
    print()
    for name, seen in (("first time", first), ("second time", second)):
        middle = {
            what: statistics.median(one[what] for one in seen)
            for what in ("section", "record", "map", "whole")
        }
        print(name, "  ".join(f"{what} {value:5.0f} ms" for what, value in middle.items()))
    ratio = statistics.median(f["section"] / s["section"] for f, s in zip(first, second, strict=True))
    print(f"the section, first to second: {ratio:.2f}")
    assert ratio < MOST_SLOWER
