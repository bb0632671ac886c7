"""Questions on a real Neo4j: asked by the command line's door, by the seed stage and by the page; none of them can write."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path

import pytest
from tests.integration.page_server import Page, serve, settings

from kgshare.doors.bolt import reading
from kgshare.errors import SeedError, StackError
from kgshare.page.graphdb import Graph, QueryRefused
from kgshare.page.settings import Settings
from kgshare.questions import Parameter, Question, to_data
from kgshare.questions.ask import ask
from kgshare.seeding.questions import check_questions
from kgshare.seeding.server import Server, free_port

pytestmark = pytest.mark.neo4j

NUMBERS = Question(
    name="numbers",
    question="Which numbers are there from a first one on?",
    cypher="UNWIND range($first, 2000) AS number RETURN number, date('2013-04-21') AS day",
    parameters=(
        Parameter(name="first", type="int", default="1999", choices_cypher="UNWIND [1, 1999] AS n RETURN n"),
    ),
    expect=([1999, "2013-04-21"], {"number": 2000}),
)
STATION = Question(
    name="station",
    question="Which station has a number?",
    cypher="MATCH p = (s:Station {id: '318M20130321/' + $number})-[r:OCCUPIED_BY]->(c) RETURN s, r, p, {c: c} AS c, null AS n",
    parameters=(Parameter(name="number", default="88"),),
)
WRITES = Question(name="writes", question="Can it write?", cypher="CREATE (n:Leak) RETURN n")


def test_the_door_asks_with_defaults_or_what_was_typed_and_stops_at_the_limit(ocean_database: Server) -> None:
    with reading(ocean_database.uri, user="neo4j", password="") as session:
        answer = ask(session, NUMBERS)
        assert (answer.columns, [row[0] for row in answer.rows], answer.more) == (
            ("number", "day"),
            [1999, 2000],
            False,
        )
        few = ask(session, NUMBERS, {"first": "1"}, rows=3)
        assert ([row[0] for row in few.rows], few.more) == ([1, 2, 3], True)
        none = ask(session, NUMBERS, {"first": "2001"})
        assert (none.columns, none.rows) == (("number", "day"), ())


def test_a_question_can_neither_write_nor_run_on(ocean_database: Server) -> None:
    endless = Question(
        name="endless", question="?", cypher="UNWIND range(1, 10000000000) AS i RETURN count(i)"
    )
    with reading(ocean_database.uri, user="neo4j", password="") as session:
        with pytest.raises(StackError, match=r"[Ww]riting in read access mode"):
            ask(session, WRITES)
        with pytest.raises(StackError, match=r"stopped after 0\.5 seconds"):
            ask(session, endless, seconds=0.5)
        assert list(session.stream("MATCH (n:Leak) RETURN n", {})) == []


def test_the_seed_stage_passes_what_is_expected_and_names_each_question_that_is_not(
    ocean_database: Server,
) -> None:
    check_questions(ocean_database.uri, (NUMBERS, STATION))
    other = dataclasses.replace(NUMBERS, name="other", expect=([1999, "2013-04-21"], [2000, "2013-04-22"]))
    empty = dataclasses.replace(STATION, name="empty", parameters=(Parameter(name="number", default="9999"),))
    broken = Question(name="broken", question="?", cypher="MATCH (n RETURN n")
    with pytest.raises(SeedError) as caught:
        check_questions(ocean_database.uri, (other, NUMBERS, empty, WRITES, broken))
    said = [str(problem) for problem in caught.value.problems]
    assert said[0] == 'question other: row 2: day is date("2013-04-21"), not "2013-04-22"'
    assert said[1] == "question empty: no rows; where that is the answer, say `expect: []`"
    assert said[2].startswith("question writes: its query failed: Writing in read access mode")
    assert said[2].endswith("a question may only read")
    assert said[3].startswith("question broken: its query failed: Invalid input")
    assert len(said) == 4


def test_the_page_refuses_to_write_as_well(ocean_database: Server) -> None:
    async def tried() -> None:
        graph = Graph(ocean_database.uri, "neo4j", None)
        try:
            with pytest.raises(QueryRefused, match=r"[Ww]riting in read access mode"):
                await graph.ask(WRITES.cypher, {}, rows=1)
            assert await graph.status() == "ok"
        finally:
            await graph.close()

    asyncio.run(tried())


def test_the_page_answers_with_records_that_can_be_opened(ocean_database: Server, tmp_path: Path) -> None:
    chosen = settings(tmp_path, ocean_database, None)
    page = _served(chosen, (NUMBERS, STATION))
    for one in serve(page, ocean_database):
        _station_is_answered(one)


def _served(chosen: Settings, questions: tuple[Question, ...]) -> Settings:
    project = dataclasses.replace(chosen.project, questions=questions)
    assert json.dumps(to_data(questions))
    return dataclasses.replace(chosen, project=project, host="127.0.0.1", port=free_port())


def _station_is_answered(page: Page) -> None:
    status, answer = page.get("questions/station", number="88")
    assert (status, answer["columns"]) == (200, ["s", "r", "p", "c", "n"])
    [[station, relationship, path, cruise, nothing]] = answer["rows"]
    assert station["value"]["key"] == ["318M20130321/88"]
    opened, _ = page.get("record", label=station["value"]["label"], key=station["value"]["key"])
    assert opened == 200
    assert (relationship["type"], relationship["name"]) == ("relationship", "OCCUPIED_BY")
    assert [part["type"] for part in path["value"]] == ["record", "relationship", "record"]
    assert cruise["value"]["c"]["value"]["label"] == "Cruise"
    assert nothing == {"type": "null", "value": None}
    assert page.get("questions/station", number="0")[1]["rows"] == []
    _, choices = page.get("question-choices", question="numbers", parameter="first")
    assert choices == {"choices": [1, 1999]}
    assert page.get("questions/numbers", first="one")[0] == 400
