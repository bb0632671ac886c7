"""What serves any graph, in Chromium: a correction from record to file, history, queries, tables, and what goes wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Route, expect
from playwright.sync_api import Page as Tab
from tests.e2e import test_page_browser
from tests.e2e.axe import serious
from tests.e2e.test_page_browser import STATION, Open, record
from tests.integration.page_server import CRUISE, Page

from kgshare.changes import parse_change_set

pytestmark = [pytest.mark.neo4j, pytest.mark.browser]

browser, opened = test_page_browser.browser, test_page_browser.opened
SAMPLE_17 = f"{STATION}&label=Bottle&key={CRUISE}/88/1/17"
SLOW = "UNWIND range(1, 1000000000) AS i WITH i WHERE i % 2 = 3 RETURN i"


@pytest.fixture(autouse=True)
def untouched(ocean_page: Page) -> Iterator[None]:
    """Whatever a test has edited is taken back."""
    yield
    assert ocean_page.post("undo", {})[1]["edits"] == []


def tray(tab: Tab) -> Locator:
    return tab.locator("#tray")


def settled(tab: Tab) -> Locator:
    """The record, once it has been shown anew after a change."""
    tab.wait_for_function("() => !document.querySelector('#record[aria-busy], #record [aria-busy]')")
    return record(tab)


def saved(tab: Tab, button: Locator) -> tuple[str, str]:
    """The name and the text of the file that a button saves."""
    with tab.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_flag_is_corrected_and_proposed_by_somebody_who_knows_no_cypher(
    opened: Open, width: int, scheme: str
) -> None:
    tab = opened(f"{SAMPLE_17}&tab=change", width=width, scheme=scheme)
    expect(tray(tab)).to_be_hidden()
    flag = record(tab).get_by_label("cfc_12_qc int")
    flag.fill("4")
    expect(record(tab)).to_contain_text("Nothing in the graph is derived from cfc_12_qc")
    record(tab).get_by_role("button", name="Write to this sandbox").click()
    expect(tray(tab)).to_contain_text("P02 station 88 sample 17")
    expect(tray(tab)).to_contain_text("cfc_12_qc 3 → 4")
    expect(tab.locator("#edit-count")).to_have_text("1 change")
    settled(tab).get_by_role("tab", name="Record").click()
    expect(record(tab)).to_contain_text("Changed in this sandbox")
    tray(tab).get_by_text("Propose these changes").click()
    tray(tab).get_by_label("Title").fill("Flag bottle 17 bad")
    tray(tab).get_by_label("Reason").fill("0.059 stands among neighbours near 0.01")
    tray(tab).get_by_label("Your name").fill("Ann Example <ann@example.org>")
    name, text = saved(tab, tray(tab).get_by_role("button", name="Make the proposal"))
    made = parse_change_set(text.encode(), name)
    assert (made.title, made.author, len(made.changes)) == (
        "Flag bottle 17 bad",
        "Ann Example <ann@example.org>",
        1,
    )
    expect(tray(tab)).to_contain_text(f"kgshare review check {name}")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tray(tab).get_by_role("button", name="Undo: P02 station 88 sample 17 cfc_12_qc").click()
    expect(tray(tab)).to_be_hidden()
    expect(record(tab)).not_to_contain_text("Changed in this sandbox")


def test_what_was_typed_is_kept_while_one_looks_elsewhere_and_a_mistake_is_said(opened: Open) -> None:
    tab = opened(f"{SAMPLE_17}&tab=change")
    record(tab).get_by_label("cfc_12 float").fill("0.0l1")
    record(tab).get_by_role("tab", name="History").click()
    expect(record(tab)).to_contain_text("Nobody has changed this since upstream")
    record(tab).get_by_role("tab", name="Change").click()
    expect(record(tab).get_by_label("cfc_12 float")).to_have_value("0.0l1")
    with tab.expect_response(lambda r: "/edit" in r.url and r.status == 400):
        record(tab).get_by_role("button", name="Write to this sandbox").click()
    expect(record(tab).get_by_role("alert")).to_contain_text("0.0l1")
    expect(record(tab).get_by_label("cfc_12 float")).to_have_value("0.0l1")


def test_a_record_is_added_connected_and_removed_with_what_hangs_on_it(opened: Open) -> None:
    tab = opened("/?view=browse&of=Ship")
    tab.get_by_role("button", name="Add a Ship").click()
    tab.get_by_label("code").fill("<b>318X</b>")
    tab.get_by_label("name", exact=True).fill("R/V Imaginary")
    tab.get_by_role("button", name="Add it to this sandbox").click()
    expect(record(tab).locator("h2")).to_have_text("R/V Imaginary")
    expect(record(tab)).to_contain_text("<b>318X</b>")
    expect(tray(tab)).to_contain_text("added")
    settled(tab).locator("summary", has_text="Relationships").click()
    record(tab).get_by_label("Kind of relationship").select_option(label="← aboard (Cruise)")
    other = record(tab).get_by_label("Search for the other record")
    other.fill(CRUISE)
    tab.wait_for_function("() => document.querySelectorAll('.record-field option').length")
    other.fill(tab.evaluate("document.querySelector('.record-field option').value"))
    record(tab).get_by_role("button", name="Connect").click()
    expect(tab.locator("#edit-count")).to_have_text("2 changes")
    settled(tab).get_by_text("Remove this record").click()
    record(tab).get_by_role("button", name="Remove it").click()
    expect(tray(tab)).to_be_hidden()


def test_what_tells_two_relationships_of_a_kind_apart_is_asked_for(opened: Open) -> None:
    tab = opened("/?view=browse&label=Person&key=Dong-Ha%20Min&tab=change")
    expect(settled(tab).locator(".stays")).to_contain_text("name and its labels, Person")
    record(tab).locator("summary", has_text="Relationships").click()
    record(tab).get_by_label("Kind of relationship").select_option(label="→ took part in (Cruise)")
    other = record(tab).get_by_label("Search for the other record")
    other.fill(CRUISE)
    tab.wait_for_function("() => document.querySelectorAll('.record-field option').length")
    other.fill(tab.evaluate("document.querySelector('.record-field option').value"))
    record(tab).get_by_role("button", name="Connect").click()
    expect(record(tab).get_by_role("alert")).to_contain_text("Say its role first")
    record(tab).get_by_label("role", exact=True).fill("Guest")
    record(tab).get_by_role("button", name="Connect").click()
    expect(tab.locator("#edit-count")).to_have_text("1 change")
    tab.get_by_role("button", name="Undo all").click()
    expect(tray(tab)).to_be_hidden()


def test_the_history_names_who_changed_a_flag_when_and_why_and_leads_to_the_change_set(opened: Open) -> None:
    tab = opened(f"{STATION}&label=Bottle&key={CRUISE}/88/1/15&tab=history&property=cfc_12_qc")
    expect(record(tab)).to_contain_text("RJL (SIOCCH)")
    expect(record(tab)).to_contain_text("2014-07-24")
    expect(record(tab)).to_contain_text("cfc_12_qc 2 → 4")
    expect(record(tab)).to_contain_text("per email from Dong-Ha Min")
    expect(record(tab)).to_contain_text("P02 2013 bottle data")
    record(tab).get_by_role("link", name="Change set of 2 changes").click()
    panel = tab.locator("#panel-changes")
    expect(panel.locator(".question .change-list li")).to_have_count(2)
    assert "view=changes&set=2014-07-24-cfc-12-of-station-88" in tab.url.replace("?", "&")
    name, text = saved(tab, panel.get_by_role("button", name="Download the file"))
    assert parse_change_set(text.encode(), name).author == "RJL (SIOCCH)"


def test_a_query_is_a_table_and_a_graph_and_a_mistake_keeps_what_was_typed(opened: Open) -> None:
    tab = opened("/?view=query")
    tab.wait_for_selector(".CodeMirror")
    run = tab.get_by_role("button", name="Run")

    def ask(cypher: str, status: int) -> None:
        tab.evaluate("(text) => document.querySelector('.CodeMirror').CodeMirror.setValue(text)", cypher)
        with tab.expect_response(lambda r: r.url.endswith("/query") and r.status == status):
            run.click()

    panel = tab.locator("#panel-query")
    ask("MATCH (b:Bottle)-[r:SAMPLED_BY]->(c:Cast) RETURN b, r, c LIMIT 4", 200)
    expect(panel.locator("tbody tr")).to_have_count(4)
    panel.get_by_role("button", name="Graph").click()
    tab.wait_for_function("() => document.querySelector('#panel-query .graph-place').dataset.nodes >= 2")
    for wrong, said in (
        ("MATCH (n RETURN n", "line 1"),
        ("LOAD CSV FROM 'file:///x' AS r RETURN r", "LOAD CSV"),
    ):
        ask(wrong, 400)
        expect(panel.get_by_role("alert")).to_contain_text(said)
        assert tab.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()") == wrong
    ask("UNWIND range(1, 1000000) AS i RETURN i", 200)
    expect(panel).to_contain_text("The first 1,000 rows; there are more.")
    tab.reload()
    tab.wait_for_selector(".CodeMirror")
    assert "1000000" in tab.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()")


def test_a_query_that_never_ends_is_cancelled_in_the_database_too(opened: Open, ocean_page: Page) -> None:
    tab = opened(f"/?view=query&cypher={SLOW.replace('%', '%25')}")
    tab.wait_for_selector(".CodeMirror")
    tab.get_by_role("button", name="Run").click()
    expect(tab.get_by_text("Asking…")).to_be_visible()
    tab.get_by_role("button", name="Cancel").click()
    expect(tab.get_by_text("Cancelled.")).to_be_visible()
    deadline = 50
    while ocean_page.read(f"SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery = {SLOW!r}") and deadline:
        deadline -= 1
        tab.wait_for_timeout(100)
    assert deadline, "it still runs five seconds later"


def test_a_table_is_sorted_filtered_and_saved_whole(opened: Open) -> None:
    tab = opened("/?view=browse&of=Station")
    panel = tab.locator("#panel-browse")
    panel.get_by_role("button", name="bottom_depth").click()
    expect(panel.locator("th[aria-sort=ascending]")).to_contain_text("bottom_depth")
    panel.get_by_role("button", name="bottom_depth").click()
    expect(panel.locator("th[aria-sort=descending]")).to_contain_text("bottom_depth")
    assert "sort=-bottom_depth" in tab.url
    name, text = saved(tab, panel.get_by_role("button", name="CSV"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (name, len(rows)) == ("Station.csv", 159)
    assert {row["station"] for row in rows} >= {"1", "88"}
    panel.get_by_label("Filter Station").fill(f"{CRUISE}/88")
    tab.keyboard.press("Enter")
    expect(panel.locator("tbody tr")).to_have_count(1)
    panel.locator("tbody button").first.click()
    expect(record(tab).locator("h2")).to_have_text("P02 station 88")


def test_about_says_what_it_is_where_it_comes_from_and_that_nobody_verified_it_here(opened: Open) -> None:
    panel = opened("/?view=about").locator("#panel-about")
    for said in (
        "Apache-2.0",
        "5.26.30",
        "nobody has verified it",
        "10.17882/42182",
        "The kgshare authors: oceangraph",
    ):
        expect(panel).to_contain_text(said)


def test_a_graph_of_five_hundred_nodes_is_drawn_and_can_be_thinned_out_and_saved(opened: Open) -> None:
    tab = opened(f"/?view=about&label=Dataset&key=cchdo-{CRUISE}")
    tab.get_by_label("At most").select_option("500")
    tab.wait_for_function("() => document.querySelector('#graph').dataset.nodes >= 500")
    legend = tab.locator("#graph-legend")
    expect(legend).to_contain_text("Bottle")
    legend.get_by_role("button", name="Bottle").click()
    expect(legend.get_by_role("button", name="Bottle")).to_have_attribute("aria-pressed", "false")
    with tab.expect_download() as download:
        tab.locator("#graph-png").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_lost_connection_is_said_what_was_typed_stays_and_the_page_goes_on(
    browser: Browser, ocean_page: Page
) -> None:
    tab = browser.new_page()
    tab.goto(f"{ocean_page.url}{SAMPLE_17}&tab=change")
    tab.wait_for_selector("html[data-ready]")
    record(tab).get_by_label("cfc_12_qc int").fill("4")

    def away(route: Route) -> None:
        answer = {
            "status": "database unreachable",
            "error": {"kind": "database", "message": "The database does not answer."},
        }
        route.fulfill(status=503, json=answer)

    for path in ("**/api/v1/**", "**/health"):
        tab.route(path, away)
    record(tab).get_by_role("button", name="Write to this sandbox").click()
    expect(record(tab).get_by_role("alert")).to_contain_text("does not answer")
    expect(tab.locator("#notice")).to_contain_text("What you typed stays here")
    tab.unroute_all(behavior="wait")
    expect(tab.locator("#notice")).to_be_hidden(timeout=10_000)
    expect(record(tab).get_by_label("cfc_12_qc int")).to_have_value("4")
    record(tab).get_by_role("button", name="Write to this sandbox").click()
    expect(tray(tab)).to_contain_text("cfc_12_qc 3 → 4")
    tab.close()


def test_a_page_whose_server_was_started_anew_goes_on_in_a_new_session(opened: Open) -> None:
    tab = opened("/?view=query")
    tab.context.clear_cookies()
    tab.wait_for_selector(".CodeMirror")
    expect(tab.get_by_role("button", name="Run")).to_be_enabled()
    with tab.expect_response(lambda r: r.url.endswith("/query") and r.status == 200):
        tab.get_by_role("button", name="Run").click()


@pytest.mark.parametrize(
    ("width", "scheme", "views"),
    [
        (1280, "light", ("query", "browse", "changes", "about", "questions")),
        (1280, "dark", ("query", "about")),
        (390, "light", ("query", "browse")),
        (390, "dark", ("questions", "about")),
    ],
)
def test_nothing_keeps_anybody_from_using_it(
    opened: Open, ocean_page: Page, width: int, scheme: str, views: tuple[str, ...]
) -> None:
    record_17 = {"label": "Bottle", "key": [f"{CRUISE}/88/1/17"]}
    flag: dict[str, Any] = {"do": "set", "name": "cfc_12_qc", "value": {"type": "int", "value": 4}}
    ocean_page.post("edit", {"edits": [{**flag, "record": record_17}]})
    found: dict[str, list[str]] = {}
    tab = opened(
        f"/?view=browse&of=Person&label=Bottle&key={CRUISE}/88/1/17&tab=change", width=width, scheme=scheme
    )
    record(tab).locator("form").wait_for()
    tray(tab).get_by_text("Propose these changes").click()
    found["change"] = serious(tab)
    record(tab).get_by_role("tab", name="History").click()
    for view in views:
        tab.locator(f'#tabs [data-view="{view}"]').click()
        tab.locator(f"#panel-{view} .card-head").wait_for()
        tab.wait_for_load_state("networkidle")
        found[view] = serious(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, view
    assert {view: findings for view, findings in found.items() if findings} == {}


def test_axe_would_find_a_text_that_nobody_can_read(opened: Open) -> None:
    tab = opened("/?view=about")
    tab.evaluate("document.querySelector('.lead').style.color = 'var(--raised)'")
    assert any(finding.startswith("color-contrast") for finding in serious(tab))


def test_no_motion_where_none_is_wanted_and_everything_by_keyboard(
    browser: Browser, ocean_page: Page
) -> None:
    context = browser.new_context(reduced_motion="reduce")
    tab = context.new_page()
    tab.goto(f"{ocean_page.url}{SAMPLE_17}")
    tab.wait_for_selector("html[data-ready]")
    moving = """() => [...document.querySelectorAll("*")].filter((e) => getComputedStyle(e).transitionDuration.split(",").some((d) => parseFloat(d) > 0)
        || getComputedStyle(e).animationName !== "none").map((e) => e.outerHTML.slice(0, 80))"""
    assert tab.evaluate(moving) == []
    record(tab).get_by_role("tab", name="Record").focus()
    tab.keyboard.press("ArrowRight")
    expect(record(tab).get_by_role("tab", name="History")).to_be_focused()
    expect(record(tab).get_by_role("tab", name="History")).to_have_attribute("aria-selected", "true")
    tab.keyboard.press("ArrowRight")
    flag = record(tab).get_by_label("cfc_12_qc int")
    flag.focus()
    tab.keyboard.press("Control+A")
    tab.keyboard.type("4")
    tab.keyboard.press("Enter")
    expect(tray(tab)).to_contain_text("cfc_12_qc 3 → 4")
    context.close()
