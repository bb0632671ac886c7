"""The page's API on a real Neo4j with the ocean graph."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import threading
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import neo4j
import pytest
from tests.integration.page_server import CRUISE, Page, serve, settings

from kgshare.page.graphdb import DatabaseAway, Graph, TooLong
from kgshare.seeding.server import Install, Server, free_port, start_server

pytestmark = pytest.mark.neo4j

BOTTLE = f"{CRUISE}/88/1/2"


def test_a_record_has_typed_properties_and_neighbours_by_type_and_direction(ocean_page: Page) -> None:
    status, answer = ocean_page.get("record", label="Bottle", key=BOTTLE)
    assert status == 200
    record, properties = answer["record"], {p["name"]: p for p in answer["record"]["properties"]}
    assert (record["label"], record["key"], record["labels"]) == ("Bottle", [BOTTLE], ["Bottle"])
    assert properties["cfc_12"] == {"name": "cfc_12", "type": "float", "value": 8.172}
    assert properties["cfc_12_qc"] == {"name": "cfc_12_qc", "type": "int", "value": 4}
    assert properties["pressure"]["value"] == 5384.8
    groups = {(g["type"], g["direction"]): g for g in answer["neighbours"]}
    assert groups["SAMPLED_BY", "out"]["items"][0]["key"] == [f"{CRUISE}/88/1"]
    assert groups["DERIVED_FROM", "out"]["items"][0]["label"] == "Dataset"
    assert all(g["total"] == len(g["items"]) for g in answer["neighbours"])


def test_no_internal_id_leaves_the_page(ocean_page: Page) -> None:
    for path in ("record", "graph"):
        _, answer = ocean_page.get(path, label="Station", key=f"{CRUISE}/88")
        assert "element" not in json.dumps(answer).lower()
        assert not [v for v in _strings(answer) if v.startswith("4:")]


def test_pages_of_neighbours_neither_overlap_nor_leave_one_out(ocean_page: Page) -> None:
    named: dict[str, Any] = {
        "label": "Cast",
        "key": f"{CRUISE}/88/1",
        "type": "SAMPLED_BY",
        "direction": "in",
    }
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        status, page = ocean_page.get("neighbours", **named, offset=offset, limit=10)
        assert status == 200
        found += [item["key"][0] for item in page["items"]]
        offset = page["next"]
    assert len(found) == len(set(found)) == page["total"]
    assert {f"{CRUISE}/88/1/{n}" for n in (2, 15, 17)} <= set(found)


def test_the_graph_around_a_record_holds_it_and_what_is_near(ocean_page: Page) -> None:
    _, near = ocean_page.get("graph", label="Bottle", key=BOTTLE)
    nodes = {n["id"]: n for n in near["nodes"]}
    assert nodes[near["centre"]]["key"] == [BOTTLE]
    assert {"Cast", "Dataset"} <= {n["label"] for n in nodes.values()}
    assert all({e["source"], e["target"]} <= nodes.keys() for e in near["edges"])
    assert (near["centre"], "SAMPLED_BY") in {(e["source"], e["type"]) for e in near["edges"]}
    _, far = ocean_page.get("graph", label="Bottle", key=BOTTLE, depth=3, limit=200)
    assert {"Station"} <= {n["label"] for n in far["nodes"]}
    assert len(nodes) < len(far["nodes"]) <= 200


def test_a_record_with_thousands_of_neighbours_is_drawn_within_the_limit(ocean_page: Page) -> None:
    _, answer = ocean_page.get("graph", label="Dataset", key="argo-index", depth=2, limit=50)
    assert 10 < len(answer["nodes"]) <= 50
    assert answer["neighbours"] > 2000


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        (f"{CRUISE}/88", ("Station", [f"{CRUISE}/88"])),
        ("2902696", ("Float", ["2902696"])),
        ("P02", ("Section", ["P02"])),
        ("Dong-Ha", ("Person", ["Dong-Ha Min"])),
    ],
)
def test_what_was_typed_is_found_first(ocean_page: Page, typed: str, first: tuple[str, list[str]]) -> None:
    status, answer = ocean_page.get("search", q=typed)
    assert status == 200
    assert (answer["found"][0]["label"], answer["found"][0]["key"]) == first


@pytest.mark.parametrize(
    "typed", ["((", '"', "a AND", "~ * ?", "\\", "name:x OR", "' OR 1=1 //", "[* TO *]", "^5", "é😀"]
)
def test_whatever_is_typed_is_no_syntax(ocean_page: Page, typed: str) -> None:
    status, answer = ocean_page.get("search", q=typed)
    assert (status, answer["q"]) == (200, typed)


def test_search_without_a_full_text_index_looks_into_names_and_keys(ocean_page: Page) -> None:
    _, indexed = ocean_page.get("search", q="dong-ha")
    ocean_page.write("DROP INDEX search")
    try:
        _, plain = ocean_page.get("search", q="dong-ha")
    finally:
        schema = (Path(__file__).parents[2] / "graph/oceangraph/schema.cypher").read_text(encoding="utf-8")
        statement = next(s for s in schema.split(";") if "FULLTEXT" in s)
        ocean_page.write(statement[statement.index("CREATE") :])
        ocean_page.write("CALL db.awaitIndexes(60)")
    assert [f["key"] for f in plain["found"]] == [["Dong-Ha Min"]]
    assert ["Dong-Ha Min"] in [f["key"] for f in indexed["found"]]


def test_about_counts_what_the_graph_holds(ocean_page: Page) -> None:
    _, about = ocean_page.get("about")
    assert (about["labels"]["Bottle"], about["labels"]["Station"], about["labels"]["Profile"]) == (
        5343,
        159,
        2702,
    )
    assert about["types"]["SAMPLED_BY"] == 5343
    assert about["nodes"] > sum(about["labels"][label] for label in ("Bottle", "Station", "Profile"))


def test_the_records_of_a_label_come_in_pages(ocean_page: Page) -> None:
    _, first = ocean_page.get("records", label="Station", limit=100)
    _, second = ocean_page.get("records", label="Station", limit=100, offset=first["next"])
    keys = [r["key"][0] for r in first["items"] + second["items"]]
    assert (len(keys), len(set(keys)), second["next"]) == (159, 159, None)


def test_the_section_holds_every_bottle_and_the_two_bad_values_of_station_88(ocean_page: Page) -> None:
    status, section = ocean_page.get("panels/section/section", cruise=CRUISE)
    assert status == 200
    assert len(section["stations"]) == 159
    assert sum(len(s["ids"]) for s in section["stations"]) == 5343
    assert section["parameter"]["units"] == "pmol/kg"
    (station,) = (s for s in section["stations"] if s["station"] == "88")
    rows = zip(station["samples"], station["pressure"], station["values"], station["flags"], strict=True)
    assert [r for r in rows if r[3] == 4] == [("15", 1478.2, -6.383, 4), ("2", 5384.8, 8.172, 4)]
    assert section["flags"]["WOCE-bottle"]["4"]["name"] == "Bad measurement"


def test_every_parameter_of_the_cruise_makes_a_section(ocean_page: Page) -> None:
    _, about = ocean_page.get("panels/section/parameters", cruise=CRUISE)
    variables = [p["variable"] for p in about["parameters"]]
    assert {"cfc_12", "cfc_11", "oxygen", "ctd_temperature", "bottle_salinity"} <= set(variables)
    for variable in variables:
        status, section = ocean_page.get("panels/section/section", cruise=CRUISE, parameter=variable)
        assert status == 200
        assert any(v is not None for s in section["stations"] for v in s["values"]), variable


@pytest.mark.parametrize("given", [{"cruise": "none"}, {"cruise": CRUISE, "parameter": "name"}])
def test_an_unknown_cruise_or_parameter_is_404(ocean_page: Page, given: dict[str, str]) -> None:
    assert ocean_page.get("panels/section/section", **given)[0] == 404


def test_a_bottle_says_its_values_its_source_line_and_who_had_its_flag_changed(ocean_page: Page) -> None:
    _, bottle = ocean_page.get("panels/section/bottle", id=BOTTLE)
    assert (bottle["values"]["cfc_12"], bottle["values"]["cfc_12_qc"]) == (8.172, 4)
    (revision,) = bottle["revisions"]
    assert (revision["property"], revision["before"], revision["after"]) == ("cfc_12_qc", 2, 4)
    assert (revision["date"], revision["advised"]) == ("2014-07-24", ["Dong-Ha Min"])
    assert bottle["source"]["line"] == 3180
    assert "Swift" in bottle["source"]["citation"]


def test_the_map_gets_every_profile_that_has_a_position(ocean_page: Page) -> None:
    _, places = ocean_page.get("panels/map/places")
    floats = places["floats"]
    assert all(len(f["ids"]) == len(f["latitude"]) == len(f["longitude"]) for f in floats)
    assert sum(len(f["ids"]) for f in floats) == 2695
    assert all(-90 <= y <= 90 for f in floats for y in f["latitude"])


def test_health_is_ok_and_a_foreign_host_is_refused(ocean_page: Page) -> None:
    with urlopen(f"{ocean_page.url}/health", timeout=10) as answer:
        assert json.load(answer) == {"status": "ok"}
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{ocean_page.url}/health", headers={"Host": "evil.example"}), timeout=10)
    assert refused.value.code == 421


def test_an_answer_never_lacks_what_was_written_before_it_was_asked(ocean_page: Page) -> None:
    """Two writers over Bolt, behind the page's back, while others read: all that Neo4j had confirmed is seen."""
    confirmed, stop = [0, 0], threading.Event()

    def write(which: int) -> None:
        with neo4j.GraphDatabase.driver(ocean_page.database.uri) as driver:
            while not stop.is_set():
                after = confirmed[which] + 1
                driver.execute_query(
                    "MATCH (p:Programme {id: 'kept'}) SET p[$name] = $after",
                    {"name": f"n{which}", "after": after},
                )
                confirmed[which] = after
                stop.wait(0.01 * random.random())

    ocean_page.write("CREATE (:Programme {id: 'kept', n0: 0, n1: 0})")
    writers = [threading.Thread(target=write, args=(which,)) for which in (0, 1)]
    for writer in writers:
        writer.start()
    try:
        seen = set()
        for _ in range(150):
            least = list(confirmed)
            _, answer = ocean_page.get("record", label="Programme", key="kept")
            now = {p["name"]: p["value"] for p in answer["record"]["properties"]}
            assert now["n0"] >= least[0]
            assert now["n1"] >= least[1]
            seen.add((now["n0"], now["n1"]))
        assert len(seen) > 10
    finally:
        stop.set()
        for writer in writers:
            writer.join()
        ocean_page.write("MATCH (p:Programme {id: 'kept'}) DELETE p")
    assert ocean_page.get("record", label="Programme", key="kept")[0] == 404


def test_what_is_asked_twice_is_asked_of_neo4j_once_and_has_a_tag(ocean_page: Page) -> None:
    address = f"{ocean_page.url}/api/v1/record?label=Bottle&key={BOTTLE}"
    with urlopen(address, timeout=30) as answer:
        first, tag = answer.read(), answer.headers["etag"]
    with urlopen(address, timeout=30) as answer:
        assert (answer.read(), answer.headers["etag"]) == (first, tag)
    with pytest.raises(HTTPError) as known:
        urlopen(Request(address, headers={"if-none-match": tag}), timeout=30)
    assert known.value.code == 304
    status, answer = ocean_page.post("edit", {"edits": [flagged(3)]})
    assert status == 200, answer
    try:
        with urlopen(Request(address, headers={"if-none-match": tag}), timeout=30) as answer:
            values = {p["name"]: p["value"] for p in json.load(answer)["record"]["properties"]}
        assert values["cfc_12_qc"] == 3
    finally:
        assert ocean_page.post("undo", {})[0] == 200
    _, answer = ocean_page.get("record", label="Bottle", key=BOTTLE)
    assert {"name": "cfc_12_qc", "type": "int", "value": 4} in answer["record"]["properties"]


def flagged(flag: int) -> dict[str, Any]:
    record = {"label": "Bottle", "key": [BOTTLE]}
    return {"do": "set", "record": record, "name": "cfc_12_qc", "value": {"type": "int", "value": flag}}


@pytest.mark.parametrize(
    ("label", "key"),
    [("Bottle", BOTTLE), ("Station", f"{CRUISE}/88"), ("Cruise", CRUISE), ("Float", "4901079")],
)
def test_a_record_brings_the_graph_that_is_drawn_around_it(ocean_page: Page, label: str, key: str) -> None:
    _, alone = ocean_page.get("graph", label=label, key=key, depth=1, limit=40)
    _, record = ocean_page.get("record", label=label, key=key, graph=40)
    assert record["graph"] == alone
    assert len(alone["nodes"]) <= 40
    assert len({json.dumps(e) for e in alone["edges"]}) == len(alone["edges"])
    kinds = {group["type"] for group in record["neighbours"]}
    assert kinds <= {edge["type"] for edge in alone["edges"]}


def test_reading_sessions_cannot_write(ocean_database: Server) -> None:
    async def attempt() -> None:
        graph = Graph(ocean_database.uri, "neo4j", None)
        try:
            await graph.query("CREATE (:Intruder)")
        finally:
            await graph.close()

    with pytest.raises(Exception, match=r"(?i)access mode|read"):
        asyncio.run(attempt())


def test_a_query_that_never_ends_is_stopped(ocean_database: Server) -> None:
    async def attempt() -> None:
        graph = Graph(ocean_database.uri, "neo4j", None, seconds=1)
        try:
            await graph.query(
                "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b) AS s"
            )
        finally:
            await graph.close()

    with pytest.raises(TooLong):
        asyncio.run(attempt())


def test_a_page_without_its_password_is_starting_and_then_says_that_nothing_answers(tmp_path: Path) -> None:
    now = [0.0]

    async def statuses() -> list[str]:
        graph = Graph("bolt://127.0.0.1:1", "neo4j", tmp_path / "absent", clock=lambda: now[0])
        found = [await graph.status()]
        now[0] = 61
        found.append(await graph.status())
        with pytest.raises(DatabaseAway, match="no password"):
            await graph.query("RETURN 1")
        return found

    assert asyncio.run(statuses()) == ["starting", "database unreachable"]


def test_the_page_goes_on_when_the_database_has_been_away(page_install: Install, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = start_server(page_install, home)
    port = first.uri.rpartition(":")[2]
    chosen = dataclasses.replace(settings(tmp_path, first, None), host="127.0.0.1", port=free_port())
    served = serve(chosen, first)
    page = next(served)
    try:
        assert page.get("about")[0] == 200
        first.stop()
        status, answer = page.get("record", label="Station", key="x")
        assert (status, answer["error"]["kind"]) == (503, "database")
        with pytest.raises(HTTPError) as away:
            urlopen(f"{page.url}/health", timeout=30)
        assert json.load(away.value) == {"status": "database unreachable"}
        again = start_server(page_install, home, config={"server.bolt.listen_address": f"127.0.0.1:{port}"})
        with again:
            assert page.get("record", label="Station", key="x")[0] == 404
    finally:
        served.close()
        if first.alive():
            first.stop()


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [s for v in value.values() for s in _strings(v)]
    if isinstance(value, list):
        return [s for v in value for s in _strings(v)]
    return [value] if isinstance(value, str) else []
