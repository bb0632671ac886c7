"""A project made of a dump with APOC and no application: in containers and without, its page and Neo4j Browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import neo4j
import pytest
from neo4j.exceptions import ClientError
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Page as Tab
from tests.e2e.command_line import works

pytestmark = [pytest.mark.docker, pytest.mark.browser]


@pytest.fixture(scope="module", params=["containers", "local"])
def stack(request: pytest.FixtureRequest, bakery_bundle: Path) -> Iterator[dict[str, Any]]:
    """The stack's status, running in containers and then as processes."""
    name = f"e2e-bakery-{request.param}"
    how = ["--local", "--yes"] if request.param == "local" else []
    try:
        up = works("up", *how, bakery_bundle, "--name", name, "--no-open", "--json").result
        status = works("status", "--name", name, "--json").result["stacks"][0]
        assert status["browser"] == up["browser"]
        yield status
    finally:
        works("down", "--name", name, "--volumes")


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chrome: Browser) -> Iterator[Tab]:
    """A tab that was answered by nobody but this machine."""
    context = chrome.new_context(viewport={"width": 1280, "height": 900})
    answered: list[str] = []
    page = context.new_page()
    page.on("response", lambda r: answered.append(r.url))
    yield page
    context.close()
    assert answered
    assert [url for url in answered if not url.startswith(("http://127.0.0.1:", "blob:", "data:"))] == []


def root(stack: dict[str, Any]) -> str:
    return str(stack["url"]).partition("/?")[0]


def password(stack: dict[str, Any]) -> str:
    return Path(stack["password_file"]).read_text().strip()


def answer(stack: dict[str, Any], question: str, **parameters: object) -> Any:
    address = f"{root(stack)}/api/v1/questions/{question}?{urlencode(parameters)}"
    with urlopen(address, timeout=30) as found:
        return json.load(found)


def test_a_question_calls_what_the_manifest_allows_of_apoc(stack: dict[str, Any]) -> None:
    rows = answer(stack, "spelt-alike")["rows"]
    assert [[cell["value"] for cell in row] for row in rows] == [["Roggenbrot", "Roggenbrötchen", 0.64]]
    assert len(answer(stack, "spelt-alike", least=0.2)["rows"]) > 1


def test_what_the_manifest_does_not_allow_of_apoc_cannot_be_called(stack: dict[str, Any]) -> None:
    with neo4j.GraphDatabase.driver(stack["bolt"], auth=("neo4j", password(stack))) as driver:
        assert driver.execute_query("RETURN apoc.text.slug('a b') AS s").records[0]["s"] == "a-b"
        for forbidden in ("RETURN apoc.convert.toJson({a: 1})", "CALL apoc.load.json('file:///etc/passwd')"):
            with pytest.raises(ClientError, match="apoc"):
                driver.execute_query(forbidden)  # type: ignore[arg-type]


def test_the_page_asks_the_question_and_leads_to_records_with_an_address_to_paste(
    stack: dict[str, Any], tab: Tab
) -> None:
    tab.goto(stack["url"])
    panel = tab.locator("#panel-questions")
    expect(panel.locator("h3")).to_have_text("Which breads contain an ingredient, and how much of it?")
    expect(panel.locator("tbody tr")).to_have_count(4)
    panel.locator("input").fill("olive oil")
    panel.get_by_role("button", name="Ask").click()
    expect(panel.locator("tbody tr")).to_have_count(2)
    assert "p.ingredient=olive+oil" in tab.url
    panel.get_by_role("button", name="Focaccia").click()
    expect(tab.locator("#record h2")).to_have_text("Focaccia")
    expect(tab.locator("#record")).to_contain_text("contains")
    expect(tab.locator("#graph-card")).to_be_visible()
    again = tab.context.new_page()
    again.goto(tab.url)
    expect(again.locator("#panel-questions tbody tr")).to_have_count(2)
    expect(again.locator("#record h2")).to_have_text("Focaccia")


def test_the_page_has_search_and_records_and_says_what_is_wrong_with_a_parameter(
    stack: dict[str, Any], tab: Tab
) -> None:
    tab.goto(root(stack) + "/?view=questions&question=spelt-alike&p.least=much")
    expect(tab.locator("#panel-questions .problem")).to_contain_text("least: 'much' is not a number")
    tab.locator("#q").fill("pumper")
    tab.keyboard.press("Enter")
    expect(tab.locator("#found")).to_contain_text("Pumpernickel")
    tab.get_by_role("link", name="Records").click()
    tab.locator("#panel-browse button[data-label=Ingredient]").click()
    tab.locator("#panel-browse").get_by_role("button", name="honey").click()
    expect(tab.locator("#record h2")).to_have_text("honey")


def test_neo4j_browser_loads_connects_with_the_stacks_password_and_runs_a_query(
    stack: dict[str, Any], tab: Tab
) -> None:
    tab.goto(stack["url"])
    link = tab.get_by_role("link", name="Neo4j Browser")
    assert link.get_attribute("href") == stack["browser"]
    tab.goto(stack["browser"])
    tab.locator("input[type=password]").fill(password(stack))
    tab.get_by_role("button", name="Connect", exact=True).click()
    expect(tab.get_by_text("neo4j$").first).to_be_visible(timeout=30_000)
    tab.locator(".monaco-editor textarea").first.focus()
    tab.keyboard.type("MATCH (b:Bread) RETURN count(b) * 1000 AS breads")
    tab.keyboard.press("Control+Enter")
    expect(tab.get_by_text("9000").first).to_be_visible(timeout=30_000)


def test_the_http_port_serves_the_browser_and_no_way_to_the_data(stack: dict[str, Any]) -> None:
    address = str(stack["browser"]).partition("/browser/")[0]
    with urlopen(f"{address}/browser/") as found:
        policy = found.headers["content-security-policy"]
    assert "connect-src 'self' ws://127.0.0.1:*" in policy
    assert "https:" not in policy
    for path in ("/db/neo4j/tx", "/db/neo4j/query/v2", "/db/manage"):
        with pytest.raises(OSError, match="404"):
            urlopen(address + path)


def test_a_dump_becomes_a_project_whose_page_shows_what_was_in_it(
    bakery_bundle: Path, tmp_path: Path
) -> None:
    project = tmp_path / "from-dump"
    works("init", project, "--from", bakery_bundle.parent / "data" / "bakery.dump")
    up = works("up", "--local", "--yes", project, "--name", "e2e-dump", "--no-open", "--json").result
    try:
        assert (up["nodes"], up["relationships"]) == (19, 45)
        address = f"{up['url'].rstrip('/')}/api/v1/record?label=Bread&key=Focaccia"
        with urlopen(address) as answer_:
            groups = json.load(answer_)["neighbours"]
        [contains] = [group for group in groups if group["type"] == "CONTAINS"]
        assert {item["title"] for item in contains["items"]} >= {"olive oil", "wheat flour"}
    finally:
        works("down", "--name", "e2e-dump", "--volumes")
