"""How long until a test has the seeded graph: by the fixture's reset, and by starting a stack and loading by Cypher anew.

Not collected by default (the name); everything is measured in one run, so that the ratio means something:

    python -m pytest tests/bench/bench_testing_reset.py -s                     the ocean graph
    python -m pytest tests/bench/bench_testing_reset.py -s --kgshare-bundle F  any other bundle

The other way starts the same bundle's stack, which is quicker than a stock container, empties it untimed, and loads the
nodes and relationships over Bolt in batches, without reading any file.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from kgshare.canonical.schema import quoted
from kgshare.testing import KgshareContainer

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]
ROUNDS = 7
FEW = "MATCH (n) WITH n LIMIT 5 SET n.bench = 'changed' CREATE (n)-[:BENCH]->(:Bench {of: elementId(n)})"


@pytest.fixture(scope="session")
def kgshare_bundle(pytestconfig: pytest.Config) -> Path:
    """The ocean project, unless another is named."""
    return Path(pytestconfig.getoption("--kgshare-bundle") or Path(__file__).parents[2])


def timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def resets(stack: KgshareContainer, query: str) -> float:
    """Median seconds of a reset after a query."""
    seconds = []
    for _ in range(ROUNDS):
        stack.get_driver().execute_query(query, database_="neo4j")  # type: ignore[arg-type]
        seconds.append(timed(stack.reset))
    return statistics.median(seconds)


def read(driver: Driver) -> tuple[dict[tuple[str, ...], list[Any]], dict[str, list[Any]]]:
    nodes, links = defaultdict(list), defaultdict(list)
    for row in driver.execute_query(
        "MATCH (n) RETURN id(n) AS i, labels(n) AS l, properties(n) AS p"
    ).records:
        nodes[tuple(row["l"])].append({"i": row["i"], "p": row["p"]})
    query = "MATCH (a)-[r]->(b) RETURN type(r) AS t, id(a) AS a, id(b) AS b, properties(r) AS p"
    for row in driver.execute_query(query).records:
        links[row["t"]].append({"a": row["a"], "b": row["b"], "p": row["p"]})
    return dict(nodes), dict(links)


def empty(driver: Driver) -> None:
    """In parts: the ocean graph in one transaction is more than the database's memory holds."""
    with driver.session() as session:
        session.run("MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 2000 ROWS").consume()


def load(driver: Driver, graph: tuple[dict[tuple[str, ...], list[Any]], dict[str, list[Any]]]) -> None:
    """What a fixture without kgshare does, done well: batches of thousands, ends found by an index."""
    nodes, links = graph
    driver.execute_query("CREATE INDEX bench FOR (n:Bench) ON (n.bench)")
    driver.execute_query("CALL db.awaitIndexes(60)")
    for labels, rows in nodes.items():
        marked = "".join(f":{quoted(label)}" for label in (*labels, "Bench"))
        for at in range(0, len(rows), 5000):
            driver.execute_query(
                f"UNWIND $rows AS row CREATE (n{marked}) SET n = row.p, n.bench = row.i",  # type: ignore[arg-type]
                rows=rows[at : at + 5000],
            )
    for type_, rows in links.items():
        for at in range(0, len(rows), 5000):
            driver.execute_query(
                "UNWIND $rows AS row MATCH (a:Bench {bench: row.a}), (b:Bench {bench: row.b}) "  # type: ignore[arg-type]
                f"CREATE (a)-[r:{quoted(type_)}]->(b) SET r = row.p",
                rows=rows[at : at + 5000],
            )


def test_a_reset_against_starting_and_loading_anew(kgshare_bundle: Path) -> None:
    fresh = KgshareContainer(kgshare_bundle)
    with KgshareContainer(kgshare_bundle) as stack:
        unchanged, few = resets(stack, "RETURN 1"), resets(stack, FEW)
        tenth = resets(stack, "MATCH (n) WHERE rand() < 0.1 SET n.bench = 1")
        empty(stack.get_driver())
        everything = timed(stack.reset)
        graph = read(stack.get_driver())
    try:
        start = timed(fresh.start)
        driver = fresh.get_driver()
        for row in driver.execute_query("SHOW CONSTRAINTS YIELD name").records:
            driver.execute_query(f"DROP CONSTRAINT {quoted(row['name'])}")  # type: ignore[arg-type]
        empty(driver)
        loading = timed(lambda: load(driver, graph))
    finally:
        fresh.stop()
    records = sum(map(len, graph[0].values())) + sum(map(len, graph[1].values()))
    anew = start + loading
    print(f"\n{records:,} records")
    for what, seconds in (
        ("nothing changed", unchanged), ("5 nodes changed, 5 made", few), ("a tenth of the nodes changed", tenth),
        ("everything deleted", everything),
    ):  # fmt: skip
        print(f"  reset, {what:<30} {seconds:7.3f} s   {anew / seconds:6.0f} times as quick")
    print(f"  start {start:.1f} s + load by Cypher {loading:.1f} s = {anew:.1f} s")
    assert few < anew / 5
