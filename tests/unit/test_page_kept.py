"""Answers of the page are kept for as long as nothing is committed to the graph, and not a moment longer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import neo4j
import pytest
from tests.unit.page_client import Client
from tests.unit.test_page_app import Table

from kgshare.page.app import STATIC, create
from kgshare.page.graphdb import Query
from kgshare.page.kept import Kept
from kgshare.page.panels import Endpoint, Panel, Parameter
from kgshare.page.settings import Project, Settings
from kgshare.page.watch import State, Watch

ONE, TWO = (State(life=1, marks=frozenset({f"FB:{n}"})) for n in (1, 2))
COUNT = "/api/v1/panels/leaf/count"


class Server:
    """A database as a table of what it answers: a bookmark, or how it fails; counts its connections and questions."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.connected = self.asked = 0
        self.slow = asyncio.Event()
        self.slow.set()

    def connect(self) -> neo4j.AsyncDriver:
        self.connected += 1
        return cast(neo4j.AsyncDriver, self)

    def session(self, **_: Any) -> Server:
        return self

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def run(self, _: str) -> Server:
        self.asked += 1
        self.answer = self.answers.pop(0)
        await self.slow.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self

    async def consume(self) -> None:
        pass

    async def last_bookmarks(self) -> neo4j.Bookmarks:
        return neo4j.Bookmarks.from_raw_values([cast(str, self.answer)])

    async def close(self) -> None:
        pass


def test_two_states_are_one_where_nothing_was_committed_between() -> None:
    async def states() -> list[State | None]:
        watch = Watch(Server("a", "a", "b").connect, "neo4j")
        return [await watch.state() for _ in range(3)]

    first, second, third = asyncio.run(states())
    assert first == second != third
    assert first is not None


def test_whoever_comes_while_a_question_is_on_its_way_gets_the_answer_to_the_next() -> None:
    async def states() -> tuple[list[State | None], int]:
        server = Server("before", "after")
        server.slow.clear()
        watch = Watch(server.connect, "neo4j")
        early = asyncio.create_task(watch.state())
        while server.asked < 1:
            await asyncio.sleep(0)
        late = [asyncio.create_task(watch.state()) for _ in range(5)]
        await asyncio.sleep(0)
        server.slow.set()
        return await asyncio.gather(early, *late), server.asked

    (early, *late), asked = asyncio.run(states())
    assert early is not None
    assert early.marks == {"before"}
    assert [s.marks for s in late if s] == [{"after"}] * 5
    assert asked == 2


def test_who_hangs_up_takes_the_question_from_nobody_else() -> None:
    async def states() -> State | None:
        server = Server("a")
        server.slow.clear()
        watch = Watch(server.connect, "neo4j")
        gone, stays = (asyncio.create_task(watch.state()) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        server.slow.set()
        return await stays

    state = asyncio.run(states())
    assert state is not None
    assert state.marks == {"a"}


def test_after_a_lost_connection_the_same_number_is_another_state() -> None:
    """A sandbox that was reset counts its transactions from where it did before."""

    async def states() -> tuple[list[State | None], int]:
        server = Server("7", OSError("gone"), "7")
        watch = Watch(server.connect, "neo4j")
        return [await watch.state() for _ in range(3)], server.connected

    (before, during, after), connected = asyncio.run(states())
    assert during is None
    assert before is not None
    assert after is not None
    assert before.marks == after.marks
    assert before != after
    assert connected == 2


def test_a_database_that_does_not_tell_within_its_time_has_no_known_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kgshare.page.watch.PATIENCE", 0.02)

    async def state() -> State | None:
        server = Server("never")
        server.slow.clear()
        return await Watch(server.connect, "neo4j").state()

    assert asyncio.run(state()) is None


def test_what_was_kept_is_forgotten_with_another_state_and_late_answers_are_not_taken() -> None:
    kept = Kept()
    assert kept.get(ONE, "a") is None
    kept.put(ONE, "a", b"1")
    assert kept.get(ONE, "a") == b"1"
    assert kept.get(TWO, "a") is None
    kept.put(ONE, "a", b"1")
    assert kept.get(TWO, "a") is None
    assert kept.tag(ONE) != kept.tag(TWO)
    assert kept.tag(ONE) != Kept().tag(ONE)


def test_what_was_used_last_stays_where_there_is_not_room_for_all() -> None:
    kept = Kept(most=10)
    kept.get(ONE, "")
    for name in "abc":
        kept.put(ONE, name, b"1234")
        kept.get(ONE, "a")
    assert [name for name in "abc" if kept.get(ONE, name)] == ["a", "c"]
    kept.put(ONE, "large", bytes(11))
    assert kept.get(ONE, "large") is None


def _counting(kept: bool) -> tuple[Client, Table, list[str]]:
    asked: list[str] = []

    async def count(_: Query, given: Mapping[str, str]) -> dict[str, Any]:
        asked.append(given["of"])
        return {"asked": len(asked)}

    endpoint = Endpoint(
        path="count", summary="Count.", handler=count, kept=kept,
        parameters=(Parameter(name="of", description="What.", default="x"),),
    )  # fmt: skip
    panel = Panel(
        name="leaf", title="Leaf", static=STATIC, module="leaf.js", view="leaf", view_title="Leaf", endpoints=(endpoint,)
    )  # fmt: skip
    graph = Table({})
    return Client(create(Settings(project=Project(name="herbarium")), (panel,), graph)), graph, asked


def test_an_answer_is_kept_for_its_address_until_the_state_is_another() -> None:
    client, graph, asked = _counting(kept=True)
    graph.told = ONE
    first, again, other = (client.get(COUNT + query) for query in ("", "", "?of=y"))
    assert (first.content, other.json()) == (again.content, {"asked": 2})
    assert asked == ["x", "y"]
    graph.told = TWO
    assert client.get(COUNT).json() == {"asked": 3}
    assert client.get(COUNT).headers["content-type"] == "application/json"


def test_a_browser_that_has_the_answer_of_this_state_is_told_so() -> None:
    client, graph, asked = _counting(kept=True)
    graph.told = ONE
    tag = client.get(COUNT).headers["etag"]
    same = client.get(COUNT, headers={"if-none-match": tag})
    assert (same.status_code, same.content, same.headers["cache-control"]) == (304, b"", "no-cache")
    graph.told = TWO
    assert client.get(COUNT, headers={"if-none-match": tag}).json() == {"asked": 2}
    assert asked == ["x", "x"]


@pytest.mark.parametrize(("kept", "told"), [(True, None), (False, ONE)])
def test_nothing_is_kept_where_the_state_is_not_known_or_the_answer_follows_from_more(
    kept: bool, told: State | None
) -> None:
    client, graph, asked = _counting(kept=kept)
    graph.told = told
    answers = [client.get(COUNT) for _ in range(2)]
    assert [a.json() for a in answers] == [{"asked": 1}, {"asked": 2}]
    assert "etag" not in answers[1].headers
    assert len(asked) == 2


def test_a_refusal_is_never_kept() -> None:
    client, graph, _ = _counting(kept=True)
    graph.told = ONE
    assert client.get(f"{COUNT}?off=x").status_code == 400
    assert client.get(f"{COUNT}?off=x", headers={"if-none-match": '"x"'}).status_code == 400
