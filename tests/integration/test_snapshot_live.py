"""A running database is read as of one moment, or refused."""

# ruff: noqa: F811 (the fixture of the other file is used by its name)

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.test_seeding_stage import install  # noqa: F401

from kgshare.canonical import CanonicalDigest
from kgshare.canonical.graph import read_graph
from kgshare.doors.moment import of_one_moment
from kgshare.doors.wire import Wire
from kgshare.errors import StackError
from kgshare.seeding.bolt import Database, connect
from kgshare.seeding.server import Install, Server, start_server

pytestmark = pytest.mark.neo4j


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
    with Wire(int(server.uri.rpartition(":")[2]), "") as source:

        def read() -> CanonicalDigest:
            found = read_graph(source, tmp_path / "text", {"A": ("k",)}, {})
            if not said:
                db.run("MATCH (a:A {k: 1}) SET a.v = 1")
            return found

        digest = of_one_moment(source, read, say=said.append, where="", hint="")
        assert said == ["something was written to the database meanwhile: once more"]
        assert digest == read_graph(db.wire, tmp_path / "now", {"A": ("k",)}, {})

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


def keep_writing(uri: str, begun: threading.Event, stop: threading.Event) -> None:
    with connect(uri) as db:
        while not stop.is_set():
            db.run("MATCH (a:A {k: 2}) SET a.v = a.v + 1")
            begun.set()
