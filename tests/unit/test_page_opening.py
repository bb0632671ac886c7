"""What the page asks first is named in its document and made ready before the page says that it is."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.page_client import Client
from tests.unit.test_page_app import Table

from kgshare.page.answers import Answers
from kgshare.page.api import Api
from kgshare.page.app import STATIC, create
from kgshare.page.graphdb import DatabaseAway, Query
from kgshare.page.opening import Opening, first_calls
from kgshare.page.panels import Endpoint, Hooks, Panel, Parameter
from kgshare.page.settings import Project, Settings
from kgshare.page.watch import State

OPEN = "/?view=leaf&sheet=a b&of=x"


class Leaf:
    """A project's panels, which note what they were asked, and fail as they are told."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.fails = fails
        self.asked: list[dict[str, str]] = []
        sheet = Parameter(name="sheet", description="Which.", required=True)
        size = Parameter(name="size", description="How large.", default="3")
        endpoints = (
            Endpoint(path="late", summary="Not first.", handler=self.answer, parameters=(sheet,), kept=True),
            Endpoint(
                path="sheet",
                summary="First.",
                handler=self.answer,
                parameters=(sheet, size),
                kept=True,
                first=True,
            ),
        )
        self.panels = tuple(
            Panel(name=name, title=name, static=STATIC, module="x.js", view=name, view_title=name, endpoints=endpoints)
            for name in ("leaf", "root")
        )  # fmt: skip

    async def answer(self, _: Query, given: Mapping[str, str]) -> dict[str, Any]:
        if self.fails is not None:
            raise self.fails
        self.asked.append(dict(given))
        return {"size": given["size"]}


def test_first_is_what_the_view_of_the_address_asks_with_the_parameters_of_the_address() -> None:
    panels = Leaf().panels
    assert list(first_calls(panels, {"sheet": "a b", "of": "x"})) == ["panels/leaf/sheet?sheet=a+b&size=3"]
    assert list(first_calls(panels, {"view": "root", "sheet": "1", "size": "9"})) == [
        "panels/root/sheet?sheet=1&size=9"
    ]
    assert list(first_calls(panels, {"view": "leaf"})) == []
    assert list(first_calls(panels, {"view": "about", "sheet": "1"})) == []


def test_the_document_says_what_the_page_is_and_names_its_first_calls_as_text_and_never_as_markup() -> None:
    leaf = Leaf()
    project = Project(name='<b>&"', nodes={"Plant": ("id",)})
    client = Client(create(Settings(project=project), leaf.panels, Table({})))
    markup = client.get("/?view=leaf&sheet=%22%3E%3Cscript%3E").text
    assert "<b>" not in markup
    assert "<script>" not in markup
    (said,) = re.findall(r'<meta name="kgshare-page" content="([^"]+)">', markup)
    page = json.loads(html.unescape(said))
    assert (page["project"]["name"], page["labels"]) == ('<b>&"', ["Plant"])
    assert page["csrf"]
    (first,) = re.findall(r'<link rel="preload" as="fetch" crossorigin href="([^"]+)">', markup)
    assert client.get(html.unescape(first)).json() == {"size": "3"}
    assert leaf.asked == [{"sheet": '"><script>', "size": "3"}]


def _opened(leaf: Leaf, graph: Table, hooks: Hooks) -> tuple[list[str], Opening]:
    async def statuses() -> tuple[list[str], Opening]:
        settings = Settings(project=Project(name="herbarium", nodes={"Plant": ("id",)}, open=OPEN))
        routes = Api(settings, leaf.panels, hooks).routes()
        opening = Opening(Answers(graph), routes, leaf.panels, hooks, OPEN)
        before = await opening.status()
        task = opening.start()
        during = await opening.status()
        await task
        return [before, during, await opening.status()], opening

    return asyncio.run(statuses())


@pytest.mark.parametrize("fails", [None, DatabaseAway("gone"), KeyError("a defect")])
def test_the_page_is_starting_until_its_first_answers_are_at_hand_and_no_failure_keeps_it_from_being_ready(
    fails: Exception | None,
) -> None:
    leaf, graph = Leaf(fails), Table({"CALL db.stats": DatabaseAway("gone"), "MATCH (n:`Plant`)": []})
    graph.told = State(life=1, marks=frozenset())
    statuses, opening = _opened(leaf, graph, Hooks(opens=lambda address: [("Plant", (address["of"],))]))
    assert statuses == ["ok", "starting", "ok"]
    assert opening.ready
    assert leaf.asked == ([] if fails else [{"sheet": "a b", "size": "3"}])
    (plant,) = (given for cypher, given in graph.asked if cypher.startswith("MATCH (n:`Plant`)"))
    assert plant["key0"] == ["x"]
