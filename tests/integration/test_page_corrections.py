"""The page's corrections, history and queries on a real Neo4j with the ocean graph: what is written, and what can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.page_server import CRUISE, DIGEST, Page

from kgshare.changes import parse_change_set
from kgshare.changes.model import Property

pytestmark = pytest.mark.neo4j

BOTTLE = {"label": "Bottle", "key": [f"{CRUISE}/88/1/17"]}
FLAG = {"do": "set", "record": BOTTLE, "name": "cfc_12_qc", "value": {"type": "int", "value": 4}, "was": "3"}
PROPOSAL = {
    "title": "Flag 17",
    "reason": "It stands out.",
    "author": "Ann <ann@example.org>",
    "references": ["doi:10.1/x"],
}


@pytest.fixture
def page(ocean_page: Page) -> Iterator[Page]:
    """The page without edits, and without them again."""
    yield ocean_page
    status, answer = ocean_page.post("undo", {})
    assert (status, answer["edits"]) == (200, [])


def value(page: Page, name: str, record: dict[str, Any] = BOTTLE) -> Any:
    _, found = page.get("record", **record)
    return next((p["value"] for p in found["record"]["properties"] if p["name"] == name), None)


def kinds(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (e["kind"], e["record"]["label"] if e["record"] else e["relationship"]["type"])
        for e in answer["edits"]
    ]


def test_an_edit_is_in_the_graph_at_once_and_undo_takes_it_back(page: Page) -> None:
    status, answer = page.post("edit", {"edits": [FLAG]})
    (edit,) = answer["edits"]
    assert (status, edit["before"], edit["after"]) == (
        200,
        {"type": "int", "value": 3},
        {"type": "int", "value": 4},
    )
    assert edit["record"]["title"] == "P02 station 88 sample 17"
    assert value(page, "cfc_12_qc") == 4
    assert page.get("edits")[1]["edits"] == [edit]
    assert page.post("undo", {"edits": [0], "of": 1})[1]["edits"] == []
    assert value(page, "cfc_12_qc") == 3


def test_two_edits_of_one_value_are_one_change_and_back_again_is_none(page: Page) -> None:
    page.post("edit", {"edits": [FLAG]})
    five = {**FLAG, "value": {"type": "int", "value": 5}, "was": "4"}
    (edit,) = page.post("edit", {"edits": [five]})[1]["edits"]
    assert (edit["before"]["value"], edit["after"]["value"]) == (3, 5)
    back = {**FLAG, "value": {"type": "int", "value": 3}, "was": "5"}
    assert page.post("edit", {"edits": [back]})[1]["edits"] == []


def test_an_edit_of_what_is_no_longer_as_it_was_seen_is_refused_and_nothing_written(page: Page) -> None:
    salinity = {**FLAG, "name": "ctd_salinity_qc", "was": "2"}
    status, answer = page.post("edit", {"edits": [salinity, {**FLAG, "was": "2"}]})
    assert (status, answer["error"]["kind"]) == (409, "conflict")
    assert "it is 3 by now" in answer["error"]["message"]
    assert value(page, "ctd_salinity_qc") == 2


@pytest.mark.parametrize(
    ("edit", "status", "said"),
    [
        ({**FLAG, "value": {"type": "int", "value": "four"}}, 400, "whole number"),
        ({**FLAG, "value": {"type": "date", "value": "2014-7-1"}}, 400, "2014-07-24"),
        ({**FLAG, "value": {"type": "flag", "value": 4}}, 400, "type"),
        ({**FLAG, "name": "id"}, 400, "makes the record the one it is"),
        ({**FLAG, "record": {"label": "Bottle", "key": ["nothing"]}}, 404, "no Bottle nothing"),
        ({**FLAG, "record": {"label": "Nothing", "key": ["1"]}}, 400, "not a record"),
        ({"do": "add", "label": "Ship", "properties": {}}, 400, "code is missing"),
        (
            {"do": "add", "label": "Ship", "properties": {"code": {"type": "string", "value": "318M"}}},
            409,
            "quicker",
        ),
        (
            {"do": "add", "relationship": {"type": "TOOK_PART_IN", "start": BOTTLE, "end": BOTTLE}},
            400,
            "role is missing",
        ),
        ({"do": "delete everything"}, 400, "set, add or remove"),
    ],
)
def test_an_edit_that_is_none_is_refused_with_what_is_wrong(
    page: Page, edit: Any, status: int, said: str
) -> None:
    found, answer = page.post("edit", {"edits": [edit]})
    assert (found, said in answer["error"]["message"]) == (status, True), answer


def test_a_record_goes_with_its_relationships_and_comes_back_with_them(page: Page) -> None:
    person = {"label": "Person", "key": ["Dong-Ha Min"]}
    _, before = page.get("record", **person)
    status, answer = page.post("edit", {"edits": [{"do": "remove", "record": person}]})
    assert status == 200
    assert kinds(answer).count(("removed", "Person")) == 1
    assert len(answer["edits"]) == 1 + sum(g["total"] for g in before["neighbours"])
    assert page.get("record", **person)[0] == 404
    assert page.get("history", **person)[1]["edits"][0]["kind"] == "removed"
    node = next(i for i, e in enumerate(answer["edits"]) if e["record"])
    assert page.post("undo", {"edits": [node], "of": len(answer["edits"])})[1]["edits"] == []
    assert page.get("record", **person)[1] == before


def test_a_new_record_is_connected_and_undoing_it_takes_the_relationship_along(page: Page) -> None:
    name = {"name": {"type": "string", "value": "Zo\u00eb <b>"}}
    link = {
        "type": "TOOK_PART_IN",
        "start": {"label": "Person", "key": ["Zo\u00eb <b>"]},
        "end": {"label": "Cruise", "key": [CRUISE]},
    }
    page.post("edit", {"edits": [{"do": "add", "label": "Person", "properties": name}]})
    role = {"role": {"type": "string", "value": "watch"}}
    status, answer = page.post(
        "edit", {"edits": [{"do": "add", "relationship": {**link, "properties": role}}]}
    )
    assert (status, kinds(answer)) == (200, [("added", "Person"), ("added", "TOOK_PART_IN")])
    assert page.post("undo", {"edits": [0], "of": 2})[1]["edits"] == []


def test_a_proposal_is_the_file_that_the_command_line_writes(page: Page) -> None:
    page.post("edit", {"edits": [FLAG]})
    status, made = page.post("propose", PROPOSAL)
    assert (status, made["changes"]) == (200, 1)
    found = parse_change_set(made["text"].encode(), made["file"])
    assert found.changes == (Property(f'(:Bottle {{id: "{CRUISE}/88/1/17"}})', "cfc_12_qc", "3", "4"),)
    assert (found.title, found.author, found.baseline) == (
        "Flag 17",
        "Ann <ann@example.org>",
        f"sha256:{DIGEST}",
    )
    assert any(step["command"] == f"oceangraph derive {made['file']}" for step in made["next"])
    assert value(page, "cfc_12_qc") == 4  # proposing takes nothing back


def test_nothing_and_nonsense_are_no_proposal(page: Page) -> None:
    assert page.post("propose", PROPOSAL)[1]["error"]["message"] == "nothing was changed in this sandbox"
    page.post("edit", {"edits": [FLAG]})
    for wrong in ({"title": " "}, {"reason": ""}, {"title": "two\nlines"}, {"author": ""}):
        assert page.post("propose", {**PROPOSAL, **wrong})[0] == 400


def test_what_was_written_over_elsewhere_is_no_longer_listed(page: Page) -> None:
    page.post("edit", {"edits": [FLAG]})
    page.write("MATCH (b:Bottle {id: $id}) SET b.cfc_12_qc = 3", id=BOTTLE["key"][0])  # as a reset does
    answer = page.get("edits")[1]
    assert (answer["edits"], answer["dropped"]) == ([], 1)


def test_the_history_says_who_when_why_and_where_upstream_has_it_from(page: Page) -> None:
    _, found = page.get("history", label="Bottle", key=f"{CRUISE}/88/1/15", name="cfc_12_qc")
    (change,) = found["changes"]
    assert (change["before"]["value"], change["after"]["value"]) == (2, 4)
    made = change["change_set"]
    assert (made["author"], made["date"][:10]) == ("RJL (SIOCCH)", "2014-07-24")
    assert "Dong-Ha Min" in made["reason"]
    (source,) = found["sources"]
    assert (source["label"], source["key"]) == ("Dataset", [f"cchdo-{CRUISE}"])
    assert {p["name"] for p in source["by"]} >= {"file", "line"}
    one = page.get("change-set", name=made["name"])[1]
    assert len(one["change"]) == made["changes"] == 2
    assert parse_change_set(one["text"].encode(), f"{made['name']}.toml").title == made["title"]


def test_derived_facts_that_rest_on_a_value_are_named(page: Page) -> None:
    of = {"label": "Bottle", "key": f"{CRUISE}/88/1/30"}
    titles = [r["title"] for r in page.get("consequences", **of, name="ctd_salinity_qc")[1]["rests"]]
    assert any(title.startswith("sigma0") for title in titles)
    assert page.get("consequences", **of, name="cfc_12_qc")[1]["rests"] == []


@pytest.mark.parametrize(
    ("cypher", "said"),
    [
        ("LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row", "LOAD CSV"),
        ("LOAD /* so */ CSV FROM $x AS row RETURN row", "LOAD CSV"),
        (
            "MATCH (n) CALL (n) { LOAD CSV FROM 'https://x.invalid/' AS row RETURN row } RETURN row",
            "LOAD CSV",
        ),
        ("MATCH (n) DETACH DELETE n", "propose"),
        ("CALL db.createLabel('X')", "db.createLabel"),
        ("CALL dbms.listConfig() YIELD name RETURN name", "dbms.listConfig"),
        ("CREATE USER eve SET PASSWORD 'abcdefgh'", "server"),
        ("MATCH (n RETURN n", "line 1, column"),
        ("RETURN 1; RETURN 2", "one statement"),
        ("RETURN $missing", "missing"),
    ],
)
def test_a_query_that_does_not_only_read_the_graph_is_refused_with_the_reason(
    page: Page, cypher: str, said: str
) -> None:
    status, answer = page.post("query", {"cypher": cypher})
    assert (status, answer["error"]["kind"]) == (400, "question")
    assert said in answer["error"]["message"]


def test_a_million_rows_are_a_thousand_and_one_huge_value_is_cut(page: Page) -> None:
    _, rows = page.post("query", {"cypher": "UNWIND range(1, 1000000) AS i RETURN i"})
    assert (len(rows["rows"]), rows["more"], rows["cut"]) == (1000, True, "rows")
    _, huge = page.post("query", {"cypher": "RETURN range(1, 100000) AS r"})
    assert (len(huge["rows"][0][0]["value"]), huge["rows"][0][0]["cut"]) == (200, 99800)
    _, wide = page.post(
        "query",
        {"cypher": "UNWIND range(1, 1000) AS i RETURN reduce(s = 'x', x IN range(1, 14) | s + s) AS s"},
    )
    assert (wide["more"], wide["cut"]) == (True, "size")


def test_a_query_that_wants_all_memory_is_refused_and_the_database_goes_on(page: Page) -> None:
    status, answer = page.post("query", {"cypher": "UNWIND range(1, 50000000) AS i RETURN collect(i)"})
    assert (status, "memory" in answer["error"]["message"]) == (400, True)
    assert page.post("query", {"cypher": "RETURN 1 AS one"})[0] == 200


def test_the_graph_of_an_answer_has_its_nodes_and_what_is_between_them(page: Page) -> None:
    _, answer = page.post(
        "query",
        {"cypher": f"MATCH (b:Bottle)-[:SAMPLED_BY]->(c:Cast {{id: '{CRUISE}/88/1'}}) RETURN b, c LIMIT 5"},
    )
    graph = answer["graph"]
    assert (len(graph["nodes"]), len(graph["edges"])) == (6, 5)
    assert page.post("query", {"cypher": "RETURN 1 AS one"})[1]["graph"] is None


def test_a_table_is_sorted_filtered_and_paged(page: Page) -> None:
    _, down = page.get("table", label="Bottle", sort="cfc_12", order="down", limit=2, filter="/88/1/")
    cfc = down["columns"].index("cfc_12")
    found = [row["values"][cfc] for row in down["rows"]]
    assert all("/88/1/" in row["key"][0] for row in down["rows"])
    assert down["next"] == 2
    assert found[0] is None or found[0]["value"] >= found[1]["value"]
    assert page.get("table", label="Bottle", sort="no such thing")[0] == 400


def test_the_bundle_says_licence_digest_sources_and_how_to_cite(page: Page) -> None:
    _, bundle = page.get("bundle")
    assert (bundle["licence"], bundle["baseline"], bundle["verified"]) == (
        "Apache-2.0",
        f"sha256:{DIGEST}",
        None,
    )
    assert bundle["cite"].startswith("The kgshare authors: oceangraph")
    cited = {p["value"] for s in bundle["sources"] for p in s["properties"] if p["name"] == "citation"}
    assert any("10.17882/42182" in citation for citation in cited)
