"""A running database is read as of one moment, or refused."""

# ruff: noqa: F811 (the fixture of the other file is used by its name)

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.test_seeding_stage import install  # noqa: F401
from tests.unit.change_examples import VALUES

from kgshare.canonical import (
    CanonicalDigest,
    Node,
    NodeId,
    Relationship,
    RelationshipId,
    Temporal,
    digest,
    write_text,
)
from kgshare.canonical.graph import read_graph
from kgshare.changes import diff_texts
from kgshare.doors.moment import of_one_moment
from kgshare.doors.wire import Wire
from kgshare.errors import SeedError, StackError
from kgshare.seeding.bolt import Database, connect
from kgshare.seeding.server import Install, Server, start_server
from kgshare.snapshot.restore import write
from kgshare.stack.reach import Reach

pytestmark = pytest.mark.neo4j
KEYS = {"A": ("k",)}


@pytest.fixture(scope="module")
def server(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(install, tmp_path_factory.mktemp("server") / "home") as server:
        yield server


@pytest.fixture
def db(server: Server) -> Iterator[Database]:
    with connect(server.uri) as db:
        db.run("MATCH (n) DETACH DELETE n")
        db.run("UNWIND range(1, 50) AS i CREATE (:A {k: i, v: 0})")
        yield db


def test_what_is_written_meanwhile_is_read_once_more_and_a_writer_that_goes_on_is_refused(
    server: Server, db: Database, tmp_path: Path
) -> None:
    said: list[str] = []
    with Wire(port(server), "") as source:

        def read() -> CanonicalDigest:
            found = read_graph(source, tmp_path / "text", KEYS, {})
            if not said:
                db.run("MATCH (a:A {k: 1}) SET a.v = 1")
            return found

        digest = of_one_moment(source, read, say=said.append, where="", hint="")
        assert said == ["something was written to the database meanwhile: once more"]
        assert digest == read_graph(db.wire, tmp_path / "now", KEYS, {})

        begun, stop = threading.Event(), threading.Event()
        writer = threading.Thread(target=keep_writing, args=(server.uri, begun, stop))
        writer.start()
        assert begun.wait(60)
        try:
            with pytest.raises(StackError, match=r"during each of 3 attempts.*\n.*stop the importer"):
                of_one_moment(source, read, say=said.append, where="", hint="stop the importer")
        finally:
            stop.set()
            writer.join()


def test_what_is_restored_is_equal_for_values_of_every_type_schema_and_all(
    server: Server, db: Database, tmp_path: Path
) -> None:
    node = NodeId("A", (("k", "it's"),))
    more = {
        "zoned": Temporal("datetime", "+12345-01-01T00:00:00.000000001Z[Europe/Berlin]"),
        "huge": "x" * 1_000_000,
    }
    values = {f"p{n}": value for n, value in enumerate(VALUES)} | more
    records = [Node(node, ("L", "odd label"), values), Node(NodeId("A", (("k", 2),)))]
    link = RelationshipId("T", node, NodeId("A", (("k", 2),)), (("n", 1),))
    schema = ["CREATE CONSTRAINT `a ``k` FOR (n:`A`) REQUIRE (n.`k`) IS UNIQUE;"]
    schema += ["CREATE RANGE INDEX `b` FOR (n:`A`) ON (n.`p1`);"]
    db.run("CREATE INDEX old FOR (n:A) ON (n.v)")
    wanted = write_text([*records, Relationship(link, values)], tmp_path / "wanted", schema)
    stack = Reach(stack="x", project="", bundle="", store="", port=port(server), password="")
    with Wire(port(server), "") as wire:
        read_graph(wire, tmp_path / "before", KEYS, {"T": ("n",)})
        write(stack, diff_texts(tmp_path / "before", tmp_path / "wanted"))
        assert read_graph(wire, tmp_path / "after", KEYS, {"T": ("n",)}) == wanted
        db.run("CREATE CONSTRAINT only FOR (n:A) REQUIRE n.only IS UNIQUE")
        read_graph(wire, tmp_path / "now", KEYS, {"T": ("n",)})
        twice = [Node(NodeId("A", (("k", k),)), (), {"only": 1}) for k in (8, 9)]
        statements = (tmp_path / "now" / "schema.txt").read_text().splitlines()
        write_text(twice, tmp_path / "twice", [s for s in statements if "`b`" not in s])
        with pytest.raises(SeedError, match=r"x: Neo4j refuses a change: .*already exists"):
            write(stack, diff_texts(tmp_path / "now", tmp_path / "twice"))
        assert read_graph(wire, tmp_path / "still", KEYS, {"T": ("n",)}) == digest(tmp_path / "now")


def port(server: Server) -> int:
    return int(server.uri.rpartition(":")[2])


def keep_writing(uri: str, begun: threading.Event, stop: threading.Event) -> None:
    with connect(uri) as db:
        while not stop.is_set():
            db.run("MATCH (a:A {k: 2}) SET a.v = a.v + 1")
            begun.set()
